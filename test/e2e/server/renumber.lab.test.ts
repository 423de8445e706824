import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Lab, openLab } from "../lab/lab.ts";
import { seenBy, standingConnection } from "../lab/outside.ts";
import { rootOf } from "../lab/roots.ts";
import { runHere } from "../../support/in-process.ts";
import { PREFIX, REPOSITORY, script, state } from "./server.ts";

/** The provider changes the prefix: regenerate, copy, apply.sh, as the generated README says. */

const NEXT = "2001:db8:1:7";
const KONG = { old: "2001:db8:1:2:300::8100", now: `${NEXT}:300::8100` };
const OLD_HOST = "2001:db8:1:2::2";
const VIRTUAL = "203.0.113.77";

let lab: Lab;
let work: string;
let before: string;

beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), "kong-ipv6-renumber-"));
  lab = await openLab(await rootOf("trixie"), { prefix: PREFIX });
  await lab.topology.router.must(
    `ip route add ${NEXT}::/64 dev down0`.split(" "),
  );
  before = await state(lab);
  await generated("gw", "--prefix", PREFIX, "--yes");
  expect(await applied()).toMatchObject({ code: 0, stderr: "" });
  await lab.host.sh(`
    docker run --detach --name web --network ipv6_exposed --ip6 2001:db8:1:2:300::9 --network-alias www --ulimit nofile=65536:65536 \
      --env KONG_DATABASE=off --env KONG_ADMIN_LISTEN=off --env KONG_ADMIN_GUI_LISTEN=off --env KONG_PROXY_LISTEN='[::]:8080' kong:3.9.3`);
});
afterAll(async () => {
  await lab?.close();
  await rm(work, { recursive: true, force: true });
});

async function generated(...argv: string[]): Promise<void> {
  const { code, stderr } = await runHere(argv, work);
  expect({ code, stderr }).toMatchObject({ code: 0 });
}

const regenerated = (...argv: string[]) =>
  generated("regenerate", "gw", ...argv, "--yes");

async function applied() {
  await lab.host.copyIn(join(work, "gw"), REPOSITORY);
  return script(lab, "apply.sh");
}

const reached = async (address: string): Promise<string | undefined> =>
  (await seenBy(lab.topology.client, `http://[${address}]`))?.server;

/** If it isn't 0, nothing is forwarded to Kong for up to two seconds after it starts. */
const asks = () =>
  lab.host.sh("sysctl -n net.ipv6.conf.ipv6_exposed.dad_transmits");

const addresses = () => lab.host.sh("ip -o address show dev ens3 scope global");

test("a new prefix does not count as a lost address: Kong moves to its new address", async () => {
  const six = await standingConnection(lab.host, OLD_HOST);
  const four = await standingConnection(lab.host, "203.0.113.10");
  await regenerated("--prefix", `${NEXT}::/64`);
  const { code, stdout, stderr } = await applied();
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  // Its network is recreated: a note says what happened to its address.
  expect(stdout).toContain(
    "web can't keep 2001:db8:1:2:300::9 on ipv6_exposed",
  );
  // apply.sh may run through this connection.
  expect(stdout).toContain(`${OLD_HOST}/64 is kept until the next boot`);
  for (const standing of [six, four])
    expect((await standing.close()).broken).toBeNull();
  expect(await reached(KONG.now)).toBe(KONG.now);
  expect(await reached(KONG.old)).toBeUndefined();
});

test("Kong's bridge does no duplicate address detection, because only Docker assigns addresses", async () => {
  expect(await asks()).toBe("0\n");
});

test("a second run changes nothing", async () => {
  const { code, stdout } = await applied();
  expect(stdout).toMatch(/^Nothing to change\./);
  expect(code).toBe(0);
});

test("after a reboot the server has only the new prefix", async () => {
  await lab.host.reboot();
  await expect
    .poll(() => reached(KONG.now), { timeout: 20_000 })
    .toBe(KONG.now);
  expect(await asks()).toBe("0\n");
  expect(await addresses()).toContain(`${NEXT}::2/64`);
  expect(await addresses()).not.toContain(OLD_HOST);
  expect((await applied()).stdout).toMatch(/^Nothing to change\./);
});

test("apply.sh refuses a new address that another machine already has", async () => {
  const neighbour = await lab.topology.addNeighbour(`${NEXT}::9/64`);
  await regenerated("--host", `${NEXT}::9`);
  const { code, stderr } = await applied();
  expect(stderr).toContain(
    `Refused: another machine on ens3 answers for ${NEXT}::9`,
  );
  expect(code).toBe(1);
  expect(await addresses()).toContain(`${NEXT}::2/64`);
  expect(await addresses()).not.toContain(`${NEXT}::9/64`);
  expect(await reached(KONG.now)).toBe(KONG.now);
  await neighbour.ip(["link set eth0 down"]);
});

test("after a refused change of the server's address, another new address works", async () => {
  await regenerated("--host", `${NEXT}::7`);
  expect(await applied()).toMatchObject({ code: 0, stderr: "" });
  expect(await addresses()).toContain(`${NEXT}::7/64`);
  expect(await addresses()).not.toContain(`${NEXT}::2/64`);
});

test("a failing run restores the network as it was before this run, not before the first", async () => {
  await lab.host.sh(`ip addr add ${VIRTUAL}/24 dev ens3`);
  await regenerated("--host", `${NEXT}::8`);
  const { code, stderr } = await applied();
  expect(code).toBe(1);
  expect(stderr).toContain(VIRTUAL);
  expect(await reached(KONG.now)).toBe(KONG.now);
  expect(await addresses()).toContain(`${NEXT}::7/64`);
  expect(await addresses()).toContain(VIRTUAL);
  const netplan = await lab.host.read("/etc/netplan/60-kong-ipv6.yaml");
  expect(netplan).toContain(`${NEXT}::7/64`);
  expect(await lab.host.sh("sysctl -n net.ipv6.conf.all.forwarding")).toBe(
    "1\n",
  );
});

test("with the kernel's proxy an address that networkd doesn't know is restored", async () => {
  await regenerated("--host", `${NEXT}::7`, "--ndp", "kernel");
  expect(await applied()).toMatchObject({ code: 0, stderr: "" });
  expect(await addresses()).toContain(VIRTUAL);
  await lab.topology.flushNeighbours();
  expect(await reached(KONG.now)).toBe(KONG.now);
});

test("rollback.sh restores the original state", async () => {
  await lab.host.sh(
    `ip addr del ${VIRTUAL}/24 dev ens3; docker rm --force web`,
  );
  const { code, stderr } = await script(lab, "rollback.sh");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(await state(lab)).toBe(before);
});
