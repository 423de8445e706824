import { resolve as absolute } from "node:path";
import { QUESTIONS } from "../answers.ts";
import { readAnswersFile } from "../answers-file.ts";
import type { Arguments } from "../args.ts";
import { UnusableError, type ExitCode } from "../errors.ts";
import { generate, type Outcome, type Owner } from "../generate.ts";
import { outcomeJson, outcomeText } from "../outcome.ts";
import { survey, type Given } from "../resolve.ts";
import type { State } from "../state.ts";
import { styleFor } from "../style.ts";

/**
 * What create and regenerate share: answers from file and flags, a conversation about what they
 * leave open, the one action, the report.
 */
export async function run(
  args: Arguments,
  shown: string,
  former?: State,
): Promise<ExitCode> {
  const fromFile =
    args.answersFile === undefined
      ? {}
      : await readAnswersFile(args.answersFile);
  const given: Given = { ...fromFile, ...args.given };

  const terminal =
    process.stdin.isTTY === true && process.stdout.isTTY === true;
  const asks = terminal && !args.yes && !args.json;
  const style = styleFor(process.stdout, args.color);
  const show = (text: string): void => void process.stdout.write(`${text}\n`);
  const owner: Owner | undefined = asks
    ? { prompter: loadPrompter, style, show }
    : undefined;

  const { dryRun, diff, conflict, git } = args;
  const request = {
    directory: absolute(shown),
    dryRun,
    conflict,
    git,
    ...(former && { former }),
  };
  const act = (answered: Given): Promise<Outcome> =>
    generate(answered, request, owner);
  // What was generated has all its answers: there only a run without any new one asks.
  const open = former
    ? Object.keys(given).length === 0
    : QUESTIONS.some(({ key }) => given[key] === undefined);
  const asked = asks && open;
  const outcome = asked ? await talk(given, former, act) : await act(given);

  show(
    args.json
      ? outcomeJson(outcome)
      : outcomeText(outcome, { shown, asked, dryRun, diff }, style),
  );
  return outcome.exitCode;
}

/** The doorbell: plop, prompts and inquirer are loaded only where there is something to ask. */
async function talk(
  given: Given,
  former: State | undefined,
  act: (given: Given) => Promise<Outcome>,
): Promise<Outcome> {
  const { issues } = survey(given, undefined, { defaults: false });
  if (issues.length > 0) throw new UnusableError(issues);
  const { runConversation } = await import("../run-conversation.ts");
  return await runConversation(given, act, former?.answers);
}

async function loadPrompter(): ReturnType<Owner["prompter"]> {
  return (await import("../run-conversation.ts")).loadPrompter();
}
