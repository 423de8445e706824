import { operandWord, program } from "../base/program.ts";
import { QUESTIONS } from "../answers/questions.ts";
import type { Answers } from "../answers/types.ts";
import type { Phase, Resolution } from "../reconcile/request.ts";
import { differing, flagsFor, keysToGive } from "../answers/flags-for.ts";
import { defaultAnswer, parsedOf } from "../answers/normal-form.ts";

interface Rerun {
  readonly answers: Answers;
  readonly previousAnswers?: Answers;
  /** How the conflicts were resolved. */
  readonly resolutions?: readonly Resolution[];
  readonly phase?: Phase;
}

interface RerunOptions {
  readonly shown: string;
  readonly git?: boolean;
  readonly dryRun?: boolean;
}

/** The command that does the same without questions, except what isOneByOne describes. */
export function rerunCommand(
  { answers, previousAnswers, resolutions = [], phase }: Rerun,
  { shown, git = false, dryRun = false }: RerunOptions,
): string {
  const needed = previousAnswers
    ? keysToGive(previousAnswers, answers)
    : new Set(differing(answers, defaultsOf(answers)));
  // --ssh implies --detect, which is skipped if no answer is left open.
  if (needed.has("ssh") && answers.ssh !== "none")
    for (const { key } of QUESTIONS) needed.add(key);
  const flags = flagsFor(answers, needed);
  return [
    program(),
    ...(previousAnswers ? ["regenerate"] : []),
    operandWord(shown),
    ...flags,
    ...(resolutions[0] && !isOneByOne(resolutions)
      ? ["--conflict", resolutions[0]]
      : []),
    ...(phase ? [`--${phase}`] : []),
    ...(git ? ["--git"] : []),
    ...(dryRun ? ["--dry-run"] : []),
    "--yes",
  ].join(" ");
}

/** Whether conflicts were resolved in different ways, which no flag can do. */
export const isOneByOne = (resolutions: readonly Resolution[]): boolean =>
  new Set(resolutions).size > 1;

/** The default of each answer beside the others. A random one differs each time, so it is none. */
function defaultsOf(answers: Answers): Partial<Answers> {
  const parsed = parsedOf(answers);
  return Object.fromEntries(
    QUESTIONS.filter(({ random }) => !random).map((question) => [
      question.key,
      defaultAnswer(question, parsed),
    ]),
  );
}
