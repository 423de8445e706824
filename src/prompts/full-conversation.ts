import { confirm, confirmOrChange, type Prompter } from "./ask.ts";
import { askConflicts, askDeleted } from "./conflicts.ts";
import {
  changeAnswer,
  converse,
  movedAnswers,
  settled,
  type Printer,
} from "./conversation.ts";
import { DESCRIPTION } from "./plop-generator.ts";
import { CancelledError, issueText, sentence } from "../base/errors.ts";
import { printable } from "../base/escape.ts";
import { VERSION } from "../base/version.ts";
import { warningText } from "../detect/print.ts";
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
import { writesSidecar } from "../report/conflicts-text.ts";
import { placeText, summaryText } from "../report/outcome-text.ts";
import { rowsText } from "../plan/summary.ts";
import { counted } from "../base/wrap.ts";
import { survey, type Given } from "../answers/resolve.ts";
import { labelled, type Style } from "../base/colors.ts";

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
 * The whole conversation: the questions, the conflicts, the summary, the owner's consent. At the
 * summary, and after an error, an answer can be changed.
 * @throws CancelledError if the owner does not agree; nothing is written here
 */
export async function fullConversation(
  prompter: Prompter,
  given: Given,
  context: ConversationContext,
): Promise<Prepared> {
  const { request, style, show, defaults } = context;
  const previous = request.previous?.answers;
  const print = printerOf(context);
  show(`create-kong-ipv6 ${VERSION}: ${DESCRIPTION}`);
  let answers = await converse(prompter, given, print, {
    previous,
    detect: defaults?.detect,
    asksLogin: defaults?.explicit === false,
  });
  const usual = { defaults: previous === undefined };
  if (previous)
    answers = await movedAnswers(prompter, answers, previous, print);
  const prompts = conflictPrompts(() => Promise.resolve(prompter), style, show);
  for (;;) {
    answers = await settled(prompter, answers, print, usual);
    const prepared = await prepare(survey(answers, usual), request, prompts);
    if (await askConsent(prompter, prepared, context, true)) return prepared;
    answers = await changeAnswer(prompter, prepared.outcome.answers, print);
  }
}

function printerOf({ style, show }: ConversationContext): Printer {
  const labelledText = (label: "error" | "warning", text: string): void =>
    show(labelled(label, text, style));
  return {
    rows: (rows) => show(style.dim(rowsText(rows, style.columns))),
    hint: (text) => show(style.dim(text)),
    issue: (issue) => labelledText("error", sentence(issueText(issue))),
    failure: ({ message, remedy }) =>
      labelledText("error", `${printable(message)}. ${remedy}`),
    warning: (text) => show(warningText(text, style)),
  };
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

/**
 * Shows what is going to be written, and asks for a yes.
 * @param mayChange whether the owner can also change an answer
 * @returns whether the answer was yes; false if an answer is to be changed
 * @throws CancelledError if it was no
 */
export async function askConsent(
  prompter: Prompter,
  prepared: Prepared,
  { shown, diff, defaults, style, show }: ConversationContext,
  mayChange = false,
): Promise<boolean> {
  const { outcome, operations, makesGit } = prepared;
  if (operations.length === 0) return true;
  const detected = defaults?.used(outcome.answers) ?? [];
  show(summaryText(outcome, { diff, detected }, style));
  const question = consentText(outcome, shown, makesGit);
  const word = mayChange
    ? await confirmOrChange(prompter, question)
    : (await confirm(prompter, question, true))
      ? "Yes"
      : "No";
  if (word === "No") throw new CancelledError();
  return word === "Yes";
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
  return writesSidecar(changes)
    ? `Write the new texts beside your files in ${place}?`
    : `Record the new answers in ${place}?`;
}
