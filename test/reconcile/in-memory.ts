import type { Answers } from "../../src/answers/types.ts";
import type { Change } from "../../src/reconcile/change.ts";
import type { Disk, DiskEntry } from "../../src/repository/disk.ts";
import { UnusableError } from "../../src/base/errors.ts";
import type { Phase, Resolution } from "../../src/reconcile/request.ts";
import { withDataPatterns } from "../../src/reconcile/bases.ts";
import {
  decideAll,
  pathsOf,
  type Generated,
} from "../../src/reconcile/decide-all.ts";
import { checkFiles, type Status } from "../../src/reconcile/check.ts";
import { withPreviousData } from "../../src/reconcile/previous-data.ts";
import { Sandbox } from "../support/run.ts";
import { resolveAll } from "../../src/reconcile/prepare.ts";
import {
  linesKept,
  staleAddressesIn,
  type StaleAddress,
} from "../../src/renumber/find-stale.ts";
import { SIDECAR } from "../../src/reconcile/sidecar.ts";
import { phaseAfter } from "../../src/reconcile/phase.ts";
import { plan, planOf } from "../../src/plan/plan.ts";
import { render, type File, type Tree } from "../../src/render/render.ts";
import { resolve, survey, type Given } from "../../src/answers/resolve.ts";
import { fillSecrets } from "../../src/render/secrets.ts";
import { staleValues } from "../../src/renumber/stale.ts";
import {
  allPreviousAnswers,
  STATE_FILE,
  stateOf,
  stateText,
  type State,
} from "../../src/repository/state.ts";
import { parseState } from "../../src/repository/state-reader.ts";

/** A repository without a disk: what regenerate sees, and what it leaves. */
export interface World {
  readonly files: ReadonlyMap<string, File>;
  readonly state: State;
  /** What is there and no regular file: path → what. */
  readonly others: ReadonlyMap<string, string>;
}

export const ULA = "fd4c:8a1e:92b7::/64";

export const START: Given = {
  prefix: "2a03:2222:3333:4444::/64",
  internalPrefix: ULA,
};

/** What answers a repository was created with: not every one has the same files. */
export const STARTS: readonly Given[] = [
  START,
  { ...START, ndp: "kernel" },
  { ...START, database: "off", domain: "a.example.com" },
  {
    ...START,
    firewall: "nftables",
    expose: ["mail:25", "dns:53/udp"],
    plugin: ["kong-oidc"],
    ipv4: "198.51.100.7/24",
    ipv4Gateway: "198.51.100.1",
  },
];

export function created(given: Given): World {
  const { answers } = resolve({ internalPrefix: ULA, ...given });
  const tree = render(plan(answers));
  const files = [...tree].map(([path, { text, mode }]): [string, File] => [
    path,
    { text: fillSecrets(text), mode },
  ]);
  const state = stateOf(answers, tree);
  return { files: new Map(files), state, others: new Map() };
}

const rendered = new Map<string, Tree>();

/** What answers come to. Most cases share theirs: rendered once each. */
export function renderedOf(answers: Answers): Tree {
  const key = JSON.stringify(answers);
  const tree = rendered.get(key) ?? render(plan(answers));
  rendered.set(key, tree);
  return tree;
}

/** What the owner does with conflicts: nothing, the same with all, or one after the other when asked. */
export type Choice = undefined | Resolution | readonly Resolution[];

export interface Step {
  readonly world: World;
  readonly changes: readonly Change[];
  readonly stale: readonly StaleAddress[];
}

/** What regenerate does between reading the disk and writing it. */
export async function regenerated(
  world: World,
  given: Given,
  choice?: Choice,
  flag?: Phase,
): Promise<Step> {
  const { state: previous } = world;
  const found = survey(given, { defaults: false });
  const { answers } = resolveAll(found, previous);
  const phase = phaseAfter(
    { directory: ".", previous, ...(flag && { phase: flag }) },
    answers,
  );
  const present = planOf({ answers, ...phase });
  const rendered = withDataPatterns(
    phase.overlap ? render(present) : renderedOf(answers),
    directory(),
    previous,
  );
  const { world: after, changes } = await ran(
    world,
    { answers, ...phase, present, rendered },
    previous,
    choice,
  );
  const former = [previous.answers, ...allPreviousAnswers(previous)].map(plan);
  const valueOf = staleValues(former, present);
  const kept = linesKept(present, rendered);
  const stale = [...after.files].flatMap(([path, { text }]) =>
    valueOf && former.some(({ prefix }) => mayName(text, prefix))
      ? staleAddressesIn(path, text, valueOf, kept?.(path))
      : [],
  );
  return { world: after, changes, stale };
}

