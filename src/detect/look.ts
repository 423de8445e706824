import { randomBytes } from "node:crypto";
import { networkInterfaces } from "node:os";
import { contains, parseAddress, parseSubnet } from "../ip/address.ts";
import type { Answers } from "../answers/types.ts";
import { FailedError } from "../base/errors.ts";
import { survey } from "../answers/resolve.ts";
import { isTerminal, write } from "../base/stdio.ts";
import { detect } from "./infer/detection.ts";
import { readFacts, type Facts } from "./parse/facts.ts";
import type { Look } from "./infer/findings.ts";
import { attempt } from "./parse/json.ts";
import { limitsFor, runProbe } from "./probe.ts";
import { probeScript } from "./probe-script.ts";
import { carries } from "./infer/uplink.ts";

/** Looks at this machine, or by ssh at another. @throws FailedError | CancelledError by Ctrl-C */
export async function lookAt(
  target: string | undefined,
  terminal: boolean,
  limits = limitsFor(terminal),
): Promise<Facts> {
  const marker = randomBytes(16).toString("hex");
  const script = probeScript(marker);
  const output = await attended(target, (cancelled) =>
    runProbe(script, marker, target, terminal, limits, cancelled),
  );
  return await readFacts(output, marker, target ?? "this machine");
}

/** A look that takes longer is told of, where somebody is waiting. */
const PATIENCE_MS = 1000;

/** Says what is waited for, and lets Ctrl-C end it as it ends a question. */
async function attended<T>(
  target: string | undefined,
  look: (cancelled: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const cancel = (): void => controller.abort();
  // ssh may have asked something, and waits on that line.
  const line = target ? `\nWaiting for ${target} ...` : "Looking around ...";
  const tell = (): void => {
    if (isTerminal(2)) write(2, `${line}\n`);
  };
  const timer = setTimeout(tell, PATIENCE_MS);
  process.on("SIGINT", cancel);
  try {
    return await look(controller.signal);
  } finally {
    clearTimeout(timer);
    process.off("SIGINT", cancel);
  }
}

/** `--detect`: a look at the server that was named. */
export function lookOnce(
  target: string | undefined,
  terminal: boolean,
  former?: Answers,
): Look {
  let facts: Promise<Facts> | undefined;
  return async (given) => {
    facts ??= lookAt(target, terminal);
    return detect(await facts, given, former);
  };
}

/** Nobody waits longer for what nobody asked for: a Docker that hangs is left out. */
const UNASKED = { ...limitsFor(false), loginMs: 3000, answerMs: 3000 };

/**
 * Without --detect: what this machine says counts only where it is the server itself, so where its
 * uplink carries an address of the prefix. Elsewhere nothing is looked at.
 */
export function lookIfHere(former?: Answers): Look {
  let facts: Promise<Facts | undefined> | undefined;
  return async (given) => {
    const nothing = { answers: [], seen: [], warnings: [] };
    const { prefix } = survey(given, { defaults: false }).answers;
    if (prefix === undefined || !hasAddressIn(prefix)) return nothing;
    facts ??= lookAt(undefined, false, UNASKED).catch(unasked);
    const found = await facts;
    return found && carries(found, prefix)
      ? detect(found, given, former)
      : nothing;
  };
}

/** Nobody asked for it: what it fails over is no matter. */
function unasked(error: unknown): undefined {
  if (!(error instanceof FailedError)) throw error;
}

/** A first look that costs nothing: most conversations are held elsewhere. */
function hasAddressIn(prefix: string): boolean {
  const subnet = parseSubnet(6, prefix);
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .some(({ family, address }) => {
      const value =
        family === "IPv6" ? attempt(() => parseAddress(6, address)) : undefined;
      return value !== undefined && contains(subnet, value);
    });
}
