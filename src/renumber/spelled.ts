import type { Spellings } from "../repository/state.ts";
import { areOwned, type Way } from "./ownership.ts";
import { findTokens, nameOf, type Token } from "../ip/find-addresses.ts";

// Some spellings don't survive that their address becomes another: the capitals of 2A01:4f8:: have
// nowhere to stand in 2600:1::. They are remembered, so that the way back ends where it began.

/** What each token of a text was spelled as before it was followed; "" for none. */
export function remembered(
  tokens: readonly Token[],
  spelled: Spellings | undefined,
): string[] {
  if (spelled === undefined) return tokens.map(() => "");
  const names = tokens.map(nameOf);
  const seen = new Map<string, number>();
  return names.map((name) => {
    const at = seen.get(name) ?? 0;
    seen.set(name, at + 1);
    if (!Object.hasOwn(spelled, name)) return "";
    const all = spelled[name] as readonly string[];
    // With one more or less nobody knows any more which is which.
    const fits = all.length === names.filter((one) => one === name).length;
    return (fits && all[at]) || "";
  });
}

/** A token's text with another value: as it was spelled when it had that, where that is remembered. */
export function spelledAs(
  token: Token,
  now: Pick<Token, "value" | "length">,
  was: string,
): string {
  const [old] = was === "" ? [] : findTokens(was);
  const whole = old?.start === 0 && old.end === was.length;
  return old && whole && nameOf(old) === nameOf({ ...token, ...now })
    ? was
    : token.respell(now.value, now.length);
}

/** What a text has to remember after it was followed and merged; undefined where that is nothing. */
export function spellingsAfter(way: Way): Spellings | undefined {
  const { before, after, placeOf, owned } = way;
  const tokens = [...findTokens(before)];
  const were = areOwned(before, tokens, owned);
  const known = remembered(tokens, owned?.spelled);
  const spelled: Record<string, string[]> = {};
  for (const [index, token] of tokens.entries()) {
    const now = were[index] ? undefined : placeOf(token);
    const name = nameOf({ ...token, ...now });
    const text = before.slice(token.start, token.end);
    const was = known[index] ?? "";
    const keeps = now ? toRemember(token, now, text, was) : was;
    (spelled[name] ??= []).push(keeps);
  }
  const found = [...findTokens(after)].map(nameOf);
  const kept = Object.entries(spelled).filter(
    ([name, all]) =>
      all.some((one) => one !== "") &&
      all.length === found.filter((one) => one === name).length,
  );
  return kept.length === 0 ? undefined : Object.fromEntries(kept);
}

/** The first spelling that the way back has to end at, unless it does by itself. */
function toRemember(
  token: Token,
  now: Pick<Token, "value" | "length">,
  text: string,
  was: string,
): string {
  const next = spelledAs(token, now, was);
  if (next === was) return "";
  if (was !== "") return was;
  const [moved] = findTokens(next);
  return moved?.respell(token.value, token.length) === text ? "" : text;
}
