import { describe, expect, test } from "vitest";
import type { Action, Change } from "../../../src/reconcile/change.ts";
import { plan } from "../../../src/plan/plan.ts";
import { planRows, rowsText } from "../../../src/plan/summary.ts";
import {
  changesInShort,
  changesText,
  countsText,
  summary,
} from "../../../src/report/changes-text.ts";
import type { Given } from "../../../src/answers/resolve.ts";
import { styleFor } from "../../../src/base/colors.ts";
import { answersFrom } from "../../support/base.ts";

const plain = styleFor(false, true);

const change = (action: Action, path = "path"): Change => ({
  path,
  action,
  before: action === "create" ? null : { text: "a\nmine\n", mode: 0o644 },
  after: { text: "a\nnew\n", mode: 0o644 },
  ...(action === "conflict"
    ? { reason: "create-kong-ipv6 did not write it" }
    : {}),
});

describe("changesText", () => {
  test("has a line for each change that is one, and a summary", () => {
    const text = changesText(
      [
        change("create", "a"),
        change("create", "b"),
        change("update", "c"),
        change("conflict", "d"),
        change("keep", "e"),
        change("same", "f"),
      ],
      plain,
    );
    expect(text.split("\n")).toEqual([
      "  + a",
      "  + b",
      "  ~ c",
      "  ! d  (create-kong-ipv6 did not write it)",
      "  = e",
      "Plan: 2 to create, 1 to update, 1 in conflict, 1 kept as yours, 1 unchanged.",
    ]);
  });

  test("counts in the same order whatever comes first, in lines of 80 columns", () => {
    const all =
      "same gone orphan keep conflict delete markers merge update create";
    const lines = countsText(
      all.split(" ").map((action) => change(action as Action)),
    ).split("\n");
    expect(lines.join(" ").replaceAll(/ +/g, " ")).toBe(
      "Plan: 1 to create, 1 to update, 1 to merge with your edits, 1 to write with conflict markers, 1 to delete, 1 in conflict, 1 kept as yours, 1 kept though no longer generated, 1 deleted by you, 1 unchanged.",
    );
    expect(lines.length).toBeGreaterThan(1);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(80);
  });

  test("of nothing says so", () => {
    expect(countsText([])).toBe("Plan: nothing.");
    expect(summary([])).toEqual({});
  });
});

test("31 files, each with its whole path, had pushed the question off the screen", () => {
  const created = (...paths: string[]): string =>
    changesInShort(
      paths.map((path) => change("create", path)),
      plain,
    );
  expect(
    created("a", "b/c", "host/etc/x/1", "host/etc/2", "s/lib/3", "s/4"),
  ).toBe(
    [
      "  + a b/c",
      "  + host/etc/: x/1 2",
      "  + s/: lib/3 4",
      "Plan: 6 to create.",
    ].join("\n"),
  );
  expect(created("s/lib/1", "s/lib/2", "s/library/3")).toContain(
    "+ s/: lib/1 lib/2 library/3",
  );
});

describe("the plan's rows", () => {
  const text = (given: Given = {}): string =>
    rowsText(planRows(plan(answersFrom(given))), 80);

  test("shows the plan in aligned lines", () => {
    const lines = text({ ipv4: "192.0.2.10" }).split("\n");
    const columns = lines.map(
      (line) => /^ {2}\S.*? {2,}(?=\S)/.exec(line)?.[0].length,
    );
    expect(new Set(columns).size).toBe(1);
    for (const shown of [
      "2001:db8:1:2:300::8100",
      "2001:db8:1:2:300::/80",
      "2001:db8:1:2::2/64",
      "fe80::1",
      "192.0.2.10",
      "ens3",
      "ipv6_exposed",
    ])
      expect(lines.join("\n")).toContain(shown);
  });

  test.each([
    [{}, "on-link, NDP proxy ndppd"],
    [{ ndp: "kernel" }, "on-link, kernel NDP proxy"],
    [{ delivery: "routed" }, "routed, no NDP proxy"],
    [{ ipv4: "none" }, "none"],
    [{ ipv4: "any" }, "every IPv4 of the server"],
  ])("of %j says %s", (given, words) => {
    expect(text(given)).toContain(words);
  });
});
