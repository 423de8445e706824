import { alignTables } from "../../scripts/markdown-table.ts";
import {
  CONNECTIONS,
  type Round,
  type Sample,
  type Totals,
} from "./measure.ts";
import { TITLES, type Way, WAYS } from "./ways.ts";

/** All that a run found. */
export interface Findings {
  date: string;
  /** Versions of the host's programs, in one line. */
  root: string;
  kernel: string;
  /** Does the kernel count the work on packets apart from programs? */
  interruptTime: "on" | "off" | "unknown";
  machine: string;
  seen: Record<Way, string>;
  outgoing: Record<Way, string>;
  rounds: Round[];
  totals: Totals;
}

interface Metric {
  key: keyof Sample;
  title: string;
  digits: number;
}

const METRICS: Metric[] = [
  {
    key: "requests",
    title: `Requests a second, ${CONNECTIONS} kept connections`,
    digits: 0,
  },
  { key: "loadedP50", title: "… their latency, median, ms", digits: 2 },
  {
    key: "loadedP99",
    title: "… their latency, 99th percentile, ms",
    digits: 1,
  },
  {
    key: "aloneP50",
    title: "Latency, one request after another, median, ms",
    digits: 3,
  },
  { key: "aloneP99", title: "… 99th percentile, ms", digits: 1 },
  {
    key: "connections",
    title: "Requests a second, each on a new connection",
    digits: 0,
  },
  { key: "megabits", title: "One download, Mbit/s", digits: 0 },
  { key: "cpuRequests", title: "CPU seconds for 10,000 requests", digits: 2 },
  {
    key: "cpuConnections",
    title: "CPU seconds for 10,000 requests on new connections",
    digits: 2,
  },
  { key: "cpuGigabyte", title: "CPU seconds for a gigabyte", digits: 2 },
];

/** The median of the finite values. */
function middle(values: readonly number[]): number {
  const sorted = values.filter(Number.isFinite).sort((one, two) => one - two);
  const half = (sorted.length - 1) / 2;
  const [low, high] = [sorted[Math.floor(half)], sorted[Math.ceil(half)]];
  return ((low ?? NaN) + (high ?? NaN)) / 2;
}

/**
 * Where the median lies with at least 95 % certainty, whatever the distribution: between two of the sorted values, as
 * far from the ends as a coin allows that falls the same way for all beyond.
 */
export function interval(values: readonly number[]): [number, number] {
  const sorted = values.filter(Number.isFinite).sort((one, two) => one - two);
  const last = sorted.length - 1;
  let beyond = 0;
  let chance = 0.5 ** sorted.length;
  for (let tail = chance; beyond < last / 2; beyond++) {
    chance *= (sorted.length - beyond) / (beyond + 1);
    tail += chance;
    if (tail > 0.025) break;
  }
  return [sorted[beyond] ?? NaN, sorted[last - beyond] ?? NaN];
}

const median = (rounds: readonly Round[], way: Way, key: keyof Sample) =>
  middle(rounds.map((round) => round[way][key]));

/** A way's values over routed's of the same round: what else the machine did then is in both. */
const ratios = (rounds: readonly Round[], way: Way, key: keyof Sample) =>
  rounds.map((round) => round[way][key] / round.routed[key]);

const times = (rounds: readonly Round[], way: Way, key: keyof Sample) =>
  `${middle(ratios(rounds, way, key)).toFixed(2)}×`;

const number = (value: number, digits: number) =>
  value.toLocaleString("en-US", {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });

/** The table, as Markdown: it is read as it is on a terminal, too. */
export function table({ rounds, seen, outgoing }: Findings): string {
  const cell = (way: Way, { key, digits }: Metric) => {
    const value = number(median(rounds, way, key), digits);
    if (way === "routed") return value;
    const range = interval(ratios(rounds, way, key)).map((end) =>
      end.toFixed(2),
    );
    return `${value} · ${times(rounds, way, key)} (${range.join("–")})`;
  };
  const row = (title: string, of: (way: Way) => string) =>
    `| ${[title, ...WAYS.map(of)].join(" | ")} |\n`;
  return alignTables(
    [
      row("", (way) => TITLES[way]),
      row("---", () => "---"),
      row("Client's address as the gateway sees it", (way) => seen[way]),
      row(
        "The gateway's own IPv6 connections come from",
        (way) => outgoing[way],
      ),
      ...METRICS.map((metric) => row(metric.title, (way) => cell(way, metric))),
    ].join(""),
  );
}

