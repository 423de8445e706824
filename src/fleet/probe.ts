import type { Style } from "../base/colors.ts";
import { EXIT, type ExitCode } from "../base/errors.ts";
import { printableJson } from "../base/escape.ts";
import { counts, type Probe, type Result } from "../probe/probe.ts";
import { failures } from "../report/probe-text.ts";

/** How many hosts are tested at a time: each opens some forty connections. */
const AT_A_TIME = 8;

export type FleetProbe = ReadonlyMap<string, Probe>;

/** Probes all hosts, in the order of their names. */
export async function probeHosts(
  names: readonly string[],
  probe: (name: string) => Promise<Probe>,
): Promise<FleetProbe> {
  const found = new Map<string, Probe>();
  const queue = [...names];
  const worker = async (): Promise<void> => {
    for (let name = queue.shift(); name !== undefined; name = queue.shift())
      found.set(name, await probe(name));
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, worker));
  return new Map(names.map((name) => [name, found.get(name) as Probe]));
}

/** As for one server: anything wrong counts most, then what could not be tested. */
export function verdict(found: FleetProbe): {
  ok: boolean | null;
  exitCode: ExitCode;
} {
  const all = [...found.values()].map(({ ok }) => ok);
  if (all.includes(false)) return { ok: false, exitCode: EXIT.changes };
  return all.includes(null)
    ? { ok: null, exitCode: EXIT.failed }
    : { ok: true, exitCode: EXIT.done };
}

export const fleetProbeJson = (found: FleetProbe): string =>
  printableJson({ ok: verdict(found).ok, hosts: Object.fromEntries(found) });

const VERDICTS = {
  true: "Everything is as promised.",
  false: "Not everything is as promised: see the lines with fail.",
  null: "Nothing wrong was seen, but not everything could be tested.",
};

/** One table: a line for each host, and below it what is not as promised there. */
export function fleetProbeText(found: FleetProbe, style: Style): string {
  const width = Math.max(...[...found.keys()].map(({ length }) => length));
  const [first] = found.values();
  return [
    first?.from.meaning ?? "",
    "",
    `  ${"host".padEnd(width)}  ${HEAD.map((text) => text.padEnd(9)).join("  ")}`,
    ...[...found].flatMap(([name, probe]) => [
      `  ${name.padEnd(width)}  ${cells(probe)
        .map((cell) => painted(cell, style))
        .join("  ")}`,
      ...failures(probe, style),
    ]),
    "",
    VERDICTS[String(verdict(found).ok) as keyof typeof VERDICTS],
  ].join("\n");
}

const HEAD = ["Kong IPv6", "Kong IPv4", "closed", "DNS"];

type Verdict = boolean | null | undefined;

/** What a host's tests of each kind come to; undefined if there are none. */
function cells({ results, dns }: Probe): Verdict[] {
  const of = (is: (result: Result) => boolean): Verdict =>
    together(results.filter(is).filter(counts));
  const answers = ({ expected }: Result): boolean => expected === "answers";
  const six = ({ address }: Result): boolean => address.includes(":");
  return [
    of((one) => answers(one) && six(one)),
    of((one) => answers(one) && !six(one)),
    of((one) => !answers(one)),
    together(dns),
  ];
}

function together(all: readonly { readonly ok: boolean | null }[]): Verdict {
  if (all.length === 0) return undefined;
  if (all.some(({ ok }) => ok === false)) return false;
  return all.some(({ ok }) => ok === null) ? null : true;
}

function painted(cell: Verdict, style: Style): string {
  if (cell === undefined) return "-".padEnd(9);
  if (cell === null) return style.yellow("untested ");
  return cell ? style.green("ok       ") : style.red("fail     ");
}
