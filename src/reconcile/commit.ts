import type { Outcome, ConflictPrompts, Prepared, Request } from "./request.ts";
import { apply } from "../repository/apply.ts";
import { makeRepository } from "../repository/git.ts";
import { survey, type Given } from "../answers/resolve.ts";
import { prepare } from "./prepare.ts";

/**
 * The one action behind create and regenerate, with and without a conversation, and behind
 * `npx plop`: answers → plan → files → changes → disk.
 * @throws UnusableError | FailedError; then nothing was written
 */
export async function generate(
  given: Given,
  request: Request,
  prompts?: ConflictPrompts,
): Promise<Outcome> {
  const found = survey(given, { defaults: request.previous === undefined });
  return commit(await prepare(found, request, prompts));
}

/** Writes what was prepared. @throws FailedError; it says whether anything was written */
export function commit(prepared: Prepared): Outcome {
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
