import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect } from "vitest";
import type { Lab } from "../lab/lab.ts";
import { Owner, reachable } from "../lab/owner.ts";
import type { Generation } from "../lab/roots.ts";
import type { Ran } from "../lab/run.ts";

export const HOST = "2001:db8:1:2::2";
export const KONG = "2001:db8:1:2:300::8100";
export const PATH = "/opt/kong-ipv6";
const PREFIX = "2001:db8:1:2::/64";
export const LOGIN = "root@203.0.113.10";
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

/** What deploy --json printed. */
export const lines = ({ stdout }: Ran): Line[] =>
  stdout
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as Line);

/** An owner with a new repository in gw, and the server, whose sshd can be reached by IPv4 only. */
export class Gateway {
  readonly lab: Lab;
  readonly owner: Owner;

  private constructor(lab: Lab) {
    this.lab = lab;
    this.owner = new Owner(lab);
  }

  static async open(generation: Generation): Promise<Gateway> {
    const gateway = new Gateway(
      await reachable(generation, { prefix: PREFIX }, NETPLAN),
    );
    const { host } = gateway.lab;
    const only = "AddressFamily inet\n";
    await host.write("/etc/ssh/sshd_config.d/ipv4.conf", only);
    await host.sh("systemctl restart ssh");
    await gateway.owner.exchangeKeys();
    const made = await gateway.owner.do("gw", "--ssh", LOGIN, "--yes");
    expect(made.code, made.stderr).toBe(0);
    return gateway;
  }

  async close(): Promise<void> {
    this.owner.close();
    await this.lab.close();
  }

  /** Deploys without a question. Says what was printed if the outcome is another one. */
  async deploy(outcome: string, ...args: string[]): Promise<Line[]> {
    const ran = await this.owner.do("deploy", "gw", "--yes", "--json", ...args);
    const found = lines(ran);
    expect(found.at(-1), ran.stdout + ran.stderr).toMatchObject({ outcome });
    return found;
  }

  /** A file of the owner's repository. */
  write(path: string, text: string, mode = 0o644): void {
    const file = join(this.owner.home, "gw", path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    chmodSync(file, mode);
  }

  /** A small change. */
  change(value: number): void {
    this.write("host/etc/sysctl.d/70-mine.conf", `${SYSCTL} = ${value}\n`);
  }

  async value(): Promise<number> {
    return Number(await this.lab.host.sh(`sysctl -n ${SYSCTL}`));
  }

  /** From now on each apply.sh cuts ssh off, and its revert undoes that. */
  cutOff(): void {
    const table =
      "table inet cut { chain in { type filter hook input priority 0; tcp dport 22 drop; }; }";
    const hook = (name: string, line: string): void =>
      this.write(`scripts/hooks/${name}`, `#!/bin/sh\n${line}\n`, 0o755);
    hook("after-apply", `nft '${table}'`);
    hook("before-rollback", "nft delete table inet cut");
  }

  etc(): Promise<Map<string, string>> {
    return this.lab.host.snapshot("/etc");
  }

  /** All of /etc and of the repository, without the database, which writes by itself. */
  async files(): Promise<[string, string][]> {
    return [...(await this.lab.host.snapshot("/etc", PATH))].filter(
      ([path]) => !path.startsWith(`${PATH}/data/`),
    );
  }

  /** Waits until nothing runs there, and nothing waits for a confirmation. */
  settled(): Promise<string> {
    return this.lab.host.sh(
      "until [ ! -e /etc/systemd/system/kong-ipv6-revert.service ] && flock -n /run/kong-ipv6.lock true; do sleep 0.2; done",
      { timeoutMs: 120_000 },
    );
  }
}
