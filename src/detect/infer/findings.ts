import type { AnswerKey } from "../../answers/types.ts";
import type { Given } from "../../answers/resolve.ts";

/** An answer, and the fact that it came from. */
export interface Detected {
  readonly key: AnswerKey;
  readonly value: string;
  readonly source: string;
}

/** Something seen that no answer follows from. */
export interface Seen {
  readonly key: string;
  readonly value: string;
  readonly source: string;
}

/** What a server says about itself. */
export interface Detection {
  readonly answers: readonly Detected[];
  readonly seen: readonly Seen[];
  /** What could not be told, or what the owner should know: one line each, without a full stop. */
  readonly warnings: readonly string[];
}

/** Where the parts of a detection put what they find. */
export interface Findings {
  readonly answer: (key: AnswerKey, value: string, source: string) => void;
  readonly see: (key: string, value: string, source: string) => void;
  readonly warn: (text: string) => void;
}

export const valuesOf = (answers: readonly Detected[]): Given =>
  Object.fromEntries(answers.map(({ key, value }) => [key, value]));

/** Says what a server tells in the light of the answers so far; it is looked at once. */
export type Look = (given: Given) => Promise<Detection>;
