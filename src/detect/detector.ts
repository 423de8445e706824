import { randomBytes } from "node:crypto";
import { networkInterfaces } from "node:os";
import { contains, parseAddress, parseSubnet } from "../ip/address.ts";
import type { Answers } from "../answers/types.ts";
import { attempt, FailedError } from "../base/errors.ts";
import { survey } from "../answers/resolve.ts";
import { isTerminal, write } from "../base/stdio.ts";
import { inferAnswers } from "./infer/infer-answers.ts";
import { readFacts, type Facts } from "./parse/facts.ts";
import type { Detector } from "./infer/types.ts";
import { limitsFor, runProbe } from "./probe.ts";
import { probeScript } from "./probe-script.ts";
import { hasAddressOn, uplinkOf } from "./infer/uplink.ts";

/**
 * Reads the facts of this machine, or of another one over ssh.
 * @param target USER@HOST; undefined for this machine
 * @throws FailedError; CancelledError on Ctrl-C
 */
export async function readServer(
  target: string | undefined,
  terminal: boolean,
  limits = limitsFor(terminal),
): Promise<Facts> {
  const marker = randomBytes(16).toString("hex");
  const script = probeScript(marker);
  const output = await cancellable(target, (cancelled) =>
    runProbe(script, marker, target, terminal, limits, cancelled),
  );
  return await readFacts(output, marker, target ?? "this machine");
}

/** A probe that takes longer prints what it waits for. */
const QUIET_MS = 1000;

/** Runs the probe so that Ctrl-C ends it as it ends a question. */
async function cancellable<T>(
  target: string | undefined,
  probe: (cancelled: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const cancel = (): void => controller.abort();
  // ssh may have asked for a password on the current line: begin a new one.
  const line = target
    ? `\nWaiting for ${target} ...`
    : "Reading the facts of this machine ...";
  const announce = (): void => {
    if (isTerminal(2)) write(2, `${line}\n`);
  };
  const timer = setTimeout(announce, QUIET_MS);
  process.on("SIGINT", cancel);
  try {
    return await probe(controller.signal);
  } finally {
    clearTimeout(timer);
    process.off("SIGINT", cancel);
  }
}

/** `--detect`: answers from the named server, which is read once. */
export function detectorFor(
  target: string | undefined,
  terminal: boolean,
  previous?: Answers,
): Detector {
  let facts: Promise<Facts> | undefined;
  return async (given) => {
    // A read that failed is tried again.
    facts ??= readServer(target, terminal).catch((error: unknown) => {
      facts = undefined;
      throw error;
    });
    return inferAnswers(await facts, given, previous);
  };
}

/** Without --detect nobody asked for the facts: do not wait for a Docker that hangs. */
const SHORT_LIMITS = { ...limitsFor(false), loginMs: 3000, answerMs: 3000 };

/**
 * Without --detect: this machine's facts count only if it is the server itself, that is, if its
 * uplink has an address of the prefix. Otherwise nothing is run.
 */
export function localDetector(previous?: Answers): Detector {
  let facts: Promise<Facts | undefined> | undefined;
  return async (given) => {
    const nothing = { answers: [], seen: [], warnings: [] };
    const asked = survey(given, { defaults: false }).answers;
    const { prefix } = asked;
    if (prefix === undefined || !hasAddressIn(prefix)) return nothing;
    facts ??= readServer(undefined, false, SHORT_LIMITS).catch(ignoreFailure);
    const found = await facts;
    return found &&
      hasAddressOn(found, uplinkOf(found, asked, previous)?.name, prefix)
      ? inferAnswers(found, given, previous)
      : nothing;
  };
}

/** Nobody asked for these facts, so nobody is told that they cannot be read. */
function ignoreFailure(error: unknown): undefined {
  if (!(error instanceof FailedError)) throw error;
}

/** A cheap check first: most conversations are not held on the server. */
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
