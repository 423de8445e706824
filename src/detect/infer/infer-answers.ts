import { QUESTIONS } from "../../answers/questions.ts";
import { type Answers } from "../../answers/types.ts";
import { survey, type Given } from "../../answers/resolve.ts";
import type { Facts } from "../parse/facts.ts";
import {
  valuesOf,
  type Detected,
  type Detection,
  type Collector,
  type Seen,
} from "./types.ts";
import { changedSincePrevious } from "./previous.ts";
import { hostFacts } from "./host.ts";
import { softwareFacts } from "./software.ts";
import { subnetFacts } from "./subnets.ts";
import { hasAddressOn, uplinkOf } from "./uplink.ts";

/**
 * Infers answers from facts. Given answers are not answered again, and an inferred answer that
 * contradicts them is dropped. What the facts do not show is a warning.
 * @param given in any spelling; unreadable ones count as not given
 * @param previous the answers in the repository, if there is one
 */
export function inferAnswers(
  facts: Facts,
  given: Given = {},
  previous?: Answers,
): Detection {
  const answers: Detected[] = [];
  const seen: Seen[] = [];
  const warnings: string[] = [];
  const asked = readable(given);
  const uplink = uplinkOf(facts, asked, previous);
  const known = { ...confirmed(facts, uplink?.name, previous), ...asked };
  const collector: Collector = {
    answer: (key, value, source) => {
      if (given[key] === undefined) answers.push({ key, value, source });
    },
    see: (key, value, source) => void seen.push({ key, value, source }),
    warn: (text) => void warnings.push(text),
  };
  if (uplink) {
    hostFacts(facts, uplink, known, collector);
    const inferred = readable(valuesOf(answers));
    subnetFacts(facts, uplink.name, { ...inferred, ...known }, collector);
  } else {
    collector.warn(
      known.interface === undefined
        ? "there is no default route, so the uplink cannot be detected: give --interface"
        : `there is no interface ${known.interface}`,
    );
  }
  softwareFacts(facts, uplink?.name, collector);
  const changed =
    previous && uplink
      ? changedSincePrevious(answers, facts, uplink.name, previous)
      : answers;
  // The server was renumbered, or this is another machine: only the owner knows.
  if (
    previous &&
    changed.length > 0 &&
    facts.links.every(({ name }) => isMoved(facts, name, previous))
  )
    collector.warn(
      `this machine has no address in ${previous.prefix}. If it is not the server, run without --detect`,
    );
  const fitting = withoutRejected(changed, given, collector.warn);
  return { answers: inOrder(fitting), seen, warnings };
}

/** Whether an interface has no address of the previous prefix. A routed one need not be there. */
const isMoved = (
  facts: Facts,
  name: string | undefined,
  { delivery, prefix }: Answers,
): boolean => delivery !== "routed" && !hasAddressOn(facts, name, prefix);

/** The previous answers that the server confirms. Others are inferred with these as given. */
function confirmed(
  facts: Facts,
  uplink: string | undefined,
  previous: Answers | undefined,
): Partial<Answers> {
  if (previous === undefined) return {};
  const { prefix, delivery, ipv4Gateway } = previous;
  const stays = !isMoved(facts, uplink, previous);
  return {
    delivery,
    ipv4Gateway,
    ...(stays && { prefix }),
    ...(uplink === previous.interface && { interface: uplink }),
  };
}

/** In the order of the questions. */
const inOrder = (answers: readonly Detected[]): Detected[] =>
  QUESTIONS.flatMap((question) =>
    answers.filter(({ key }) => key === question.key),
  );

const readable = (given: Given): Partial<Answers> =>
  survey(given, { defaults: false }).answers;

/** Drops inferred answers that the rules reject, with a warning for each. */
function withoutRejected(
  answers: readonly Detected[],
  given: Given,
  warn: Collector["warn"],
): Detected[] {
  const all = { ...valuesOf(answers), ...given };
  // With a prefix, the defaults must fit them too.
  const { issues } = survey(all, {
    defaults: all.prefix !== undefined,
  });
  const flagOf = ({ key }: Detected): string =>
    QUESTIONS.find((question) => question.key === key)?.flag ?? key;
  for (const one of answers) {
    const issue = issues.find(({ flag }) => flag === flagOf(one));
    if (issue === undefined) continue;
    warn(
      `${one.key} ${one.value}, ${one.source}, is not used: ${issue.reason}`,
    );
    // Without it, another answer may be valid.
    return withoutRejected(
      answers.filter((other) => other !== one),
      given,
      warn,
    );
  }
  return [...answers];
}
