import { FailedError } from "../base/errors.ts";

/**
 * The arguments of ssh for a target that names.ts has read. Nothing of this machine is lent to the
 * server: no agent, no display, no forwarded ports. Only a person at a terminal is asked (BatchMode).
 */
export function sshArguments(target: string, terminal: boolean): string[] {
  const options = [
    `BatchMode=${terminal ? "no" : "yes"}`,
    "ConnectTimeout=15",
    "ClearAllForwardings=yes",
    "PermitLocalCommand=no",
  ];
  const set = options.flatMap((option) => ["-o", option]);
  return ["-T", "-a", "-x", ...set, "--", target, "sh", "-s"];
}

/** OpenSSH's own messages (sshconnect.c, misc.c), and what would do. */
const REMEDIES: readonly (readonly [RegExp, string])[] = [
  [
    /could not resolve|name or service not known/i,
    "Check the name, or give the address.",
  ],
  [
    /host key verification failed|host identification has changed/i,
    "Connect once by ssh yourself, and compare the host key with the provider's.",
  ],
  [
    /permission denied|too many authentication failures/i,
    "Without a terminal ssh can't ask for a password: use a key that the agent holds.",
  ],
  [
    /timed out|refused|no route|unreachable/i,
    "Is it on, and does it listen there? A port goes into ~/.ssh/config.",
  ],
];

/** What became of an ssh that didn't reach the server. */
export function sshFailure(target: string, stderr: string): FailedError {
  const said = lastLine(stderr);
  const remedy =
    REMEDIES.find(([pattern]) => pattern.test(stderr))?.[1] ??
    "Does ssh alone reach it?";
  return new FailedError(
    `ssh could not log in to ${target}${said && `: ${said}`}`,
    remedy,
  );
}

export function lastLine(text: string): string {
  const lines = text.split(/[\r\n]+/).filter((line) => line.trim() !== "");
  return (lines.at(-1) ?? "").trim().replace(/\.$/, "").slice(0, 200);
}
