import { newValues, type NewValue } from "./moves.ts";
import { areOwned, type Owned } from "./ownership.ts";
import type { Plan } from "../plan/plan.ts";
import { findTokens } from "../ip/find-addresses.ts";

/** Replaces the values that changed between two plans. All other bytes stay, and so do the owner's own values. */
export type Rewrite = (text: string, owned?: Owned) => string;

/** Rewrites addresses, subnets and reverse names from one plan to another, as newValues() says. */
export function rewriter(
  from: Plan,
  to: Plan,
  existing?: ReadonlySet<string>,
): Rewrite {
  return rewriteWith(newValues(from, to, existing));
}

export const rewriteWith =
  (newValueOf: NewValue): Rewrite =>
  (text, owned) => {
    const tokens = findTokens(text);
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
