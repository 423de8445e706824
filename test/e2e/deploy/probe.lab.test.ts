import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { generate } from "../../support/generate.ts";
import { CLI, Sandbox } from "../../support/run.ts";
import type { Namespace } from "../lab/namespace.ts";
import { must } from "../lab/run.ts";
import { CLIENT, Topology } from "../lab/topology.ts";
import type { Probe } from "../../../src/probe/probe.ts";

/** The server is only a network namespace here, with a stand-in for Kong: no host is booted. */
const PREFIX = "2001:db8:1:2::/64";
const HOST = "2001:db8:1:2::2";
const KONG = "2001:db8:1:2:300::8100";
const IPV4 = "203.0.113.10";
const DOMAIN = "gw.example.com";

const file = (name: string): string =>
  fileURLToPath(new URL(`files/${name}`, import.meta.url));

let topology: Topology;
let server: Namespace;
const sandbox = new Sandbox();
const directory = sandbox.path("gw");
const [cert, key] = [sandbox.path("cert.pem"), sandbox.path("key.pem")];

beforeAll(async () => {
  topology = await Topology.open({ prefix: PREFIX });
  server = await topology.connectHost();
  await server.ip([
    `address add ${HOST}/64 dev ens3 nodad`,
    `address add ${KONG}/128 dev ens3 nodad`,
    `address add ${IPV4}/24 dev ens3`,
    "link set ens3 up",
    "route add ::/0 via fe80::1 dev ens3",
    "route add default via 203.0.113.1",
  ]);
  await generate(
    { prefix: PREFIX, ipv4: `${IPV4}/24`, domain: DOMAIN },
    { directory, dryRun: false, conflict: "keep", git: false },
  );
  const subject = "/C=US/ST=California/L=San Francisco/O=Kong/CN=localhost";
  const request = "openssl req -x509 -newkey rsa:2048 -nodes -days 30".split(
    " ",
  );
  await must([...request, "-subj", subject, "-keyout", key, "-out", cert]);
});
afterAll(() => topology?.close());

/** Runs a program in a namespace until it is no longer needed. */
async function started(
  where: Namespace,
  argv: readonly string[],
): Promise<ChildProcess> {
  const child = where.start(argv);
  child.stderr?.on("data", (text: Buffer) => console.warn(text.toString()));
  await Promise.race([
    once(child.stdout!, "data"),
    once(child, "exit").then(() => {
      throw new Error(`${argv.join(" ")} ended`);
    }),
  ]);
  return child;
}

/** A stand-in for Kong, while something is done. */
async function withKong<T>(
  more: readonly string[],
  work: () => Promise<T>,
  environment: readonly string[] = [],
): Promise<T> {
  const kong = await started(server, [
    "env",
    ...environment,
    process.execPath,
    file("kong.mjs"),
    cert,
    key,
    KONG,
    IPV4,
    "--",
    ...more,
  ]);
  try {
    return await work();
  } finally {
    kong.kill("SIGKILL");
    await once(kong, "exit");
  }
}

/** Runs `probe --json` in a namespace, with a resolv.conf that names the namespace itself. */
async function probe(
  where: Namespace = topology.client,
): Promise<Probe & { code: number | null }> {
  const resolv = join(sandbox.root, "resolv.conf");
  writeFileSync(resolv, "nameserver ::1\n");
  const mount = 'mount --bind "$1" /etc/resolv.conf; shift; exec "$@"';
  const unshared = ["unshare", "--mount", "sh", "-ec", mount, "probe", resolv];
  const { code, stdout } = await where.run([
    ...unshared,
    process.execPath,
    CLI,
    "probe",
    directory,
    "--json",
    "--timeout=2",
  ]);
  return { ...(JSON.parse(stdout) as Probe), code };
}

const RECORDS = {
  [`AAAA ${DOMAIN}`]: "20010db8000100020300000000008100",
  [`A ${DOMAIN}`]: IPV4,
  "PTR 10.113.0.203.in-addr.arpa": DOMAIN,
  "PTR 0.0.1.8.0.0.0.0.0.0.0.0.0.0.3.0.2.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa":
    DOMAIN,
};

/** A DNS server in the client's namespace, while something is done. */
async function withDns<T>(
  records: Readonly<Record<string, string>>,
  work: () => Promise<T>,
): Promise<T> {
  const path = join(sandbox.root, "records.json");
  writeFileSync(path, JSON.stringify(records));
  const dns = await started(topology.client, [
    process.execPath,
    file("resolver.mjs"),
    path,
  ]);
  try {
    return await work();
  } finally {
    dns.kill("SIGKILL");
    await once(dns, "exit");
  }
}

