import { expect, test } from "vitest";
import { mergeHunk, unorderedIn } from "../../../src/merge/hunks.ts";
import { merge, type Merged } from "../../../src/merge/three-way.ts";

const merged = (
  path: string,
  yours: string,
  base: string,
  generated: string,
): Merged => {
  const unordered = unorderedIn(path);
  return merge(yours, base, generated, (hunk) => mergeHunk(hunk, unordered));
};

const HEAD = "| Name | Type |\n| --- | --- |\n";

test.each([
  [
    "both add a row in the same place",
    `${HEAD}| mine | A |\n\nEnd\n`,
    `${HEAD}\nEnd\n`,
    `${HEAD}| new | A |\n\nEnd\n`,
    `${HEAD}| new | A |\n| mine | A |\n\nEnd\n`,
  ],
  [
    "a row is added beside one that became two",
    `${HEAD}| a | A |\n| mine | A |\n`,
    `${HEAD}| a | A |\n`,
    `${HEAD}| b | A |\n| c | A |\n`,
    `${HEAD}| b | A |\n| c | A |\n| mine | A |\n`,
  ],
  [
    "a row is added beside one that is gone",
    `${HEAD}| a | A |\n| mine | A |\n`,
    `${HEAD}| a | A |\n`,
    HEAD,
    `${HEAD}| mine | A |\n`,
  ],
  [
    "both add a DNS record",
    "a. 3600 IN AAAA ::1\nmine. IN TXT x\n",
    "a. 3600 IN AAAA ::1\n",
    "a. 3600 IN AAAA ::1\na. 3600 IN A 192.0.2.1\n",
    "a. 3600 IN AAAA ::1\na. 3600 IN A 192.0.2.1\nmine. IN TXT x\n",
  ],
])("in Markdown, %s: both are kept", (_, yours, base, generated, text) => {
  const crlf = (lf: string): string => lf.replaceAll("\n", "\r\n");
  expect(merged("README.md", yours, base, generated)).toEqual({
    text,
    conflicts: false,
  });
  expect(merged("README.md", crlf(yours), crlf(base), crlf(generated))).toEqual(
    { text: crlf(text), conflicts: false },
  );
  // In a file whose order matters it is a conflict.
  expect(merged("x.conf", yours, base, generated).conflicts).toBe(true);
});

test.each([
  [
    "both change the same row",
    "| mine | A |\n",
    "| a | A |\n",
    "| new | A |\n",
  ],
  ["both add a paragraph", "x\nmine\n", "x\n", "x\nnew\n"],
])("in Markdown, %s: a conflict", (_, yours, base, generated) => {
  const { text, conflicts } = merged("README.md", yours, base, generated);
  expect(conflicts).toBe(true);
  for (const side of [yours, generated])
    for (const line of side.trimEnd().split("\n"))
      expect(text.split("\n")).toContain(line);
});
