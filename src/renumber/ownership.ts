import type { Marks } from "../repository/state.ts";
import { nameOf, findTokens, type Token } from "../ip/find-addresses.ts";
import type { NewValue } from "./moves.ts";

// An owner may write an address that the plan gets later (make before break: the new prefix beside the
// old one). The owner's address and the plan's are then equal, so marks record which is the owner's.

/** What the state knows of a file that the owner edited. */
export interface Owned {
  readonly marks: Marks;
  /** What was generated last. */
  readonly generated: string;
  /** Lines (linesOf) that are generated during an overlap: their old addresses stay. */
  readonly current?: ReadonlySet<string>;
}

/** The lines of a text, without white space at both ends. */
export const linesOf = (text: string): ReadonlySet<string> =>
  new Set(text.split("\n").map((line) => line.trim()));

/**
 * For each token of a text, whether it is the owner's own. If the owner edited the text since and the
 * marks no longer fit, a token is the owner's if its line was not generated.
 */
export function areOwned(
  text: string,
  tokens: readonly Token[],
  owned: Owned | undefined,
): boolean[] {
  const { current } = owned ?? {};
  const isCurrent = (token: Token): boolean =>
    current?.has(lineOf(text, token).trim()) ?? false;
  if (owned === undefined || Object.keys(owned.marks).length === 0)
    return tokens.map(isCurrent);
  const names = tokens.map(nameOf);
  const counts = occurrences(names);
  const generated = new Set(owned.generated.split("\n"));
  const seen = new Map<string, number>();
  return tokens.map((token, index) => {
    const name = names[index] as string;
    const marks = Object.hasOwn(owned.marks, name) ? owned.marks[name] : "";
    if (isCurrent(token)) return true;
    if (!marks) return false;
    const at = seen.get(name) ?? 0;
    seen.set(name, at + 1);
    return marks.length === counts.get(name)
      ? marks[at] === "1"
      : !generated.has(lineOf(text, token));
  });
}

/** A text before and after it was rewritten and merged. */
interface TextChange {
  readonly before: string;
  readonly after: string;
  /** What is generated now. */
  readonly generated: string;
  readonly newValueOf: NewValue;
  /** The names that only the new plan has. */
  readonly newNames: ReadonlySet<string>;
  /** What the state knows of the text before. */
  readonly owned: Owned | undefined;
}

/** The marks of a text after it was rewritten and merged; undefined if it needs none. */
export function marksAfter(change: TextChange): Marks | undefined {
  const { before, after, generated, newValueOf, newNames, owned } = change;
  const tokens = findTokens(before);
  const were = areOwned(before, tokens, owned);
  const flags = new Map<string, boolean[]>();
  for (const [index, token] of tokens.entries()) {
    const old = nameOf(token);
    const place = were[index] ? undefined : newValueOf(token);
    const name = nameOf({ ...token, ...place });
    const own = were[index] || (name === old && newNames.has(name));
    flags.set(name, [...(flags.get(name) ?? []), own === true]);
  }
  const marks: Record<string, string> = {};
  const found = findTokens(after);
  const excess = excessOf(after, generated);
  for (const [name, own] of flags) {
    if (!own.includes(true)) continue;
    const here = found.filter((token) => nameOf(token) === name);
    if (here.length !== own.length) continue;
    const text = own.map((is, index) =>
      // A line that equals a generated one is no longer the owner's.
      is && excess(lineOf(after, here[index] as Token)) ? "1" : "0",
    );
    if (text.includes("1")) marks[name] = text.join("");
  }
  return Object.keys(marks).length === 0 ? undefined : marks;
}

/** Whether a text has a line more often than the generated text. */
function excessOf(text: string, generated: string): (line: string) => boolean {
  const plain = text.split("\n").map((line) => line.replace(/\r$/, ""));
  const [here, made] = [occurrences(plain), occurrences(generated.split("\n"))];
  return (line) => (here.get(line) ?? 0) > (made.get(line) ?? 0);
}

function occurrences(values: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

/** The line of a token, without its end. */
export function lineOf(text: string, { start }: Pick<Token, "start">): string {
  const end = text.indexOf("\n", start);
  const line = text.slice(
    text.lastIndexOf("\n", start - 1) + 1,
    end < 0 ? undefined : end,
  );
  return line.replace(/\r$/, "");
}
