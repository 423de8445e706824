import type { Outcome, Owner, Prepared, Request } from "./request.ts";
import { apply } from "../repository/apply.ts";
import {
  compare,
  settle,
  WRITING,
  type Action,
  type Change,
  type Word,
} from "./compare.ts";
import { type Disk } from "../repository/disk.ts";
import { readDisk } from "../repository/disk.ts";
import {
  EXIT,
  FailedError,
  UnusableError,
  type ExitCode,
} from "../base/errors.ts";
import { makeRepository, wantsRepository } from "../repository/git.ts";
import { recover, recovery } from "../repository/in-place.ts";
import { notesOn } from "./notices.ts";
import { NEW, sumOf, withBeside } from "./sidecar.ts";
import { operationsOf, stateOperation } from "./operations.ts";
import { type Operation } from "../repository/operation.ts";
import { plan } from "../plan/plan.ts";
import { render, type Tree } from "../render/render.ts";
import { SECRET_FILE } from "../render/secrets.ts";
import { readState } from "../repository/state-reader.ts";
import {
  resolve,
  survey,
  type Given,
  type Resolved,
} from "../answers/resolve.ts";
import { STATE_FILE, stateText, type State } from "../repository/state.ts";
import { stateAfter } from "./next-state.ts";
import { refuseOwnRepository } from "../repository/target.ts";

/**
 * Answers become a plan, a plan becomes files, files become changes, changes reach the disk: the one
 * action behind create and regenerate, with and without a conversation, and behind `npx plop`.
 * @throws UnusableError | FailedError; then nothing was written
 */
export async function generate(
  given: Given,
  request: Request,
  owner?: Owner,
): Promise<Outcome> {
  return carryOut(await prepare(given, request, owner));
}

/**
 * The first half: everything up to the operations that the disk shall see.
 * @param owner is asked about files in the way
 * @throws UnusableError | FailedError
 */
export async function prepare(
  given: Given,
  request: Request,
  owner?: Owner,
): Promise<Prepared> {
  const { directory, former } = request;
  const { answers, warnings } = await resolveAll(given, former);
  const addresses = plan(answers);
  const following = former && (await import("./bases.ts"));
  const plain = render(addresses);
  const rendered =
    former && following
      ? following.keepingData(plain, directory, former)
      : plain;
  const notes: string[] = [];

  notes.push(...cutOff(request));
  if (former === undefined) refuseOwnRepository(directory);
  const wantsGit = request.git && wantsRepository(directory);
  if (request.git && !wantsGit)
    notes.push("--git: inside a git repository already, none was made.");

  const paths = new Set([
    ...rendered.keys(),
    ...Object.keys(former?.files ?? {}),
  ]);
  const disk = readDisk(directory, [
    ...paths,
    ...[...paths].map((path) => path + NEW),
    STATE_FILE,
  ]);
  if (former) refuseOtherState(directory, former, disk);
  const base = former && following?.basesOf(former, addresses, disk);
  const { decided, words } = await decide(
    await compare(rendered, disk, base),
    request,
    owner,
  );
  const changes = former ? withBeside(decided, disk, former) : decided;
  notes.push(...notesOn(request, { changes, rendered, disk }, owner));
  const found =
    former && following?.aftermath(directory, former, addresses, changes, disk);
  const { told = [], ...after } = found ?? {};
  const outcome = {
    directory,
    answers,
    plan: addresses,
    changes,
    words,
    notes: [...notes, ...told],
    acts: [],
    leftovers: [],
    data: [addresses.data.ignore].filter((pattern) => pattern !== ""),
    ...after,
    warnings: [...warnings, ...(found?.warnings ?? [])],
    ...(former && { former: former.answers }),
  };
  const operations = wholeOf(request, outcome, rendered, disk);
  return {
    request,
    outcome: {
      ...outcome,
      written: operations.length > 0,
      exitCode: exitCodeOf(request, changes),
    },
    operations,
    makesGit: wantsGit,
  };
}

/** The second half: the disk. @throws FailedError; then nothing was written */
export function carryOut(prepared: Prepared): Outcome {
  const { request, outcome, operations, makesGit } = prepared;
  const notes = [...outcome.notes];
  if (operations.length > 0)
    apply(request.directory, operations, (whole) => {
      const seen = whole === request.directory;
      const note = makesGit ? makeRepository(whole, seen) : undefined;
      if (note !== undefined) notes.push(note);
    });
  return { ...outcome, notes };
}

