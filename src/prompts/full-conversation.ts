import { confirm, type Prompter } from "./ask.ts";
import { askConflicts, askDeleted } from "./conflicts.ts";
import { converse } from "./conversation.ts";
import { CancelledError } from "../base/errors.ts";
import { WRITING } from "../reconcile/change.ts";
import type * as Diff from "../report/diff.ts";
import { prepare } from "../reconcile/prepare.ts";
import {
  type Outcome,
  type Prepared,
  type Request,
  type ConflictPrompts,
} from "../reconcile/request.ts";
import type { DetectedDefaults } from "../detect/detected-defaults.ts";
import { hasSidecar, placeText, summaryText } from "../report/outcome-text.ts";
import { rowsText } from "../plan/summary.ts";
import { counted } from "../base/wrap.ts";
import { survey, type Given } from "../answers/resolve.ts";
import type { Style } from "../base/colors.ts";

/** What a conversation is about, and how it prints. */
export interface ConversationContext {
  readonly request: Request;
  /** The directory as the owner wrote it. */
  readonly shown: string;
  /** Given if differences are to be shown. */
  readonly diff: typeof Diff | undefined;
  readonly defaults: DetectedDefaults | undefined;
  readonly style: Style;
  readonly show: (text: string) => void;
}

/**
 * The whole conversation: the questions, the conflicts, the summary, the owner's consent.
 * @throws CancelledError if the owner does not agree; nothing is written here
 */
export async function fullConversation(
  prompter: Prompter,
  given: Given,
  context: ConversationContext,
): Promise<Prepared> {
  const { request, style, show } = context;
  const answered = await converse(
    prompter,
    given,
    request.previous?.answers,
    (rows) => show(style.dim(rowsText(rows, style.columns))),
    context.defaults?.detect,
  );
  const prompts = conflictPrompts(() => Promise.resolve(prompter), style, show);
  const found = survey(answered, { defaults: request.previous === undefined });
  const prepared = await prepare(found, request, prompts);
  await askConsent(prompter, prepared, context);
  return prepared;
}

/** The questions of prepare(), asked at a terminal. */
export function conflictPrompts(
  prompter: () => Promise<Prompter>,
  style: Style,
  show: (text: string) => void,
): ConflictPrompts {
  return {
    askConflicts: async (conflicts) =>
      askConflicts(await prompter(), conflicts, style, show),
    askDeleted: async (deleted) => askDeleted(await prompter(), deleted),
  };
}

/** Shows what is going to be written, and asks for a yes. @throws CancelledError */
export async function askConsent(
  prompter: Prompter,
  prepared: Prepared,
  { shown, diff, defaults, style, show }: ConversationContext,
): Promise<void> {
  const { outcome, operations, makesGit } = prepared;
  if (operations.length === 0) return;
  const detected = defaults?.used(outcome.answers) ?? [];
  show(summaryText(outcome, { diff, detected }, style));
  if (!(await confirm(prompter, consentText(outcome, shown, makesGit), true)))
    throw new CancelledError();
}

/** `Write 20 files to my-gateway?` */
function consentText(
  { changes, previousAnswers }: Pick<Outcome, "changes" | "previousAnswers">,
  shown: string,
  makesGit: boolean,
): string {
  const place = placeText(shown);
  const count = changes.filter(({ action }) => WRITING.has(action)).length;
  if (previousAnswers === undefined)
    return `Write ${counted(count, "file")} to ${place}${makesGit ? ", and commit them" : ""}?`;
  if (count > 0) return `Change ${counted(count, "file")} in ${place}?`;
  return hasSidecar(changes)
    ? `Write the new texts beside your files in ${place}?`
    : `Record the new answers in ${place}?`;
}
