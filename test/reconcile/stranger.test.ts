import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { exampleTree } from "../../scripts/examples.ts";
import { PREFIX, Sandbox } from "../cli/run.ts";
import { runHere } from "../support/in-process.ts";
import { testWith } from "../support/programs.ts";
import { textOf } from "../support/trees.ts";
import { Made } from "./made.ts";

// What somebody who had read the README alone ran into.

test("check passed scripts that bash can't read, or that nobody may run", async () => {
  const made = await new Made().make();
  made.edit("scripts/lib/common.sh", (text) => text.replaceAll("\n", "\r\n"));
  chmodSync(made.path("scripts/apply.sh"), 0o644);
  chmodSync(made.path(".env"), 0o644);
  const { code, stdout } = await made.run(["check"]);
  expect(code).toBe(4);
  expect(stdout).toContain(
    "scripts/lib/common.sh  invalid: bash cannot read CRLF line ends",
  );
  expect(stdout).toContain(
    "scripts/apply.sh  changed: not executable: chmod 755 scripts/apply.sh",
  );
  expect(stdout).toContain("Others can read your .env: chmod 600 .env");
});

test("--plugin none built a rock of that name", async () => {
  const made = await new Made().make("--plugin", "kong-oidc");
  expect(made.read("kong-build/Dockerfile")).toContain("kong-oidc");
  expect(await made.regenerate("--plugin", "none")).toMatchObject({ code: 0 });
  expect(made.read("kong-build/Dockerfile")).not.toContain("luarocks");
  expect(made.read("docker-compose.yml")).not.toContain("none\n");
});

test("the printed copy deleted the .env of the server, where this copy has none", async () => {
  const made = await new Made().make();
  rmSync(made.path(".env"));
  const { stdout } = await made.regenerate("--interface", "en9");
  expect(stdout).toContain("--exclude=/.env ");
  // What it replaces or deletes all the same is kept.
  expect(stdout).toContain("--backup --backup-dir=/opt/kong-ipv6.replaced");
  const whole = await new Made().make();
  expect((await whole.regenerate("--interface", "en9")).stdout).not.toContain(
    "--exclude=/.env",
  );
});

test("a colon in the directory's name was a host's for rsync", async () => {
  const { stdout } = await runHere(
    ["a:b", ...PREFIX, "--yes"],
    new Sandbox().cwd,
  );
  expect(stdout).toContain(" ./a:b/ ");
});

test("a dash at the start of the directory's name was an option for rsync", async () => {
  const { stdout } = await runHere(
    [...PREFIX, "--yes", "--", "-gw"],
    new Sandbox().cwd,
  );
  expect(stdout).toContain(" ./-gw/ ");
});

testWith("rsync", "the copy cost what the server alone had", async () => {
  const made = await new Made().make();
  mkdirSync(made.path("grafana"));
  made.write("grafana/grafana.ini", "mine\n");
  const { stdout } = await made.regenerate("--interface", "en9");
  const [, options = ""] =
    /rsync (-a .*?)\\\n\s+\S+ 'root@/s.exec(stdout) ?? [];
  const server = new Sandbox({
    "opt/README.md": "as it was\n",
    "opt/kong.sql": "a backup\n",
    "opt/data/postgres/PG_VERSION": "16\n",
    // KONG_DATA_DIR changed by hand, and what a service of the owner's writes beside its configuration.
    "opt/db/postgres/PG_VERSION": "17\n",
    "opt/grafana/data/g.db": "charts\n",
    "opt/host/etc/systemd/system/gone.service": "deleted here\n",
  });
  const here = options
    .replaceAll("\\\n", " ")
    .replace("/opt/kong-ipv6.replaced", server.path("replaced"));
  const command = `rsync ${here} ${made.path()}/ ${server.path("opt")}/`;
  execFileSync("bash", ["-c", command]);
  expect(server.read("opt/kong.sql")).toBe("a backup\n");
  expect(server.read("opt/db/postgres/PG_VERSION")).toBe("17\n");
  expect(server.read("opt/grafana/data/g.db")).toBe("charts\n");
  expect(server.read("opt/grafana/grafana.ini")).toBe("mine\n");
  const gone = "host/etc/systemd/system/gone.service";
  expect(server.read(`replaced/${gone}`)).toBe("deleted here\n");
  expect(server.tree()).not.toHaveProperty([`cwd/opt/${gone}`]);
  expect(server.read("replaced/README.md")).toBe("as it was\n");
  expect(server.read("opt/data/postgres/PG_VERSION")).toBe("16\n");
  expect(server.read("opt/README.md")).toBe(made.read("README.md"));
});

const STEPS = textOf(exampleTree("recipe"), "scripts/lib/steps.sh");

/** make_settings() of apply.sh alone, in a repository without .env. */
function settingsMade(sandbox: Sandbox): string {
  const [body] = /^make_settings\(\) \{.*?^\}/ms.exec(STEPS) ?? [];
  const script = `
    set -euo pipefail
    repo=$PWD
    doing() { :; }; done_with() { :; }; is() { return 1; }; data_dir() { printf '%s' "$PWD/data"; }
    # No program is in PATH: bash calls this for each one, and this starts it.
    command_not_found_handle() { echo "$*" >>arguments; PATH=/usr/bin:/bin "$@"; }
    PATH=/nowhere
    ${body}
    make_settings`;
  execFileSync("bash", ["-c", script], { cwd: sandbox.cwd });
  return sandbox.read(".env");
}

test("apply.sh gave the password to a program as its argument, and made a new one for an old database", () => {
  const example = "# mine\nKONG_PG_PASSWORD=\nKONG_BIND_IP=0.0.0.0\n";
  const fresh = new Sandbox({ ".env.example": example });
  const made = settingsMade(fresh);
  const [, password = ""] =
    /^# mine\nKONG_PG_PASSWORD=([0-9a-f]{64})\nKONG_BIND_IP=0\.0\.0\.0\n$/.exec(
      made,
    ) ?? [];
  expect(made).toContain(`KONG_PG_PASSWORD=${password}\n`);
  expect(fresh.read("arguments")).toContain(".env.new");
  expect(fresh.read("arguments")).not.toContain(password);
  const old = new Sandbox({ ".env.example": example });
  mkdirSync(old.path("data/secrets"), { recursive: true });
  writeFileSync(old.path("data/secrets/kong_pg_password"), "abc123");
  expect(settingsMade(old)).toContain("KONG_PG_PASSWORD=abc123\n");
  expect(old.read("arguments")).not.toContain("abc123");
  expect(old.tree()["cwd/.env"]).toMatch(/^file 0600/);
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
