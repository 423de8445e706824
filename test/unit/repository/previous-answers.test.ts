import { expect, test } from "vitest";
import type { Answers } from "../../../src/answers/types.ts";
import {
  abridged,
  MAX_PREVIOUS_ANSWERS,
  remember,
} from "../../../src/repository/previous-answers.ts";
import { move } from "../../../src/answers/carry-over.ts";
import { readPreviousAnswers } from "../../../src/repository/stored-answers.ts";
import { resolve } from "../../../src/answers/resolve.ts";
import { answersFrom } from "../../support/base.ts";

const after = (answers: Answers, change: Partial<Answers>): Answers =>
  resolve(move(answers, change)).answers;

const one = answersFrom();
const two = after(one, { prefix: "2001:db8:9:9::/64" });
const three = after(two, { plugin: ["kong-oidc"], dataDir: "/srv/kong" });

test("previous answers are stored as differences, and read back complete", () => {
  const kept = abridged([two, one], three);
  expect(kept).toEqual([
    { plugin: [], dataDir: "./data" },
    expect.objectContaining({ prefix: one.prefix, kong: one.kong }),
  ]);
  expect(Object.keys(kept[1] ?? {}).sort()).toEqual([
    "exposed",
    "host",
    "kong",
    "prefix",
  ]);
  expect(readPreviousAnswers(kept, three)).toEqual([two, one]);
});

test("no duplicates are kept, nor the current answers, nor answers without values in files", () => {
  expect(remember([two, one, two], three)).toEqual([two, one]);
  expect(remember([two, one], one)).toEqual([two]);
  const named = after(one, { domain: "a.example" });
  expect(remember([one], named)).toEqual([]);
});

test("a state does not grow forever", () => {
  const many = Array.from({ length: MAX_PREVIOUS_ANSWERS + 5 }, (_, at) =>
    after(one, { host: `2001:db8:1:2::${at + 10}` }),
  );
  expect(remember(many, one)).toEqual(many.slice(0, MAX_PREVIOUS_ANSWERS));
});
