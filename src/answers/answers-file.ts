import { closeSync, openSync, readSync } from "node:fs";
import { extname } from "node:path";
import { codeOf, UnusableError, type Issue } from "../base/errors.ts";
import { likelyAnswers, unknownAnswer } from "./did-you-mean.ts";
import type { Given } from "./resolve.ts";
import type { AnswerKey } from "./types.ts";

/** Bytes. An answers file has some hundred. */
const LARGEST = 1024 * 1024;

interface AnswersFile {
  /** Answers by key; the values are not checked here. */
  readonly given: Given;
  /** One for each key that no answer has. */
  readonly issues: readonly Issue[];
  /** The answers that those keys were probably meant to give. */
  readonly unread: readonly AnswerKey[];
  /** Given if it has `hosts`: it describes several servers, and src/fleet/ reads it. */
  readonly fleet?: FleetFile;
}

/** An answers file with `hosts`. */
export interface FleetFile {
  /** As the owner wrote it. */
  readonly text: string;
  readonly content: Readonly<Record<string, unknown>>;
}

/**
 * Reads `--answers FILE`, or standard input for `-`: an object of answers by key, as JSON if the name
 * ends in .json or the text starts with a brace, else YAML.
 * @throws UnusableError if the file can't be read or parsed
 */
export async function readAnswersFile(file: string): Promise<AnswersFile> {
  const refuse = (reason: string, remedy: string): UnusableError =>
    new UnusableError([{ flag: "--answers", value: file, reason, remedy }]);
  const text = readText(file, refuse);
  const isJson = extname(file) === ".json" || text.trimStart().startsWith("{");
  const example = isJson
    ? 'Write it like {"prefix": "2001:db8:1:2::/64"}'
    : "Write KEY: VALUE lines, like prefix: 2001:db8:1:2::/64";
  let content: unknown;
  try {
    content = await parse(file, text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const { message } = (isJson && jsonError(text)) || error;
    const reason = message.replace(/[.:\s]+$/, "");
    throw refuse(`it can't be parsed: ${reason}`, example);
  }
  if (
    typeof content !== "object" ||
    content === null ||
    Array.isArray(content)
  ) {
    throw refuse("it contains no answers", example);
  }
  if ("answers" in content && "files" in content)
    throw refuse(
      "it is a repository's state, not a file of answers",
      'Save the object at its key "answers" as a file of its own',
    );
  if ("hosts" in content)
    return { given: {}, issues: [], unread: [], fleet: { text, content } };
  const unknown = Object.keys(content).flatMap((key) => {
    const issue = unknownAnswer(key);
    return issue
      ? [{ key, issue: { flag: "--answers", value: file, ...issue } }]
      : [];
  });
  return {
    given: content,
    issues: unknown.map(({ issue }) => issue),
    unread: unknown.flatMap(({ key }) => likelyAnswers(key)),
  };
}

/** JSON is YAML too: the YAML parser also finds the duplicate keys that JSON.parse() ignores. */
async function parse(file: string, text: string): Promise<unknown> {
  if (extname(file) === ".json") JSON.parse(text);
  const { parseYaml } = await import("../base/yaml.ts");
  return parseYaml(text);
}

/** Why a text is not JSON; undefined if it is, or if it nests too deeply. */
function jsonError(text: string): SyntaxError | undefined {
  try {
    JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return error;
  }
  return undefined;
}

function readText(
  file: string,
  refuse: (reason: string, remedy: string) => UnusableError,
): string {
  let bytes: Buffer;
  try {
    bytes = readUpTo(file, LARGEST + 1);
  } catch (error) {
    throw refuse(
      `it can't be read (${codeOf(error)})`,
      "Give a file of answers, JSON or YAML",
    );
  }
  if (bytes.length > LARGEST)
    throw refuse(
      `it has more than ${LARGEST} bytes`,
      "Give a file of answers, JSON or YAML",
    );
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw refuse("it is not UTF-8 text", "Save it as UTF-8");
  }
}

/** The first bytes of a file, which may be a pipe or a device and have no size. */
function readUpTo(file: string, most: number): Buffer {
  const buffer = Buffer.alloc(most);
  const descriptor = file === "-" ? 0 : openSync(file, "r");
  try {
    let length = 0;
    let read: number;
    do {
      read = readSync(descriptor, buffer, length, most - length, null);
      length += read;
    } while (read > 0 && length < most);
    return buffer.subarray(0, length);
  } finally {
    if (descriptor !== 0) closeSync(descriptor);
  }
}
