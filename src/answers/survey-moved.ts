import type { Issue } from "../base/errors.ts";
import { contains, formatAddress, includes } from "../ip/address.ts";
import { isLinkLocal } from "../ip/special-ranges.ts";
import { isHostUnknown, move } from "./carry-over.ts";
import { missing } from "./missing.ts";
import { parsedOf } from "./normal-form.ts";
import { SHOWN_GATEWAY } from "./parse-addresses.ts";
import { questionOf } from "./questions.ts";
import { recheck, type Survey } from "./resolve.ts";
import { GIVE_HOST, whyKept } from "./rules/host.ts";
import { linkOf } from "./suggestions.ts";
import type { Answers, ParsedAnswers } from "./types.ts";

/** What a move leaves open. */
interface MoveCheck {
  /** Answers that only the provider knows now: they have to be given. */
  readonly issues: readonly Issue[];
  /** Answers that may be wrong now. */
  readonly warnings: readonly Issue[];
}

/**
 * All answers after a change: the given ones, with the earlier ones as defaults. Addresses in a subnet
 * that moved move with it.
 * @param found a survey of the given answers, without defaults
 */
export function surveyMoved(found: Survey, earlier: Answers): Survey {
  const given = found.answers;
  const answers = move(earlier, given);
  const open = checkMove(earlier, given, answers);
  const checked = recheck(answers, given, earlier);
  const issues = [...found.issues, ...open.issues];
  const told = new Set(issues.map(({ flag }) => flag));
  return {
    answers,
    issues: [
      ...issues,
      ...checked.issues.filter(({ flag }) => !told.has(flag)),
    ],
    warnings: [...checked.warnings, ...open.warnings],
  };
}

/** Whether the server's address and its gateway are still known after a move. */
export function checkMove(
  earlier: Answers,
  given: Partial<Answers>,
  moved: Answers,
): MoveCheck {
  const { issues, warnings } = checkGateway(earlier, given, moved);
  const isKept =
    given.host === undefined &&
    earlier.host !== moved.host &&
    moved.host === "keep";
  const { prefix } = parsedOf(moved);
  const reason = whyKept(prefix);
  const kept = { flag: "--host", value: "keep", reason, remedy: GIVE_HOST };
  const gateway = { issues, warnings: isKept ? [...warnings, kept] : warnings };
  const isTold = gateway.issues.some(({ flag }) => flag === "--host");
  if (isTold || !isHostUnknown(earlier, given, moved)) return gateway;
  const { host: _, ...known } = parsedOf(moved);
  const host = missing(questionOf("host"), known, given);
  return host
    ? { ...gateway, issues: [host.issue, ...gateway.issues] }
    : gateway;
}

/**
 * A global gateway belongs to one link. If the server moves to another link and the gateway is not
 * given, it may still be that of the old link. In a longer on-link prefix it has to be given, with the
 * server's address; elsewhere this is a warning.
 */
function checkGateway(
  earlier: Answers,
  given: Partial<Answers>,
  moved: Answers,
): MoveCheck {
  const [before, after] = [parsedOf(earlier), parsedOf(moved)];
  const { gateway, prefix, delivery } = after;
  if (
    given.gateway !== undefined ||
    typeof gateway !== "bigint" ||
    isLinkLocal(gateway) ||
    !isOtherLink(before, after)
  )
    return { issues: [], warnings: [] };
  const stays = gateway === before.gateway;
  if (stays && delivery === "on-link" && prefix.length > 64) {
    const why = `only the provider knows it in a /${prefix.length} that is on-link`;
    const issues = [
      {
        flag: "--gateway",
        reason: `it is missing: ${earlier.gateway} is the gateway of the old network, and ${why}`,
        remedy: `Give the new one: ${SHOWN_GATEWAY}`,
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
  const reason = stays
    ? "it was the gateway of the old network, and stays"
    : `it was ${earlier.gateway}, and moved with the prefix`;
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
