import { expect, test } from "vitest";
import { styleFor } from "../../../src/base/colors.ts";
import { PUBLISHED } from "../../../src/base/program.ts";
import type { Inspection } from "../../../src/reconcile/check.ts";
import { checkText } from "../../../src/report/check-text.ts";
import { undoText } from "../../../src/report/undo-text.ts";

const FOUND: Inspection = {
  files: [
    { path: "kong.yml", status: "invalid", reason: "line 3: \u001b[31m" },
    { path: "README.md", status: "generated" },
    {
      path: "docker-compose.yml",
      status: "drift",
      reason: `it contradicts the answers: ${"service kong is missing; ".repeat(5)}`,
    },
  ],
  stale: [],
  notes: [
    "git would commit your .env, with the database's password: add a line .env to .gitignore.",
  ],
};

const lengths = (text: string): number[] =>
  text.split("\n").map(({ length }) => length);

test("check's sentences are wrapped at a terminal, and whole in a pipe", () => {
  const options = { shown: "gw", recovered: "completed" } as const;
  const whole = checkText(FOUND, options, styleFor(false, false));
  expect(whole).toBe(
    [
      "An earlier run was interrupted while writing here. It had written everything; regenerate cleans up.",
      `  ! kong.yml  invalid: line 3: \\u001b[31m\n  ! docker-compose.yml  drift: it contradicts the answers: ${"service kong is missing; ".repeat(5)}`,
      `Where a file contradicts the answers: edit it, change the answers, or take the generated text there:\n  ${PUBLISHED} regenerate gw --conflict theirs`,
      ...FOUND.notes,
      "gw: 1 invalid, 1 generated, 1 drift.",
    ].join("\n\n"),
  );
  const wrapped = checkText(FOUND, options, styleFor(true, false));
  expect(Math.max(...lengths(wrapped))).toBeLessThanOrEqual(80);
  expect(wrapped.replace(/(?<!\n)\n(?: {4}|(?![\n ]))/g, " ")).toBe(whole);
});

test("check names the command that ends a conflict and records edits, with the directory", () => {
  const files = [
    { path: "kong.yml", status: "conflict" },
    { path: "README.md", status: "changed" },
  ] as const;
  const lines = checkText(
    { files, stale: [], notes: [] },
    { shown: "-my gw", recovered: undefined },
    styleFor(true, false),
  ).split("\n");
  const command = `  ${PUBLISHED} regenerate './-my gw'`;
  expect(lines).toContain(command);
  expect(lines).toContain(`${command} --conflict keep`);
});

test("undo's sentences are wrapped at a terminal, and whole in a pipe", () => {
  const undone = { restored: [], edited: ["kong.yml"] };
  const options = {
    shown: ".",
    dryRun: false,
    recovered: "completed",
  } as const;
  const whole = undoText(undone, options, styleFor(false, false)).split("\n");
  expect(whole).toHaveLength(3);
  const wrapped = undoText(undone, options, styleFor(true, false));
  expect(Math.max(...lengths(wrapped))).toBeLessThanOrEqual(80);
  expect(wrapped.split("\n").slice(2).join(" ")).toBe(whole[2]);
});

test("undo of a create says that it removed the files", () => {
  const options = { shown: "gw", dryRun: false, recovered: undefined };
  const text = (to: "gone" | "before"): string =>
    undoText(
      { restored: [{ path: "kong.yml", to }], edited: [] },
      options,
      styleFor(false, false),
    );
  expect(text("gone")).toContain("Removed 1 file in gw.");
  expect(text("before")).toContain("Restored 1 file in gw.");
});

test("check says so if only old addresses are the reason for its exit code", () => {
  const stale = [{ path: "a.txt", line: 1, text: "fd00::1", value: "fd00::1" }];
  const reason = "check exits with 4 only because of these addresses.";
  const text = (files: Inspection["files"], recovered?: "completed"): string =>
    checkText(
      { files, stale, notes: [] },
      { shown: "gw", recovered },
      styleFor(false, false),
    );
  const generated = { path: "README.md", status: "generated" } as const;
  expect(text([generated])).toContain(`  a.txt:1  fd00::1\n\n${reason}`);
  expect(text([generated], "completed")).not.toContain(reason);
  expect(text([{ ...generated, status: "changed" }])).not.toContain(reason);
});
