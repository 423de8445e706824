import { randomBytes } from "node:crypto";

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
        ? start + (kept.get(key) || randomBytes(32).toString("hex"))
        : line,
  );
}

/** The opposite: a text from disk as it may be stored and shown. */
export function redactSecrets(text: string, rendered: string): string {
  const secret = new Set(
    [...rendered.matchAll(ASSIGNMENT)]
      .filter(([, , , value]) => value === SECRET)
      .map(([, , key]) => key),
  );
  return text.replace(
    ASSIGNMENT,
    (line, start: string, key: string, value: string) =>
      // Where there is none yet, one is missing: that is no secret.
      secret.has(key) && value !== "" ? start + SECRET : line,
  );
}
