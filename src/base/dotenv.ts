// The syntax of .env as docker compose reads it (compose-go, dotenv/parser.go): `KEY=value`,
// `KEY: value`, with or without `export`; a value in quotes may have several lines.

/** One assignment of a dotenv text. */
interface Assignment {
  readonly key: string;
  /** The value without quotes, surrounding spaces and comment. Escapes are kept. */
  readonly value: string;
  /** The quote around the value: `"`, `'` or "". */
  readonly quote: string;
  /** The text before the value: indentation, export, key, separator. */
  readonly head: string;
  /** The text from the value to the end of its last line, with quotes and comment. */
  readonly tail: string;
}

const KEY = String.raw`[\w.[\]-]+`;
const QUOTED = String.raw`"(?:[^"\\]|\\[^])*"|'(?:[^'\\]|\\[^])*'`;
const COMMENT = String.raw`[ \t]+#[^\r\n]*`;

/** Groups: head, key, quoted value, other value with its comment. Takes linear time, because the text is untrusted. */
const ASSIGNMENT = new RegExp(
  String.raw`(?<![^\r\n])([ \t]*(?:export[ \t]+)?(${KEY})[ \t]*[=:][ \t]*)` +
    String.raw`(?:(${QUOTED})(?:${COMMENT}|[ \t]*)(?![^\r\n])|([^\r\n]*))`,
  "g",
);

/** A value without quotes: up to a comment, without the spaces at its end. */
function withoutComment(text: string): string {
  const comment = /[ \t]#/.exec(text);
  let end = comment ? comment.index : text.length;
  while (/[ \t]/.test(text.charAt(end - 1))) end -= 1;
  return text.slice(0, end);
}

function assignmentOf(match: readonly (string | undefined)[]): Assignment {
  const [all = "", head = "", key = "", quoted, other = ""] = match;
  const value = quoted?.slice(1, -1) ?? withoutComment(other);
  const tail = all.slice(head.length);
  return { key, value, quote: quoted?.charAt(0) ?? "", head, tail };
}

export const assignmentsOf = (text: string): Assignment[] =>
  [...text.matchAll(ASSIGNMENT)].map(assignmentOf);

/** Gives each assignment a new tail; undefined keeps the old one. */
export const withTails = (
  text: string,
  tailOf: (assignment: Assignment) => string | undefined,
): string =>
  text.replace(ASSIGNMENT, (...match: (string | undefined)[]) => {
    const assignment = assignmentOf(match);
    return assignment.head + (tailOf(assignment) ?? assignment.tail);
  });

/** Gives each assignment a new value, in the same quotes; undefined keeps the old one. */
export const withValues = (
  text: string,
  valueOf: (assignment: Assignment) => string | undefined,
): string =>
  withTails(text, (assignment) => {
    const value = valueOf(assignment);
    if (value === undefined) return undefined;
    const { quote, tail } = assignment;
    const rest = tail.slice(assignment.value.length + 2 * quote.length);
    return quote + value + quote + rest;
  });

/** A variable's value. The last assignment counts. */
export const settingOf = (text: string, key: string): string | undefined =>
  assignmentsOf(text).findLast((assignment) => assignment.key === key)?.value;

/** The number of the first line that is not an assignment, a comment or blank; undefined if there is none. */
export function strayLine(text: string): number | undefined {
  const rest = text.replace(ASSIGNMENT, (all) => all.replace(/[^\n]/g, ""));
  const index = rest.split("\n").findIndex((line) => !/^\s*(#.*)?$/.test(line));
  return index < 0 ? undefined : index + 1;
}
