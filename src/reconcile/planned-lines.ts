import { findTokens, nameOf } from "../ip/find-addresses.ts";
import { COMMENT } from "./firewall-ports.ts";

/** The words of one line that is not blank. */
interface Line {
  readonly number: number;
  readonly words: readonly string[];
}

/** What a line of the owner's has instead of a fact; "" for nothing. */
interface Other {
  readonly fact: string;
  readonly found: string;
}

/**
 * Where the owner's lines name other interfaces, networks or addresses than the generated ones. A
 * generated line that the owner changed must still have its facts between the same words; `$variable`
 * stands for any. A line that the owner adds contradicts nothing.
 * @param names the interfaces and networks of the plan
 * @returns `line 9 has eth9, not ens3`, `ens3 is missing`
 */
export function otherFacts(
  text: string,
  generated: string,
  names: readonly string[],
): string[] {
  const [yours, planned] = [linesOf(text), linesOf(generated)];
  const addresses = findTokens(plain(generated)).map(nameOf);
  const added = without(yours, planned);
  const words = new Set(yours.flatMap((line) => line.words));
  const found = without(planned, yours).flatMap((line) => {
    const known = hasPort(line) ? names : [...names, ...addresses];
    const facts = new Set(line.words.filter((word) => known.includes(word)));
    const alike = added.flatMap(({ number, words: own }) => {
      const others = othersIn(own, line.words, facts)?.filter(
        // A fact that was only moved, such as to the next line of a list, is no other.
        ({ fact, found }) => found !== "" || !words.has(fact),
      );
      return others ? [{ number, others, length: own.length }] : [];
    });
    // The most similar line: the shortest of those with the most facts.
    const [best] = alike.sort(
      (a, b) => a.others.length - b.others.length || a.length - b.length,
    );
    return best
      ? best.others.map((other) => otherText(best.number, other))
      : [...facts].filter((fact) => !words.has(fact)).map(missingText);
  });
  return [...new Set(found)];
}

const otherText = (line: number, { fact, found }: Other): string =>
  found === ""
    ? `line ${line} lacks ${fact}`
    : `line ${line} has ${found}, not ${fact}`;

const missingText = (fact: string): string => `${fact} is missing`;

function without(lines: readonly Line[], others: readonly Line[]): Line[] {
  const known = new Set(others.map(({ words }) => words.join(" ")));
  return lines.filter(({ words }) => !known.has(words.join(" ")));
}

/** The address of a line with a port is compared together with the port (firewall-ports.ts). */
const hasPort = ({ words }: Line): boolean =>
  / (dport|port \d)/.test(words.join(" "));

/**
 * The facts of a planned line that the owner's line does not have between the same words.
 * @returns undefined if the owner's line lacks one of the other words
 */
function othersIn(
  own: readonly string[],
  planned: readonly string[],
  facts: ReadonlySet<string>,
): Other[] | undefined {
  const others: Other[] = [];
  let wanted: string[] = [];
  let at = 0;
  if (planned.every((word) => facts.has(word))) return undefined;
  for (const word of [...planned, undefined]) {
    if (word !== undefined && facts.has(word)) {
      wanted.push(word);
      continue;
    }
    const next = word === undefined ? own.length : own.indexOf(word, at);
    if (next < 0) return undefined;
    const between = own.slice(at, next);
    const found = between.filter((one) => !wanted.includes(one)).join(" ");
    if (!found.includes("$"))
      for (const fact of wanted)
        if (!between.includes(fact)) others.push({ fact, found });
    wanted = [];
    at = next + 1;
  }
  return others;
}

/** Without comments and quotes. */
const plain = (text: string): string =>
  text.replace(COMMENT, "").replace(/["']/g, "");

function linesOf(text: string): Line[] {
  let normal = "";
  let at = 0;
  const code = plain(text);
  for (const token of findTokens(code)) {
    normal += code.slice(at, token.start) + nameOf(token);
    at = token.end;
  }
  return (normal + code.slice(at))
    .split("\n")
    .map((line, index) => ({ number: index + 1, words: wordsOf(line) }))
    .filter(({ words }) => words.length > 0);
}

/** A sysctl key is several words: one of them is an interface. */
const wordsOf = (line: string): string[] =>
  (line.match(/[\w$./:-]+/g) ?? []).flatMap((word) =>
    /^-?net\./.test(word) ? word.split(".") : [word],
  );
