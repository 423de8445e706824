import { execFileSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { ignoresSecret } from "../../../src/repository/ignored.ts";
import { has } from "../../support/programs.ts";
import { CI, environment, Sandbox } from "../../support/run.ts";
import { Made } from "../../reconcile/made.ts";

const TAKEN =
  "git would commit your .env, which is for secrets: add a line .env to .gitignore.\n";

/** Lines of .gitignore, and whether they ignore .env. */
const LINES: readonly [string, boolean][] = [
  [".env\n", true],
  ["/.env\n", true],
  ["**/.env\n", true],
  [".env*\n", true],
  [".en?\r\n", true],
  ["*\n", true],
  [".*\n", true],
  [".env   \n", true],
  [".env\\ \n", false],
  [".**v\n", true],
  [".env\n!.env\n", false],
  ["!.env\n.env\n", true],
  [".env\n!.env.example\n", true],
  ["#.env\n", false],
  [".env/\n", false],
  ["x/.env\n", false],
  ["env\n.environment\n.env.example\n", false],
  ["", false],
];

test.each(LINES)("%j ignores .env: %s", (text, out) => {
  expect(ignoresSecret(text)).toBe(out);
});

test.each([
  ["stars", `${"*".repeat(400)}x`],
  ["spaces", `a${" ".repeat(300_000)}x`],
])("a hostile .gitignore took minutes to read: %s", (_, text) => {
  const start = performance.now();
  expect(ignoresSecret(text)).toBe(false);
  expect(performance.now() - start).toBeLessThan(20_000);
});

const GIT = has("git");

test.skipIf(!GIT && !CI)("git itself says the same of each", () => {
  const sandbox = new Sandbox();
  const git = (...args: string[]): void =>
    void execFileSync("git", args, {
      cwd: sandbox.cwd,
      env: environment(sandbox),
      stdio: "ignore",
    });
  git("init", "--quiet");
  const ignores = (): boolean => {
    try {
      git("check-ignore", "--quiet", ".env");
      return true;
    } catch (error) {
      if ((error as { status?: number }).status === 1) return false;
      throw error;
    }
  };
  for (const [text, out] of LINES) {
    writeFileSync(sandbox.path(".gitignore"), text);
    expect([text, ignores()]).toEqual([text, out]);
  }
});

test("without .gitignore, or its line, there is a warning that git would commit .env", async () => {
  const made = await new Made().make();
  const off = { env: { PATH: "/nonexistent" } };
  expect((await made.run(["check"])).stdout).not.toContain("git would");
  made.edit(".gitignore", (text) => text.replace(".env\n", ""));
  expect((await made.run(["regenerate"])).stdout).toContain(TAKEN);
  rmSync(made.path(".gitignore"));
  for (const options of [{}, off]) {
    expect((await made.run(["check"], options)).stdout).toContain(TAKEN);
    const { code, stdout } = await made.run(["regenerate"], options);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringContaining(TAKEN),
    });
  }
  const { stdout } = await made.run(["check", "--json"]);
  expect(JSON.parse(stdout).notes).toEqual([TAKEN.trimEnd()]);
  // Back with this very run: nothing to warn about.
  const back = await made.regenerate("--conflict", "theirs");
  expect(back.stdout).not.toContain("git would");
});

test.skipIf(!GIT && !CI)(
  "in a repository git is asked: another .gitignore counts, and tracked files",
  async () => {
    const made = await new Made().make();
    const git = (...args: string[]): void =>
      void execFileSync("git", args, {
        cwd: made.sandbox.cwd,
        env: environment(made.sandbox),
        stdio: "ignore",
      });
    git("init", "--quiet");
    rmSync(made.path(".gitignore"));
    expect((await made.run(["check"])).stdout).toContain(TAKEN);
    writeFileSync(made.sandbox.path(".gitignore"), ".env\n");
    expect((await made.run(["check"])).stdout).not.toContain("git ");
    git("add", "--force", "gw/.env");
    expect((await made.run(["check"])).stdout).toContain(
      "git tracks your .env, which is for secrets. Run:\n  git rm --cached .env\n",
    );
  },
);
