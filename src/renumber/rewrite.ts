import { newValues, type NewValue } from "./moves.ts";
import { areOwned, type Owned } from "./ownership.ts";
import type { Plan } from "../plan/plan.ts";
import { findTokens } from "../ip/find-addresses.ts";

/**
 * Replaces in a text what a changed plan changed; everything else stays to the byte, and so do the
 * newValues that are known to be the owner's own.
 */
export type Rewrite = (text: string, owned?: Owned) => string;

/**
 * Follows addresses, subnets and reverse names from one plan to another: those of the plan to their
 * new values, others inside a subnet that moved to the same place in the new one, as newValues() says.
 */
export function rewriter(
  from: Plan,
  to: Plan,
  standing?: ReadonlySet<string>,
): Rewrite {
  return rewriteWith(newValues(from, to, standing));
}

export const rewriteWith =
  (newValueOf: NewValue): Rewrite =>
  (text, owned) => {
    const tokens = [...findTokens(text)];
    const stays = areOwned(text, tokens, owned);
    let result = "";
    let end = 0;
    for (const [index, token] of tokens.entries()) {
      const now = stays[index] ? undefined : newValueOf(token);
      if (now === undefined) continue;
      result += text.slice(end, token.start);
      result += token.respell(now.value, now.length);
      end = token.end;
    }
    return result + text.slice(end);
  };
