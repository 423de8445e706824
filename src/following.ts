import { ownersActs, type Act } from "./acts.ts";
import { WRITING, type Base, type Change } from "./changes.ts";
import { caughtUp } from "./dotenv.ts";
import type { Issue } from "./errors.ts";
import { follow } from "./follow.ts";
import { findLeftovers, type Leftover } from "./leftovers.ts";
import { plan, type Plan } from "./plan.ts";
import { SECRET_FILE } from "./secret.ts";
import { formerOf, type State } from "./state.ts";
import { takenBefore } from "./taken.ts";
import { textFiles } from "./text-files.ts";

// What only a repository that was generated before needs, as one thing to load.

/** What each file was generated as, and how to follow its values from then to now. */
export function basesOf(former: State, now: Plan): Map<string, Base> {
  const last = plan(former.answers);
  const usual = follow(last, now);
  const before = formerOf(former).map(plan);
  return new Map(
    Object.entries(former.files).map(([path, record]): [string, Base] => {
      const held = record.answers && plan(record.answers);
      const catchUp = (text: string): string =>
        caughtUp(text, held ?? last, before);
      return [
        path,
        {
          text: record.text,
          mode: Number.parseInt(record.mode, 8),
          follow: held ? follow(held, now) : usual,
          ...(path === SECRET_FILE && { catchUp }),
        },
      ];
    }),
  );
}

/** What is left to the owner once answers have changed. */
export interface Aftermath {
  readonly acts: readonly Act[];
  readonly leftovers: readonly Leftover[];
  readonly warnings: readonly Issue[];
  /** Where data are or were, as patterns from the repository's top. */
  readonly data: readonly string[];
}

/** @param former the state before */
export function aftermath(
  directory: string,
  former: State,
  present: Plan,
  changes: readonly Change[],
): Aftermath {
  const before = [former.answers, ...formerOf(former)].map(plan);
  const then = plan(former.answers);
  return {
    acts: ownersActs(then, present),
    leftovers: leftoversAfter(directory, before, present, changes),
    warnings:
      then.kong.address === present.kong.address
        ? []
        : takenIn(directory, former, present, before),
    data: dataPatterns([present, ...before]),
  };
}

function takenIn(
  directory: string,
  former: State,
  present: Plan,
  before: readonly Plan[],
): Issue[] {
  const bases = basesOf(former, present);
  return takenBefore(
    textFiles(directory, [present, ...before]),
    (path) => bases.get(path)?.follow,
    present,
    before,
  );
}

function dataPatterns(plans: readonly Plan[]): string[] {
  const patterns = plans.map(({ data }) => data.ignore);
  return [...new Set(patterns.filter((pattern) => pattern !== ""))];
}

function leftoversAfter(
  directory: string,
  before: readonly Plan[],
  present: Plan,
  changes: readonly Change[],
): Leftover[] {
  const written = changes.filter(({ action }) => WRITING.has(action));
  const instead = new Map(
    written.map(({ path, after }) => [path, after?.text ?? null]),
  );
  return findLeftovers(directory, present, before, instead);
}
