import { expect, test } from "vitest";
import { QUESTIONS } from "../../../src/answers/questions.ts";
import { survey } from "../../../src/answers/resolve.ts";
import { readArguments } from "../../../src/cli/parse-args.ts";
import { suggestions } from "../../cli/suggestions.ts";
import { answersFrom, GIVEN } from "../../support/base.ts";

// Every suggestion in a message is taken out of it and typed: it is accepted.

const NAMES = ["mail", "Mail", "a b", "2x", "kong", "KONG", "on", "-", "é", ""];
const PORTS = ["25", "99999", "0", "", "25/TCP", "x", "25,99999", "25/sctp"];
const PLACES = ["", "@[fe80::1%e]", "@[x]", `@[2001:db8:1:2:300::9/64]`].concat(
  "@2001:db8:1:2:300::9",
  "@[2001:db8:1:2:300::9]",
  "@[2001:db8:1:2:300::8100]",
  "@[2001:db8:9::1]",
);
const ENTRIES = NAMES.flatMap((name) =>
  PLACES.flatMap((place) => PORTS.map((port) => `${name}${place}:${port}`)),
);

/** An --ipv4-gateway is refused without it. */
const OTHERS = { ...GIVEN, ipv4: "192.0.2.10/24" };

/** What an owner may type by mistake instead of a good value. */
const mistakes = (good: string): string[] => [
  good.toUpperCase(),
  `${good}/64`,
  `${good}%ens3`,
  `${good}:25`,
  good.replace(/\/\d+$/, ""),
  good.replace(/\/\d+$/, "/128"),
  good.replace(/::(?=$|\/)/, "::1"),
  good.replaceAll(":", "."),
  ` ${good}, ${good}`,
  "none",
  "keep",
  "any",
  "x",
  "bücher.example",
  "/opt/kong-ipv6/data2",
];

test("of an answer", () => {
  const refused: string[] = [];
  let taken = 0;
  for (const { key, flag, list } of QUESTIONS) {
    const good = [answersFrom()[key]].flat()[0] ?? "";
    const values = [...mistakes(String(good)), ...(list ? ENTRIES : [])];
    for (const value of values) {
      const issues = survey({ ...OTHERS, [key]: value }).issues;
      for (const issue of issues.filter((one) => one.flag === flag))
        for (const [other, suggested] of suggestions(flag, issue.remedy)) {
          taken += 1;
          if (other !== flag) continue;
          const { issues: next } = survey({ ...OTHERS, [key]: suggested });
          if (next.length > 0)
            refused.push(
              `${flag} ${value}: ${issue.remedy}: ${next[0]?.reason}`,
            );
        }
    }
  }
  expect(refused).toEqual([]);
  expect(taken).toBeGreaterThan(500);
});

test.each([
  ["deploy", "--confirm-within", "soon"],
  ["deploy", "--confirm-within", "1"],
  ["deploy", "--path", "/etc"],
  ["deploy", "--path", "here"],
  ["deploy", "--ssh", "a b"],
  ["deploy", "--ssh", "none@"],
  ["detect", "--ssh", "-x"],
  ["probe", "--timeout", "0"],
  ["regenerate", "--conflict", "mine"],
  ["undo", "--conflict", "keep"],
])("of %s %s %s", (command, flag, value) => {
  const [issue] = readArguments([command, flag, value]).issues;
  const found = suggestions(flag, issue?.remedy ?? "");
  expect(found, issue?.remedy).not.toEqual([]);
  for (const words of found)
    expect(readArguments([command, ...words]).issues).toEqual([]);
});

test("of a shell, a mistyped command and a flag", () => {
  const [shell] = readArguments(["completion", "csh"]).issues;
  for (const [, name] of suggestions("", shell?.remedy ?? ""))
    expect(readArguments(["completion", name as string]).issues).toEqual([]);
  for (const typed of ["regenrate", "chekc", "undoo", "detekt", "hlep"]) {
    const [issue] = readArguments([typed]).issues;
    const [, meant, directory] =
      /^Did you mean (\S+?)\? .* write (\S+)$/.exec(issue?.remedy ?? "") ?? [];
    expect(readArguments([meant as string]).issues).toEqual([]);
    expect(readArguments([directory as string])).toMatchObject({
      issues: [],
      directory,
    });
  }
  for (const typed of ["--prefx", "--konng", "--dryrun", "--no-colour", "-v"]) {
    const [issue] = readArguments(["regenerate", typed]).issues;
    const [meant] = /-[-\w]+(?=\?)/.exec(issue?.remedy ?? "") ?? [];
    const value = QUESTIONS.some(({ flag }) => flag === meant) ? ["x"] : [];
    const again = readArguments(["regenerate", meant as string, ...value]);
    expect(again.issues, issue?.remedy).toEqual([]);
  }
});

test("a choice is taken in capitals", () => {
  for (const shell of ["BASH", "Zsh"])
    expect(readArguments(["completion", shell])).toMatchObject({
      issues: [],
      shell: shell.toLowerCase(),
    });
  expect(readArguments(["undo", "--conflict", "THEIRS"])).toMatchObject({
    issues: [],
    conflict: "theirs",
  });
});

test("none beside other values of a list is told once, and as what it is", () => {
  for (const [key, value] of [
    ["expose", "mail:25"],
    ["plugin", "kong-oidc"],
  ] as const) {
    const { issues } = survey({ ...GIVEN, [key]: [value, "NONE"] });
    expect(issues).toMatchObject([
      {
        value: "NONE",
        reason: "none means none at all and can't be combined with others",
        remedy: "Leave it out, or give none alone",
      },
    ]);
    for (const none of [["None"], ["none", "none"]])
      expect(survey({ ...GIVEN, [key]: none }).issues).toEqual([]);
  }
});
