import type { Arguments } from "../parse-args.ts";
import { detect as detectFrom } from "../../detect/infer/detection.ts";
import { lookAt } from "../../detect/look.ts";
import {
  answersJson,
  answersYaml,
  detectionJson,
  detectionText,
} from "../../detect/print.ts";
import { EXIT, UnusableError, type ExitCode } from "../../base/errors.ts";
import { styleFor } from "../../base/colors.ts";
import { isTerminal, write } from "../../base/stdio.ts";

/**
 * `create-kong-ipv6 detect`: what this server, or one reached by --ssh, says about itself. Answers go
 * to standard output, as `--answers` reads them; the facts that they came from to standard error.
 */
export async function detect(args: Arguments): Promise<ExitCode> {
  if (args.issues.length > 0) throw new UnusableError(args.issues);
  const terminal = isTerminal(0);
  const detection = detectFrom(await lookAt(args.ssh, terminal));
  if (args.json) {
    write(1, `${detectionJson(detection)}\n`);
    return EXIT.done;
  }
  const style = styleFor(isTerminal(2), args.color);
  write(2, `${detectionText(detection, style)}\n`);
  const print = args.yaml ? answersYaml : answersJson;
  write(1, `${print(detection)}\n`);
  return EXIT.done;
}
