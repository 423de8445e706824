import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { describe, expect, test } from "vitest";
import { batched, CI, environment, PREFIX, run } from "../support/run.ts";
import { conflicting, Made, NEXT, OLD, STATE, TO } from "./made.ts";

const COMPOSE = "docker-compose.yml";

const wide = (text: string): string[] =>
  text
    .split("\n")
    .filter((line) => line.length > 80 && !/^(error|warning) /.test(line));

/** Without the sentences: they are wrapped at a terminal only (test/unit/report/check-text.test.ts). */
const rowsOf = (text: string): string => text.replace(/^\S.*$/gm, "");

/** What the owner changed is what goes without a database. */
const mineOf = (text: string): string =>
  text.replace("KONG_PG_USER: kong\n", "KONG_PG_USER: mine\n");
const OFF = ["--database", "off"];

describe("a conflict without a terminal", () => {
  test("the file stays, with a .new file beside it; the next run merges from the file's own answers", async () => {
    const made = await new Made().make();
    made.edit(COMPOSE, mineOf);
    const mine = made.read(COMPOSE);
    const first = await made.regenerate(...OFF, ...TO);
    expect(first.code).toBe(3);
    expect(first.stdout).toContain(
      `  ! ${COMPOSE}  (your edit and the new text touch the same lines)\n`,
    );
    expect(first.stdout).toContain(
      `${COMPOSE} was not changed: the new text is in ${COMPOSE}.new.\n`,
    );
    expect(made.read(COMPOSE)).toBe(mine);
    expect(made.read(`${COMPOSE}.new`)).toContain("KONG_DECLARATIVE_CONFIG");
    expect(made.read("host/etc/ndppd.conf")).toContain(NEXT);
    // It still has old addresses: named, it is.
    expect(first.stdout).toContain(`  ${COMPOSE}:1  ${OLD}:300::8100\n`);

    const tree = made.tree();
    const again = await made.regenerate();
    expect(again.code).toBe(3);
    expect(again.stdout).toContain(`  ! ${COMPOSE}`);
    expect(made.tree()).toEqual(tree);
    const { files } = JSON.parse(made.read(STATE));
    expect(files[COMPOSE].text).toContain("KONG_PG_USER: kong");
    expect(files[COMPOSE].answers).toMatchObject({
      database: "postgres",
      prefix: `${OLD}::/64`,
    });

    // Mended, and the prefix changes once more: followed from the prefix that it still has.
    rmSync(made.path(`${COMPOSE}.new`));
    made.edit(
      COMPOSE,
      (text) =>
        `# mine ${OLD}::7
${text.replace("KONG_PG_USER: mine", "KONG_PG_USER: kong")}`,
    );
    expect(await made.regenerate("--prefix", "2a0e:1:2:3::/64")).toMatchObject({
      code: 0,
    });
    expect(made.read(COMPOSE)).toContain("address, 2a0e:1:2:3:300::8100.");
    expect(made.read(COMPOSE)).toContain("# mine 2a0e:1:2:3::7\n");
    expect(await made.run(["check"])).toMatchObject({ code: 0 });
  });

  test("the owner takes the new text over, with an own line beside it: no conflict any more", async () => {
    const made = await new Made().make();
    made.edit(COMPOSE, mineOf);
    expect(await made.regenerate(...OFF)).toMatchObject({ code: 3 });
    const merged = made
      .read(`${COMPOSE}.new`)
      .replace(/^( *)KONG_DECLARATIVE_CONFIG: .*\n/m, "$&$1KONG_MINE: yes\n");
    made.write(COMPOSE, merged);
    rmSync(made.path(`${COMPOSE}.new`));
    expect(await made.regenerate()).toMatchObject({ code: 0 });
    expect(made.read(COMPOSE)).toBe(merged);
    expect(await made.run(["check"])).toMatchObject({ code: 0 });
    expect(await made.regenerate(...TO)).toMatchObject({ code: 0 });
    expect(made.read(COMPOSE)).toContain("KONG_MINE: yes\n");
  });

  test("--conflict keep, theirs and markers; a file with markers is a conflict until they are gone", async () => {
    await batched(["keep", "theirs", "markers"], async (word) => {
      const made = await new Made().make();
      made.edit(COMPOSE, mineOf);
      const { code, stdout } = await made.regenerate(
        ...OFF,
        "--conflict",
        word,
      );
      const text = made.read(COMPOSE);
      expect(code).toBe(word === "theirs" ? 0 : 3);
      expect(text.includes("KONG_PG_USER: mine")).toBe(word !== "theirs");
      expect(text.includes("KONG_DECLARATIVE_CONFIG")).toBe(word !== "keep");
      expect(existsSync(made.path(`${COMPOSE}.new`))).toBe(false);
      if (word !== "markers") {
        // What the owner kept contradicts the answers: the database still runs.
        expect(await made.regenerate()).toMatchObject({ code });
        expect(made.read(COMPOSE)).toBe(text);
        return;
      }
      expect(stdout).toContain(
        `${COMPOSE} has conflict markers. Resolve them by hand.`,
      );
      const next = await made.regenerate(...TO);
      expect(next.code).toBe(3);
      expect(next.stdout).toContain(
        `${COMPOSE}  (it still has conflict markers)`,
      );
      expect(made.read(COMPOSE)).toBe(text);
      expect(await made.run(["check"])).toMatchObject({ code: 4 });
    });
  });

  test.each(["<<<<<<< yours\n", "=======\nfoo\n>>>>>>> create-kong-ipv6\n"])(
    "one conflict marker left is still a conflict: %j",
    async (left) => {
      const made = await new Made().make();
      made.edit("README.md", (text) => text + left);
      for (const args of [[], TO]) {
        const { code, stdout } = await made.regenerate(...args);
        expect(code).toBe(3);
        expect(stdout).toContain("README.md  (it still has conflict markers)");
      }
      expect(await made.run(["check"])).toMatchObject({ code: 4 });
    },
  );

  test("regenerate says how to restore a deleted file", async () => {
    const made = await new Made().make();
    const told =
      "Deleted files stay deleted. --conflict theirs restores all of them";
    rmSync(made.path(".env"));
    expect((await made.regenerate(...TO)).stdout).not.toContain(told);
    rmSync(made.path("scripts/ufw.sh"));
    expect((await made.regenerate()).stdout).toContain(told);
    const { stdout } = await made.regenerate("--conflict", "theirs");
    expect(stdout).not.toContain(told);
    expect(existsSync(made.path("scripts/ufw.sh"))).toBe(true);
  });

  test("old addresses in a Latin-1 README and in a file's name are reported, and a link as not searched", async () => {
    const made = await new Made().make();
    const zone = "4.4.4.4.3.3.3.3.2.2.2.2.3.0.a.2.ip6.arpa";
    mkdirSync(made.path("zones"));
    made.write(`zones/${zone}`, "$TTL 300\n");
    symlinkSync("/etc/hosts", made.path("hosts"));
    const text = `caf\u00e9 ${OLD}::77\n`;
    writeFileSync(made.path("README.md"), Buffer.from(text, "latin1"));
    const told = [
      `Old addresses remain in these files:\n  README.md:1  ${OLD}::77\n  zones/${zone}  (the file's name)\n`,
      "Not searched for old addresses:\n  hosts  (a symbolic link that leads out of here)\n",
    ];
    const { stdout } = await made.regenerate(...TO);
    for (const one of told) expect(stdout).toContain(one);
    const check = await made.run(["check"]);
    for (const one of told) expect(check.stdout).toContain(one);
  });

  test("an old .new file is reported", async () => {
    const made = await new Made().make();
    made.write(`${COMPOSE}.new`, "x\n");
    const { code, stdout } = await made.regenerate(...TO);
    expect(code).toBe(0);
    expect(stdout).toContain(
      `${COMPOSE}.new is left over from an earlier conflict: delete it when done.`,
    );
    expect((await made.run(["check"])).stdout).toContain(
      "leftover: delete its .new file when done",
    );
  });
});

