import {
  contains,
  formatAddress,
  includes,
  type Subnet,
} from "../../ip/address.ts";
import { freeHost, gatewayAddress, hostAddress } from "../suggestions.ts";
import type { AnswerKey, KnownAnswers } from "../types.ts";

/** A conflict between one answer and the others, or something unusual about it. */
export interface Finding {
  /** A refusal makes the answers unusable; a warning doesn't. */
  readonly kind: "refusal" | "warning";
  /** The answer that should change. */
  readonly key: AnswerKey;
  /** Which one, if the answer is a list. */
  readonly value?: string;
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

/** The remedy for a server address that can't be. */
export function tryHost(prefix: Subnet, known: KnownAnswers): string {
  const free = freeHost(prefix, known);
  return free === undefined
    ? "Ask the provider for a larger prefix"
    : tryAddress(free);
}

/** `Try 2001:db8::2` */
export const tryAddress = (address: bigint): string =>
  `Try ${formatAddress(6, address)}`;

/** The exposed subnet, unless it is outside the prefix and so has to change itself. */
export function usableExposed({
  prefix,
  exposed,
}: KnownAnswers): Subnet | undefined {
  return exposed && (!prefix || includes(prefix, exposed))
    ? exposed
    : undefined;
}

export const isGatewayExposed = (known: KnownAnswers): boolean =>
  isExposed(known, gatewayAddress(known));

export const isHostExposed = (known: KnownAnswers): boolean =>
  isExposed(known, hostAddress(known));

const isExposed = (
  { exposed }: KnownAnswers,
  address: bigint | undefined,
): boolean =>
  exposed !== undefined && address !== undefined && contains(exposed, address);

/** Whether the owner gave a host inside a default exposed subnet: the error names what was given. */
export const isHostInDefault = ({ known, isDefault }: Context): boolean =>
  isHostExposed(known) && isDefault("exposed") && !isDefault("host");
