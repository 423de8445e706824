/** A branch of a source file, and the counter of how often it was taken. */
export interface Branch {
  readonly path: string;
  /** From 1. */
  readonly line: number;
  readonly what: string;
  /** The condition or the expression. */
  readonly text: string;
  readonly counter: number;
  /** Subtracted: for a right side that was not evaluated. */
  readonly less?: number;
}

interface Counts {
  readonly branches: readonly Branch[];
  readonly taken: number[];
}

/** The global variable with the counts of every file that was loaded with countBranches(). */
export const COUNTS = "branchCounts";

const counts = (): [path: string, counts: Counts][] =>
  Object.entries(
    ((globalThis as Record<string, unknown>)[COUNTS] ?? {}) as Record<
      string,
      Counts
    >,
  );

/** Forgets what other tests in this process took. */
export function resetBranches(): void {
  for (const [, { taken }] of counts()) taken.fill(0);
}

/** How many branches the files that match have, and those that were not taken. */
export function branchesIn(files: RegExp): { total: number; missed: string[] } {
  const all = counts()
    .filter(([path]) => files.test(path))
    .flatMap(([, { branches, taken }]) =>
      branches.map((branch) => {
        const { counter, less } = branch;
        const without = less === undefined ? 0 : (taken[less] as number);
        return { ...branch, count: (taken[counter] as number) - without };
      }),
    );
  const missed = all
    .filter(({ count }) => count === 0)
    .map(({ path, line, what, text }) => `${path}:${line} ${what} ${text}`);
  return { total: all.length, missed };
}

/** Prints how many were missed, and the first of them. @returns the missed part, from 0 to 1 */
export function reportBranches(files: RegExp, shown = 20): number {
  const { total, missed } = branchesIn(files);
  const lines = [
    `branches: ${total - missed.length} of ${total} taken`,
    ...missed.slice(0, shown).map((branch) => `  missed: ${branch}`),
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
  return missed.length / Math.max(1, total);
}
