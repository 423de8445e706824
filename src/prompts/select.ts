import type { NodePlopAPI } from "node-plop";
import { styleFor } from "../base/colors.ts";

/** The part of inquirer's list prompt that is used here. */
interface List {
  rl: NodeJS.EventEmitter;
  opt: { choices: { realChoices: readonly Choice[] } };
  screen: { render: (content: string, below?: string) => void };
  selected: number;
  done: (value: unknown) => void;
  _run(done: (value: unknown) => void): this;
  getCurrentValue(): unknown;
  onSubmit(value: unknown): void;
}
type ListClass = new (...args: readonly unknown[]) => List;

interface Choice {
  readonly name: string;
  readonly value: string;
}

/**
 * The choice that Enter takes.
 * @param typed before Enter: a number, j and k move the selection, as the arrow keys do
 * @param selected the index of the selection
 * @returns its index; undefined if the text is none of the choices
 */
export function choiceOf(
  typed: string,
  choices: readonly Choice[],
  selected: number,
): number | undefined {
  const text = typed.trim().toLowerCase();
  const moves = (key: string): boolean =>
    "jk".includes(key) || (Number(key) > 0 && Number(key) <= choices.length);
  if ([...text].every(moves)) return selected;
  const lower = choices.map((one) =>
    [one.value, one.name].map((word) => word.toLowerCase()),
  );
  const exact = lower.findIndex(([value]) => value === text);
  if (exact >= 0) return exact;
  const meant = [...lower.keys()].filter((index) =>
    lower[index]?.some((word) => word.startsWith(text)),
  );
  return meant.length === 1 ? meant[0] : undefined;
}

/** inquirer's list ignores what is typed and takes the selection. This one takes a typed choice, or asks again. */
export function setSelect(plop: NodePlopAPI): void {
  const { inquirer } = plop as unknown as {
    inquirer: { prompt: { prompts: { list: ListClass } } };
  };
  const Base = inquirer.prompt.prompts.list;
  class Select extends Base {
    #typed = "";
    #error = "";

    constructor(...args: readonly unknown[]) {
      super(...args);
      const { screen } = this;
      const render = screen.render.bind(screen);
      screen.render = (content) => render(content, this.#error);
    }

    override _run(done: (value: unknown) => void): this {
      // Without a history, the arrow keys don't bring back what was typed.
      this.rl.once("history", (history: string[]) => void history.splice(0));
      this.rl.once("line", (line: string) => (this.#typed = line));
      return super._run(done);
    }

    override getCurrentValue(): unknown {
      const { realChoices } = this.opt.choices;
      const choice = choiceOf(this.#typed, realChoices, this.selected);
      const { red } = styleFor(true, true);
      this.#error =
        choice === undefined
          ? `${red(">>")} Type the start of a choice, or use the arrow keys.`
          : "";
      this.selected = choice ?? this.selected;
      return super.getCurrentValue();
    }

    override onSubmit(value: unknown): void {
      if (this.#error === "") super.onSubmit(value);
      else this._run(this.done);
    }
  }
  plop.setPrompt("list", Select as never);
}
