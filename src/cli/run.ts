import { resolve as absolute } from "node:path";
import { QUESTIONS } from "../answers/questions.ts";
import { readAnswersFile } from "../answers/answers-file.ts";
import type { Arguments } from "./parse-args.ts";
import { UnusableError, type ExitCode, type Issue } from "../base/errors.ts";
import type { Prompter } from "../prompts/ask.ts";
import type { Outcome, Request } from "../reconcile/request.ts";
import { survey, type Given, type Survey } from "../answers/resolve.ts";
import { surveyMoved } from "../answers/survey-moved.ts";
import type { ConversationContext } from "../prompts/full-conversation.ts";
import type { State } from "../repository/state.ts";
import { styleFor } from "../base/colors.ts";
import { canAsk, isDumbTerminal, isTerminal, write } from "../base/stdio.ts";

/** Where a run writes, and what was generated there before. */
interface Target {
  /** The directory as the owner wrote it. */
  readonly shown: string;
  readonly previous?: State;
  readonly previousText?: string;
  /** Answers that generated files there have. */
  readonly existing?: Given;
}

/**
 * What create and regenerate share: answers from file and flags, a conversation about the missing
 * ones, the write, the report.
 * @param open finds the target, or throws why it cannot be used; writes nothing
 */
export async function run(
  args: Arguments,
  open: () => Target,
): Promise<ExitCode> {
  const canConverse = wantsToAsk(args) && canAsk();
  const file = await readFile(args);
  const fleet = file.content?.fleet;
  if (fleet && args.command === "create") {
    const { createFleet } = await import("./commands/fleet.ts");
    return await createFleet(args, fleet, () => open().shown);
  }
  const inputs = await readInputs(args, file, open, canConverse);
  const { target, given, found } = inputs;
  const { shown, previous } = target;
  // inquirer's own colours read this when it is loaded.
  if (!args.color) process.env["NO_COLOR"] = "1";
  const style = styleFor(isTerminal(1), args.color);
  const show = (text: string): void => void write(1, `${text}\n`);
  const { dryRun, git } = args;
  const diff = args.diff ? await import("../report/diff.ts") : undefined;
  const asked =
    canConverse && args.phase !== "finish" && isOpen(given, previous);
  const defaults =
    asked || args.detect
      ? (await import("../detect/detected-defaults.ts")).detectedDefaults(
          args,
          previous?.answers,
        )
      : undefined;
  // A detection would change nothing if every answer is given.
  const detectedFirst =
    args.detect &&
    QUESTIONS.some(({ key }) => given[key] === undefined) &&
    (await defaults?.detectFirst(given));
  const request = requestOf(args, target);
  const context = { request, shown, diff, defaults, style, show };
  const { outcome, agreed } = asked
    ? await withConversation(given, context)
    : await withoutConversation(
        detectedFirst
          ? survey(
              { ...detectedFirst, ...given },
              { defaults: previous === undefined },
            )
          : found,
        context,
        canConverse,
      );
  const detected = defaults?.used(outcome.answers) ?? [];
  const options = { shown, asked, agreed, dryRun, diff, git, detected };
  // Loaded only now, so that an error in the arguments is reported fast.
  if (args.json) {
    const { outcomeJson } = await import("../report/outcome-json.ts");
    show(outcomeJson(outcome, diff, detected));
  } else {
    const { outcomeText } = await import("../report/outcome-text.ts");
    show(outcomeText(outcome, options, style));
  }
  return outcome.exitCode;
}

const wantsToAsk = ({ yes, json }: Arguments): boolean => !yes && !json;

const NOT_ASKED =
  "Nothing is asked: with TERM=dumb an answer could not be corrected.\n";

/** Whether there is something to ask. regenerate has all answers: it asks only if none is given. */
const isOpen = (given: Given, previous: State | undefined): boolean =>
  previous
    ? Object.keys(given).length === 0
    : QUESTIONS.some(({ key }) => given[key] === undefined);

function requestOf(
  { dryRun, conflict, git, phase }: Arguments,
  { shown, previous, previousText }: Target,
): Request {
  return {
    directory: absolute(shown),
    dryRun,
    conflict,
    git,
    ...(phase && { phase }),
    ...(previous && { previous }),
    ...(previousText !== undefined && { previousText }),
  };
}

