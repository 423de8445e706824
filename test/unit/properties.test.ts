import { hash } from "node:crypto";
import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import type { Answers } from "../../src/answers/types.ts";
import { plan } from "../../src/plan/plan.ts";
import { render, type Tree } from "../../src/render/render.ts";
import { resolve } from "../../src/answers/resolve.ts";
import { fillSecrets, SECRET } from "../../src/render/secrets.ts";
import { STATE_FILE, type State } from "../../src/repository/state.ts";
import { expectAgreement } from "../support/expect-agreement.ts";
import { cases, prefixes } from "../support/arbitrary.ts";
import { cidr6, sizeOf, spell6, within, type Cidr } from "../support/ipv6.ts";
import { yaml } from "../support/parsers.ts";
import { readBack } from "../support/readback.ts";
import { announceSeed, longRuns, runs } from "../support/seed.ts";
import { generated, textOf } from "../support/trees.ts";

beforeAll(announceSeed);

test("random repositories agree with their answers, file by file", () => {
  const holds = fc.property(cases, ({ given, answers }) => {
    // Every spelling comes to the one normal form, and that to itself.
    const resolved = resolve(given).answers;
    expect(resolved).toEqual(answers);
    expect(resolve({ ...answers }).answers).toEqual(answers);

    const { tree } = generated(resolved);
    expectAgreement(tree, answers);
    expectText(tree, answers);
    expectState(tree, answers);

    // Read back from the files they give the same repository again.
    const back = readBack(tree);
    const bare =
      answers.ipv4Gateway === "none"
        ? answers.ipv4.replace(/\/.*/, "")
        : answers.ipv4;
    expect(back).toEqual({ ...answers, ipv4: bare });
    if (bare === answers.ipv4) {
      // Of the state, which holds these and the answers, nothing else can differ.
      for (const [path, file] of render(plan(resolve({ ...back }).answers)))
        if (textOf(tree, path) !== file.text)
          throw new Error(`${path} is another from what was read back`);
    }
  });
  fc.assert(holds, longRuns(1000));
}, 300_000);

test("the same answers give the same bytes, whatever their order and spelling", () => {
  const holds = fc.property(cases, fc.nat(), ({ given, answers }, turn) => {
    const entries = Object.entries(given);
    const turned = entries.map(
      (_, index) =>
        entries[(index + turn) % entries.length] as [string, unknown],
    );
    const one = generated(resolve({ ...answers }).answers).tree;
    const other = generated(resolve(Object.fromEntries(turned)).answers).tree;
    expect([...other]).toEqual([...one]);
  });
  fc.assert(holds, runs(100));
});

test("a prefix alone is enough, and its defaults are the recipe's", () => {
  const holds = fc.property(prefixes, ({ address, length }) => {
    const prefix = `${spell6(address)}/${length}`;
    const { answers } = resolve({ prefix });
    expect(answers.host).toBe(spell6(address + 2n));
    const exposed = address + 0x300n * sizeOf(80);
    expect(answers.exposed).toBe(`${spell6(exposed)}/80`);
    expect(answers.kong).toBe(spell6(exposed + 0x8100n));
    expect(within({ address, length }, exposed + 0x8100n)).toBe(true);
  });
  fc.assert(holds, runs(500));
});

test("an exposed subnet of any length has a default for Kong that is allowed", () => {
  const holds = fc.property(
    prefixes,
    fc.integer({ min: 65, max: 126 }),
    ({ address, length }, exposedLength) => {
      const start = address + sizeOf(65);
      const exposed = { address: start, length: exposedLength };
      const { answers } = resolve({
        prefix: `${spell6(address)}/${length}`,
        exposed: `${spell6(start)}/${exposedLength}`,
      });
      const kong = (cidr6(`${answers.kong}/128`) as Cidr).address;
      expect(within(exposed, kong)).toBe(true);
    },
  );
  fc.assert(holds, runs(300));
});

