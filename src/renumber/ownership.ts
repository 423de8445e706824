import type { Marks } from "../repository/state.ts";
import { nameOf, findTokens, type Token } from "../ip/find-addresses.ts";
import type { NewValue } from "./moves.ts";

// An address of the owner's own may be given to the plan later (make before break: the new prefix
// stands beside the old one). Both read the same then; which is whose has to be remembered.

/** What is known of a text of the owner's. */
export interface Owned {
  readonly marks: Marks;
  /** What was last generated of it. */
  readonly generated: string;
}

/**
 * Tells of each token of a text whether it is the owner's own. Where the owner has edited the text
 * since, so that the marks don't fit any more, what stands in no generated line is the owner's.
 */
export function areOwned(
  text: string,
  tokens: readonly Token[],
  owned: Owned | undefined,
): boolean[] {
  if (owned === undefined || Object.keys(owned.marks).length === 0)
    return tokens.map(() => false);
  const names = tokens.map(nameOf);
  const counts = counted(names);
  const generated = new Set(owned.generated.split("\n"));
  const seen = new Map<string, number>();
  return tokens.map((token, index) => {
    const name = names[index] as string;
    const marks = Object.hasOwn(owned.marks, name) ? owned.marks[name] : "";
    if (!marks) return false;
    const at = seen.get(name) ?? 0;
    seen.set(name, at + 1);
    return marks.length === counts.get(name)
      ? marks[at] === "1"
      : !generated.has(lineOf(text, token));
  });
}

/** How a text came to be another. */
export interface Way {
  readonly before: string;
  readonly after: string;
  /** What is generated of the text now. */
  readonly generated: string;
  readonly newValueOf: NewValue;
  /** What the present plan names and the former one didn't. */
  readonly fresh: ReadonlySet<string>;
  /** What the former text was known to have. */
  readonly owned: Owned | undefined;
}

/** The marks of a text after it was followed and merged; undefined where nothing is in question. */
export function marksAfter(way: Way): Marks | undefined {
  const { before, after, generated, newValueOf, fresh, owned } = way;
  const tokens = [...findTokens(before)];
  const were = areOwned(before, tokens, owned);
  const flags = new Map<string, boolean[]>();
  for (const [index, token] of tokens.entries()) {
    const old = nameOf(token);
    const place = were[index] ? undefined : newValueOf(token);
    const name = nameOf({ ...token, ...place });
    const own = were[index] || (name === old && fresh.has(name));
    flags.set(name, [...(flags.get(name) ?? []), own === true]);
  }
  const marks: Record<string, string> = {};
  const found = [...findTokens(after)];
  const excess = excessOf(after, generated);
  for (const [name, own] of flags) {
    if (!own.includes(true)) continue;
    const here = found.filter((token) => nameOf(token) === name);
    if (here.length !== own.length) continue;
    const text = own.map((is, index) =>
      // The owner may have changed a generated line to what it is now: then it is ours.
      is && excess(lineOf(after, here[index] as Token)) ? "1" : "0",
    );
    if (text.includes("1")) marks[name] = text.join("");
  }
  return Object.keys(marks).length === 0 ? undefined : marks;
}

/** Whether a line stands in a text more often than it is generated. */
function excessOf(text: string, generated: string): (line: string) => boolean {
  const plain = text.split("\n").map((line) => line.replace(/\r$/, ""));
  const [here, made] = [counted(plain), counted(generated.split("\n"))];
  return (line) => (here.get(line) ?? 0) > (made.get(line) ?? 0);
}

function counted(values: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

/** The line that a token stands in, without its end. */
function lineOf(text: string, { start }: Token): string {
  const end = text.indexOf("\n", start);
  const line = text.slice(
    text.lastIndexOf("\n", start - 1) + 1,
    end < 0 ? undefined : end,
  );
  return line.replace(/\r$/, "");
}
