import xterm from "@xterm/headless";

/** Text of one style. Colours are codes of ECMA-48 8.3.117, for example `36`. */
export interface Run {
  readonly text: string;
  readonly bold: boolean;
  readonly dim: boolean;
  readonly color: number | undefined;
}

export type Row = readonly Run[];

export const COLUMNS = 80;
export const LINES = 24;

/** A terminal of 80 columns and 24 lines. */
export class Screen {
  readonly #terminal = new xterm.Terminal({
    cols: COLUMNS,
    rows: LINES,
    allowProposedApi: true,
  });

  /** Resolves when the output is drawn. */
  write(output: string): Promise<void> {
    return new Promise((resolve) => this.#terminal.write(output, resolve));
  }

  /** All rows up to the last non-empty one, including those scrolled away. */
  rows(): Row[] {
    const { active } = this.#terminal.buffer;
    const rows = Array.from({ length: active.length }, (_, y) => this.#row(y));
    return rows.slice(0, rows.findLastIndex((row) => row.length > 0) + 1);
  }

  #row(y: number): Row {
    const line = this.#terminal.buffer.active.getLine(y);
    const length = line?.translateToString(true).trimEnd().length ?? 0;
    const runs: Run[] = [];
    for (let x = 0; x < length; x++) {
      const cell = line?.getCell(x);
      if (cell === undefined) break;
      const look = {
        bold: cell.isBold() > 0,
        dim: cell.isDim() > 0,
        color: cell.isFgPalette() ? 30 + cell.getFgColor() : undefined,
      };
      const last = runs.at(-1);
      const text = cell.getChars() || " ";
      if (last && sameLook(last, look))
        runs[runs.length - 1] = { ...last, text: last.text + text };
      else runs.push({ ...look, text });
    }
    return runs;
  }
}

function sameLook(run: Run, look: Omit<Run, "text">): boolean {
  return (
    run.bold === look.bold && run.dim === look.dim && run.color === look.color
  );
}

export function textOf(row: Row | undefined): string {
  return row?.map(({ text }) => text).join("") ?? "";
}
