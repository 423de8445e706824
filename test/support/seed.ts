/**
 * How fast-check is run: a new seed each time, printed; `FC_SEED=… npx vitest run …` repeats a run,
 * FC_RUNS makes it longer.
 */
export const SEED = Number(
  process.env["FC_SEED"] ?? Math.floor(Math.random() * 2 ** 31),
);

const CI = process.env["CI"] === "true";

export const runs = (
  numRuns: number,
): { seed: number; numRuns: number; endOnFailure: boolean } => ({
  seed: SEED,
  numRuns: Number(process.env["FC_RUNS"] ?? numRuns),
  // A shrunk case is easier to read; without a limit shrinking may outlast the test.
  endOnFailure: CI,
});

/** The same for cases that take long: half as many unless CI=true, so that `npm test` takes a minute. */
export const longRuns = (numRuns: number): ReturnType<typeof runs> =>
  runs(CI ? numRuns : numRuns / 2);

/** Says once per test file how to repeat it. */
export function announceSeed(): void {
  process.stdout.write(`fast-check: FC_SEED=${SEED}\n`);
}
