import {
  chmodSync,
  existsSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { expect, test } from "vitest";
import { PREFIX } from "../support/run.ts";
import { runHere } from "../support/in-process.ts";
import { Made, NEXT, OLD, TO } from "./made.ts";

// What a run tells the owner to do: each test does it, and the trouble is gone.

test("check asked for a regenerate that changed nothing: an executable bit is restored", async () => {
  const made = await new Made().make();
  chmodSync(made.path("scripts/verify.sh"), 0o644);
  chmodSync(made.path("scripts/ufw.sh"), 0o600);
  made.edit("scripts/ufw.sh", (text) => `${text}# mine\n`);
  const check = await made.run(["check"]);
  expect(check.code).toBe(4);
  for (const path of ["scripts/verify.sh", "scripts/ufw.sh"])
    expect(check.stdout).toContain(
      `  ! ${path}  outdated: not executable: regenerate restores that\n`,
    );
  expect(check.stdout).not.toContain("record them");
  expect(await made.regenerate("--dry-run")).toMatchObject({ code: 4 });
  const { stdout } = await made.regenerate();
  expect(stdout).toContain("  ~ scripts/verify.sh  (only its mode)\n");
  const modeOf = (path: string): number => statSync(made.path(path)).mode;
  expect(modeOf("scripts/verify.sh") & 0o777).toBe(0o755);
  expect(modeOf("scripts/ufw.sh") & 0o777).toBe(0o700);
  expect(made.read("scripts/ufw.sh")).toMatch(/# mine\n$/);
  expect(await made.run(["check"])).toMatchObject({ code: 0 });
  expect((await made.regenerate()).stdout).toContain("Nothing to change.");
});

test("a script that is there before the generator has it becomes executable in the first run", async () => {
  const made = await new Made().make();
  const state = JSON.parse(made.read(".kong-ipv6.json"));
  delete state.files["scripts/verify.sh"];
  made.write(".kong-ipv6.json", JSON.stringify(state));
  chmodSync(made.path("scripts/verify.sh"), 0o644);
  const { stdout } = await made.regenerate();
  expect(stdout).toContain("  ~ scripts/verify.sh  (only its mode)\n");
  expect((await made.regenerate()).stdout).toContain("Nothing to change.");
});

test("files that the owner emptied or broke are recorded, but named each time", async () => {
  const made = await new Made().make();
  const broken: Record<string, [text: string, reason: string]> = {
    "docker-compose.yml": ["", "it is empty"],
    "host/etc/netplan/60-kong-ipv6.yaml": ["# Mine\n", "it is empty"],
    "host/etc/docker/daemon.json": ["[]", "it is not a JSON object"],
    "host/etc/kong-ipv6/firewall.nft": ["\n", "it is empty"],
    "host/etc/sysctl.d/60-kong-ipv6.conf": ["x\n", "not a setting: x"],
    "scripts/network.sh": ["if\n", "bash cannot parse it"],
    "scripts/kong_ipv6/run.py": ["", "it is empty"],
  };
  for (const [path, [text]] of Object.entries(broken)) made.write(path, text);
  for (const time of ["first", "second"]) {
    const { code, stdout } = await made.regenerate();
    expect({ time, code }).toEqual({ time, code: 3 });
    const check = await made.run(["check"]);
    expect(check.code).toBe(4);
    for (const [path, [, reason]] of Object.entries(broken)) {
      expect(stdout).toContain(`${path} is not usable: ${reason}`);
      expect(check.stdout).toContain(`  ! ${path}  invalid: ${reason}`);
    }
  }
  for (const path of Object.keys(broken)) rmSync(made.path(path));
  await made.regenerate("--conflict", "theirs");
  expect(await made.run(["check"])).toMatchObject({ code: 0 });
});

test("one file that is not usable: exit 3, and not called a contradiction", async () => {
  const made = await new Made().make();
  made.write("docker-compose.yml", "services: [");
  const { code, stdout } = await made.regenerate();
  expect(stdout).toContain("docker-compose.yml is not usable: not valid YAML");
  expect(stdout).not.toContain("contradicts");
  expect(code).toBe(3);
  made.write("docker-compose.yml", "");
  expect((await made.regenerate("--dry-run")).code).toBe(4);
});

test("a link and a directory in the way: moved away, the new texts take their place", async () => {
  const made = await new Made().make();
  const paths = ["README.md", "scripts/ufw.sh"];
  for (const path of paths) rmSync(made.path(path));
  symlinkSync("/etc/hosts", made.path("README.md"));
  mkdirSync(made.path("scripts/ufw.sh"));
  const to = [...TO, "--network", "public"];
  const { code, stdout } = await made.regenerate(...to, "--conflict=theirs");
  expect(code).toBe(3);
  expect(stdout).toContain("README.md was not changed: it is a symbolic link;");
  expect(stdout).toContain(
    "Move the file, directory or link out of the way, then rename the .new file to its name.\n",
  );
  expect(stdout).not.toContain("--conflict theirs");
  for (const path of paths) {
    renameSync(made.path(path), made.sandbox.path(path.replace("/", "-")));
    renameSync(made.path(`${path}.new`), made.path(path));
  }
  expect(await made.regenerate()).toMatchObject({ code: 0 });
  expect(await made.run(["check"])).toMatchObject({ code: 0 });
  expect(made.read("README.md")).toContain(NEXT);
});

test("a link in the place of a directory: moved away, --conflict theirs writes its files", async () => {
  const made = await new Made().make();
  renameSync(made.path("scripts"), made.sandbox.path("scripts"));
  symlinkSync("../scripts", made.path("scripts"));
  const { code, stdout } = await made.regenerate(...TO, "--conflict=theirs");
  expect(code).toBe(3);
  expect(stdout).toContain(
    "scripts/ufw.sh was not changed: scripts is a symbolic link.\n",
  );
  expect(stdout).toMatch(
    /^Move it out of the way, then run:\n {2}npx \S+ regenerate \S+ --conflict theirs\n/m,
  );
  rmSync(made.path("scripts"));
  await made.regenerate("--conflict", "theirs");
  expect(await made.run(["check"])).toMatchObject({ code: 0 });
});

test("create with a directory in the way: moved away, create writes", async () => {
  const made = new Made();
  const { sandbox } = made;
  mkdirSync(sandbox.path("gw/README.md"), { recursive: true });
  const create = [sandbox.path("gw"), ...PREFIX, "--conflict", "theirs"];
  const { code, stdout } = await runHere(create);
  expect(code).toBe(3);
  expect(stdout).toContain(
    "README.md was not changed: it is a directory.\nMove it out of the way and run this again, or choose --conflict keep.\n",
  );
  expect(stdout).not.toContain("theirs");
  rmSync(sandbox.path("gw/README.md"), { recursive: true });
  expect(await runHere(create)).toMatchObject({ code: 0 });
});

test(".env with conflict markers and a new prefix: without the markers, regenerate updates it", async () => {
  const made = await new Made().make();
  const markers = "<<<<<<< HEAD\nA=1\n=======\nA=2\n>>>>>>> x\n";
  made.edit(".env", (text) => text + markers);
  const { code, stdout } = await made.regenerate(...TO);
  expect(code).toBe(3);
  expect(stdout).toContain("Remove the old conflict markers");
  expect(stdout).not.toContain("--kong");
  made.edit(".env", (text) => text.replace(markers, "A=2\n"));
  expect(await made.regenerate()).toMatchObject({ code: 0 });
  expect(made.read(".env")).toContain(`KONG_BIND_IPV6=${NEXT}:300::8100\n`);
  expect(made.read(".env")).toMatch(/^A=2\n/m);
  expect(existsSync(made.path(".env.new"))).toBe(false);
  expect(await made.run(["check"])).toMatchObject({ code: 0 });
});

test("an own address in .env, outside the exposed subnet, was to be given as --kong", async () => {
  const made = await new Made().make();
  const own = `${OLD}:400::9`;
  made.edit(".env", (text) => text.replace(/(BIND_IPV6=).*/, `$1${own}`));
  const { stdout } = await made.regenerate();
  expect(stdout).toContain(
    `.env contradicts the answers: KONG_BIND_IPV6 is ${own}, not ${OLD}:300::8100.\nWhere a file contradicts the answers: edit it,`,
  );
  expect(stdout).not.toContain("--kong");
});

test("Kong's own variable in .env was reported as another container's", async () => {
  const made = await new Made().make();
  const own = `${OLD}:300::9`;
  made.edit(".env", (text) => text.replace(/(BIND_IPV6=).*/, `$1"${own}"`));
  made.edit("docker-compose.yml", (text) =>
    text.replaceAll(`${OLD}:300::8100`, own),
  );
  const { stdout: told } = await made.regenerate();
  expect(told).toContain(
    `.env contradicts the answers: KONG_BIND_IPV6 is ${own}, not ${OLD}:300::8100.\n`,
  );
  const { code, stdout } = await made.regenerate("--kong", own);
  expect(code).toBe(0);
  expect(stdout).not.toContain("already contains this address");
});
