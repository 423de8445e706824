import { afterAll, beforeAll, expect, test } from "vitest";
import type { Lab } from "../lab/lab.ts";
import { openServer, REPOSITORY } from "./server.ts";

/** What the scripts write is on the disk before they go on: a power cut at the next command loses none of it. */

let lab: Lab;
beforeAll(async () => {
  lab = await openServer("trixie", {}, { images: false });
});
afterAll(() => lab?.close());

/** Uses the primitives of the server program, as apply.sh and rollback.sh do. */
const primitives = (statements: string): Promise<string> =>
  lab.host.sh(
    `python3 -B - <<'END'
from kong_ipv6.journal import Journal
from kong_ipv6.report import Report
from kong_ipv6.system import System

report = Report(program="apply.sh")
journal = Journal(report.note)
system = System(report, journal)
${statements}
END`,
    { cwd: `${REPOSITORY}/scripts` },
  );

test("a power cut loses no fact, no installed file and no restored file", async () => {
  const { host } = lab;
  await host.sh("echo owner >/etc/owner; sync --file-system /");
  await primitives(`system.write_file("/etc/owner", b"new\\n")`);
  await primitives(`system.write_file("/etc/new", b"new\\n")
system.restore("/etc/owner")
journal.record("network", "exposed", "absent")`);
  await host.powerCut();
  await host.powerOn();
  expect(await host.read("/etc/new")).toBe("new\n");
  expect(await host.read("/etc/owner")).toBe("owner\n");
  expect(await host.read("/var/lib/kong-ipv6/manifest")).toContain(
    "network\texposed\tabsent\t.\n",
  );
});
