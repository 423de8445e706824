import { attempt } from "../../base/errors.ts";
import { parseInternalPrefix } from "../../answers/parse-addresses.ts";
import { formatSubnet } from "../../ip/address.ts";
import { isUla } from "../../ip/special-ranges.ts";
import { readManager } from "../parse/configuration.ts";
import type { Facts } from "../parse/facts.ts";
import type { Collector } from "./types.ts";

/** What is installed and configured on the server: Docker, ufw, netplan. */
export function softwareFacts(
  facts: Facts,
  uplink: string | undefined,
  collector: Collector,
): void {
  dockerFacts(facts, collector);
  daemonFacts(facts, collector);
  ufwFacts(facts, collector);
  netplanFacts(facts, collector);
  if (uplink !== undefined) rendererFacts(facts, uplink, collector);
}

function dockerFacts({ docker }: Facts, { see, warn }: Collector): void {
  if (docker.engine === undefined) {
    warn(
      `Docker's networks are unknown, so a suggested subnet may be in use: ${docker.noAnswer}`,
    );
    return;
  }
  see("docker", docker.engine, "docker version");
}

/** Keeps the ULA that Docker's default bridge already has. A public prefix is not suggested. */
function daemonFacts(
  { daemonJson }: Facts,
  { answer, see, warn }: Collector,
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

function ufwFacts({ ufw, programs }: Facts, { answer, see }: Collector): void {
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
  { see, warn }: Collector,
): void {
  if (!programs.includes("netplan")) {
    warn(
      "netplan is not installed: apply.sh will not configure the server's address and route",
    );
  }
  for (const { path, unread, ids, renderer } of netplan) {
    const named = [
      ids.join(", "),
      renderer === undefined ? "" : `renderer ${renderer}`,
    ].filter((text) => text !== "");
    see("netplan", unread ?? (named.join(", ") || "no interfaces"), path);
  }
}

function rendererFacts(
  { links, networkd, networkManager }: Facts,
  uplink: string,
  { see, warn }: Collector,
): void {
  const index = links.find(({ name }) => name === uplink)?.index;
  if (index === undefined) return;
  const manager = readManager(index, networkd, networkManager);
  if (manager === undefined) return;
  const { renderer, id, path } = manager;
  see("renderer", id === undefined ? renderer : `${renderer}, ID ${id}`, path);
  if (renderer === "NetworkManager") {
    warn(
      `NetworkManager manages ${uplink}. --ndp kernel needs systemd-networkd; --ndp ndppd works`,
    );
  }
}
