import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { onTestFinished } from "vitest";
import type { Answers } from "../../src/answers/types.ts";
import { plan, type Plan } from "../../src/plan/plan.ts";
import { render, type File, type Tree } from "../../src/render/render.ts";
import { STATE_FILE, stateOf, stateText } from "../../src/repository/state.ts";

export interface Generated {
  readonly plan: Plan;
  /** All that `create` writes, the state included, secrets as they are stored. */
  readonly tree: Tree;
}

/** From answers in normal form to files. */
export function generated(answers: Answers): Generated {
  const addresses = plan(answers);
  const tree = render(addresses);
  const state = { text: stateText(stateOf(answers, tree)), mode: 0o644 };
  return { plan: addresses, tree: new Map([...tree, [STATE_FILE, state]]) };
}

/** The text of one file. @throws where the tree has none */
export function textOf(tree: Tree, path: string): string {
  const file = tree.get(path);
  if (file === undefined) throw new Error(`${path} was not generated`);
  return file.text;
}

/** A directory that goes away with the test. */
export function temporary(): string {
  const directory = mkdtempSync(join(tmpdir(), "kong-ipv6-test-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

export function writeTree(directory: string, tree: Tree): void {
  for (const [path, { text, mode }] of tree) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), text, { mode });
  }
}

/** Every file below a directory, links as what they point to. */
export function readTree(directory: string): Map<string, File> {
  const tree = new Map<string, File>();
  for (const entry of readdirSync(directory, {
    recursive: true,
    withFileTypes: true,
  })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isDirectory()) continue;
    tree.set(relative(directory, path), {
      text: readFileSync(path, "utf8"),
      mode: lstatSync(path).mode & 0o777,
    });
  }
  return tree;
}

/**
 * What tells a directory from the tree that should be in it, one line each; none where they agree.
 * Of the modes only the executable bit is looked at: git keeps no other.
 */
export function differences(expected: Tree, directory: string): string[] {
  const found = readTree(directory);
  const lines: string[] = [];
  for (const [path, { text, mode }] of expected) {
    const file = found.get(path);
    if (file === undefined) lines.push(`${path} is missing`);
    else if (file.text !== text)
      lines.push(`${path} differs${firstDifference(text, file.text)}`);
    else if ((file.mode & 0o100) !== (mode & 0o100))
      lines.push(`${path} has mode ${file.mode.toString(8)}`);
  }
  for (const path of found.keys()) {
    if (!expected.has(path)) lines.push(`${path} is an orphan`);
  }
  return lines;
}

function firstDifference(expected: string, found: string): string {
  const theirs = found.split("\n");
  const ours = expected.split("\n");
  const index = ours.findIndex((line, at) => line !== theirs[at]);
  return index < 0
    ? " behind its end"
    : ` in line ${index + 1}: ${JSON.stringify(theirs[index] ?? "")} instead of ${JSON.stringify(ours[index])}`;
}
