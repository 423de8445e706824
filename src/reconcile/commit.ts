import type { Outcome, Prepared } from "./request.ts";
import { apply } from "../repository/apply.ts";
import { makeRepository } from "../repository/git.ts";

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
