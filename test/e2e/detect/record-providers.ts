import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { probeScript } from "../../../src/detect/probe-script.ts";
import { MARKER, PROVIDER_RECORDINGS } from "../../unit/detect/recordings.ts";
import { inRoot } from "../lab/in-root.ts";
import { rootOf } from "../lab/roots.ts";
import { PROVIDERS, type Provider } from "./providers.ts";

/**
 * `npx tsx test/e2e/detect/record-providers.ts [NAME…]`: gives a network namespace what providers.ts
 * describes, and records the output of the probe there. Needs root on Debian, like the lab.
 */

/** In the place of Docker: no daemon runs in the namespace. */
const DOCKER = `case $1 in
version) echo 28.5.2 ;;
network) [ "$2" = ls ] && echo 1 || echo '{"name":"bridge","id":"e62077a4af89a412","config":[{"Subnet":"172.17.0.0/16"}],"options":{"com.docker.network.bridge.name":"docker0"},"labels":{}}' ;;
esac`;

const CLOUD_INIT = "/etc/netplan/50-cloud-init.yaml";

const script = ({ ip, netplan, installed }: Provider): string =>
  [
    "set -e",
    "mkdir /dev/net; mknod /dev/net/tun c 10 200",
    "sysctl -qw net.ipv6.conf.default.accept_dad=0; ip netns add provider",
    `printf '#!/bin/sh\\n%s\\n' "$1" >/usr/local/bin/docker; chmod +x /usr/local/bin/docker`,
    installed === false ? "rm /usr/sbin/netplan" : "",
    netplan === undefined ? "" : `printf %s "$2" >${CLOUD_INIT}`,
    `ip -batch - <<'END'\n${ip.replace(/^\n/gm, "")}\nEND`,
    // The other ends of the links: without them there is no carrier.
    "ip -n provider -br link | while read -r link rest; do ip -n provider link set ${link%%@*} up; done",
    "sleep 0.2; sh -s",
    // As apply.sh reads them.
    `printf '\\n@@${MARKER} begin links\\n'; ip -j -d addr show; printf '\\n@@${MARKER} end links 0\\n'`,
  ].join("\n");

type Fields = Readonly<Record<string, unknown>>;

/** What `ip` prints, with the interface that a device stands for in its place. A veth stands for a network card. */
function realLinks(line: string, real: Provider["real"] = {}): string {
  const isDetailed = line.includes('"linkinfo"');
  const links = (JSON.parse(line) as Fields[]).map((link) => {
    const { link_index: _, link_netnsid: __, linkinfo, ...rest } = link;
    const all: Fields = { ...rest, ...real[String(link["ifname"])] };
    const kind = all["linkinfo"] ?? withoutVeth(linkinfo as Fields);
    return { ...all, linkinfo: isDetailed ? kind : undefined };
  });
  return JSON.stringify(links);
}

/** Of a port, what it is a port of remains. */
function withoutVeth(linkinfo: Fields | undefined): Fields | undefined {
  if (linkinfo?.["info_kind"] !== "veth") return linkinfo;
  const { info_kind: _, ...port } = linkinfo;
  return Object.keys(port).length > 0 ? port : undefined;
}

const asReal = (output: string, { real }: Provider): string =>
  output
    .replace(/^\[\{"ifindex":.*$/gm, (line) => realLinks(line, real))
    // A tun device has no carrier without a program behind it.
    .replaceAll('"flags":["linkdown"]', '"flags":[]');

async function record(provider: Provider): Promise<void> {
  const { code, stdout, stderr } = await inRoot(
    await rootOf("trixie"),
    { input: probeScript(MARKER) },
    ["bash", "-c", script(provider), "record", DOCKER, provider.netplan ?? ""],
  );
  if (code !== 0) throw new Error(`${provider.name}: ${stderr}${stdout}`);
  const path = join(PROVIDER_RECORDINGS, `${provider.name}.txt`);
  writeFileSync(path, asReal(stdout, provider));
  console.log(`${provider.name}: ${stdout.length} bytes`);
}

const wanted = process.argv.slice(2);
for (const provider of PROVIDERS)
  if (wanted.length === 0 || wanted.includes(provider.name))
    await record(provider);
