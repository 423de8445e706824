import { chmodSync, rmSync, statSync } from "node:fs";
import { expect, test } from "vitest";
import { Made, TO } from "./made.ts";

// regenerate once said nothing of a .env that check called invalid, and left it readable by others.

const UNSET = "KONG_PG_PASSWORD is not set: openssl rand -hex 32 makes one";
const NEW = ".env has a new KONG_PG_PASSWORD";
const PASSWORD = /^KONG_PG_PASSWORD=.*$/m;
const withPassword =
  (password: string) =>
  (text: string): string =>
    text.replace(PASSWORD, `KONG_PG_PASSWORD=${password}`);

test.each<[string, (text: string) => string, reason: string]>([
  ["a placeholder", withPassword("replace-me"), UNSET],
  ["no password", withPassword(""), UNSET],
  ["only quotes", withPassword('""'), UNSET],
  ["no line", (text) => text.replace(PASSWORD, "# none"), UNSET],
  [
    "CRLF and a placeholder",
    (text) => withPassword("replace-me")(text).replaceAll("\n", "\r\n"),
    UNSET,
  ],
  ["nothing", () => "", "it is empty"],
  ["a blank line", () => "\r\n", "it is empty"],
])(
  "a .env with %s: check and regenerate say the same, until --conflict theirs",
  async (_, change, reason) => {
    const made = await new Made().make();
    made.edit(".env", change);
    expect(await made.regenerate("--dry-run")).toMatchObject({ code: 4 });
    for (let time = 0; time < 2; time += 1) {
      const checked = await made.run(["check"]);
      expect(checked.code).toBe(4);
      expect(checked.stdout).toContain(`  ! .env  invalid: ${reason}\n`);
      const { code, stdout } = await made.regenerate();
      expect(code).toBe(3);
      expect(stdout).toContain(`.env is not usable: ${reason}. Correct it,`);
      expect(stdout).not.toContain(NEW);
    }
    const { code, stdout } = await made.regenerate("--conflict", "theirs");
    expect(code).toBe(0);
    expect(stdout).toContain(`${NEW}, because there was none.`);
    expect(stdout).toContain("apply.sh sets the new password in it.");
    expect(made.read(".env")).toContain("COMPOSE_PROJECT_NAME=kong-ipv6");
    expect(stdout).not.toContain("Your .env lacks");
    expect(made.read(".env")).toMatch(/^KONG_PG_PASSWORD=[0-9a-f]{64}\r?$/m);
    expect(await made.run(["check"])).toMatchObject({ code: 0 });
    expect((await made.regenerate()).stdout).not.toContain(NEW);
  },
);

test("the placeholder of the state is no password either", async () => {
  const made = await new Made().make();
  made.edit(".env", withPassword("<secret>"));
  expect((await made.run(["check"])).stdout).toContain(UNSET);
  const { code, stdout } = await made.regenerate();
  expect(code).toBe(3);
  expect(stdout).toContain(`${UNSET}.\n`);
  made.edit(".env", withPassword("0".repeat(64)));
  expect(await made.regenerate()).toMatchObject({ code: 0 });
});

test("a placeholder is named also when .env gets other addresses", async () => {
  const made = await new Made().make();
  made.edit(".env", withPassword("replace-me"));
  const { code, stdout } = await made.regenerate(...TO);
  expect(code).toBe(3);
  expect(stdout).toContain(`.env is not usable: ${UNSET}.`);
});

test("a password that is there stays, and none is called new", async () => {
  const made = await new Made().make();
  const password = PASSWORD.exec(made.read(".env"))?.[0];
  made.edit(".env", () => `${password}\n`);
  const { stdout } = await made.regenerate("--conflict", "theirs");
  expect(stdout).not.toContain(NEW);
  expect(made.read(".env")).toContain(`${password}\n`);
});

test("what --conflict theirs does not add to .env is named", async () => {
  const made = await new Made().make();
  made.edit(".env", (text) =>
    withPassword("")(text).replace(/^COMPOSE_PROJECT_NAME=/m, "# $&"),
  );
  const { stdout } = await made.regenerate("--conflict", "theirs");
  expect(stdout).toContain("Your .env lacks COMPOSE_PROJECT_NAME: take");
});

test("with the first database there is no old password", async () => {
  const made = await new Made().make("--database", "off");
  const { code, stdout } = await made.regenerate("--database", "postgres");
  expect(code).toBe(0);
  expect(stdout).not.toContain(NEW);
});

test("a .env that is not in this copy is named, and so is its new password", async () => {
  const made = await new Made().make();
  rmSync(made.path(".env"));
  const named = ".env is not in this copy, because git does not have it.";
  expect((await made.run(["check"])).stdout).toContain(named);
  expect((await made.regenerate()).stdout).toContain(named);
  const { stdout } = await made.regenerate("--conflict", "theirs");
  expect(stdout).toContain(NEW);
  expect(stdout).not.toContain(named);
});

test("a .env without a variable that docker compose needs", async () => {
  const made = await new Made().make();
  made.edit(".env", (text) => text.replace(/^KONG_DATA_DIR=/m, "# $&"));
  const reason = /line \d+ needs KONG_DATA_DIR.*: docker compose refuses every/;
  const checked = await made.run(["check"]);
  expect(checked).toMatchObject({ code: 4 });
  expect(checked.stdout).toMatch(reason);
  const { code, stdout } = await made.regenerate();
  expect(code).toBe(3);
  expect(stdout).toMatch(reason);
  made.edit(".env", (text) => text.replace("# KONG_DATA", "KONG_DATA"));
  expect(await made.regenerate()).toMatchObject({ code: 0 });
});

test("scripts with CRLF: regenerate exits 3, as check exits 4", async () => {
  const made = await new Made().make();
  for (const path of ["scripts/apply.sh", "scripts/ufw.sh"])
    made.edit(path, (text) => text.replaceAll("\n", "\r\n"));
  expect(await made.run(["check"])).toMatchObject({ code: 4 });
  expect(await made.regenerate()).toMatchObject({ code: 3 });
  expect(await made.regenerate("--dry-run")).toMatchObject({ code: 4 });
});

test.each<[string, (text: string) => string]>([
  ["as generated", (text) => text],
  ["with edits", (text) => `${text}MINE=1\n`],
])("regenerate makes a .env %s private again", async (_, change) => {
  const made = await new Made().make();
  made.edit(".env", change);
  await made.regenerate();
  for (const to of [[], TO]) {
    chmodSync(made.path(".env"), 0o644);
    const checked = await made.run(["check"]);
    expect(checked.code).toBe(4);
    expect(checked.stdout).toContain(
      "  ! .env  outdated: others can read it: regenerate sets its mode to 600\n",
    );
    const { code, stdout } = await made.regenerate(...to);
    expect(code).toBe(0);
    expect(stdout).toContain("  ~ .env  (mode 600: others could read it)\n");
    expect(statSync(made.path(".env")).mode & 0o777).toBe(0o600);
    expect(await made.run(["check"])).toMatchObject({ code: 0 });
  }
});
