import { assignmentsOf } from "../base/dotenv.ts";
import { SECRET } from "../render/secrets.ts";

/**
 * The generated .env, plus all variables that only the owner's has: git has no copy of them.
 * @param redacted the file on disk, after redactSecrets
 */
export function keepVariables(text: string, redacted: string): string {
  const has = new Set(assignmentsOf(text).map(({ key }) => key));
  const kept = assignmentsOf(redacted).filter(({ key }) => !has.has(key));
  if (kept.length === 0) return text;
  const lines = kept.map(({ head, tail }) => `${head}${tail}\n`);
  return `${text}\n# Yours:\n${lines.join("")}`;
}

/**
 * A message about generated variables that another .env lacks; undefined if it has them all. A missing
 * password has its own (unusable.ts): that of .env.example is refused.
 */
export function missingVariables(
  generated: string,
  text: string,
): string | undefined {
  const set = new Set(assignmentsOf(text).map(({ key }) => key));
  const missing = assignmentsOf(generated)
    .filter(({ tail }) => tail !== SECRET)
    .map(({ key }) => key)
    .filter((key) => !set.has(key));
  return missing.length === 0
    ? undefined
    : `Your .env lacks ${missing.join(", ")}: take the lines from .env.example.`;
}
