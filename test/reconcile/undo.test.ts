import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { expect, test } from "vitest";
import { PREFIX, Sandbox, snapshot } from "../support/run.ts";
import { runHere } from "../support/in-process.ts";
import { testWith } from "../support/programs.ts";
import { Made, TO } from "./made.ts";

const KERNEL = "host/etc/systemd/network/10-netplan-ens3.network.d";

test("undo restores the mode of a directory", async () => {
  const made = await new Made().make("--ndp", "kernel");
  chmodSync(made.path(KERNEL), 0o750);
  chmodSync(made.path("host/etc/systemd/network"), 0o700);
  const before = made.tree();
  await made.run(["regenerate", "--ndp", "none"]);
  expect(existsSync(made.path("host/etc/systemd/network"))).toBe(false);
  const after = made.tree();
  await made.run(["undo"]);
  expect(made.tree()).toEqual(before);
  await made.run(["undo"]);
  expect(made.tree()).toEqual(after);
  await made.run(["undo"]);
  expect(made.tree()).toEqual(before);
});

test.each([
  ["a new directory", {}],
  ["a directory with a file of the owner's", { "gw/mine.txt": "mine\n" }],
])(
  "any number of undos of create alternate between two states: %s",
  async (_, files: Record<string, string>) => {
    const sandbox = new Sandbox(files);
    const gw = sandbox.path("gw");
    const kept = [".kong-ipv6.undo"];
    await runHere([gw, ...PREFIX]);
    const made = snapshot(gw, kept);
    const before = Object.keys(files).length ? ["mine.txt"] : [];
    for (const round of [1, 2, 3]) {
      const undone = await runHere(["undo", gw]);
      expect(undone, `undo ${round}`).toMatchObject({ code: 0 });
      expect(Object.keys(snapshot(gw, kept))).toEqual(before);
      const redone = await runHere(["undo", gw]);
      expect(redone, `redo ${round}`).toMatchObject({ code: 0 });
      expect(snapshot(gw, kept)).toEqual(made);
    }
  },
);

test("an undone create, then another one: undo undoes the second", async () => {
  const sandbox = new Sandbox();
  const gw = sandbox.path("gw");
  await runHere([gw, ...PREFIX]);
  await runHere(["undo", gw]);
  await runHere([gw, ...PREFIX, "--ndp", "kernel"]);
  const made = snapshot(gw, [".kong-ipv6.undo"]);
  expect(await runHere(["undo", gw])).toMatchObject({ code: 0 });
  expect(readdirSync(gw)).toEqual([".kong-ipv6.undo"]);
  await runHere(["undo", gw]);
  expect(snapshot(gw, [".kong-ipv6.undo"])).toEqual(made);
});

test("the owner's empty directory stays after the undo of a write into it", async () => {
  const made = await new Made().make();
  mkdirSync(made.path(KERNEL), { recursive: true, mode: 0o700 });
  const before = made.tree();
  await made.run(["regenerate", "--ndp", "kernel"]);
  expect(readdirSync(made.path(KERNEL))).toHaveLength(1);
  await made.run(["undo"]);
  expect(made.tree()).toEqual(before);
});

test("also after the undo of create", async () => {
  const sandbox = new Sandbox({ "gw/host/etc/": "", "gw/mine.txt": "mine\n" });
  chmodSync(sandbox.path("gw/host/etc"), 0o700);
  const kept = [".kong-ipv6.undo"];
  const before = snapshot(sandbox.path("gw"), kept);
  await runHere([sandbox.path("gw"), ...PREFIX]);
  expect(await runHere(["undo", sandbox.path("gw")])).toMatchObject({
    code: 0,
  });
  expect(snapshot(sandbox.path("gw"), kept)).toEqual(before);
});

test("a directory with a new file of the owner's stays", async () => {
  const made = await new Made().make();
  await made.run(["regenerate", "--ndp", "kernel"]);
  writeFileSync(made.path(`${KERNEL}/mine.conf`), "mine\n");
  expect(await made.run(["undo"])).toMatchObject({ code: 0 });
  expect(readdirSync(made.path(KERNEL))).toEqual(["mine.conf"]);
});

test("without its undo directory, regenerate cannot be undone", async () => {
  const made = await new Made().make();
  await made.run(["regenerate", ...TO]);
  rmSync(made.path(".kong-ipv6.undo"), { recursive: true });
  const before = made.tree();
  const { code, stderr } = await made.run(["undo"]);
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: expect.stringContaining("has no write to undo"),
  });
  expect(made.tree()).toEqual(before);
});

test("after a regenerate that changes nothing, undo undoes create", async () => {
  const made = await new Made().make();
  await made.run(["regenerate"]);
  expect(await made.run(["undo"])).toMatchObject({ code: 0 });
  expect(made.tree()).toEqual({});
});

test("undo of create leaves a file that was kept, and refuses over one that was edited", async () => {
  const sandbox = new Sandbox({ "gw/README.md": "# Mine\n" });
  await runHere([sandbox.path("gw"), ...PREFIX, "--conflict", "keep"]);
  const compose = sandbox.path("gw/docker-compose.yml");
  const text = sandbox.read("gw/docker-compose.yml");
  writeFileSync(compose, `${text}# mine\n`);
  const before = sandbox.tree();
  const refused = await runHere(["undo", sandbox.path("gw")]);
  expect({ code: refused.code, tree: sandbox.tree() }).toEqual({
    code: 3,
    tree: before,
  });
  expect(refused.stdout).toContain("  ! docker-compose.yml  (edited since)\n");
  writeFileSync(compose, text);
  expect(await runHere(["undo", sandbox.path("gw")])).toMatchObject({
    code: 0,
  });
  expect(snapshot(sandbox.path("gw"), [".kong-ipv6.undo"])).toEqual({
    "README.md": "file 0644 # Mine\n",
  });
});

