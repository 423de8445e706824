import { describe, expect, test } from "vitest";
import { parsedOf, suggestedAnswer } from "../../../src/answers/normal-form.ts";
import { questionOf } from "../../../src/answers/questions.ts";
import type { Answers } from "../../../src/answers/types.ts";
import { survey } from "../../../src/answers/resolve.ts";
import { freeHost } from "../../../src/answers/suggestions.ts";
import { parseSubnet } from "../../../src/ip/address.ts";
import { GIVEN } from "../../support/base.ts";

const P = "2001:db8:1:2";

const fitting = (key: "host" | "exposed", answers: Partial<Answers>) =>
  suggestedAnswer(questionOf(key), parsedOf(answers));

test.each([
  [{}, `${P}:300::/80`],
  [{ gateway: `${P}:300::1` }, `${P}:301::/80`],
  [{ gateway: `${P}:300::1`, host: `${P}:301::1` }, `${P}:302::/80`],
  [{ kong: `${P}:999::2` }, `${P}:999::/80`],
  // Its first address is Docker's: a subnet in which it isn't the first.
  [{ kong: `${P}:999::1` }, `${P}:998::/79`],
  [{ kong: `${P}:300::8100`, gateway: `${P}:300::1` }, `${P}:300::8000/113`],
])("beside %j the exposed subnet %s would do", (given, expected) => {
  const answers = { prefix: GIVEN.prefix, host: `${P}::2`, ...given };
  const exposed = fitting("exposed", answers);
  expect(exposed).toBe(expected);
  expect(survey({ ...GIVEN, ...answers, exposed }).issues).toEqual([]);
});

test("around a Kong next to the server there is no room", () => {
  const answers = { prefix: GIVEN.prefix, host: `${P}::2`, kong: `${P}::5` };
  expect(fitting("exposed", answers)).toBe(`${P}:300::/80`);
});

test("a Kong outside the prefix has no subnet in it", () => {
  const answers = { prefix: GIVEN.prefix, kong: "2a03:9::5" };
  expect(fitting("exposed", answers)).toBe(`${P}:300::/80`);
});

test("the server's address is not the gateway's", () => {
  const { prefix } = GIVEN;
  expect(fitting("host", { prefix })).toBe(`${P}::2`);
  expect(fitting("host", { prefix, gateway: `${P}::2` })).toBe(`${P}::3`);
  expect(fitting("host", {})).toBe(undefined);
});

describe("a small prefix that is on-link, with the gateway in it", () => {
  const small = { prefix: `${P}::/125`, internalPrefix: GIVEN.internalPrefix };

  test.each([
    // Beside the gateway, so that the other half is for Kong.
    [`${P}::5`, `${P}::4`],
    [`${P}::4`, `${P}::5`],
    [`${P}::2`, `${P}::3`],
    [`${P}::1`, `${P}::2`],
  ])("gateway %s: the server can be %s", (gateway, host) => {
    const [missing] = survey({ ...small, gateway }).issues;
    expect(missing?.remedy).toContain(`like --host ${host}/64,`);
    expect(survey({ ...small, gateway, host }).issues).toEqual([]);
  });

  test("an address outside of it gets the same suggestion", () => {
    const given = { ...small, gateway: `${P}::5`, host: "2001:db8:9::2" };
    expect(survey(given).issues).toMatchObject([
      { flag: "--host", remedy: expect.stringContaining(`Try ${P}::4;`) },
    ]);
  });
});

test("a /126 that is on-link has no address for a server", () => {
  const prefix = parseSubnet(6, `${P}::/126`);
  expect(freeHost(prefix, { delivery: "on-link" })).toBe(undefined);
});