interface Ended {
  readonly outcome: Outcome;
  /** Whether the owner has seen the summary and agreed. */
  readonly agreed: boolean;
}

/** plop, prompts and inquirer are loaded only here. */
async function withConversation(
  given: Given,
  context: ConversationContext,
): Promise<Ended> {
  const { runConversation } = await import("../prompts/run-conversation.ts");
  const { commit } = await import("../reconcile/commit.ts");
  const { fullConversation } = await import("../prompts/full-conversation.ts");
  const outcome = await runConversation(
    (prompter) => fullConversation(prompter, given, context),
    commit,
  );
  return { outcome, agreed: outcome.written };
}

/** All answers are there. At a terminal the owner is asked only about conflicts, then for consent. */
async function withoutConversation(
  found: Survey,
  context: ConversationContext,
  canConverse: boolean,
): Promise<Ended> {
  const { prepare } = await import("../reconcile/prepare.ts");
  const { commit } = await import("../reconcile/commit.ts");
  let prompter: Prompter | undefined;
  const { request, style, show } = context;
  const conversation = canConverse
    ? await import("../prompts/full-conversation.ts")
    : undefined;
  const loadPrompter = async (): Promise<Prompter> =>
    (prompter ??= await (
      await import("../prompts/run-conversation.ts")
    ).loadPrompter());
  const prompts = conversation?.conflictPrompts(loadPrompter, style, show);
  const prepared = await prepare(found, request, prompts);
  if (prompter) await conversation?.askConsent(prompter, prepared, context);
  const outcome = commit(prepared);
  return { outcome, agreed: prompter !== undefined && outcome.written };
}

interface Read {
  /** undefined without --answers, or if its file can't be read. */
  readonly content: Awaited<ReturnType<typeof readAnswersFile>> | undefined;
  readonly issues: readonly Issue[];
}

/** Reads --answers. */
async function readFile({ answersFile, command }: Arguments): Promise<Read> {
  if (answersFile === undefined) return { content: undefined, issues: [] };
  try {
    const content = await readAnswersFile(answersFile);
    const { fleet, issues } = content;
    const isMisplaced = fleet !== undefined && command !== "create";
    return { content, issues: isMisplaced ? [SEVERAL, ...issues] : issues };
  } catch (error) {
    if (!(error instanceof UnusableError)) throw error;
    return { content: undefined, issues: error.issues };
  }
}

const SEVERAL: Issue = {
  flag: "--answers",
  reason: "it describes several hosts, and this repository is of one",
  remedy: "Create a new directory from it",
};

/**
 * Reads arguments, answers file and directory before anything is asked or done.
 * @throws UnusableError with every issue of all of them
 */
async function readInputs(
  args: Arguments,
  { content: fromFile, issues: fileIssues }: Read,
  open: () => Target,
  canConverse: boolean,
): Promise<{ target: Target; given: Given; found: Survey }> {
  const issues: Issue[] = [...args.issues];
  const collectIssues = async <T>(
    read: () => T | Promise<T>,
  ): Promise<T | undefined> => {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof UnusableError)) throw error;
      issues.push(...error.issues);
      return undefined;
    }
  };
  issues.push(...fileIssues);
  const target = await collectIssues(open);
  const given: Given = {
    ...target?.existing,
    ...fromFile?.given,
    ...args.given,
  };
  if (wantsToAsk(args) && isDumbTerminal() && isOpen(given, target?.previous))
    write(2, NOT_ASKED);
  const defaults = args.command === "create" && !canConverse && !args.detect;
  // An unreadable flag or file may hold the answer that seems to be missing.
  const unread = new Set([
    ...args.unread,
    ...(args.answersFile !== undefined && fromFile === undefined
      ? QUESTIONS.map(({ key }) => key)
      : (fromFile?.unread ?? [])),
  ]);
  const earlier = target?.previous?.answers;
  const found = survey(given, { defaults, unread, earlier });
  issues.push(...found.issues);
  // What is wrong beside it. A detection may still find what is missing.
  if (issues.length > 0 && earlier && !args.detect)
    issues.push(
      ...surveyMoved({ ...found, issues: [] }, earlier).issues.filter(
        ({ flag }) => !issues.some((issue) => issue.flag === flag),
      ),
    );
  if (issues.length > 0 || target === undefined)
    throw new UnusableError(issues);
  return { target, given, found };
}
