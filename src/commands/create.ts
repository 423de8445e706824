import { readdirSync } from "node:fs";
import { resolve as absolute } from "node:path";
import { wasCutOff } from "../in-place.ts";
import { QUESTIONS } from "../answers.ts";
import { readAnswersFile } from "../answers-file.ts";
import type { Arguments } from "../args.ts";
import { UnusableError, type ExitCode, type Issue } from "../errors.ts";
import { generate, inspect, type Outcome, type Owner } from "../generate.ts";
import { outcomeJson, outcomeText } from "../outcome.ts";
import { survey, type Given } from "../resolve.ts";
import { styleFor } from "../style.ts";

/** `create-kong-ipv6 [directory]`: asks what flags and --answers leave open, then generates. */
export async function create(args: Arguments): Promise<ExitCode> {
  const terminal =
    process.stdin.isTTY === true && process.stdout.isTTY === true;
  const asks = terminal && !args.yes && !args.json;
  const { shown, directory, given } = await usable(args, asks);
  const style = styleFor(process.stdout, args.color);
  const show = (text: string): void => void process.stdout.write(`${text}\n`);
  const owner: Owner | undefined = asks
    ? { prompter: loadPrompter, style, show }
    : undefined;

  const request = {
    directory,
    dryRun: args.dryRun,
    conflict: args.conflict,
    git: args.git,
  };
  const act = (answered: Given): Promise<Outcome> =>
    generate(answered, request, owner);
  const asked = asks && QUESTIONS.some(({ key }) => given[key] === undefined);
  // The doorbell: plop, prompts and inquirer are loaded only where there is something to ask.
  const outcome = asked
    ? await (await import("../run-conversation.ts")).runConversation(given, act)
    : await act(given);

  const { dryRun, diff, git } = args;
  show(
    args.json
      ? outcomeJson(outcome)
      : outcomeText(outcome, { shown, asked, dryRun, diff, git }, style),
  );
  return outcome.exitCode;
}

/**
 * The arguments and what the answers file gives, looked at before anything is asked or done.
 * @throws UnusableError with every issue of arguments, directory, file and answers
 */
async function usable(
  args: Arguments,
  asks: boolean,
): Promise<{ shown: string; directory: string; given: Given }> {
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
  // What can't be read may be the very answer that seems to be missing.
  const defaults = !asks && issues.length === 0;
  const shown = args.directory ?? (await collected(implied));
  const directory = absolute(shown ?? "");
  if (shown !== undefined) await collected(() => inspect(directory));
  issues.push(...survey(given, undefined, { defaults }).issues);
  if (issues.length > 0 || shown === undefined) throw new UnusableError(issues);
  return { shown, directory, given };
}

async function loadPrompter(): ReturnType<Owner["prompter"]> {
  return (await import("../run-conversation.ts")).loadPrompter();
}

/** Without a directory it is the current one, if nothing is in there that could be mixed up with it. */
function implied(): string {
  if (readdirSync(".").every((name) => name === ".git")) return ".";
  // Begun by a run that was cut off.
  if (wasCutOff(".")) return ".";
  throw new UnusableError([
    {
      flag: "directory",
      reason: "it is missing, and the current directory is not empty",
      remedy: "Name one, like my-gateway, or . for this one",
    },
  ]);
}
