import {
  chmodSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Lab } from "../lab/lab.ts";
import { CLI } from "../../support/run.ts";
import { knock, Probe } from "../lab/outside.ts";
import { Owner, reachable } from "../lab/owner.ts";
import type { Ran } from "../lab/run.ts";

const PREFIX = "2001:db8:1:2::/64";
const HOST = "2001:db8:1:2::2";
const KONG = "2001:db8:1:2:300::8100";
const MOVED = "2001:db8:1:2:300::8200";
const LOGIN = "root@203.0.113.10";
const SYSCTL = "net.ipv4.tcp_mtu_probing";
const NETPLAN = `network:
  version: 2
  ethernets:
    ens3:
      accept-ra: false
      addresses: [203.0.113.10/24, "${HOST}/64"]
      routes:
        - { to: default, via: 203.0.113.1 }
        - { to: "::/0", via: "fe80::1" }
`;

type Line = Record<string, unknown>;

/** Kills the deploy with SIGKILL when it prints a line that matches. */
const KILL = `
export TMPDIR=$PWD
coproc { exec "\${@:2}" 2>/dev/null; }
while read -r line <&"\${COPROC[0]}"; do
  if [[ $line =~ $1 ]]; then kill -KILL "$COPROC_PID"; break; fi
done
wait "$COPROC_PID"; code=$?
for socket in kong-*/s; do ssh -o ControlPath="$socket" -O exit none 2>/dev/null; done
exit "$code"`;

const AT_TERMINAL = fileURLToPath(
  new URL("files/at-terminal.py", import.meta.url),
);

/** What deploy --json printed, and its exit code. */
const lines = ({ stdout }: Ran): Line[] =>
  stdout
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as Line);