/** What create does where files are already. */
export async function createdOver(
  world: World,
  answers: Answers,
  choice: Choice,
  dryRun: boolean,
): Promise<Pick<Step, "world" | "changes">> {
  const [present, rendered] = [plan(answers), renderedOf(answers)];
  const made = { answers, present, rendered };
  return await ran(world, made, undefined, choice, dryRun);
}

async function ran(
  world: World,
  made: Generated,
  previous: State | undefined,
  choice: Choice,
  dryRun = false,
): Promise<Pick<Step, "world" | "changes">> {
  const asks = typeof choice === "object" && choice.length > 0;
  const chosen = (all: readonly Change[]): Map<string, Resolution> =>
    new Map(
      all.map(({ path }, index) => [
        path,
        (choice as Resolution[])[index % (choice as []).length] as Resolution,
      ]),
    );
  const { changes, operations } = await decideAll(
    {
      ...(previous && { previous }),
      conflict: typeof choice === "string" ? choice : "ask",
      dryRun,
    },
    made,
    diskOf(world, pathsOf(made.rendered, previous), previous),
    asks
      ? {
          askConflicts: (all) => Promise.resolve(chosen(all)),
          // Every second one stays deleted.
          askDeleted: (all) =>
            Promise.resolve(chosen(all.filter((_, index) => index % 2 === 0))),
        }
      : undefined,
  );
  const files = new Map(world.files);
  let { state } = world;
  for (const { path, content, mode } of operations) {
    const text = content && UTF8.decode(content);
    if (text === null) files.delete(path);
    else if (path === STATE_FILE) state = parseState(text);
    else files.set(path, { text, mode });
  }
  return { world: { ...world, files, state }, changes };
}

/** What check says of each file. */
export function statusesOf(world: World): Map<string, Status> {
  const { state } = world;
  const rendered = withPreviousData(
    renderedOf(state.answers),
    directory(),
    allPreviousAnswers(state),
    state.files[".gitignore"]?.text,
  );
  const disk = diskOf(world, pathsOf(rendered, state), state);
  const files = checkFiles(state, rendered, disk, {
    present: plan(state.answers),
    previous: allPreviousAnswers(state).map(plan),
  });
  return new Map(files.map(({ path, status }) => [path, status]));
}

let made: string | undefined;
/** Where only the data directory is looked for: the default one exists. */
const directory = (): string =>
  (made ??= new Sandbox({ "gw/data/": "" }).path("gw"));

const UTF8 = new TextDecoder("utf-8", { ignoreBOM: true });

/** Of several changes of answers those that go with the ones before them. */
export function usable({ state }: World, list: readonly Given[]): Given {
  return list.reduce((given, more) => {
    try {
      resolveAll(survey({ ...given, ...more }, { defaults: false }), state);
      return { ...given, ...more };
    } catch (error) {
      if (!(error instanceof UnusableError)) throw error;
      return given;
    }
  }, {});
}

function diskOf(
  { files, others }: World,
  paths: Iterable<string>,
  state: State | undefined,
): Disk {
  const entryOf = (path: string): DiskEntry => {
    if (path === STATE_FILE && state)
      return { kind: "file", text: stateText(state), mode: 0o644 };
    const [file, what] = [files.get(path), others.get(path)];
    const parent = [...others.keys()].find((at) => path.startsWith(`${at}/`));
    if (parent !== undefined)
      return { kind: "other", what: whatParentIs(parent, others) };
    if (what !== undefined) return { kind: "other", what };
    return file ? { kind: "file", ...file } : { kind: "absent" };
  };
  return new Map([...paths].map((path) => [path, entryOf(path)]));
}

const whatParentIs = (parent: string, others: World["others"]): string =>
  `${parent} is ${others.get(parent)}`;

/** What the owner does. */
export function edited(
  world: World,
  path: string,
  edit: (text: string) => string,
): World {
  const file = world.files.get(path) as File;
  return {
    ...world,
    files: new Map([
      ...world.files,
      [path, { ...file, text: edit(file.text) }],
    ]),
  };
}

/** All files but what lies beside a conflict. */
export function bytes({ files }: World): Record<string, string> {
  const own = [...files].filter(([path]) => !path.endsWith(SIDECAR)).sort();
  return Object.fromEntries(
    own.map(([path, { text, mode }]) => [path, `${mode.toString(8)} ${text}`]),
  );
}

/** Whether the first group of a prefix is in a text at all, forwards or as nibbles: most have none. */
export function mayName(text: string, prefix: string): boolean {
  const group = prefix.split(":")[0] as string;
  const nibbles = [...group.padStart(4, "0")].reverse().join("\\.");
  return new RegExp(`${group}|${nibbles}`, "i").test(text);
}

export const actionOf = (
  changes: readonly Change[],
  path: string,
): string | undefined => changes.find((change) => change.path === path)?.action;
