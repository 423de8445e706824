import { spawnSync } from "node:child_process";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { expect, vi } from "vitest";
import { runIn } from "../support/in-process.ts";
import { testWith } from "../support/programs.ts";
import { Sandbox } from "../support/run.ts";

// A play starts a Python for each task.
vi.setConfig({ testTimeout: 300_000 });

// The real ansible-playbook; this machine stands for each host, and a script for its apply.sh.

const FLEET = `controlPlane: a
hosts:
  a: {prefix: "2a03:2222:3333:4444::/64", ssh: root@192.0.2.1}
  b: {prefix: "2a04:2222:3333:4444::/64", ssh: root@192.0.2.2}
`;

/** Logs its arguments. There is something to change until it has run once. */
const APPLY = `#!/bin/sh
echo "\${PWD##*/} $*" >>"$(dirname "$PWD")/log"
case "$*" in
  *--dry-run*) [ ! -e host/etc/ndppd.conf ] || echo "ndppd.conf"; [ -e applied ] || { echo "the plan"; exit 4; } ;;
  *--confirm-within*)
    if [ -e applied ]; then echo '{"outcome": "unchanged"}'; else touch applied; echo '{"outcome": "applied"}'; fi ;;
esac
`;

const PROBE = `#!/bin/sh
case "$2" in *"$(cat "\${0%/*}/bad")") echo '{"ok": false, "results": [{"ok": false}]}'; exit 4 ;; esac
# As before the DNS records are set.
echo '{"ok": false, "results": [{"ok": true}, {"ok": null}], "dns": [{"ok": false}]}'
exit 4
`;

class Fleet extends Sandbox {
  constructor() {
    super({ "fleet.yml": FLEET, "servers/log": "", "bin/bad": "none" });
    writeFileSync(this.path("bin/probe"), PROBE, { mode: 0o755 });
  }

  async create(): Promise<this> {
    await runIn(this, ["f", "--answers", "fleet.yml"]);
    for (const host of ["a", "b"])
      writeFileSync(this.path("f/hosts", host, "scripts/apply.sh"), APPLY);
    return this;
  }

  /** The recap: changed and failed by host. */
  play(...flags: string[]): { recap: Record<string, string>; output: string } {
    const variables = {
      ansible_connection: "local",
      ansible_become: false,
      kong_path: `${this.path("servers")}/{{ inventory_hostname }}`,
      create_kong_ipv6: this.path("bin/probe"),
    };
    const command = [
      "ansible-playbook",
      "playbook.yml",
      "--extra-vars",
      JSON.stringify(variables),
      ...flags,
    ];
    // Files become root's, and check mode mounts: in a user namespace, unless root runs the tests.
    const asRoot =
      process.getuid?.() === 0 ? [] : ["unshare", "--map-root-user"];
    const [program = "", ...args] = [...asRoot, ...command];
    const { stdout, stderr } = spawnSync(program, args, {
      cwd: this.path("f"),
      encoding: "utf8",
      env: { ...process.env, ANSIBLE_NOCOLOR: "1" },
    });
    const output = `${stdout}${stderr}`;
    const rows = output.matchAll(/^([ab]) +: .*changed=(\d+).*failed=(\d+)/gm);
    const recap = Object.fromEntries(
      [...rows].map(([, host, changed, failed]) => [
        host,
        `${changed} changed, ${failed} failed`,
      ]),
    );
    return { recap, output };
  }

  /** What the hosts' apply.sh were called with since the last look. */
  calls(): string[] {
    const lines = this.read("servers/log").trim().split("\n");
    writeFileSync(this.path("servers/log"), "");
    return lines.filter((line) => line !== "");
  }
}

const changed = (a: number, b: number): Record<string, string> => ({
  a: `${a} changed, 0 failed`,
  b: `${b} changed, 0 failed`,
});

testWith(
  "ansible-playbook",
  "rollback needs a host: without --limit nothing is undone",
  async () => {
    const fleet = await new Fleet().create();
    for (const host of ["a", "b"]) {
      mkdirSync(fleet.path("servers", host, "scripts"), { recursive: true });
      writeFileSync(
        fleet.path("servers", host, "scripts/rollback.sh"),
        `#!/bin/sh\necho "\${PWD##*/} rollback" >>"$(dirname "$PWD")/log"\n`,
        { mode: 0o755 },
      );
    }
    const refused = fleet.play("--tags", "rollback");
    expect(refused.output).toContain("name the host: --tags rollback --limit");
    expect(fleet.calls()).toEqual([]);
    fleet.play("--tags", "rollback", "--limit", "b");
    expect(fleet.calls()).toEqual(["b rollback"]);
  },
);