describe("deploy and probe, from outside through a real sshd", () => {
  let lab: Lab;
  let owner: Owner;
  beforeAll(async () => {
    lab = await reachable("trixie", { prefix: PREFIX }, NETPLAN);
    // The server is reachable by IPv4 only.
    await lab.host.write(
      "/etc/ssh/sshd_config.d/ipv4.conf",
      "AddressFamily inet\n",
    );
    await lab.host.sh("systemctl restart ssh");
    owner = new Owner(lab);
    await owner.exchangeKeys();
    const made = await owner.do("gw", "--ssh", LOGIN, "--yes");
    expect(made.code, made.stderr).toBe(0);
  });
  afterAll(async () => {
    owner?.close();
    await lab?.close();
  });

  /** Deploys without a question. Says what was printed if the outcome is another one. */
  async function deploy(outcome: string, ...args: string[]): Promise<Line[]> {
    const ran = await owner.do("deploy", "gw", "--yes", "--json", ...args);
    const found = lines(ran);
    expect(found.at(-1), ran.stdout + ran.stderr).toMatchObject({ outcome });
    return found;
  }

  /** A file of the owner's repository. */
  function write(path: string, text: string, mode = 0o644): void {
    const file = join(owner.home, "gw", path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    chmodSync(file, mode);
  }

  /** A small change. */
  const change = (value: number): void =>
    write("host/etc/sysctl.d/70-mine.conf", `${SYSCTL} = ${value}\n`);

  const value = async (): Promise<number> =>
    Number(await lab.host.sh(`sysctl -n ${SYSCTL}`));

  const etc = (): Promise<Map<string, string>> => lab.host.snapshot("/etc");

  /** All of /etc and of the repository, without the database, which writes by itself. */
  const files = async (): Promise<[string, string][]> =>
    [...(await lab.host.snapshot("/etc", "/opt/kong-ipv6"))].filter(
      ([path]) => !path.startsWith("/opt/kong-ipv6/data/"),
    );

  /** Waits until nothing runs there, and nothing waits for a confirmation. */
  const settled = (): Promise<string> =>
    lab.host.sh(
      "until [ ! -e /etc/systemd/system/kong-ipv6-revert.service ] && flock -n /run/kong-ipv6.lock true; do sleep 0.2; done",
      { timeoutMs: 120_000 },
    );

  test("--dry-run shows the plan, and leaves nothing", async () => {
    const before = await lab.host.snapshot("/etc", "/opt");
    const { code, stdout } = await owner.do("deploy", "gw", "--dry-run");
    expect(code, stdout).toBe(4);
    expect(stdout).toContain("planned");
    expect(await lab.host.snapshot("/etc", "/opt")).toEqual(before);
  });

  test("a first deploy is confirmed, and the probe proves it", async () => {
    const found = await deploy("confirmed");
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
    const before = await files();
    const requests = new Probe(lab.topology.client, `http://[${KONG}]/`);
    await deploy("unchanged");
    await requests.stop();
    expect(requests.lost).toBe(0);
    expect(await files()).toEqual(before);
  });

  test("one port too many: probe exits 4", async () => {
    const server = ["python3", "-m", "http.server", "--bind", HOST, "5432"];
    await lab.host.service("extra", server);
    await lab.host.sh("until ss -ltn | grep -q 5432; do sleep 0.1; done");
    const { code, stdout } = await owner.do("probe", "gw");
    await lab.host.sh("systemctl stop extra");
    expect(code).toBe(4);
    expect(stdout).toMatch(/fail +\[2001:db8:1:2::2\]:5432 answers/);
  });

  test("another address for Kong", async () => {
    const made = await owner.do("regenerate", "gw", "--kong", MOVED);
    expect(made.code, made.stdout + made.stderr).toBe(0);
    await deploy("confirmed");
    const { client } = lab.topology;
    const [old, now] = await knock(client, [
      { address: KONG, port: 80 },
      { address: MOVED, port: 80 },
    ]);
    expect([old?.state, now?.state]).toEqual(["silent", "open"]);
  });

  test("two deploys at once: the second is refused", async () => {
    change(1);
    const command = ["deploy", "gw", "--yes", "--json"];
    const both = await Promise.all([
      owner.do(...command),
      owner.do(...command),
    ]);
    const outcomes = both.map((ran) => lines(ran).at(-1)?.["outcome"]);
    const printed = both.map(({ stdout }) => stdout).join("\n");
    expect(outcomes.toSorted(), printed).toEqual(["confirmed", "refused"]);
    expect(await value()).toBe(1);
  });

  test("a user whose sudo asks for a password: it is asked once", async () => {
    await lab.host.sh(
      "useradd --create-home --groups sudo ops && echo ops:secret | chpasswd",
    );
    await owner.exchangeKeys("/home/ops");
    await lab.host.sh("chown -R ops: /home/ops/.ssh");
    change(2);
    const ran = await owner.run([
      "python3",
      AT_TERMINAL,
      "secret",
      process.execPath,
      CLI,
      ..."deploy gw --yes --json --ssh ops@203.0.113.10".split(" "),
    ]);
    expect(lines(ran).at(-1), ran.stdout).toMatchObject({
      outcome: "confirmed",
    });
    expect(ran.stdout.match(/password for/g)).toHaveLength(1);
    expect(await value()).toBe(2);
    expect((await lab.host.run(["pgrep", "-u", "ops"])).stdout).toBe("");
  });

  test("the disk is full: nothing is left of the copy", async () => {
    await lab.host.sh("mkdir /small && mount -t tmpfs -o size=100k x /small");
    const found = await deploy("failed", "--path", "/small/gw");
    const row = found.find(({ status }) => status === "failed");
    expect(row?.["detail"]).toContain("No space left on device");
    expect(await lab.host.sh("ls -A /small; umount /small")).toBe("");
  });

  test.each([
    ["while it shows the plan", '"planned"'],
    ["while apply.sh runs", '"timer", "status": "ok"'],
    ["before it confirms", '"probe","status":"ok"'],
  ])("it is killed %s: the server is as before", async (_, moment) => {
    const before = await files();
    change(1);
    const command = "deploy gw --yes --json --confirm-within 25".split(" ");
    const killed = ["bash", "-c", KILL, "bash", moment, process.execPath, CLI];
    const { code, stderr } = await owner.run([...killed, ...command]);
    expect(code, stderr).toBe(137);
    await settled();
    expect(await files()).toEqual(before);
    expect(await value()).toBe(2);
  });

  test("a wrong gateway: the probe sees it, and the change is reverted", async () => {
    const path = "host/etc/netplan/60-kong-ipv6.yaml";
    const right = readFileSync(join(owner.home, "gw", path), "utf8");
    const before = await etc();
    write(path, right.replace("fe80::1", "fe80::bad"), 0o600);
    await deploy("reverted", "--confirm-within", "60");
    expect(await etc()).toEqual(before);
    write(path, right, 0o600);
  });

  test("a daemon.json that Docker refuses is reverted", async () => {
    const path = "host/etc/docker/daemon.json";
    const right = readFileSync(join(owner.home, "gw", path), "utf8");
    const before = await etc();
    write(path, right.replace("{", '{ "log-driver": "none-such",'));
    await deploy("reverted");
    expect(await etc()).toEqual(before);
    write(path, right);
  });

  test("a deploy that cuts ssh off is reverted by the server", async () => {
    const table =
      "table inet cut { chain in { type filter hook input priority 0; tcp dport 22 drop; }; }";
    const hook = (name: string, line: string): void =>
      write(`scripts/hooks/${name}`, `#!/bin/sh\n${line}\n`, 0o755);
    hook("after-apply", `nft '${table}'`);
    hook("before-rollback", "nft delete table inet cut");
    const before = await etc();
    await deploy("reverted", "--confirm-within", "30");
    expect(await etc()).toEqual(before);
    rmSync(join(owner.home, "gw/scripts/hooks"), { recursive: true });
    const { code, stdout } = await owner.do("probe", "gw");
    expect(code, stdout).toBe(0);
  });
});
