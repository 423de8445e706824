import { renameSync } from "node:fs";
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
    const way = `mv ${name} docker-compose.override.yml`;
    for (const args of [
      ["gw", ...PREFIX, "--yes"],
      ["regenerate", "gw"],
      ["check", "gw"],
    ]) {
      const { code, stdout } = await runHere(args, sandbox.cwd);
      expect(code, stdout).toBe(0);
      expect(stdout).toContain(note);
      expect(stdout).toContain(way);
    }
    expect(sandbox.read(`gw/${name}`)).toBe("services: {}\n");
  },
);

test("a docker-compose.yml that the owner renamed is recognised by its content", async () => {
  const made = await new Made().make();
  renameSync(made.path(COMPOSE), made.path("compose.yaml"));
  const way = "  mv compose.yaml docker-compose.yml\n";
  for (let run = 0; run < 2; run += 1) {
    const checked = await made.run(["check"]);
    expect(checked.code).toBe(4);
    expect(checked.stdout).toContain(
      `${COMPOSE}  missing: renamed to compose.yaml\n`,
    );
    expect(checked.stdout).toContain(way);
    expect((await made.regenerate(...TO)).stdout).toContain(way);
  }
  renameSync(made.path("compose.yaml"), made.path(COMPOSE));
  expect(await made.regenerate()).toMatchObject({ code: 0 });
  expect((await made.run(["check"])).stdout).not.toContain("compose.yaml");
});
