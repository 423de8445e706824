import { program, PUBLISHED } from "../base/program.ts";

/** One line of the report, like a row of apply.sh's. */
export interface Row {
  readonly step: string;
  readonly status: string;
  readonly detail: string;
  readonly remedy?: string;
}

export const row = (
  step: string,
  status: string,
  detail: string,
  remedy?: string,
): Row => ({ step, status, detail, ...(remedy !== undefined && { remedy }) });

/** The last line of apply.sh --json. */
export interface ApplyEnd {
  readonly outcome: string;
  /** Its exit code. */
  readonly code: number;
  /** The seconds that are left to confirm; undefined if nothing waits for that. */
  readonly left: number | undefined;
}

/**
 * A line of apply.sh --json, which anyone may have written; undefined for anything else. A remedy calls
 * this program as it can be called here.
 */
export function readLine(line: string): Row | ApplyEnd | undefined {
  const fields = parsedObject(line);
  if (fields === undefined) return undefined;
  const { step, status, detail, remedy, outcome, code } = fields;
  if (typeof outcome === "string") {
    const left = Number(fields["confirm_within"]);
    return {
      outcome,
      code: Number.isInteger(code) ? Number(code) : 1,
      left: left > 0 && left < 1e6 ? left : undefined,
    };
  }
  if (typeof step !== "string" || typeof status !== "string") return undefined;
  return {
    step,
    status,
    detail: typeof detail === "string" ? detail : "",
    ...(typeof remedy === "string" && {
      remedy: remedy.replaceAll(PUBLISHED, () => program()),
    }),
  };
}

export const isEnd = (line: Row | ApplyEnd): line is ApplyEnd =>
  "outcome" in line;

/** The object in a line of JSON; undefined for anything else. */
export function parsedObject(
  line: string,
): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null
      ? (value as Record<string, unknown>)
      : undefined;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return undefined;
  }
}
