import type * as Fs from "node:fs";

/**
 * Simulates a power cut: after N changing calls, one or more fail with ENOSPC, or every later call
 * fails and the current one is half done.
 */
export const power = {
  /** Changing calls that still go through. */
  left: Infinity,
  mode: "fail" as "fail" | "dead",
  /** In mode "fail": how many calls fail. */
  failures: 1,
  /** Changing calls so far. */
  used: 0,
  /** A call that fails whenever it has this path as an argument. */
  refused: undefined as
    | { readonly name: string; readonly path: string; readonly code: string }
    | undefined,
  on(): void {
    this.left = Infinity;
    this.failures = 1;
    this.used = 0;
    this.refused = undefined;
  },
  cutAfter(calls: number, mode: "fail" | "dead"): void {
    this.on();
    this.left = calls;
    this.mode = mode;
  },
};

const CHANGING = [
  "chmodSync",
  "copyFileSync",
  "lchownSync",
  "mkdirSync",
  "renameSync",
  "rmSync",
  "rmdirSync",
  "writeFileSync",
] as const;

/** For `vi.mock("node:fs", …)`. */
export async function withPower(
  original: () => Promise<typeof Fs>,
): Promise<typeof Fs> {
  const fs = await original();
  const wrapped: Record<string, unknown> = { ...fs };
  for (const name of CHANGING) {
    const real = fs[name] as (...args: unknown[]) => unknown;
    wrapped[name] = (...args: unknown[]): unknown => {
      power.used += 1;
      const { refused } = power;
      if (refused?.name === name && args.includes(refused.path))
        throw Object.assign(new Error(refused.code), { code: refused.code });
      if (power.left > 0) {
        power.left -= 1;
        return real(...args);
      }
      if (power.mode === "fail") {
        power.failures -= 1;
        if (power.failures === 0) power.left = Infinity;
      } else if (power.left === 0) {
        power.left = -1;
        halfDone(fs, name, args);
      }
      const error = new Error(`ENOSPC: no space left on device, ${name}`);
      throw Object.assign(error, { code: "ENOSPC" });
    };
  }
  return { ...wrapped, default: wrapped } as unknown as typeof Fs;
}

/** What a call that was cut off leaves behind: half of a file, half of a tree. */
function halfDone(fs: typeof Fs, name: string, args: unknown[]): void {
  const [path, text, options] = args as [string, string, object];
  // A few bytes are written as one.
  if (name === "writeFileSync" && text.length > 16)
    fs.writeFileSync(path, text.slice(0, text.length / 2), options);
  if (name !== "rmSync" || !fs.existsSync(path)) return;
  if (!fs.statSync(path).isDirectory()) return;
  const names = fs.readdirSync(path).sort();
  // Which half comes first is the file system's affair: now one, now the other.
  const turned = power.used % 2 === 0 ? names : names.reverse();
  for (const entry of turned.slice(0, Math.ceil(names.length / 2)))
    fs.rmSync(`${path}/${entry}`, { recursive: true });
}
