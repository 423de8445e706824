import { crypto } from "../base/builtin.ts";
import type { Answers } from "../answers/types.ts";
import type { FleetRole } from "../plan/types.ts";
import type { File, Tree } from "../render/render.ts";
import { abridged } from "./previous-answers.ts";
import { VERSION } from "../base/version.ts";

/** The answers and the texts that were last generated. Owners commit it; it holds no secret. */
export const STATE_FILE = ".kong-ipv6.json";

export const SCHEMA_VERSION = 1;

/** Marks an edited .env. Its sha256 is not stored: its secrets could be guessed from it. */
export const EDITED = "edited";
/** The owner kept .env in a conflict, so its values do not count as outdated. */
export const KEPT = "kept";

/** By name (nameOf): one digit for each place of the name in a text, 1 where it is the owner's own. */
export type Marks = Readonly<Record<string, string>>;

export interface State {
  readonly schemaVersion: number;
  /** The version of create-kong-ipv6 that wrote it. */
  readonly generator: string;
  readonly answers: Answers;
  /** During an overlap, what the server had before it: the files have those addresses too. The file holds only the difference. */
  readonly overlap?: Answers;
  /** What the fleet adds, if this is one of its servers. */
  readonly fleet?: FleetRole;
  /** What the server has, as far as is known: the answers of the last confirmed deploy, or else those before the first change. Absent if they are the present ones. The file holds only the difference. */
  readonly deployed?: Answers;
  /** Earlier answers, newest first. The file holds only the difference of each to the next newer one. */
  readonly previousAnswers: readonly Answers[];
  /** Whether more than one create made the files: regenerate ran since, or create found some as generated. */
  readonly regenerated?: true;
  readonly files: Readonly<Record<string, FileRecord>>;
}

export interface FileRecord {
  /** Of the last generated text. */
  readonly sha256: string;
  /** Permission bits in octal: "0644". */
  readonly mode: string;
  /** That text, the base of the next merge; absent for a verbatim file. */
  readonly text?: string;
  /** The owner's version in the last run: its sha256, "absent", or "edited" or "kept" (.env). Missing if the file was as generated. */
  readonly owner?: string;
  /** Whether that version is a merge that regenerate made. */
  readonly merged?: true;
  /** The owner kept the file in a conflict, although it contradicts the answers. */
  readonly kept?: true;
  /** The answers of that text, if it is older than the state: the file is in conflict, or no longer generated. */
  readonly answers?: Answers;
  /** Names in the owner's version that equal the plan's values but are the owner's own. */
  readonly owned?: Marks;
  /** sha256 of the last sidecar, if the file is in conflict. */
  readonly sidecar?: string;
}

/** All previous answers whose values may still be in files: the list, then those of single files. */
export function allPreviousAnswers({
  previousAnswers,
  files,
}: State): Answers[] {
  const held = Object.values(files).flatMap(({ answers }) => answers ?? []);
  return [...previousAnswers, ...held];
}

/**
 * Whether a file that is not there now has no decision of the owner's, if it was not generated in the
 * last run: it was deleted since.
 */
export const isDroppable = ({ answers, owner }: FileRecord): boolean =>
  answers !== undefined && owner !== "absent";

/** The answers that the server has until a deploy is confirmed. */
export const deployedAnswers = ({ deployed, answers }: State): Answers =>
  deployed ?? answers;

/** The state of a repository whose server has these answers. */
export function withDeployed(before: State, deployed: Answers): State {
  const { deployed: _, ...state } = before;
  const [difference] = abridged([deployed], state.answers);
  const isPresent = Object.keys(difference ?? {}).length === 0;
  return { ...state, ...(!isPresent && { deployed }) };
}

/** The state of a new repository. */
export function stateOf(answers: Answers, tree: Tree): State {
  const files = [...tree].map(([path, file]): [string, FileRecord] => [
    path,
    record(file),
  ]);
  return {
    schemaVersion: SCHEMA_VERSION,
    generator: VERSION,
    answers,
    previousAnswers: [],
    files: Object.fromEntries(files),
  };
}

/** The state's record of one file. */
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

/** sha256 of a text that a run needs several times. */
export function sumOfText(text: string): string {
  let sum = SUMS.get(text);
  if (sum === undefined) SUMS.set(text, (sum = sha256(text)));
  return sum;
}

/** sha256 of a file's text. A verbatim file has it from the build. */
export const sumOf = (file: File): string =>
  file.sha256 ?? sumOfText(file.text);

export function stateText({
  files,
  regenerated,
  overlap,
  fleet,
  deployed,
  ...state
}: State): string {
  const previousAnswers = abridged(state.previousAnswers, state.answers);
  const rest = {
    ...(overlap && { overlap: abridged([overlap], state.answers)[0] }),
    ...(fleet && { fleet }),
    ...(deployed && { deployed: abridged([deployed], state.answers)[0] }),
    ...(regenerated && { regenerated }),
    files,
  };
  return `${JSON.stringify({ ...state, previousAnswers, ...rest }, null, 2)}\n`;
}