describe("--dry-run", () => {
  test("exit 4 and a plan if there are changes, 0 if not; nothing is written", async () => {
    const made = await new Made().make();
    const before = made.sandbox.tree();
    const some = await made.regenerate(...TO, "--dry-run");
    expect(some).toMatchObject({ code: 4, stderr: "", tree: before });
    expect(some.stdout).toContain(`  ~ ${COMPOSE}\n`);
    expect(some.stdout).toMatch(/^Plan: \d+ to update, \d+ unchanged\.$/m);
    expect(some.stdout).toContain("Nothing was written: --dry-run.");
    expect(wide(some.stdout)).toEqual([]);
    expect(await made.regenerate("--dry-run")).toMatchObject({
      code: 0,
      tree: before,
    });
  });

  test("--diff shows hunks without the secret; --json has everything", async () => {
    const made = await new Made().make();
    const secret = /PASSWORD=(.+)/.exec(made.read(".env"))?.[1] as string;
    const { stdout } = await made.regenerate(...TO, "--dry-run", "--diff");
    expect(stdout).toContain(
      `-# Kong on its own public IPv6 address, ${OLD}:300::8100.\n+# Kong on its own public IPv6 address, ${NEXT}:300::8100.`,
    );
    expect(stdout).not.toContain(secret);
    const report = JSON.parse(
      (await made.regenerate(...TO, "--dry-run", "--json")).stdout,
    );
    expect(report).toMatchObject({
      exitCode: 4,
      written: false,
      stale: [],
      answers: { prefix: `${NEXT}::/64` },
    });
    expect(report.steps).toContainEqual({
      what: "PTR record of Kong",
      old: expect.stringContaining("ip6.arpa"),
      new: expect.stringContaining("ip6.arpa"),
    });
    expect(JSON.stringify(report)).not.toContain(secret);
  });

  test("create with files in the way: exit 4", async () => {
    const made = new Made();
    mkdirSync(made.path());
    made.write("README.md", "# Mine\n");
    const { code, tree } = await run(made.sandbox, [
      "gw",
      ...PREFIX,
      "--dry-run",
    ]);
    expect({ code, tree }).toEqual({ code: 4, tree: made.sandbox.tree() });
    expect(made.read("README.md")).toBe("# Mine\n");
  });
});

