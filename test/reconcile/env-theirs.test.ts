import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { Made, OLD, STATE } from "./made.ts";

test("one --conflict theirs takes the whole conflict of .env, and deletes its unedited .new file", async () => {
  const made = await new Made().make();
  made.edit(".env", (text) =>
    text
      .replace(/^KONG_BIND_IPV6=.*/m, `KONG_BIND_IPV6=${OLD}:300::77`)
      .replace(/^KONG_DATA_DIR=.*/m, "KONG_DATA_DIR=/srv/mine\nMINE=secret"),
  );
  const first = await made.regenerate(
    "--data-dir=/srv/x",
    `--kong=${OLD}:300::8200`,
  );
  expect(first.code).toBe(3);
  const { stdout } = await made.run(["check"]);
  expect(stdout).toContain(
    ".env  conflict: copy what you want from its .new file\n",
  );
  expect(stdout).toMatch(/\n {2}npx \S+ regenerate \S+ --conflict keep\n/);
  const { code } = await made.regenerate("--conflict", "theirs");
  expect(code).toBe(0);
  const text = made.read(".env");
  expect(text).toContain(`\nKONG_BIND_IPV6=${OLD}:300::8200\n`);
  expect(text).toContain("\nKONG_DATA_DIR=/srv/x\n");
  expect(text).toContain("\nMINE=secret\n");
  expect(existsSync(made.path(".env.new"))).toBe(false);
  expect(await made.run(["check"])).toMatchObject({ code: 0 });
});

test("--answers with a repository's state: one line says to use its answers", async () => {
  const made = await new Made().make();
  const { code, stderr } = await made.regenerate("--answers", made.path(STATE));
  expect(code).toBe(2);
  expect(stderr.match(/^error /gm)).toHaveLength(1);
  expect(stderr).toContain('Save the object at its key "answers"');
});
