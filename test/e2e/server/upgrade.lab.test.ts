import { afterAll, beforeAll, expect, test } from "vitest";
import type { Lab } from "../lab/lab.ts";
import { seenBy } from "../lab/outside.ts";
import { rootOf } from "../lab/roots.ts";
import { KONG, openServer, script } from "./server.ts";

/** A server is upgraded to an engine that supports the routed mode; its network comes from an engine that does not. */

const reached = async ({ topology }: Lab): Promise<string | undefined> =>
  (await seenBy(topology.client, `http://[${KONG}]`))?.server;

const MADE = "it was created by an engine that ignores the routed mode (26.1.5";

let lab: Lab;
beforeAll(async () => {
  lab = await openServer("trixie");
  const { code, stderr } = await script(lab, "apply.sh");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(await reached(lab)).toBe(KONG);
  await lab.host.upgrade(await rootOf("sid"));
});
afterAll(() => lab?.close());

test("Docker 28 runs the old engine's containers, and drops traffic to Kong", async () => {
  const engine = "docker version --format '{{.Server.Version}}'";
  expect(await lab.host.sh(engine)).toMatch(/^28\./);
  expect(await lab.host.sh("docker ps")).toContain("kong-ipv6-kong-1");
  expect(await reached(lab)).toBeUndefined();
});

test("verify.sh names the cause", async () => {
  const { code, stdout } = await script(lab, "verify.sh");
  expect(stdout).toMatch(/fail +network +/);
  expect(stdout).toContain(MADE);
  expect(code).toBe(1);
});

test("apply.sh recreates the network, and Kong is reachable again", async () => {
  const dry = await script(lab, "apply.sh --dry-run");
  expect(dry.stdout).toContain(MADE);
  const { code, stdout, stderr } = await script(lab, "apply.sh");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).not.toMatch(/^ {2}(fail|warn)/m);
  expect(await reached(lab)).toBe(KONG);
  const again = await script(lab, "apply.sh --dry-run");
  expect(again.stdout).toBe("Nothing to change.\n");
});

test("rollback.sh does not restart a unit that the new release no longer has", async () => {
  const { code, stderr } = await script(lab, "rollback.sh");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const networks = await lab.host.sh("docker network ls --format '{{.Name}}'");
  expect(networks).toBe("bridge\nhost\nnone\n");
});