test("reports every old address in any spelling, and the steps that are left to the owner", async () => {
  const made = await new Made().make("--domain", "gw.example.com");
  for (const path of ["data/db", "notes", ".git"])
    mkdirSync(made.path(path), { recursive: true });
  made.write("data/db/log.txt", `${OLD}::1\n`);
  made.write(".git/x.txt", `${OLD}::1\n`);
  const spellings = [
    `${OLD}::77`,
    "2A03:2222:3333:4444:0:0:0:77",
    "2a03:2222:3333:4444:0000:0000:0000:0077",
    `http://[${OLD}::77]:8080/`,
    `${OLD}:300::/80`,
    `the prefix ${OLD}.`,
    "4.4.4.4.3.3.3.3.2.2.2.2.3.0.a.2.ip6.arpa",
  ];
  const others = [
    `${OLD}5::1`,
    `x${OLD}::1`,
    "2a03:2222:3333:4445::1",
    "2a03:2222:3333::/48",
  ];
  made.write("notes/own.txt", [...spellings, ...others, ""].join("\n"));
  const { code, stdout } = await made.regenerate(...TO);
  expect(code).toBe(0);
  const places = [...stdout.matchAll(/^ {2}(\S+?):(\d+) {2}/gm)].map(
    ([, path, line]) => `${path}:${line}`,
  );
  expect(places).toEqual(
    spellings.map((_, index) => `notes/own.txt:${index + 1}`),
  );
  expect(stdout).toContain(
    `AAAA record of gw.example.com:\n       old ${OLD}:300::8100\n       new ${NEXT}:300::8100\n`,
  );
  expect(stdout).toContain("PTR record of Kong:\n       old 0.0.1.8.");
  expect(stdout).not.toMatch(/\b1 files\b/);

  // It is said as long as it is so, also by check; and no longer.
  expect((await made.regenerate()).stdout).toContain("notes/own.txt:1  ");
  const { code: drift, stdout: report } = await made.run(["check", "--json"]);
  expect(drift).toBe(4);
  expect(JSON.parse(report).stale).toHaveLength(spellings.length);
  rmSync(made.path("notes"), { recursive: true });
  expect(await made.regenerate()).toMatchObject({ code: 0 });
  expect(await made.run(["check"])).toMatchObject({ code: 0 });
});

test("addresses and subnets that moved within the prefix are reported, by check too", async () => {
  const made = await new Made().make();
  const own = `${OLD}:300::8100\n${OLD}::2\n10.83.81.100:8001\nfe80::1\n${OLD}::/64\n`;
  made.write("own.txt", own);
  const { code, stdout } = await made.regenerate(
    `--kong=${OLD}:300::9`,
    `--host=${OLD}::5`,
    "--gateway=fe80::9",
    "--backend-subnet=172.30.0.0/16",
  );
  const told = [
    "Old addresses remain in these files:",
    `  own.txt:1  ${OLD}:300::8100`,
    `  own.txt:2  ${OLD}::2`,
    "  own.txt:3  10.83.81.100",
    "  own.txt:4  fe80::1",
    "",
  ].join("\n");
  expect(code).toBe(0);
  expect(stdout).toContain(told);
  const { code: drift, stdout: report } = await made.run(["check"]);
  expect(drift).toBe(4);
  expect(report).toContain(told);
  // With its old value again nothing is former any more.
  await made.regenerate("--gateway", "fe80::1");
  expect((await made.run(["check"])).stdout).not.toContain("own.txt:4");
  made.write("own.txt", `${OLD}:300::9 ${OLD}::5 172.30.0.100\n`);
  expect(await made.run(["check"])).toMatchObject({ code: 0 });
});

