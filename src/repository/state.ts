import { crypto } from "../base/builtin.ts";
import type { Answers } from "../answers/types.ts";
import type { File, Tree } from "../render/render.ts";
import { abridged } from "./previous-answers.ts";
import { VERSION } from "../base/version.ts";

/** Answers and the text of what was last generated; committed by the owner, holds no secret. */
export const STATE_FILE = ".kong-ipv6.json";

export const SCHEMA_VERSION = 1;

/** The owner's version of .env is known to be there, and no more: a sum of it would tell its secrets. */
export const EDITED = "edited";

/** By name (nameOf): one digit for each time that it stands in a text, 1 where it is the owner's own. */
export type Marks = Readonly<Record<string, string>>;

export interface State {
  readonly schemaVersion: number;
  /** The version of create-kong-ipv6 that wrote it. */
  readonly generator: string;
  readonly answers: Answers;
  /** What they were before, newest first; the file holds of each what differs from the next newer one. */
  readonly former: readonly Answers[];
  /** Whether regenerate has written it since create did. */
  readonly regenerated?: true;
  readonly files: Readonly<Record<string, FileRecord>>;
}

export interface FileRecord {
  /** Of what the generator last contributed to this file. */
  readonly sha256: string;
  /** Permission bits in octal: "0644". */
  readonly mode: string;
  /** That text, the base of the next merge; none for a file that is the same in every repository. */
  readonly text?: string;
  /** The owner's version of it that is known: its sha256, "absent", or "edited" (.env); none where it is as generated. */
  readonly owner?: string;
  /** Whether that version is what regenerate made of the owner's edits and a new text. */
  readonly merged?: true;
  /** The answers that text came from, where it is older than the state's own: held back, or generated no more. */
  readonly answers?: Answers;
  /** What of the owner's version reads like the plan's values, and is the owner's own. */
  readonly owned?: Marks;
  /** The sha256 of what was laid beside it last, for a conflict. */
  readonly beside?: string;
}

/** All answers of the past that files may hold values of, newest first. */
export function formerOf({ former, files }: State): Answers[] {
  const held = Object.values(files).flatMap(({ answers }) => answers ?? []);
  return [...former, ...held];
}

/** The state of a repository that was just made. */
export function stateOf(answers: Answers, tree: Tree): State {
  const files = [...tree].map(([path, file]): [string, FileRecord] => [
    path,
    record(file),
  ]);
  return {
    schemaVersion: SCHEMA_VERSION,
    generator: VERSION,
    answers,
    former: [],
    files: Object.fromEntries(files),
  };
}

/** What the state holds of one file. */
export function record(
  file: File,
  owner?: string,
  { owned }: Pick<FileRecord, "owned"> = {},
): FileRecord {
  return {
    sha256: sumOf(file),
    mode: file.mode.toString(8).padStart(4, "0"),
    ...(file.sha256 === undefined && { text: file.text }),
    ...(owner === undefined ? {} : { owner }),
    ...(owned && { owned }),
  };
}

export function sha256(data: string | Uint8Array): string {
  return crypto().hash("sha256", data);
}

const SUMS = new Map<string, string>();

/** The same of a text that is summed several times in a run. */
export function sumOfText(text: string): string {
  let sum = SUMS.get(text);
  if (sum === undefined) SUMS.set(text, (sum = sha256(text)));
  return sum;
}

/** The sum of a file's text, which a verbatim file brings along. */
export const sumOf = (file: File): string =>
  file.sha256 ?? sumOfText(file.text);

export function stateText({ files, regenerated, ...state }: State): string {
  const former = abridged(state.former, state.answers);
  const rest = { ...(regenerated && { regenerated }), files };
  return `${JSON.stringify({ ...state, former, ...rest }, null, 2)}\n`;
}
