import { execFileSync, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { EXIT } from "../src/errors.ts";
import { FLAGS } from "../src/flags.ts";
import { exampleTree, scenarios } from "../scripts/examples.ts";
import { inPlace, recordedSsh } from "./detect/stand-in.ts";
import { README, withAnswers } from "../scripts/docs.ts";

const readme = readFileSync(README, "utf8");
const scratch = mkdtempSync(join(tmpdir(), "readme-"));
afterAll(() => rmSync(scratch, { recursive: true }));

/** The text of the code blocks in that language. */
function blocks(language: string): string[] {
  return [...readme.matchAll(/^```(\w*)\n(.*?)^```$/gms)]
    .filter(([, name]) => name === language)
    .map(([, , text]) => text as string);
}

/** The first cells of the table that starts so. */
function firstColumnOf(heading: string): string[] {
  const table = readme.slice(readme.indexOf(heading)).split("\n\n")[0] ?? "";
  return table
    .split("\n")
    .slice(2)
    .map((row) => row.split("|")[1]?.trim() ?? "");
}

describe("README", () => {
  test("its table of answers is what src/answers.ts has (npm run docs)", () => {
    expect(withAnswers(readme)).toBe(readme);
  });

  test("its flags and the table of answers name every flag there is, and no other", () => {
    const named = new Set(readme.match(/(?<![\w-])--[a-z][a-z0-9-]+/g));
    // Of other programs, named in the text.
    named.delete("--ipv6");
    expect([...named].sort()).toEqual(
      [...FLAGS].filter((flag) => flag !== "--color").sort(),
    );
  });

  test("its exit codes are those of the command", () => {
    const codes = firstColumnOf("| Exit code").map(Number);
    expect(codes).toEqual(Object.values(EXIT));
  });

  test("its commands that ask nothing do what they say, one after the other", () => {
    const commands = blocks("sh")
      .join("")
      .split("\n")
      .filter((line) => /--prefix| check | undo /.test(line));
    expect(commands.join("\n")).toMatch(/--yes[^]*regenerate[^]*check[^]*undo/);
    for (const command of commands) {
      const [npx, name, ...args] = command.split(" ");
      expect([npx, name]).toEqual(["npx", "create-kong-ipv6"]);
      const cli = join(README, "../dist/cli.cjs");
      const { status } = spawnSync(process.execPath, [cli, ...args], {
        cwd: scratch,
      });
      expect([command, status]).toEqual([
        command,
        args.includes("--dry-run") ? EXIT.changes : EXIT.done,
      ]);
    }
    const text = readFileSync(join(scratch, "my-gateway/README.md"), "utf8");
    expect(text).toContain("2a03:2222:3333:4444:300::8100");
  });

  test("its commands that ask a server take what it says, one after the other", () => {
    const commands = blocks("sh")
      .join("")
      .split("\n")
      .filter((line) => /--ssh|answers\.json/.test(line));
    expect(commands).toHaveLength(4);
    const PATH = inPlace(join(scratch, "bin"), {
      ssh: recordedSsh("sid-busy"),
      npx: `shift\nexec '${process.execPath}' '${join(README, "../dist/cli.cjs")}' "$@"`,
    });
    const env = { ...process.env, PATH };
    for (const command of commands) {
      const { status, stderr } = spawnSync("sh", ["-c", command], {
        cwd: scratch,
        env,
        encoding: "utf8",
      });
      expect([command, status, stderr]).toEqual([
        command,
        EXIT.done,
        expect.any(String),
      ]);
    }
    for (const made of ["seen-gateway", "asked-gateway"]) {
      const text = readFileSync(join(scratch, made, "README.md"), "utf8");
      expect(text).toContain("2001:db8:1:2:301::8100");
    }
  });

  test("the two commands of a checkout are npm scripts that build what they need", () => {
    const checkout = blocks("sh").filter((block) => block.startsWith("npm ci"));
    expect(checkout).toEqual([
      "npm ci && npm start -- my-gateway\n",
      "npm ci && npm test\n",
    ]);
    const { scripts } = JSON.parse(
      readFileSync(join(README, "../package.json"), "utf8"),
    );
    expect(scripts.prestart).toBe(scripts.pretest);
    expect(scripts.prestart).toContain("build");
    expect(Object.keys(scripts)).toEqual(
      expect.arrayContaining(["start", "test", "test:lab"]),
    );
  });

  test("its answers file is one", () => {
    const [text] = blocks("yaml");
    const file = join(scratch, "answers.yaml");
    writeFileSync(file, text as string);
    expect(parse(text as string)).toHaveProperty("prefix");
    const args = [
      join(README, "../dist/cli.cjs"),
      join(scratch, "from-file"),
      "--answers",
      file,
      "--yes",
    ];
    execFileSync(process.execPath, args);
    expect(
      existsSync(join(scratch, "from-file", "kong-build", "Dockerfile")),
    ).toBe(true);
  });

  test("what it says is written is what some example has, and all of it is listed", () => {
    const listing = blocks("").find((block) =>
      block.startsWith("README.md"),
    ) as string;
    const paths = scenarios().flatMap((scenario) => [
      ...exampleTree(scenario).keys(),
    ]);
    const tops = new Set(paths.map((path) => path.split("/")[0]));
    const named = listing
      .split("\n")
      .flatMap((line) => line.slice(0, 30).split(/[\s,]+/));
    const unlisted = [...tops].filter(
      (top) => !named.some((name) => name.split("/")[0] === top),
    );
    expect(unlisted).toEqual([".gitignore"]);
  });

  test("its links lead somewhere in the repository", () => {
    const links = [...readme.matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map(
      ([, path]) => path as string,
    );
    expect(
      links.filter((path) => !existsSync(join(README, "..", path))),
    ).toEqual([]);
  });
});
