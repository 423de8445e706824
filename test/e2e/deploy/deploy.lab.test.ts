import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CLI } from "../../support/run.ts";
import type { Lab } from "../lab/lab.ts";
import type { Owner } from "../lab/owner.ts";
import { describeRoot, rootOf } from "../lab/roots.ts";
import { reverted, SLACK } from "../server/revert.ts";
import { Gateway, HOST, lines, PATH } from "./gateway.ts";
import { seconds, writeTimes } from "./times.ts";

/** Kills the deploy with SIGKILL when it prints a line that matches. */
const KILL = `
export TMPDIR=$PWD
coproc { exec "\${@:2}" 2>/dev/null; }
# Both variables are gone as soon as it ends.
pid=$COPROC_PID
exec {lines}<&"\${COPROC[0]}"
while read -r line <&"$lines"; do
  if [[ $line =~ $1 ]]; then kill -KILL "$pid"; break; fi
done
wait "$pid"; code=$?
for socket in kong-*/s; do ssh -o ControlPath="$socket" -O exit none 2>/dev/null; done
exit "$code"`;

const AT_TERMINAL = fileURLToPath(
  new URL("files/at-terminal.py", import.meta.url),
);

describe("what goes wrong in a deploy, and who deploys", () => {
  let gateway: Gateway;
  let lab: Lab;
  let owner: Owner;
  beforeAll(async () => {
    gateway = await Gateway.open("trixie");
    ({ lab, owner } = gateway);
    await gateway.deploy("confirmed");
  });
  afterAll(() => gateway?.close());

  test("one port too many: probe exits 4", async () => {
    const server = ["python3", "-m", "http.server", "--bind", HOST, "5432"];
    await lab.host.service("extra", server);
    await lab.host.sh("until ss -ltn | grep -q 5432; do sleep 0.1; done");
    const { code, stdout } = await owner.do("probe", "gw");
    await lab.host.sh("systemctl stop extra");
    expect(code).toBe(4);
    expect(stdout).toMatch(/fail +\[2001:db8:1:2::2\]:5432 answers/);
  });

  test("two deploys at once: the second is refused", async () => {
    gateway.change(1);
    const command = ["deploy", "gw", "--yes", "--json"];
    const both = await Promise.all([
      owner.do(...command),
      owner.do(...command),
    ]);
    const outcomes = both.map((ran) => lines(ran).at(-1)?.["outcome"]);
    const printed = both.map(({ stdout }) => stdout).join("\n");
    expect(outcomes.toSorted(), printed).toEqual(["confirmed", "refused"]);
    expect(await gateway.value()).toBe(1);
  });

  test("a user whose sudo asks for a password: it is asked once", async () => {
    await lab.host.sh(
      "useradd --create-home --groups sudo ops && echo ops:secret | chpasswd",
    );
    await owner.exchangeKeys("/home/ops");
    await lab.host.sh("chown -R ops: /home/ops/.ssh");
    gateway.change(2);
    const command = "deploy gw --yes --json --ssh ops@203.0.113.10".split(" ");
    const terminal = ["python3", AT_TERMINAL, "secret", process.execPath, CLI];
    const ran = await owner.run([...terminal, ...command]);
    expect(lines(ran).at(-1), ran.stdout).toMatchObject({
      outcome: "confirmed",
    });
    expect(ran.stdout.match(/password for/g)).toHaveLength(1);
    expect(await gateway.value()).toBe(2);
    expect((await lab.host.run(["pgrep", "-u", "ops"])).stdout).toBe("");
  });

  test("the disk is full: nothing is left of the copy", async () => {
    await lab.host.sh("mkdir /small && mount -t tmpfs -o size=100k x /small");
    const found = await gateway.deploy("failed", "--path", "/small/gw");
    const row = found.find(({ status }) => status === "failed");
    expect(row?.["detail"]).toContain("No space left on device");
    expect(await lab.host.sh("ls -A /small; umount /small")).toBe("");
  });

  test.each([
    ["while it copies", '"connect","status":"ok"'],
    ["while it shows the plan", '"planned"'],
    ["while apply.sh runs", '"timer","status":"ok"'],
    ["before it confirms", '"probe","status":"ok"'],
  ])("it is killed %s: the server is as before", async (_, moment) => {
    const before = await gateway.files();
    gateway.change(1);
    const command = "deploy gw --yes --json --confirm-within 25".split(" ");
    const killed = ["bash", "-c", KILL, "bash", moment, process.execPath, CLI];
    const { code, stderr } = await owner.run([...killed, ...command]);
    expect(code, stderr).toBe(137);
    await gateway.settled();
    expect(await gateway.files()).toEqual(before);
    expect(await gateway.value()).toBe(2);
  });

  test.each([
    ["IPv6: the probe sees it", "2001:db8:c11e::/64", "fe80::bad"],
    ["IPv4: ssh is cut off", "198.51.100.0/24", "203.0.113.99"],
  ])("a wrong route to the client, %s", async (_, to, via) => {
    const path = "host/etc/netplan/60-kong-ipv6.yaml";
    const right = readFileSync(join(owner.home, "gw", path), "utf8");
    const before = await gateway.etc();
    const route = `routes:\n        - { to: "${to}", via: "${via}" }`;
    gateway.write(path, right.replace("routes:", route), 0o600);
    await gateway.deploy("reverted", "--confirm-within", "40");
    expect(await reverted(lab)).toBeLessThan(40 + SLACK);
    gateway.write(path, right, 0o600);
    expect(await gateway.etc()).toEqual(before);
  });

  test("a daemon.json that Docker refuses is reverted", async () => {
    const path = "host/etc/docker/daemon.json";
    const right = readFileSync(join(owner.home, "gw", path), "utf8");
    const before = await gateway.etc();
    gateway.write(path, right.replace("{", '{ "storage-driver": "none-such",'));
    await gateway.deploy("reverted");
    gateway.write(path, right);
    expect(await gateway.etc()).toEqual(before);
  });

  test("a first deploy, and one that changes nothing, take little longer than apply.sh alone", async () => {
    const script = (line: string) => (): Promise<string> =>
      lab.host.sh(`cd ${PATH} && ./scripts/${line} >&2`, {
        timeoutMs: 400_000,
      });
    const rollback = script("rollback.sh");
    const apply = script("apply.sh");
    await rollback();
    const first = await seconds(apply);
    const unchanged = await seconds(apply);
    await rollback();
    const times = {
      "for the first time": [
        await seconds(() => gateway.deploy("confirmed")),
        first,
      ],
      "nothing to change": [
        await seconds(() => gateway.deploy("unchanged")),
        unchanged,
      ],
    } as const;
    console.log(times);
    if (process.env["LAB_WRITE_DOCS"])
      await writeTimes(describeRoot(await rootOf("trixie")), times);
    for (const [deploy, alone] of Object.values(times))
      expect(deploy).toBeLessThan(alone + 30);
  });
});
