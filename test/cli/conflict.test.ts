import { chmodSync, mkdirSync, renameSync, symlinkSync } from "node:fs";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { runIn } from "../support/in-process.ts";
import { PREFIX, redacted, Sandbox, snapshot } from "../support/run.ts";

const ALL = [...PREFIX, "--internal-prefix", "fd4c:8a1e:92b7::/64"];
const README = "# Mine\n";
const ENV = "KONG_PG_PASSWORD=mine\nOTHER=1\n";
const MINE = {
  "gw/README.md": README,
  "gw/.env": ENV,
  "gw/src/app.js": "mine();\n",
};

test("files of others: exit 3, each named, nothing written", async () => {
  for (const more of [[], ["--yes"], ["--conflict", "ask"], ["--dry-run"]]) {
    const sandbox = new Sandbox(MINE);
    const before = sandbox.tree();
    const { code, stdout, tree } = await runIn(sandbox, [
      "gw",
      ...ALL,
      ...more,
    ]);
    expect({ code, tree }, more.join(" ")).toEqual({
      code: more.includes("--dry-run") ? 4 : 3,
      tree: before,
    });
    expect(stdout).toContain(
      "  ! README.md  (create-kong-ipv6 did not write it)\n",
    );
    expect(stdout).toContain("  ! .env  (create-kong-ipv6 did not write it)\n");
    expect(stdout).toContain(
      more.includes("--dry-run")
        ? "Nothing was written: --dry-run."
        : "Nothing was written: some files exist already and were not generated.\nChoose --conflict keep, theirs or markers.",
    );
  }
});

test("--json names them too", async () => {
  const { code, stdout } = await runIn(new Sandbox(MINE), [
    "gw",
    ...ALL,
    "--json",
  ]);
  expect(code).toBe(3);
  const report = JSON.parse(stdout);
  expect(report).toMatchObject({ exitCode: 3, written: false });
  expect(report.summary.conflict).toBe(2);
  expect(stdout).not.toContain("mine");
});

test("--diff shows what differs, without the passwords", async () => {
  const { stdout } = await runIn(new Sandbox(MINE), ["gw", ...ALL, "--diff"]);
  expect(stdout).toContain("-# Mine\n");
  // What is the owner's in .env is in the generated one too; its value may be a secret.
  expect(stdout).toContain("\n OTHER=<secret>\n");
  expect(stdout).not.toContain("PASSWORD=mine");
});

test("--conflict keep: the owner's files stay, the others are written", async () => {
  const sandbox = new Sandbox(MINE);
  const { code, stdout } = await runIn(sandbox, [
    "gw",
    ...ALL,
    "--conflict",
    "keep",
  ]);
  expect(code).toBe(3);
  expect(sandbox.read("gw/README.md")).toBe(README);
  expect(sandbox.read("gw/.env")).toBe(ENV);
  expect(sandbox.read("gw/docker-compose.yml")).toContain("services:");
  const { files } = JSON.parse(sandbox.read("gw/.kong-ipv6.json"));
  expect(Object.keys(files)).toContain("docker-compose.yml");
  expect(files["README.md"].text).not.toContain("Mine");
  expect(stdout).toContain("  = README.md");
  expect(stdout).toContain("Others can read your .env: chmod 600 gw/.env");
  expect(
    Object.keys(sandbox.tree()).filter((path) => path.includes(".kong-ipv6.")),
  ).toEqual(["cwd/gw/.kong-ipv6.json"]);
});

test("--conflict theirs: replaced, the old kept for undo, the password kept", async () => {
  const sandbox = new Sandbox(MINE);
  chmodSync(sandbox.path("gw/README.md"), 0o640);
  const { code } = await runIn(sandbox, ["gw", ...ALL, "--conflict", "theirs"]);
  expect(code).toBe(0);
  expect(sandbox.read("gw/README.md")).toContain(
    "# Kong on its own IPv6 address",
  );
  expect(sandbox.read("gw/.env")).toMatch(/^KONG_PG_PASSWORD=mine$/m);
  expect(sandbox.read("gw/src/app.js")).toBe("mine();\n");
  const tree = snapshot(sandbox.path("gw"));
  expect(tree[".env"]).toMatch(/^file 0600 /);
  expect(tree[".kong-ipv6.undo"]).toBe("dir 0700");
  const old = Object.values(snapshot(sandbox.path("gw/.kong-ipv6.undo/old")));
  expect(old.sort()).toEqual([`file 0640 ${README}`, `file 0644 ${ENV}`]);
});

test("--conflict markers: both texts, exit 3, .env as private as ever", async () => {
  const sandbox = new Sandbox({ ...MINE, "gw/.gitignore": "node_modules/" });
  const { code, stdout } = await runIn(sandbox, [
    "gw",
    ...ALL,
    "--conflict",
    "markers",
  ]);
  expect(code).toBe(3);
  expect(stdout).toContain(
    "README.md has conflict markers. Resolve them by hand.",
  );
  const readme = sandbox.read("gw/README.md");
  expect(readme).toMatch(
    /^<<<<<<< yours\n# Mine\n=======\n# Kong on[^]+>>>>>>> create-kong-ipv6\n$/,
  );
  expect(sandbox.read("gw/.gitignore")).toMatch(
    /^<<<<<<< yours\nnode_modules\/\n=======\n/,
  );
  expect(snapshot(sandbox.path("gw"))[".env"]).toMatch(/^file 0600 /);
  expect(sandbox.read("gw/.env")).not.toContain("<secret>");
});

