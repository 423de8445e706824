import { chmodSync, symlinkSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { CI, PREFIX, run, Sandbox, type Options } from "../support/run.ts";

async function refused(
  sandbox: Sandbox,
  directory: string,
  options: Options = {},
): Promise<string> {
  const before = sandbox.tree();
  const result = await run(sandbox, [directory, ...PREFIX], options);
  expect(result).toMatchObject({ code: 1, stdout: "", tree: before });
  expect(result.stderr).toMatch(/^error .+\. .+\.\n$/);
  return result.stderr;
}

test("the directory is a file", async () => {
  const sandbox = new Sandbox({ gw: "mine\n" });
  expect(await refused(sandbox, "gw")).toBe(
    `error ${sandbox.path("gw")} is not a directory. Name another directory.\n`,
  );
});

test("a parent is a file", async () => {
  const sandbox = new Sandbox({ file: "mine\n" });
  expect(await refused(sandbox, "file/gw")).toContain(
    `${sandbox.path("file")} is not a directory`,
  );
  expect(await refused(sandbox, "file/a/gw")).toContain(
    `${sandbox.path("file")} is not a directory`,
  );
});

test("a link to nothing, and a link in a circle", async () => {
  const sandbox = new Sandbox();
  symlinkSync("nowhere", sandbox.path("dangling"));
  symlinkSync("circle", sandbox.path("circle"));
  expect(await refused(sandbox, "dangling")).toContain(
    sandbox.path("dangling"),
  );
  expect(await refused(sandbox, "circle")).toContain("(ELOOP)");
});

test("a name that is too long", async () => {
  expect(await refused(new Sandbox(), "x".repeat(256))).toContain(
    "(ENAMETOOLONG)",
  );
});

test("a directory that may not be written", async () => {
  const sandbox = new Sandbox({ "shut/": "", "used/mine.txt": "mine\n" });
  const options = { unprivileged: true };
  for (const path of ["shut", "used"]) chmodSync(sandbox.path(path), 0o555);
  expect(await refused(sandbox, "shut/gw", options)).toContain(
    "You may not write there",
  );
  expect(await refused(sandbox, "shut", options)).toContain(
    "You may not write there",
  );
  expect(await refused(sandbox, "used", options)).toContain(
    "(EACCES); it is as it was",
  );
});

test("a directory that may not be read", async () => {
  const sandbox = new Sandbox({ "hidden/": "" });
  chmodSync(sandbox.path("hidden"), 0);
  const options = { unprivileged: true };
  expect(await refused(sandbox, "hidden", options)).toContain("(EACCES)");
  expect(await refused(sandbox, "hidden/gw", options)).toContain("(EACCES)");
});

test("a directory that holds a generated repository", async () => {
  const sandbox = new Sandbox();
  await run(sandbox, ["gw", ...PREFIX]);
  const before = sandbox.tree();
  for (const more of [[], ["--conflict", "theirs"], ["--dry-run"], ["--yes"]]) {
    const { code, stdout, stderr, tree } = await run(sandbox, [
      "gw",
      ...PREFIX,
      ...more,
    ]);
    expect({ code, stdout, tree }).toEqual({
      code: 2,
      stdout: "",
      tree: before,
    });
    expect(stderr).toMatch(
      /^error directory \S+\/gw: it already holds a generated repository \(\.kong-ipv6\.json\)/,
    );
  }
});

/** A mount of its own needs a user namespace, or root. */
const unshare = ["-m", "-rm"].find(
  (how) => spawnSync("unshare", [how, "true"]).status === 0,
);

/** Runs with a small tmpfs at gw/ (of so many KiB), then prints what is in there. */
const inSmall = (size: number, first: string): Options => ({
  shell: `exec unshare ${unshare} bash -c '
    mount -t tmpfs -o size=${size}k,mode=755 none small || exit 99
    ${first}
    "$@"; code=$?
    echo "$code: $(cd small && find . -mindepth 1 | sort | xargs)" >&2
    exit $code' bash "$@"`,
});

test.skipIf(!unshare && !CI)(
  "no space: exit 1, what was there is as it was",
  async () => {
    const sandbox = new Sandbox({ "small/": "" });
    const empty = await run(sandbox, ["small/gw", ...PREFIX], inSmall(16, ""));
    expect(empty.code, empty.stderr).toBe(1);
    expect(empty.stderr).toMatch(
      /small\/gw can't be written \(ENOSPC\); it is as it was\. Make room/,
    );
    expect(empty.stderr).toMatch(/^1: $/m);
    const used = await run(
      sandbox,
      ["small", ...PREFIX],
      inSmall(48, "echo mine >small/mine.txt"),
    );
    expect(used.stderr).toMatch(
      /small can't be written \(ENOSPC\); it is as it was\. Make room/,
    );
    expect(used.stderr).toMatch(/^1: \.\/mine\.txt$/m);
  },
);

test.skipIf(!unshare && !CI)("a read-only file system", async () => {
  const sandbox = new Sandbox({ "small/": "" });
  const options = inSmall(64, "mount -o remount,ro small");
  const { code, stderr } = await run(sandbox, ["small/gw", ...PREFIX], options);
  expect(code, stderr).toBe(1);
  expect(stderr).toContain(
    "(EROFS); it is as it was. That file system is read-only",
  );
});