const wrong = ({ results, dns }: Probe): string[] => [
  ...results.filter(({ ok }) => ok === false).map(({ port }) => `${port}`),
  ...dns.filter(({ ok }) => ok === false).map(({ type }) => type),
];

describe("from outside", () => {
  test("everything is as promised: exit 0", async () => {
    const found = await withDns(RECORDS, () => withKong([], () => probe()));
    expect(wrong(found)).toEqual([]);
    expect(found).toMatchObject({ ok: true, code: 0 });
    expect(found.from).toMatchObject({
      addresses: [CLIENT.ipv6, CLIENT.ipv4],
      ipv6: "outside",
      ipv4: "outside",
    });
    const answering = found.results.filter(({ seen }) => seen === "answers");
    expect(answering.map(({ address, port }) => [address, port])).toEqual([
      [KONG, 80],
      [KONG, 443],
      [IPV4, 80],
      [IPV4, 443],
    ]);
    expect(answering[0]?.detail).toBe("Kong 3.9.3, HTTP 404");
    expect(found.certificates).toMatchObject([
      { address: KONG, issuer: "Kong, localhost", selfSignedByKong: true },
      { address: IPV4, daysLeft: 29, names: ["localhost"] },
    ]);
    const closed = found.results.filter(({ seen }) => seen === "refused");
    expect(closed).toHaveLength(32);
  });

  test("a response of 300 kB comes through", async () => {
    const found = await withKong([], () => probe(), ["SIZE=400000"]);
    expect(found.results[0]).toMatchObject({
      ok: true,
      detail: "Kong 3.9.3, HTTP 404, 300 kB came through",
    });
  });

  test("wrong DNS records: exit 4", async () => {
    const records = { ...RECORDS, [`A ${DOMAIN}`]: "192.0.2.99" };
    const found = await withDns(records, () => withKong([], () => probe()));
    expect(found).toMatchObject({ ok: false, code: 4 });
    expect(wrong(found)).toEqual(["A"]);
  });

  test("one port too many is open: exit 4", async () => {
    const found = await withKong([HOST, "8001"], () => probe());
    expect(found).toMatchObject({ ok: false, code: 4 });
    expect(wrong(found)).toEqual(["8001"]);
  });

  test("another server answers in place of Kong: exit 4", async () => {
    const other = ["SERVER=nginx", "BODY=hello"];
    const found = await withKong([], () => probe(), other);
    expect(found.code).toBe(4);
    expect(wrong(found)).toEqual(["80", "443", "80", "443"]);
  });

  test("nothing answers: exit 4", async () => {
    const found = await probe();
    expect(found.code).toBe(4);
    expect(wrong(found)).toEqual(["80", "443", "80", "443"]);
  });

  test("no DNS server answers: exit 1, nothing is wrong", async () => {
    const found = await withKong([], () => probe());
    expect(found).toMatchObject({ ok: null, code: 1 });
    expect(found.dns.map(({ seen }) => seen)).toEqual([null, null, null, null]);
  });
});

describe("where the test proves little: exit 1", () => {
  test("no IPv6", async () => {
    const { client } = topology;
    await client.must(["ip", "-6", "route", "delete", "default"]);
    const found = await withDns(RECORDS, () => withKong([], () => probe()));
    await client.must(
      "ip -6 route add default via 2001:db8:c11e::1".split(" "),
    );
    expect(found).toMatchObject({ ok: null, code: 1, from: { ipv6: "none" } });
    const six = found.results.filter(({ address }) => address.includes(":"));
    expect(new Set(six.map(({ seen }) => seen))).toEqual(new Set(["untested"]));
    const four = found.results.filter(({ address }) => address === IPV4);
    expect(new Set(four.map(({ ok }) => ok))).toEqual(new Set([true]));
  });

  test("the server itself", async () => {
    const found = await withKong([], () => probe(server));
    expect(found).toMatchObject({ ok: null, code: 1 });
    expect(found.from).toMatchObject({ ipv6: "server", ipv4: "server" });
    expect(new Set(found.results.map(({ ok }) => ok))).toEqual(new Set([null]));
  });

  test("the server's link; an open port is wrong even there", async () => {
    const neighbour = await topology.addNeighbour(
      "2001:db8:1:2::77/64",
      "203.0.113.77/24",
    );
    const found = await withKong([], () => probe(neighbour));
    expect(found).toMatchObject({ ok: null, code: 1, from: { ipv6: "link" } });
    const open = await withKong([HOST, "5432"], () => probe(neighbour));
    expect(open.code).toBe(4);
    expect(wrong(open)).toEqual(["5432"]);
  });
});
