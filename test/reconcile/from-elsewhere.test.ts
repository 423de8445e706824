import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { runHere } from "../support/in-process.ts";
import { testWith } from "../support/programs.ts";
import { environment } from "../support/run.ts";
import { Made, OLD, STATE } from "./made.ts";

// The command is run for a repository that is not the working directory: what a message tells to run
// is run where the command was typed.

const NAME = "my gw";
let made: Made;
beforeEach(async () => {
  made = await new Made().make();
  renameSync(made.path(), made.sandbox.path(NAME));
});

const at = (path: string): string => made.sandbox.path(NAME, path);
const text = (path: string): string => readFileSync(path, "utf8");
const call = (...args: string[]) => runHere(args, made.sandbox.cwd);
const sh = (command: string): string =>
  execFileSync("sh", ["-c", command], {
    cwd: made.sandbox.cwd,
    env: environment(made.sandbox),
    encoding: "utf8",
    stdio: "pipe",
  });

/** Runs the first command of a message that the pattern finds. */
function follow(message: string, pattern: RegExp): void {
  const [, command = ""] = pattern.exec(message) ?? [];
  expect(command, message).not.toBe("");
  sh(command);
}

for (const command of ["check", "regenerate"])
  test(`${command}: line ends and names`, async () => {
    for (const name of ["apply.sh", "verify.sh"]) {
      const path = at(`scripts/${name}`);
      writeFileSync(path, text(path).replaceAll("\n", "\r\n"));
    }
    renameSync(at("docker-compose.yml"), at("compose.yaml"));
    const { stdout } = await call(command, NAME);
    follow(stdout, /^ {2}(sed .*)$/m);
    follow(stdout, /^ {2}(mv .*)$/m);
    expect(text(at("scripts/apply.sh"))).not.toContain("\r");
    expect(existsSync(at("docker-compose.yml"))).toBe(true);
    writeFileSync(at("compose.yaml"), "services: {}\n");
    follow((await call(command, NAME)).stdout, /run (mv -n .*?)\. Otherwise/);
    expect((await call("check", NAME)).code).toBe(0);
  });

test("create: a .env that others can read", async () => {
  mkdirSync(at("other"));
  writeFileSync(at("other/.env"), "KONG_BIND_IP=0.0.0.0\n");
  chmodSync(at("other/.env"), 0o644);
  const prefix = ["--prefix", `${OLD}::/64`, "--conflict", "keep"];
  const { stdout } = await call(join(NAME, "other"), ...prefix);
  follow(stdout, /(chmod .*)$/m);
  expect(statSync(at("other/.env")).mode & 0o777).toBe(0o600);
});

const git = (...args: string[]): string =>
  sh(`cd '${NAME}' && git -c user.name=a -c user.email=a@b ${args.join(" ")}`);

testWith("git", "a state that is lost, broken or a directory", async () => {
  git("init --quiet");
  git("add --all");
  git("commit --quiet -m first");
  const spoil: [reason: string, spoil: () => void][] = [
    ["its .kong-ipv6.json is missing", () => rmSync(at(STATE))],
    ["it is not valid JSON", () => writeFileSync(at(STATE), "{")],
    ["schemaVersion is not", () => writeFileSync(at(STATE), "{}")],
    ["it is a directory", () => (rmSync(at(STATE)), mkdirSync(at(STATE)))],
  ];
  for (const [reason, act] of spoil) {
    act();
    const { code, stderr } = await call("check", NAME);
    expect(code).toBe(2);
    expect(stderr).toContain(reason);
    expect(stderr).toContain(NAME);
    if (reason === "it is a directory") {
      expect(stderr).toContain(`"${NAME}/${STATE}": it is a directory`);
      expect(stderr).toContain("Move it away. Take the file from git");
      renameSync(at(STATE), at("away"));
    }
    follow(stderr, /(git -C .*? \.kong-ipv6\.json)/);
    expect(await call("check", NAME)).toMatchObject({ code: 0 });
    // The program itself is not run, only its arguments.
    expect(stderr).toMatch(
      /run npx \S+ create 'my gw' --conflict keep with the same answers/,
    );
  }
  rmSync(at(STATE));
  const keep = ["--conflict", "keep", "--yes"];
  const adopted = await call(
    "create",
    NAME,
    "--prefix",
    `${OLD}::/64`,
    ...keep,
  );
  expect(adopted).toMatchObject({ code: 0 });
});

testWith("git", "a merge of the state, and a .env in git", async () => {
  git("init --quiet --initial-branch=main");
  git("add --all --force");
  git("commit --quiet -m first");
  follow((await call("check", NAME)).stdout, /run (git .*? \.env)/);
  git("commit --quiet -m second");
  git("checkout --quiet -b other");
  await call("regenerate", NAME, "--kong", `${OLD}:300::7`);
  git("commit --quiet -am 7");
  git("checkout --quiet main");
  await call("regenerate", NAME, "--kong", `${OLD}:300::6`);
  git("commit --quiet -am 6");
  expect(() => git("merge other")).toThrow();
  const { stderr } = await call("check", NAME);
  follow(stderr, /(git -C .*? \.kong-ipv6\.json)/);
  expect(stderr).toMatch(/then run npx \S+ regenerate 'my gw'\.$/m);
  expect((await call("check", NAME)).code).toBe(4);
});
