import type { AnswerKey, Answers } from "../answers/types.ts";

// Values of previous answers may still be in the owner's files, and in copies of .env, which git does
// not carry.

/** Answers whose values are in files, or decide about values there. */
const IN_FILES: readonly AnswerKey[] = [
  "prefix",
  "host",
  "exposed",
  "kong",
  "gateway",
  "expose",
  "ipv4",
  "ipv4Gateway",
  "backendSubnet",
  "internalPrefix",
  "dataDir",
];

/** Older ones are dropped, so that the state does not grow forever. */
export const MAX_PREVIOUS_ANSWERS = 100;

/**
 * Previous answers, newest first, without the current ones and without duplicates.
 * @param before newest first, with those that were current until now
 */
export function remember(
  before: readonly Answers[],
  current: Answers,
): Answers[] {
  const seen = new Set([fingerprint(current)]);
  const others = before.filter((answers) => {
    const values = fingerprint(answers);
    return !seen.has(values) && seen.add(values);
  });
  return others.slice(0, MAX_PREVIOUS_ANSWERS);
}

const fingerprint = (answers: Answers): string =>
  JSON.stringify(IN_FILES.map((key) => answers[key]));

/** As the state holds them: only the difference of each to the next newer one. */
export function abridged(
  previous: readonly Answers[],
  current: Answers,
): Partial<Answers>[] {
  return previous.map((answers, index) => {
    const newer = previous[index - 1] ?? current;
    const differing = Object.entries(answers).filter(
      ([key, value]) => String(value) !== String(newer[key as AnswerKey]),
    );
    return Object.fromEntries(differing);
  });
}
