import { createHash, randomUUID } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { FailedError } from "../base/errors.ts";
import { SECRET_FILE } from "../render/secrets.ts";
import type { Connection } from "./connection.ts";
import type { Deployment } from "./deployment.ts";
import { decoded, mergeEnv, refuseOtherEncoding } from "./env-file.ts";
import { filesToCopy } from "./files.ts";
import { receiveCommand, surveyCommand } from "./on-server.ts";
import { asDeployed } from "./record.ts";
import { parsedObject, row } from "./row.ts";
import { archive, type Entry } from "./tar.ts";

interface Survey {
  readonly env: string | null;
  readonly base: string | null;
  readonly edited: readonly string[];
  readonly exists: boolean;
}

export interface Copied {
  /** The files that differ from those in PATH. */
  readonly changed: readonly string[];
  /** Whether PATH does not exist yet. */
  readonly isFirst: boolean;
  /** The sha256 of the list of files that ends the copy: another one for each deploy. */
  readonly digest: string;
}

/** Copies the repository to PATH.new. @returns undefined if the server refuses; @throws FailedError */
export async function copy(
  deployment: Deployment,
  connection: Connection,
): Promise<Copied | undefined> {
  const { directory, plan, previous, path, say } = deployment;
  const survey = surveyOf(
    await connection.must(surveyCommand(path), `reading ${path}`),
  );
  refuseOtherEncoding(survey.env ?? "", `${path}/${SECRET_FILE} on the server`);
  const file = join(directory, SECRET_FILE);
  const own = existsSync(file) ? decoded(readFileSync(file), file) : undefined;
  const { text, kept } = mergeEnv(
    own,
    survey.env ?? undefined,
    survey.base ?? undefined,
    plan,
    previous,
  );
  if (kept.length > 0)
    say(row(".env", "note", `the server's values stay: ${kept.join(", ")}`));
  const entries = filesToCopy(directory, plan).map(asDeployed);
  const names = new Set(entries.map((entry) => entry.path));
  for (const name of survey.edited.filter((one) => names.has(one)))
    say(
      row(
        "copy",
        "warn",
        `${name} was edited on the server: this copy replaces it`,
        `Your edit will be in ${path}.previous/${name}`,
      ),
    );
  const list = listOf(entries, text);
  const stream = archive([...entries, ...secret(text), list]);
  const received = await connection.must(
    receiveCommand(path),
    "copying",
    stream,
  );
  const { changed, refused } = fieldsOf(received);
  if (typeof refused === "string") {
    say(row("copy", "refused", refused, "Wait until it ends."));
    return undefined;
  }
  return {
    changed: strings(changed),
    isFirst: !survey.exists,
    digest: sha256(list.data),
  };
}

const sha256 = (data: Buffer): string =>
  createHash("sha256").update(data).digest("hex");

/** What the server says about itself, checked. */
function surveyOf(output: string): Survey {
  const fields = fieldsOf(output);
  const text = (value: unknown): string | null =>
    typeof value === "string" ? value : null;
  return {
    env: text(fields["env"]),
    base: text(fields["base"]),
    edited: strings(fields["edited"]),
    exists: fields["exists"] === true,
  };
}

/** The object in the last line: a login shell may print a greeting before it. @throws FailedError */
function fieldsOf(output: string): Record<string, unknown> {
  const line = output.trim().split("\n").at(-1) ?? "";
  const value = parsedObject(line);
  if (value !== undefined) return value;
  throw new FailedError(
    "the server's answer can't be read",
    "Check that the login's shell prints nothing for commands, as in `ssh LOGIN true`.",
  );
}

const strings = (value: unknown): string[] =>
  Array.isArray(value)
    ? value.filter((one): one is string => typeof one === "string")
    : [];

const secret = (env: string | undefined): Entry[] =>
  env === undefined
    ? []
    : [{ path: SECRET_FILE, mode: 0o600, data: Buffer.from(env) }];

/**
 * The files with their sha256. At the end of the archive it says that the copy is complete. The ID tells this
 * deploy from an earlier one of the same files.
 */
function listOf(
  entries: readonly Entry[],
  env: string | undefined,
): { path: string; mode: number; data: Buffer } {
  const files = entries.flatMap((entry) =>
    "data" in entry ? [[entry.path, sha256(entry.data)]] : [],
  );
  const id = randomUUID();
  const list = { id, files: Object.fromEntries(files) as unknown, env };
  const data = Buffer.from(JSON.stringify(list));
  return { path: ".kong-ipv6.deployed", mode: 0o600, data };
}
