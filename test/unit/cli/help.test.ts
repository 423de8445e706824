import { describe, expect, test } from "vitest";
import { readArguments } from "../../../src/cli/parse-args.ts";
import { COMMANDS, FLAGS, flagsOf, spellings } from "../../../src/cli/flags.ts";
import { QUESTIONS } from "../../../src/answers/questions.ts";
import { documentText } from "../../support/documents.ts";
import { addressesIn } from "../../support/ipv6.ts";
import { helpText } from "../../../src/cli/help.ts";

const EVERY = [undefined, ...COMMANDS];

/** `--flag` wherever it stands in a text. */
const flagsIn = (text: string): string[] => [
  ...new Set(text.match(/(?<![\w-])--[a-z][a-z0-9-]*/g)),
];

test("its title scrolled off a screen of 24 lines: the call and the next prompt have theirs", () => {
  expect(helpText().split("\n").length).toBeLessThanOrEqual(22);
});

test.each(EVERY)("help of %s keeps to 80 columns and real flags", (command) => {
  const help = helpText(command);
  for (const line of help.split("\n"))
    expect(line.length, line).toBeLessThanOrEqual(80);
  expect(help).not.toMatch(/ $/m);
  for (const flag of flagsIn(help)) expect(FLAGS).toContain(flag);
});

describe("a command's own help", () => {
  test.each(COMMANDS)("%s: what it takes and nothing else", (command) => {
    const { answers, run } = flagsOf(command);
    const taken = [
      ...answers.map(({ flag }) => flag),
      ...run.flatMap(spellings),
    ].filter((flag) => flag !== "--color");
    expect(flagsIn(helpText(command)).sort()).toEqual(taken.sort());
  });

  test.each(COMMANDS)("%s: two examples that it can read", (command) => {
    const [, block = ""] = helpText(command).split("Examples\n");
    const examples = block.split("\n\n")[0]?.split("\n").filter(Boolean) ?? [];
    expect(examples).toHaveLength(2);
    for (const example of examples) {
      const [npx, name, ...args] = example.trim().split(" ");
      expect([npx, name]).toEqual(["npx", "create-kong-ipv6"]);
      expect(readArguments(args)).toMatchObject({ command, issues: [] });
    }
  });

  test("create's broke a line between an exit code and its meaning", () => {
    const [, block = ""] = helpText("create").split("Exit codes\n");
    expect(block.split("\n").length).toBeGreaterThan(1);
    for (const line of block.split("\n"))
      expect(line).toMatch(/^ {2}\d+ [a-z]/);
    expect(block).not.toMatch(/\d,?$/m);
  });

  test("only create's says defaults: elsewhere what was answered stays", () => {
    expect(helpText("create")).toContain("[ens3]");
    expect(helpText("regenerate")).not.toContain("[ens3]");
  });
});

test("its addresses are for examples only: others belong to somebody (RFC 3849)", () => {
  const texts = [
    ...EVERY.map(helpText),
    ...QUESTIONS.map(({ hint }) => hint?.({}) ?? ""),
    ...["docs/answers.md", "docs/usage.md", "README.md"].map(documentText),
  ];
  const found = texts.flatMap((text) => addressesIn(text));
  expect(found.length).toBeGreaterThan(10);
  for (const { text } of found) expect(text).not.toMatch(/^(?!2001:db8:)[23]/);
});

test("the general help has each flag of create that is no answer, but --git", () => {
  const { run } = flagsOf("create");
  const all = run.flatMap(spellings);
  const without = ["--git", "--no-git", "--color"];
  expect(flagsIn(helpText()).sort()).toEqual(
    ["--prefix", ...all.filter((flag) => !without.includes(flag))].sort(),
  );
});

test("the general help has two examples, and names every command", () => {
  expect(helpText().match(/^ {2}npx /gm)).toHaveLength(2);
  for (const command of COMMANDS)
    expect(helpText()).toMatch(new RegExp(`^ {2}${command} `, "m"));
});
