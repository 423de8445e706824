import {
  existsSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { expect, test } from "vitest";
import { withSidecars } from "../../src/reconcile/sidecar.ts";
import type { Change } from "../../src/reconcile/change.ts";
import { operationsOf } from "../../src/reconcile/operations.ts";
import { created, START } from "./in-memory.ts";
import { conflicting, Made, STATE, TO } from "./made.ts";

// What lies beside the owner's files is the owner's too, once she has touched it.

const COMPOSE = "docker-compose.yml";
const OFF = ["--database", "off"];
const STAYS = (path: string): string =>
  `${path}.new was edited, or create-kong-ipv6 did not write it; it was not overwritten. Move it away and run this again to get the new text.\n`;

/** An edit that meets what --database off generates. */
const mine = (made: Made): void =>
  made.edit(COMPOSE, (text) =>
    text.replace("KONG_PG_USER: kong", "KONG_PG_USER: mine"),
  );

test("the owner's own FILE.new is not overwritten, and regenerate says so", async () => {
  const made = await new Made().make();
  mine(made);
  made.write(`${COMPOSE}.new`, "my own\n");
  const { code, stdout } = await made.regenerate(...OFF);
  expect(code).toBe(3);
  expect(made.read(`${COMPOSE}.new`)).toBe("my own\n");
  expect(stdout).toContain(STAYS(COMPOSE));
  expect(stdout).toContain(
    `${COMPOSE} was not changed.\nChoose --conflict keep, theirs or markers.\n`,
  );
  rmSync(made.path(`${COMPOSE}.new`));
  expect(await made.regenerate()).toMatchObject({ code: 3 });
  expect(made.read(`${COMPOSE}.new`)).toContain("KONG_DECLARATIVE_CONFIG");
});

test("an unchanged FILE.new is deleted with its conflict, and comes back with undo", async () => {
  const made = await new Made().make();
  mine(made);
  await made.regenerate(...OFF);
  const beside = made.read(`${COMPOSE}.new`);
  made.edit("README.md", (text) => `${text}\nMine.\n`);
  const again = await made.regenerate();
  expect(again.code).toBe(3);
  expect(again.stdout).toContain("Recorded the changes in .kong-ipv6.json;");
  const { code, stdout } = await made.regenerate("--conflict", "theirs");
  expect(code).toBe(0);
  expect(stdout).toContain(
    `${COMPOSE}.new was deleted, because it was not edited.\n`,
  );
  expect(await made.run(["check"])).toMatchObject({ code: 0 });
  await made.run(["undo"]);
  expect(made.read(`${COMPOSE}.new`)).toBe(beside);
});

test("an edited FILE.new is not overwritten; an untouched one is replaced", async () => {
  const made = await new Made().make();
  mine(made);
  await made.regenerate(...OFF);
  const first = made.read(`${COMPOSE}.new`);
  expect(await made.regenerate(...TO)).toMatchObject({ code: 3 });
  const second = made.read(`${COMPOSE}.new`);
  expect(second).not.toBe(first);
  const merged = `${second}# merged so far\n`;
  made.write(`${COMPOSE}.new`, merged);
  const { code, stdout } = await made.regenerate(
    "--kong",
    "2a0d:9999:aaaa:bbbb:300::9",
  );
  expect(code).toBe(3);
  expect(made.read(`${COMPOSE}.new`)).toBe(merged);
  expect(stdout).toContain(STAYS(COMPOSE));
  expect(await made.regenerate("--conflict", "theirs")).toMatchObject({
    code: 0,
  });
  expect(made.read(`${COMPOSE}.new`)).toBe(merged);
});

test("the state has a sum of .env.new only if it has a random password", async () => {
  const own = (made: Made): void =>
    made.edit(".env", (text) => text.replace("# The database's", "# Our"));
  const made = await new Made().make();
  own(made);
  await made.regenerate(...OFF);
  const sum = (): unknown => JSON.parse(made.read(STATE)).files[".env"].sidecar;
  expect(existsSync(made.path(".env.new"))).toBe(true);
  expect(sum()).toMatch(/^[0-9a-f]{64}$/);

  const short = await new Made().make();
  own(short);
  short.edit(".env", (text) => text.replace(/=[0-9a-f]{64}/, "=pin"));
  await short.regenerate(...OFF);
  expect(existsSync(short.path(".env.new"))).toBe(true);
  expect(JSON.parse(short.read(STATE)).files[".env"].sidecar).toBeUndefined();
});

test.each([
  ["not hexadecimal", "x"],
  ["no text", 1],
])("the sidecar in the state is %s: refused", async (_, value) => {
  const made = await new Made().make();
  made.tamper((state) => {
    state["files"][COMPOSE].sidecar = value;
  });
  const { code, stderr } = await made.regenerate();
  expect({ code, stderr }).toEqual({
    code: 2,
    stderr: expect.stringContaining(`sidecar of ${COMPOSE} is not a sha256`),
  });
});

test("--conflict markers a second time, with other answers: the new text is not lost", async () => {
  const made = await new Made().make();
  mine(made);
  await made.regenerate(...OFF, "--conflict", "markers");
  const marked = made.read(COMPOSE);
  for (const word of ["markers", "keep", "ask"]) {
    const { code, stdout } = await made.regenerate(...TO, "--conflict", word);
    expect(code, word).toBe(3);
    expect(stdout).toContain(`! ${COMPOSE}  (it still has conflict markers)\n`);
    expect(made.read(COMPOSE)).toBe(marked);
  }
  // Once it is mended, it gets the new text.
  made.edit(COMPOSE, (text) =>
    text.replace(/^<{7}.*\n([^]*?)^={7}\n[^]*?^>{7}.*\n/gm, "$1"),
  );
  await made.regenerate();
  expect(made.read(COMPOSE)).toContain("2a0d:9999:aaaa:bbbb");
});

test("a link in the way of FILE.new is reported", async () => {
  const made = await new Made().make();
  conflicting(made);
  made.edit(COMPOSE, (text) =>
    text.replace("KONG_PG_USER: kong", "KONG_PG_USER: mine"),
  );
  symlinkSync("elsewhere", made.path(`${COMPOSE}.new`));
  renameSync(made.path("scripts"), made.path("mine"));
  symlinkSync("mine", made.path("scripts"));
  const { code, stdout } = await made.regenerate(...TO, ...OFF);
  expect(code).toBe(3);
  expect(stdout).not.toContain("what would be new is in");
  expect(stdout).toContain(
    `${COMPOSE}.new could not be written: it is a symbolic link.\n`,
  );
  expect(stdout).toContain(
    "scripts/plan.json.new could not be written: scripts is a symbolic link.\n",
  );
  expect(stdout).toContain(`${COMPOSE} was not changed.\n`);
});

test.each([
  [
    "a symbolic link",
    (made: Made) => {
      mkdirSync(made.sandbox.path("away"));
      renameSync(made.path(".env"), made.sandbox.path("away/.env"));
      symlinkSync("../away/.env", made.path(".env"));
    },
  ],
  [
    "not a text file",
    (made: Made) => made.write(".env", Buffer.from([255]) as never),
  ],
])(
  "beside a .env that is %s there is no .env.new with another password",
  async (what, put) => {
    const made = await new Made().make();
    put(made);
    const { code, stdout } = await made.regenerate(...TO);
    expect(code).toBe(3);
    expect(existsSync(made.path(".env.new"))).toBe(false);
    expect(stdout).toContain(
      `.env.new was not written, because it would have another password: .env is ${what} and can't be read. See .env.example for what it needs.\n`,
    );
    expect(stdout).not.toContain("Take over");
    expect(await made.regenerate("--conflict", "keep")).toMatchObject({
      code: 0,
    });
  },
);

test("also if .env may not be read", () => {
  const change: Change = {
    path: ".env",
    action: "conflict",
    before: null,
    after: { text: "KONG_PG_PASSWORD=<secret>\n", mode: 0o600 },
    reason: "unreadable (EACCES)",
  };
  const { state } = created(START);
  const [settled] = withSidecars([change], new Map(), state);
  expect(settled?.noSidecar).toContain(": .env is unreadable (EACCES) and ");
  expect(operationsOf([settled as Change], new Map())).toEqual([]);
});

test("--conflict markers, then a plain regenerate: the markers are told, nothing changes", async () => {
  const made = await new Made().make();
  mine(made);
  await made.regenerate(...OFF, "--conflict", "markers");
  const before = made.tree();
  const { code, stdout } = await made.regenerate();
  expect(code).toBe(3);
  expect(stdout).toContain(`${COMPOSE} still has conflict markers.`);
  expect(stdout).toContain("Remove the old conflict markers");
  expect(stdout).toContain("Nothing to change.");
  expect(made.tree()).toEqual(before);
  // With other answers the file stays, too.
  await made.regenerate("--network", "other");
  expect(made.tree()).not.toHaveProperty(`${COMPOSE}.new`);
  expect(made.tree()[COMPOSE]).toBe(before[COMPOSE]);
});
