import { describe, expect, test } from "vitest";
import {
  assignmentsOf,
  settingOf,
  strayLine,
  withTails,
  withValues,
} from "../../../src/base/dotenv.ts";

/** Text, key and value, as `docker compose config --environment` has them. */
const READ: readonly [text: string, key: string, value: string][] = [
  ["A=1", "A", "1"],
  ["A=1\r\n", "A", "1"],
  ["  export A=1\n", "A", "1"],
  ["A: 1\n", "A", "1"],
  ["A =  1  \n", "A", "1"],
  ["a.b-c=1\n", "a.b-c", "1"],
  ["A=1 # one\n", "A", "1"],
  ["A=1#one\n", "A", "1#one"],
  ["A= #one\n", "A", "#one"],
  ["A=1 \t #one # two\n", "A", "1"],
  ["A='1' 2 # c\n", "A", "'1' 2"],
  ["A=\n", "A", ""],
  ["A='1 # one'\n", "A", "1 # one"],
  ['A="1" # one\n', "A", "1"],
  ["A='-----BEGIN\nB=2\n-----END'\n", "A", "-----BEGIN\nB=2\n-----END"],
  ['A="a \\" b"\n', "A", 'a \\" b'],
  ["A='not closed\n", "A", "'not closed"],
  ["A=x=y:z\n", "A", "x=y:z"],
];

test.each(READ)("reads %j", (text, key, value) => {
  expect(assignmentsOf(text)).toMatchObject([{ key, value }]);
  expect(strayLine(text)).toBeUndefined();
});

test("the last assignment counts; comments set nothing", () => {
  expect(settingOf("A=1\n#A=2\nexport A='3'\n# A=4\n", "A")).toBe("3");
  expect(settingOf("AA=1\n", "A")).toBeUndefined();
});

test("a hostile line took minutes to read", () => {
  const text = `A=x${" ".repeat(60_000)}y`;
  const start = performance.now();
  assignmentsOf(text);
  expect(performance.now() - start).toBeLessThan(20_000);
});

test("a line that is not an assignment is found", () => {
  expect(strayLine("A=1\n\n# x\nno assignment\n")).toBe(4);
  expect(strayLine("A='1\n2'\nno assignment\n")).toBe(3);
  expect(strayLine("A='1\nno assignment\n")).toBe(2);
  expect(strayLine("A='1' 2\n")).toBeUndefined();
});

describe("a change", () => {
  const text =
    "# A=0\r\nexport A = 'x' # c\r\nB: \"1\n2\"\nC=x # c\nD=\nE=''\n";

  test("of nothing keeps every byte", () => {
    expect(withTails(text, () => undefined)).toBe(text);
    expect(withValues(text, ({ value }) => value)).toBe(text);
  });

  test("of values keeps quotes and comments", () => {
    expect(withValues(text, () => "$&")).toBe(
      "# A=0\r\nexport A = '$&' # c\r\nB: \"$&\"\nC=$& # c\nD=$&\nE='$&'\n",
    );
  });

  test("of tails replaces quotes, comments and all lines of a value", () => {
    expect(withTails(text, () => "y")).toBe(
      "# A=0\r\nexport A = y\r\nB: y\nC=y\nD=y\nE=y\n",
    );
  });
});
