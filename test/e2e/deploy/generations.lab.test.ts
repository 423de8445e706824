import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Lab } from "../lab/lab.ts";
import { knock, Probe } from "../lab/outside.ts";
import type { Owner } from "../lab/owner.ts";
import { GENERATIONS } from "../lab/roots.ts";
import { reverted, SLACK } from "../server/revert.ts";
import { Gateway, KONG } from "./gateway.ts";

const MOVED = "2001:db8:1:2:300::8200";

describe.each(GENERATIONS)(
  "deploy to %s through a real sshd, and probe from outside",
  (generation) => {
    let gateway: Gateway;
    let lab: Lab;
    let owner: Owner;
    beforeAll(async () => {
      gateway = await Gateway.open(generation);
      ({ lab, owner } = gateway);
    });
    afterAll(() => gateway?.close());

    test("--dry-run shows the plan, and leaves nothing", async () => {
      const before = await lab.host.snapshot("/etc", "/opt");
      const { code, stdout } = await owner.do("deploy", "gw", "--dry-run");
      expect(code, stdout).toBe(4);
      expect(stdout).toContain("planned");
      expect(await lab.host.snapshot("/etc", "/opt")).toEqual(before);
    });

    test("a first deploy is confirmed, and the probe proves it", async () => {
      const found = await gateway.deploy("confirmed");
      expect(found).toContainEqual(
        expect.objectContaining({ step: "probe", status: "ok" }),
      );
      const probed = await owner.do("probe", "gw", "--json");
      expect(probed.code, probed.stdout).toBe(0);
      expect(JSON.parse(probed.stdout)).toMatchObject({ ok: true });
      const { code } = await lab.host.run(["test", "-e", "/opt/kong-ipv6.new"]);
      expect(code).toBe(1);
    });

    test("a second deploy changes nothing and loses no request", async () => {
      const before = await gateway.files();
      const requests = new Probe(lab.topology.client, `http://[${KONG}]/`);
      await gateway.deploy("unchanged");
      await requests.stop();
      expect(requests.lost).toBe(0);
      expect(await gateway.files()).toEqual(before);
    });

    test("another address for Kong", async () => {
      const made = await owner.do("regenerate", "gw", "--kong", MOVED);
      expect(made.code, made.stdout + made.stderr).toBe(0);
      await gateway.deploy("confirmed");
      const { client } = lab.topology;
      const [old, now] = await knock(client, [
        { address: KONG, port: 80 },
        { address: MOVED, port: 80 },
      ]);
      expect([old?.state, now?.state]).toEqual(["silent", "open"]);
    });

    test("a deploy that cuts ssh off is reverted by the server", async () => {
      gateway.cutOff();
      const before = await gateway.etc();
      await gateway.deploy("reverted", "--confirm-within", "30");
      expect(await reverted(lab)).toBeLessThan(30 + SLACK);
      expect(await gateway.etc()).toEqual(before);
      rmSync(join(owner.home, "gw/scripts/hooks"), { recursive: true });
      const { code, stdout } = await owner.do("probe", "gw");
      expect(code, stdout).toBe(0);
    });
  },
);