test("the previous data directory is not searched for addresses", async () => {
  const made = await new Made().make();
  mkdirSync(made.path("data/logs"), { recursive: true });
  made.write("data/logs/access.log", `${OLD}::77\n`);
  const { stdout } = await made.regenerate(...TO, "--data-dir", "/srv/kong");
  expect(stdout).not.toContain("access.log");
  expect((await made.run(["check"])).stdout).not.toContain("access.log");
});

describe("check", () => {
  test("every status", async () => {
    const made = await new Made().make("--domain", "gw.example.com");
    made.edit("scripts/verify.sh", (text) => `${text}# known\n`);
    rmSync(made.path("kong-build/Dockerfile"));
    await made.regenerate();
    expect(await made.run(["check"])).toMatchObject({ code: 0 });

    made.edit("README.md", (text) => `${text}since\n`);
    rmSync(made.path(".gitignore"));
    made.write("host/etc/docker/daemon.json", "{");
    made.write("host/etc/ndppd.conf", "<<<<<<< a\n=======\n>>>>>>> b\n");
    made.write(`${COMPOSE}.new`, "x\n");
    made.tamper((state) => (state["answers"].domain = "other.example.com"));
    const { code, stdout } = await made.run(["check", "--json"]);
    expect(code).toBe(4);
    const statuses = Object.fromEntries(
      JSON.parse(stdout).files.map(
        ({ path, status }: Record<string, string>) => [path, status],
      ),
    );
    expect(statuses).toMatchObject({
      "scripts/verify.sh": "edited",
      "kong-build/Dockerfile": "deleted",
      "README.md": "changed",
      ".gitignore": "missing",
      "host/etc/docker/daemon.json": "invalid",
      "host/etc/ndppd.conf": "conflict",
      [COMPOSE]: "leftover",
      "scripts/network.sh": "generated",
    });
    const told = await made.run(["check"]);
    expect(told.code).toBe(4);
    expect(told.stdout).toContain(
      "  ! README.md  changed: edited since the last run\n",
    );
    expect(wide(rowsOf(told.stdout).replace(/^.* invalid: .*$/gm, ""))).toEqual(
      [],
    );
  });

  test('a merged file has the status "merged" until the owner edits it', async () => {
    const made = await new Made().make();
    const ndppd = "host/etc/ndppd.conf";
    for (const path of [ndppd, "scripts/verify.sh"])
      made.edit(path, (text) => `${text}# mine\n`);
    await made.regenerate(...TO);
    const statuses = async (): Promise<unknown> => {
      const { stdout } = await made.run(["check", "--json"]);
      const all = JSON.parse(stdout).files as Record<string, string>[];
      const of = (name: string): string | undefined =>
        all.find(({ path }) => path === name)?.["status"];
      return [of(ndppd), of("scripts/verify.sh")];
    };
    expect(await statuses()).toEqual(["merged", "edited"]);
    await made.regenerate();
    expect(await statuses()).toEqual(["merged", "edited"]);
    expect(await made.run(["check"])).toMatchObject({ code: 0 });
    made.edit(ndppd, (text) => `${text}# more\n`);
    expect(await statuses()).toEqual(["changed", "edited"]);
    await made.regenerate();
    expect(await statuses()).toEqual(["edited", "edited"]);
    made.tamper((state) => (state["files"][ndppd].merged = "yes"));
    expect(await made.run(["check"])).toMatchObject({ code: 2 });
  });

  test("a file that other answers would change is outdated", async () => {
    const made = await new Made().make("--domain", "gw.example.com");
    made.tamper((state) => (state["answers"].domain = "other.example.com"));
    const { code, stdout } = await made.run(["check"]);
    expect(code).toBe(4);
    expect(stdout).toContain(
      "  ! README.md  outdated: regenerate would change it\n",
    );
  });

  test("a clone without .env has no drift", async () => {
    const made = await new Made().make();
    rmSync(made.path(".env"));
    expect(await made.run(["check"])).toMatchObject({ code: 0, stderr: "" });
  });

  test("CRLF, and a kept password beside an edit, are known after a run", async () => {
    const made = await new Made().make();
    made.edit("README.md", (text) =>
      text.replaceAll("\n", "\r\n").concat("mine\r\n"),
    );
    made.edit(".env", (text) => `MINE=1\n${text}`);
    await made.regenerate("--database", "off");
    expect(await made.run(["check"])).toMatchObject({ code: 0 });
  });
});

