import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { QUESTIONS } from "../../../src/answers/questions.ts";
import { readArguments } from "../../../src/cli/parse-args.ts";
import type { Resolution } from "../../../src/reconcile/request.ts";
import { rerunCommand } from "../../../src/report/rerun-command.ts";
import { move } from "../../../src/answers/carry-over.ts";
import { resolve, survey } from "../../../src/answers/resolve.ts";
import { cases } from "../../support/arbitrary.ts";
import { answersFrom, GIVEN } from "../../support/base.ts";
import { runIn } from "../../support/in-process.ts";
import { Sandbox } from "../../support/run.ts";
import { announceSeed, runs } from "../../support/seed.ts";

beforeAll(announceSeed);

/** The words of a POSIX command line with single quotes only. */
function shellWords(command: string): string[] {
  const found = command.match(/(?:'[^']*'|\\'|[^\s'\\])+/g) ?? [];
  return found.map((word) =>
    word.replaceAll(/'([^']*)'|\\(')/g, (_, text, quote) => text ?? quote),
  );
}

test("the command that repeats a run gives the same answers, for 300 random ones", () => {
  const holds = fc.property(cases, ({ answers }) => {
    const [npx, name, ...argv] = shellWords(
      rerunCommand({ answers }, { shown: "gateway" }),
    );
    expect([npx, name]).toEqual(["npx", "create-kong-ipv6@0.1.0"]);
    const { given, directory, yes } = readArguments(argv);
    expect(directory).toBe("gateway");
    expect(yes).toBe(true);
    expect(resolve(given).answers).toEqual(answers);
  });
  fc.assert(holds, runs(300));
});

test("after regenerate it gives the same answers over those of before, for 300 random pairs", () => {
  const holds = fc.property(cases, cases, ({ answers }, before) => {
    const former = before.answers;
    const [, , command, ...argv] = shellWords(
      rerunCommand({ answers, previousAnswers: former }, { shown: "." }),
    );
    expect(command).toBe("regenerate");
    const { given } = readArguments(["regenerate", ...argv]);
    const { answers: changed } = survey(given, { defaults: false });
    expect(move(former, changed)).toEqual(answers);
  });
  fc.assert(holds, runs(300));
});

test("the command that repeats a regenerate lost --plugin none", () => {
  const former = answersFrom({ plugin: ["a"] });
  const answers = { ...former, plugin: [] };
  expect(
    rerunCommand({ answers, previousAnswers: former }, { shown: "gw" }),
  ).toBe("npx create-kong-ipv6@0.1.0 regenerate gw --plugin none --yes");
});

test("a choice that goes back to the default is in the command that repeats a regenerate", () => {
  const former = answersFrom({ delivery: "routed", ndp: "none" });
  const answers = {
    ...former,
    delivery: "on-link" as const,
    ndp: "ndppd" as const,
  };
  expect(
    rerunCommand({ answers, previousAnswers: former }, { shown: "gw" }),
  ).toBe("npx create-kong-ipv6@0.1.0 regenerate gw --delivery on-link --yes");
});

test("it names what differs from the defaults, and the random ULA", () => {
  expect(rerunCommand({ answers: answersFrom() }, { shown: "gw" })).toBe(
    `npx create-kong-ipv6@0.1.0 gw --prefix ${GIVEN.prefix} --internal-prefix ${GIVEN.internalPrefix} --yes`,
  );
});

test("with a login it names every answer: an unreachable server is not asked again", async () => {
  const command = rerunCommand(
    { answers: answersFrom({ ssh: "root@gw.invalid" }) },
    { shown: "gw", dryRun: true },
  );
  const [, , ...argv] = shellWords(command);
  for (const { flag } of QUESTIONS) expect(argv).toContain(flag);
  const { code, stderr } = await runIn(new Sandbox(), argv);
  expect({ code, stderr }).toEqual({ code: 4, stderr: "" });
});

test("the rerun command has --conflict if all conflicts were resolved alike, and --dry-run", () => {
  const answers = answersFrom();
  const tail = (...resolutions: Resolution[]): string =>
    rerunCommand({ answers, resolutions }, { shown: "gw", dryRun: true }).split(
      GIVEN.internalPrefix,
    )[1] as string;
  expect(tail()).toBe(" --dry-run --yes");
  expect(tail("keep", "keep")).toBe(" --conflict keep --dry-run --yes");
  expect(tail("theirs")).toBe(" --conflict theirs --dry-run --yes");
  expect(tail("keep", "theirs")).toBe(" --dry-run --yes");
});

test("a directory of any name is one word", () => {
  for (const name of ["my gateway", "it's", "$HOME", "a;b", "é", "a\nb"]) {
    const [, , directory] = shellWords(
      rerunCommand({ answers: answersFrom() }, { shown: name }),
    );
    expect(directory).toBe(name);
  }
});

test("it has --overlap or --finish again", () => {
  const answers = answersFrom();
  for (const phase of ["overlap", "finish"] as const)
    expect(
      rerunCommand(
        { answers, previousAnswers: answers, phase },
        { shown: "gw" },
      ),
    ).toMatch(new RegExp(` regenerate gw --${phase} --yes$`));
});
