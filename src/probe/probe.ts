import type { Plan } from "../plan/plan.ts";
import { ask, LARGE, type Reply } from "./http.ts";
import { certificateOf, secured, type Certificate } from "./certificate.ts";
import { connectTo, sendTo, type Seen } from "./connect.ts";
import { testDns, wantedRecords, type DnsResult } from "./dns.ts";
import {
  expectationsOf,
  type Expectation,
  type ServerAddresses,
} from "./expectations.ts";
import {
  meaningOf,
  placeOf,
  sourcesTo,
  type Place,
  type Sources,
} from "./vantage.ts";

export interface Result extends Omit<Expectation, "version" | "kong"> {
  readonly seen: Seen;
  /** null: this test proves nothing. */
  readonly ok: boolean | null;
  readonly detail?: string;
}

export interface Probe {
  /** null: nothing wrong was seen, but something could not be tested. */
  readonly ok: boolean | null;
  readonly from: {
    /** Those that the tests are sent from. */
    readonly addresses: readonly string[];
    readonly ipv6: Place;
    readonly ipv4: Place;
    readonly meaning: string;
  };
  readonly results: readonly Result[];
  readonly dns: readonly DnsResult[];
  readonly certificates: readonly Certificate[];
  /** True if only the old addresses of an overlap don't answer: the provider may have taken them away. */
  readonly oldIsDead?: true;
}

/** What is tested, and how. */
export interface Subject {
  readonly plan: Plan;
  readonly previous: readonly Plan[];
  /** undefined: none */
  readonly domain: string | undefined;
  readonly server: ServerAddresses;
  /** For one answer, in milliseconds. */
  readonly timeout: number;
}

/** Tests from this machine that the right ports answer and no others, and the DNS records. */
export async function probe(subject: Subject): Promise<Probe> {
  const { plan, previous, domain, server, timeout } = subject;
  const expectations = expectationsOf(plan, server);
  const sources = await sourcesTo(
    expectations.map(({ address, version }) => [address, version] as const),
  );
  const [tested, dns] = await Promise.all([
    Promise.all(expectations.map((one) => test(one, sources, subject))),
    testDns(wantedRecords(domain, plan, previous), timeout),
  ]);
  const places = { 4: place(4, plan, tested), 6: place(6, plan, tested) };
  const results = tested.map((one) => judge(one, places[one.version]));
  const certificates = tested.flatMap(({ certificate }) => certificate ?? []);
  return {
    ok: overall([...results.filter(counts), ...dns, ...certificates]),
    from: {
      addresses: [
        ...new Set([...sources.values()].flatMap((one) => one ?? [])),
      ],
      ipv6: places[6],
      ipv4: places[4],
      meaning: meaningOf(places[6], places[4]),
    },
    results,
    dns,
    certificates,
    ...(isOldDead(plan, results) && { oldIsDead: true }),
  };
}

/** Whether only old addresses don't answer. */
export function isOldDead(
  { previous }: Plan,
  results: readonly Pick<Result, "address" | "expected" | "ok">[],
): boolean {
  const old = previous?.containers.map(({ address }) => address) ?? [];
  const wrong = results.filter(({ ok }) => ok === false);
  return (
    wrong.length > 0 &&
    wrong.every(
      ({ address, expected }) =>
        expected === "answers" && old.includes(address),
    )
  );
}

const overall = (
  all: readonly { readonly ok: boolean | null }[],
): boolean | null => {
  if (all.some(({ ok }) => ok === false)) return false;
  return all.some(({ ok }) => ok === null) ? null : true;
};

/** Most UDP services can't be tested: that says nothing about the server. */
export const counts = ({ protocol, ok }: Result): boolean =>
  protocol === "tcp" || ok !== null;

export interface Tested extends Expectation {
  readonly seen: Seen;
  readonly source: string | undefined;
  readonly detail?: string;
  /** What is not as promised although the port answers. */
  readonly wrong?: true;
  readonly certificate?: Certificate;
}

const place = (
  version: 4 | 6,
  plan: Plan,
  tested: readonly Tested[],
): Place => {
  const own = tested.filter((one) => one.version === version);
  const found = placeOf(
    version,
    plan,
    own.map(({ source }) => source),
  );
  // NPTv6 (RFC 6296) and NAT66 lead a private address out.
  const leadsOut = own.some(({ seen }) => seen === "answers");
  return found === "private" && leadsOut ? "outside" : found;
};

async function test(
  expectation: Expectation,
  sources: Sources,
  { domain, timeout }: Subject,
): Promise<Tested> {
  const { address, port, protocol, expected, kong } = expectation;
  const source = sources.get(address);
  const tested = { ...expectation, source };
  if (source === undefined) return { ...tested, seen: "untested" };
  const connect = protocol === "tcp" ? connectTo : sendTo;
  const { socket, ...found } = await connect(address, port, timeout);
  if (socket === undefined) return { ...tested, ...found };
  if (expected === "closed" || kong === undefined) {
    socket.destroy();
    return { ...tested, ...found };
  }
  const host = domain ?? address;
  if (kong === "http")
    return { ...tested, ...found, ...about(await ask(socket, host, timeout)) };
  const secure = await secured(socket, address, domain, timeout);
  if (secure === undefined)
    return { ...tested, ...found, detail: "but not with TLS", wrong: true };
  const certificate = certificateOf(secure, address, port, domain);
  const reply = await ask(secure, host, timeout);
  return { ...tested, ...found, ...about(reply), certificate };
}

/** What a reply on one of Kong's ports means. */
function about({
  status,
  kong,
  bytes,
  stalled,
}: Reply): Pick<Tested, "detail" | "wrong"> {
  if (status === undefined)
    return { detail: "but with no HTTP response", wrong: true };
  if (stalled)
    return {
      detail: `the response stops after ${bytes} bytes: large packets may get lost (path MTU)`,
      wrong: true,
    };
  if (kong === undefined)
    return { detail: `HTTP ${status}, but not from Kong`, wrong: true };
  const name = kong === "" ? "Kong" : `Kong ${kong}`;
  const large = bytes >= LARGE ? ", 300 kB came through" : "";
  return { detail: `${name}, HTTP ${status}${large}` };
}

/** Whether what was seen is as promised; null if it can't be known from here. */
export function judge(tested: Tested, where: Place): Result {
  const { address, port, protocol, expected, service } = tested;
  // Silence of UDP says nothing: most services answer only what they understand.
  const isMute =
    protocol === "udp" && tested.seen === "silent" && expected === "answers";
  const seen = where === "private" || isMute ? "untested" : tested.seen;
  const { detail } = tested;
  const isOpen = seen === "answers";
  // What a neighbour can reach is open. What it can't reach, the world may reach.
  const proves =
    where === "outside" ||
    (where === "link" && isOpen && expected === "closed");
  const ok =
    seen === "untested" || !proves
      ? null
      : !tested.wrong && isOpen === (expected === "answers");
  return {
    address,
    port,
    protocol,
    service,
    expected,
    seen,
    ok,
    ...(detail !== undefined && seen !== "untested" && { detail }),
  };
}
