import { commandLine } from "../base/program.ts";
import type { Plan } from "../plan/plan.ts";
import { addressesKept } from "../plan/summary.ts";
import type { File, Tree } from "../render/render.ts";
import { lacksSecret, SECRET_FILE } from "../render/secrets.ts";
import { entryAt, textAt, type Disk } from "../repository/disk.ts";
import { fleetOf } from "../repository/fleet-directory.ts";
import { IGNORE_FILE, secretStatus } from "../repository/ignored.ts";
import { crlfNotes, hasCrlf } from "./line-ends.ts";
import {
  absentSecretText,
  secretNotes,
  takeGenerated,
  unusableRemedy,
} from "./notices.ts";
import { missingVariables } from "./variables.ts";

/** What check says about .env. */
export function notesOn(
  directory: string,
  rendered: Tree,
  disk: Disk,
): string[] {
  const generated = (rendered.get(SECRET_FILE) as File).text;
  const env = textAt(disk, SECRET_FILE);
  const theirs = takeGenerated(directory);
  return [
    env !== undefined && lacksSecret(env, generated)
      ? unusableRemedy(SECRET_FILE, env, rendered, theirs)
      : undefined,
    missingVariables(generated, env ?? generated),
    secretNotes(directory, secretStatus(directory, textAt(disk, IGNORE_FILE))),
    entryAt(disk, SECRET_FILE).kind === "absent"
      ? absentSecretText(rendered)
      : undefined,
    crlfNotes(directory, withCrlf(disk)),
  ].flatMap((note) => note ?? []);
}

const withCrlf = (disk: Disk): string[] =>
  [...disk.keys()].filter((path) => hasCrlf(path, textAt(disk, path) ?? ""));

/** The old addresses that the files have until the overlap ends. */
export function overlapNotes(directory: string, plan: Plan): string[] {
  const kept = addressesKept(plan);
  if (kept.length === 0) return [];
  return [
    `Until the overlap ends, old addresses stay: ${kept.join(", ")}. To end it:\n  ${commandLine("regenerate", fleetOf(directory) ?? directory, "--finish")}`,
  ];
}
