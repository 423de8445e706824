import type { Arguments } from "../parse-args.ts";
import { inferAnswers } from "../../detect/infer/infer-answers.ts";
import { readServer } from "../../detect/detector.ts";
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
 * `create-kong-ipv6 detect`: the facts of this server, or of --ssh, as answers. The answers go to
 * standard output, as `--answers` reads them, and the facts behind them to standard error.
 */
export async function detect(args: Arguments): Promise<ExitCode> {
  if (args.issues.length > 0) throw new UnusableError(args.issues);
  if (args.answersFile !== undefined)
    return await (await import("./fleet.ts")).detectFleet(args);
  const terminal = isTerminal(0);
  const detection = inferAnswers(await readServer(args.ssh, terminal));
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
