import { existsSync, realpathSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { shellWord } from "./shell.ts";
import { VERSION } from "./version.ts";

/** How the published package is called. The version is named, because a newer one has newer templates. */
export const PUBLISHED = `npx create-kong-ipv6@${VERSION}`;

/**
 * How this program can be called again: as the published package, or in a checkout as it was called.
 * @param script the path of what Node runs
 * @param event npm's: `start` for `npm start`
 */
export function program(
  script = process.argv[1] ?? "",
  event = process.env["npm_lifecycle_event"],
): string {
  const file = existsSync(script) ? realpathSync(script) : script;
  if (/^plop(\.js)?$/.test(basename(file))) return "npm start --";
  const isCheckout =
    basename(file) === "cli.cjs" && existsSync(join(file, "../../src/cli.ts"));
  if (!isCheckout) return PUBLISHED;
  if (event === "start") return "npm start --";
  return `node ${shellWord(fromHere(file))}`;
}

/** The path from the current directory, if it is inside. */
export function fromHere(path: string): string {
  const inside = relative(".", path) || ".";
  return inside.startsWith("..") ? path : inside;
}

/** A command that a message tells the owner to run: `npx create-kong-ipv6@0.1.0 regenerate gw --finish`. */
export function commandLine(
  command: string,
  directory: string,
  ...flags: readonly string[]
): string {
  return [program(), command, pathWord(directory), ...flags].join(" ");
}

/** A path as a shell word, for a command that is run in the current directory. */
export const pathWord = (...parts: readonly string[]): string =>
  operandWord(fromHere(join(...parts)));

/** A path as a shell word. A leading dash would make it an option. */
export const operandWord = (path: string): string =>
  shellWord(path.startsWith("-") ? `./${path}` : path);

/** A git command in a repository, to be run in the current directory. */
export function gitLine(directory: string, words: string): string {
  const isHere = fromHere(directory) === ".";
  return `git ${isHere ? "" : `-C ${pathWord(directory)} `}${words}`;
}

/** How to get a newer version of this program. */
export const update = (called = program()): string =>
  called === PUBLISHED
    ? "Run npx create-kong-ipv6@latest"
    : "Update this checkout: git pull, npm ci, npm run build";
