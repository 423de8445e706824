import { createTwoFilesPatch, FILE_HEADERS_ONLY } from "diff";
import type { Change } from "../reconcile/change.ts";
import { redactOthers, SECRET_FILE } from "../render/secrets.ts";
import type { Style } from "../base/colors.ts";
import { printableText } from "../base/escape.ts";

const shown = (path: string, text = ""): string =>
  path === SECRET_FILE ? redactOthers(text) : text;

/** A unified diff from the current text to the new one, without any secret, the owner's own included. */
export function patchOf({ path, before, after }: Change): string {
  return createTwoFilesPatch(
    before === null ? "/dev/null" : `a/${path}`,
    after === null ? "/dev/null" : `b/${path}`,
    shown(path, before?.text),
    shown(path, after?.text),
    "",
    "",
    { headerOptions: FILE_HEADERS_ONLY },
  );
}

/** The same for a terminal, in colour. */
export function diffText(change: Change, style: Style): string {
  return printableText(patchOf(change))
    .trimEnd()
    .split("\n")
    .map((line) => {
      if (line.startsWith("+++") || line.startsWith("---"))
        return style.bold(line);
      if (line.startsWith("@@")) return style.cyan(line);
      if (line.startsWith("+")) return style.green(line);
      return line.startsWith("-") ? style.red(line) : line;
    })
    .join("\n");
}
