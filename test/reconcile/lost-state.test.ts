import { execFileSync } from "node:child_process";
import { chmodSync, rmSync } from "node:fs";
import { expect, test } from "vitest";
import { environment, PREFIX } from "../support/run.ts";
import { testWith } from "../support/programs.ts";
import { Made, NEXT, OLD, STATE, TO } from "./made.ts";

// A state that is missing, or that can't be used: what is said, and whether that helps.

test("a state that may not be read: what failed, and exit 1", async () => {
  const made = await new Made().make();
  chmodSync(made.path(STATE), 0o000);
  if (process.getuid?.() === 0)
    execFileSync("chown", ["-R", "65534:65534", made.sandbox.root]);
  for (const command of ["check", "regenerate"]) {
    const { code, stderr } = await made.run([command], { unprivileged: true });
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /\/gw\/\.kong-ipv6\.json can't be read \(EACCES\)\. .*change its permissions/,
    );
  }
});

testWith(
  "git",
  "git's conflict markers in the state: following the remedy gives a valid repository",
  async () => {
    const made = await new Made().make();
    const git = (...args: string[]): string =>
      execFileSync(
        "git",
        ["-c", "user.name=a", "-c", "user.email=a@b.c", ...args],
        { cwd: made.path(), env: environment(made.sandbox), encoding: "utf8" },
      );
    git("init", "--quiet", "--initial-branch=main");
    git("add", "--all");
    git("commit", "--quiet", "-m", "first");
    git("checkout", "--quiet", "-b", "other");
    await made.regenerate("--kong", `${OLD}:300::7`);
    git("commit", "--quiet", "-am", "7");
    git("checkout", "--quiet", "main");
    await made.regenerate("--kong", `${OLD}:300::6`);
    git("commit", "--quiet", "-am", "6");
    expect(() => git("merge", "other")).toThrow();
    for (const command of ["check", "regenerate", "undo"]) {
      rmSync(made.path(".kong-ipv6.undo"), { recursive: true, force: true });
      const { code, stderr } = await made.run([command]);
      expect(code).toBe(2);
      expect(stderr).toContain(
        ".kong-ipv6.json: it has git's conflict markers. Take the side with the answers that you want to keep, such as the new prefix. One of these:\n  git checkout --ours .kong-ipv6.json\n  git checkout --theirs .kong-ipv6.json\nThen run:\n  npx create-kong-ipv6@0.1.0 regenerate .\n",
      );
    }
    git("checkout", "--ours", ".kong-ipv6.json");
    expect(await made.regenerate()).toMatchObject({
      code: 3,
      stdout: expect.stringMatching(
        /or take the new text:\n {2}npx \S+ regenerate \S+ --conflict theirs\n/,
      ),
    });
    await made.regenerate("--conflict", "theirs");
    expect(made.read("scripts/plan.json")).toContain(`"${OLD}:300::6"`);
    for (const path of Object.keys(made.tree()))
      if (path.endsWith(".new")) rmSync(made.path(path));
    // git does not have .env: it had the other side's address.
    expect(made.read(".env")).toContain(`=${OLD}:300::6\n`);
    expect(await made.regenerate("--kong", `${OLD}:300::6`)).toMatchObject({
      code: 0,
    });
  },
);

test("a missing state: create --conflict keep adopts the repository, with the owner's edits", async () => {
  const made = await new Made().make("--ndp", "kernel");
  made.edit("docker-compose.yml", (text) => `${text}# mine ${OLD}::77\n`);
  const { [STATE]: _, ...before } = made.tree();
  rmSync(made.path(STATE));
  for (const command of ["check", "regenerate", "undo"]) {
    const { code, stderr } = await made.run([command]);
    expect(code).toBe(2);
    expect(stderr).toContain("its .kong-ipv6.json is missing");
    // There is no git repository.
    expect(stderr).toContain("Take that from a backup.\nWithout a copy,");
    expect(stderr).not.toContain("git -C");
    expect(stderr).toContain(
      "run this with the same answers; it adopts the repository:\n  npx create-kong-ipv6@0.1.0 create . --conflict keep\n",
    );
  }
  const { code, stdout } = await made.run([
    ".",
    ...PREFIX,
    "--ndp",
    "kernel",
    "--conflict",
    "keep",
  ]);
  expect(code).toBe(0);
  expect(stdout).toContain("Recorded the answers in .kong-ipv6.json");
  const { [STATE]: state, ...after } = made.tree();
  expect(after).toEqual(before);
  // Its default is random: the one of the repository is kept.
  expect(state).toContain('"internalPrefix": "fd4c:8a1e:92b7::/64"');
  expect(await made.run(["check"])).toMatchObject({ code: 0 });
  expect(await made.regenerate(...TO)).toMatchObject({ code: 0 });
  expect(made.read("docker-compose.yml")).toContain(`# mine ${NEXT}::77\n`);
  expect(await made.run(["check"])).toMatchObject({ code: 0 });
});

test("a missing state: adopting with other answers is drift, with exit 3", async () => {
  const made = await new Made().make();
  rmSync(made.path(STATE));
  const keep = ["--conflict", "keep", "--yes"];
  const { code, stdout } = await made.run([".", ...TO, ...keep]);
  expect(stdout).toContain(
    `host/etc/netplan/60-kong-ipv6.yaml contradicts the answers: address ${NEXT}::2/64 on ens3 is missing.`,
  );
  expect(code).toBe(3);
});

test.each(["{", "null", '{"fixed-cidr-v6": 5}', '{"fixed-cidr-v6": "fe80::"}'])(
  "a daemon.json that has no usable prefix does not stop create: %s",
  async (text) => {
    const made = await new Made().make();
    rmSync(made.path(STATE));
    made.write("host/etc/docker/daemon.json", text);
    const keep = [...PREFIX, "--conflict", "keep"];
    expect(await made.run([".", ...keep])).toMatchObject({ code: 3 });
  },
);
