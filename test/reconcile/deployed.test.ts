import { cpSync } from "node:fs";
import { expect, test } from "vitest";
import { recordDeployed } from "../../src/deploy/record.ts";
import type { Row } from "../../src/deploy/row.ts";
import { readState } from "../../src/repository/state-reader.ts";
import { Made, NEXT, OLD, STATE, TO } from "./made.ts";

// What the server has counts until a deploy is confirmed.

const deployed = (made: Made): unknown => JSON.parse(made.read(STATE)).deployed;

/** What deploy does at its end. */
function confirm(made: Made, state = readState(made.path()).state): Row[] {
  const rows: Row[] = [];
  recordDeployed(made.path(), state, (row) => void rows.push(row));
  return rows;
}

const AT_OLD = ` deploy . --ssh root@${OLD}::2\n`;
const AT_NEXT = ` deploy . --ssh root@${NEXT}::2\n`;

test.each([
  ["another domain", ["--domain", "b.example.com"]],
  ["conflicts resolved", ["--domain", "b.example.com", "--conflict", "theirs"]],
  ["only an edit recorded", []],
  ["another prefix", ["--prefix", "2a0d:7777::/64"]],
  ["an overlap", ["--prefix", "2a0d:7777::/64", "--overlap"]],
])(
  "a second run after a new prefix goes on from what the server has: %s",
  async (_, args) => {
    const made = await new Made().make();
    expect((await made.regenerate(...TO)).stdout).toContain(AT_OLD);
    if (args.length === 0)
      made.edit("docker-compose.yml", (text) => `# mine\n${text}`);
    const { code, stdout } = await made.regenerate(...args);
    expect(code).toBe(0);
    expect(stdout).toContain(AT_OLD);
    expect(stdout).toContain(`old ${OLD}:300::8100\n`);
    expect(stdout).toContain("Earlier changes are included");
    expect(await made.run(["check"])).toMatchObject({ code: 0 });
    expect(confirm(made)).toMatchObject([{ status: "note" }]);
    expect(deployed(made)).toBeUndefined();
    expect(confirm(made)).toEqual([]);
    const next = await made.regenerate("--plugin", "kong-oidc");
    expect(next.stdout).not.toContain(OLD);
    expect(next.stdout).not.toContain("Earlier changes");
  },
);

test("the end of an overlap that was not deployed is a change from the old addresses", async () => {
  const made = await new Made().make();
  await made.regenerate(...TO, "--overlap");
  const { stdout } = await made.regenerate("--finish");
  expect(stdout).toContain(AT_OLD);
  expect(stdout).toContain(`old ${OLD}:300::8100\n`);
  const other = await new Made().make();
  await other.regenerate(...TO, "--overlap");
  confirm(other);
  const ended = await other.regenerate("--finish");
  expect(ended.stdout).toContain(AT_NEXT);
  expect(ended.stdout).not.toContain(OLD);
});

test("back to the old prefix: nothing is left to deploy, and hand-made changes are named", async () => {
  const made = await new Made().make();
  await made.regenerate(...TO);
  const { stdout } = await made.regenerate("--prefix", `${OLD}::/64`);
  expect(stdout).toContain(AT_OLD);
  expect(stdout).toContain("The server should have these addresses:");
  expect(deployed(made)).toBeUndefined();
});

test("a clone knows it too; --dry-run and undo leave it as it is", async () => {
  const made = await new Made().make();
  const before = made.tree();
  await made.regenerate(...TO);
  const after = made.tree();
  const dry = ["--domain", "b.example.com", "--dry-run", "--json"];
  const { steps } = JSON.parse((await made.regenerate(...dry)).stdout);
  expect(steps).toContainEqual(
    expect.objectContaining({ old: `${OLD}:300::8100` }),
  );
  expect(made.tree()).toEqual(after);
  await made.run(["undo"]);
  expect(made.tree()).toEqual(before);
  await made.run(["undo"]);
  expect(made.tree()).toEqual(after);
  const clone = new Made();
  cpSync(made.path(), clone.path(), { recursive: true });
  const { stdout } = await clone.regenerate("--domain", "b.example.com");
  expect(stdout).toContain(AT_OLD);
});

test("undo after a confirmed deploy: the server has the undone change", async () => {
  const made = await new Made().make();
  await made.regenerate(...TO);
  confirm(made);
  expect(await made.run(["undo"])).toMatchObject({ code: 0 });
  expect(deployed(made)).toMatchObject({ prefix: `${NEXT}::/64` });
  const { stdout } = await made.regenerate("--domain", "b.example.com");
  expect(stdout).toContain(AT_NEXT);
  expect(stdout).toContain(`old ${NEXT}:300::8100\n`);
});

test("redo after that: nothing is left to deploy", async () => {
  const made = await new Made().make();
  await made.regenerate(...TO);
  confirm(made);
  const after = made.tree();
  await made.run(["undo"]);
  await made.run(["undo"]);
  expect(made.tree()).toEqual(after);
});

test("what a run changes during a deploy is not deployed", async () => {
  const made = await new Made().make();
  await made.regenerate(...TO);
  const { state } = readState(made.path());
  await made.regenerate("--prefix", "2a0d:7777::/64");
  confirm(made, state);
  expect(deployed(made)).toMatchObject({ prefix: `${NEXT}::/64` });
});

test("with open conflicts the server has only a part of the change", async () => {
  const made = await new Made().make();
  made.edit("docker-compose.yml", (text) =>
    text.replace("KONG_PG_USER: kong", "KONG_PG_USER: mine"),
  );
  expect((await made.regenerate("--database", "off")).code).toBe(3);
  expect(confirm(made)).toEqual([]);
  const { stdout } = await made.regenerate("--conflict", "theirs");
  expect(stdout).toContain("kong config db_export");
  expect(confirm(made)).toHaveLength(1);
});
