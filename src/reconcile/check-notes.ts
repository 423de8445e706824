import { commandLine } from "../base/program.ts";
import type { Plan } from "../plan/plan.ts";
import type { File, Tree } from "../render/render.ts";
import { SECRET_FILE } from "../render/secrets.ts";
import { entryAt, textAt, type Disk } from "../repository/disk.ts";
import { IGNORE_FILE, secretStatus } from "../repository/ignored.ts";
import { crlfNotes, hasCrlf } from "./line-ends.ts";
import { absentSecretNote, secretNotes } from "./notices.ts";
import { missingVariables } from "./variables.ts";

/** What check says about .env. */
export function notesOn(
  directory: string,
  rendered: Tree,
  disk: Disk,
): string[] {
  const generated = (rendered.get(SECRET_FILE) as File).text;
  return [
    missingVariables(generated, textAt(disk, SECRET_FILE) ?? generated),
    secretNotes(directory, secretStatus(directory, textAt(disk, IGNORE_FILE))),
    absentSecretNote(entryAt(disk, SECRET_FILE).kind === "absent"),
    crlfNotes(directory, withCrlf(disk)),
  ].flatMap((note) => note ?? []);
}

const withCrlf = (disk: Disk): string[] =>
  [...disk.keys()].filter((path) => hasCrlf(path, textAt(disk, path) ?? ""));

/** The old addresses that the files have until the overlap ends. */
export function overlapNotes(directory: string, { previous }: Plan): string[] {
  if (previous === null) return [];
  const { host, containers } = previous;
  const all = [...(host ? [host] : []), ...containers];
  const addresses = all.map(({ address }) => address).join(", ");
  return [
    `Until the overlap ends, old addresses stay: ${addresses}. To end it:\n  ${commandLine("regenerate", directory, "--finish")}`,
  ];
}