/** Rules for the text of every file, whatever its format. */
function expectText(tree: Tree, answers: Answers): void {
  const values = Object.values(answers)
    .flat()
    .flatMap((value: string) => [
      value,
      value.replace(/^(?:\.\/|kong-plugin-)/, ""),
    ]);
  for (const [path, { text, mode }] of tree) {
    const secret = path.endsWith(".sh")
      ? 0o755
      : path === ".env" || path.startsWith("host/etc/netplan/")
        ? 0o600
        : 0o644;
    if (mode !== secret)
      throw new Error(`${path} has mode ${mode.toString(8)}`);
    const flaw = flawOf(path, text, values);
    if (flaw !== undefined) throw new Error(`${path}: ${flaw}`);
    if (/\.ya?ml$/.test(path)) expectNoEmpty(yaml(text), path);
    else if (path.endsWith(".json")) expectNoEmpty(JSON.parse(text), path);
  }
}

const sound = new Set<string>();

function flawOf(
  path: string,
  text: string,
  values: readonly string[],
): string | undefined {
  if (sound.has(text)) return undefined;
  if (!text.endsWith("\n") || text.endsWith("\n\n") || text === "\n")
    return "it doesn't end in one newline";
  if ([" \n", "\t\n", "\r"].some((end) => text.includes(end)))
    return "white space ends a line";
  // It holds the texts of the other files: they are looked at themselves.
  if (path === STATE_FILE) return undefined;
  if (/&(?:#x?[0-9A-Fa-f]+|quot|amp|lt|gt|apos);/.test(text))
    return "an HTML escape";
  const go =
    /^\{\{(?:[.$]|(?:if|else|end|range|with|or|and|index|json|len|eq|println|join)\b)/;
  for (const [expression] of text.matchAll(/\{\{.*?(?:\}\}|$)/gm)) {
    if (!path.startsWith("scripts/") || !go.test(expression))
      return `a template expression: ${expression}`;
  }
  // An answer may be any of these words: what is left without the answers may not.
  const bare = values
    .toSorted((a, b) => b.length - a.length)
    .reduce((rest, value) => rest.replaceAll(value, "_"), text)
    .replaceAll("/dev/null", "")
    // No overlap is on.
    .replaceAll('"previous": null', "");
  const word = /\bundefined\b|\bnull\b|\[object|\bNaN\b/.exec(bare);
  if (path !== ".env" && new RegExp(`=${SECRET}$`, "m").test(text))
    return "a place for a secret";
  if (word) return `it says ${word[0]}`;
  if (path.startsWith("scripts/") && !path.endsWith("plan.json"))
    sound.add(text);
  return undefined;
}

/** No null and no empty text anywhere; an empty list only where there may be none. */
function expectNoEmpty(value: unknown, path: string): void {
  // plan.json always has this key; the server program reads "" as "leave IPv4 alone".
  if (path === "scripts/plan.json.ipv4.netplan" && value === "") return;
  if (path === "scripts/plan.json.previous" && value === null) return;
  const key = path.split(".").at(-1) ?? "";
  const empty =
    value === null ||
    value === undefined ||
    value === "" ||
    (Array.isArray(value) &&
      value.length === 0 &&
      !["services", "plugin", "expose", "previousAnswers"].includes(key));
  if (empty) throw new Error(`${path} is empty`);
  if (typeof value !== "object") return;
  for (const [name, member] of Object.entries(value as object))
    expectNoEmpty(member, `${path}.${name.replaceAll(".", "/")}`);
}

/** The state has the answers and every file, and no secret; the secret is in .env alone. */
function expectState(tree: Tree, answers: Answers): void {
  const state = JSON.parse(textOf(tree, STATE_FILE)) as State;
  expect(state.answers).toEqual(answers);
  const recorded = Object.entries(state.files).map(([path, entry]) => [
    path,
    { ...entry, mode: parseInt(entry.mode, 8) },
  ]);
  const others = [...tree].filter(([path]) => path !== STATE_FILE);
  // The state repeats only the texts that answers shape.
  expect(recorded).toEqual(
    others.map(([path, { text, mode, sha256 }]) => [
      path,
      sha256 === undefined
        ? { sha256: hash("sha256", text), mode, text }
        : { sha256: hash("sha256", text), mode },
    ]),
  );

  const filled = others.filter(
    ([, { text }]) => text.includes(SECRET) && fillSecrets(text) !== text,
  );
  expect(filled.map(([path]) => path)).toEqual(
    answers.database === "off" ? [] : [".env"],
  );
}