test("the undo command: what it prints, and when it refuses", async () => {
  const made = await new Made().make();
  const before = made.tree();
  await made.regenerate(...TO);
  made.edit("README.md", (text) => `${text}mine\n`);
  const refused = await made.run(["undo"]);
  expect(refused.code).toBe(3);
  expect(refused.stdout).toContain(
    "  ! README.md  (edited since)\nNothing was undone, because these files were edited since the last write.",
  );
  expect(wide(rowsOf(refused.stdout))).toEqual([]);
  const forced = await made.run(["undo", "--conflict", "theirs"]);
  expect(forced.code).toBe(0);
  expect(forced.stdout).toMatch(
    /^Restored \d+ files in this directory\. Run undo again to redo\.$/m,
  );
  expect(made.tree()).toEqual(before);
});

const has = (program: string): boolean => {
  try {
    execFileSync(program, ["--version"], { stdio: "ignore" });
    return true;
  } catch (error) {
    if (error instanceof Error) return false;
    throw error;
  }
};

describe.skipIf(!has("git") && !CI)("in a git repository", () => {
  test("staged and unstaged changes stay as they are", async () => {
    const made = await new Made().make();
    const git = (...args: string[]): string =>
      execFileSync(
        "git",
        ["-c", "user.name=x", "-c", "user.email=x@example.com", ...args],
        {
          cwd: made.path(),
          env: environment(made.sandbox),
          encoding: "utf8",
        },
      );
    git("init", "--quiet");
    git("add", "--all");
    git("commit", "--quiet", "-m", "first");
    made.write("staged.txt", "staged\n");
    made.edit("scripts/verify.sh", (text) => `${text}# staged\n`);
    git("add", "--all");
    made.edit("scripts/verify.sh", (text) => `${text}# unstaged\n`);
    made.write("untracked.txt", "untracked\n");
    const staged = git("diff", "--cached");
    const head = git("rev-parse", "HEAD");
    const unstaged = git("diff", "scripts/verify.sh");

    expect(await made.regenerate(...TO)).toMatchObject({ code: 0 });
    expect(git("diff", "--cached")).toBe(staged);
    expect(git("rev-parse", "HEAD")).toBe(head);
    expect(git("diff", "scripts/verify.sh")).toBe(unstaged);
    const status = git("status", "--porcelain").trimEnd().split("\n");
    expect(status).toContain("?? untracked.txt");
    expect(status).toContain("A  staged.txt");
    expect(status).toContain("MM scripts/verify.sh");
    expect(status).toContain(` M ${COMPOSE}`);
    expect(status.filter((line) => line.startsWith("??"))).toEqual([
      "?? untracked.txt",
    ]);
  });

  test("works without git", async () => {
    const made = await new Made().make();
    const { code } = await made.run(["regenerate", ...TO], {
      env: { PATH: "/nonexistent" },
    });
    expect(code).toBe(0);
  });
});

test("a file that can't be read is a conflict, not a crash", async () => {
  const made = await new Made().make();
  writeFileSync(made.path("README.md"), "# Mine\n", { mode: 0o000 });
  execFileSync("chmod", ["000", made.path("README.md")]);
  execFileSync("chmod", ["-R", "a+rwX", "--", made.path("scripts")]);
  conflicting(made);
  if (process.getuid?.() === 0)
    execFileSync("chown", ["-R", "65534:65534", made.sandbox.root]);
  const { code, stdout } = await made.run(["regenerate", ...TO], {
    unprivileged: true,
  });
  expect(code).toBe(3);
  expect(stdout).toContain("  ! README.md  (unreadable (EACCES))\n");
});

test("control characters in the name of an owner's file do not reach the terminal", async () => {
  const made = await new Made().make();
  made.write("\u001b[31mred\n.txt", `${OLD}::77\n`);
  const { stdout } = await made.regenerate(...TO);
  expect(stdout).toContain("\\u001b[31mred\\u000a.txt:1  ");
  expect(stdout).not.toContain("\u001b[31mred");
});
