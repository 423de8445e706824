import type { AnswerKey } from "../answers/types.ts";
import { setAt } from "../base/wrap.ts";
import type { Plan } from "./plan.ts";

/** One line of the address plan as it is printed. */
export interface PlanRow {
  readonly name: string;
  readonly value: string;
  /** The answer that settles this row; the other answers may still be defaults. */
  readonly key: AnswerKey;
}

/** The address plan for printing, the most important row first. */
export function planRows(plan: Plan): PlanRow[] {
  const { kong, exposed, host, uplink, prefix, backend } = plan;
  return [
    { key: "kong", name: "Kong", value: kong.address + alsoAt("kong", plan) },
    ...plan.others.map(({ name, address, portsText }): PlanRow => ({
      key: "expose",
      name,
      value: `${address}${alsoAt(name, plan)}, ports ${portsText}`,
    })),
    {
      key: "exposed",
      name: "exposed subnet",
      value: `${exposed.subnet} (Docker network ${exposed.network})`,
    },
    {
      key: "host",
      name: "server",
      value: `${host?.interface ?? "address as it is"}${oldText(plan.previous?.host?.interface)} on ${uplink.name}, ${gatewayText(plan)}`,
    },
    {
      key: "prefix",
      name: "prefix",
      value: `${prefix}, ${plan.routed ? "routed" : "on-link"}, ${ndpText(plan)}`,
    },
    { key: "ipv4", name: "IPv4", value: ipv4Text(plan) },
    {
      key: "backendSubnet",
      name: "kong-net",
      value: `${backend.subnet}, admin API on http://${backend.kong}:8001`,
    },
  ];
}

/** Rows in aligned columns, which are the same for any number of rows. */
export function rowsText(rows: readonly PlanRow[], columns: number): string {
  const width = "exposed subnet".length;
  return rows
    .map(
      ({ name, value }) =>
        `  ${name.padEnd(width)}  ${setAt(width + 4, value, columns)}`,
    )
    .join("\n");
}

/** The old address of a container during an overlap. */
const alsoAt = (name: string, { previous }: Plan): string =>
  oldText(previous?.containers.find((one) => one.name === name)?.address);

const oldText = (old: string | undefined): string =>
  old === undefined ? "" : ` (old: ${old})`;

function gatewayText({ gateway }: Plan): string {
  if (gateway.advertised) return "gateway from router advertisements";
  return gateway.address === "" ? "no gateway" : `gateway ${gateway.address}`;
}

function ndpText({ ndp }: Plan): string {
  if (ndp.ndppd) return "NDP proxy ndppd";
  return ndp.kernel ? "kernel NDP proxy" : "no NDP proxy";
}

function ipv4Text({ ipv4 }: Plan): string {
  if (!ipv4.published) return "none";
  return ipv4.address === ""
    ? "80 and 443 on every IPv4 of the server"
    : `80 and 443 on ${ipv4.address}`;
}

/** The old addresses that stay during an overlap; empty if none is on. */
export const addressesKept = ({ previous }: Plan): string[] =>
  previous === null
    ? []
    : [...(previous.host ? [previous.host] : []), ...previous.containers].map(
        ({ address }) => address,
      );
