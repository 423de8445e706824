import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Lab } from "../lab/lab.ts";
import { knock, seenBy, type Target } from "../lab/outside.ts";
import { CLIENT } from "../lab/topology.ts";
import { HOST4, KONG } from "./cells.ts";
import { type Finding, type Findings, PRIVATE_PORTS } from "./promises.ts";

/** What an outside client can and can't reach. */

const finding = (good: boolean, word: string, other: string, why?: unknown) =>
  good
    ? { value: word }
    : {
        value: other,
        detail: typeof why === "string" ? why : JSON.stringify(why),
      };

/** Where a server is reached: Kong's address, and the interface that its IPv6 comes by. */
export interface Site {
  kong: string;
  uplink: string;
}

const usual = ({ topology }: Lab): Site => ({
  kong: KONG,
  uplink: topology.options.interface,
});

export async function reached(
  lab: Lab,
  { kong }: Site = usual(lab),
): Promise<Findings> {
  const { client } = lab.topology;
  const origins = {
    six80: `http://[${kong}]`,
    six443: `https://[${kong}]`,
    four80: `http://${HOST4}`,
    four443: `https://${HOST4}`,
  };
  const seen = await Promise.all(
    Object.entries(origins).map(
      async ([row, origin]) => [row, await seenBy(client, origin)] as const,
    ),
  );
  const findings: Findings = new Map(
    seen.map(([row, answer]) => [
      row,
      finding(answer !== undefined, "reached", "not reached"),
    ]),
  );
  for (const [row, address, from] of [
    ["client6", CLIENT.ipv6, seen.slice(0, 2)],
    ["client4", CLIENT.ipv4, seen.slice(2)],
  ] as const) {
    const clients = from.map(([, answer]) => answer?.client);
    findings.set(
      row,
      finding(
        clients.every((one) => one === address),
        "the client's",
        "another",
        clients,
      ),
    );
  }
  findings.set("outgoing", await outgoing(lab, kong));
  return findings;
}

/** The source address of Kong's own connection to an outside server. */
export async function outgoing(
  { topology: { client } }: Lab,
  kong: string,
): Promise<Finding> {
  const script = fileURLToPath(
    new URL("client-files/who-asks.mjs", import.meta.url),
  );
  const server = client.start([process.execPath, script, "8080"]);
  try {
    await once(server.stdout!, "data");
    const url = `http://[${kong}]/fetch/[${CLIENT.ipv6}]:8080/`;
    const curl = ["curl", "-gsm", "3", url];
    const { stdout } = await client.run(curl);
    return finding(stdout === kong, "Kong's address", "another", stdout);
  } finally {
    server.kill();
  }
}

/** Requests a long answer over a path with a smaller MTU than the server's link. The path keeps the smaller MTU. */
export async function overShortPath({ topology }: Lab): Promise<Finding> {
  const { client } = topology;
  await topology.limitPathMtu(1400);
  const before = await topology.tooBigSent();
  const lengths = await Promise.all(
    [`[${KONG}]`, HOST4].map(async (origin) => {
      const curl = ["curl", "-gsm", "5", `http://${origin}/bytes/300000`];
      return (await client.run(curl)).stdout.length;
    }),
  );
  const after = await topology.tooBigSent();
  const met = after.ipv6 > before.ipv6 && after.ipv4 > before.ipv4;
  return finding(
    met && lengths.every((length) => length === 300_000),
    "whole",
    met ? "cut short" : "no limit met",
    { lengths, before, after },
  );
}

/** Two more containers, each with open ports that are not published. */
const NEIGHBOURS = `
listen='0.0.0.0:80, 0.0.0.0:5432, 0.0.0.0:8001, 0.0.0.0:8080, [::]:80, [::]:5432, [::]:8001, [::]:8080'
for name in exposed docker0; do
  case $name in exposed) network=ipv6_exposed;; docker0) network=bridge;; esac
  docker run --detach --name lab-$name --restart always --network $network --ulimit nofile=65536:65536 \
    -e KONG_DATABASE=off -e KONG_PROXY_LISTEN="$listen" -e KONG_ADMIN_LISTEN=off -e KONG_ADMIN_GUI_LISTEN=off \
    kong:3.9.3
done
`;
const NEIGHBOUR_PORTS = [80, 5432, 8001, 8080];

export const addNeighbours = ({ host }: Lab) => host.sh(NEIGHBOURS);

export const removeNeighbours = ({ host }: Lab) =>
  host.sh("docker rm --force lab-exposed lab-docker0");

interface Container {
  Name: string;
  NetworkSettings: {
    Networks: Record<string, { IPAddress: string; GlobalIPv6Address: string }>;
  };
}

/** Every global address of the host and the containers, by owner. */
async function addresses({ host }: Lab, { kong, uplink }: Site) {
  const inspected = await host.sh("docker inspect $(docker ps --quiet)");
  const containers = JSON.parse(inspected) as Container[];
  const of = (name: string) =>
    containers
      .filter((one) => name === "" || one.Name === name)
      .flatMap((one) => Object.values(one.NetworkSettings.Networks))
      .flatMap((one) => [one.IPAddress, one.GlobalIPv6Address])
      .filter(Boolean);
  const shown = await host.must(
    "ip -json address show scope global".split(" "),
  );
  // ip(8) prints {} for each entry that its filter excludes.
  const links = JSON.parse(shown) as {
    ifname?: string;
    addr_info?: { local?: string }[];
  }[];
  const [own, bridges] = [true, false].map((isOwn) =>
    links
      .filter(({ ifname }) => (ifname === uplink) === isOwn)
      .flatMap(({ addr_info }) => addr_info ?? [])
      .flatMap(({ local }) => local ?? [])
      .filter((one) => one !== HOST4),
  ) as [string[], string[]];
  return {
    own,
    neighbour: of("/lab-exposed"),
    docker0: of("/lab-docker0"),
    bridges,
    internal: [...of("").filter((one) => one !== kong), ...bridges],
  };
}