/** docs/network.md. */
export function markdown(findings: Findings): string {
  const { date, root, kernel, interruptTime, machine, rounds, totals } =
    findings;
  const cpu = (way: Way, key: keyof Sample) => times(rounds, way, key);
  return `# The three ways to a container over IPv6

The recipe that this product grew from names three: Docker's userland proxy, NAT66, and routing, which it chose. Here they
are on one host in one run, beside the same web server on the host itself, without a container's network: the limit. Written by \`npm run bench:network\` on ${date}; nothing of it is written by hand.

![Requests a second, latency, megabits a second and CPU of each](network.svg)

${table(findings)}
Behind a dot, the value over routed's of the same round: the median of ${rounds.length} rounds, and in parentheses where that median
lies with 95 % certainty. Where those straddle 1, no difference was measured.

CPU is the figure to rely on (see Limits). Over kept connections NAT66 took ${cpu("nat66", "cpuRequests")} what routed took, the proxy ${cpu("proxy", "cpuRequests")}; on new
connections ${cpu("nat66", "cpuConnections")} and ${cpu("proxy", "cpuConnections")}; for a download ${cpu("nat66", "cpuGigabyte")} and ${cpu("proxy", "cpuGigabyte")}. Without a
container's network it was ${cpu("host", "cpuRequests")}, ${cpu("host", "cpuConnections")} and ${cpu("host", "cpuGigabyte")}.

## The ways

- **Routed**: the exposed network as this product makes it (\`gateway_mode_ipv6=routed\`), Kong at its own address, its NDP
  answered by ndppd. The kernel forwards; nothing is translated.
- **NAT66**: a network of private addresses (ULA) in Docker's default mode, published on a port of the server's own IPv6
  address. Up to Docker 26 a second program was needed for that (robbertkl/ipv6nat, in the recipe); from 27 on the engine
  makes the same kind of rule itself, and that is measured. The client's address arrives here too: what NAT66 lacks is an
  address of its own. A port of the server serves one container, and what the gateway sends out comes from the server.
- **Userland proxy**: a container without IPv6, published on the server's \`[::]\`. docker-proxy takes each IPv6 connection
  and opens another one, over IPv4, to the container, which sees the bridge's address in place of the client's. Up to
  Docker 26, unless ip6tables is switched on, every publication on \`[::]\` goes this way.

- **Host itself**: the same program and configuration, in the host's own network (\`--network host\`), at a port of the
  server's IPv6 address.

All of them need nothing older than the engine here, so they run on it at the same time.

## Method

- Host: ${root}.
- Kernel ${kernel}; ${machine}. The lab's hosts share both ([test/e2e/lab/README.md](../test/e2e/lab/README.md)).
- client ── router ── switch ── host: network namespaces joined by veth pairs, MTU 1500. Four containers of the lab's
  stand-in gateway, nginx with two workers, HTTP without TLS, access log off, or Docker's log driver would be measured
  with it.
- In each round every figure is measured for a second on one way after the other, in another order each round.
  wrk (one thread) asks \`/client\`, 50 bytes of JSON; curl takes as much as it can of a gigabyte from the page cache.
- CPU: user and system time of the client, nginx, docker-proxy and ksoftirqd. All of it has to be counted: in network
  namespaces the sender's own time carries a packet through router, host and bridge. The client's share is the same each
  time, so the ratios here are milder than the ways' own.
- This run: ${number(totals.requests, 0)} requests, ${number(totals.failed, 0)} failed. Meanwhile other programs took ${(Math.max(0, totals.others) * 100).toFixed(0)} % of the machine's CPU.

## Limits

- Kong is not under test: a stand-in answers faster than a gateway that does something, so with Kong the ways differ less.
- Two cores for client, router, host and gateway together, and for whoever else works there: no absolute figure here says
  what a server does, and the 99th percentiles say mostly how long a program had to wait for a core. Where others take
  part of the machine, a way with more programs gets more of what is left: requests and megabits a second then flatter
  the proxy. The CPU that a request costs doesn't depend on that.
- No network card, no wire: packets stay as long as the sender made them (up to 64 KB), so a download costs fewer of them
  than it would behind a provider's router. No loss, no distance.
- Few rules and few connections; a server with many was not measured. Routing doesn't avoid connection tracking:
  Docker's filter follows connections (conntrack) there as well.
- Where a kernel counts the work on packets apart from the program that it interrupts (CONFIG_IRQ_TIME_ACCOUNTING), this
  CPU figure is too low. Here that is ${interruptTime}.
`;
}

