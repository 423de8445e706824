import { afterAll, beforeAll, expect, test } from "vitest";
import type { Lab } from "../lab/lab.ts";
import { seenBy } from "../lab/outside.ts";
import { rootOf } from "../lab/roots.ts";
import { KONG, openServer, script } from "./server.ts";

/** A server is upgraded to an engine that takes the routed mode, with a network that its old engine made without. */

const reached = async ({ topology }: Lab): Promise<string | undefined> =>
  (await seenBy(topology.client, `http://[${KONG}]`))?.server;

const MADE = "it was made on an engine that ignores the routed mode (26.1.5";

let lab: Lab;
beforeAll(async () => {
  lab = await openServer("trixie");
  const { code, stderr } = await script(lab, "apply.sh");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(await reached(lab)).toBe(KONG);
  await lab.host.upgrade(await rootOf("sid"));
});
afterAll(() => lab?.close());

test("Docker 28 runs the old one's containers, and drops what is sent to Kong", async () => {
  const engine = "docker version --format '{{.Server.Version}}'";
  expect(await lab.host.sh(engine)).toMatch(/^28\./);
  expect(await lab.host.sh("docker ps")).toContain("kong-ipv6-kong-1");
  expect(await reached(lab)).toBeUndefined();
});

test("verify.sh says why", async () => {
  const { code, stdout } = await script(lab, "verify.sh");
  expect(stdout).toMatch(/fail +network +/);
  expect(stdout).toContain(MADE);
  expect(code).toBe(1);
});

test("apply.sh makes the network anew, and Kong is reached again", async () => {
  const dry = await script(lab, "apply.sh --dry-run");
  expect(dry.stdout).toContain(MADE);
  const { code, stdout, stderr } = await script(lab, "apply.sh");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).not.toMatch(/^ {2}(fail|warn)/m);
  expect(await reached(lab)).toBe(KONG);
  const again = await script(lab, "apply.sh --dry-run");
  expect(again.stdout).toBe("Nothing to change.\n");
});

test("rollback.sh restarted a unit that the old release had, and the new one hasn't", async () => {
  const { code, stderr } = await script(lab, "rollback.sh");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const networks = await lab.host.sh("docker network ls --format '{{.Name}}'");
  expect(networks).toBe("bridge\nhost\nnone\n");
});
