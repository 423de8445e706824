import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { inPlace } from "../unit/detect/stand-in.ts";
import { Terminal } from "../support/terminal.ts";
import { CHECKOUT, run, Sandbox, type Result } from "../support/run.ts";

/** In the place of ssh: runs the command on this machine. A target named in `down` can't be reached. */
const SSH = `
printf '%s\\n' "$*" >>"$HOME/ssh.log"
while [ $# -gt 0 ]; do
  case $1 in
    -o) shift 2 ;;
    -O) exit 0 ;;
    --) shift; break ;;
    *) shift ;;
  esac
done
target=$1; shift
[ $# -gt 0 ] || exit 0
if grep -qsxF "$target" "$HOME/down"; then echo "ssh: connect to host gw: Connection timed out" >&2; exit 255; fi
exec sh -c "$(printf %s "$*" | sed "s|/var/lib/kong-ipv6|$HOME/journal|g")"
`;

/** In the place of apply.sh: prints what the test has prepared, logs how it is called, and writes a journal. */
const APPLY = `#!/bin/sh
printf '%s %s\\n' "$PWD" "$*" >>"$HOME/apply.log"
journal=$HOME/journal copy=$HOME/journal/copies/a
case "$*" in
  *--dry-run*) cat "$HOME/dry-run" ;;
  *--confirm-within*)
    mkdir -p "$copy"; cp .kong-ipv6.deployed "$copy"; printf 'pending\\t%s\\ta\\t.\\n' "$PWD" >"$journal/manifest"
    cat "$HOME/apply"; . "$HOME/meanwhile" ;;
  *--confirm*) sed -i s/pending/applied/ "$journal/manifest"; echo '{"outcome": "confirmed", "code": 0}' ;;
  *--revert*) rm "$journal/manifest"; echo '{"outcome": "reverted", "code": 0}' ;;
esac
`;

const PLANNED = `{"step": "netplan", "status": "planned", "detail": "add an address"}
{"outcome": "planned", "code": 4}
`;
const UNCHANGED = `{"outcome": "unchanged", "code": 0}\n`;
const APPLIED = `{"step": "netplan", "status": "planned", "detail": "add an address"}
{"step": "netplan", "status": "ok", "detail": "applied"}
{"outcome": "applied", "code": 0, "confirm_within": 60}
`;

const template = new Sandbox();
beforeAll(async () => {
  const answers = ["--prefix", "2001:db8:1:2::/64", "--ipv4", "none"];
  const made = await run(template, ["gw", ...answers, "--yes"]);
  expect(made.code).toBe(0);
});

/** The owner's machine, with a repository, and a server that is a directory beside it. */
class Gateway extends Sandbox {
  readonly server = join(this.root, "opt/kong-ipv6");
  readonly home = join(this.root, "home");

  static create(): Gateway {
    const gateway = new Gateway();
    cpSync(template.path("gw"), gateway.path("gw"), { recursive: true });
    writeFileSync(gateway.path("gw/scripts/apply.sh"), APPLY);
    gateway.says({ "dry-run": PLANNED, apply: APPLIED, meanwhile: "" });
    mkdirSync(join(gateway.root, "opt"));
    return gateway;
  }

  /** What apply.sh on the server prints from now on. */
  says(files: Readonly<Record<string, string>>): void {
    for (const [name, text] of Object.entries(files))
      writeFileSync(join(this.home, name), text);
  }

  deploy(...args: string[]): Promise<Result> {
    const { env, args: all } = this.command(...args);
    return run(this, all, { env });
  }

  /** The arguments of the command, and its environment, in which ssh goes to this machine. */
  command(...args: string[]): { env: Record<string, string>; args: string[] } {
    const PATH = inPlace(join(this.root, "bin"), {
      ssh: SSH,
      sudo: 'shift; exec "$@"\n',
      // Only root has mount namespaces. Without one, the plan is made in PATH.new.
      unshare: 'shift; exec "$@"\n',
      mount: "exit 1\n",
    });
    const preload = join(CHECKOUT, "test/support/no-network.cjs");
    const env = { PATH, NODE_OPTIONS: `--require ${preload}` };
    const login = args.includes("--ssh") ? [] : ["--ssh", "root@gw"];
    const path = args.includes("--path") ? [] : ["--path", this.server];
    return { env, args: ["deploy", "gw", ...login, ...path, ...args] };
  }

  log(name: string): string {
    const path = join(this.home, name);
    return existsSync(path) ? readFileSync(path, "utf8") : "";
  }

