import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { blocksIn } from "../../support/documents.ts";
import type { Lab } from "../lab/lab.ts";
import { knock, seenBy, type Target } from "../lab/outside.ts";
import { CLIENT } from "../lab/topology.ts";
import type { Finding } from "./promises.ts";

/** Two containers of --expose: one on Kong's own ports, one that also answers UDP. */
export const EXPOSE = ["web:80,443", "dns:53,53/udp"];
const WEB = "2001:db8:1:2:300::8101";
const DNS = "2001:db8:1:2:300::8102";

/** Ports that these containers listen on, too, and that must be closed. The same with UDP: 54 of DNS. */
export const UNEXPOSED: readonly Target[] = [
  ...[5432, 8001, 8080].map((port) => ({ address: WEB, port })),
  { address: DNS, port: 54 },
];

/** What the owner adds to the snippet of README.md. */
const SERVICES: Record<string, object> = {
  web: {
    environment: {
      KONG_DATABASE: "off",
      KONG_PROXY_LISTEN:
        "[::]:80, [::]:443 ssl, [::]:5432, [::]:8001, [::]:8080",
      KONG_ADMIN_LISTEN: "off",
      KONG_ADMIN_GUI_LISTEN: "off",
    },
    ulimits: { nofile: { soft: 65536, hard: 65536 } },
  },
  dns: {
    user: "root",
    entrypoint: ["perl", "/dns.pl"],
    volumes: ["./dns.pl:/dns.pl:ro"],
    healthcheck: { disable: true },
  },
};

/** Answers on 53 and 54, over TCP and UDP. */
const DNS_SERVER = `
use strict;
use IO::Select;
use IO::Socket::IP;
my $all = IO::Select->new;
for my $port (53, 54) {
    my %at = (LocalHost => '::', LocalPort => $port, V6Only => 1);
    $all->add(IO::Socket::IP->new(%at, Proto => 'udp') // die "udp $port: $@");
    $all->add(IO::Socket::IP->new(%at, Proto => 'tcp', Listen => 5, ReuseAddr => 1) // die "tcp $port: $@");
}
while (1) {
    for my $socket ($all->can_read) {
        if ($socket->socktype == SOCK_STREAM) { my $client = $socket->accept; close $client if $client; next }
        my $from = recv($socket, my $text, 512, 0);
        send($socket, 'answer', 0, $from) if $from;
    }
}
`;

/** Puts the snippet of README.md into docker-compose.override.yml, as an owner would. */
export async function addOverride(directory: string): Promise<void> {
  const readme = await readFile(join(directory, "README.md"), "utf8");
  const [snippet = ""] = blocksIn(readme, "yaml").filter((block) =>
    block.includes("ipv6_address"),
  );
  const { services } = parse(snippet) as { services: Record<string, object> };
  const override = {
    services: Object.fromEntries(
      Object.entries(services).map(([name, service]) => [
        name,
        {
          ...service,
          image: "kong:3.9.3",
          // A first process without a handler ignores SIGTERM.
          stop_signal: "SIGKILL",
          ...SERVICES[name],
        },
      ]),
    ),
  };
  await writeFile(
    join(directory, "docker-compose.override.yml"),
    // docker-compose 1.29 reads YAML 1.1, where off is a boolean.
    stringify(override, { version: "1.1" }),
  );
  await writeFile(join(directory, "dns.pl"), DNS_SERVER);
}

/**
 * Whether a client outside reaches every exposed port, with its own address, and no other UDP port.
 * @param patience how long the containers may take to start
 */
export async function exposedReached(lab: Lab, patience = 0): Promise<Finding> {
  const end = Date.now() + patience;
  for (;;) {
    const finding = await exposedNow(lab);
    if (finding.value === "reached" || Date.now() > end) return finding;
  }
}

async function exposedNow({ topology }: Lab): Promise<Finding> {
  const { client } = topology;
  const [http, https, [tcp], udp, closed] = await Promise.all([
    seenBy(client, `http://[${WEB}]`),
    seenBy(client, `https://[${WEB}]`),
    knock(client, [{ address: DNS, port: 53 }]),
    answers(topology, 53),
    answers(topology, 54),
  ]);
  const seen = {
    http: http?.client,
    https: https?.client,
    tcp: tcp?.state,
    udp,
    closed,
  };
  const good =
    seen.http === CLIENT.ipv6 &&
    seen.https === CLIENT.ipv6 &&
    seen.tcp === "open" &&
    udp &&
    !closed;
  return good
    ? { value: "reached" }
    : { value: "not reached", detail: JSON.stringify(seen) };
}

/** Whether the DNS container answers a datagram on a port. */
async function answers(
  { client }: Lab["topology"],
  port: number,
): Promise<boolean> {
  const script = `
import socket
asking = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
asking.settimeout(0.7)
for attempt in range(3):
    asking.sendto(b"question", ("${DNS}", ${port}))
    try:
        print(asking.recv(100).decode())
        break
    except OSError:
        pass
`;
  const { stdout } = await client.run(["python3", "-c", script]);
  return stdout === "answer\n";
}
