import { apply } from "./apply.ts";
import type { Answers } from "./answers.ts";
import { compare, isPrivate, settle, type Change } from "./changes.ts";
import type { Prompter } from "./conversation.ts";
import { lookAtTarget, readDisk } from "./disk.ts";
import { EXIT, UnusableError, type ExitCode, type Issue } from "./errors.ts";
import { recover, wasCutOff } from "./in-place.ts";
import { makeRepository, wantsRepository } from "./git.ts";
import { plan, type Plan } from "./plan.ts";
import { render } from "./render.ts";
import { resolve, type Given } from "./resolve.ts";
import { STATE_FILE, stateOf, stateText } from "./state.ts";
import type { Style } from "./style.ts";

/** What a run is asked to do. */
export interface Request {
  /** Absolute. */
  readonly directory: string;
  readonly dryRun: boolean;
  readonly conflict: "ask" | "keep" | "theirs" | "markers";
  readonly git: boolean;
}

/** What a run has done, or would do: report.ts turns it into text or JSON. */
export interface Outcome {
  readonly exitCode: ExitCode;
  readonly directory: string;
  readonly answers: Answers;
  readonly plan: Plan;
  readonly warnings: readonly Issue[];
  readonly changes: readonly Change[];
  readonly written: boolean;
  /** What happened besides: a write taken back, git without a name. */
  readonly notes: readonly string[];
}

/** The owner at a terminal, where there is one. */
export interface Owner {
  readonly prompter: () => Promise<Prompter>;
  readonly style: Style;
  readonly show: (text: string) => void;
}

/**
 * Answers become a plan, a plan becomes files, files become changes, changes reach the disk: the one
 * action behind the command, with and without a conversation, and behind `npx plop`.
 * @throws UnusableError | FailedError; then nothing was written
 */
export async function generate(
  given: Given,
  request: Request,
  owner?: Owner,
): Promise<Outcome> {
  const { directory } = request;
  const { answers, warnings } = resolve(given);
  const addresses = plan(answers);
  const rendered = render(addresses);
  const notes: string[] = [];

  if (request.dryRun && wasCutOff(directory)) {
    notes.push(
      "An earlier run was cut off while writing here: without --dry-run, what it had begun is taken back first.",
    );
  } else if (recover(directory)) {
    notes.push(
      "An earlier run was cut off while writing here: what it had begun was taken back.",
    );
  }
  inspect(directory);
  const wantsGit = request.git && wantsRepository(directory);
  if (request.git && !wantsGit)
    notes.push("--git: inside a git repository already, none was made.");

  const compared = compare(rendered, readDisk(directory, rendered.keys()));
  const changes = await decide(compared, request, owner);
  notes.push(...advice(changes));
  const outcome = {
    directory,
    answers,
    plan: addresses,
    warnings,
    changes,
    notes,
    written: false,
  };
  if (changes.some(({ action }) => action === "conflict"))
    return { ...outcome, exitCode: EXIT.conflicts };
  if (request.dryRun) return { ...outcome, exitCode: EXIT.changes };

  // The base is recorded only of what was applied: a kept file isn't one of ours.
  const ours = new Map(
    [...rendered].filter(([path]) => applied(changes, path)),
  );
  const state = {
    path: STATE_FILE,
    file: { text: stateText(stateOf(answers, ours)), mode: 0o644 },
  };
  apply(directory, changes, state, (whole) => {
    const note = wantsGit ? makeRepository(whole) : undefined;
    if (note !== undefined) notes.push(note);
  });
  const marked = changes.some(({ action }) => action === "markers");
  return {
    ...outcome,
    written: true,
    exitCode: marked ? EXIT.conflicts : EXIT.done,
  };
}

/** What the owner should see to in files that stay the owner's. */
function advice(changes: readonly Change[]): string[] {
  return changes.flatMap(({ path, action, before, after }) => {
    if (before === null || !["keep", "same"].includes(action)) return [];
    if (isPrivate(after) && !isPrivate(before))
      return [`Others can read your ${path}: chmod 600 ${path}`];
    if (path === ".gitignore" && action === "keep")
      return [
        "Your .gitignore is kept: see that it leaves out .env and .kong-ipv6.*/",
      ];
    return [];
  });
}

function applied(changes: readonly Change[], path: string): boolean {
  const action = changes.find((change) => change.path === path)?.action;
  return action === "create" || action === "update" || action === "same";
}

/**
 * Looks at the target before anything is asked or done.
 * @throws FailedError where it is no directory, UnusableError where it was generated already
 */
export function inspect(directory: string): void {
  lookAtTarget(directory);
  // What was cut off is taken back first, or ended.
  if (wasCutOff(directory)) return;
  const entry = readDisk(directory, [STATE_FILE]).get(STATE_FILE);
  if (entry === undefined || entry.kind === "absent") return;
  throw new UnusableError([
    {
      flag: "directory",
      value: directory,
      reason: `it holds a generated repository already (${STATE_FILE})`,
      remedy: "Name another directory",
    },
  ]);
}

async function decide(
  compared: readonly Change[],
  { conflict, dryRun }: Request,
  owner: Owner | undefined,
): Promise<readonly Change[]> {
  const conflicts = compared.filter(({ action }) => action === "conflict");
  if (conflicts.length === 0) return compared;
  const { withMarkers } = await import("./markers.ts");
  const merged = ({ before, after }: Change): string =>
    withMarkers(before?.text ?? "", after.text);
  if (conflict !== "ask")
    return compared.map((change) => settle(change, conflict, merged));
  if (owner === undefined || dryRun) return compared;
  const { askConflicts } = await import("./conversation.ts");
  const words = await askConflicts(
    await owner.prompter(),
    conflicts,
    owner.style,
    owner.show,
  );
  return compared.map((change) =>
    settle(change, words.get(change.path) ?? "keep", merged),
  );
}
