import type { Action, Change } from "./changes.ts";
import type { Plan } from "./plan.ts";
import type { Style } from "./style.ts";

/** One sign per action, in the manner of terraform. */
const SIGN: Record<Action, string> = {
  create: "+",
  update: "~",
  merge: "~",
  markers: "~",
  delete: "-",
  conflict: "!",
  orphan: "=",
  gone: "=",
  keep: "=",
  same: "=",
};

const WORD: Record<Action, string> = {
  create: "to create",
  update: "to update",
  merge: "to merge with your edits",
  markers: "to mark with both texts",
  delete: "to delete",
  conflict: "in conflict",
  orphan: "left as yours",
  gone: "deleted by you",
  keep: "kept as yours",
  same: "as they should be",
};

/** One line per change that is more than nothing, and a summary line. */
export function changesText(changes: readonly Change[], style: Style): string {
  const lines = changes
    .filter(({ action }) => action !== "same")
    .map(({ path, action, reason }) => {
      const paint = paintOf(action, style);
      return `  ${paint(SIGN[action])} ${path}${reason === undefined ? "" : style.dim(`  (${reason})`)}`;
    });
  return [...lines, summaryText(changes)].join("\n");
}

export function summaryText(changes: readonly Change[]): string {
  const counts = Object.entries(summary(changes)).map(
    ([action, count]) => `${count} ${WORD[action as Action]}`,
  );
  return `Plan: ${counts.join(", ") || "nothing"}.`;
}

function paintOf(action: Action, style: Style): (text: string) => string {
  if (action === "create") return style.green;
  if (action === "conflict" || action === "delete") return style.red;
  return SIGN[action] === "~" ? style.yellow : style.dim;
}

/** `1 file`, `2 files`. */
export const counted = (count: number, thing: string): string =>
  `${count} ${thing}${count === 1 ? "" : "s"}`;

/** How many changes there are of each kind that occurs. */
export function summary(
  changes: readonly Change[],
): Partial<Record<Action, number>> {
  const counts: Partial<Record<Action, number>> = {};
  for (const { action } of changes) counts[action] = (counts[action] ?? 0) + 1;
  return counts;
}

/** The address plan in a few aligned lines. */
export function planText(plan: Plan): string {
  const rows: [string, string][] = [
    ["Kong", plan.kong.address],
    [
      "exposed subnet",
      `${plan.exposed.subnet} (Docker network ${plan.exposed.network})`,
    ],
    [
      "server",
      `${plan.host.interface} on ${plan.uplink.name}, gateway ${plan.gateway.address}`,
    ],
    [
      "prefix",
      `${plan.prefix}, ${plan.routed ? "routed" : "on-link"}, ${ndpText(plan)}`,
    ],
    ["IPv4", ipv4Text(plan)],
    [
      "kong-net",
      `${plan.backend.subnet}, admin API on http://${plan.backend.kong}:8001`,
    ],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows
    .map(([name, value]) => `  ${name.padEnd(width)}  ${value}`)
    .join("\n");
}

function ndpText({ ndp }: Plan): string {
  if (ndp.ndppd) return "NDP proxy ndppd";
  return ndp.kernel ? "NDP proxy of the kernel" : "no NDP proxy";
}

function ipv4Text({ ipv4 }: Plan): string {
  if (!ipv4.published) return "none";
  return ipv4.address === ""
    ? "80 and 443 on every IPv4 of the server"
    : `80 and 443 on ${ipv4.address}`;
}
