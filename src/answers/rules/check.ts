import { formatAnswer } from "../normal-form.ts";
import { QUESTIONS, questionOf } from "../questions.ts";
import type { AnswerKey, KnownAnswers } from "../types.ts";
import { exposedRules } from "./exposed.ts";
import { exposeRules } from "./expose.ts";
import type { Finding, Rule } from "./finding.ts";
import { gatewayDoubts, gatewayGuess, gatewayRules } from "./gateway.ts";
import { hostRules, tunnelRules } from "./host.ts";
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
  tunnelRules,
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

type Keys = Partial<Record<AnswerKey, unknown>>;

/**
 * Checks the answers against each other; an unknown answer is not checked. Of two answers in
 * conflict, the one that is asked for later is refused, so that a prompt can show it at once. Only a
 * gateway is a fact: unless both are given, the answer in conflict with it is refused instead. All
 * remedies can be followed together: each takes into account what earlier ones suggest.
 * Sources: RFC 4291, 2526, 4193; moby libnetwork/ipam for the addresses that Docker takes
 * @param given has the keys of the answers that were given in this run
 * @param earlier has those of an earlier run; the others are defaults
 * @param suggestions what earlier errors suggest
 */
export function check(
  known: KnownAnswers,
  given: Keys = known,
  earlier: Keys = {},
  suggestions: KnownAnswers = {},
): Finding[] {
  const isOpen = (key: AnswerKey): boolean => given[key] === undefined;
  const isDefault = (key: AnswerKey): boolean =>
    isOpen(key) && earlier[key] === undefined;
  const findingsOn = (answers: KnownAnswers): Finding[] =>
    RULES.flatMap((rule) => rule({ known: answers, isOpen, isDefault }));
  let suggested = suggestions;
  return findingsOn(known).map((finding) => {
    if (finding.kind === "warning") return finding;
    const findings = findingsOn(withSuggested(known, suggested, isDefault));
    const now = findings.find((one) => isSame(one, finding));
    if (now === undefined)
      return { ...finding, remedy: whatFits(finding, suggested) };
    suggested = { ...suggested, ...now.suggested };
    return { ...finding, remedy: now.remedy, suggested: now.suggested };
  });
}

/** The answers if what is suggested is taken: the defaults follow. */
function withSuggested(
  known: KnownAnswers,
  suggested: KnownAnswers,
  isDefault: (key: AnswerKey) => boolean,
): KnownAnswers {
  const all: KnownAnswers = { ...known, ...suggested };
  for (const { key, fallback, random } of QUESTIONS) {
    const isKnown = known[key] !== undefined && suggested[key] === undefined;
    if (isKnown && isDefault(key) && !random)
      Object.assign(all, { [key]: fallback(all) ?? known[key] });
  }
  return all;
}

/** Whether two findings refuse the same value. */
const isSame = (a: Finding, b: Finding): boolean =>
  a.kind === b.kind && a.key === b.key && a.index === b.index;

/** The remedy if what earlier remedies suggest is enough. */
function whatFits(
  { key, others = [] }: Finding,
  suggested: KnownAnswers,
): string {
  const text = (one: AnswerKey): string | undefined => {
    const [question, value] = [questionOf(one), suggested[one]];
    return value === undefined || question.list
      ? undefined
      : String(formatAnswer(question, value));
  };
  if (text(key) !== undefined) return `Try ${text(key)}`;
  const other = others.find((one) => text(one) !== undefined);
  return other === undefined
    ? "What is suggested above is enough"
    : `It fits ${questionOf(other).flag} ${text(other)}`;
}
