import { PUBLISHED } from "../base/program.ts";
import type { Tree } from "../render/render.ts";
import { PLAYBOOK } from "./playbook.ts";
import { FLEET_FILE } from "../repository/fleet-directory.ts";
import { readme, type Member } from "./readme.ts";

/** Made once and never replaced; git ignores the key. */
export const CERTIFICATE = "cluster/cluster.crt";
export const KEY = "cluster/cluster.key";

/** The fleet's own files, besides the repositories of its hosts and the certificate. */
export function rootFiles(members: readonly Member[], fleetText: string): Tree {
  const files: Record<string, string> = {
    ".gitignore": `# The key of Kong's cluster.\n/${KEY}\n# What undo needs.\n.kong-ipv6.*/\n*.retry\n`,
    "README.md": readme(members),
    "ansible.cfg": ANSIBLE_CFG,
    [FLEET_FILE]: fleetText,
    "inventory.yml": inventory(members),
    "playbook.yml": PLAYBOOK,
  };
  return new Map(
    Object.entries(files).map(([path, text]) => [path, { text, mode: 0o644 }]),
  );
}

const ANSIBLE_CFG = `[defaults]
inventory = inventory.yml
interpreter_python = auto_silent

[ssh_connection]
pipelining = true
`;

function inventory(members: readonly Member[]): string {
  const [first] = members as readonly [Member];
  return `# Written from ${FLEET_FILE}: edit that, then run
# ${PUBLISHED} regenerate
# Variables of your own are kept.
all:
  vars:
    kong_path: /opt/kong-ipv6
    # A host reverts its change unless the playbook confirms it within so many seconds.
    confirm_within: 120
    create_kong_ipv6: ${PUBLISHED}
  children:
    control_plane:
      hosts:
        "${first.name}":
    data_planes:
      hosts:
${members.map(hostEntry).join("")}`;
}

/** JSON is YAML: an IPv6 address needs quotes. */
function hostEntry({ name, plan: { login } }: Member): string {
  const at = login.lastIndexOf("@");
  const host = login.slice(at + 1).replace(/^\[|\]$/g, "");
  const user = at < 0 ? undefined : login.slice(0, at);
  return [
    `        "${name}":`,
    `          ansible_host: ${JSON.stringify(host)}`,
    ...(user === undefined
      ? []
      : [`          ansible_user: ${JSON.stringify(user)}`]),
    // A server whose administrator is root may have no sudo.
    ...(user === "root" ? ["          ansible_become: false"] : []),
    "",
  ].join("\n");
}
