import { documentation } from "../../ip/special-ranges.ts";
import { warning, type Context, type Finding } from "./finding.ts";

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
