import { execFileSync } from "node:child_process";
import { chmodSync, rmSync } from "node:fs";
import { expect, test } from "vitest";
import { PREFIX, Sandbox } from "../support/run.ts";
import { runHere } from "../support/in-process.ts";
import { testWith } from "../support/programs.ts";
import { Made, TO } from "./made.ts";

// What somebody who had read the README alone ran into.

test("check reports scripts that bash can't read, or that are not executable", async () => {
  const made = await new Made().make();
  made.edit("scripts/verify.sh", (text) => text.replaceAll("\n", "\r\n"));
  chmodSync(made.path("scripts/apply.sh"), 0o644);
  chmodSync(made.path(".env"), 0o644);
  const { code, stdout } = await made.run(["check"]);
  expect(code).toBe(4);
  expect(stdout).toContain(
    "scripts/verify.sh  invalid: bash cannot read CRLF line ends\n",
  );
  expect(stdout).toContain(
    "bash cannot read the CRLF line ends of scripts/verify.sh:\n  sed -i 's/\\r$//' scripts/*.sh\n",
  );
  expect(stdout).toContain(
    "scripts/apply.sh  outdated: not executable: regenerate restores that",
  );
  expect(stdout).toContain(".env  outdated: others can read it");
});

test("regenerate names the scripts with CRLF too, and how to convert them", async () => {
  const made = await new Made().make();
  for (const path of ["scripts/apply.sh", "scripts/ufw.sh", "README.md"])
    made.edit(path, (text) => text.replaceAll("\n", "\r\n"));
  const remedy = "sed -i 's/\\r$//' scripts/*.sh";
  const note = `bash cannot read the CRLF line ends of scripts/apply.sh, scripts/ufw.sh:\n  ${remedy}\n`;
  expect((await made.regenerate()).stdout).toContain(note);
  expect((await made.regenerate(...TO)).stdout).toContain(note);
  execFileSync("sh", ["-c", remedy], { cwd: made.path() });
  expect((await made.regenerate()).stdout).not.toContain("CRLF");
});

testWith(
  "git",
  "a clone on Windows (core.autocrlf) has scripts that bash can read",
  async () => {
    const made = await new Made().make();
    const git = (...args: string[]): Buffer =>
      execFileSync("git", args, { cwd: made.path(), stdio: "pipe" });
    git("init", "--quiet");
    git("config", "core.autocrlf", "true");
    git("add", ".");
    rmSync(made.path("scripts/verify.sh"));
    git("checkout", "scripts/verify.sh");
    expect(made.read("scripts/verify.sh")).not.toContain("\r");
  },
);

test("--plugin none builds no rock of that name", async () => {
  const made = await new Made().make("--plugin", "kong-oidc");
  expect(made.read("kong-build/Dockerfile")).toContain("kong-oidc");
  expect(await made.regenerate("--plugin", "none")).toMatchObject({ code: 0 });
  expect(made.read("kong-build/Dockerfile")).not.toContain("luarocks");
  expect(made.read("docker-compose.yml")).not.toContain("none\n");
});

test("a directory's name that starts with a dash is no option of the printed commands", async () => {
  const { stdout } = await runHere(
    [...PREFIX, "--yes", "--", "-gw"],
    new Sandbox().cwd,
  );
  expect(stdout).toContain(" deploy ./-gw ");
  expect(stdout).toContain(" probe ./-gw\n");
});

test("--plugin names all plugins anew, as docs/usage.md says", async () => {
  const made = await new Made().make("--plugin", "kong-oidc");
  expect(await made.regenerate("--plugin", "kong-jwt")).toMatchObject({
    code: 0,
  });
  const dockerfile = made.read("kong-build/Dockerfile");
  expect(dockerfile).toContain("luarocks install kong-jwt\n");
  expect(dockerfile).not.toContain("kong-oidc");
});
