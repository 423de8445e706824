import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { expect, test } from "vitest";
import { has } from "../../support/programs.ts";
import { CI, environment } from "../../support/run.ts";
import { Made } from "../../reconcile/made.ts";

/** A repository whose data directory has the database's password, as apply.sh leaves it. */
async function withData(): Promise<Made> {
  const made = await new Made().make();
  mkdirSync(made.path("data/secrets"), { recursive: true });
  made.write("data/secrets/kong_pg_password", "secret\n");
  return made;
}

test.skipIf(!has("git") && !CI)(
  "the previous data directory, with the password in it, stays in .gitignore",
  async () => {
    const made = await withData();
    const env = environment(made.sandbox);
    const git = (...args: string[]): string =>
      execFileSync("git", ["-C", made.path(), ...args], {
        env,
        encoding: "utf8",
      });
    git("init", "--quiet");
    for (const dataDir of ["./var", "/srv/kong"]) {
      await made.regenerate("--data-dir", dataDir);
      expect(git("status", "--short", "--untracked-files=all")).not.toContain(
        "kong_pg_password",
      );
      expect(made.read(".gitignore")).toMatch(
        /# Earlier data directories:\n\/data\/\n$/,
      );
    }
  },
);

test("it stays ignored if it is in another copy, and changing back gives the same bytes", async () => {
  const made = await withData();
  const before = made.read(".gitignore");
  await made.regenerate("--data-dir", "./var");
  rmSync(made.path("data"), { recursive: true });
  expect((await made.regenerate()).stdout).toContain("Nothing to change.");
  expect(await made.run(["check"])).toMatchObject({ code: 0 });
  await made.regenerate("--data-dir", "./data");
  expect(made.read(".gitignore")).toBe(before);
});

test("nothing is added if there is none", async () => {
  const made = await new Made().make();
  const before = made.read(".gitignore");
  await made.regenerate("--data-dir", "./var");
  expect(made.read(".gitignore")).toBe(before.replace("/data/", "/var/"));
});
