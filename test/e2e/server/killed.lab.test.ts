import { afterAll, beforeAll, expect, test } from "vitest";
import type { Lab } from "../lab/lab.ts";
import { openServer, REPOSITORY, script, state } from "./server.ts";

/** Scripts killed at any moment: the next run must bring the server to a complete state. */

let lab: Lab;
let before: string;
beforeAll(async () => {
  lab = await openServer("trixie");
  before = await state(lab);
});
afterAll(() => lab?.close());

const killed = (name: string, seconds: number): Promise<string> =>
  lab.host.sh(
    `cd ${REPOSITORY}; setsid ./scripts/${name} >/dev/null 2>&1 & p=$!; sleep ${seconds}; kill -KILL -- -$p 2>/dev/null || :; wait 2>/dev/null || :`,
  );

test.each([0.6, 1.2, 1.8, 2.4, 3.2, 4, 5, 6.5, 8])(
  "apply.sh killed after %s s, then rollback.sh",
  async (seconds) => {
    await killed("apply.sh", seconds);
    const { code, stderr } = await script(lab, "rollback.sh");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(await state(lab)).toBe(before);
  },
);

test("apply.sh succeeds after it was killed several times; so does rollback.sh", async () => {
  for (const seconds of [1, 2, 3, 4, 5, 6]) await killed("apply.sh", seconds);
  const { code, stderr } = await script(lab, "apply.sh");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect((await script(lab, "apply.sh --dry-run")).code).toBe(0);
  for (const seconds of [0.3, 0.8, 1.4, 2])
    await killed("rollback.sh", seconds);
  const last = await script(lab, "rollback.sh");
  expect({ code: last.code, stderr: last.stderr }).toEqual({
    code: 0,
    stderr: "",
  });
  expect(await state(lab)).toBe(before);
});
