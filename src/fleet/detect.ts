import type { FleetFile } from "../answers/answers-file.ts";
import { FailedError, UnusableError } from "../base/errors.ts";
import { printable, printableJson } from "../base/escape.ts";
import type { Given } from "../answers/resolve.ts";
import type { Detected, Detection } from "../detect/infer/types.ts";
import { readFleet } from "./read-fleet.ts";

/** What was found out about the hosts that have a login. */
export interface FleetDetection {
  readonly file: FleetFile;
  readonly hosts: ReadonlyMap<string, Detection>;
}

/**
 * Detects on each host with an ssh answer, one after the other: ssh may ask for a password.
 * @param read reads one server; its second argument has the host's own answers
 * @throws FailedError with every host that can't be read
 */
export async function detectHosts(
  file: FleetFile,
  read: (ssh: string, given: Given) => Promise<Detection>,
): Promise<FleetDetection> {
  const hosts = new Map<string, Detection>();
  const failed: FailedError[] = [];
  for (const [name, given] of readFleet(file).hosts) {
    const { ssh } = given;
    if (typeof ssh !== "string" || ssh === "none") continue;
    try {
      hosts.set(name, await read(ssh, given));
    } catch (error) {
      if (!(error instanceof FailedError)) throw error;
      failed.push(
        new FailedError(`${name}: ${error.message}`, error.remedy, {
          cause: error,
        }),
      );
    }
  }
  const [first, ...others] = failed;
  if (first)
    throw new FailedError(
      [first, ...others].map(({ message }) => message).join("; "),
      first.remedy,
      { cause: first },
    );
  if (hosts.size === 0) throw new UnusableError([NO_LOGIN]);
  return { file, hosts };
}

const NO_LOGIN = {
  flag: "--answers",
  reason: "no host has an ssh answer",
  remedy: "Give each host its login, like ssh: root@192.0.2.1",
};

/** The file with what was detected; what the owner wrote counts. */
export function detectedFleetJson({ file, hosts }: FleetDetection): string {
  const { hosts: listed, ...shared } = file.content;
  const all = Object.entries(listed as Record<string, Given | null>).map(
    ([name, own]) => [
      name,
      {
        ...Object.fromEntries(
          missingOf(hosts.get(name), { ...shared, ...own }).map((one) => [
            one.key,
            one.value,
          ]),
        ),
        ...own,
      },
    ],
  );
  return printableJson({ ...shared, hosts: Object.fromEntries(all) });
}

/** The same as YAML, each detected answer with its source. */
export function detectedFleetYaml({ file, hosts }: FleetDetection): string {
  const { hosts: listed, ...shared } = file.content;
  // Any JSON value is also YAML (YAML 1.2, section 1.3).
  const line = ([key, value]: [string, unknown]): string =>
    `${key}: ${JSON.stringify(value)}`;
  return [
    ...Object.entries(shared).map(line),
    "hosts:",
    ...Object.entries(listed as Record<string, Given | null>).flatMap(
      ([name, own]) => [
        `  ${name}:`,
        ...Object.entries(own ?? {}).map((entry) => `    ${line(entry)}`),
        ...missingOf(hosts.get(name), { ...shared, ...own }).map(
          ({ key, value, source }) =>
            `    ${line([key, value])} # ${printable(source)}`,
        ),
      ],
    ),
  ].join("\n");
}

/** The detected answers that the owner has not given. */
const missingOf = (
  found: Detection | undefined,
  given: Given,
): readonly Detected[] =>
  (found?.answers ?? []).filter(({ key }) => given[key] === undefined);
