import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, rmSync, symlinkSync } from "node:fs";
import { expect, test } from "vitest";
import { PUBLISHED } from "../../src/base/program.ts";
import { run, PREFIX, Sandbox } from "../support/run.ts";
import { Made, TO } from "./made.ts";

// What was said, and misled.

/** Commands are in one piece. */
const wide = (text: string): string[] =>
  text.split("\n").filter((line) => line.length > 80 && !/^ +sudo /.test(line));

test('an edit is noted or a .new file written: not "Changed 0 files"', async () => {
  const made = await new Made().make();
  made.edit("README.md", (text) => `${text}mine\n`);
  expect((await made.run(["check"])).stdout).toContain(
    `If these are your own edits, record them:\n  ${PUBLISHED} regenerate .\n`,
  );
  expect((await made.regenerate()).stdout).toContain(
    "\nRecorded the changes in .kong-ipv6.json; no file changed in this directory.\n",
  );
  expect(await made.run(["check"])).toMatchObject({ code: 0 });
  made.edit("docker-compose.yml", (text) =>
    text.replace("KONG_PG_USER: kong", "KONG_PG_USER: mine"),
  );
  await made.regenerate("--database", "off");
  rmSync(made.path("docker-compose.yml.new"));
  const { stdout } = await made.regenerate();
  expect(stdout).toContain(
    "\nWrote the new texts beside your files in this directory.\n",
  );
  expect(stdout).not.toContain("0 files");
});

test("a .env that never was in this clone is not called deleted", async () => {
  const made = await new Made().make();
  rmSync(made.path(".env"));
  rmSync(made.path("scripts/rollback.sh"));
  const { stdout } = await made.regenerate(...TO, "--dry-run");
  expect(stdout).toMatch(/^Plan: .*, 1 deleted by you,/m);
  expect(stdout).toMatch(/1 not in this copy\.$/m);
});

test("a run that asks nothing says why conflicts stay", async () => {
  const made = await new Made().make();
  made.edit("docker-compose.yml", (text) =>
    text.replace("KONG_PG_USER: kong", "KONG_PG_USER: mine"),
  );
  const off = ["--database", "off"];
  const told =
    "Conflicts remain, because this run can't ask (no terminal, --yes or --json).\n";
  const { code, stdout } = await made.regenerate(...off, "--conflict", "ask");
  expect(code).toBe(3);
  expect(stdout).toContain(told);
  expect(wide(stdout)).toEqual([]);
  expect((await made.regenerate("--conflict", "keep")).stdout).not.toContain(
    told,
  );
});

test("of two runs at once, the one that fails says to run again", async () => {
  const made = await new Made().make();
  mkdirSync(made.path(".kong-ipv6.tmp"));
  made.write(".kong-ipv6.tmp/pid", String(process.pid));
  const { code, stderr } = await made.run(["regenerate", ...TO], {});
  expect(code).toBe(1);
  expect(stderr).toContain("Wait until it has ended and run again;");
});

test("a directory that may not be written is named", async () => {
  const made = await new Made().make();
  if (process.getuid?.() === 0)
    execFileSync("chown", ["-R", "65534:65534", made.sandbox.root]);
  chmodSync(made.path("host/etc/netplan"), 0o555);
  const before = made.tree();
  const { code, stderr } = await made.run(["regenerate", ...TO], {
    unprivileged: true,
  });
  expect({ code, tree: made.tree() }).toEqual({ code: 1, tree: before });
  expect(stderr).toContain(
    `${made.sandbox.path("gw/host/etc/netplan")} can't be written (EACCES); ${made.sandbox.path("gw")} is as it was.`,
  );
});

test("undo of another user's files fails with a clear message", async () => {
  const made = await new Made().make();
  const env = made.path(".env");
  const refused = async (path: string): Promise<void> => {
    if (process.getuid?.() === 0)
      execFileSync("chown", ["-R", "65534:65534", made.sandbox.root]);
    chmodSync(path, 0);
    const before = made.tree();
    for (const more of [[], ["--dry-run"], ["--json"]]) {
      const { code, stdout, stderr } = await made.run(["undo", ...more], {
        unprivileged: true,
      });
      const told = more[0] === "--json" ? stdout : stderr;
      expect({ code, tree: made.tree() }).toEqual({ code: 1, tree: before });
      expect(told).toContain(`${path}`);
      expect(told).toContain("can't be read (EACCES)");
      expect(told).toContain(
        "run this as that user, or change the permissions.",
      );
      expect(told).not.toContain("defect");
    }
  };
  await refused(env);
  chmodSync(env, 0o600);
  await made.regenerate("--domain", "gw.example.com");
  await refused(made.path(".kong-ipv6.undo"));
});

test("a dangling link is named, with a remedy", async () => {
  const sandbox = new Sandbox();
  symlinkSync("/nonexistent/there", sandbox.path("away"));
  for (const at of ["away", "away/gw"]) {
    const { code, stderr } = await run(sandbox, [at, ...PREFIX]);
    expect({ at, code, stderr }).toEqual({
      at,
      code: 1,
      stderr: `error ${sandbox.path("away")} is a symbolic link to /nonexistent/there, which is not there. Make that directory, or name another one.\n`,
    });
  }
});

test("terminal escapes in the owner's files were printed raw", async () => {
  const made = await new Made().make();
  made.edit("kong-build/Dockerfile", (text) => `${text}\u001b[31mX\n`);
  made.edit(".env", (text) =>
    text.replace(/^KONG_BIND_IPV6=.*$/m, "KONG_BIND_IPV6=\u001b[31mX"),
  );
  for (const args of [["check"], ["regenerate", "--dry-run"]]) {
    const { stdout } = await made.run(args);
    expect(stdout).toContain("\\u001b[31mX");
    expect(stdout).not.toContain("\u001b");
  }
});
