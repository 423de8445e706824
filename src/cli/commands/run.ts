import { resolve as absolute } from "node:path";
import { QUESTIONS } from "../../answers/questions.ts";
import { readAnswersFile } from "../../answers/answers-file.ts";
import type { Arguments } from "../parse-args.ts";
import { UnusableError, type ExitCode, type Issue } from "../../base/errors.ts";
import type { Prompter } from "../../prompts/conversation.ts";
import type { Outcome } from "../../reconcile/request.ts";
import type { Recovered } from "../../repository/in-place.ts";
import { survey, type Given, type Survey } from "../../answers/resolve.ts";
import type { Setting } from "../../prompts/session.ts";
import type { State } from "../../repository/state.ts";
import { styleFor } from "../../base/colors.ts";
import { canAsk, isTerminal, write } from "../../base/stdio.ts";

/** Where a run goes, and what was generated there before. */
export interface Target {
  /** The directory as the owner wrote it. */
  readonly shown: string;
  readonly former?: State;
  /** What has become of a run that was cut off. */
  readonly recovered?: Recovered;
}

/**
 * What create and regenerate share: answers from file and flags, a conversation about what they
 * leave open, the one action, the report.
 * @param open finds the target, or throws what speaks against it
 */
export async function run(
  args: Arguments,
  open: () => Target,
): Promise<ExitCode> {
  const asks = canAsk() && !args.yes && !args.json;
  const { target, given, found } = await usable(args, open, asks);
  const { shown, former, recovered } = target;
  // What inquirer's own colours read, when it is loaded.
  if (!args.color) process.env["NO_COLOR"] = "1";
  const style = styleFor(isTerminal(1), args.color);
  const show = (text: string): void => void write(1, `${text}\n`);
  const { dryRun, conflict, git } = args;
  const diff = args.diff ? await import("../../report/diff.ts") : undefined;
  const request = {
    directory: absolute(shown),
    dryRun,
    conflict,
    git,
    ...(former && { previous: former }),
    ...(recovered && { recovered }),
  };
  // What was generated has all its answers: there only a run without any new one asks.
  const asked =
    asks &&
    (former
      ? Object.keys(given).length === 0
      : QUESTIONS.some(({ key }) => given[key] === undefined));
  const looking =
    asked || args.detect
      ? (await import("../../detect/session.ts")).looking(args, former?.answers)
      : undefined;
  const seen = args.detect && (await looking?.first(given));
  const setting = { request, shown, diff, looking, style, show };
  // Loaded when the arguments can be used: an error costs less.
  const { outcomeJson, outcomeText } =
    await import("../../report/generating.ts");
  const { outcome, agreed } = asked
    ? await throughPlop(given, setting)
    : await straight(
        seen
          ? survey({ ...seen, ...given }, { defaults: former === undefined })
          : found,
        setting,
        asks,
      );

  const detected = looking?.used(outcome.answers) ?? [];
  show(
    args.json
      ? outcomeJson(outcome, diff, detected)
      : outcomeText(
          outcome,
          { shown, asked, agreed, dryRun, diff, git, detected },
          style,
        ),
  );
  return outcome.exitCode;
}

interface Ended {
  readonly outcome: Outcome;
  /** Whether the owner has seen the summary. */
  readonly agreed: boolean;
}

/** The doorbell: plop, prompts and inquirer are loaded only where there is something to ask. */
async function throughPlop(given: Given, setting: Setting): Promise<Ended> {
  const { runConversation } = await import("../../prompts/run-conversation.ts");
  const { commit } = await import("../../report/generating.ts");
  const { hold } = await import("../../prompts/session.ts");
  const outcome = await runConversation(
    (prompter) => hold(prompter, given, setting),
    commit,
  );
  return { outcome, agreed: outcome.written };
}

/** All answers are there: at a terminal only files in the way are asked about, and then consent. */
async function straight(
  found: Survey,
  setting: Setting,
  asks: boolean,
): Promise<Ended> {
  const { commit, prepare } = await import("../../report/generating.ts");
  let prompter: Prompter | undefined;
  const { request, style, show } = setting;
  const session = asks ? await import("../../prompts/session.ts") : undefined;
  const loadPrompter = async (): Promise<Prompter> =>
    (prompter ??= await (
      await import("../../prompts/run-conversation.ts")
    ).loadPrompter());
  const owner = session?.ownerAt(loadPrompter, style, show);
  const prepared = await prepare(found, request, owner);
  if (prompter) await session?.consent(prompter, prepared, setting);
  const outcome = commit(prepared);
  return { outcome, agreed: prompter !== undefined && outcome.written };
}

/**
 * The arguments and what the answers file gives, looked at before anything is asked or done.
 * @throws UnusableError with every issue of arguments, directory, file and answers
 */
async function usable(
  args: Arguments,
  open: () => Target,
  asks: boolean,
): Promise<{ target: Target; given: Given; found: Survey }> {
  const issues: Issue[] = [...args.issues];
  const collected = async <T>(
    look: () => T | Promise<T>,
  ): Promise<T | undefined> => {
    try {
      return await look();
    } catch (error) {
      if (!(error instanceof UnusableError)) throw error;
      issues.push(...error.issues);
      return undefined;
    }
  };
  const file = args.answersFile;
  const fromFile =
    file === undefined
      ? undefined
      : await collected(() => readAnswersFile(file));
  issues.push(...(fromFile?.issues ?? []));
  const given: Given = { ...fromFile?.given, ...args.given };
  const defaults = args.command === "create" && !asks && !args.detect;
  // What can't be read may be the very answer that seems to be missing, or to have its default.
  const unread = new Set([
    ...args.unread,
    ...(file !== undefined && fromFile === undefined
      ? QUESTIONS.map(({ key }) => key)
      : (fromFile?.unread ?? [])),
  ]);
  const target = await collected(open);
  const found = survey(given, { defaults, unread });
  issues.push(...found.issues);
  if (issues.length > 0 || target === undefined)
    throw new UnusableError(issues);
  return { target, given, found };
}
