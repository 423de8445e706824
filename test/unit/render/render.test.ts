import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { plan, planOf } from "../../../src/plan/plan.ts";
import { render, type Tree } from "../../../src/render/render.ts";
import type { Given } from "../../../src/answers/resolve.ts";
import { SECRET } from "../../../src/render/secrets.ts";
import {
  GENERATED_FILES,
  generatedFile,
} from "../../../src/render/generated-files.ts";
import {
  COMPILE_OPTIONS,
  loadTemplates,
  templateTexts,
  verbatimSums,
} from "../../../src/render/templates.ts";
import { answersFrom, overlapFrom } from "../../support/base.ts";
import { planValues } from "../../support/parsers.ts";
import { textOf } from "../../support/trees.ts";

const tree = (given: Given = {}): Tree => render(plan(answersFrom(given)));

test("generates each template once, in the order of the paths", () => {
  const paths = [...tree({ database: "off" }).keys()];
  expect(paths).toEqual([...new Set(paths)]);
  for (const path of tree().keys()) {
    expect(path).not.toMatch(/^\/|^\.\.|\.hbs$|_partials|[[\]]/);
  }
});

test("every template and verbatim file has a row, and every row its file", () => {
  const rows = (source: string): string[] =>
    GENERATED_FILES.filter((row) => row.source === source).map(
      ({ path }) => path,
    );
  const templates = [...templateTexts().keys()].filter(
    (path) => !path.startsWith("_partials/"),
  );
  expect(rows("template")).toEqual(templates.sort());
  expect(rows("verbatim")).toEqual([...verbatimSums().keys()].sort());
});

test("every row is generated for some plan", () => {
  const trees = [{}, { database: "off" }, { ndp: "kernel" }].map(tree);
  const during = render(
    planOf(overlapFrom({}, { prefix: "2001:db8:9:9::/64" })),
  );
  const all = new Set([...trees, during].flatMap((one) => [...one.keys()]));
  expect([...all].sort()).toEqual(
    GENERATED_FILES.map(({ path }) =>
      path.replace("[interface]", "ens3"),
    ).sort(),
  );
});

test("a row is found by its path, whatever the uplink", () => {
  const row = GENERATED_FILES.find(({ path }) => path.includes("[interface]"));
  for (const uplink of ["ens3", "eth0.100"]) {
    const path = row?.path.replace("[interface]", uplink) as string;
    expect(generatedFile(path)).toBe(row);
  }
  expect(generatedFile("docker-compose.yml")?.format).toBe("yaml");
  expect(generatedFile("docker-compose.yml.new")).toBeUndefined();
  expect(generatedFile("scripts/kong_ipv6")).toBeUndefined();
});

test("the sha256 of a verbatim file matches its text", () => {
  const files = [...tree().values()].filter((file) => file.sha256);
  expect(files.length).toBeGreaterThan(10);
  for (const { text, sha256 } of files)
    expect(sha256).toBe(createHash("sha256").update(text).digest("hex"));
});

test("a path contains the uplink's name, with its dots", () => {
  expect(
    tree({ ndp: "kernel", interface: "eth0.100" }).has(
      "host/etc/systemd/network/10-netplan-eth0.100.network.d/60-kong-ndp.conf",
    ),
  ).toBe(true);
});

test("modes: scripts are executable, secrets and netplan private", () => {
  for (const [path, { mode }] of tree()) {
    const expected = path.endsWith(".sh")
      ? 0o755
      : path === ".env" || path.startsWith("host/etc/netplan/")
        ? 0o600
        : 0o644;
    expect([path, mode]).toEqual([path, expected]);
  }
});

test("only .env has a place for a secret, and only with a database", () => {
  const holders = (given: Given): string[] =>
    [...tree(given)]
      .filter(([, { text }]) => text.includes(`=${SECRET}\n`))
      .map(([path]) => path);
  expect(holders({})).toEqual([".env"]);
  expect(holders({ database: "off" })).toEqual([]);
  expect(textOf(tree(), ".env.example")).not.toContain(SECRET);
});

test("templates escape nothing, and fail for a missing value", () => {
  expect(COMPILE_OPTIONS).toMatchObject({ noEscape: true, strict: true });
  const daemon = loadTemplates().get("host/etc/docker/daemon.json");
  expect(() => daemon?.({})).toThrow(/not defined/);
  expect(daemon?.({ internalPrefix: "<\"'&=`>" })).toContain("<\"'&=`>");
});

test("the README's step for an overlap names what only the owner can do about the new prefix", () => {
  const step = (delivery: string, ndp: string): string | undefined =>
    /^2\. (.*)Run `.* --overlap`/m.exec(
      textOf(tree({ delivery, ndp }), "README.md"),
    )?.[1];
  const route = "Let the provider route the new prefix to the server. ";
  const other =
    "Let the program that answers Neighbor Solicitations for Kong answer for the new address too. ";
  expect(step("on-link", "ndppd")).toBe("");
  expect(step("on-link", "kernel")).toBe("");
  expect(step("on-link", "none")).toBe(other);
  for (const ndp of ["ndppd", "kernel", "none"])
    expect(step("routed", ndp)).toBe(route);
});

test("during an overlap the README has both addresses, and the steps that end it", () => {
  const during = overlapFrom({}, { prefix: "2001:db8:9:9::/64" });
  const text = textOf(render(planOf(during)), "README.md");
  for (const row of [
    "| **Kong** | `2001:db8:9:9:300::8100` |",
    "| old address of Kong, until the overlap ends | `2001:db8:1:2:300::8100` |",
    "| old address of the server, until the overlap ends | `2001:db8:1:2::2/64` |",
    '"old address of Kong<br/>2001:db8:1:2:300::8100"] --> bridge',
  ])
    expect(text).toContain(row);
  expect(text).toMatch(
    /^4\. Run `\S.* regenerate --finish`, and deploy again/m,
  );
  const after = textOf(render(plan(during.answers)), "README.md");
  expect(after).not.toContain("2001:db8:1:2:");
});

test('without a firewall the README limits "nothing else can be reached" to Docker 27 and newer', () => {
  const said = (firewall: string): string | undefined =>
    /^From outside: .*$/m.exec(textOf(tree({ firewall }), "README.md"))?.[0];
  for (const firewall of ["ufw", "nftables"])
    expect(said(firewall)).toContain(
      ". Nothing else can be reached: not the admin API",
    );
  expect(said("none")).toContain(
    ". On Docker 27 and newer, nothing else can be reached: not the admin API",
  );
});

test("every value of plan.json is read by the server program", () => {
  const files = tree();
  const read = textOf(files, "scripts/kong_ipv6/plan.py");
  for (const path of Object.keys(
    planValues(textOf(files, "scripts/plan.json")),
  ))
    for (const key of path.split(".")) expect(read).toContain(`["${key}"]`);
});
