import { closeSync, openSync, readSync } from "node:fs";
import { extname } from "node:path";
import { codeOf } from "../base/errors.ts";
import { UnusableError, type Issue } from "../base/errors.ts";
import type { AnswerKey } from "./types.ts";
import type { Given } from "./resolve.ts";
import { likelyAnswers, unknownAnswer } from "./did-you-mean.ts";

/** No answers file is larger; what is, is something else. */
const LARGEST = 1024 * 1024;

/** What JSON.parse and yaml throw; ReferenceError: an alias; RangeError: nested too deeply. */
const UNPARSED = /^(SyntaxError|ReferenceError|RangeError|YAML\w+)$/;

/**
 * Reads `--answers FILE`: an object of answers by key, JSON where the name ends in .json, else YAML.
 * Values are not looked at here: they are read as flags are.
 * @returns them, an issue for each key that is no answer, and the answers that those may have meant
 * @throws UnusableError on a file that can't be read or parsed
 */
export async function readAnswersFile(
  file: string,
): Promise<{ given: Given; issues: Issue[]; unread: AnswerKey[] }> {
  const refuse = (reason: string, remedy: string): UnusableError =>
    new UnusableError([{ flag: "--answers", value: file, reason, remedy }]);
  let text: string;
  try {
    const bytes = readUpTo(file, LARGEST + 1);
    if (bytes.length > LARGEST) {
      throw refuse(
        `it has more than ${LARGEST} bytes`,
        "An answers file has some hundred",
      );
    }
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    if (error instanceof UnusableError) throw error;
    if (error instanceof TypeError)
      throw refuse("it is no text (UTF-8)", "Save it as UTF-8");
    throw refuse(
      `it can't be read (${codeOf(error)})`,
      "Name a file of answers, JSON or YAML",
    );
  }
  let content: unknown;
  try {
    content =
      extname(file) === ".json" ? parseJson(text) : await parseYaml(text);
  } catch (error) {
    if (!(error instanceof Error) || !UNPARSED.test(error.name)) throw error;
    const reason = error.message.split("\n")[0] ?? "";
    throw refuse(
      `it can't be parsed: ${reason.replace(/[.:\s]+$/, "")}`,
      "Write KEY: VALUE lines",
    );
  }
  if (
    typeof content !== "object" ||
    content === null ||
    Array.isArray(content)
  ) {
    throw refuse(
      "it holds no answers",
      "Write KEY: VALUE lines, like prefix: 2001:db8:1:2::/64",
    );
  }
  const unknown = Object.keys(content).flatMap((key) => {
    const issue = unknownAnswer(key);
    return issue ? [{ key, issue }] : [];
  });
  return {
    given: content,
    issues: unknown.map(({ issue }) => ({
      flag: "--answers",
      value: file,
      ...issue,
    })),
    unread: unknown.flatMap(({ key }) => likelyAnswers(key)),
  };
}

/** The start of a file that may have no size: a pipe, a device. */
function readUpTo(file: string, most: number): Buffer {
  const buffer = Buffer.alloc(most);
  const descriptor = openSync(file, "r");
  try {
    let length = 0;
    let read: number;
    do {
      read = readSync(descriptor, buffer, length, most - length, null);
      length += read;
    } while (read > 0 && length < most);
    return buffer.subarray(0, length);
  } finally {
    closeSync(descriptor);
  }
}

/** @throws SyntaxError also where a key stands twice, of which JSON.parse takes the last in silence */
function parseJson(text: string): unknown {
  const content: unknown = JSON.parse(text);
  const keys = new Set<string>();
  let depth = 0;
  for (const [token, name] of text.matchAll(
    /("(?:[^"\\]|\\.)*")\s*:|"(?:[^"\\]|\\.)*"|[{}[\]]/g,
  )) {
    if (token === "{" || token === "[") depth += 1;
    else if (token === "}" || token === "]") depth -= 1;
    else if (name !== undefined && depth === 1) {
      const key = JSON.parse(name) as string;
      if (keys.has(key)) throw new SyntaxError(`${name} stands there twice`);
      keys.add(key);
    }
  }
  return content;
}

async function parseYaml(text: string): Promise<unknown> {
  const { parse } = await import("../base/yaml.ts");
  return parse(text, { maxAliasCount: 0, stringKeys: true, logLevel: "error" });
}
