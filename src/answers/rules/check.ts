import type { AnswerKey, KnownAnswers } from "../types.ts";
import { exposedRules } from "./exposed.ts";
import { exposeRules } from "./expose.ts";
import type { Finding, Rule } from "./finding.ts";
import { gatewayDoubts, gatewayGuess, gatewayRules } from "./gateway.ts";
import { hostRules } from "./host.ts";
import { internalPrefixRules } from "./internal-prefix.ts";
import { ipv4Rules } from "./ipv4.ts";
import { kongRules } from "./kong.ts";
import { ndpRules, prefixRules, roomRules } from "./prefix.ts";
import { firewallRules, imageRules, networkRules } from "./software.ts";

/** In the order in which errors and warnings are printed. */
const RULES: readonly Rule[] = [
  prefixRules,
  roomRules,
  hostRules,
  exposedRules,
  kongRules,
  gatewayRules,
  gatewayDoubts,
  gatewayGuess,
  ndpRules,
  exposeRules,
  ipv4Rules,
  internalPrefixRules,
  networkRules,
  imageRules,
  firewallRules,
];

/**
 * Checks the answers against each other; an unknown answer is not checked. Of two answers in
 * conflict, the one that is asked for later is refused, so that a prompt can show it at once. Only a
 * gateway is a fact: a default in conflict with it is refused instead.
 * Sources: RFC 4291, 2526, 4193; moby libnetwork/ipam for the addresses that Docker takes
 * @param given has the keys of the owner's own answers; the others are defaults
 */
export function check(
  known: KnownAnswers,
  given: Partial<Record<AnswerKey, unknown>> = known,
): Finding[] {
  const isDefault = (key: AnswerKey): boolean => given[key] === undefined;
  return RULES.flatMap((rule) => rule({ known, isDefault }));
}
