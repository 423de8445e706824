import { PUBLISHED } from "../base/program.ts";
import type { PlanTexts } from "../plan/plan.ts";
import { GENERATED_FILES, pathIn } from "./generated-files.ts";
import { SECRET } from "./secrets.ts";
import { loadTemplates, verbatimSums, verbatimText } from "./templates.ts";

export interface File {
  readonly text: string;
  /** Permission bits, as in chmod(2). */
  readonly mode: number;
  /** Of the text, in hex, if the file is the same in every repository. */
  readonly sha256?: string;
}

/** Relative path (with /) to file, in the order of the paths. */
export type Tree = ReadonlyMap<string, File>;

/**
 * All files of a plan's repository. SECRET stands for secrets (see secrets.ts): the result may be
 * stored and shown. The text of a verbatim file is read when it is first needed.
 */
export function render(plan: PlanTexts): Tree {
  const data = { ...plan, secret: SECRET, program: PUBLISHED };
  const [templates, sums] = [loadTemplates(), verbatimSums()];
  const tree = new Map<string, File>();
  for (const row of GENERATED_FILES) {
    if (!row.when(plan)) continue;
    const { path, mode } = row;
    const template = templates.get(path);
    const sha256 = sums.get(path);
    if (template) tree.set(pathIn(row, plan), { text: template(data), mode });
    else if (sha256 !== undefined)
      tree.set(pathIn(row, plan), verbatim(path, mode, sha256));
  }
  return tree;
}

const verbatim = (path: string, mode: number, sha256: string): File => ({
  mode,
  sha256,
  get text() {
    return verbatimText(path);
  },
});
