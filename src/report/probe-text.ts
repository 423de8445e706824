import { resolve } from "node:path";
import { printable, printableJson } from "../base/escape.ts";
import { commandLine } from "../base/program.ts";
import type { Style } from "../base/colors.ts";
import { setAt } from "../base/wrap.ts";
import type { Certificate } from "../probe/certificate.ts";
import type { DnsResult } from "../probe/dns.ts";
import { UNKNOWN } from "../probe/expectations.ts";
import type { Probe, Result } from "../probe/probe.ts";
import { fleetOf, FLEET_FILE } from "../repository/fleet-directory.ts";

/** For programs. docs/usage.md describes it. */
export const probeJson = (probe: Probe): string => printableJson(probe);

/**
 * For a person: one line for each test, the closed ports of an address together.
 * @param shown the directory as the owner wrote it
 */
export function probeText(probe: Probe, shown: string, style: Style): string {
  const { from, results, dns, certificates } = probe;
  const answering = results.filter(({ expected }) => expected === "answers");
  const addresses = from.addresses.map(printable).join(" and ");
  return [
    setAt(
      0,
      `${addresses === "" ? "" : `From ${addresses}. `}${from.meaning}`,
      style.columns,
    ),
    "",
    ...answering.map((result) => row(result.ok, answerText(result), style)),
    ...closedRows(results, style),
    ...certificates.map((one) => row(one.ok, certificateText(one), style)),
    ...dns.map((one) => row(one.ok, dnsText(one), style)),
    ...(results.some(({ address }) => address === UNKNOWN)
      ? [unknownIpv4(shown)]
      : []),
    ...hint(probe),
    ...(probe.oldIsDead
      ? [
          "",
          "If the old addresses no longer work, end the overlap, then deploy:",
          `  ${commandLine("regenerate", fleetOf(resolve(shown)) ?? shown, "--finish")}`,
        ]
      : []),
    "",
    VERDICTS[String(probe.ok) as "true" | "false" | "null"],
  ].join("\n");
}

/** The lines of what is not as promised. */
export const failures = (
  { results, dns, certificates }: Probe,
  style: Style,
): string[] => [
  ...results
    .filter(({ expected, ok }) => expected === "answers" && ok === false)
    .map((one) => row(false, answerText(one), style)),
  ...closedRows(
    results.filter(({ ok }) => ok === false),
    style,
  ),
  ...certificates
    .filter(({ ok }) => ok === false)
    .map((one) => row(false, certificateText(one), style)),
  ...dns
    .filter(({ ok }) => ok === false)
    .map((one) => row(false, dnsText(one), style)),
];

function unknownIpv4(shown: string): string {
  const fleet = fleetOf(resolve(shown));
  const start = "The server's IPv4 address is not known. ";
  return fleet === undefined
    ? `${start}Name it:\n  ${commandLine("regenerate", shown, "--ipv4", "ADDRESS")}`
    : `${start}Add ipv4: ADDRESS to this host in ${FLEET_FILE}, then run:\n  ${commandLine("regenerate", fleet)}`;
}

const VERDICTS = {
  true: "Everything is as promised.",
  false: "Not everything is as promised: see the lines with fail.",
  null: "Nothing wrong was seen, but not everything could be tested.",
};

function row(ok: boolean | null, text: string, style: Style): string {
  const { red, green, yellow } = style;
  const label =
    ok === null ? yellow("untested") : ok ? green("ok      ") : red("fail    ");
  return `  ${label}  ${setAt(12, printable(text), style.columns)}`;
}

const nameOf = (address: string): string =>
  address === UNKNOWN ? "the server's IPv4 address" : address;

/** `2001:db8::1` 80 as `[2001:db8::1]:80`. */
const socketOf = ({ address, port, protocol }: Result): string =>
  address === UNKNOWN
    ? `${nameOf(address)}, port ${port}`
    : `${address.includes(":") ? `[${address}]` : address}:${port}${protocol === "udp" ? "/udp" : ""}`;

function answerText(result: Result): string {
  const { service, seen, detail } = result;
  const said = detail === undefined ? seen : `${seen}, ${detail}`;
  return `${service} on ${socketOf(result)}: ${said}`;
}

/** Open ports each on a line; the others of an address that look the same on one. */
function closedRows(results: readonly Result[], style: Style): string[] {
  const groups = new Map<string, Result[]>();
  for (const result of results) {
    const { address, expected, seen, ok } = result;
    if (expected === "answers") continue;
    if (ok === false) {
      groups.set(socketOf(result), [result]);
      continue;
    }
    const key = `${address} ${seen}`;
    groups.set(key, [...(groups.get(key) ?? []), result]);
  }
  return [...groups.values()].map((group) => {
    const [{ address, seen, ok, service }] = group as [Result];
    if (ok === false) {
      const open = `${socketOf(group[0] as Result)} ${seen}`;
      return row(ok, `${open}: the ${service} must not be reachable`, style);
    }
    const ports = group.map(({ port }) => port).sort((a, b) => a - b);
    return row(
      ok,
      `closed on ${nameOf(address)}: ${ports.join(", ")}: ${seen}`,
      style,
    );
  });
}

function certificateText(certificate: Certificate): string {
  const { address, issuer, names, daysLeft } = certificate;
  if (certificate.selfSignedByKong)
    return `certificate on ${address}: Kong's own self-signed one, for localhost. The README in the repository says how to get another`;
  const days =
    daysLeft < 0 ? `expired ${-daysLeft} days ago` : `${daysLeft} days left`;
  const trust = certificate.trusted ? "" : ", not trusted";
  return `certificate on ${address}: for ${names.join(", ")}, by ${issuer}, ${days}${trust}`;
}

function dnsText(result: DnsResult): string {
  const { name, type, expected, seen, zone, ok, stillOld } = result;
  const said = (values: readonly string[] | null): string =>
    values === null
      ? "no answer"
      : values.length === 0
        ? "no record"
        : values.join(", ");
  if (stillOld)
    return `${type} ${name}: ${said(seen)}. Before you end the overlap, it should be ${expected.join(", ")}`;
  if (ok) return `${type} ${name}: ${said(seen)}`;
  const atZone =
    zone === undefined ? "" : `; at the zone's name servers: ${said(zone)}`;
  return `${type} ${name}: ${said(seen)}${atZone}. Expected: ${expected.join(", ")}`;
}

/** What would make the test of large packets possible. */
function hint({ results }: Probe): string[] {
  const kong = results.filter(({ detail }) => detail?.startsWith("Kong"));
  const isTested = kong.some(({ detail }) => detail?.includes("300 kB"));
  return kong.length === 0 || isTested
    ? []
    : [
        "",
        "Large packets (path MTU) were not tested: for that, / needs a route whose response has 300 kB.",
      ];
}
