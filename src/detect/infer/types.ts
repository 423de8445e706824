import type { AnswerKey } from "../../answers/types.ts";
import type { Given } from "../../answers/resolve.ts";

/** An answer, and the fact it follows from. */
export interface Detected {
  readonly key: AnswerKey;
  readonly value: string;
  readonly source: string;
}

/** A fact that is reported, but that no answer follows from. */
export interface Seen {
  readonly key: string;
  readonly value: string;
  readonly source: string;
}

/** What the facts of a server say about the answers. */
export interface Detection {
  readonly answers: readonly Detected[];
  readonly seen: readonly Seen[];
  /** What could not be detected, or what the owner should know: one line each, without a full stop. */
  readonly warnings: readonly string[];
}

/** Collects a detection: each part of the inference adds to it. */
export interface Collector {
  readonly answer: (key: AnswerKey, value: string, source: string) => void;
  readonly see: (key: string, value: string, source: string) => void;
  readonly warn: (text: string) => void;
}

export const valuesOf = (answers: readonly Detected[]): Given =>
  Object.fromEntries(answers.map(({ key, value }) => [key, value]));

/** Detects again after each answer; the server itself is read only once. */
export type Detector = (given: Given) => Promise<Detection>;
