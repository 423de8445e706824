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

const now = (): Promise<string> => lab.host.sh("date +%s");

/** With which codes the migrations failed since then, each once. */
async function exitCodes(since: string): Promise<number[]> {
  const shown = await lab.host.sh(
    `docker events --since ${since.trim()} --until "$(date +%s)" --filter container=kong-ipv6-kong-migration-1 --filter event=die --format '{{.Actor.Attributes.exitCode}}'`,
  );
  const codes = shown.split("\n").filter((line) => line !== "" && line !== "0");
  return [...new Set(codes.map(Number))];
}

test("an interrupted bootstrap is completed when its lock has expired, and apply.sh says that it waits", async () => {
  const { host } = lab;
  const started = await now();
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
  // The killed one, then those that found the lock.
  expect(await exitCodes(started)).toEqual([137, 5]);
  const { client } = lab.topology;
  expect(await seenBy(client, `http://[${KONG}]`)).toMatchObject({
    server: KONG,
  });
});

test("a migration that was killed between up and finish is completed when its lock has expired", async () => {
  const { host } = lab;
  const sql = (text: string): Promise<string> =>
    host.sh(
      `docker exec kong-ipv6-kong-database-1 psql -U kong -qtA -v ON_ERROR_STOP=1 -c "${text}" kong`,
    );
  await sql(
    "UPDATE schema_meta SET pending = ARRAY['002_next']; INSERT INTO locks VALUES (now() + interval '60 seconds')",
  );
  await host.sh("docker rm kong-ipv6-kong-migration-1");
  const started = await now();
  const { code, stdout, stderr } = await script(lab, "apply.sh");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toContain("the migrations are not complete");
  expect(await exitCodes(started)).toEqual([4]);
  expect(await sql("SELECT executed, pending FROM schema_meta")).toBe(
    "{000_base,001_next,002_next}|\n",
  );
});

test("migrations that are complete do not run again", async () => {
  const { stdout } = await script(lab, "apply.sh --dry-run");
  expect(stdout).toBe("Nothing to change.\n");
});
