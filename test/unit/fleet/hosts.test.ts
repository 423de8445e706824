import { expect, test } from "vitest";
import { UnusableError, type Issue } from "../../../src/base/errors.ts";
import { checkedHosts } from "../../../src/fleet/hosts.ts";
import { readFleet } from "../../../src/fleet/read-fleet.ts";

type Answers = Record<string, unknown>;

const one = { prefix: "2a03:2222:3333:4444::/64" };
const two = { prefix: "2a04:2222:3333:4444::/64" };

const hosts = (listed: unknown, shared: Answers = { controlPlane: "a" }) =>
  checkedHosts(
    readFleet({ text: "", content: { ...shared, hosts: listed } }),
    new Map(),
    undefined,
    "f",
  );

function issues(listed: unknown, shared?: Answers): Issue[] {
  try {
    hosts(listed, shared);
  } catch (error) {
    if (error instanceof UnusableError) return [...error.issues];
    throw error;
  }
  return [];
}

const flags = (listed: unknown, shared?: Answers): string[] =>
  issues(listed, shared).map(({ flag }) => flag);

test("what stands beside hosts applies to all; a host's own answer counts", () => {
  const found = hosts(
    { a: one, b: { ...two, network: "own" } },
    { controlPlane: "a", network: "shared" },
  );
  expect(found.map(({ answers }) => answers.network)).toEqual([
    "shared",
    "own",
  ]);
});

test("the control plane's host comes first, with the database and the control plane's address", () => {
  const [first, other] = hosts({ b: two, a: one });
  expect([first?.name, other?.name]).toEqual(["a", "b"]);
  expect(first?.answers).toMatchObject({
    database: "postgres",
    expose: ["kong-control-plane@[2a03:2222:3333:4444:300::8101]:8005"],
  });
  expect(other?.answers).toMatchObject({ database: "off", expose: [] });
});

test("a container of the owner's does not change the control plane's address", () => {
  const [first] = hosts({ a: { ...one, expose: "mail:25" } });
  expect(first?.answers.expose).toEqual([
    "kong-control-plane@[2a03:2222:3333:4444:300::8101]:8005",
    "mail@[2a03:2222:3333:4444:300::8102]:25",
  ]);
});

test("the owner can choose the control plane's address, but not its port", () => {
  const at = (port: number): Answers => ({
    a: {
      ...one,
      expose: [
        {
          name: "kong-control-plane",
          address: "2a03:2222:3333:4444:300::9000",
          ports: [port],
        },
      ],
    },
  });
  expect(hosts(at(8005))[0]?.answers.expose).toEqual([
    "kong-control-plane@[2a03:2222:3333:4444:300::9000]:8005",
  ]);
  expect(issues(at(8006))).toMatchObject([
    { flag: "a: --expose", remedy: "Try kong-control-plane:8005" },
  ]);
});

test("the errors of all hosts are reported at once, each with its host", () => {
  expect(
    flags({
      a: { prefix: "nonsense" },
      b: { ...two, kong: "2a03::1" },
      c: {},
    }),
  ).toEqual(["a: --prefix", "b: --kong", "c: --prefix"]);
});

test.each<[string, Answers | undefined, unknown, string]>([
  ["no host", undefined, {}, "hosts"],
  ["a list", undefined, [one], "hosts"],
  ["no control plane", {}, { a: one }, "controlPlane"],
  [
    "an unknown control plane",
    { controlPlane: "z" },
    { a: one },
    "controlPlane",
  ],
  ["a name with a slash", undefined, { a: one, "../b": two }, "hosts"],
  ["a group of Ansible's", undefined, { a: one, all: two }, "hosts"],
  ["an unknown answer", undefined, { a: { ...one, prefx: 1 } }, "a: prefx"],
  [
    "an unknown answer for all",
    { controlPlane: "a", domian: "x" },
    { a: one },
    "all hosts: domian",
  ],
  [
    "the database",
    undefined,
    { a: { ...one, database: "off" } },
    "a: database",
  ],
  ["text for answers", undefined, { a: one, b: "text" }, "b"],
])("refused: %s", (_, shared, listed, flag) => {
  expect(flags(listed, shared)).toEqual([flag]);
});

test.each<[string, Answers, string]>([
  ["the same prefix", { a: one, b: one }, "b: --kong, b: --host, b: --exposed"],
  [
    "overlapping exposed subnets of one link",
    {
      a: one,
      b: {
        ...one,
        host: "2a03:2222:3333:4444::3",
        exposed: "2a03:2222:3333:4444:300::/79",
        kong: "2a03:2222:3333:4444:301::1",
      },
    },
    "b: --exposed",
  ],
  [
    "a server inside another one's exposed subnet",
    {
      a: one,
      b: {
        prefix: "2a03:2222:3333:4444::/64",
        exposed: "2a03:2222:3333:4444:400::/80",
        host: "2a03:2222:3333:4444:300::7",
      },
    },
    "b: --host",
  ],
  [
    "the same IPv4",
    { a: { ...one, ipv4: "192.0.2.1" }, b: { ...two, ipv4: "192.0.2.1" } },
    "b: --ipv4",
  ],
  [
    "the same login",
    { a: { ...one, ssh: "root@h" }, b: { ...two, ssh: "root@h" } },
    "b: --ssh",
  ],
])("hosts clash: %s", (_, listed, expected) => {
  expect(flags(listed).join(", ")).toBe(expected);
});

test("two hosts on one link with subnets of their own are no clash", () => {
  expect(
    issues({
      a: one,
      b: {
        prefix: "2a03:2222:3333:4444::/64",
        host: "2a03:2222:3333:4444::3",
        exposed: "2a03:2222:3333:4444:400::/80",
      },
    }),
  ).toEqual([]);
});