/** Panels of the chart: on the left more is better, on the right less. */
const PANELS: (Metric | undefined)[][] = [
  ["requests", "aloneP50"],
  ["connections", "cpuRequests"],
  ["megabits", "cpuGigabyte"],
].map((row) => row.map((key) => METRICS.find((metric) => metric.key === key)));

const [WIDTH, PANEL_WIDTH, PANEL_HEIGHT, TOP] = [820, 375, 142, 100];
const [BAR, LONGEST] = [20, 250];

/** docs/network.svg. It brings its own background, for pages of either theme. */
export function chart({ rounds, date }: Findings): string {
  const height = TOP + PANELS.length * PANEL_HEIGHT + 22;
  const panels = PANELS.flatMap((row, down) =>
    row.map((metric, right) =>
      panel(
        rounds,
        metric!,
        25 + right * (PANEL_WIDTH + 20),
        TOP + down * PANEL_HEIGHT,
      ),
    ),
  );
  const legend = WAYS.map(
    (way, index) =>
      `<rect class="${way}" x="${25 + index * 130}" y="48" width="12" height="12" rx="2"/><text x="${43 + index * 130}" y="58">${TITLES[way]}</text>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-labelledby="title">
<title id="title">Routed, NAT66, userland proxy and the host itself: requests a second, latency, megabits a second and CPU</title>
<style>
text { font: 13px system-ui, "Segoe UI", "DejaVu Sans", sans-serif; fill: #1f2328 }
.head { font-size: 17px; font-weight: 600 }
.name { font-weight: 600 }
.soft { fill: #59636e }
.range { stroke: #1f2328; stroke-width: 1.25; fill: none }
.back { fill: #ffffff; stroke: #d1d9e0 }
.routed { fill: #0969da }
.nat66 { fill: #d4860b }
.proxy { fill: #8b929a }
.host { fill: #1a7f37 }
@media (prefers-color-scheme: dark) {
text { fill: #f0f6fc }
.soft { fill: #9198a1 }
.range { stroke: #f0f6fc }
.back { fill: #0d1117; stroke: #3d444d }
.routed { fill: #4493f8 }
.nat66 { fill: #e3a13a }
.proxy { fill: #767f89 }
.host { fill: #3fb950 }
}
</style>
<rect class="back" x="0.5" y="0.5" width="${WIDTH - 1}" height="${height - 1}" rx="6"/>
<text class="head" x="25" y="32">Three ways to a container over IPv6</text>
${legend.join("\n")}
<text class="soft" x="25" y="86">More is better</text>
<text class="soft" x="${25 + PANEL_WIDTH + 20}" y="86">Less is better</text>
<text class="soft" x="${WIDTH - 25}" y="32" text-anchor="end">${date}, ${rounds.length} rounds; bars: median over routed, lines: 95 %</text>
${panels.join("\n")}
</svg>
`;
}

/** Bars as long as the ratios, each with the line along which the median may lie. */
function panel(
  rounds: readonly Round[],
  { key, title, digits }: Metric,
  left: number,
  top: number,
): string {
  const all = WAYS.map((way) => ratios(rounds, way, key));
  const most = Math.max(...all.flatMap(interval));
  const scaled = (ratio: number) => Math.round((ratio / most) * LONGEST);
  const bars = WAYS.map((way, index) => {
    const y = top + 26 + index * (BAR + 4);
    const line = y + BAR / 2;
    const [low, high] = interval(all[index]!).map(
      (ratio) => left + scaled(ratio),
    ) as [number, number];
    const value = number(median(rounds, way, key), digits);
    return `<rect class="${way}" x="${left}" y="${y}" width="${scaled(middle(all[index]!))}" height="${BAR}" rx="2"/>${
      way === "routed"
        ? ""
        : `<path class="range" d="M${low} ${line}H${high}M${low} ${line - 4}v8M${high} ${line - 4}v8"/>`
    }<text x="${high + 8}" y="${y + 15}">${times(rounds, way, key)} <tspan class="soft" dx="4">${value}</tspan></text>`;
  });
  return `<text class="name" x="${left}" y="${top + 18}">${title}</text>\n${bars.join("\n")}`;
}
