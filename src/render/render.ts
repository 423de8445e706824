import type { Plan } from "../plan/plan.ts";
import { SECRET } from "./secrets.ts";
import { alignTables } from "../base/markdown-table.ts";
import { loadTemplates } from "./templates.ts";

export interface File {
  readonly text: string;
  /** Permission bits, as in chmod(2). */
  readonly mode: number;
}

/** Relative path (with /) to file, in the order of the paths. */
export type Tree = ReadonlyMap<string, File>;

/** Files that only some plans have; all others are always generated. */
const ONLY: Readonly<Record<string, (plan: Plan) => boolean>> = {
  "kong.yml": (plan) => !plan.postgres,
  "host/etc/ndppd.conf": (plan) => plan.ndp.ndppd,
  "host/etc/systemd/system/ndppd.service": (plan) => plan.ndp.ndppd,
  "host/etc/systemd/network/10-netplan-[interface].network.d/60-kong-ndp.conf":
    (plan) => plan.ndp.kernel,
  "host/etc/kong-ipv6/firewall.nft": (plan) => plan.firewall.own,
  "host/etc/systemd/system/kong-ipv6-firewall.service": (plan) =>
    plan.firewall.own,
  "host/etc/systemd/system/nftables.service.d/kong-ipv6.conf": (plan) =>
    plan.firewall.own,
};

/**
 * Prints every template with the plan. Secrets are printed as SECRET (see secret.ts): what this
 * returns may be stored and shown.
 */
export function render(plan: Plan): Tree {
  const data = { ...plan, secret: SECRET };
  const tree = new Map<string, File>();
  for (const [name, template] of templates()) {
    if (ONLY[name]?.(plan) === false) continue;
    const path = name.replace("[interface]", plan.uplink.name);
    const text = template(data);
    tree.set(path, {
      text: path.endsWith(".md") ? alignTables(text) : text,
      mode: modeOf(path),
    });
  }
  return tree;
}

let loaded: ReturnType<typeof loadTemplates> | undefined;

/** Loaded once, when first needed. */
function templates(): ReturnType<typeof loadTemplates> {
  return (loaded ??= loadTemplates());
}

function modeOf(path: string): number {
  if (path.endsWith(".sh")) return 0o755;
  // netplan warns about a file that others can read (netplan 0.106 and later).
  if (path === ".env" || path.startsWith("host/etc/netplan/")) return 0o600;
  return 0o644;
}