function exitCodeOf({ dryRun }: Request, changes: readonly Change[]): ExitCode {
  const has = (...actions: Action[]): boolean =>
    changes.some(({ action }) => actions.includes(action));
  if (!dryRun) return has("conflict", "markers") ? EXIT.conflicts : EXIT.done;
  return has("conflict", ...WRITING) ? EXIT.changes : EXIT.done;
}

/** Given answers and those of before, what lies in a subnet that moved moved along. */
export async function resolveAll(
  given: Given,
  former: State | undefined,
): Promise<Resolved> {
  if (former === undefined) return resolve(given);
  const { answers, issues } = survey(given, undefined, { defaults: false });
  const misread = issues.filter(({ value }) => value !== undefined);
  if (misread.length > 0) throw new UnusableError(misread);
  const { move } = await import("../answers/carry-over.ts");
  return resolve(move(former.answers, answers));
}

/** Takes back or ends what an earlier run began; a dry run only says that there is something. */
function cutOff({ directory, dryRun, recovered }: Request): string[] {
  const became = dryRun
    ? recovery(directory)
    : (recovered ?? recover(directory));
  if (became === undefined) return [];
  const told = "An earlier run was cut off while writing here: ";
  if (became === "ended") return [`${told}all was in its place, and stays.`];
  return dryRun
    ? [`${told}without --dry-run, what it had begun is taken back first.`]
    : [`${told}what it had begun was taken back.`];
}

/** Another run may have written since the state was read; all else was read before it is looked at again. */
function refuseOtherState(directory: string, former: State, disk: Disk): void {
  const entry = disk.get(STATE_FILE);
  const state = readState(directory, entry);
  if (state === former || stateText(state) === stateText(former)) return;
  throw new FailedError(
    `${STATE_FILE} was changed meanwhile; nothing was written`,
    "Run again.",
  );
}

async function decide(
  compared: readonly Change[],
  { conflict, dryRun, former }: Request,
  owner: Owner | undefined,
): Promise<{ decided: readonly Change[]; words: readonly Word[] }> {
  const open = compared.filter(
    ({ action }) => action === "conflict" || action === "gone",
  );
  const asIs = { decided: compared, words: [] };
  if (open.length === 0) return asIs;
  if (conflict !== "ask")
    return {
      decided: compared.flatMap((change) => settle(change, conflict)),
      words: [conflict],
    };
  const conflicts = open.filter(({ action }) => action === "conflict");
  // Once: what is known to stay deleted is not asked about again.
  const deleted = open.filter(
    ({ path, action }) =>
      action === "gone" &&
      path !== SECRET_FILE &&
      former?.files[path]?.owner !== "absent",
  );
  const asked = conflicts.length + deleted.length;
  if (owner === undefined || dryRun || asked === 0) return asIs;
  const words = new Map([
    ...(await owner.askConflicts(conflicts)),
    ...(await owner.askDeleted(deleted)),
  ]);
  const wordFor = ({ path }: Change): Word => words.get(path) ?? "keep";
  return {
    decided: compared.flatMap((change) => settle(change, wordFor(change))),
    // As a flag, theirs would bring back what was deleted too.
    words: open.map(wordFor),
  };
}

/** What a run writes, the state last; nothing where nothing changes, or nothing may be written. */
function wholeOf(
  { dryRun, former }: Request,
  { answers, changes }: Pick<Outcome, "answers" | "changes">,
  rendered: Tree,
  disk: Disk,
): readonly Operation[] {
  const conflicts = changes.some(({ action }) => action === "conflict");
  if (dryRun || (conflicts && former === undefined)) return [];
  const operations = operationsOf(changes, disk, former !== undefined);
  const laid = new Map(
    operations.map(({ path, content }) => [
      path,
      content ? sumOf(path, content) : undefined,
    ]),
  );
  const state = stateAfter(former, answers, rendered, changes, laid);
  const entry = disk.get(STATE_FILE);
  const known = (): boolean =>
    entry?.kind === "file" && entry.text === stateText(state);
  if (operations.length === 0 && known()) return [];
  const text = stateText(former ? { ...state, regenerated: true } : state);
  const same = entry?.kind === "file" && entry.text === text;
  return same ? operations : [...operations, stateOperation(text, disk)];
}
