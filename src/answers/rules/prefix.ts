import { documentation } from "../../ip/special-ranges.ts";
import { freeSubnet } from "../suggestions.ts";
import { refusal, warning, type Context, type Finding } from "./finding.ts";

/** Room for the server, Docker's gateway and Kong. An exposed subnet is /126 at the longest. */
export function roomRules({ known }: Context): Finding[] {
  const { prefix, host, delivery } = known;
  if (!prefix || delivery === undefined || freeSubnet(known)) return [];
  if (delivery === "on-link" && prefix.length > 125) {
    return [
      refusal(
        "prefix",
        `a /${prefix.length} that is on-link (--delivery) has no room for the server, Docker's gateway and Kong`,
        "If the provider routes it to the server, add --delivery routed; otherwise ask for a larger prefix",
      ),
    ];
  }
  return host === undefined
    ? []
    : [
        refusal(
          "prefix",
          "beside --host and --gateway it has no room for Docker's gateway and Kong",
          delivery === "routed"
            ? "If the server's address may stay as it is, add --host keep; otherwise ask the provider for a larger prefix"
            : "Ask the provider for a larger prefix",
        ),
      ];
}

export function prefixRules({ known: { prefix } }: Context): Finding[] {
  const rfc = prefix && documentation(prefix);
  return rfc
    ? [
        warning(
          "prefix",
          `it is reserved for documentation (${rfc})`,
          "Use it for examples only",
        ),
      ]
    : [];
}

/** Who answers Neighbor Solicitations must match how the prefix is delivered. */
export function ndpRules({ known: { delivery, ndp } }: Context): Finding[] {
  if (delivery === "on-link" && ndp === "none") {
    return [
      warning(
        "ndp",
        "the prefix is on-link and nothing answers Neighbor Solicitations for Kong",
        "Unless something else does, Kong is unreachable: use --ndp ndppd or --ndp kernel",
      ),
    ];
  }
  if (delivery === "routed" && ndp !== undefined && ndp !== "none") {
    return [
      warning("ndp", "a routed prefix needs no NDP proxy", "Use --ndp none"),
    ];
  }
  return [];
}
