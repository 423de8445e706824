import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { shellWord, singleQuoted } from "../../../src/base/shell.ts";
import { HOSTILE } from "../../support/refusal.ts";

test("a shell reads every text back, with or without need for quotes", () => {
  const texts = [...HOSTILE.filter((text) => text !== "\0"), "", "it's", "a-b"];
  for (const quote of [shellWord, singleQuoted]) {
    const script = `printf '%s\\0' ${texts.map(quote).join(" ")}`;
    const read = execFileSync("sh", ["-c", script], { encoding: "utf8" });
    expect(read.split("\0").slice(0, -1)).toEqual(texts);
  }
});

test("a plain word needs no quotes", () => {
  expect(shellWord("root@[2001:db8::1]:/opt")).toMatch(/^'/);
  expect(shellWord("2001:db8::/64")).toBe("2001:db8::/64");
  expect(shellWord("")).toBe("''");
});
