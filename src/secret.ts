import { randomBytes } from "node:crypto";

/** Stands for a secret in rendered text, in the state and in every report. */
export const SECRET = "<secret>";

/** `KEY=value` lines of a dotenv text. */
const ASSIGNMENT = /^([A-Z_]+)=(.*)$/gm;

/**
 * Puts secrets where the text has SECRET: the one that is there already, else a new random one
 * (256 bits, hex: it means itself in dotenv, shell, SQL and URLs).
 * @param existing the file's text on disk, where there is one
 */
export function fillSecrets(text: string, existing = ""): string {
  const kept = new Map(
    [...existing.matchAll(ASSIGNMENT)].map(([, key, value]) => [key, value]),
  );
  return text.replace(ASSIGNMENT, (line, key: string, value: string) => {
    if (value !== SECRET) return line;
    return `${key}=${kept.get(key) || randomBytes(32).toString("hex")}`;
  });
}

/** The opposite: a text from disk as it may be stored and shown. */
export function redactSecrets(text: string, rendered: string): string {
  const secret = new Set(
    [...rendered.matchAll(ASSIGNMENT)]
      .filter(([, , value]) => value === SECRET)
      .map(([, key]) => key),
  );
  return text.replace(ASSIGNMENT, (line, key: string) =>
    secret.has(key) ? `${key}=${SECRET}` : line,
  );
}
