import { contains, formatAddress, type Subnet } from "../../ip/address.ts";
import type { AnswerKey, KnownAnswers } from "../types.ts";

/** A conflict between one answer and the others, or something unusual about it. */
export interface Finding {
  /** A refusal makes the answers unusable; a warning doesn't. */
  readonly kind: "refusal" | "warning";
  /** The answer that should change. */
  readonly key: AnswerKey;
  readonly reason: string;
  readonly remedy: string;
}

/** What every rule looks at. */
export interface Context {
  /** Answers and defaults; what is unknown is not checked. */
  readonly known: KnownAnswers;
  /** Whether an answer is a default, not the owner's own. */
  readonly isDefault: (key: AnswerKey) => boolean;
}

export type Rule = (context: Context) => Finding[];

export const refusal = (
  key: AnswerKey,
  reason: string,
  remedy: string,
): Finding => ({ kind: "refusal", key, reason, remedy });

export const warning = (
  key: AnswerKey,
  reason: string,
  remedy: string,
): Finding => ({ kind: "warning", key, reason, remedy });

/** `Try 2001:db8::2` */
export const tryAddress = (address: bigint): string =>
  `Try ${formatAddress(6, address)}`;

/** The exposed subnet, unless it is outside the prefix and so has to change itself. */
export function usableExposed({
  prefix,
  exposed,
}: KnownAnswers): Subnet | undefined {
  return exposed && (!prefix || contains(prefix, exposed.network))
    ? exposed
    : undefined;
}

export function isGatewayExposed({ exposed, gateway }: KnownAnswers): boolean {
  return (
    exposed !== undefined && gateway !== undefined && contains(exposed, gateway)
  );
}

/** Whether the owner gave a host inside a default exposed subnet: the error names what was given. */
export const isHostInDefault = ({ known, isDefault }: Context): boolean =>
  known.host !== undefined &&
  known.exposed !== undefined &&
  contains(known.exposed, known.host) &&
  isDefault("exposed") &&
  !isDefault("host");
