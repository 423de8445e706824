import { expect, test } from "vitest";
import { QUESTIONS } from "../../src/answers/questions.ts";
import { choiceOf } from "../../src/prompts/select.ts";
import { answersFrom } from "../support/base.ts";
import { Sandbox } from "../support/run.ts";
import { DOWN, ENTER, Terminal } from "../support/terminal.ts";

const UP = "\u001b[A";
const AGAIN = ">> Type the start of a choice, or use the arrow keys.";

/** Everything but the delivery. */
const OTHERS = QUESTIONS.filter(({ key }) => key !== "delivery").flatMap(
  ({ key, flag }) => [flag, String(answersFrom()[key]) || "none"],
);

async function deliveryAfter(...typed: string[]): Promise<string> {
  const sandbox = new Sandbox();
  const terminal = new Terminal(sandbox, ["gw", ...OTHERS]);
  try {
    await terminal.answer("? More settings? (y/N)", "y");
    await terminal.see("routed   the provider's router sends");
    for (const [index, keys] of typed.entries()) {
      if (index > 0) await terminal.see(AGAIN);
      terminal.type(keys + ENTER);
    }
    await terminal.answer("c to change an answer)");
    expect(await terminal.ended).toBe(0);
    const { answers } = JSON.parse(sandbox.read("gw/.kong-ipv6.json"));
    return answers.delivery;
  } finally {
    terminal.kill();
  }
}

test.each([
  ["routed", [DOWN]],
  ["routed", ["ROUTED"]],
  ["routed", ["garbage", "routed"]],
  ["routed", ["garbage", "9", DOWN]],
  ["on-link", ["garbage", DOWN + UP]],
  ["on-link", [""]],
])("a list takes %s for %j", async (delivery, typed) => {
  expect(await deliveryAfter(...typed)).toBe(delivery);
});

const CHOICES = ["ndppd", "kernel", "none", "no", "nothing"].map((value) => ({
  name: `${value}  explained`,
  value,
}));

test.each([
  ["", 2],
  ["  ", 2],
  ["kernel", 1],
  ["Kern", 1],
  ["kernel  explained", 1],
  ["non", 2],
  ["no", 3],
  ["n", undefined],
  ["x", undefined],
  ["9", undefined],
  ["3j", 2],
  ["kernel x", undefined],
])("typed %j", (typed, index) => {
  expect(choiceOf(typed, CHOICES, 2)).toBe(index);
});
