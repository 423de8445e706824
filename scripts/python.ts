import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { PositionEncoding, Workspace } from "@astral-sh/ruff-wasm-nodejs";

/**
 * The server program's lint, format, types and unit tests (part of `npm test`); `--write` formats the files instead.
 * Types and tests need python3. Without it they are skipped, which is a failure under CI.
 */
const ROOT = fileURLToPath(new URL("..", import.meta.url));
const FOLDERS = ["files/scripts/kong_ipv6", "test/server"];
const RUFF = {
  "line-length": 120,
  "target-version": "py39",
  lint: {
    select: ["E", "F", "W", "I", "B", "UP", "SIM", "RET", "RUF", "C4"],
    // Long strings stay whole; the rest asks for a newer Python, or is a matter of taste.
    ignore: ["E501", "RUF012", "RUF022", "SIM105", "SIM117", "SIM905", "UP007", "UP036", "UP045"],
  },
};

const write = process.argv.includes("--write");
const failed = [lint(), ...(write ? [] : [types(), tests()])].filter(Boolean);
process.exit(failed.length > 0 ? 1 : 0);

function sources(): string[] {
  return FOLDERS.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
      .filter((path) => path.endsWith(".py"))
      .map((path) => join(folder, path)),
  ).sort();
}

/** Whether ruff finds something. */
function lint(): boolean {
  const ruff = new Workspace(RUFF, PositionEncoding.Utf16);
  const found = sources().flatMap((path) => {
    const text = readFileSync(join(ROOT, path), "utf8");
    const formatted = ruff.format(text) as string;
    if (write) writeFileSync(join(ROOT, path), formatted);
    const format =
      write || formatted === text
        ? []
        : [`${path}: not formatted: npx tsx scripts/python.ts --write`];
    const problems = ruff.check(write ? formatted : text) as {
      code: string | null;
      message: string;
      start_location: { row: number };
    }[];
    return [
      ...format,
      ...problems.map(
        ({ code, message, start_location: { row } }) =>
          `${path}:${row}: ${code ?? "error"} ${message}`,
      ),
    ];
  });
  if (found.length > 0) console.error(found.join("\n"));
  return found.length > 0;
}

/** Whether pyright, in strict mode (pyrightconfig.json), finds something. */
function types(): boolean {
  const pyright = createRequire(import.meta.url).resolve("pyright/index.js");
  return run(process.execPath, [pyright, "--project", ROOT]);
}

/** Whether a unit test fails. */
function tests(): boolean {
  const has = spawnSync("python3", ["-c", "import yaml"], { encoding: "utf8" });
  if (has.status !== 0) {
    const what = has.error ? "python3" : "PyYAML (python3-yaml)";
    console.error(
      `Without ${what} the server program's tests can't run: skipped.`,
    );
    return Boolean(process.env["CI"]);
  }
  return run("python3", [
    "-B",
    "-m",
    "unittest",
    "discover",
    "-s",
    "test/server",
  ]);
}

/** Whether the program fails. */
function run(program: string, args: string[]): boolean {
  const { status } = spawnSync(program, args, { cwd: ROOT, stdio: "inherit" });
  return status !== 0;
}