testWith(
  "ansible-playbook",
  "check mode, the first run, and the second",
  async () => {
    const fleet = await new Fleet().create();
    const dry = fleet.play("--check");
    expect(dry.recap).toEqual(changed(2, 2));
    expect(dry.output).toContain('"the plan"');
    expect(fleet.calls()).toEqual([
      "a.new --dry-run --confirm-within 120",
      "b.new --dry-run --confirm-within 120",
    ]);
    expect(existsSync(fleet.path("servers/a"))).toBe(false);

    const first = fleet.play("-vvv");
    expect(first.recap).toEqual(changed(2, 2));
    expect(fleet.calls()).toEqual([
      "a --json --confirm-within 120",
      "a --confirm",
      "b --json --confirm-within 120",
      "b --confirm",
    ]);
    const key = fleet.read("f/cluster/cluster.key");
    expect(fleet.read("servers/b/cluster/cluster.key")).toBe(key);
    expect(statSync(fleet.path("servers/b/.env")).mode & 0o777).toBe(0o600);
    expect(first.output).not.toContain(key.split("\n")[1]);
    const [, password = ""] =
      /PASSWORD=(\S+)/.exec(fleet.read("f/hosts/a/.env")) ?? [];
    expect(first.output).not.toContain(password);
    expect(existsSync(fleet.path("servers/a.new"))).toBe(false);

    // What apply.sh adds to .env for Docker 27 stays, and is no difference.
    const added = "\n# Docker 27.\nKONG_PUBLISH_IPV6=[::]\n";
    appendFileSync(fleet.path("servers/a/.env"), added);
    mkdirSync(fleet.path("servers/a/data"));
    const second = fleet.play();
    expect(second.recap).toEqual(changed(0, 0));
    expect(fleet.read("servers/a/.env").endsWith(added)).toBe(true);
    fleet.calls();
  },
);

testWith(
  "ansible-playbook",
  "a file that is no longer generated goes; check mode shows the plan without it",
  async () => {
    const fleet = await new Fleet().create();
    fleet.play("--limit", "b");
    writeFileSync(
      fleet.path("f/fleet.yml"),
      FLEET.replace("root@192.0.2.2", "root@192.0.2.2, ndp: kernel"),
    );
    await runIn(fleet, ["regenerate", "f"]);
    fleet.calls();
    const file = fleet.path("servers/b/host/etc/ndppd.conf");
    const { output } = fleet.play("--check", "--limit", "b");
    expect(fleet.calls()).toEqual(["b --dry-run --confirm-within 120"]);
    expect(output).not.toContain('"ndppd.conf"');
    expect(existsSync(file)).toBe(true);
    expect(fleet.play("--limit", "b").recap["b"]).toBe("1 changed, 0 failed");
    expect(existsSync(file)).toBe(false);
  },
);

testWith(
  "ansible-playbook",
  "the first host that fails reverts, and stops the run",
  async () => {
    const fleet = await new Fleet().create();
    writeFileSync(fleet.path("bin/bad"), "/hosts/a");
    const { recap } = fleet.play();
    expect(recap).toEqual({ a: expect.stringContaining(", 1 failed") });
    expect(fleet.calls()).toEqual([
      "a --json --confirm-within 120",
      "a --revert",
    ]);
    expect(existsSync(fleet.path("servers/b"))).toBe(false);
  },
);

testWith(
  "ansible-playbook",
  "a conflict or a missing key is refused before anything is copied",
  async () => {
    const fleet = await new Fleet().create();
    writeFileSync(fleet.path("f/hosts/a/README.md.new"), "new\n");
    expect(fleet.play().output).toContain("a has files in conflict");
    rmSync(fleet.path("f/hosts/a/README.md.new"));
    rmSync(fleet.path("f/cluster/cluster.key"));
    expect(fleet.play().output).toContain("cluster/cluster.key is missing");
    expect(existsSync(fleet.path("servers/a"))).toBe(false);
  },
);
