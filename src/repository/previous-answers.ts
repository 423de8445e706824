import type { AnswerKey, Answers } from "../answers/types.ts";

// What answers were before: values of theirs may still stand in the owner's files, and in copies
// of .env, which git doesn't carry.

/** The answers whose values stand in files as they are, or move others. */
const STANDING: readonly AnswerKey[] = [
  "prefix",
  "host",
  "exposed",
  "kong",
  "gateway",
  "ipv4",
  "ipv4Gateway",
  "backendSubnet",
  "internalPrefix",
  "dataDir",
];

/** Older ones are forgotten: a state needn't grow for ever. */
export const MOST_FORMER = 100;

/**
 * The answers of the past, newest first, after these have become the present ones.
 * @param before newest first
 */
export function remember(
  before: readonly Answers[],
  present: Answers,
): Answers[] {
  const seen = new Set([fingerprint(present)]);
  const others = before.filter((answers) => {
    const values = fingerprint(answers);
    return !seen.has(values) && seen.add(values);
  });
  return others.slice(0, MOST_FORMER);
}

const fingerprint = (answers: Answers): string =>
  JSON.stringify(STANDING.map((key) => answers[key]));

/** As the state holds them: of each only what differs from the next newer one. */
export function abridged(
  former: readonly Answers[],
  present: Answers,
): Partial<Answers>[] {
  return former.map((answers, index) => {
    const newer = former[index - 1] ?? present;
    const differing = Object.entries(answers).filter(
      ([key, value]) => String(value) !== String(newer[key as AnswerKey]),
    );
    return Object.fromEntries(differing);
  });
}
