import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { Made, OLD, TO } from "./made.ts";

// --conflict theirs once replaced the whole file: what the owner had added elsewhere was gone.

const COMPOSE = "docker-compose.yml";
const OFF = ["--database", "off"];
const THEIRS = ["--conflict", "theirs"];
const SERVICE = "\n  mine:\n    image: redis:7\n    restart: unless-stopped\n";

const ADDED: readonly [where: string, after: string][] = [
  ["before Kong", "\nservices:\n"],
  ["after Kong", "      start_period: 30s\n"],
  ["after the database", "      retries: 20\n      start_period: 30s\n"],
];

describe("--conflict theirs takes the new text for the conflicting hunks only", () => {
  test.each(ADDED)("a service %s stays", async (_, after) => {
    const made = await new Made().make();
    made.edit(COMPOSE, (text) =>
      text
        .replace(after, `${after}${SERVICE}`)
        .replaceAll("restart: always", "restart: unless-stopped"),
    );
    const mine = made.read(COMPOSE);
    const { code, stdout } = await made.regenerate(...OFF, ...THEIRS);
    expect(code).toBe(0);
    expect(stdout).toContain(
      `  ~ ${COMPOSE}  (the new text for 1 conflict; your other edits stay)\n`,
    );
    expect(stdout).toContain(
      "The old text is in .kong-ipv6.undo/old until the next write; undo restores it.\n",
    );
    const text = made.read(COMPOSE);
    expect(text).toContain(SERVICE);
    expect(text).not.toContain("kong-database:");
    expect(text).toMatch(/^ {2}kong:\n[^]*?restart: unless-stopped/m);
    expect(oldTexts(made)).toContain(mine);
    expect(await made.run(["check"])).toMatchObject({ code: 0 });
    await made.run(["undo"]);
    expect(made.read(COMPOSE)).toBe(mine);
  });

  test("also for a file that has markers from --conflict markers", async () => {
    const made = await new Made().make();
    made.edit(COMPOSE, (text) =>
      text
        .replace("\nservices:\n", `\nservices:\n${SERVICE}`)
        .replace("KONG_PG_USER: kong\n", "KONG_PG_USER: mine\n"),
    );
    await made.regenerate(...OFF, "--conflict", "markers");
    const { stdout } = await made.regenerate(...THEIRS);
    expect(stdout).toContain("(the new text for 1 conflict;");
    const text = made.read(COMPOSE);
    expect(text).toContain(SERVICE);
    expect(text).not.toContain("KONG_PG_USER");
    expect(text).not.toContain("<<<<<<<");
    expect(await made.run(["check"])).toMatchObject({ code: 0 });
  });

  test("two places that are not valid: the whole file is replaced, and regenerate says so", async () => {
    const made = await new Made().make();
    made.edit(
      COMPOSE,
      (text) => `x: {\n${text.replace("services:\n", "services: [\n")}`,
    );
    const { stdout } = await made.regenerate(...OFF, ...THEIRS);
    expect(stdout).toMatch(
      /~ docker-compose.yml {2}\(replaced: not valid YAML/,
    );
    expect(stdout).toContain("undo restores it.\n");
  });

  test.each([
    ["a tab", "\tx: 1\n", "tab characters must not be used in indentation"],
    ["a key twice", "networks: {}\n", "duplicated mapping key"],
    ["an open bracket", "x: [\n", ""],
  ])(
    "a file that is not valid (%s): named with its line, and only that place is taken",
    async (_, wrong, reason) => {
      const made = await new Made().make();
      made.edit(COMPOSE, (text) =>
        text
          .replace("\nservices:\n", `\n${wrong}\nservices:\n${SERVICE}`)
          .replaceAll("restart: always", "restart: unless-stopped"),
      );
      const told = new RegExp(
        `not valid YAML: [^\n(]*${reason} \\(line \\d+\\)`,
      );
      for (const more of [[], OFF]) {
        const { code, stdout } = await made.regenerate(...more);
        expect(code).toBe(3);
        expect(stdout).toMatch(told);
        expect(stdout).not.toContain("merged, ");
      }
      const { code } = await made.regenerate(...THEIRS);
      expect(code).toBe(0);
      expect(made.read(COMPOSE)).toContain(SERVICE);
      expect(made.read(COMPOSE)).toContain("restart: unless-stopped");
      expect(made.read(COMPOSE)).not.toContain(wrong);
      expect(await made.run(["check"])).toMatchObject({ code: 0 });
    },
  );
});

const oldTexts = (made: Made): string[] => {
  const old = made.path(".kong-ipv6.undo/old");
  return readdirSync(old).map((name) => readFileSync(`${old}/${name}`, "utf8"));
};

test("keep keeps the whole file: its old lines are drift, and theirs takes the new text later", async () => {
  const made = await new Made().make();
  made.edit("README.md", (text) => text.replace("**Kong**", "**My Kong**"));
  const old = made.read("README.md");
  const moved = [...TO, "--ipv4", "198.51.100.4", "--conflict", "keep"];
  const later = ["--prefix", "2a0e:1:2:3::/64"];
  for (const args of [moved, [], later]) {
    const { code, stdout } = await made.regenerate(...args);
    expect(code, stdout).toBe(3);
    expect(stdout).toMatch(
      /^README\.md contradicts the answers: \d+ lines have old addresses, because "keep" kept the whole file\.$/m,
    );
    expect(made.read("README.md")).toBe(old);
    const check = await made.run(["check"]);
    expect(check.code).toBe(4);
    expect(check.stdout).toMatch(/README\.md  drift: .* old addresses/);
  }
  expect(await made.regenerate("--conflict", "theirs")).toMatchObject({
    code: 0,
  });
  expect(await made.run(["check"])).toMatchObject({ code: 0 });
  expect(made.read("README.md")).not.toContain(OLD);
});

test("a file that was merged by hand and kept has no old lines: the owner's own old address stays hers", async () => {
  const made = await new Made().make();
  made.edit("README.md", (text) => text.replace("**Kong**", "**My Kong**"));
  const moved = [...TO, "--ipv4", "198.51.100.4"];
  expect(await made.regenerate(...moved)).toMatchObject({ code: 3 });
  const next = made.read("README.md.new");
  const mine = `${next.replace("**Kong**", "**My Kong**")}\nIt was ${OLD}::2.\n`;
  made.write("README.md", mine);
  const { code, stdout } = await made.regenerate("--conflict", "keep");
  expect(code, stdout).toBe(0);
  expect(stdout).toContain("README.md:");
  expect(made.read("README.md")).toBe(mine);
});
