import { parseInternalPrefix } from "../../answers/parse-addresses.ts";
import { formatSubnet } from "../../ip/address.ts";
import { isUla } from "../../ip/special-ranges.ts";
import { readManager } from "../parse/configuration.ts";
import type { Facts } from "../parse/facts.ts";
import type { Findings } from "./findings.ts";
import { attempt } from "../parse/json.ts";

/** What is installed and configured on the server: Docker, ufw, netplan. */
export function softwareFacts(
  facts: Facts,
  uplink: string | undefined,
  findings: Findings,
): void {
  dockerFacts(facts, findings);
  daemonFacts(facts, findings);
  ufwFacts(facts, findings);
  netplanFacts(facts, findings);
  if (uplink !== undefined) rendererFacts(facts, uplink, findings);
}

function dockerFacts({ docker }: Facts, { see, warn }: Findings): void {
  if (docker.engine === undefined) {
    warn(
      `Docker doesn't tell its networks, so not which subnets are free: ${docker.silence}`,
    );
    return;
  }
  see("docker", docker.engine, "docker version");
}

/** A ULA that Docker's default bridge has already stays; a public one is no default of ours. */
function daemonFacts(
  { daemonJson }: Facts,
  { answer, see, warn }: Findings,
): void {
  if (daemonJson === undefined) return;
  const { path, unread, keys, fixedCidrV6 } = daemonJson;
  if (unread !== undefined) {
    warn(`${path}: ${unread}`);
    return;
  }
  see("daemon.json", keys.join(", ") || "no keys", path);
  if (fixedCidrV6 === undefined) return;
  const own = attempt(() => parseInternalPrefix(fixedCidrV6));
  if (own && isUla(own))
    answer("internalPrefix", formatSubnet(own), `fixed-cidr-v6 in ${path}`);
}

function ufwFacts({ ufw, programs }: Facts, { answer, see }: Findings): void {
  if (!programs.includes("ufw")) {
    see("ufw", "not installed", "command -v ufw");
    return;
  }
  const source = "ENABLED in /etc/ufw/ufw.conf";
  if (ufw === undefined) return;
  see("ufw", ufw ? "enabled" : "installed, not enabled", source);
  if (ufw) answer("firewall", "ufw", `ufw is enabled (${source})`);
}

function netplanFacts(
  { netplan, programs }: Facts,
  { see, warn }: Findings,
): void {
  if (!programs.includes("netplan")) {
    warn(
      "netplan is not installed: apply.sh then leaves address and route to what configures the network here",
    );
  }
  for (const { path, unread, ids, renderer } of netplan) {
    const named = [
      ids.join(", "),
      renderer === undefined ? "" : `renderer ${renderer}`,
    ].filter((text) => text !== "");
    see("netplan", unread ?? (named.join(", ") || "no ethernets"), path);
  }
}

function rendererFacts(
  { links, networkd, networkManager }: Facts,
  uplink: string,
  { see, warn }: Findings,
): void {
  const index = links.find(({ name }) => name === uplink)?.index;
  if (index === undefined) return;
  const manager = readManager(index, networkd, networkManager);
  if (manager === undefined) return;
  const { renderer, id, path } = manager;
  see("renderer", id === undefined ? renderer : `${renderer}, ID ${id}`, path);
  if (renderer === "NetworkManager") {
    warn(
      `NetworkManager looks after ${uplink}: --ndp kernel needs systemd-networkd; ndppd works`,
    );
  }
}
