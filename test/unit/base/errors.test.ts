import { expect, test } from "vitest";
import {
  CancelledError,
  EXIT,
  FailedError,
  issueText,
  UnusableError,
} from "../../../src/base/errors.ts";
import { printable, printableJson } from "../../../src/base/escape.ts";

test("exit codes are the contract's", () => {
  expect(EXIT).toEqual({
    done: 0,
    failed: 1,
    unusable: 2,
    conflicts: 3,
    changes: 4,
    cancelled: 130,
  });
  expect(new FailedError("x", "y").exitCode).toBe(1);
  expect(new UnusableError([]).exitCode).toBe(2);
  expect(new CancelledError().exitCode).toBe(130);
});

test("an issue is one line: flag, value, reason, remedy", () => {
  const issue = { flag: "--kong", reason: "it is wrong", remedy: "Try x" };
  expect(issueText(issue)).toBe("--kong: it is wrong. Try x");
  expect(issueText({ ...issue, value: "2001:db8::1/64" })).toBe(
    "--kong 2001:db8::1/64: it is wrong. Try x",
  );
});

test.each([
  "a\nb",
  "\u001b[31mred",
  "a b",
  "",
  "\r",
  "\u0007",
  "\u009b31m",
  "\u202eb",
])("the value %j can't break the line or rewrite the terminal", (value) => {
  const text = issueText({ flag: "--domain", value, reason: "r", remedy: "m" });
  expect(text).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\u202e]/u);
  expect(text).toMatch(/^--domain ".*": r\. m$/);
});

test("a long value is cut", () => {
  const text = issueText({
    flag: "--domain",
    value: "x".repeat(500),
    reason: "r",
    remedy: "m",
  });
  expect(text.length).toBeLessThan(120);
});

test("printable leaves ordinary text as it is, JSON its meaning", () => {
  expect(printable("ü 日本 ~!")).toBe("ü 日本 ~!");
  expect(printable("a\u001bb\u2028c")).toBe("a\\u001bb\\u2028c");
  const value = { a: "x\u009by\u202ez\n", b: [1, null] };
  const json = printableJson(value);
  expect(JSON.parse(json)).toEqual(value);
  expect(json).not.toMatch(/[\u0080-\u009f\u202e]/);
});

test("a cause stays with the error that tells it", () => {
  const cause = new Error("below");
  expect(new FailedError("x", "y", { cause }).cause).toBe(cause);
  expect(new FailedError("x", "y")).not.toHaveProperty("cause");
});
