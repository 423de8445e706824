import { readdirSync } from "node:fs";
import { resolve as absolute } from "node:path";
import { QUESTIONS } from "../answers.ts";
import { readAnswersFile } from "../answers-file.ts";
import type { Arguments } from "../args.ts";
import { UnusableError, type ExitCode } from "../errors.ts";
import { generate, inspect, type Outcome, type Owner } from "../generate.ts";
import { outcomeJson, outcomeText } from "../outcome.ts";
import { survey, type Given } from "../resolve.ts";
import { styleFor } from "../style.ts";

/** `create-kong-ipv6 [directory]`: asks what flags and --answers leave open, then generates. */
export async function create(args: Arguments): Promise<ExitCode> {
  const shown = args.directory ?? implied();
  const directory = absolute(shown);
  inspect(directory);
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

  const request = {
    directory,
    dryRun: args.dryRun,
    conflict: args.conflict,
    git: args.git,
  };
  const act = (answered: Given): Promise<Outcome> =>
    generate(answered, request, owner);
  const asked = asks && QUESTIONS.some(({ key }) => given[key] === undefined);
  const outcome = asked ? await talk(given, act) : await act(given);

  const { dryRun, diff } = args;
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
  act: (given: Given) => Promise<Outcome>,
): Promise<Outcome> {
  const { issues } = survey(given, undefined, { defaults: false });
  if (issues.length > 0) throw new UnusableError(issues);
  const { runConversation } = await import("../run-conversation.ts");
  return await runConversation(given, act);
}

async function loadPrompter(): ReturnType<Owner["prompter"]> {
  return (await import("../run-conversation.ts")).loadPrompter();
}

/** Without a directory it is the current one, if nothing is in there that could be mixed up with it. */
function implied(): string {
  if (readdirSync(".").every((name) => name === ".git")) return ".";
  throw new UnusableError([
    {
      flag: "directory",
      reason: "it is missing, and the current directory is not empty",
      remedy: "Name one, like my-gateway, or . for this one",
    },
  ]);
}
