import { chmodSync, statSync, symlinkSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { runIn } from "../support/in-process.ts";
import {
  PREFIX,
  redacted,
  run,
  Sandbox,
  snapshot,
  type Snapshot,
} from "../support/run.ts";

const ALL = [...PREFIX, "--internal-prefix", "fd4c:8a1e:92b7::/64"];

/** What ALL gives, in a new directory. */
let repository: Snapshot = {};

beforeAll(async () => {
  const sandbox = new Sandbox();
  expect(await runIn(sandbox, ["gw", ...ALL])).toMatchObject({
    code: 0,
    stderr: "",
  });
  repository = redacted(snapshot(sandbox.path("gw")));
});

describe("the directory", () => {
  test("not given: the current one where it is empty, or holds .git only", async () => {
    const sandbox = new Sandbox({ "empty/": "", "git/.git/HEAD": "x\n" });
    for (const cwd of ["empty", "git"]) {
      expect(await runIn(sandbox, ALL, sandbox.path(cwd))).toMatchObject({
        code: 0,
      });
      expect(redacted(snapshot(sandbox.path(cwd), [".git"]))).toEqual(
        repository,
      );
    }
  });

  test("not given: the current one where only the answers file is in there", async () => {
    const sandbox = new Sandbox({
      "only/answers.json": JSON.stringify({ prefix: PREFIX[1] }),
      "more/answers.json": JSON.stringify({ prefix: PREFIX[1] }),
      "more/notes.txt": "mine\n",
    });
    for (const file of ["answers.json", "./answers.json"]) {
      const args = ["--answers", file, "--dry-run"];
      const only = await runIn(sandbox, args, sandbox.path("only"));
      expect(only).toMatchObject({ code: 4, stderr: "" });
      const more = await runIn(sandbox, args, sandbox.path("more"));
      expect(more).toMatchObject({ code: 2, stdout: "" });
    }
    const args = ["--answers", "../more/answers.json"];
    const other = await runIn(sandbox, args, sandbox.path("only"));
    expect(other.stderr).toContain("the current directory is not empty");
  });

  test("however it is written", async () => {
    const sandbox = new Sandbox({ "here/": "" });
    const names = [
      "plain/",
      "new/parents/gw",
      "with space",
      "./dot",
      "-- --dashes",
      "ünïcode",
      sandbox.path("absolute"),
      "here/../up",
    ];
    for (const name of names) {
      const args = name.startsWith("-- ") ? name.split(" ") : [name];
      const { code, stderr } = await runIn(sandbox, [...ALL, ...args]);
      expect({ code, stderr }, name).toEqual({ code: 0, stderr: "" });
      const made = name.replace(/^-- /, "").replace(sandbox.cwd, ".");
      expect(redacted(snapshot(sandbox.path(made))), name).toEqual(repository);
    }
  });

  test("an empty one keeps its mode, `.` too, and a link leads to it", async () => {
    const sandbox = new Sandbox({ "empty/": "", "here/": "", "real/": "" });
    for (const path of ["empty", "here", "real"])
      chmodSync(sandbox.path(path), 0o2750);
    symlinkSync("real", sandbox.path("link"));
    for (const [name, cwd] of [
      ["empty", ""],
      [".", "here"],
      ["link", ""],
    ] as const)
      expect(
        await runIn(sandbox, [name, ...ALL], sandbox.path(cwd)),
        name,
      ).toMatchObject({
        code: 0,
      });
    for (const path of ["empty", "here", "real"]) {
      expect(statSync(sandbox.path(path)).mode & 0o7777, path).toBe(0o2750);
      expect(redacted(snapshot(sandbox.path(path))), path).toEqual(repository);
    }
  });

  test("one's own empty directory where the parent may not be written", async () => {
    const sandbox = new Sandbox({ "opt/gw/": "" });
    chmodSync(sandbox.path("opt"), 0o555);
    chmodSync(sandbox.path("opt/gw"), 0o777);
    expect(
      await run(sandbox, ["opt/gw", ...ALL], { unprivileged: true }),
    ).toMatchObject({ code: 0, stderr: "" });
    expect(redacted(snapshot(sandbox.path("opt/gw")))).toEqual(repository);
  });

  test.each(["000", "077", "027"])(
    "umask %s changes no mode",
    async (umask) => {
      const sandbox = new Sandbox({ "used/mine.txt": "mine\n" });
      const shell = `umask ${umask}; exec "$@"`;
      for (const name of ["new", "used"]) {
        await run(sandbox, [name, ...ALL], { shell });
        expect(
          redacted(snapshot(sandbox.path(name), ["mine.txt"])),
          name,
        ).toEqual(repository);
      }
    },
  );

  test(".env is private, scripts can be run, the rest is plain", () => {
    const modes = Object.entries(repository).map(([path, content]) => [
      path,
      content.split(" ")[1],
    ]);
    for (const [path, mode] of modes) {
      const isDirectory = repository[path as string]?.startsWith("dir");
      const wanted = /^\.env$|netplan\//.test(path as string)
        ? "0600"
        : isDirectory || path?.endsWith(".sh")
          ? "0755"
          : "0644";
      expect.soft(mode, path).toBe(wanted);
    }
    expect(modes.length).toBeGreaterThan(20);
  });
});