  /** The arguments that apply.sh had. */
  get calls(): string[] {
    return this.log("apply.log")
      .split("\n")
      .filter(Boolean)
      .map((line) => line.slice(line.indexOf(" --") + 1));
  }

  onServer(name: string): string {
    return readFileSync(join(this.server, name), "utf8");
  }
}

const rows = ({ stdout }: Result): Record<string, unknown>[] =>
  stdout
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>);
const last = (result: Result): unknown => rows(result).at(-1);

const DRY_RUN = "--dry-run --json --confirm-within 120";
const CONFIRM = "--json --confirm-within 120";

describe("a first deploy", () => {
  test("copies, applies, reconnects, probes, confirms", async () => {
    const gateway = Gateway.create();
    writeFileSync(gateway.path("gw/README.md.new"), "a sidecar");
    mkdirSync(gateway.path("gw/.git"));
    const result = await gateway.deploy("--yes", "--json");
    expect(result.stderr).toBe("");
    expect(last(result)).toEqual({ outcome: "confirmed", exitCode: 0 });
    expect(result.code).toBe(0);
    expect(gateway.calls).toEqual([DRY_RUN, CONFIRM, "--confirm --json"]);
    expect(rows(result).map(({ step }) => step)).toEqual([
      "connect",
      "netplan",
      "copy",
      "netplan",
      "reconnect",
      "probe",
      undefined,
    ]);
    for (const path of ["docker-compose.yml", ".env", "host/etc/ndppd.conf"])
      expect(gateway.onServer(path)).toBe(gateway.read("gw", path));
    const mode = (path: string): number =>
      statSync(join(gateway.server, path)).mode & 0o777;
    expect([".env", "scripts/apply.sh", "README.md"].map(mode)).toEqual([
      0o600, 0o755, 0o644,
    ]);
    for (const path of [".git", "README.md.new", ".kong-ipv6.undo"])
      expect(existsSync(join(gateway.server, path))).toBe(false);
    expect(existsSync(`${gateway.server}.new`)).toBe(false);
  });

  test("no secret is in an argument or in the output", async () => {
    const gateway = Gateway.create();
    const result = await gateway.deploy("--yes");
    const [, secret = ""] =
      /KONG_PG_PASSWORD=(\w{64})/.exec(gateway.read("gw/.env")) ?? [];
    expect(secret).toHaveLength(64);
    for (const text of [result.stdout, result.stderr, gateway.log("ssh.log")])
      expect(text).not.toContain(secret);
  });

  test("--dry-run: exit 4, and nothing is on the server", async () => {
    const gateway = Gateway.create();
    const result = await gateway.deploy("--dry-run");
    expect(result.code).toBe(4);
    expect(result.stdout).toContain("planned netplan     add an address");
    expect(gateway.calls).toEqual([DRY_RUN]);
    expect(
      Object.keys(result.tree).filter((path) => path.startsWith("opt/")),
    ).toEqual([]);
  });

  test("the plan is shown once, and names PATH, not the copy", async () => {
    const gateway = Gateway.create();
    const planned = PLANNED.replace(
      "add an address",
      `${gateway.server}.new/data will be created`,
    );
    gateway.says({ "dry-run": planned });
    const { stdout } = await gateway.deploy("--yes");
    expect(stdout.match(/planned.*/g)).toEqual([
      `planned netplan     ${gateway.server}/data will be created`,
    ]);
  });

  test("apply.sh refuses: exit 1, and nothing is on the server", async () => {
    const gateway = Gateway.create();
    gateway.says({
      "dry-run": `{"step": "apply.sh", "status": "refused", "detail": "Docker is too old", "remedy": "update it"}
{"outcome": "refused", "code": 1}\n`,
    });
    const result = await gateway.deploy("--yes");
    expect(result.code).toBe(1);
    expect(result.stdout).toContain("Remedy: update it");
    expect(existsSync(gateway.server)).toBe(false);
    expect(existsSync(`${gateway.server}.new`)).toBe(false);
  });
});

