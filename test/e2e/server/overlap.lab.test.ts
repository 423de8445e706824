import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Lab, openLab } from "../lab/lab.ts";
import { Probe, seenBy } from "../lab/outside.ts";
import { rootOf } from "../lab/roots.ts";
import { HOST_LINK_LOCAL } from "../lab/topology.ts";
import { runHere } from "../../support/in-process.ts";
import { type Measured, measured, writeRenumbering } from "./renumbering.ts";
import { KONG, PREFIX, REPOSITORY, script, state } from "./server.ts";

/**
 * An overlap (RFC 4192): a client outside requests the old and the new address every 20 ms, through every change of the
 * phase. LAB_WRITE_DOCS=1 writes docs/renumbering.md.
 */

const NEXT = "2001:db8:1:7";
const NEW = `${NEXT}:300::8100`;
const HOST = { old: "2001:db8:1:2::2", new: `${NEXT}::2` };
const IPV4 = "203.0.113.10";
const BYTES = 40 << 20;
/** What every address of the old prefix begins with. */
const OLD = "2001:db8:1:2:";
const SERVERS = [
  { generation: "bookworm", delivery: "on-link", ndp: "kernel", ufw: false },
  { generation: "trixie", delivery: "on-link", ndp: "ndppd", ufw: true },
  { generation: "sid", delivery: "routed", ndp: "none", ufw: true },
] as const;

const results: Measured[] = [];

afterAll(async () => {
  if (process.env["LAB_WRITE_DOCS"] === "1") await writeRenumbering(results);
});

