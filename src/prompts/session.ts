import {
  askConflicts,
  askDeleted,
  confirm,
  converse,
  type Prompter,
} from "./conversation.ts";
import { CancelledError } from "../base/errors.ts";
import { WRITING } from "../reconcile/change.ts";
import type * as Diff from "../report/diff.ts";
import { prepare } from "../reconcile/prepare.ts";
import {
  type Outcome,
  type Prepared,
  type Request,
  type Owner,
} from "../reconcile/request.ts";
import type { Looking } from "../detect/session.ts";
import { hasSidecar, placeText, summaryText } from "../report/outcome.ts";
import { rowsText } from "../plan/summary.ts";
import { counted } from "../report/report.ts";
import { survey, type Given } from "../answers/resolve.ts";
import type { Style } from "../base/colors.ts";

/** Where a conversation is held, and about what. */
export interface Setting {
  readonly request: Request;
  /** The directory as the owner wrote it. */
  readonly shown: string;
  /** Given where differences are to be shown. */
  readonly diff: typeof Diff | undefined;
  /** The server's part, where it has one. */
  readonly looking: Looking | undefined;
  readonly style: Style;
  readonly show: (text: string) => void;
}

/**
 * The whole conversation: the questions, the files in the way, the summary, the owner's consent.
 * @throws CancelledError where the owner doesn't agree; nothing is written here
 */
export async function hold(
  prompter: Prompter,
  given: Given,
  setting: Setting,
): Promise<Prepared> {
  const { request, style, show } = setting;
  const answered = await converse(
    prompter,
    given,
    request.previous?.answers,
    (rows) => show(style.dim(rowsText(rows, style.columns))),
    setting.looking?.look,
  );
  const owner = ownerAt(() => Promise.resolve(prompter), style, show);
  const found = survey(answered, { defaults: request.previous === undefined });
  const prepared = await prepare(found, request, owner);
  await consent(prompter, prepared, setting);
  return prepared;
}

/** The owner at a terminal, as prepare() asks. */
export function ownerAt(
  prompter: () => Promise<Prompter>,
  style: Style,
  show: (text: string) => void,
): Owner {
  return {
    askConflicts: async (conflicts) =>
      askConflicts(await prompter(), conflicts, style, show),
    askDeleted: async (deleted) => askDeleted(await prompter(), deleted),
  };
}

/** Shows what is going to be written, and asks for a yes. @throws CancelledError */
export async function consent(
  prompter: Prompter,
  prepared: Prepared,
  { shown, diff, looking, style, show }: Setting,
): Promise<void> {
  const { outcome, operations, makesGit } = prepared;
  if (operations.length === 0) return;
  const detected = looking?.used(outcome.answers) ?? [];
  show(summaryText(outcome, { diff, detected }, style));
  if (!(await confirm(prompter, consentText(outcome, shown, makesGit), true)))
    throw new CancelledError();
}

/** `Write 20 files to my-gateway?` */
export function consentText(
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
    ? `Lay the new texts beside your files in ${place}?`
    : `Note the new answers in ${place}?`;
}