const all = (addresses: readonly string[], ports: readonly number[]) =>
  addresses.flatMap((address) => ports.map((port) => ({ address, port })));

const text = ({ address, port }: Target) => `${address} ${port}`;

/**
 * Tries to connect to everything that must be closed. `closed` means: no connection was made, the host received each
 * attempt (so the path was open), and the other containers' ports do answer on the server itself.
 * @param unexposed ports of public containers that listen, too
 */
export async function closed(
  lab: Lab,
  site: Site = usual(lab),
  unexposed: readonly Target[] = [],
): Promise<Findings> {
  const { host, topology } = lab;
  const { own, neighbour, docker0, bridges, internal } = await addresses(
    lab,
    site,
  );
  if (neighbour.length < 2 || docker0.length < 2)
    throw new Error(`a neighbour lacks an address: ${neighbour} / ${docker0}`);
  if (own.length === 0) throw new Error(`no address on ${site.uplink}`);
  for (const address of internal)
    await topology.routeToHost(
      `${address}/${address.includes(":") ? 128 : 32}`,
    );

  const groups: Record<string, Target[]> = {
    kongPrivate: all([site.kong], PRIVATE_PORTS),
    six: all(own, PRIVATE_PORTS),
    four: all([HOST4], PRIVATE_PORTS),
    sixWeb: all(
      [...own, ...bridges.filter((one) => one.includes(":"))],
      [80, 443],
    ),
    internal: all(internal, PRIVATE_PORTS),
    neighbour: all(neighbour, NEIGHBOUR_PORTS),
    docker0: all(docker0, NEIGHBOUR_PORTS),
    ...(unexposed.length > 0 && { exposedClosed: [...unexposed] }),
  };
  const listening = [
    ...groups["neighbour"]!,
    ...groups["docker0"]!,
    ...unexposed,
  ];
  const deaf = await notAnswering(lab, listening);

  await host.must(["nft", "-f", "-"], {
    input: witness([topology.options.interface, site.uplink]),
  });
  const targets = [
    ...new Map(
      Object.values(groups)
        .flat()
        .map((one) => [text(one), one]),
    ).values(),
  ];
  const states = new Map(
    (await knock(topology.client, targets, 1000)).map((one) => [
      text(one),
      one.state,
    ]),
  );
  const seen = await witnessed(lab);

  return new Map(
    Object.entries(groups).map(([row, targets]) => {
      const open = targets
        .filter((one) => states.get(text(one)) === "open")
        .map(text);
      const lost = targets.map(text).filter((one) => !seen.has(one));
      const unheard = targets.map(text).filter((one) => deaf.has(one));
      return [
        row,
        open.length > 0
          ? { value: "OPEN", detail: open.join(", ") }
          : lost.length > 0
            ? { value: "no knock came", detail: lost.join(", ") }
            : finding(unheard.length === 0, "closed", "not listening", unheard),
      ];
    }),
  );
}

/** The ports that do not answer on the server itself either. Waits a while for containers that have just started. */
async function notAnswering(
  { host }: Lab,
  targets: readonly Target[],
): Promise<Set<string>> {
  const script = `
import socket, sys, time
end = time.time() + 5
for line in sys.stdin:
    address, port = line.split()
    while True:
        try: socket.create_connection((address, int(port)), 2).close()
        except OSError:
            if time.time() < end:
                time.sleep(0.1)
                continue
            print(line, end="")
        break
`;
  const output = await host.must(["python3", "-c", script], {
    input: targets.map((one) => `${text(one)}\n`).join(""),
  });
  return new Set(output.split("\n").filter(Boolean));
}

/** Records each connection attempt that arrives on an uplink, before anything else on the host can drop it. */
const witness = (uplinks: readonly string[]) => `
table inet lab_witness {
  set six { type ipv6_addr . inet_service; flags dynamic; size 65535; }
  set four { type ipv4_addr . inet_service; flags dynamic; size 65535; }
  chain early {
    type filter hook prerouting priority -450;
    iifname { ${names(uplinks)} } tcp flags & (syn | ack) == syn update @six { ip6 daddr . tcp dport }
    iifname { ${names(uplinks)} } tcp flags & (syn | ack) == syn update @four { ip daddr . tcp dport }
  }
}
`;

const names = (uplinks: readonly string[]) =>
  [...new Set(uplinks)].map((one) => `"${one}"`).join(", ");

/** Returns what the witness recorded, and removes it. */
async function witnessed({ host }: Lab): Promise<Set<string>> {
  const listed = await host.sh(
    "nft --json --numeric list table inet lab_witness; nft delete table inet lab_witness",
  );
  const { nftables } = JSON.parse(listed) as {
    nftables: {
      set?: {
        elem?: {
          concat?: [string, number];
          elem?: { val: { concat: [string, number] } };
        }[];
      };
    }[];
  };
  return new Set(
    nftables
      .flatMap(({ set }) => set?.elem ?? [])
      .map((one) => (one.concat ?? one.elem!.val.concat).join(" ")),
  );
}
