import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  readAnswersFile,
  type FleetFile,
} from "../src/answers/answers-file.ts";
import type { Answers } from "../src/answers/types.ts";
import { rolesOf } from "../src/fleet/host.ts";
import { checkedHosts } from "../src/fleet/hosts.ts";
import { readFleet } from "../src/fleet/read-fleet.ts";
import { rootFiles } from "../src/fleet/root-files.ts";
import { planOf } from "../src/plan/plan.ts";
import type { FleetRole } from "../src/plan/types.ts";
import { render, type File, type Tree } from "../src/render/render.ts";
import { resolve, type Given } from "../src/answers/resolve.ts";
import {
  STATE_FILE,
  stateOf,
  stateText,
  sumOf,
} from "../src/repository/state.ts";

export const EXAMPLES = fileURLToPath(new URL("../examples/", import.meta.url));

/** The scenario that is shown whole. */
export const WHOLE = "recipe";

/** What lists the files that another scenario doesn't show. */
export const SAME = "same.txt";

export function scenarios(): string[] {
  return readdirSync(EXAMPLES, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .filter((name) => existsSync(join(EXAMPLES, name, "answers.json")))
    .sort();
}

/** A scenario's answers; for an overlap, also those before it (before.json). */
export function exampleAnswers(scenario: string): {
  answers: Answers;
  overlap?: Answers;
} {
  const read = (name: string): Answers => {
    const text = readFileSync(join(EXAMPLES, scenario, name), "utf8");
    return resolve(JSON.parse(text) as Given).answers;
  };
  const answers = read("answers.json");
  const begins = existsSync(join(EXAMPLES, scenario, BEFORE));
  return begins ? { answers, overlap: read(BEFORE) } : { answers };
}

export const BEFORE = "before.json";

/** All that `create` writes for a scenario's answers, or `regenerate --overlap` for those before. */
export function exampleTree(scenario: string): Tree {
  const { answers, overlap } = exampleAnswers(scenario);
  const tree = render(planOf({ answers, ...(overlap && { overlap }) }));
  const made = stateOf(answers, tree);
  const text = stateText(
    overlap ? { ...made, previousAnswers: [overlap], overlap } : made,
  );
  return new Map([...tree, [STATE_FILE, { text, mode: 0o644 }]]);
}

/**
 * What examples/<scenario>/ holds besides answers.json, by path. Not shown are files that are the
 * same in the whole scenario, and the state, which repeats the texts of the others.
 */
export function exampleFiles(scenario: string): Tree {
  const files = [...exampleTree(scenario)];
  const inRepo = (shown: [string, File][]): [string, File][] =>
    shown.map(([path, file]) => [`repo/${path}`, file]);
  if (scenario === WHOLE) return new Map(inRepo(files));
  const whole = exampleTree(WHOLE);
  const isShown = ([path, { text }]: [string, File]): boolean =>
    path !== STATE_FILE && whole.get(path)?.text !== text;
  const sums = files
    .filter((entry) => !isShown(entry))
    .map(([path, file]) => `${sumOf(file)}  ${path}\n`);
  return new Map([
    ...inRepo(files.filter(isShown)),
    [SAME, { text: sums.join(""), mode: 0o644 }],
  ]);
}

/** The scenario of several servers. Its answers are in fleet.yml. */
export const FLEET = "fleet";

/**
 * What examples/fleet/ holds besides fleet.yml: the fleet's own files, and of each host's repository
 * those that differ from the whole scenario. The certificate is random.
 */
export async function fleetExample(): Promise<Tree> {
  const { fleet } = await readAnswersFile(join(EXAMPLES, FLEET, "fleet.yml"));
  const read = readFleet(fleet as FleetFile);
  const hosts = checkedHosts(read, new Map(), undefined, FLEET);
  const roles = rolesOf(hosts);
  const whole = exampleTree(WHOLE);
  const shown = new Map<string, File>();
  const same: string[] = [];
  const members = hosts.map(({ name, answers }) => {
    const role = { fleet: roles.get(name) as FleetRole };
    const plan = planOf({ answers, ...role });
    const tree = render(plan);
    const text = stateText({ ...stateOf(answers, tree), ...role });
    for (const [path, file] of [
      ...tree,
      [STATE_FILE, { text, mode: 0o644 }],
    ] as const)
      if (path === STATE_FILE || whole.get(path)?.text === file.text)
        same.push(`${sumOf(file)}  hosts/${name}/${path}\n`);
      else shown.set(`repo/hosts/${name}/${path}`, file);
    return { name, plan };
  });
  for (const [path, file] of rootFiles(members, read.text))
    shown.set(`repo/${path}`, file);
  return shown.set(SAME, { text: same.join(""), mode: 0o644 });
}

/** `npm run examples`: writes repo/ and same.txt of every scenario. */
export async function writeExamples(): Promise<void> {
  const fleet = await fleetExample();
  for (const scenario of [...scenarios(), FLEET]) {
    const folder = join(EXAMPLES, scenario);
    rmSync(join(folder, "repo"), { recursive: true, force: true });
    const files = scenario === FLEET ? fleet : exampleFiles(scenario);
    for (const [path, { text, mode }] of files) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text, { mode });
    }
  }
}

if (import.meta.filename === process.argv[1]) await writeExamples();
