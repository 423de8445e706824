import { appendFileSync, rmSync } from "node:fs";
import { expect, test } from "vitest";
import { PREFIX } from "../support/run.ts";
import { Made, STATE, TO } from "./made.ts";

// undo after create found generated files without their state, and adopted them. It once deleted
// all of them.

const INTERNAL = ["--internal-prefix", "fd4c:8a1e:92b7::/64"];

async function adopt(made: Made, prefix: string[] = PREFIX): Promise<void> {
  rmSync(made.path(STATE), { force: true });
  const flags = [...prefix, ...INTERNAL, "--conflict", "keep", "--yes"];
  expect(await made.run([".", ...flags])).toMatchObject({ code: 0 });
}

async function expectUndone(made: Made, prefix?: string[]): Promise<void> {
  const { [STATE]: _, ...before } = made.tree();
  await adopt(made, prefix);
  const after = made.tree();
  expect(await made.run(["undo"])).toMatchObject({ code: 0 });
  expect(made.tree()).toEqual(before);
  expect(await made.run(["undo"])).toMatchObject({ code: 0 });
  expect(made.tree()).toEqual(after);
}

const edit = (made: Made, path: string): void =>
  appendFileSync(made.path(path), "# mine\n");

const remove = (made: Made, path: string): void =>
  rmSync(made.path(path), { recursive: true });

test.each<[string, (made: Made) => void]>([
  ["identical files", () => {}],
  ["an edited file", (made) => edit(made, "docker-compose.yml")],
  ["an edited .env", (made) => edit(made, ".env")],
  ["a missing .env", (made) => remove(made, ".env")],
  ["a missing directory", (made) => remove(made, "host")],
  [
    "edited and missing files",
    (made) => {
      edit(made, "docker-compose.yml");
      remove(made, "scripts/plan.json");
    },
  ],
])("undo removes only what the adoption created: %s", async (_, change) => {
  const made = await new Made().make();
  change(made);
  await expectUndone(made);
});

test("undo of an adoption leaves the write before it alone", async () => {
  const made = await new Made().make();
  await made.regenerate(...TO);
  await expectUndone(made, TO);
});

test("without its undo directory, an adoption cannot be undone", async () => {
  const made = await new Made().make();
  await adopt(made);
  const before = made.tree();
  remove(made, ".kong-ipv6.undo");
  const { code, stderr } = await made.run(["undo"]);
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: expect.stringContaining("has no write to undo"),
  });
  expect(made.tree()).toEqual(before);
});
