import { setTimeout as sleep } from "node:timers/promises";
import type { Lab } from "../../test/e2e/lab/lab.ts";
import { seenBy } from "../../test/e2e/lab/outside.ts";
import type { TopologyOptions } from "../../test/e2e/lab/topology.ts";

/** The recipe's three ways to a container over IPv6, on one host at the same time, and no container network as the limit. */
export const WAYS = ["routed", "nat66", "proxy", "host"] as const;
export type Way = (typeof WAYS)[number];

export const TITLES: Record<Way, string> = {
  routed: "Routed",
  nat66: "NAT66",
  proxy: "Userland proxy",
  host: "Host itself",
};

const PREFIX = "2001:db8:1:2";
const HOST = `${PREFIX}::2`;
const KONG = `${PREFIX}:300::8100`;

export const TOPOLOGY: TopologyOptions = { prefix: `${PREFIX}::/64` };

/** What the client asks: Kong's own address, or a port of the server's. */
export const ORIGINS: Record<Way, string> = {
  routed: `http://[${KONG}]`,
  nat66: `http://[${HOST}]:8066`,
  proxy: `http://[${HOST}]:8064`,
  host: `http://[${HOST}]:8080`,
};

const NETPLAN = `network:
  version: 2
  ethernets:
    ens3:
      addresses: ["${HOST}/64"]
      routes: [{ to: "::/0", via: "fe80::1" }]
`;

/** As scripts/network.sh and the generated docker-compose.yml have them, and as the recipe names the other two. */
const NETWORKS: Record<Exclude<Way, "host">, string> = {
  routed: `--ipv6 --subnet ${PREFIX}:300::/80 --gateway ${PREFIX}:300::1 -o com.docker.network.bridge.name=ipv6_exposed -o com.docker.network.bridge.gateway_mode_ipv6=routed`,
  nat66: "--ipv6 --subnet fd66:66:66::/64",
  proxy: "",
};
const OPTIONS: Record<Way, string> = {
  routed: `--network routed --ip6 ${KONG} -p [::1]:80:80`,
  nat66: `--network nat66 -p [${HOST}]:8066:80`,
  proxy: "--network proxy -p [::]:8064:80",
  host: "--network host",
};

/** Gives the host its addresses, makes the three networks, and waits until each way answers outside. */
export async function openWays({ host, topology }: Lab): Promise<void> {
  await host.write("/etc/netplan/60-kong-ipv6.yaml", NETPLAN, "600");
  await host.must(["netplan", "apply"]);
  await host.write(
    "/etc/ndppd.conf",
    `proxy ens3 { rule ${KONG}/128 { static } }\n`,
  );
  const ndppd = "/usr/sbin/ndppd -c /etc/ndppd.conf".split(" ");
  await host.service("bench-ndppd", ndppd);
  // Read once, it stays in memory: no disk is measured.
  await host.sh(
    "mkdir -p /srv/bench; truncate -s 1G /srv/bench/large; cat /srv/bench/large >/dev/null",
  );
  for (const [way, options] of Object.entries(NETWORKS))
    await host.sh(`docker network create ${options} ${way}`);
  for (const way of WAYS) await host.sh(start(way));
  for (const way of WAYS)
    for (let tries = 0; !(await seenBy(topology.client, ORIGINS[way]));) {
      if (++tries === 60)
        throw new Error(
          `${TITLES[way]}: no answer\n${await host.sh(`docker logs ${way}`)}`,
        );
      await sleep(250);
    }
}

/** Where the gateway listens: the host's port 80 may be another way's. */
const portOf = (way: Way) => (way === "host" ? 8080 : 80);

/**
 * Beside the stand-in's own answers a file of a gigabyte, so that a download costs no making of bytes. The access log is
 * off: thousands of lines a second through Docker's log driver would be measured with the way.
 */
const start = (way: Way) => `
docker run --detach --name ${way} ${OPTIONS[way]} --no-healthcheck \\
  --ulimit nofile=65536:65536 --volume /srv/bench:/srv/bench:ro \\
  -e KONG_DATABASE=off -e KONG_PROXY_ACCESS_LOG=off -e KONG_ADMIN_LISTEN=off -e KONG_ADMIN_GUI_LISTEN=off \\
  -e KONG_PROXY_LISTEN="0.0.0.0:${portOf(way)} reuseport, [::]:${portOf(way)} reuseport" kong:3.9.3 bash -ec '
    kong prepare /usr/local/kong
    sed -i "s|location = /client|location = /large { root /srv/bench; }\\n    &|" /usr/local/kong/nginx.conf
    exec /usr/local/openresty/nginx/sbin/nginx -p /usr/local/kong -c nginx.conf'
`;

/** Process ids inside the host of what serves a way: its gateway's, and docker-proxy's where packets go through it. */
export async function servers({ host }: Lab, way: Way): Promise<Servers> {
  const proxied = `docker-proxy .*-host-port ${new URL(ORIGINS[way]).port} `;
  const pids = (script: string) =>
    host.sh(script).then((text) => text.match(/\d+/g) ?? []);
  return {
    gateway: await pids(`docker top ${way} -o pid`),
    proxy:
      way === "routed" || way === "host"
        ? []
        : await pids(`pgrep -f '${proxied}'`),
  };
}

export type Servers = Record<"gateway" | "proxy", string[]>;

/** The address that the gateway says the client has. */
export async function clientSeen({ topology }: Lab, way: Way): Promise<string> {
  return (await seenBy(topology.client, ORIGINS[way]))?.client ?? "no answer";
}

/** The address that someone outside sees when the gateway itself asks there, over IPv6. */
export async function outgoingSeen(
  { topology }: Lab,
  way: Way,
  outside: string,
): Promise<string> {
  const server = topology.client.start([
    process.execPath,
    "-e",
    `require("node:http").createServer((asked, answer) => answer.end(asked.socket.remoteAddress)).listen(9000, "${outside}", () => console.log("ready"))`,
  ]);
  await new Promise((ready) => server.stdout!.once("data", ready));
  const { stdout } = await topology.client.run(
    "curl --globoff --silent --fail --max-time 5"
      .split(" ")
      .concat(`${ORIGINS[way]}/fetch/[${outside}]:9000/`),
  );
  server.kill();
  return stdout.trim() || "none";
}
