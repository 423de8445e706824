import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { delimiter, join } from "node:path";
import { MARKER, RECORDED } from "./recordings.ts";

/** Programs in the place of others, first in PATH. @returns that PATH */
export function inPlace(
  directory: string,
  programs: Readonly<Record<string, string>>,
): string {
  mkdirSync(directory, { recursive: true });
  for (const [name, script] of Object.entries(programs)) {
    const path = join(directory, name);
    writeFileSync(path, `#!/bin/sh\n${script}`);
    chmodSync(path, 0o755);
  }
  return [directory, process.env["PATH"]].join(delimiter);
}

/**
 * In the place of ssh: takes the probe as a server's shell would, and answers as a recorded host did,
 * behind a greeting of its own. Its arguments go to `ssh.arguments` beside it.
 */
export const recordedSsh = (name: string): string => `
printf '%s\\n' "$@" >"$0.arguments"
IFS= read -r first
cat >/dev/null
marker=\${first#m=@@}
echo "Welcome to Debian, last login: never"
sed "s/^@@${MARKER} /@@$marker /" '${join(RECORDED, `${name}.txt`)}'
`;

/** Whether there is such a process (proc_pid_stat(5)); one that only waits to be reaped is none. */
export function runs(pid: number): boolean {
  const stat = `/proc/${pid}/stat`;
  return existsSync(stat) && !/\) [ZX] /.test(readFileSync(stat, "utf8"));
}