describe("another deploy", () => {
  test("nothing differs: exit 0, nothing is applied", async () => {
    const gateway = Gateway.create();
    await gateway.deploy("--yes");
    gateway.says({ "dry-run": UNCHANGED, "apply.log": "" });
    const result = await gateway.deploy("--yes", "--json");
    expect(last(result)).toEqual({ outcome: "unchanged", exitCode: 0 });
    expect(gateway.calls).toEqual([DRY_RUN]);
    expect(existsSync(`${gateway.server}.previous`)).toBe(false);
    expect(existsSync(`${gateway.server}.new`)).toBe(false);
  });

  test("data and files that exist only there stay; a dropped file goes", async () => {
    const gateway = Gateway.create();
    writeFileSync(gateway.path("gw/docker-compose.override.yml"), "# mine\n");
    await gateway.deploy("--yes");
    mkdirSync(join(gateway.server, "data/postgres"), { recursive: true });
    writeFileSync(join(gateway.server, "data/postgres/PG_VERSION"), "17");
    writeFileSync(join(gateway.server, "host/note"), "only here");
    rmSync(gateway.path("gw/docker-compose.override.yml"));
    const result = await gateway.deploy("--yes");
    expect(result.code).toBe(0);
    expect(gateway.onServer("data/postgres/PG_VERSION")).toBe("17");
    expect(gateway.onServer("host/note")).toBe("only here");
    const dropped = "docker-compose.override.yml";
    expect(existsSync(join(gateway.server, dropped))).toBe(false);
    const kept = join(`${gateway.server}.previous`, dropped);
    expect(readFileSync(kept, "utf8")).toBe("# mine\n");
  });

  test("an edit on the server is replaced, named, and kept beside", async () => {
    const gateway = Gateway.create();
    await gateway.deploy("--yes");
    appendFileSync(join(gateway.server, "docker-compose.yml"), "# edit\n");
    const result = await gateway.deploy("--yes");
    expect(result.stdout).toContain(
      "docker-compose.yml was edited on the server",
    );
    expect(gateway.onServer("docker-compose.yml")).not.toContain("# edit");
    const kept = join(`${gateway.server}.previous`, "docker-compose.yml");
    expect(readFileSync(kept, "utf8")).toContain("# edit");
  });

  test("edits in the server's .env stay, and are shown without their values", async () => {
    const gateway = Gateway.create();
    await gateway.deploy("--yes");
    const path = join(gateway.server, ".env");
    const edited = gateway
      .onServer(".env")
      .replace(/^KONG_PG_PASSWORD=.*$/m, "KONG_PG_PASSWORD=changed-there");
    writeFileSync(path, `${edited}EXTRA=1\n`);
    const own = gateway.path("gw/.env");
    writeFileSync(own, `${gateway.read("gw/.env")}HERE=2\n`);
    const result = await gateway.deploy("--yes");
    expect(result.stdout).toMatch(
      /note +\.env +the server's values stay: KONG_PG_PASSWORD, EXTRA$/m,
    );
    expect(result.stdout).not.toContain("changed-there");
    expect(gateway.onServer(".env")).toContain(
      "KONG_PG_PASSWORD=changed-there\n",
    );
    expect(gateway.onServer(".env")).toContain("EXTRA=1\n");
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test("a file where the server has a directory: nothing is changed", async () => {
    const gateway = Gateway.create();
    await gateway.deploy("--yes");
    mkdirSync(join(gateway.server, "mine"));
    writeFileSync(gateway.path("gw/mine"), "a file");
    const before = gateway.onServer(".kong-ipv6.deployed");
    const result = await gateway.deploy("--yes");
    expect(result.code).toBe(1);
    expect(result.stdout).toContain(
      "mine is a directory, but a file in this copy",
    );
    expect(gateway.onServer(".kong-ipv6.deployed")).toBe(before);
  });
});

describe("what the server has", () => {
  /** A repository with a change that is not deployed. */
  async function changed(): Promise<Gateway> {
    const gateway = Gateway.create();
    const prefix = ["--prefix", "2001:db8:9:9::/64"];
    const { code } = await run(gateway, ["regenerate", "gw", ...prefix]);
    expect(code).toBe(0);
    return gateway;
  }
  const STATE = "gw/.kong-ipv6.json";
  const left = (gateway: Gateway): unknown =>
    JSON.parse(gateway.read(STATE)).deployed?.prefix;

  test("a confirmed deploy records it; the next one finds nothing to change", async () => {
    const gateway = await changed();
    const result = await gateway.deploy("--yes", "--json");
    expect(rows(result)).toContainEqual(
      expect.objectContaining({ step: ".kong-ipv6.json", status: "note" }),
    );
    expect(left(gateway)).toBeUndefined();
    expect(gateway.onServer(".kong-ipv6.json")).toBe(gateway.read(STATE));
    gateway.says({ "dry-run": UNCHANGED });
    const again = await gateway.deploy("--yes", "--json");
    expect(last(again)).toEqual({ outcome: "unchanged", exitCode: 0 });
    expect(await run(gateway, ["undo", "gw"])).toMatchObject({ code: 0 });
    expect(left(gateway)).toBe("2001:db8:9:9::/64");
  });

  test("a plan, or a change that is reverted, records nothing", async () => {
    const gateway = await changed();
    await gateway.deploy("--dry-run");
    gateway.says({
      apply: `{"step": "kong", "status": "fail", "detail": "no answer"}
{"outcome": "failed", "code": 1, "confirm_within": 60}\n`,
    });
    expect((await gateway.deploy("--yes")).code).toBe(1);
    expect(left(gateway)).toBe("2001:db8:1:2::/64");
  });

  test("after undo, the address of the undone change is tried too", async () => {
    const gateway = await changed();
    await gateway.deploy("--yes");
    await run(gateway, ["undo", "gw"]);
    writeFileSync(join(gateway.home, "down"), "root@2001:db8:1:2::2\n");
    const login = ["--ssh", "root@2001:db8:1:2::2"];
    const result = await gateway.deploy("--dry-run", ...login);
    expect(result.stdout).toContain("root@2001:db8:9:9::2");
    expect(result.code).toBe(4);
  });
});

describe("the change is not confirmed", () => {
  test("apply.sh reverted it", async () => {
    const gateway = Gateway.create();
    gateway.says({
      apply: `{"step": "netplan", "status": "failed", "detail": "broken"}
{"outcome": "reverted", "code": 1}\n`,
    });
    const result = await gateway.deploy("--yes", "--json");
    expect(last(result)).toEqual({ outcome: "reverted", exitCode: 1 });
    expect(gateway.calls).toEqual([DRY_RUN, CONFIRM]);
  });

  test("a check on the server fails: it is reverted at once", async () => {
    const gateway = Gateway.create();
    gateway.says({
      apply: `{"step": "kong", "status": "fail", "detail": "no answer"}
{"outcome": "failed", "code": 1, "confirm_within": 60}\n`,
    });
    const result = await gateway.deploy("--yes", "--json");
    expect(last(result)).toEqual({ outcome: "reverted", exitCode: 1 });
    expect(gateway.calls.at(-1)).toBe("--revert --json");
  });

  test("no new connection: the server reverts by itself", async () => {
    const gateway = Gateway.create();
    gateway.says({
      apply: `{"outcome": "applied", "code": 0, "confirm_within": 3}\n`,
      meanwhile: `echo root@gw >"$HOME/down"
(sleep 3; rm "$journal/manifest" "$HOME/down") >/dev/null 2>&1 &`,
    });
    const result = await gateway.deploy("--yes", "--json");
    expect(last(result)).toEqual({ outcome: "reverted", exitCode: 1 });
    expect(rows(result)).toContainEqual(
      expect.objectContaining({ step: "reconnect", status: "..." }),
    );
    expect(gateway.calls).toEqual([DRY_RUN, CONFIRM]);
  });

  test("apply.sh prints something else: failed, and no control character", async () => {
    const gateway = Gateway.create();
    gateway.says({
      apply: "\u001b[2Jhello\n",
      meanwhile: ': >"$journal/manifest"; exit 3',
    });
    const result = await gateway.deploy("--yes");
    expect(result.code).toBe(1);
    expect(result.stdout + result.stderr).not.toContain("\u001b");
    expect(gateway.calls).toEqual([DRY_RUN, CONFIRM]);
  });
});

test("the new address of the server: the old one is tried too, and the new one afterwards", async () => {
  const gateway = Gateway.create();
  const moved = ["regenerate", "gw", "--prefix", "2001:db8:7:7::/64"];
  expect((await run(gateway, moved)).code).toBe(0);
  gateway.says({
    "dry-run": PLANNED,
    down: "root@2001:db8:7:7::2\n",
    meanwhile: 'echo root@2001:db8:1:2::2 >"$HOME/down"',
  });
  const login = ["--ssh", "root@2001:db8:7:7::2"];
  const result = await gateway.deploy("--yes", "--json", ...login);
  const targets = rows(result).flatMap(({ step, detail }) =>
    String(step).endsWith("connect") ? [detail] : [],
  );
  expect(targets).toEqual(["root@2001:db8:1:2::2", "root@2001:db8:7:7::2"]);
  expect(gateway.log("ssh.log")).toContain("HostKeyAlias=2001:db8:7:7::2");
});

test("no part of --path is run as a command", async () => {
  const gateway = Gateway.create();
  const path = join(
    gateway.root,
    'opt/a\'b "c" $(touch pwned) `touch pwned`; touch pwned',
  );
  const result = await gateway.deploy("--yes", "--path", path);
  expect(result.stderr).toBe("");
  expect(result.code).toBe(0);
  expect(existsSync(join(path, "docker-compose.yml"))).toBe(true);
  expect(
    Object.keys(result.tree).filter((one) => one.endsWith("/pwned")),
  ).toEqual([]);
});

test("a user who is not root: sudo", async () => {
  const gateway = Gateway.create();
  const bin = join(gateway.root, "bin");
  inPlace(bin, { id: "echo 1000\n" });
  const result = await gateway.deploy("--yes");
  expect(result.code).toBe(0);
  expect(gateway.log("ssh.log")).toMatch(/sudo -n sh -c /);
});

describe("unusable arguments: exit 2, and ssh is not run", () => {
  test.each([
    ["no --yes", [], "error --yes: it is missing, and nothing can be asked"],
    [
      "--path",
      ["--yes", "--path", "opt"],
      "error --path opt: it is not an abs",
    ],
    ["--path /", ["--yes", "--path", "/srv"], "error --path /srv: it is not"],
    ["a login", ["--yes", "--ssh", "-oProxyCommand=x"], "error --ssh"],
    ["a time", ["--yes", "--confirm-within", "5"], "error --confirm-within 5"],
    ["no login", ["--yes", "--ssh", "none"], "error --ssh"],
  ])("%s", async (_, args, message) => {
    const gateway = Gateway.create();
    const result = await gateway.deploy(...args);
    expect(result.code).toBe(2);
    expect(result.stderr).toContain(message);
    expect(gateway.log("ssh.log")).toBe("");
  });
});

test("the repository of an older generator: exit 1, and ssh is not run", async () => {
  const gateway = Gateway.create();
  // Its apply.sh refuses to plan a change that has to be confirmed.
  rmSync(gateway.path("gw/scripts/kong_ipv6/conntrack.py"));
  const result = await gateway.deploy("--yes");
  expect(result.code).toBe(1);
  expect(result.stderr).toMatch(
    / is older than deploy\. First run node \S+ regenerate gw\.?$/m,
  );
  expect(gateway.log("ssh.log")).toBe("");
});

test("the server can't be reached: exit 1, and the last line of --json says failed", async () => {
  const gateway = Gateway.create();
  gateway.says({ down: "root@gw\n" });
  const result = await gateway.deploy("--yes", "--json");
  expect(result.code).toBe(1);
  expect(rows(result)).toEqual([
    expect.objectContaining({ step: "deploy", status: "failed" }),
    { outcome: "failed", exitCode: 1 },
  ]);
  const text = await gateway.deploy("--yes");
  expect(text.stderr).toContain("ssh could not log in to root@gw");
});

test("sudo asks for a password: once, at the terminal, and the plan is agreed to", async () => {
  const gateway = Gateway.create();
  const { env, args } = gateway.command();
  inPlace(join(gateway.root, "bin"), {
    id: "echo 1000\n",
    sudo: `[ "$1" = -n ] && { echo "sudo: a password is required" >&2; exit 1; }
printf 'password for owner: ' >/dev/tty; read -r given </dev/tty
[ "$given" = right ] && exec "$@"
exit 1
`,
  });
  const terminal = new Terminal(gateway, args, { env });
  await terminal.answer("password for owner: ", "right");
  await terminal.see("planned netplan     add an address");
  await terminal.answer("Apply this to", "y");
  await terminal.see("Deployed and confirmed.");
  expect(await terminal.ended).toBe(0);
  expect(terminal.output.match(/password for owner/g)).toHaveLength(1);
  expect(gateway.calls).toEqual([DRY_RUN, CONFIRM, "--confirm --json"]);
});

test("the owner declines: exit 130, and nothing is on the server", async () => {
  const gateway = Gateway.create();
  const { env, args } = gateway.command();
  const terminal = new Terminal(gateway, args, { env });
  await terminal.answer("Apply this to", "n");
  expect(await terminal.ended).toBe(130);
  expect(existsSync(gateway.server)).toBe(false);
  expect(existsSync(`${gateway.server}.new`)).toBe(false);
});