describe.each(SERVERS)(
  "$generation, $delivery, --ndp $ndp, ufw $ufw",
  ({ generation, delivery, ndp, ufw }) => {
    const title = `${generation}, ${delivery}, ${ndp === "none" ? "no NDP proxy" : ndp}, ufw ${ufw ? "on" : "off"}`;
    let lab: Lab;
    let work: string;
    let fresh: string;

    beforeAll(async () => {
      work = await mkdtemp(join(tmpdir(), "kong-ipv6-overlap-"));
      lab = await openLab(await rootOf(generation), {
        prefix: PREFIX,
        delivery,
      });
      const via = delivery === "routed" ? `via ${HOST_LINK_LOCAL} ` : "";
      await lab.topology.router.must(
        `ip route add ${NEXT}::/64 ${via}dev down0`.split(" "),
      );
      if (ufw) await lab.host.sh("ufw allow 22/tcp; ufw --force enable");
      fresh = await state(lab);
      const given = ["--delivery", delivery, "--ndp", ndp, "--yes"];
      await generated("gw", "--prefix", PREFIX, ...given);
      await cp(join(work, "gw"), join(work, "before"), { recursive: true });
      expect(await applied()).toMatchObject({ code: 0, stderr: "" });
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

    async function applied(directory = "gw") {
      await lab.host.sh(`rm -rf ${REPOSITORY}/host ${REPOSITORY}/scripts`);
      await lab.host.copyIn(join(work, directory), REPOSITORY);
      return script(lab, "apply.sh");
    }

    const probe = (address: string) =>
      new Probe(lab.topology.client, `http://${address}/client`, {
        intervalMs: 20,
        timeoutMs: 3000,
      });

    const reached = async (address: string) =>
      (await seenBy(lab.topology.client, `http://[${address}]`))?.client;

    /** The router may have to ask for the address again. */
    const reaches = (address: string) =>
      expect
        .poll(() => reached(address), { timeout: 20_000 })
        .toBe("2001:db8:c11e::2");

    /** Applies, while each of these addresses is requested from two seconds before until two seconds after. */
    async function change(
      phase: string,
      addresses: Record<string, string>,
      directory?: string,
    ): Promise<Record<string, Probe>> {
      const probes = Object.fromEntries(
        Object.entries(addresses).map(([name, one]) => [name, probe(one)]),
      );
      await lab.host.sh("sleep 2");
      const ran = await applied(directory);
      await lab.host.sh("sleep 2");
      for (const one of Object.values(probes)) await one.stop();
      expect(ran).toMatchObject({ code: 0, stderr: "" });
      for (const [name, one] of Object.entries(probes)) {
        const row = measured(title, phase, name, one, name === "new address");
        results.push(row);
        console.info(
          `${title}, ${phase}, ${name}: ${row.sent} requests, ${row.failed} failed, longest gap ${row.gap} ms`,
        );
      }
      return probes;
    }

    const failed = (phase: string) =>
      results
        .filter((row) => row.server === title && row.phase === phase)
        .map((row) => [row.address, row.failed]);
    const none = (...names: string[]) => names.map((name) => [name, 0]);

    const all = {
      "old address": `[${KONG}]`,
      "new address": `[${NEW}]`,
      IPv4: IPV4,
    };

    /** Kong gets its new address here. A second one answers meanwhile, and downloads end. */
    async function toOverlap(phase: string): Promise<void> {
      // The last one begins while the second Kong answers.
      const second = reaches(NEW).then(() => download(NEW));
      const downloads = [...[KONG, IPV4].map(download), second];
      await change(phase, all);
      expect(failed(phase)).toEqual(none("old address", "new address", "IPv4"));
      const complete = { code: 0, stdout: `200 ${BYTES}` };
      for (const one of downloads) expect(await one).toMatchObject(complete);
      for (const one of [KONG, NEW]) await reaches(one);
    }

    /** Takes 20 seconds. */
    const download = (address: string) =>
      lab.topology.client.run([
        ..."curl --globoff --silent --limit-rate 2M --output /dev/null".split(
          " ",
        ),
        "--write-out",
        "%{http_code} %{size_download}",
        `http://${address.includes(":") ? `[${address}]` : address}/bytes/${BYTES}`,
      ]);

    test("to the overlap: no request is lost, and both addresses answer", async () => {
      await regenerated("--prefix", `${NEXT}::/64`, "--overlap");
      await toOverlap("before → overlap");
    });

    test("in the overlap both addresses answer, and the server prefers the new one", async () => {
      for (const one of [KONG, NEW]) await reaches(one);
      const shown = await lab.host.sh("ip -6 -o addr show dev ens3 deprecated");
      expect(shown).toContain(`${HOST.old}/64`);
      expect(shown).not.toContain(HOST.new);
      const again = await script(lab, "apply.sh");
      expect(again.stdout).toMatch(/^Nothing to change\./);
      expect(again.stdout).toContain("regenerate --finish");
      expect(again.code).toBe(0);
    });

    if (generation === "trixie")
      test("after a reboot in the overlap both addresses answer", async () => {
        await lab.host.reboot();
        for (const one of [KONG, NEW]) await reaches(one);
        expect((await script(lab, "apply.sh")).stdout).toMatch(
          /^Nothing to change\./,
        );
      });

    if (generation === "sid")
      test("back from the overlap: Kong has its old address, and no other", async () => {
        const { "old address": old, IPv4 } = all;
        await change(
          "overlap → before",
          { "old address": old, IPv4 },
          "before",
        );
        expect(failed("overlap → before")).toEqual(none("old address", "IPv4"));
        await reaches(KONG);
        expect(await reached(NEW)).toBeUndefined();
        expect((await script(lab, "apply.sh")).stdout).toMatch(
          /^Nothing to change\./,
        );
        await toOverlap("before → overlap again");
      });

    test("finish: no request is lost, and nothing of the old prefix is left", async () => {
      await lab.topology.flushNeighbours();
      // The router asks for the new address again before the requests are counted.
      await reaches(NEW);
      await regenerated("--finish");
      const { "new address": now, IPv4 } = all;
      await change("overlap → after", { "new address": now, IPv4 });
      expect(failed("overlap → after")).toEqual(none("new address", "IPv4"));
      expect(await reached(KONG)).toBeUndefined();
      expect(await left()).toBe("");
      expect((await script(lab, "apply.sh")).stdout).toMatch(
        /^Nothing to change\./,
      );
    });

    /** Every place on the server where the old prefix still stands, except in the record of rollback.sh. */
    const left = () =>
      lab.host.sh(`{
        ip -6 -o addr; ip -6 -o route show table all; ip -6 rule; ip -6 neigh show proxy
        ip -6 neigh | grep -vE 'FAILED|INCOMPLETE'
        nft list ruleset; ip6tables-save; iptables-save
        nft list tables | sed -n 's/kong_ipv6_overlap/${OLD}/p'
        docker network inspect $(docker network ls -q); docker inspect $(docker ps -aq)
        grep -rsE '${OLD}' /etc /run/systemd /run/netplan
        find /etc -name '*kong-ipv6-overlap*' -o -name overlap.nft | sed 's/$/ ${OLD}/'
      } 2>/dev/null | grep -F '${OLD}' || :`);

    if (generation === "bookworm")
      test("rollback from the overlap restores the original state", async () => {
        await generated("undo", "gw");
        expect(await applied()).toMatchObject({ code: 0, stderr: "" });
        for (const one of [KONG, NEW]) await reaches(one);
        const { code, stderr } = await script(lab, "rollback.sh");
        expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
        expect(await state(lab)).toBe(fresh);
      });
  },
);
