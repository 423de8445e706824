import { afterAll, beforeAll, expect, test } from "vitest";
import type { Lab } from "../lab/lab.ts";
import { openServer, REPOSITORY } from "./server.ts";

/** What the scripts write is on the disk before they go on: a power cut at the next command loses none of it. */

let lab: Lab;
beforeAll(async () => {
  lab = await openServer("trixie", {}, { images: false });
});
afterAll(() => lab?.close());

/** Runs functions of scripts/lib/state.sh, as apply.sh and rollback.sh do. */
const journal = (commands: string): Promise<string> =>
  lab.host.sh(
    `set -u; dry_run=false
    source lib/plan.sh; source lib/common.sh; source lib/state.sh
    ${commands}`,
    { cwd: `${REPOSITORY}/scripts` },
  );

test("a power cut loses no fact, no installed file and no restored file", async () => {
  const { host } = lab;
  await host.sh("echo owner >/etc/owner; sync --file-system /");
  // This saves the owner's file, and for that it syncs the whole file system: the rest has to sync by itself.
  await journal("echo new >/run/new; put /etc/owner /run/new");
  await journal(
    "put /etc/new /run/new; restore /etc/owner; record network exposed absent",
  );
  await host.powerCut();
  await host.powerOn();
  expect(await host.read("/etc/new")).toBe("new\n");
  expect(await host.read("/etc/owner")).toBe("owner\n");
  expect(await host.read("/var/lib/kong-ipv6/manifest")).toContain(
    "network\texposed\tabsent\t.\n",
  );
});
