import { printable } from "../base/escape.ts";

/**
 * Whether a path from a state or a journal, which anyone may have written, is relative and inside the
 * repository, is neither git's nor the generator's own, and can be printed.
 */
export function isInside(path: string): boolean {
  const parts = path.split("/");
  return (
    printable(path) === path &&
    !path.includes("\\") &&
    !parts.some((part) => ["", ".", "..", "__proto__"].includes(part)) &&
    !parts.some((part) => part.toLowerCase() === ".git") &&
    !(parts[0] as string).startsWith(".kong-ipv6.")
  );
}
