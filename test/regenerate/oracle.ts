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
 * The lines of a text that name something in a prefix, found another way than src/tokens.ts does:
 * words of hexadecimal digits and colons, and nibbles before ip6.arpa.
 */
export function oldPlaces(
  text: string,
  old: string,
  present: string,
): number[] {
  const was = range(old);
  const is = range(present);
  return text.split("\n").flatMap((line, index) => {
    const words = line.split(/[^0-9A-Za-z_:./]+/);
    const named = words.some((word) =>
      addressesOf(word).some(
        ([address, length]) =>
          holds(was, address) &&
          length >= was.length &&
          !(holds(is, address) && length >= is.length),
      ),
    );
    return named ? [index + 1] : [];
  });
}

function addressesOf(word: string): [bigint, number][] {
  const arpa = /^((?:[0-9a-f]\.)+)ip6\.arpa\.?$/i.exec(word)?.[1];
  if (arpa !== undefined) {
    const nibbles = arpa.split(".").reverse().join("");
    return [[BigInt(`0x${nibbles.padEnd(32, "0")}`), nibbles.length * 4]];
  }
  const [spelled = "", length] = word.replace(/[.:]$/, "").split("/");
  if (!/^[0-9A-Fa-f:.]+$/.test(spelled) || !spelled.includes(":")) return [];
  const whole = parse6(spelled);
  if (whole !== undefined) return [[whole, Number(length ?? 128)]];
  const start = parse6(`${spelled}::`);
  return start === undefined ? [] : [[start, spelled.split(":").length * 16]];
}
