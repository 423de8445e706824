import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { FailedError } from "../base/errors.ts";
import { SECRET_FILE } from "../render/secrets.ts";
import type { Connection } from "./connection.ts";
import type { Deployment } from "./deployment.ts";
import { decoded, mergeEnv, refuseOtherEncoding } from "./env-file.ts";
import { filesToCopy } from "./files.ts";
import { receiveCommand, surveyCommand } from "./on-server.ts";
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
}

/** Copies the repository to PATH.new. @throws FailedError */
export async function copy(
  deployment: Deployment,
  connection: Connection,
): Promise<Copied> {
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
  const entries = filesToCopy(directory, plan);
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
  const stream = archive(complete(entries, text));
  const received = await connection.must(
    receiveCommand(path),
    "copying",
    stream,
  );
  const { changed } = fieldsOf(received);
  return { changed: strings(changed), isFirst: !survey.exists };
}

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

/** Adds .env, and at the end the list of the files with their sha256: with it the copy is complete. */
function complete(entries: readonly Entry[], env: string | undefined): Entry[] {
  const secret: Entry[] =
    env === undefined
      ? []
      : [{ path: SECRET_FILE, mode: 0o600, data: Buffer.from(env) }];
  const files = entries.flatMap((entry) =>
    "data" in entry
      ? [[entry.path, createHash("sha256").update(entry.data).digest("hex")]]
      : [],
  );
  const list = { files: Object.fromEntries(files) as unknown, env };
  return [
    ...entries,
    ...secret,
    {
      path: ".kong-ipv6.deployed",
      mode: 0o600,
      data: Buffer.from(JSON.stringify(list)),
    },
  ];
}
