import { execFileSync } from "node:child_process";
import { appendFileSync, rmSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { runIn } from "../support/in-process.ts";
import { Sandbox, snapshot, type Snapshot } from "../support/run.ts";
import { testWith } from "../support/programs.ts";

const FLEET = `# My fleet.
domain: gateway.example.com
controlPlane: web-1
hosts:
  web-2:
    prefix: 2a04:2222:3333:4400::/56
    delivery: routed
    ssh: admin@192.0.2.2
  web-1:
    prefix: 2a03:2222:3333:4444::/64
    ssh: root@192.0.2.1
`;

const fleet = (text = FLEET): Sandbox => new Sandbox({ "fleet.yml": text });

async function made(text = FLEET): Promise<Sandbox> {
  const sandbox = fleet(text);
  const { code, stderr } = await runIn(sandbox, CREATE);
  expect([code, stderr]).toEqual([0, ""]);
  return sandbox;
}

const CREATE = ["f", "--answers", "fleet.yml"];

/** The fleet's files, without what undo needs. */
const files = (sandbox: Sandbox): Snapshot =>
  snapshot(sandbox.path("f"), [".kong-ipv6.undo"]);

const edit = (sandbox: Sandbox, from: string, to: string): void =>
  writeFileSync(
    sandbox.path("f/fleet.yml"),
    sandbox.read("f/fleet.yml").replace(from, to),
  );

const regenerate = (sandbox: Sandbox, ...flags: string[]) =>
  runIn(sandbox, ["regenerate", "f", ...flags]);

test("create writes the fleet's files, and a complete repository per host", async () => {
  const sandbox = await made();
  const tree = files(sandbox);
  const top = Object.keys(tree).filter((path) => !/^hosts\/.+\//.test(path));
  expect(top).toEqual([
    ".gitignore",
    ".kong-ipv6.json",
    "README.md",
    "ansible.cfg",
    "cluster",
    "cluster/cluster.crt",
    "cluster/cluster.key",
    "fleet.yml",
    "hosts",
    "hosts/web-1",
    "hosts/web-2",
    "inventory.yml",
    "playbook.yml",
  ]);
  expect(sandbox.read("f/fleet.yml")).toBe(FLEET);
  expect(tree["cluster/cluster.key"]).toMatch(
    /^file 0600 -----BEGIN PRIVATE KEY-----/,
  );
  expect(sandbox.read("f/.gitignore")).toContain("/cluster/cluster.key\n");
  expect(tree["hosts/web-1/.env"]).toMatch(/^file 0600 /);
  expect(tree["hosts/web-2/scripts/apply.sh"]).toMatch(/^file 0755 /);
  for (const host of ["web-1", "web-2"]) {
    const { code, stdout } = await runIn(sandbox, ["check", `f/hosts/${host}`]);
    expect([code, stdout]).toEqual([0, expect.stringContaining("generated.")]);
  }
});

test("the same command writes the same fleet again, but for what is random", async () => {
  const random = /[0-9a-f]{64}|fd[0-9a-f:]+|-----BEGIN[^]*/g;
  const [one, other] = (await Promise.all([made(), made()])).map((sandbox) =>
    Object.fromEntries(
      Object.entries(files(sandbox)).map(([path, text]) => [
        path,
        text.replace(random, "<random>"),
      ]),
    ),
  );
  expect(one).toEqual(other);
});

test("an unchanged fleet: regenerate, check and --dry-run find nothing to change", async () => {
  const sandbox = await made();
  const before = files(sandbox);
  for (const argv of [
    ["regenerate", "f"],
    ["check", "f"],
    ["regenerate", "f", "--dry-run"],
  ])
    expect([argv, (await runIn(sandbox, argv)).code]).toEqual([argv, 0]);
  expect(files(sandbox)).toEqual(before);
});

test("a host's error stops the whole run, with the host's name and nothing written", async () => {
  const sandbox = fleet(FLEET.replace("2a03:2222:3333:4444::/64", "nonsense"));
  const before = sandbox.tree();
  const { code, stderr, tree } = await runIn(sandbox, CREATE);
  expect([code, stderr]).toEqual([
    2,
    expect.stringContaining("error web-1: --prefix nonsense: "),
  ]);
  expect(tree).toEqual(before);
});

test("--json names the hosts", async () => {
  const { code, stdout } = await runIn(fleet(), [...CREATE, "--json"]);
  const { written, hosts } = JSON.parse(stdout);
  expect([code, written, Object.keys(hosts)]).toEqual([
    0,
    true,
    ["web-1", "web-2"],
  ]);
  expect(hosts["web-1"].answers.kong).toBe("2a03:2222:3333:4444:300::8100");
});

test("flags for answers are refused: which host would they be for", async () => {
  const { code, stderr } = await runIn(fleet(), [
    ...CREATE,
    "--domain",
    "a.example",
  ]);
  expect([code, stderr]).toEqual([
    2,
    expect.stringContaining(
      "--domain: a fleet has its answers in fleet.yml. Edit that instead.",
    ),
  ]);
});

test("a file of hosts can't be the answers of one repository", async () => {
  const sandbox = fleet();
  await runIn(sandbox, ["gw", "--prefix", "2a05:2222:3333:4444::/64"]);
  const { code, stderr } = await runIn(sandbox, [
    "regenerate",
    "gw",
    "--answers",
    "fleet.yml",
  ]);
  expect([code, stderr]).toEqual([
    2,
    expect.stringContaining("--answers: it describes several hosts"),
  ]);
});

test("a fleet can be made where its answers are", async () => {
  const sandbox = fleet();
  const { code } = await runIn(sandbox, [".", "--answers", "fleet.yml"]);
  expect(code).toBe(0);
  expect((await runIn(sandbox, ["check"])).code).toBe(0);
});

test("create refuses a directory that holds a fleet", async () => {
  const sandbox = await made();
  const before = files(sandbox);
  const { code, stderr } = await runIn(sandbox, CREATE);
  expect([code, stderr]).toEqual([
    2,
    expect.stringContaining("it already holds a generated repository"),
  ]);
  expect(files(sandbox)).toEqual(before);
});

test("a foreign file in one host's place: nothing is written", async () => {
  const sandbox = new Sandbox({
    "fleet.yml": FLEET,
    "f/hosts/web-2/README.md": "mine\n",
  });
  const before = sandbox.tree();
  const { code, stdout, tree } = await runIn(sandbox, CREATE);
  expect([code, stdout]).toEqual([
    3,
    expect.stringContaining("Nothing was written"),
  ]);
  expect(tree).toEqual(before);
});

test("undo of create removes the whole fleet; again, it is back", async () => {
  const sandbox = await made();
  const before = files(sandbox);
  expect((await runIn(sandbox, ["undo", "f"])).code).toBe(0);
  expect(Object.keys(files(sandbox))).toEqual([]);
  // fleet.yml, which tells a fleet from a repository, is gone: the journal is not.
  expect((await runIn(sandbox, ["undo", "f"])).code).toBe(0);
  expect(files(sandbox)).toEqual(before);
});

test("a changed answer changes its host only; the owner's edits stay, and undo restores all", async () => {
  const sandbox = await made();
  const notes =
    "\nMonitored: [2a04:2222:3333:4400:300::8100]:443\n\nMy notes.\n";
  appendFileSync(sandbox.path("f/README.md"), notes);
  appendFileSync(sandbox.path("f/hosts/web-2/README.md"), "\nMy notes.\n");
  const before = files(sandbox);
  edit(sandbox, "2a04:2222:3333:4400::/56", "2a04:2222:3333:5500::/56");
  expect((await runIn(sandbox, ["check", "f"])).stdout).toContain(
    "for web-2:\n",
  );
  const { code } = await regenerate(sandbox);
  expect(code).toBe(0);
  for (const path of ["README.md", "hosts/web-2/README.md"]) {
    const text = sandbox.read("f", path);
    expect(text).toContain("2a04:2222:3333:5500:300::8100");
    expect(text).toMatch(/\nMy notes\.\n$/);
  }
  expect(sandbox.read("f/README.md")).toContain(
    "Monitored: [2a04:2222:3333:5500:300::8100]:443\n",
  );
  expect(sandbox.read("f/hosts/web-1/.env")).toBe(
    before["hosts/web-1/.env"]?.replace("file 0600 ", ""),
  );
  expect((await runIn(sandbox, ["check", "f"])).code).toBe(0);
  expect((await runIn(sandbox, ["undo", "f"])).code).toBe(0);
  edit(sandbox, "2a04:2222:3333:5500::/56", "2a04:2222:3333:4400::/56");
  expect(files(sandbox)).toEqual(before);
});

test("a conflict in one host leaves that file, and is reported with exit code 3", async () => {
  const sandbox = await made();
  const path = "f/hosts/web-2/kong-build/Dockerfile";
  writeFileSync(
    sandbox.path(path),
    sandbox.read(path).replace(/^FROM .*/m, "FROM mine:1"),
  );
  edit(sandbox, "    ssh: admin", "    kongImage: kong:3.9.1\n    ssh: admin");
  const { code, stdout } = await regenerate(sandbox);
  expect(code).toBe(3);
  expect(stdout).toContain(
    "the new text is in hosts/web-2/kong-build/Dockerfile.new.",
  );
  expect(stdout).toContain("1. Resolve the conflicts;");
  appendFileSync(sandbox.path("f/hosts/web-2/README.md"), "mine\n");
  expect((await regenerate(sandbox)).stdout).toContain(
    "Recorded the changes in .kong-ipv6.json; no file changed in f.",
  );
  expect(sandbox.read(path)).toContain("FROM mine:1");
  expect(sandbox.read(`${path}.new`)).toContain("kong:3.9.1");
  expect((await runIn(sandbox, ["check", "f"])).code).toBe(4);
  expect((await regenerate(sandbox, "--conflict", "theirs")).code).toBe(0);
  expect(sandbox.read(path)).toContain("kong:3.9.1");
});

test("an edit of the inventory is kept while hosts change", async () => {
  const sandbox = await made();
  const path = "f/inventory.yml";
  writeFileSync(
    sandbox.path(path),
    sandbox.read(path).replace("confirm_within: 120", "confirm_within: 300"),
  );
  edit(sandbox, "root@192.0.2.1", "root@192.0.2.9");
  expect((await regenerate(sandbox)).code).toBe(0);
  expect(sandbox.read(path)).toContain("confirm_within: 300");
  expect(sandbox.read(path)).toContain('"192.0.2.9"');
});

test("--overlap keeps the old address of the host that moves, and --finish ends it", async () => {
  const sandbox = await made();
  edit(sandbox, "2a04:2222:3333:4400::/56", "2a04:2222:3333:5500::/56");
  const { code, stdout } = await regenerate(sandbox, "--overlap");
  expect(code).toBe(0);
  expect(stdout).toMatch(
    / 2\. Make the changes listed above .*DNS records\.\n {2}3\. Test [^]* 4\. When the TTL [^]*, then run the playbook again:\n.* regenerate f --finish$/m,
  );
  const previous = (host: string): unknown =>
    JSON.parse(sandbox.read(`f/hosts/${host}/scripts/plan.json`)).previous;
  expect(previous("web-1")).toBe(null);
  expect(previous("web-2")).not.toBe(null);
  expect(sandbox.read("f/README.md")).toContain(
    "(old: `2a04:2222:3333:4400:300::8100`)",
  );
  expect((await regenerate(sandbox)).code).toBe(0);
  expect(previous("web-2")).not.toBe(null);
  expect((await regenerate(sandbox, "--finish")).code).toBe(0);
  expect(previous("web-2")).toBe(null);
});

test.each(["--overlap", "--finish"])(
  "%s is refused where it fits no host",
  async (flag) => {
    const { code, stderr } = await regenerate(await made(), flag);
    expect([code, stderr]).toEqual([
      2,
      expect.stringContaining(`error ${flag}: `),
    ]);
  },
);

const THIRD =
  "  web-3:\n    prefix: 2a05:2222:3333:4444::/64\n    ssh: root@192.0.2.3\n";

test("a host is added, and undo takes it away", async () => {
  const sandbox = await made();
  const before = files(sandbox);
  appendFileSync(sandbox.path("f/fleet.yml"), THIRD);
  expect((await regenerate(sandbox)).stdout).toContain(
    "web-3  2a05:2222:3333:4444:300::8100  (new)",
  );
  expect((await runIn(sandbox, ["check", "f/hosts/web-3"])).code).toBe(0);
  expect(sandbox.read("f/inventory.yml")).toContain('"web-3":');
  await runIn(sandbox, ["undo", "f"]);
  edit(sandbox, THIRD, "");
  expect(files(sandbox)).toEqual(before);
});

test("a host is removed: what the owner edited or added stays", async () => {
  const sandbox = await made(FLEET + THIRD);
  writeFileSync(sandbox.path("f/hosts/web-3/notes.txt"), "mine\n");
  appendFileSync(sandbox.path("f/hosts/web-3/README.md"), "mine\n");
  const before = files(sandbox);
  edit(sandbox, THIRD, "");
  const { code, stdout } = await regenerate(sandbox);
  expect([code, stdout]).toEqual([
    0,
    expect.stringContaining("web-3  removed"),
  ]);
  const left = Object.keys(files(sandbox)).filter((path) =>
    path.startsWith("hosts/web-3/"),
  );
  expect(left).toEqual(["hosts/web-3/README.md", "hosts/web-3/notes.txt"]);
  await runIn(sandbox, ["undo", "f"]);
  appendFileSync(sandbox.path("f/fleet.yml"), THIRD);
  expect(files(sandbox)).toEqual(before);
});

test("a host is renamed: its repository moves, with secrets, edits and the owner's files", async () => {
  const sandbox = await made(FLEET + THIRD);
  writeFileSync(sandbox.path("f/hosts/web-3/notes.txt"), "mine\n");
  appendFileSync(sandbox.path("f/hosts/web-3/.gitignore"), "mine\n");
  const env = sandbox.read("f/hosts/web-3/.env");
  const before = files(sandbox);
  edit(sandbox, "web-3:", "frankfurt:");
  const { code, stdout } = await regenerate(sandbox);
  expect([code, stdout]).toEqual([0, expect.stringContaining("was web-3")]);
  const names = Object.keys(files(sandbox)).filter((path) =>
    /^hosts\/[^/]+$/.test(path),
  );
  expect(names).toEqual(["hosts/frankfurt", "hosts/web-1", "hosts/web-2"]);
  expect(sandbox.read("f/hosts/frankfurt/.env")).toBe(env);
  expect(sandbox.read("f/hosts/frankfurt/notes.txt")).toBe("mine\n");
  expect(sandbox.read("f/hosts/frankfurt/.gitignore")).toMatch(/\nmine\n$/);
  expect((await runIn(sandbox, ["check", "f"])).code).toBe(0);
  expect((await runIn(sandbox, ["undo", "f"])).stdout).not.toContain(GONE);
  edit(sandbox, "frankfurt:", "web-3:");
  expect(files(sandbox)).toEqual(before);
});

const GONE = ".env is gone too, with its password.";

test("undo tells which password goes: of a new host, not of a renamed one", async () => {
  const sandbox = await made();
  edit(sandbox, "  web-1:", "  berlin:");
  edit(sandbox, "controlPlane: web-1", "controlPlane: berlin");
  await regenerate(sandbox);
  expect((await runIn(sandbox, ["undo", "f"])).stdout).not.toContain(GONE);
  edit(sandbox, "controlPlane: berlin", "controlPlane: web-1");
  edit(sandbox, "  berlin:", "  web-1:");
  edit(sandbox, "controlPlane: web-1", "controlPlane: new");
  edit(
    sandbox,
    "hosts:\n",
    "hosts:\n  new: {prefix: 2a06:2222:3333:4444::/64}\n",
  );
  edit(sandbox, "  web-2:", "  paris:");
  await regenerate(sandbox);
  expect((await runIn(sandbox, ["undo", "f"])).stdout).toContain(GONE);
});

test("the certificate is created once, and again only if both it and its key were deleted", async () => {
  const sandbox = await made();
  const pair = (): string[] =>
    ["crt", "key"].map((end) => sandbox.read(`f/cluster/cluster.${end}`));
  const first = pair();
  edit(sandbox, "gateway.example.com", "www.example.com");
  await regenerate(sandbox);
  expect(pair()).toEqual(first);
  // A clone has no key: it is not replaced.
  rmSync(sandbox.path("f/cluster/cluster.key"));
  expect((await regenerate(sandbox)).stdout).toContain(
    "cluster/cluster.key is not in this copy.",
  );
  rmSync(sandbox.path("f/cluster/cluster.crt"));
  expect((await regenerate(sandbox)).code).toBe(0);
  expect(pair()[0]).not.toBe(first[0]);
  expect((await runIn(sandbox, ["check", "f"])).code).toBe(0);
});

test("deploy of a fleet, or of one of its hosts, names Ansible", async () => {
  const sandbox = await made();
  for (const [directory, command] of [
    ["f", "ansible-playbook playbook.yml --check"],
    ["f/hosts/web-1", "ansible-playbook playbook.yml --limit"],
  ] as const) {
    const { code, stderr } = await runIn(sandbox, [
      "deploy",
      directory,
      "--yes",
    ]);
    expect([code, stderr]).toEqual([2, expect.stringContaining(command)]);
  }
});

test("git never gets the key: --git excludes it, and regenerate warns", async () => {
  const sandbox = fleet();
  await runIn(sandbox, [...CREATE, "--git"]);
  const git = (...args: string[]): string =>
    execFileSync("git", args, { cwd: sandbox.path("f"), encoding: "utf8" });
  const added = git("ls-files", "--cached");
  expect(added).toContain("cluster/cluster.crt\n");
  expect(added).not.toMatch(/cluster\.key|\.env$/m);
  writeFileSync(sandbox.path("f/.gitignore"), "");
  expect((await regenerate(sandbox)).stdout).not.toContain("git would commit");
  writeFileSync(sandbox.path("f/.git/info/exclude"), "");
  expect((await regenerate(sandbox)).stdout).toContain(
    "git would commit cluster/cluster.key",
  );
});

const ansible = (
  sandbox: Sandbox,
  program: string,
  ...args: string[]
): string =>
  execFileSync(program, args, { cwd: sandbox.path("f"), encoding: "utf8" });

testWith(
  "ansible-playbook",
  "ansible-playbook reads playbook, inventory and configuration",
  async () => {
    const sandbox = await made();
    const syntax = ansible(
      sandbox,
      "ansible-playbook",
      "playbook.yml",
      "--syntax-check",
    );
    expect(syntax).toContain("playbook: playbook.yml");
    const inventory = JSON.parse(
      ansible(sandbox, "ansible-inventory", "--list"),
    );
    expect(inventory.data_planes.hosts).toEqual(["web-1", "web-2"]);
    expect(inventory.control_plane.hosts).toEqual(["web-1"]);
    expect(inventory._meta.hostvars["web-2"]).toMatchObject({
      ansible_host: "192.0.2.2",
      ansible_user: "admin",
    });
  },
);
