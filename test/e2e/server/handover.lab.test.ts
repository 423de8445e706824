import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { outgoing } from "../matrix/reach.ts";
import { runHere } from "../../support/in-process.ts";
import { type Lab, openLab } from "../lab/lab.ts";
import { Probe, seenBy } from "../lab/outside.ts";
import { rootOf } from "../lab/roots.ts";
import { KONG, PREFIX, REPOSITORY, script, state, underWay } from "./server.ts";

/** A second Kong when apply.sh is killed, and in a hard cut. Those of an overlap are in overlap.lab.test.ts. */

const NEXT = "2001:db8:1:7";
const NEW = `${NEXT}:300::8100`;
const CLIENT = { 4: "198.51.100.2", 6: "2001:db8:c11e::2" };

describe.each(["bookworm", "trixie", "sid"] as const)("%s", (generation) => {
  let lab: Lab;
  let work: string;
  let fresh: string;

  beforeAll(async () => {
    work = await mkdtemp(join(tmpdir(), "kong-ipv6-handover-"));
    lab = await openLab(await rootOf(generation), { prefix: PREFIX });
    await lab.topology.router.must(
      `ip route add ${NEXT}::/64 dev down0`.split(" "),
    );
    await lab.host.sh("ufw allow 22/tcp; ufw --force enable");
    fresh = await state(lab);
    await generated("gw", "--prefix", PREFIX, "--yes");
    await cp(join(work, "gw"), join(work, "before"), { recursive: true });
    await cp(join(work, "gw"), join(work, "cut"), { recursive: true });
    const next = ["--prefix", `${NEXT}::/64`, "--yes"];
    await generated("regenerate", "gw", ...next, "--overlap");
    await generated("regenerate", "cut", ...next);
  });
  afterAll(async () => {
    await lab?.close();
    await rm(work, { recursive: true, force: true });
  });

  async function generated(...argv: string[]): Promise<void> {
    const { code, stderr } = await runHere(argv, work);
    expect({ code, stderr }).toMatchObject({ code: 0 });
  }

  async function bring(directory: string): Promise<void> {
    await lab.host.sh(`rm -rf ${REPOSITORY}/host ${REPOSITORY}/scripts`);
    await lab.host.copyIn(join(work, directory), REPOSITORY);
  }

  /** From before to overlap, until a second Kong answers and Kong has stopped. */
  async function killed(): Promise<void> {
    await bring("before");
    const applied = await script(lab, "apply.sh");
    expect(applied).toMatchObject({ code: 0, stderr: "" });
    await bring("gw");
    const { unit } = await underWay(lab, "apply.sh", "a second Kong answers");
    await lab.host.sh(`systemctl kill --signal=KILL ${unit}`);
  }

  const reaches = (address: string, client: string) =>
    expect
      .poll(async () => (await seenBy(lab.topology.client, address))?.client, {
        timeout: 20_000,
      })
      .toBe(client);

  async function answers(): Promise<void> {
    for (const one of [KONG, NEW]) await reaches(`http://[${one}]`, CLIENT[6]);
    await reaches("http://203.0.113.10", CLIENT[4]);
  }

  const left = () =>
    lab.host.sh(`{
      docker ps --all; docker network ls; nft list ruleset; ip link
      ip6tables-save; iptables-save; cat /etc/ufw/user*.rules
    } | grep -F handover || :`);

  test("it still answers; the next apply.sh removes it", async () => {
    await killed();
    await answers();
    // Upstreams see Kong's address.
    expect(await outgoing(lab, NEW)).toEqual({ value: "Kong's address" });
    const again = await script(lab, "apply.sh");
    expect(again).toMatchObject({ code: 0, stderr: "" });
    await answers();
    expect(await left()).toBe("");
  });

  test("rollback.sh restores the original state", async () => {
    await killed();
    expect(await script(lab, "rollback.sh")).toMatchObject({ code: 0 });
    expect(await left()).toBe("");
    expect(await state(lab)).toBe(fresh);
  });

  test("a hard cut: no request over IPv4 is lost, and IPv6 has a short gap", async () => {
    await bring("before");
    const applied = await script(lab, "apply.sh");
    expect(applied).toMatchObject({ code: 0, stderr: "" });
    await bring("cut");
    const [old, now, four] = [`[${KONG}]`, `[${NEW}]`, "203.0.113.10"].map(
      (host) =>
        new Probe(lab.topology.client, `http://${host}/client`, {
          intervalMs: 20,
          timeoutMs: 3000,
        }),
    ) as [Probe, Probe, Probe];
    await lab.host.sh("sleep 2");
    expect(await script(lab, "apply.sh")).toMatchObject({ code: 0 });
    await lab.host.sh("sleep 2");
    for (const one of [old, now, four]) await one.stop();
    const since = now.firstAnswer(0)!;
    const lost = now.beats.filter(
      ({ sent, received }) => sent >= since && received === null,
    );
    const last = old.beats.findLast(({ received }) => received !== null)!;
    const gap = since - last.received!;
    console.info(
      `${generation}, hard cut: the new address answers ${gap} ms after the last answer of the old one, and loses ${lost.length}; ` +
        `IPv4: ${four.beats.length} requests, ${four.lost} failed, longest gap ${four.longestGap} ms`,
    );
    expect({ four: four.lost, now: lost.length }).toEqual({ four: 0, now: 0 });
    expect(gap).toBeLessThan(3000);
  });
});
