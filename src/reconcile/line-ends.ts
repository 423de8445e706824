import { pathWord } from "../base/program.ts";
import { generatedFile } from "../render/generated-files.ts";

/** Whether a script has Windows line ends, as after a checkout with core.autocrlf. */
export const hasCrlf = (path: string, text: string): boolean =>
  generatedFile(path)?.format === "shell" && text.includes("\r\n");

/** What to do about scripts that have them. */
export const crlfNotes = (
  directory: string,
  paths: readonly string[],
): string[] =>
  paths.length === 0
    ? []
    : [
        `bash cannot read the CRLF line ends of ${paths.join(", ")}:\n  sed -i 's/\\r$//' ${pathWord(directory, "scripts")}/*.sh`,
      ];
