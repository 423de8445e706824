import { QUESTIONS } from "../answers/questions.ts";
import { type Answers, type Question } from "../answers/types.ts";
import {
  valuesOf,
  type Detected,
  type Detector,
} from "../detect/infer/types.ts";
import type { PlanRow } from "../plan/summary.ts";
import { printable } from "../base/escape.ts";
import { type Given } from "../answers/resolve.ts";
import { ask, confirm, type Prompter } from "./ask.ts";
import { livePlan } from "./live-plan.ts";

/**
 * Asks for the missing answers: four questions first, the rest after one "More settings?". Every
 * answer is checked as if it were given by flag.
 * @param previous the previous answers. They are the defaults, moved to the new prefix
 * @param tell gets each row of the plan once, as soon as the answers decide it; and before a
 *   question the source of its detected default
 * @param detect gives detected answers, which replace other defaults
 * @returns the given answers and the new ones
 */
export async function converse(
  prompter: Prompter,
  given: Given,
  previous?: Answers,
  tell: (rows: readonly PlanRow[]) => void = () => {},
  detect?: Detector,
): Promise<Given> {
  const answers: Given = { ...given };
  const decidedRows = livePlan(previous);
  let detected: readonly Detected[] = [];
  const tellNew = async (): Promise<void> => {
    if (detect) detected = (await detect(answers)).answers;
    const rows = decidedRows(answers, valuesOf(detected));
    if (rows.length > 0) tell(rows);
  };
  const answer = async (question: Question): Promise<void> => {
    const seen = detected.find(({ key }) => key === question.key);
    if (seen)
      tell([{ ...seen, name: "detected", value: printable(seen.source) }]);
    answers[question.key] = await ask(
      prompter,
      question,
      answers,
      previous,
      seen,
    );
    await tellNew();
  };
  const open = ({ key }: Question): boolean => answers[key] === undefined;

  await tellNew();
  for (const question of QUESTIONS.filter(({ first }) => first).filter(open))
    await answer(question);
  const rest = QUESTIONS.filter(open);
  if (rest.length === 0) return answers;
  if (!(await confirm(prompter, "More settings?", false)))
    return { ...valuesOf(detected), ...answers };
  for (const question of rest) await answer(question);
  return answers;
}
