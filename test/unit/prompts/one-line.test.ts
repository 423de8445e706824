import { expect, test } from "vitest";
import { QUESTIONS } from "../../../src/answers/questions.ts";
import { readArguments } from "../../../src/cli/parse-args.ts";
import { oneLine } from "../../../src/prompts/one-line.ts";
import { resolve, survey } from "../../../src/answers/resolve.ts";
import { REFUSED_ANSWERS } from "../../cli/refused-answers.ts";
import { suggestions } from "../../cli/suggestions.ts";

const PREFIX = "2a03:2222:3333:4444::/64";
const USUAL = resolve({ prefix: PREFIX }).answers;

test("every refusal fits one line of 80 columns, with a value that would do", () => {
  for (const { flag, value, also } of REFUSED_ANSWERS) {
    const key = QUESTIONS.find((row) => row.flag === flag)?.key ?? "prefix";
    const given = { ...USUAL, ...readArguments(also).given };
    const { issues } = survey({ ...given, [key]: value });
    const issue = issues.find((one) => one.flag === flag);
    if (issue === undefined) expect.fail(`${flag} ${value} was taken`);
    // A conflict between two answers is not shown in the prompt of one.
    if (issue.reason.includes("--")) continue;
    const line = oneLine(issue);
    expect(line.length, line).toBeLessThanOrEqual(77);

    const values = suggestions(flag, issue.remedy)
      .filter(([name]) => name === flag)
      .map(([, one]) => one as string);
    // A prefix can't be computed from what is given, and a ULA has to be random.
    if (values.length === 0)
      expect(["--prefix", "--internal-prefix"], line).toContain(flag);
    else
      expect(
        values.some((one) => line.includes(one)),
        line,
      ).toBe(true);
  }
});

test("what fits is said in full, and then less and less of it", () => {
  const long = "it is outside the exposed subnet 2a03:2222:3333:4444:300::/80";
  const remedy = "Try 2a03:2222:3333:4444:300::8100";
  expect(oneLine({ flag: "--kong", reason: long, remedy })).toBe(
    "it is outside the exposed subnet. Try 2a03:2222:3333:4444:300::8100.",
  );
  const reason = "it is multicast space (RFC 4291 2.7)";
  expect(
    oneLine({ flag: "--gateway", reason, remedy: "Try fe80::1" }, 60),
  ).toBe("it is multicast space (RFC 4291 2.7). Try fe80::1.");
  const words = "Give the provider's router, like fe80::1";
  expect(oneLine({ flag: "--gateway", reason, remedy: words }, 70)).toBe(
    "it is multicast space. Give the provider's router, like fe80::1.",
  );
  expect(oneLine({ flag: "--gateway", reason, remedy: words }, 50)).toBe(
    "it is multicast space. Try fe80::1.",
  );
});

test("a prompt suggests no ULA: it has to be random", () => {
  const given = { ...USUAL, internalPrefix: "2a03:2222:3333:4444:300::/80" };
  const [issue] = survey(given).issues;
  if (issue === undefined) expect.fail("it was taken");
  expect(oneLine(issue)).toBe(
    "it overlaps the exposed subnet. Leave it out for a random ULA.",
  );
});