test.each<[string, string, (made: Made) => void]>([
  [
    "a password",
    ".env",
    (made) =>
      made.edit(".env", (text) => text.replace(/(?<=PASSWORD=).*/, "mine")),
  ],
  [
    "Windows line ends",
    "README.md",
    (made) => made.edit("README.md", (text) => text.replaceAll("\n", "\r\n")),
  ],
  ["a mode", "README.md", (made) => chmodSync(made.path("README.md"), 0o600)],
])("undo of create took %s of the owner's away", async (_, path, edit) => {
  const made = await new Made().make();
  edit(made);
  const before = made.tree();
  const { code, stdout } = await made.run(["undo"]);
  expect({ code, tree: made.tree() }).toEqual({ code: 3, tree: before });
  expect(stdout).toContain(`  ! ${path}  (edited since)\n`);
});

/** Who owns what in a repository, undo's part too. */
const owners = (made: Made): string[] => [
  ...new Set(
    [
      "",
      ...readdirSync(made.path(), { recursive: true, encoding: "utf8" }),
    ].map((path) => {
      const { uid, gid } = lstatSync(made.path(path));
      return `${uid}:${gid}`;
    }),
  ),
];

test.skipIf(process.getuid?.() !== 0)(
  "files that root regenerates keep the owner of the directory",
  async () => {
    const made = await new Made().make();
    spawnSync("chown", ["-R", "1000:1001", made.path()]);
    await made.regenerate(...TO, "--ndp", "kernel");
    expect(owners(made)).toEqual(["1000:1001"]);
    await made.run(["undo"]);
    expect(owners(made)).toEqual(["1000:1001"]);
    // What is another's stays so.
    spawnSync("chown", ["7:8", made.path("README.md")]);
    await made.regenerate(...TO);
    expect(lstatSync(made.path("README.md"))).toMatchObject({ uid: 7, gid: 8 });
  },
);

test.skipIf(process.getuid?.() !== 0)(
  "files that root creates get the owner of the directory",
  async () => {
    const made = new Made();
    mkdirSync(made.path());
    spawnSync("chown", ["1000:1001", made.path()]);
    await made.make();
    expect(owners(made)).toEqual(["1000:1001"]);
  },
);

test("undo without one of its kept files fails with a clear message", async () => {
  const made = await new Made().make();
  await made.regenerate(...TO);
  rmSync(made.path(".kong-ipv6.undo/old/0"));
  const before = made.tree();
  const { code, stderr } = await made.run(["undo"]);
  expect({ code, tree: made.tree() }).toEqual({ code: 1, tree: before });
  expect(stderr).toMatch(/ is incomplete: the previous \S+ is missing\. /);
  expect(stderr).not.toContain("defect");
  // It is in nobody's way.
  expect(await made.regenerate("--domain", "a.example")).toMatchObject({
    code: 0,
  });
});

test("deleting a created file is no edit", async () => {
  const made = await new Made().make();
  const before = made.tree();
  await made.run(["regenerate", "--database", "off"]);
  rmSync(made.path("kong.yml"));
  expect(await made.run(["undo"])).toMatchObject({ code: 0 });
  expect(made.tree()).toEqual(before);
});

test.each([
  ["a path that leads out", { path: "../x", mode: 0o755 }],
  ["no mode", { path: "x" }],
])("a journal whose directory has %s is not trusted", async (_, entry) => {
  const made = await new Made().make();
  await made.run(["regenerate", ...TO]);
  const at = ".kong-ipv6.undo/journal.json";
  const journal = JSON.parse(made.read(at));
  made.write(at, JSON.stringify({ ...journal, removed: [entry] }));
  const tree = made.sandbox.tree();
  const { code, stderr } = await made.run(["undo"]);
  expect({ code, tree: made.sandbox.tree() }).toEqual({ code: 1, tree });
  expect(stderr).toContain("was not left by create-kong-ipv6");
});

testWith(
  "git",
  "old secrets in .kong-ipv6.undo are invisible to git, whatever the owner's .gitignore says",
  async () => {
    const made = await new Made().make("--git");
    made.write(".gitignore", ".env\n");
    expect(await made.regenerate("--domain", "a.example")).toMatchObject({
      code: 0,
    });
    expect(existsSync(made.path(".kong-ipv6.undo/journal.json"))).toBe(true);
    // Also without .git/info/exclude, which --git wrote: a clone has none.
    rmSync(made.path(".git/info/exclude"));
    const seen = execFileSync(
      "git",
      ["status", "--porcelain", "--untracked-files=all"],
      { cwd: made.path(), encoding: "utf8" },
    );
    expect(seen).toContain("README.md");
    expect(seen).not.toContain(".kong-ipv6.undo");
  },
);

test.each(["keep", "markers"])(
  "undo --conflict %s was accepted, and did nothing: refused",
  async (word) => {
    const made = await new Made().make();
    const { code, stderr } = await made.run(["undo", "--conflict", word]);
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: expect.stringContaining(
        `--conflict ${word}: it is not one of the choices. Choose ask, theirs`,
      ),
    });
  },
);

test("undo marks the files that it creates again as new ones", async () => {
  const made = await new Made().make();
  const removed = await made.run(["undo"]);
  expect(removed.stdout).toContain("  - README.md\n");
  const { stdout } = await made.run(["undo"]);
  expect(stdout).toContain("  + README.md\n");
  expect(stdout).not.toContain("  ~ ");
  await made.regenerate("--network", "other");
  expect((await made.run(["undo"])).stdout).toContain("  ~ README.md\n");
});
