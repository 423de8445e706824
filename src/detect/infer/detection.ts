import { QUESTIONS } from "../../answers/questions.ts";
import { type Answers } from "../../answers/types.ts";
import { survey, type Given } from "../../answers/resolve.ts";
import type { Facts } from "../parse/facts.ts";
import {
  valuesOf,
  type Detected,
  type Detection,
  type Findings,
  type Seen,
} from "./findings.ts";
import { besideFormer } from "./previous.ts";
import { hostFacts } from "./host.ts";
import { softwareFacts } from "./software.ts";
import { subnetFacts } from "./subnets.ts";
import { carries, findUplink } from "./uplink.ts";

/**
 * The answers that facts speak for, in the light of those that the owner gave: what was given isn't
 * answered, and what doesn't go with it is left out. What can't be told is a warning, never a guess.
 * @param given in any spelling; what can't be read counts as not given
 * @param former the answers of before, where there are any
 */
export function detect(
  facts: Facts,
  given: Given = {},
  former?: Answers,
): Detection {
  const answers: Detected[] = [];
  const seen: Seen[] = [];
  const warnings: string[] = [];
  const known = { ...settled(facts, former), ...usable(given) };
  const findings: Findings = {
    answer: (key, value, source) => {
      if (given[key] === undefined) answers.push({ key, value, source });
    },
    see: (key, value, source) => void seen.push({ key, value, source }),
    warn: (text) => void warnings.push(text),
  };
  const uplink = findUplink(facts, known.interface);
  if (uplink) {
    const prefix = hostFacts(facts, uplink, known, findings);
    subnetFacts(facts, uplink.name, { ...known, ...prefix }, findings);
  } else {
    findings.warn(
      known.interface === undefined
        ? "there is no default route, so the uplink can't be told: give --interface"
        : `there is no interface ${known.interface}`,
    );
  }
  softwareFacts(facts, uplink?.name, findings);
  const changed =
    former && uplink
      ? besideFormer(answers, facts, uplink.name, former)
      : answers;
  // Renumbered, or not the server at all: only the owner knows.
  if (former && changed.length > 0 && isElsewhere(facts, former))
    findings.warn(
      `no address of ${former.prefix} is on this machine: if it is not the server, leave --detect out`,
    );
  const fitting = withoutRefused(changed, given, findings);
  return { answers: inOrder(fitting), seen, warnings };
}

/** A routed prefix need not be on the uplink. */
const isElsewhere = (facts: Facts, { delivery, prefix }: Answers): boolean =>
  delivery !== "routed" && !carries(facts, prefix);

/** What of the answers of before the server still bears out: the rest is seen in its light. */
function settled(facts: Facts, former: Answers | undefined): Partial<Answers> {
  if (former === undefined) return {};
  const { prefix, delivery, ipv4Gateway } = former;
  const stays = delivery !== "routed" && carries(facts, prefix);
  return { delivery, ipv4Gateway, ...(stays && { prefix }) };
}

/** As they are asked for. */
const inOrder = (answers: readonly Detected[]): Detected[] =>
  QUESTIONS.flatMap((question) =>
    answers.filter(({ key }) => key === question.key),
  );

const usable = (given: Given): Partial<Answers> =>
  survey(given, { defaults: false }).answers;

/** What the rules refuse is no answer, however well it was seen: it goes, and is named. */
function withoutRefused(
  answers: readonly Detected[],
  given: Given,
  { warn }: Findings,
): Detected[] {
  const all = { ...valuesOf(answers), ...given };
  // With a prefix, defaults have to go with them too.
  const { issues } = survey(all, {
    defaults: all.prefix !== undefined,
  });
  const flagOf = ({ key }: Detected): string =>
    QUESTIONS.find((question) => question.key === key)?.flag ?? key;
  for (const one of answers) {
    const issue = issues.find(({ flag }) => flag === flagOf(one));
    if (issue === undefined) continue;
    warn(
      `${one.key} ${one.value}, ${one.source}, is left out: ${issue.reason}`,
    );
    // Without it another one may be in order.
    return withoutRefused(
      answers.filter((other) => other !== one),
      given,
      { answer: () => {}, see: () => {}, warn },
    );
  }
  return [...answers];
}