test("a file of others that is as ours would be is no conflict", async () => {
  const first = new Sandbox();
  await runIn(first, ["gw", ...ALL]);
  const files = Object.entries(snapshot(first.path("gw"))).filter(
    ([path, content]) =>
      content.startsWith("file") && path !== ".kong-ipv6.json",
  );
  const same = Object.fromEntries(
    files.map(([path]) => [`gw/${path}`, first.read("gw", path)]),
  );
  const sandbox = new Sandbox(same);
  for (const [path, content] of files)
    if (content.startsWith("file 0755"))
      chmodSync(sandbox.path("gw", path), 0o755);
  const { code, stdout } = await runIn(sandbox, ["gw", ...ALL, "--json"]);
  expect(code).toBe(0);
  expect(JSON.parse(stdout).summary).toEqual({ same: files.length });
  expect(sandbox.read("gw/.env")).toBe(first.read("gw/.env"));
  expect(sandbox.read("gw/.kong-ipv6.json")).toBe(
    first.read("gw/.kong-ipv6.json"),
  );
});

test("nothing is written through a link, and only keeping it helps", async () => {
  const make = (): Sandbox => {
    const sandbox = new Sandbox({
      "elsewhere/mine.txt": "mine\n",
      "elsewhere/file": "mine\n",
      "gw/x": "",
    });
    symlinkSync("../elsewhere", sandbox.path("gw/scripts"));
    symlinkSync("../elsewhere/file", sandbox.path("gw/README.md"));
    mkdirSync(sandbox.path("gw/docker-compose.yml"));
    return sandbox;
  };
  for (const word of ["ask", "theirs", "markers"]) {
    const sandbox = make();
    const before = sandbox.tree();
    const { code, stdout, tree } = await runIn(sandbox, [
      "gw",
      ...ALL,
      "--conflict",
      word,
    ]);
    expect({ code, tree }, word).toEqual({ code: 3, tree: before });
    expect(stdout).toContain(
      "  ! scripts/apply.sh  (scripts is a symbolic link)",
    );
    expect(stdout).toContain("  ! README.md  (a symbolic link)");
    expect(stdout).toContain("  ! docker-compose.yml  (a directory)");
  }
  const kept = make();
  expect(await runIn(kept, ["gw", ...ALL, "--conflict", "keep"])).toMatchObject(
    {
      code: 0,
    },
  );
  expect(snapshot(kept.path("elsewhere"))).toEqual(
    snapshot(make().path("elsewhere")),
  );
});

test("a parent that is a file is in the way", async () => {
  const sandbox = new Sandbox({ "gw/host": "mine\n" });
  const { code, stdout } = await runIn(sandbox, ["gw", ...ALL]);
  expect(code).toBe(3);
  expect(stdout).toContain(
    "  ! host/etc/docker/daemon.json  (host is not a directory)",
  );
});

test("beside files of others that are not in the way, all is as in a new directory", async () => {
  const first = new Sandbox();
  await runIn(first, ["gw", ...ALL]);
  const sandbox = new Sandbox({
    "gw/src/app.js": "mine();\n",
    "gw/host/mine": "mine\n",
  });
  expect(await runIn(sandbox, ["gw", ...ALL])).toMatchObject({ code: 0 });
  expect(redacted(snapshot(sandbox.path("gw"), ["src", "host/mine"]))).toEqual(
    redacted(snapshot(first.path("gw"))),
  );
  expect(parse(sandbox.read("gw/docker-compose.yml"))).toHaveProperty(
    "services.kong",
  );
});

test("a kept README has no steps: the next steps say how to get the generated one", async () => {
  const sandbox = new Sandbox({ "gw/README.md": "# Mine\n" });
  const create = ["gw", ...PREFIX, "--conflict", "keep"];
  const { stdout } = await runIn(sandbox, create);
  expect(stdout).not.toContain("Read gw/README.md");
  const [, command = ""] =
    /lacks these steps\. .*rename yours and run:\n +npx \S+ (.*)\n/.exec(
      stdout,
    ) ?? [];
  renameSync(sandbox.path("gw/README.md"), sandbox.path("gw/mine.md"));
  expect(await runIn(sandbox, command.split(" "))).toMatchObject({ code: 0 });
  expect(sandbox.read("gw/README.md")).toContain("## ");
  expect(sandbox.read("gw/mine.md")).toBe("# Mine\n");
  expect(await runIn(sandbox, ["check", "gw"])).toMatchObject({ code: 0 });
});

test("a kept README that has the generated steps is referred to", async () => {
  const sandbox = new Sandbox();
  await runIn(sandbox, ["gw", ...PREFIX]);
  const readme = `${sandbox.read("gw/README.md")}Mine\n`;
  const other = new Sandbox({ "gw/README.md": readme });
  const create = ["gw", ...PREFIX, "--conflict", "keep"];
  expect((await runIn(other, create)).stdout).toContain("Read gw/README.md");
});
