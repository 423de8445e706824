import { existsSync, renameSync } from "node:fs";
import { expect, test } from "vitest";
import { PREFIX, Sandbox } from "../support/run.ts";
import { runHere } from "../support/in-process.ts";
import { Made, TO } from "./made.ts";

const COMPOSE = "docker-compose.yml";

test.each(["compose.yaml", "compose.yml"])(
  "docker compose would read the owner's %s instead: create, regenerate and check say so",
  async (name) => {
    const sandbox = new Sandbox({ [`gw/${name}`]: "services: {}\n" });
    const note = `docker compose reads your ${name} instead of docker-compose.yml.`;
    const way = `mv -n gw/${name} gw/docker-compose.override.yml`;
    for (const [args, expected] of [
      [["gw", ...PREFIX, "--yes"], 0],
      [["regenerate", "gw"], 0],
      [["check", "gw"], 4],
    ] as const) {
      const { code, stdout } = await runHere(args, sandbox.cwd);
      expect(code, stdout).toBe(expected);
      expect(stdout).toContain(note);
      expect(stdout).toContain(way);
    }
    expect(sandbox.read(`gw/${name}`)).toBe("services: {}\n");
  },
);

test("an override that exists is not overwritten", async () => {
  const made = await new Made().make();
  for (const name of ["compose.yaml", "compose.override.yaml"])
    made.write(name, "services: {}\n");
  const { stdout } = await made.regenerate();
  expect(stdout).toContain(
    "If it only adds services, move its services into compose.override.yaml and delete it.",
  );
});

test.each(["compose.yaml", "docker-compose.yaml"])(
  "a docker-compose.yml that the owner renamed to %s is recognised by its content",
  async (name) => {
    const made = await new Made().make();
    renameSync(made.path(COMPOSE), made.path(name));
    const way = `  mv ${name} docker-compose.yml\n`;
    for (const more of [[], ["--conflict", "theirs"]]) {
      const checked = await made.run(["check"]);
      expect(checked.code).toBe(4);
      expect(checked.stdout).toContain(
        `${COMPOSE}  renamed: it is ${name} now\n`,
      );
      expect(checked.stdout).toContain(way);
      expect(checked.stdout).not.toContain("record them");
      const { code, stdout } = await made.regenerate(...TO, ...more);
      expect(stdout).toContain(way);
      expect(stdout).toContain(`${COMPOSE}  (renamed to ${name})`);
      expect(stdout).not.toContain("Deleted files stay deleted");
      expect(code).toBe(3);
      expect((await made.regenerate("--dry-run")).code).toBe(4);
      expect(existsSync(made.path(COMPOSE))).toBe(false);
    }
    // Nor with a conflict in another file.
    made.edit("kong-build/Dockerfile", (text) =>
      text.replace("FROM kong:3.9.3", "FROM kong:3.4.0"),
    );
    const image = ["--kong-image", "kong:3.9.2", "--conflict", "theirs"];
    expect((await made.regenerate(...image)).code).toBe(3);
    expect(made.read("kong-build/Dockerfile")).toContain("FROM kong:3.9.2");
    expect(existsSync(made.path(COMPOSE))).toBe(false);
    renameSync(made.path(name), made.path(COMPOSE));
    expect(await made.regenerate()).toMatchObject({ code: 0 });
    expect((await made.run(["check"])).stdout).not.toContain(name);
  },
);
