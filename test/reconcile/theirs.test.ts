import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { Made } from "./made.ts";

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
    expect(made.read(".kong-ipv6.undo/old/3")).toBe(mine);
    expect(stdout).toContain(
      `  ~ ${COMPOSE}  (the new text for 1 conflict; your other edits stay)\n`,
    );
    expect(stdout).toContain(
      "The old text of docker-compose.yml is in .kong-ipv6.undo/old/3 until the next write; undo restores it.\n",
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
