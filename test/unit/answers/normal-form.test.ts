import { expect, test } from "vitest";
import {
  defaultAnswer,
  formatAnswers,
  parsedOf,
  suggestedAnswer,
} from "../../../src/answers/normal-form.ts";
import { questionOf, QUESTIONS } from "../../../src/answers/questions.ts";
import { answersFrom } from "../../support/base.ts";

const FULL = {
  ipv4: "192.0.2.10/24",
  ipv4Gateway: "192.0.2.1",
  plugin: ["kong-oidc", "kong-plugin-x"],
};

test("parsing and formatting are each other's opposite, in the order of the questions", () => {
  for (const given of [{}, FULL, { ipv4: "192.0.2.10" }, { ipv4: "none" }]) {
    const answers = answersFrom(given);
    const copy = { ...answers };
    expect(formatAnswers(parsedOf(copy))).toEqual(answers);
    expect(Object.keys(formatAnswers(parsedOf(copy)))).toEqual(
      QUESTIONS.map(({ key }) => key),
    );
  }
});

test("formatted answers keep their parsed values; a copy is parsed again", () => {
  const parsed = parsedOf({ prefix: "2001:db8:1:2::/64" });
  const answers = formatAnswers(parsed);
  expect(parsedOf(answers)).toBe(parsed);
  const copy = { ...answers };
  expect(parsedOf(copy)).not.toBe(parsed);
  expect(parsedOf(copy)).toEqual(parsed);
  // A changed copy must not have the values of before.
  copy.prefix = "2001:db8:1:3::/64";
  expect(parsedOf(copy)).not.toEqual(parsed);
});

test("a prompt offers what fits the other answers where the default doesn't", () => {
  const known = parsedOf({
    prefix: "2001:db8:1:2::/64",
    gateway: "2001:db8:1:2::2",
  });
  expect(defaultAnswer(questionOf("host"), known)).toBe("2001:db8:1:2::2");
  expect(suggestedAnswer(questionOf("host"), known)).toBe("2001:db8:1:2::3");
  expect(suggestedAnswer(questionOf("domain"), known)).toBe("none");
  expect(suggestedAnswer(questionOf("kong"), known)).toBe(undefined);
});
