import {
  contains,
  formatAddress,
  formatSubnet,
  overlaps,
} from "../../ip/address.ts";
import { isUla } from "../../ip/special-ranges.ts";
import { ANY_ULA } from "../parse-addresses.ts";
import { gatewayAddress, hostAddress } from "../suggestions.ts";
import type { AnswerKey } from "../types.ts";
import { refusal, warning, type Context, type Finding } from "./finding.ts";

/** The prefix of Docker's default bridge: overlaps nothing else, and should be a random ULA. */
export function internalPrefixRules({ known }: Context): Finding[] {
  const { internalPrefix: internal, exposed } = known;
  const [host, gateway] = [hostAddress(known), gatewayAddress(known)];
  if (!internal) return [];
  const findings: Finding[] = [];
  const refuse = (reason: string, other: AnswerKey): void =>
    void findings.push(refusal("internalPrefix", reason, ANY_ULA, other));
  const warn = (reason: string): void =>
    void findings.push(warning("internalPrefix", reason, ANY_ULA));
  if (exposed && overlaps(internal, exposed))
    refuse(
      `it overlaps the exposed subnet ${formatSubnet(exposed)}`,
      "exposed",
    );
  if (host !== undefined && contains(internal, host))
    refuse(`it contains the host address ${formatAddress(6, host)}`, "host");
  if (gateway !== undefined && contains(internal, gateway))
    refuse(`it contains the gateway ${formatAddress(6, gateway)}`, "gateway");
  if (!isUla(internal)) {
    warn(
      "it is public: containers on Docker's default bridge get public addresses",
    );
  } else if ((internal.network >> 80n) % (1n << 40n) === 0n) {
    warn("its 40 random bits are all zero (RFC 4193 3.2.2)");
  }
  return findings;
}
