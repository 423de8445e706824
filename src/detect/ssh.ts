import { FailedError } from "../base/errors.ts";

/**
 * The arguments of ssh for a parsed target. The server gets nothing of this machine: no agent, no
 * display, no forwarded ports. ssh asks questions only at a terminal (BatchMode).
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

/** Messages of OpenSSH (sshconnect.c, misc.c), and their remedies. */
const REMEDIES: readonly (readonly [RegExp, string])[] = [
  [
    /could not resolve|name or service not known/i,
    "Check the name, or give the address.",
  ],
  [
    /host key verification failed|host identification has changed/i,
    "Connect once with ssh yourself, and compare the host key with the one your provider shows.",
  ],
  [
    /permission denied|too many authentication failures/i,
    "Without a terminal ssh cannot ask for a password. Use a key that your ssh agent holds.",
  ],
  [
    /timed out|refused|no route|unreachable/i,
    "Check that the server is on and that ssh listens. For another port, use ~/.ssh/config.",
  ],
];

/** The error of an ssh that did not reach the server. */
export function sshFailure(target: string, stderr: string): FailedError {
  const said = lastLine(stderr);
  const remedy =
    REMEDIES.find(([pattern]) => pattern.test(stderr))?.[1] ??
    "Check that `ssh` with the same target works.";
  return new FailedError(
    `ssh could not log in to ${target}${said && `: ${said}`}`,
    remedy,
  );
}

export function lastLine(text: string): string {
  const lines = text.split(/[\r\n]+/).filter((line) => line.trim() !== "");
  return (lines.at(-1) ?? "").trim().replace(/\.$/, "").slice(0, 200);
}
