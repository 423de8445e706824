/**
 * How fast-check is run: a new seed each time, printed; `FC_SEED=… npx vitest run …` repeats a run,
 * FC_RUNS makes it longer.
 */
export const SEED = Number(
  process.env["FC_SEED"] ?? Math.floor(Math.random() * 2 ** 31),
);

export const runs = (
  numRuns: number,
): { seed: number; numRuns: number; endOnFailure: boolean } => ({
  seed: SEED,
  numRuns: Number(process.env["FC_RUNS"] ?? numRuns),
  // A shrunk case is easier to read; without a limit shrinking may outlast the test.
  endOnFailure: process.env["CI"] === "true",
});

/** Says once per test file how to repeat it. */
export function announceSeed(): void {
  process.stdout.write(`fast-check: FC_SEED=${SEED}\n`);
}
