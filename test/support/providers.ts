import { readArguments } from "../../src/cli/parse-args.ts";
import { inferAnswers } from "../../src/detect/infer/infer-answers.ts";
import { valuesOf, type Detection } from "../../src/detect/infer/types.ts";
import type { Given } from "../../src/answers/resolve.ts";
import { providerFactsOf } from "../unit/detect/recordings.ts";
import { documentText } from "./documents.ts";

/** A row of docs/providers.md. */
export interface ProviderRow {
  /** The name of its recording. */
  readonly name: string;
  readonly delivery: string;
  readonly gateway: string;
  /** The flags, without the code marks. */
  readonly type: string;
  readonly exposed: string;
  /** Whether a host of the lab was on such a network. */
  readonly lab: boolean;
}

export const providerRows = (): ProviderRow[] =>
  documentText("docs/providers.md")
    .split("\n")
    .filter((line) => line.includes("/providers/"))
    .map((line) => {
      const cells = line.split("|").map((cell) => cell.trim());
      const [, , , , delivery, gateway, type, exposed, tested] = cells;
      const name = /providers\/(\S+)\.txt/.exec(tested ?? "")?.[1];
      if (name === undefined) throw new Error(line);
      return {
        name,
        delivery: (delivery as string).replace("?", ""),
        gateway: gateway as string,
        type: (type as string).replaceAll("`", ""),
        exposed: exposed as string,
        lab: (tested as string).endsWith(", lab"),
      };
    });

/** What create --ssh takes from a provider's server and the flags of its row. */
export async function detectedAt({
  name,
  type,
}: ProviderRow): Promise<{ detection: Detection; given: Given }> {
  const flags = type.startsWith("--") ? type.split(" ") : [];
  const { given, issues } = readArguments(["gw", ...flags]);
  if (issues.length > 0) throw new Error(JSON.stringify(issues));
  const detection = inferAnswers(await providerFactsOf(name), given);
  return { detection, given: { ...valuesOf(detection.answers), ...given } };
}
