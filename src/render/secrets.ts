import { crypto } from "../base/builtin.ts";
import { assignmentsOf, settingOf, withTails } from "../base/dotenv.ts";
import { isAddressVariable, VARIABLES } from "./env-variables.ts";

/** Stands for a secret in rendered text, in the state and in every report. */
export const SECRET = "<secret>";

/** The one file with secrets. */
export const SECRET_FILE = ".env";

const isSecret = (key: string): boolean =>
  VARIABLES.some((variable) => variable.secret && variable.key === key);

/** Whether a variable is generated and not secret. All others are the owner's, and may be secret. */
const isPublic = (key: string): boolean =>
  isAddressVariable(key) ||
  VARIABLES.some((variable) => !variable.secret && variable.key === key);

/** The password of .env.example. */
const PLACEHOLDER = "replace-me";

/** A password that apply.sh refuses: none, PLACEHOLDER, or SECRET. */
const isUnset = (value: string): boolean =>
  ["", PLACEHOLDER, SECRET].includes(value);

/** The first two of these, with nothing else on the line. */
const MISSING = new RegExp(`^(["']?)(${PLACEHOLDER})?\\1$`);

/** Whether a text on disk lacks a secret that the generated one has. */
export const lacksSecret = (text: string, generated: string): boolean =>
  secretKeys(generated).some((key) => isUnset(settingOf(text, key) ?? ""));

/**
 * Replaces SECRET by the existing secret, or by a new random one: 256 bits in hex, which need no quotes
 * in dotenv, shell, SQL and URLs.
 * @param existing the file's text on disk, if there is one
 */
export function fillSecrets(text: string, existing = ""): string {
  if (!text.includes(SECRET)) return text;
  const kept = new Map(
    assignmentsOf(existing)
      .filter(({ value }) => !isUnset(value))
      .map(({ key, tail }) => [key, tail]),
  );
  return withTails(text, ({ key, tail }) =>
    tail === SECRET
      ? (kept.get(key) ?? crypto().randomBytes(32).toString("hex"))
      : undefined,
  );
}

/** Whether a dotenv text has every secret of another one. */
export const hasSecretsOf = (other: string, text: string): boolean =>
  assignmentsOf(other)
    .filter(({ key, value }) => isSecret(key) && !isUnset(value))
    .every(({ key, value }) => settingOf(text, key) === value);

/** Whether every secret of a dotenv text looks generated: the owner has set none. */
export const areGenerated = (text: string): boolean =>
  assignmentsOf(text)
    .filter(({ key }) => isSecret(key))
    .every(({ tail }) => /^[0-9a-f]{64}$/.test(tail));

/** The reverse of fillSecrets: a file's text on disk, without secrets, to store or show. */
export function redactSecrets(path: string, text: string): string {
  if (path !== SECRET_FILE && path !== `${SECRET_FILE}.new`) return text;
  return withTails(text, ({ key, tail }) =>
    // A password that is missing is not secret.
    isSecret(key) && !MISSING.test(tail) ? SECRET : undefined,
  );
}

/** A text of .env for others: of the owner's variables, only the names. */
export const redactOthers = (text: string): string =>
  withTails(text, ({ key, tail }) =>
    isPublic(key) || tail.trim() === "" ? undefined : SECRET,
  );

/**
 * Adds secrets that a new text lacks: it may be the only copy of a database's password.
 * @param redacted the file on disk, after redactSecrets
 */
export function keepSecrets(text: string, redacted: string): string {
  const has = new Set(secretKeys(text));
  const kept = secretKeys(redacted).filter((key) => !has.has(key));
  if (kept.length === 0) return text;
  return `${text}${KEPT}${kept.map((key) => `${key}=${SECRET}\n`).join("")}`;
}

const KEPT = "\n# No longer used, kept for you:\n";

/** A redacted text without the lines that keepSecrets added. */
export function withoutKept(redacted: string): string {
  const at = redacted.indexOf(KEPT);
  if (at < 0) return redacted;
  const added = redacted.slice(at + KEPT.length);
  const isUntouched = /^(\w+=<secret>\n)*$/.test(added);
  return isUntouched ? redacted.slice(0, at) : redacted;
}

/** A file's text on disk, normalized as in the state: no secrets, LF, no lines of keepSecrets. */
export const ownText = (path: string, text: string): string =>
  withoutKept(redactSecrets(path, text.replaceAll("\r\n", "\n")));

const secretKeys = (text: string): string[] =>
  text.includes(SECRET)
    ? assignmentsOf(text)
        .filter(({ tail }) => tail === SECRET)
        .map(({ key }) => key)
    : [];
