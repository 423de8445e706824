import { cpSync, chmodSync, mkdirSync, writeFileSync, rmSync } from "node:fs";
import { expect, test } from "vitest";
import { CHECKOUT, snapshot } from "../cli/run.ts";
import { Made, NEXT, OLD, STATE, TO } from "./made.ts";

/** What version 0.1.0 generated of the recipe's answers, early and late in its making; never generated anew. */
const FIXTURES = ["v0.1.0-recipe", "v0.1.0-recipe-2"];

const placeOf = (name: string): string => `${CHECKOUT}test/fixtures/${name}`;

function frozen(name: string): Made {
  const made = new Made();
  cpSync(placeOf(name), made.path(), { recursive: true });
  // git keeps no more of a mode than whether a file can be run.
  for (const path of [".env", "host/etc/netplan/60-kong-ipv6.yaml"])
    chmodSync(made.path(path), 0o600);
  return made;
}

test.each(FIXTURES)(
  "%s is followed like a new one, the owner's edits too",
  async (name) => {
    const made = frozen(name);
    made.edit("docker-compose.yml", (text) =>
      text.replace(
        /^services:\n/m,
        `services:\n  mine:\n    image: mine:1 # [${OLD.toUpperCase()}::77]:80\n`,
      ),
    );
    made.edit("host/etc/ndppd.conf", (text) =>
      text.replace(
        /^proxy .*\n/m,
        (head) => `${head}  rule ${OLD}:300::9000/128 {\n    static\n  }\n`,
      ),
    );
    made.edit("README.md", (text) => `# Ours\n\n${text}`);
    rmSync(made.path("scripts/rollback.sh"));
    mkdirSync(made.path("notes"));
    writeFileSync(made.path("notes/own.txt"), `${OLD}::77\n`);
    const before = made.tree();

    const { code, stdout } = await made.regenerate(...TO);
    expect({ code, conflicts: /in conflict/.test(stdout) }).toEqual({
      code: 0,
      conflicts: false,
    });
    expect(made.read("docker-compose.yml")).toContain(
      `  mine:\n    image: mine:1 # [${NEXT.toUpperCase()}::77]:80\n`,
    );
    expect(made.read("host/etc/ndppd.conf")).toContain(
      `  rule ${NEXT}:300::9000/128 {\n`,
    );
    expect(made.read("README.md")).toMatch(/^# Ours\n\n/);
    expect(made.read(".env")).toContain(
      "KONG_PG_PASSWORD=dummy-password-of-the-fixture\n",
    );
    expect(made.tree()).not.toHaveProperty(["scripts/rollback.sh"]);
    expect(stdout).toContain("  notes/own.txt:1  ");
    expect(JSON.parse(made.read(STATE)).former).toMatchObject([
      { prefix: `${OLD}::/64`, kong: `${OLD}:300::8100` },
    ]);
    const after = made.tree();
    expect(await made.regenerate()).toMatchObject({ code: 0 });
    expect(made.tree()).toEqual(after);

    expect(await made.run(["undo"])).toMatchObject({ code: 0 });
    expect(made.tree()).toEqual(before);
  },
);

test.each(FIXTURES)("of the frozen files of %s none has changed", (name) => {
  const files = snapshot(placeOf(name));
  const { files: records } = JSON.parse(
    (files[STATE] as string).replace(/^file \d+ /, ""),
  );
  for (const [path, { text }] of Object.entries<{ text: string }>(records))
    expect(files[path]?.replace(/^file \d+ /, ""), path).toBe(
      text.replace(
        /(?<=^KONG_PG_PASSWORD=)<secret>/m,
        "dummy-password-of-the-fixture",
      ),
    );
});
