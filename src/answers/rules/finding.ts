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
  /** Which value, if the answer is a list: as it was given, and its place. */
  readonly value?: string;
  readonly index?: number;
  readonly reason: string;
  readonly remedy: string;
  /** The other answers that the reason is about. */
  readonly others?: readonly AnswerKey[];
  /** The value that the remedy suggests. */
  readonly suggested?: KnownAnswers | undefined;
}

/** What every rule looks at. */
export interface Context {
  /** Answers and defaults; what is unknown is not checked. */
  readonly known: KnownAnswers;
  /** Whether an answer is not given in this run: a default, or an earlier answer. */
  readonly isOpen: (key: AnswerKey) => boolean;
  /** Whether an answer is a default, neither given now nor earlier. */
  readonly isDefault: (key: AnswerKey) => boolean;
}

export type Rule = (context: Context) => Finding[];

/** What would do instead: in words, and as a value. */
export type Remedy = string | Pick<Finding, "remedy" | "suggested">;

/** @param others the other answers that the reason is about */
export const refusal = (
  key: AnswerKey,
  reason: string,
  remedy: Remedy,
  ...others: readonly AnswerKey[]
): Finding => ({
  kind: "refusal",
  key,
  reason,
  others,
  ...(typeof remedy === "string" ? { remedy } : remedy),
});

export const warning = (
  key: AnswerKey,
  reason: string,
  remedy: string,
): Finding => ({ kind: "warning", key, reason, remedy });

/** The remedy for a server address that can't be. */
export function tryHost(prefix: Subnet, known: KnownAnswers, end = ""): Remedy {
  const address = freeHost(prefix, known);
  return address === undefined
    ? "Ask the provider for a larger prefix"
    : {
        remedy: `Try ${formatAddress(6, address)}${end}`,
        suggested: { host: { address, length: 64 } },
      };
}

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

/** Whether the owner gave a host, and not the exposed subnet around it: the error names what was given. */
export const isHostInDefault = ({ known, isOpen }: Context): boolean =>
  isHostExposed(known) && isOpen("exposed") && !isOpen("host");
