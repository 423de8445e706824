import { parse6 } from "../support/ipv6.ts";

interface Range {
  readonly first: bigint;
  readonly length: number;
}

function range(prefix: string): Range {
  const [address = "", length = ""] = prefix.split("/");
  return { first: parse6(address) as bigint, length: Number(length) };
}

const holds = ({ first, length }: Range, address: bigint): boolean =>
  address >> BigInt(128 - length) === first >> BigInt(128 - length);

/**
 * The lines of a text that name something in a prefix, found another way than src/ip/find-addresses.ts does: by
 * every end of every word that something may stand before, and what is left of it without a port. A server
 * that keeps its address is not old.
 */
export function oldPlaces(
  text: string,
  old: string,
  present: { readonly prefix: string; readonly host: string },
): number[] {
  const was = range(old);
  const is = range(present.prefix);
  const host = parse6(present.host.split("/")[0] ?? "");
  return text.split("\n").flatMap((line, index) => {
    const named = namedIn(line).some(
      ([address, length]) =>
        address !== host &&
        holds(was, address) &&
        length >= was.length &&
        !(holds(is, address) && length >= is.length),
    );
    return named ? [index + 1] : [];
  });
}

const known = new Map<string, [bigint, number][]>();

/** What a line names, with its length in bits; most lines are the same in every case. */
function namedIn(line: string): [bigint, number][] {
  if (!line.includes(":") && !line.includes(".")) return [];
  const named =
    known.get(line) ??
    line
      .split(/[^0-9A-Za-z_:./-]+/)
      .flatMap(endsOf)
      .flatMap(addressesOf);
  known.set(line, named);
  return named;
}

/** A word, and what of it stands behind a word that can be no part of an address. */
function endsOf(word: string): string[] {
  const ends = [word];
  for (const { index, 0: found } of word.matchAll(/[_./:-]+/g)) {
    const before = word.slice(0, index);
    const end = word.slice(index + found.length);
    const apart = /[_/-]/.test(found) || /[g-z][0-9a-f]*$/i.test(before);
    const zone = /^([0-9a-f]\.)+ip6\.arpa/i.test(end);
    if (apart || (zone && /[0-9a-f]{2}$/i.test(before))) ends.push(end);
  }
  return ends.map((end) => end.replace(/[_-].*$/, ""));
}

function addressesOf(word: string): [bigint, number][] {
  const arpa = /^((?:[0-9a-f]\.)+)ip6\.arpa(?:\.|$)/i.exec(word)?.[1];
  if (arpa !== undefined) {
    const nibbles = arpa.split(".").reverse().join("");
    return [[BigInt(`0x${nibbles.padEnd(32, "0")}`), nibbles.length * 4]];
  }
  const [spelled = "", length] = word.replace(/[.:]$/, "").split("/");
  if (!/^[0-9A-Fa-f:.]+$/.test(spelled) || !spelled.includes(":")) return [];
  const port = spelled.split(":").length > 8 ? /[.:]\d+$/ : /\.\d+$/;
  const whole = parse6(spelled) ?? parse6(spelled.replace(port, ""));
  if (whole !== undefined) return [[whole, Number(length ?? 128)]];
  const start = parse6(`${spelled}::`);
  return start === undefined ? [] : [[start, spelled.split(":").length * 16]];
}
