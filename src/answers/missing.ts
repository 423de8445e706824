import type { Issue } from "../base/errors.ts";
import { formatAddress } from "../ip/address.ts";
import { parseLink } from "./parse-addresses.ts";
import { freeHost } from "./suggestions.ts";
import type {
  AnswerKey,
  KnownAnswers,
  ParsedAnswers,
  Question,
} from "./types.ts";

interface Missing {
  readonly issue: Issue;
  /** The value that the remedy names. */
  readonly suggested?: ParsedAnswers[AnswerKey];
}

/**
 * The issue of an answer that has no default and was not given; undefined for one that waits for
 * another answer.
 * @param given the owner's own answers
 */
export function missing(
  question: Question,
  known: KnownAnswers,
  given: Partial<Record<AnswerKey, unknown>>,
): Missing | undefined {
  const { key, flag, metavar, meaning } = question;
  if (key === "prefix") {
    const reason = `it is missing: ${meaning}`;
    return { issue: { flag, reason, remedy: `Give ${flag} ${metavar}` } };
  }
  const { prefix } = known;
  if (key !== "host" || !prefix) return undefined;
  // The owner may have given the server's address as the prefix.
  const typed = parseLink(given.prefix)?.host ?? freeHost(prefix, known);
  // A /126 has no room for a server: the rules refuse it.
  if (prefix.length > 125 || typed === undefined) return undefined;
  const issue = {
    flag,
    reason: `it is missing: only the provider knows the server's address in a /${prefix.length} that is on-link (--delivery)`,
    remedy: `Give the address that ip -6 addr shows with the length of its link, like ${flag} ${formatAddress(6, typed)}/64, and as --gateway the one that ip -6 route show default shows; or ${flag} keep to leave both as they are. If the provider routes the prefix to the server, give --delivery routed`,
  };
  return { issue, suggested: { address: typed, length: 64 } };
}
