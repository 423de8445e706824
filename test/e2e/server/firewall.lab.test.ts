import { afterAll, beforeAll, expect, test } from "vitest";
import type { Lab } from "../lab/lab.ts";
import { knock } from "../lab/outside.ts";
import { addNeighbours, closed, reached } from "../matrix/reach.ts";
import { bring, KONG, openServer, script } from "./server.ts";

/**
 * Our own table, on an engine that filters nothing itself. The table must not affect other traffic. It must keep closed
 * ports closed for every path. The owner may enable ufw later.
 */

const MACHINE = "2001:db8:1:2:900::9";
const LAN = { server: "2001:db8:99::1", other: "2001:db8:99::2" };

/** A virtual machine on a separate bridge, and a second network card with another machine. */
const MORE = `
ip link add virbr9 type bridge
ip address add ${MACHINE.replace("::9", "::1")}/80 dev virbr9 nodad
ip link set virbr9 up
ip netns add machine
ip link add tap9 master virbr9 type veth peer name eth0 netns machine
ip link set tap9 up
ip -n machine link set lo up; ip -n machine link set eth0 up
ip -n machine address add ${MACHINE}/80 dev eth0 nodad
ip -n machine route add default via ${MACHINE.replace("::9", "::1")}
systemd-run --quiet --unit=machine ip netns exec machine python3 -m http.server --bind :: 80
ip netns add lan
ip link add eth1 type veth peer name eth0 netns lan
ip address add ${LAN.server}/64 dev eth1 nodad; ip link set eth1 up
ip -n lan address add ${LAN.other}/64 dev eth0 nodad; ip -n lan link set eth0 up
ip -n lan route add default via ${LAN.server}
`;

let lab: Lab;
beforeAll(async () => {
  lab = await openServer(
    "trixie",
    { delivery: "routed" },
    { delivery: "routed" },
  );
  await lab.host.sh(MORE);
  const { code, stdout, stderr } = await script(lab, "apply.sh");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toContain(
    "traffic to bridges that are not Docker's will not be filtered: virbr9",
  );
  await addNeighbours(lab);
});
afterAll(() => lab?.close());

/** Tries a TCP connection from one of the server's network namespaces. */
async function connects(
  from: "lan" | "machine",
  address: string,
  port: number,
): Promise<boolean> {
  const { code } = await lab.host.run([
    ..."ip netns exec".split(" "),
    from,
    ..."timeout 2 bash -c".split(" "),
    'exec 3<>"/dev/tcp/$0/$1"',
    address,
    String(port),
  ]);
  return code === 0;
}

const addressOf = async (container: string): Promise<string> =>
  (
    await lab.host.sh(
      `docker inspect --format '{{range .NetworkSettings.Networks}}{{.GlobalIPv6Address}}{{end}}' ${container}`,
    )
  ).trim();

/** The findings of the outside client that are not as promised. */
async function broken(): Promise<[string, unknown][]> {
  const found = [...(await reached(lab)), ...(await closed(lab))];
  const usual = ["reached", "closed", "the client's", "Kong's address"];
  return found.filter(([, { value }]) => !usual.includes(String(value)));
}

test("a virtual machine on a bridge that isn't Docker's stays reachable", async () => {
  const [seen] = await knock(lab.topology.client, [
    { address: MACHINE, port: 80 },
  ]);
  expect(seen?.state).toBe("open");
  expect(await broken()).toEqual([]);
});

test("traffic that arrives through a second network card is filtered", async () => {
  expect(await connects("lan", KONG, 80)).toBe(true);
  for (const name of ["lab-exposed", "lab-docker0"]) {
    const address = await addressOf(name);
    expect([name, await connects("lan", address, 8001)]).toEqual([name, false]);
    // The server's own bridges are not outside.
    expect([name, await connects("machine", address, 8001)]).toEqual([
      name,
      true,
    ]);
  }
});

test("a second run changes nothing", async () => {
  const { code, stdout } = await script(lab, "apply.sh");
  expect(stdout).toMatch(/^Nothing to change\./);
  expect(code).toBe(0);
});

test("our table survives start, reload, restart and stop of nftables.service", async () => {
  const address = await addressOf("lab-exposed");
  for (const how of ["enable --now", "reload", "restart", "disable --now"]) {
    await lab.host.sh(`systemctl ${how} nftables`);
    expect([how, await connects("lan", address, 8001)]).toEqual([how, false]);
  }
  // nftables.service has flushed Docker's own rules too.
  await lab.host.sh("systemctl restart docker");
  await expect.poll(broken, { timeout: 60_000, interval: 1000 }).toEqual([]);
});

test("after ufw is enabled Kong is reachable at once, and apply.sh leaves filtering to ufw", async () => {
  await lab.host.sh("ufw allow 22/tcp && ufw --force enable");
  expect(await broken()).toEqual([]);
  const { code, stdout } = await script(lab, "apply.sh");
  expect(code).toBe(0);
  expect(stdout).toContain("ufw has Kong's rules");
  expect(await lab.host.sh("nft list tables")).not.toContain("kong_ipv6");
  expect(await lab.host.sh("systemctl cat nftables")).not.toContain("kong");
  expect(await broken()).toEqual([]);
});

test("after ufw is disabled again, apply.sh loads its own table again", async () => {
  await lab.host.sh("ufw --force disable");
  const verified = await script(lab, "verify.sh");
  expect(verified.code).toBe(1);
  expect(verified.stdout).toContain("the table inet kong_ipv6 is not loaded");
  // Bug: the remedy named a unit that does not exist, and a cause that is no longer one.
  expect(verified.stdout).toContain(
    "Remedy: sudo ./scripts/apply.sh. Possible causes: ufw was disabled,",
  );
  expect((await script(lab, "apply.sh")).code).toBe(0);
  expect(await broken()).toEqual([]);
});

test("with --firewall nftables and an active ufw, ufw does not drop traffic to Kong", async () => {
  await lab.host.sh("ufw --force enable");
  await script(lab, "ufw.sh --remove");
  await bring(lab, { delivery: "routed", firewall: "nftables" });
  const { code, stdout } = await script(lab, "apply.sh");
  expect(code).toBe(0);
  expect(stdout).toMatch(
    /firewall +table inet kong_ipv6\n.*ufw has Kong's rules/,
  );
  expect(await broken()).toEqual([]);
  await lab.host.sh(
    "ufw route delete allow in on ens3 out on ipv6_exposed to 2001:db8:1:2:300::8100 port 80 proto tcp",
  );
  const { stdout: without } = await script(lab, "verify.sh");
  expect(without).toContain(
    "fail    firewall    ufw is missing the rule in on ens3",
  );
  await script(lab, "ufw.sh");
});

test("--firewall none warns about open ports, and names the rules that an active ufw lacks", async () => {
  await bring(lab, { delivery: "routed", firewall: "none" });
  const { code, stdout } = await script(lab, "apply.sh");
  expect(stdout).toContain("opens every port of every container");
  expect(stdout).toMatch(
    /warn +firewall +ufw is active and has no rules for Kong/,
  );
  const added = await lab.host.sh("ufw show added; nft list tables");
  expect(added).not.toContain("kong");
  // The rules are the owner's with this answer, and without them Kong is not reached.
  expect(code).toBe(1);
  expect(stdout).toMatch(/fail +IPv6 +a client outside doesn't reach/);
  await script(lab, "ufw.sh");
  expect((await script(lab, "verify.sh")).code).toBe(0);
});
