import type { Issue } from "../base/errors.ts";
import { contains, formatAddress, includes } from "../ip/address.ts";
import { isLinkLocal } from "../ip/special-ranges.ts";
import { parsedOf } from "./normal-form.ts";
import { SHOWN_GATEWAY } from "./parse-addresses.ts";
import { linkOf } from "./suggestions.ts";
import type { Answers, ParsedAnswers } from "./types.ts";

/** What only the provider knows after the server moved to another link. */
export interface Unknown {
  /** Answers that have to be given now. */
  readonly issues: readonly Issue[];
  /** An answer that may be wrong now. */
  readonly warnings: readonly Issue[];
}

/**
 * A global gateway belongs to one link. If the server moves to another link and the gateway is not
 * given, it may still be that of the old link. In a longer on-link prefix it has to be given, with the
 * server's address; elsewhere this is a warning.
 */
export function gatewayLeft(
  answers: Answers,
  given: Partial<Answers>,
  moved: Answers,
): Unknown {
  const [before, after] = [parsedOf(answers), parsedOf(moved)];
  const { gateway, prefix, delivery } = after;
  if (
    given.gateway !== undefined ||
    typeof gateway !== "bigint" ||
    isLinkLocal(gateway) ||
    !isOtherLink(before, after)
  )
    return { issues: [], warnings: [] };
  const left = gateway === before.gateway;
  if (left && delivery === "on-link" && prefix.length > 64) {
    const why = `only the provider knows it in a /${prefix.length} that is on-link`;
    const remedy = `Give the new one: ${SHOWN_GATEWAY}`;
    const issues = [
      {
        flag: "--gateway",
        reason: `it is missing: ${answers.gateway} is the gateway of the old network, and ${why}`,
        remedy,
      },
    ];
    const host = {
      flag: "--host",
      reason: `it is missing: ${why}`,
      remedy:
        "Give the address that ip -6 addr shows with the length of its link, or keep to leave it as it is",
    };
    return {
      issues: given.host === undefined ? [host, ...issues] : issues,
      warnings: [],
    };
  }
  const reason = left
    ? "it was the gateway of the old network, and stays"
    : `it was ${answers.gateway}, and moved with the prefix`;
  const warning = {
    flag: "--gateway",
    value: formatAddress(6, gateway),
    reason,
    remedy: `If the provider's router has another address now, give --gateway: ${SHOWN_GATEWAY}`,
  };
  return { issues: [], warnings: [warning] };
}

/** Whether the server is on another link than before. A routed prefix says nothing of the link. */
function isOtherLink(before: ParsedAnswers, after: ParsedAnswers): boolean {
  const { host } = after;
  if (host === "keep" || before.host === "keep")
    return (
      after.delivery === "on-link" && !includes(before.prefix, after.prefix)
    );
  return !contains(linkOf(before.host), host.address);
}
