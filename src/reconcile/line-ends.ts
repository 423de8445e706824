import { generatedFile } from "../render/generated-files.ts";

/** Whether a script has Windows line ends, as after a checkout with core.autocrlf. */
export const hasCrlf = (path: string, text: string): boolean =>
  generatedFile(path)?.format === "shell" && text.includes("\r\n");

/** Gives all scripts the line ends that bash can read. */
export const CONVERT = "sed -i 's/\\r$//' scripts/*.sh";
