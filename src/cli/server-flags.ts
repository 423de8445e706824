import { posix } from "node:path";
import { parseSshTarget } from "../answers/parse-names.ts";
import { refusalOfPath } from "../answers/parse-paths.ts";
import { type Issue, Refusal } from "../base/errors.ts";
import { printable } from "../base/escape.ts";
import type { Command } from "./flags.ts";
import type { Tokens } from "./tokens.ts";

/** What detect, deploy and probe take. */
export interface ServerFlags {
  /** --ssh of detect and deploy: the server; undefined for this machine, or the remembered one. Elsewhere --ssh is an answer. */
  readonly ssh: string | undefined;
  /** --path of deploy: absolute. */
  readonly path: string;
  /** --confirm-within of deploy, in whole seconds. */
  readonly confirmWithin: number;
  /** --timeout of probe, in seconds. */
  readonly timeout: number;
}

/** What is wrong with them is added to `issues`. */
export function readServerFlags(
  command: Command,
  values: Tokens["values"],
  issues: Issue[],
): ServerFlags {
  const takesSsh = command === "detect" || command === "deploy";
  const ssh = takesSsh ? readSsh(values.get("ssh"), issues) : undefined;
  const path = readPath(values.get("path"), issues);
  const within = readSeconds("--confirm-within", values, issues, [10, 86_400]);
  const timeout = readSeconds("--timeout", values, issues, [0.1, 60]) ?? 5;
  return { ssh, path, confirmWithin: Math.round(within ?? 120), timeout };
}

function readSsh(
  texts: readonly string[] | undefined,
  issues: Issue[],
): string | undefined {
  if (texts === undefined) return undefined;
  const value = single("--ssh", texts, issues);
  try {
    return parseSshTarget(value);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const { message: reason, remedy } = error;
    issues.push({ flag: "--ssh", value, reason, remedy });
    return undefined;
  }
}

/** The directory on the server. It is replaced file by file, so it must be a directory of its own. */
function readPath(
  texts: readonly string[] = ["/opt/kong-ipv6"],
  issues: Issue[],
): string {
  const value = single("--path", texts, issues);
  const path = posix.normalize(value).replace(/\/$/, "");
  const parts = path.split("/").length - 1;
  const isOwn =
    path.startsWith("/") && parts >= 2 && printable(value) === value;
  const reason = isOwn
    ? refusalOfPath(path)
    : "it is not an absolute path of a directory of its own";
  if (reason === undefined) return path;
  issues.push({
    flag: "--path",
    value,
    reason,
    remedy: "Write it like --path /opt/kong-ipv6",
  });
  return path;
}

/** A number of seconds. @returns undefined if it is not given, or not usable */
function readSeconds(
  flag: string,
  values: Tokens["values"],
  issues: Issue[],
  [least, most]: readonly [number, number],
): number | undefined {
  const texts = values.get(flag.slice(2));
  if (texts === undefined) return undefined;
  const value = single(flag, texts, issues);
  const seconds = Number(value);
  if (/^\d+(\.\d+)?$/.test(value) && seconds >= least && seconds <= most)
    return seconds;
  issues.push({
    flag,
    value,
    reason: `it is not a number of seconds from ${least} to ${most}`,
    remedy: `Write it like ${flag} ${Math.min(10, most)}`,
  });
  return undefined;
}

/** The value of a flag that can be given once. */
export function single(
  flag: string,
  values: readonly string[],
  issues: Issue[],
): string {
  if (values.length > 1)
    issues.push({
      flag,
      value: values.join(" and "),
      reason: "it is given more than once",
      remedy: "Give it once",
    });
  return values[0] ?? "";
}
