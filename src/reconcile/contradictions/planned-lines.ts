import { findTokens, nameOf } from "../../ip/find-addresses.ts";
import { COMMENT } from "./firewall-ports.ts";

/** The words of one line that is not blank. */
interface Line {
  readonly number: number;
  readonly words: readonly string[];
}

/** What the owner's line has instead of a planned name; "" if nothing. */
interface Difference {
  readonly name: string;
  readonly found: string;
}

/**
 * Where a line-based file names another interface, network or address than the plan. A generated line that
 * the owner changed must still have its names between the same words; `$variable` stands for any. A line
 * that the owner adds contradicts nothing.
 * @param known the interfaces and networks of the plan
 * @returns `line 9 has eth9, not ens3`, `ens3 is missing`
 */
export function differences(
  text: string,
  generated: string,
  known: readonly string[],
): string[] {
  const [yours, planned] = [linesOf(text), linesOf(generated)];
  const addresses = findTokens(plain(generated)).map(nameOf);
  const added = without(yours, planned);
  const words = new Set(yours.flatMap((line) => line.words));
  const found = without(planned, yours).flatMap((line) => {
    const all = hasPort(line) ? known : [...known, ...addresses];
    const names = new Set(line.words.filter((word) => all.includes(word)));
    const alike = added.flatMap(({ number, words: own }) => {
      const list = differencesIn(own, line.words, names)?.filter(
        // A name that was only moved, such as to the next line of a list, is no difference.
        ({ name, found }) => found !== "" || !words.has(name),
      );
      return list ? [{ number, list, length: own.length }] : [];
    });
    // The most similar line: the shortest of those with the fewest differences.
    const [best] = alike.sort(
      (a, b) => a.list.length - b.list.length || a.length - b.length,
    );
    return best
      ? best.list.map((one) => differenceText(best.number, one))
      : [...names].filter((name) => !words.has(name)).map(missingText);
  });
  return [...new Set(found)];
}

const differenceText = (line: number, { name, found }: Difference): string =>
  found === ""
    ? `line ${line} lacks ${name}`
    : `line ${line} has ${found}, not ${name}`;

const missingText = (name: string): string => `${name} is missing`;

function without(lines: readonly Line[], others: readonly Line[]): Line[] {
  const known = new Set(others.map(({ words }) => words.join(" ")));
  return lines.filter(({ words }) => !known.has(words.join(" ")));
}

/** The address of a line with a port is compared together with the port (firewall-ports.ts). */
const hasPort = ({ words }: Line): boolean =>
  / (dport|port \d)/.test(words.join(" "));

/**
 * The names of a planned line that the owner's line does not have between the same words.
 * @returns undefined if the owner's line lacks one of the other words
 */
function differencesIn(
  own: readonly string[],
  planned: readonly string[],
  names: ReadonlySet<string>,
): Difference[] | undefined {
  const list: Difference[] = [];
  let wanted: string[] = [];
  let at = 0;
  if (planned.every((word) => names.has(word))) return undefined;
  for (const word of [...planned, undefined]) {
    if (word !== undefined && names.has(word)) {
      wanted.push(word);
      continue;
    }
    const next = word === undefined ? own.length : own.indexOf(word, at);
    if (next < 0) return undefined;
    const between = own.slice(at, next);
    const found = between.filter((one) => !wanted.includes(one)).join(" ");
    if (!found.includes("$"))
      for (const name of wanted)
        if (!between.includes(name)) list.push({ name, found });
    wanted = [];
    at = next + 1;
  }
  return list;
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
