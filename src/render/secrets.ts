import { crypto } from "../base/builtin.ts";

/** Stands for a secret in rendered text, in the state and in every report. */
export const SECRET = "<secret>";

/**
 * `KEY=value` lines of a dotenv text, and what else docker compose takes for one (compose-go dotenv):
 * `export KEY=value`, `KEY = value`, `KEY: value`. What stands before the value, the key, the value.
 */
const ASSIGNMENT = /^([ \t]*(?:export[ \t]+)?([A-Z_]+)[ \t]*[=:][ \t]*)(.*)$/gm;

/**
 * Puts secrets where the text has SECRET: the one that is there already, else a new random one
 * (256 bits, hex: it means itself in dotenv, shell, SQL and URLs).
 * @param existing the file's text on disk, where there is one
 */
export function fillSecrets(text: string, existing = ""): string {
  const kept = new Map(
    [...existing.matchAll(ASSIGNMENT)].map(([, , key, value]) => [key, value]),
  );
  return text.replace(
    ASSIGNMENT,
    (line, start: string, key: string, value: string) =>
      value === SECRET
        ? start + (kept.get(key) || crypto().randomBytes(32).toString("hex"))
        : line,
  );
}

/** The one file with secrets, and their keys. */
export const SECRET_FILE = ".env";
const SECRET_KEYS: readonly string[] = ["KONG_PG_PASSWORD"];

/** Whether every secret of a dotenv text is one that fillSecrets drew: none of the owner's own. */
export function areDrawn(text: string): boolean {
  return [...text.matchAll(ASSIGNMENT)]
    .filter(([, , key]) => SECRET_KEYS.includes(key as string))
    .every(([, , , value]) => /^[0-9a-f]{64}$/.test(value as string));
}

/** The opposite: a file's text from disk as it may be stored and shown. */
export function redactSecrets(path: string, text: string): string {
  if (path !== SECRET_FILE && path !== `${SECRET_FILE}.new`) return text;
  return text.replace(
    ASSIGNMENT,
    (line, start: string, key: string, value: string) =>
      // Where there is none yet, one is missing: that is no secret.
      SECRET_KEYS.includes(key) && value !== "" ? start + SECRET : line,
  );
}

/** What the generated .env sets; all else in it is the owner's, and may be secret. */
const GENERATED_KEYS =
  /^(COMPOSE_PROJECT_NAME|KONG_BIND_IP|KONG_BIND_IPV6|KONG_DATA_DIR)$/;

/** A text of .env as it may be shown to others: of the owner's variables only the names. */
export function redactOthers(text: string): string {
  return text.replace(
    WHOLE,
    (all: string, start: string, key: string, value: string) =>
      GENERATED_KEYS.test(key) || value.trim() === "" ? all : start + SECRET,
  );
}

/** An assignment with all lines of its value, which goes on over them in quotes. */
const WHOLE =
  /^([ \t]*(?:export[ \t]+)?([A-Za-z_][\w.]*)[ \t]*[=:][ \t]*)("(?:[^"\\]|\\[^])*"|'[^']*'|.*)/gm;

/**
 * A new text that has a secret no more keeps it all the same: it may be the only copy of what a
 * database was set up with.
 * @param redacted what is there, as redactSecrets gives it
 */
export function keepSecrets(text: string, redacted: string): string {
  const has = new Set(secretKeys(text));
  const kept = secretKeys(redacted).filter((key) => !has.has(key));
  if (kept.length === 0) return text;
  return `${text}${KEPT}${kept.map((key) => `${key}=${SECRET}\n`).join("")}`;
}

/**
 * The generated .env with all that the owner's has besides: taking the generated one must not cost
 * a variable or a secret, for .env is in no git.
 * @param redacted what is there, as redactSecrets gives it
 */
export function keepVariables(text: string, redacted: string): string {
  const has = new Set([...text.matchAll(VARIABLE)].map(([, key]) => key));
  const kept = [...redacted.matchAll(VARIABLE)].filter(
    ([, key]) => !has.has(key),
  );
  if (kept.length === 0) return text;
  return `${text}\n# Yours:\n${kept.map(([line]) => `${line}\n`).join("")}`;
}

/** Says which variables the generated .env sets and another doesn't; undefined where there are none. */
export function lacking(generated: string, text: string): string | undefined {
  const [wanted, set] = [generated, text].map((dotenv) =>
    [...dotenv.matchAll(VARIABLE)].map(([, key]) => key as string),
  ) as [string[], string[]];
  const missing = wanted.filter((key) => !set.includes(key));
  return missing.length === 0
    ? undefined
    : `Your .env lacks ${missing.join(", ")}: take the lines from .env.example.`;
}

/** A line that sets a variable of any name. */
const VARIABLE =
  /^[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_.]*)[ \t]*[=:].*$/gm;

const KEPT = "\n# No longer used, kept for you:\n";

/** A redacted text without what keepSecrets added to it. */
export function withoutKept(redacted: string): string {
  const at = redacted.indexOf(KEPT);
  const added = at < 0 ? "" : redacted.slice(at + KEPT.length);
  const untouched = added.replaceAll(/^[A-Z_]+=<secret>\n/gm, "") === "";
  return at >= 0 && untouched ? redacted.slice(0, at) : redacted;
}

/** A file's text from disk as base and owner's sums know it: no secrets, LF, nothing of keepSecrets. */
export function ownText(path: string, text: string): string {
  return withoutKept(redactSecrets(path, text.replaceAll("\r\n", "\n")));
}

/** The keys of `KEY=<secret>` lines. */
function secretKeys(text: string): string[] {
  if (!text.includes(SECRET)) return [];
  return [...text.matchAll(ASSIGNMENT)]
    .filter(([, , , value]) => value === SECRET)
    .map(([, , key]) => key as string);
}
