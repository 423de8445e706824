import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Lab } from "../lab/lab.ts";
import { knock, Probe } from "../lab/outside.ts";
import { Owner, reachable } from "../lab/owner.ts";
import type { Ran } from "../lab/run.ts";

const PREFIX = "2001:db8:1:2::/64";
const HOST = "2001:db8:1:2::2";
const KONG = "2001:db8:1:2:300::8100";
const MOVED = "2001:db8:1:2:300::8200";
const LOGIN = "root@203.0.113.10";
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

/** What deploy --json printed, and its exit code. */
const lines = ({ stdout }: Ran): Line[] =>
  stdout
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Line);

describe("deploy and probe, from outside through a real sshd", () => {
  let lab: Lab;
  let owner: Owner;
  beforeAll(async () => {
    lab = await reachable("trixie", { prefix: PREFIX }, NETPLAN);
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

  /** All of /etc and of the repository, without the database, which writes by itself. */
  const files = async (): Promise<[string, string][]> =>
    [...(await lab.host.snapshot("/etc", "/opt/kong-ipv6"))].filter(
      ([path]) => !path.startsWith("/opt/kong-ipv6/data/"),
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

  test("a deploy that cuts ssh off is reverted by the server", async () => {
    const hooks = join(owner.home, "gw/scripts/hooks");
    mkdirSync(hooks, { recursive: true });
    const hook = (name: string, text: string): void => {
      writeFileSync(join(hooks, name), `#!/bin/sh\n${text}\n`);
      chmodSync(join(hooks, name), 0o755);
    };
    hook(
      "after-apply",
      "nft add table inet cut && nft 'add chain inet cut input { type filter hook input priority 0; }' && nft add rule inet cut input tcp dport 22 drop",
    );
    hook("before-rollback", "nft delete table inet cut");
    const before = await lab.host.snapshot("/etc");
    await deploy("reverted", "--confirm-within", "30");
    const ssh = ["ssh", "-o", "BatchMode=yes", "-o", "ConnectTimeout=5", LOGIN];
    expect((await owner.run([...ssh, "true"])).code).toBe(0);
    expect(await lab.host.snapshot("/etc")).toEqual(before);
    const { code, stdout } = await owner.do("probe", "gw");
    expect(code, stdout).toBe(0);
  });
});
