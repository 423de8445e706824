import { survey, type Given } from "../../src/answers/resolve.ts";
import { commit } from "../../src/reconcile/commit.ts";
import { prepare } from "../../src/reconcile/prepare.ts";
import type {
  ConflictPrompts,
  Outcome,
  Request,
} from "../../src/reconcile/request.ts";

/** create or regenerate, without the command line. */
export async function generate(
  given: Given,
  request: Request,
  prompts?: ConflictPrompts,
): Promise<Outcome> {
  const found = survey(given, { defaults: request.previous === undefined });
  return commit(await prepare(found, request, prompts));
}
