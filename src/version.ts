import manifest from "../package.json" with { type: "json" };

/** This generator's version (semver). */
export const VERSION: string = manifest.version;

/** Whether a version is newer than this one; what is no version isn't. */
export function isNewer(version: string): boolean {
  const [other, own] = [version, VERSION].map(numbers);
  const at = other?.findIndex((part, index) => part !== own?.[index]) ?? -1;
  return at >= 0 && Number(other?.[at]) > Number(own?.[at]);
}

const numbers = (version: string): string[] =>
  /^\d+\.\d+\.\d+/.exec(version)?.[0].split(".") ?? [];
