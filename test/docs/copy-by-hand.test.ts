import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { run, PREFIX, Sandbox } from "../support/run.ts";
import { commandsOf, documentText } from "../support/documents.ts";
import { testWith } from "../support/programs.ts";

const copies = commandsOf(documentText("docs/apply.md")).filter((command) =>
  command.startsWith("rsync "),
);

test("docs/apply.md has one command that copies", () => {
  expect(copies).toHaveLength(1);
});

testWith(
  "rsync",
  "the copy by hand deletes what is no longer generated, and keeps files that exist only on the server",
  async () => {
    const made = new Sandbox();
    const created = await run(made, ["my-gateway", ...PREFIX, "--yes"]);
    expect(created.code).toBe(0);
    const readme = made.read("my-gateway/README.md");
    for (const name of ["grafana", "data/postgres", ".git", ".kong-ipv6.undo"])
      mkdirSync(made.path("my-gateway", name), { recursive: true });
    for (const name of [
      "data/postgres/PG_VERSION",
      ".git/HEAD",
      ".kong-ipv6.undo/1",
    ])
      writeFileSync(made.path("my-gateway", name), "not for the server\n");
    writeFileSync(made.path("my-gateway/grafana/grafana.ini"), "mine\n");
    // As in a clone: git does not track it.
    rmSync(made.path("my-gateway/.env"));
    const server = new Sandbox({
      "opt/README.md": "as it was\n",
      "opt/.env": "KONG_PG_PASSWORD=secret\n",
      "opt/.kong-ipv6.deployed": "{}",
      "opt/kong.sql": "a backup\n",
      "opt/data/postgres/PG_VERSION": "16\n",
      // Another data directory, and what a service of the owner's writes beside its configuration.
      "opt/db/postgres/PG_VERSION": "17\n",
      "opt/grafana/data/g.db": "charts\n",
      "opt/host/etc/systemd/system/gone.service": "deleted here\n",
      "opt/scripts/gone.sh": "deleted here\n",
      "opt/kong-build/gone": "deleted here\n",
    });
    const [copy = ""] = copies;
    const here = copy
      .replace("/opt/kong-ipv6.replaced", server.path("replaced"))
      .replace("root@203.0.113.10:/opt/kong-ipv6/", `${server.path("opt")}/`)
      // Only root can give files away.
      .replace("--chown=root:root ", "");
    execFileSync("sh", ["-c", here], { cwd: made.cwd });
    expect(server.read("opt/README.md")).toBe(readme);
    expect(server.read("replaced/README.md")).toBe("as it was\n");
    for (const name of [
      "host/etc/systemd/system/gone.service",
      "scripts/gone.sh",
      "kong-build/gone",
    ]) {
      expect(server.tree()).not.toHaveProperty([`cwd/opt/${name}`]);
      expect(server.read(`replaced/${name}`)).toBe("deleted here\n");
    }
    expect(server.read("opt/grafana/grafana.ini")).toBe("mine\n");
    for (const name of [".git/HEAD", ".kong-ipv6.undo/1"])
      expect(server.tree()).not.toHaveProperty([`cwd/opt/${name}`]);
    for (const [name, text] of Object.entries({
      ".env": "KONG_PG_PASSWORD=secret\n",
      ".kong-ipv6.deployed": "{}",
      "kong.sql": "a backup\n",
      "data/postgres/PG_VERSION": "16\n",
      "db/postgres/PG_VERSION": "17\n",
      "grafana/data/g.db": "charts\n",
    }))
      expect(server.read(`opt/${name}`)).toBe(text);
  },
);
