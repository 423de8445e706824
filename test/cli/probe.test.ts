import { expect, test } from "vitest";
import { PREFIX, run, Sandbox } from "../support/run.ts";

test("a directory without a repository: exit 2", async () => {
  const { code, stdout, stderr } = await run(new Sandbox(), ["probe"]);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toContain("it holds no generated repository");
});

test.each(["0", "-1", "abc", "61", "1e3"])(
  "--timeout %s is refused before anything is sent",
  async (seconds) => {
    const sandbox = new Sandbox();
    await run(sandbox, ["gw", ...PREFIX, "--ipv4", "none", "--yes"]);
    const args = ["probe", "gw", `--timeout=${seconds}`];
    const { code, stderr } = await run(sandbox, args);
    expect(code).toBe(2);
    expect(stderr).toContain(
      `error --timeout ${seconds}: it is not a number of seconds from 0.1 to 60. Write it like --timeout 10.`,
    );
  },
);
