import { documentation } from "../../ip/special-ranges.ts";
import { freeSubnet } from "../suggestions.ts";
import { refusal, warning, type Context, type Finding } from "./finding.ts";

/** An exposed subnet is a /126 at the longest: there must be one without server and gateway. */
export function roomRules({ known }: Context): Finding[] {
  const { prefix, host = "keep", delivery } = known;
  if (!prefix || !delivery || freeSubnet({ ...known, host })) return [];
  const routed = { ...known, host, delivery: "routed" } as const;
  const flags = [
    ...(delivery === "routed" ? [] : ["--delivery routed"]),
    ...(freeSubnet(routed) ? [] : ["--host keep"]),
  ].join(" ");
  const ask = "sk the provider for a larger prefix";
  return [
    refusal(
      "prefix",
      "with this --delivery, --host and --gateway it has no room for Docker's gateway and Kong",
      freeSubnet({ ...routed, host: "keep" })
        ? `If the provider routes it to the server, give ${flags}; otherwise a${ask}`
        : `A${ask}`,
      "delivery",
      "host",
      "gateway",
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
