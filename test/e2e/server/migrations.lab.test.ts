import { afterAll, beforeAll, expect, test } from "vitest";
import type { Lab } from "../lab/lab.ts";
import { seenBy } from "../lab/outside.ts";
import { KONG, openServer, REPOSITORY, script } from "./server.ts";

/** Migrations that were killed half-way: the stand-in has Kong's lock and exit codes, measured on the real Kong. */

const OVERRIDE = `${REPOSITORY}/docker-compose.override.yml`;
const SLOW = `services:
  kong-migration:
    environment:
      STAND_IN_BOOTSTRAP_SECONDS: "60"
`;

let lab: Lab;
beforeAll(async () => {
  lab = await openServer("trixie");
});
afterAll(() => lab?.close());

test("an interrupted bootstrap is completed when its lock has expired, and apply.sh says that it waits", async () => {
  const { host } = lab;
  await host.write(OVERRIDE, SLOW);
  await host.service("interrupted", [`${REPOSITORY}/scripts/apply.sh`]);
  await host.sh(
    `until docker logs kong-ipv6-kong-migration-1 2>&1 | grep -q Bootstrapping; do
      systemctl is-active --quiet interrupted || exit 1
      sleep 0.2
    done
    sleep 1
    systemctl kill --signal KILL interrupted
    docker kill kong-ipv6-kong-migration-1
    rm ${OVERRIDE}`,
    { timeoutMs: 240_000 },
  );
  const { code, stdout, stderr } = await script(lab, "apply.sh");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toContain("the migrations are not complete");
  expect(stdout).toMatch(/ok +database +healthy\n/);
  const { client } = lab.topology;
  expect(await seenBy(client, `http://[${KONG}]`)).toMatchObject({
    server: KONG,
  });
});

test("migrations that are complete do not run again", async () => {
  const { stdout } = await script(lab, "apply.sh --dry-run");
  expect(stdout).toBe("Nothing to change.\n");
});
