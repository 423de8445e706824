import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Lab } from "../lab/lab.ts";
import { Probe } from "../lab/outside.ts";
import {
  bring,
  KONG,
  openServer,
  REPOSITORY,
  script,
  underWay,
} from "./server.ts";

/** Kong's container is recreated by apply.sh, and a client outside loses no request. */

const NEXT = "2001:db8:1:7";
const MOVED = `${NEXT}:300::8100`;
const IPV4 = "203.0.113.10";
/** No random values: a change of the prefix is then the only change. */
const ANSWERS = { ipv4: IPV4, internalPrefix: "fd4f:6be9:56e7::/64" };

/** In bytes: fifteen seconds at 2 MB/s. */
const LENGTH = 30_000_000;

describe.each([
  { generation: "bookworm", ufw: true, killed: false },
  { generation: "trixie", ufw: false, killed: true },
  { generation: "sid", ufw: true, killed: false },
] as const)(
  "$generation, ufw $ufw, killed $killed",
  ({ generation, ufw, killed }) => {
    let lab: Lab;
    beforeAll(async () => {
      lab = await openServer(generation, ANSWERS);
      await lab.topology.router.must(
        `ip route add ${NEXT}::/64 dev down0`.split(" "),
      );
      if (ufw) await lab.host.sh("ufw allow 22/tcp; ufw --force enable");
      expect(await script(lab, "apply.sh")).toMatchObject({
        code: 0,
        stderr: "",
      });
    });
    afterAll(() => lab?.close());

    const probe = (address: string) =>
      new Probe(lab.topology.client, `http://${address}/client`, {
        intervalMs: 20,
      });

    const healthy = () =>
      lab.host.sh(
        "until docker ps --filter health=healthy | grep -q kong-ipv6.kong.1; do sleep 0.2; done",
      );

    /** A slow download; resolves to the bytes that came. */
    const download = async (address: string): Promise<number> => {
      const { stdout } = await lab.topology.client.run([
        ..."curl --globoff --silent --limit-rate 2M --output /dev/null".split(
          " ",
        ),
        ..."--write-out %{size_download}".split(" "),
        `http://${address}/bytes/${LENGTH}`,
      ]);
      return Number(stdout);
    };

    /** What a handover may leave behind. */
    const left = () =>
      lab.host.sh(`
      docker ps --all --format '{{.Names}}' | grep handover || :
      docker network ls --format '{{.Name}}' | grep handover || :
      nft list tables | grep handover || :
      iptables -S FORWARD | grep handover || :
      ip6tables -S FORWARD | grep handover || :
      grep handover /var/lib/kong-ipv6/manifest || :`);

    const kongId = () =>
      lab.host.sh(
        "docker ps --quiet --no-trunc --filter label=com.docker.compose.service=kong",
      );

    const report = (what: string, probes: Record<string, Probe>) => {
      for (const [name, { beats, lost, longestGap }] of Object.entries(probes))
        console.info(
          `${generation}, ${what}, ${name}: ${beats.length} requests, ${lost} failed, longest gap ${longestGap} ms`,
        );
    };

    test("a changed environment: no request is lost, open downloads complete, and nothing is left", async () => {
      await healthy();
      const before = await kongId();
      await lab.host.write(
        `${REPOSITORY}/docker-compose.override.yml`,
        'services: { kong: { environment: { VARIED: "yes" } } }\n',
      );
      const probes = { IPv6: probe(`[${KONG}]`), IPv4: probe(IPV4) };
      const downloads = [download(`[${KONG}]`), download(IPV4)];
      if (killed) {
        const moment = "ok +handover +a second Kong answers";
        const { unit } = await underWay(lab, "apply.sh", moment);
        await lab.host.sh(`sleep 0.5; systemctl kill --signal=KILL ${unit}`);
        expect(await left()).toMatch(/kong-ipv6-handover/);
      }
      const { code, stdout, stderr } = await script(lab, "apply.sh");
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      expect(stdout).toMatch(/ok +handover +Kong answers/);
      for (const one of Object.values(probes)) await one.stop();
      report(killed ? "killed" : "environment", probes);
      expect(await kongId()).not.toBe(before);
      expect([probes.IPv6.lost, probes.IPv4.lost]).toEqual([0, 0]);
      expect(await Promise.all(downloads)).toEqual([LENGTH, LENGTH]);
      expect(await left()).toBe("");
      expect((await script(lab, "apply.sh --dry-run")).stdout).toBe(
        "Nothing to change.\n",
      );
    });

    test("a hard cut of the prefix: no IPv4 request is lost, and none to the new address once it answers", async () => {
      await healthy();
      await bring(lab, { ...ANSWERS, prefix: `${NEXT}::/64` });
      await lab.host.sh(
        `sed -i s/^KONG_BIND_IPV6=.*/KONG_BIND_IPV6=${MOVED}/ ${REPOSITORY}/.env`,
      );
      const probes = {
        IPv4: probe(IPV4),
        old: probe(`[${KONG}]`),
        new: probe(`[${MOVED}]`),
      };
      const { code, stderr } = await script(lab, "apply.sh");
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      for (const one of Object.values(probes)) await one.stop();
      report("hard cut", probes);
      const first = probes.new.firstAnswer(0)!;
      const last = Math.max(
        ...probes.old.beats.map(({ received }) => received ?? 0),
      );
      console.info(
        `${generation}, hard cut: the new address answers ${first - last} ms after the old one's last answer`,
      );
      expect(probes.IPv4.lost).toBe(0);
      const later = probes.new.beats.filter(({ sent }) => sent > first);
      expect(later.filter(({ received }) => received === null)).toEqual([]);
      expect(first - last).toBeLessThan(3000);
      expect(await left()).toBe("");
    });
  },
);
