import { join } from "node:path";

type Reporter = string | [string, { outputFile: string }];

/** What a person reads, and beside it a JSON report where .ci/run wants one (REPORTS). */
export function reporters(name: string): Reporter[] {
  const directory = process.env["REPORTS"];
  const json: Reporter[] = directory
    ? [["json", { outputFile: join(directory, `${name}.json`) }]]
    : [];
  return ["default", ...json];
}
