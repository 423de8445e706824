import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { plan } from "../src/plan/plan.ts";
import { render, type Tree } from "../src/render/render.ts";
import { resolve, type Given } from "../src/answers/resolve.ts";
import { STATE_FILE, stateOf, stateText } from "../src/repository/state.ts";

export const EXAMPLES = new URL("../examples/", import.meta.url).pathname;

export function scenarios(): string[] {
  return readdirSync(EXAMPLES, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .filter((name) => existsSync(join(EXAMPLES, name, "answers.json")))
    .sort();
}

/** All that `create` writes for a scenario's answers. */
export function exampleTree(scenario: string): Tree {
  const text = readFileSync(join(EXAMPLES, scenario, "answers.json"), "utf8");
  const { answers } = resolve(JSON.parse(text) as Given);
  const tree = render(plan(answers));
  const state = { text: stateText(stateOf(answers, tree)), mode: 0o644 };
  return new Map([...tree, [STATE_FILE, state]]);
}

/** `npm run examples`: writes every scenario's repo/ anew. */
export function writeExamples(): void {
  for (const scenario of scenarios()) {
    const repo = join(EXAMPLES, scenario, "repo");
    rmSync(repo, { recursive: true, force: true });
    for (const [path, { text, mode }] of exampleTree(scenario)) {
      mkdirSync(dirname(join(repo, path)), { recursive: true });
      writeFileSync(join(repo, path), text, { mode });
    }
  }
}

if (import.meta.filename === process.argv[1]) writeExamples();
