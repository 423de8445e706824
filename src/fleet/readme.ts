import { PUBLISHED } from "../base/program.ts";
import type { Plan } from "../plan/plan.ts";
import { CONTROL_PLANE } from "../plan/containers.ts";

/** A host as the fleet's own files show it. The control plane's host is the first. */
export interface Member {
  readonly name: string;
  readonly plan: Plan;
}

/** The runbook of a fleet. Each host has one of its own beside. */
export const readme = (members: readonly Member[]): string =>
  [overview(members), records(members), daily(members), ROTATION].join("\n");

function overview(members: readonly Member[]): string {
  const [first] = members as readonly [Member];
  return `# Kong on ${members.length === 1 ? "1 server" : `${members.length} servers`}

Every host runs a data plane: Kong on its own public IPv6 address. ${first.name} also runs the control plane, with the database and the admin API. Data planes get their configuration from it, keep it on disk, and serve it while the control plane is down, also after a restart.

## Hosts

| Host | Kong | Server | Exposed subnet | Repository |
| --- | --- | --- | --- | --- |
${members.map(hostRow).join("\n")}

The control plane is on ${first.name}, at \`${controlPlaneOf(first)}\`. Its port 8005 answers only the data planes: by firewall, and by certificate.

\`\`\`mermaid
flowchart LR
    clients([clients])
${members.map(({ name, plan }) => `    clients -->|"80, 443"| ${id(name)}["${name}<br/>${plan.kong.address}"]`).join("\n")}
${members.map(({ name }) => `    ${id(name)} -.->|"8005"| cp["control plane on ${first.name}<br/>${controlPlaneOf(first)}"]`).join("\n")}
\`\`\`
`;
}

const records = (members: readonly Member[]): string => `## DNS records

A client tries the addresses of a name in turn, so one name for all hosts survives the loss of one. At your DNS provider:

\`\`\`dns
${members.flatMap(addressRecords).join("\n")}
\`\`\`

At your server providers, the reverse lookup (PTR) records:

\`\`\`dns
${members.flatMap(reverseRecords).join("\n")}
\`\`\`
`;

function daily(members: readonly Member[]): string {
  const [first] = members as readonly [Member];
  return `## Day to day

Ansible (ansible-core 2.14 or later) applies the repositories, one host after the other. It stops at the first host that fails; that host reverts its change. The servers need what each repository's README names; this machine needs Node.js for the test after each host.

\`\`\`sh
ansible-playbook playbook.yml --check
ansible-playbook playbook.yml
${PUBLISHED} probe .
\`\`\`

The first command prints each host's plan and changes nothing.

- **Change something**: edit \`fleet.yml\`, then run \`${PUBLISHED} regenerate .\` and the playbook. Your edits in all files are kept. \`${PUBLISHED} undo .\` takes the last write back.
- **Add a host**: add it to \`fleet.yml\`, run \`regenerate\` and the playbook.
- **Remove a host**: first undo everything on it with \`ansible-playbook playbook.yml --tags rollback --limit NAME\`. Then remove it from \`fleet.yml\`, run \`regenerate\` and the playbook, and delete its DNS records.
- **Rename a host**: change its name in \`fleet.yml\` and nothing else, then run \`regenerate\`. Its repository moves with your edits.
- **Change a host's prefix**: change it in \`fleet.yml\`, then run \`${PUBLISHED} regenerate . --overlap\` and the playbook. Change the DNS records, wait for their TTL, then run \`${PUBLISHED} regenerate . --finish\` and the playbook again. The README of the host has the details.
- **Kong's configuration**: use the admin API on ${first.name}, at \`http://${first.plan.fleet?.admin}:8001\` from that server. Data planes have no admin API.
`;
}

const ROTATION = `## Rotate the certificate

\`cluster/cluster.crt\` and \`cluster/cluster.key\` identify the nodes of the cluster to each other. They are valid for three years. git ignores the key: keep a copy of it in a safe place.

\`\`\`sh
rm cluster/cluster.crt cluster/cluster.key
${PUBLISHED} regenerate .
ansible-playbook playbook.yml
\`\`\`

While the playbook runs, data planes that have another certificate than the control plane can't connect to it. They serve the configuration that they have. Each data plane restarts once, one after the other, and the addresses of the others answer meanwhile. Don't change Kong's configuration until the playbook has ended.
`;

/** A node's name in Mermaid: \`end\` and others are words there. */
const id = (name: string): string => `host_${name.replaceAll("-", "_")}`;

const hostRow = ({ name, plan }: Member): string =>
  `| ${name} | \`${plan.kong.address}\`${oldOf(plan.previous?.containers.find((one) => one.name === "kong")?.address)} | \`${plan.host?.interface ?? "address as it is"}\` | \`${plan.exposed.subnet}\` | [hosts/${name}](hosts/${name}/README.md) |`;

const oldOf = (address: string | undefined): string =>
  address === undefined ? "" : ` (old: \`${address}\`)`;

const controlPlaneOf = ({ plan }: Member): string =>
  plan.containers.find(({ name }) => name === CONTROL_PLANE)?.address ?? "";

const addressRecords = ({ name, plan }: Member): string[] => [
  `${plan.domain}. 3600 IN AAAA ${plan.kong.address}`,
  ...(plan.ipv4.published
    ? [`${plan.domain}. 3600 IN A ${plan.ipv4.address || `IPV4-OF-${name}`}`]
    : []),
];

const reverseRecords = ({ plan }: Member): string[] =>
  [plan.kong.reverse, plan.ipv4.reverse]
    .filter((name) => name !== "")
    .map((name) => `${name} 3600 IN PTR ${plan.domain}.`);
