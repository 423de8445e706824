import { chmodSync, existsSync, mkdirSync, rmSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { describe, expect, test } from "vitest";
import { sha256 } from "../../src/repository/state.ts";
import { Made, NEXT, OLD, STATE, TO } from "./made.ts";

const LIB = "scripts/kong_ipv6/facts.py";

/** What an older generator wrote of a file; undefined if it didn't generate the file. */
type Older = Readonly<Record<string, (text: string) => string | undefined>>;

/** A made-up older set of templates and verbatim files. */
const OLDER: Older = {
  "README.md": (text) => text.replace(/^# .*\n/, "# An older heading\n"),
  "docker-compose.yml": (text) =>
    text.replace(/^services:\n/m, "# An older comment.\nservices:\n"),
  [LIB]: (text) => `${text}# An older last line.\n`,
  "scripts/verify.sh": () => undefined,
  "scripts/plan.json": (text) =>
    text.replace(/^\{\n/, '{\n  "older": "OLDER",\n'),
};

/** Turns a repository into one that an older generator has written. */
async function written(older: Older = OLDER): Promise<Made> {
  const made = await new Made().make();
  made.tamper(({ files }) => {
    for (const [path, olderOf] of Object.entries(older)) {
      const text = olderOf(existsSync(made.path(path)) ? made.read(path) : "");
      if (text === undefined) {
        rmSync(made.path(path));
        delete files[path];
        continue;
      }
      mkdirSync(made.path(dirname(path)), { recursive: true });
      made.write(path, text);
      const shaped = files[path]?.text !== undefined;
      files[path] = {
        mode: "0644",
        ...files[path],
        sha256: sha256(text),
        ...(shaped && { text }),
      };
      chmodSync(made.path(path), Number.parseInt(files[path].mode, 8));
    }
  });
  return made;
}

const current = await new Made().make();

test("an older generator's repository becomes a current one, with the owner's edits", async () => {
  const made = await written();
  made.edit("docker-compose.yml", (text) =>
    text.replace(
      /^services:\n/m,
      `services:\n  mine:\n    image: mine:1 # [${OLD.toUpperCase()}::77]:80\n`,
    ),
  );
  made.edit("host/etc/ndppd.conf", (text) =>
    text.replace(
      /^proxy .*\n/m,
      (head) => `${head}  rule ${OLD}:300::9000/128 {\n    static\n  }\n`,
    ),
  );
  made.edit("README.md", (text) => `${text}\nOurs\n`);
  rmSync(made.path("kong-build/Dockerfile"));
  mkdirSync(made.path("notes"));
  made.write("notes/own.txt", `${OLD}::77\n`);
  const before = made.tree();
  const password = made.read(".env").match(/^KONG_PG_PASSWORD=.*$/m)?.[0];

  const { code, stdout } = await made.regenerate(...TO);
  expect({ code, conflicts: /in conflict/.test(stdout) }).toEqual({
    code: 0,
    conflicts: false,
  });
  const compose = made.read("docker-compose.yml");
  expect(compose).toContain(
    `  mine:\n    image: mine:1 # [${NEXT.toUpperCase()}::77]:80\n`,
  );
  expect(compose).not.toContain("An older comment");
  expect(made.read("host/etc/ndppd.conf")).toContain(
    `  rule ${NEXT}:300::9000/128 {\n`,
  );
  expect(made.read("README.md")).toMatch(/^# (?!An older)[^]*\nOurs\n$/);
  expect(made.read("scripts/plan.json")).not.toContain("OLDER");
  expect(made.read(LIB)).toBe(current.read(LIB));
  expect(made.read("scripts/verify.sh")).toBe(
    current.read("scripts/verify.sh"),
  );
  expect(statSync(made.path("scripts/verify.sh")).mode & 0o777).toBe(0o755);
  expect(made.read(".env")).toContain(password);
  expect(made.tree()).not.toHaveProperty(["kong-build/Dockerfile"]);
  expect(stdout).toContain("  notes/own.txt:1  ");

  const after = made.tree();
  expect(await made.regenerate()).toMatchObject({ code: 0 });
  expect(made.tree()).toEqual(after);
  expect(await made.run(["undo"])).toMatchObject({ code: 0 });
  expect(made.tree()).toEqual(before);
});

describe("a file that is the same in every repository", () => {
  test("untouched, with any line ends: replaced by the newer one", async () => {
    const made = await written();
    made.edit(LIB, (text) => text.replaceAll("\n", "\r\n"));
    expect(await made.regenerate()).toMatchObject({ code: 0 });
    expect(made.read(LIB)).toBe(current.read(LIB).replaceAll("\n", "\r\n"));
  });

  test("edited, and not changed by the generator: kept, its addresses rewritten", async () => {
    const made = await written({});
    made.edit(LIB, (text) => `${text}# ours: ${OLD}::77\n`);
    expect(await made.regenerate()).toMatchObject({ code: 0 });
    expect(made.read(LIB)).toBe(`${current.read(LIB)}# ours: ${OLD}::77\n`);
    expect(await made.run(["check"])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(", 1 edited."),
    });
    expect(await made.regenerate(...TO)).toMatchObject({ code: 0 });
    expect(made.read(LIB)).toBe(`${current.read(LIB)}# ours: ${NEXT}::77\n`);
    expect(await made.regenerate("--prefix", `${OLD}::/64`)).toMatchObject({
      code: 0,
    });
    expect(made.read(LIB)).toBe(`${current.read(LIB)}# ours: ${OLD}::77\n`);
  });

  /** The owner's first line, far from what the newer generator changed: even so it isn't merged. */
  async function changedByBoth(): Promise<{ made: Made; yours: string }> {
    const made = await written();
    made.edit(LIB, (text) => `# ours\n${text}`);
    return { made, yours: made.read(LIB) };
  }

  test("edited, and changed by the generator: a conflict, again and again", async () => {
    const { made, yours } = await changedByBoth();
    for (const time of ["first", "second"]) {
      const { code, stdout } = await made.regenerate();
      expect({ time, code }).toEqual({ time, code: 3 });
      expect(stdout).toMatch(/you edited it, and the generator has a newer/);
      expect(made.read(LIB)).toBe(yours);
      expect(made.read(`${LIB}.new`)).toBe(current.read(LIB));
    }
    // The new text is what the owner has now: nothing is in conflict any more.
    made.write(LIB, current.read(LIB));
    rmSync(made.path(`${LIB}.new`));
    expect(await made.regenerate()).toMatchObject({ code: 0 });
    expect(await made.run(["check"])).toMatchObject({ code: 0 });
  });

  test("--conflict keep: the owner's stays, until the generator changes it again", async () => {
    const { made, yours } = await changedByBoth();
    expect(await made.regenerate("--conflict", "keep")).toMatchObject({
      code: 0,
    });
    expect(await made.regenerate()).toMatchObject({ code: 0 });
    expect(made.read(LIB)).toBe(yours);
    expect(JSON.parse(made.read(STATE)).files[LIB]).toEqual({
      sha256: sha256(current.read(LIB)),
      mode: "0644",
      owner: sha256(yours),
    });
    made.tamper(({ files }) => (files[LIB].sha256 = sha256("even older")));
    expect(await made.regenerate()).toMatchObject({ code: 3 });
    expect(made.read(LIB)).toBe(yours);
  });

  test("--conflict theirs: the newer one, and undo has the owner's", async () => {
    const { made, yours } = await changedByBoth();
    expect(await made.regenerate("--conflict", "theirs")).toMatchObject({
      code: 0,
    });
    expect(made.read(LIB)).toBe(current.read(LIB));
    expect(await made.run(["undo"])).toMatchObject({ code: 0 });
    expect(made.read(LIB)).toBe(yours);
  });

  test("--conflict markers: both, and a conflict until the markers are gone", async () => {
    const { made, yours } = await changedByBoth();
    expect(await made.regenerate("--conflict", "markers")).toMatchObject({
      code: 3,
    });
    const marked = made.read(LIB);
    expect(marked).toContain("<<<<<<< ");
    for (const text of [yours, current.read(LIB)])
      for (const line of text.split("\n")) expect(marked).toContain(line);
    expect(await made.regenerate("--conflict", "keep")).toMatchObject({
      code: 3,
    });
    made.tamper(({ files }) => (files[LIB].sha256 = sha256("even older")));
    expect(await made.regenerate("--conflict", "markers")).toMatchObject({
      code: 3,
    });
    expect(made.read(LIB)).toBe(marked);
    made.write(LIB, yours);
    made.tamper(({ files }) => (files[LIB].sha256 = sha256(current.read(LIB))));
    expect(await made.regenerate()).toMatchObject({ code: 0 });
  });

  test("deleted: stays deleted, until the owner wants it again", async () => {
    const made = await written();
    rmSync(made.path(LIB));
    for (let time = 0; time < 2; time += 1) {
      expect(await made.regenerate()).toMatchObject({ code: 3 });
      expect(existsSync(made.path(LIB))).toBe(false);
    }
    expect(await made.regenerate("--conflict", "theirs")).toMatchObject({
      code: 0,
    });
    expect(made.read(LIB)).toBe(current.read(LIB));
  });

  test("no longer generated: gone if untouched, kept if edited", async () => {
    const made = await written({
      "scripts/lib/gone.sh": () => "echo gone\n",
      "scripts/lib/mine.sh": () => "echo gone\n",
    });
    made.edit("scripts/lib/mine.sh", (text) => `${text}echo mine\n`);
    expect(await made.regenerate()).toMatchObject({ code: 0 });
    expect(existsSync(made.path("scripts/lib/gone.sh"))).toBe(false);
    expect(made.read("scripts/lib/mine.sh")).toBe("echo gone\necho mine\n");
  });
});
