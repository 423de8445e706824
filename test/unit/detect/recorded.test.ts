import { expect, test } from "vitest";
import { QUESTIONS } from "../../../src/answers/questions.ts";
import { inferAnswers } from "../../../src/detect/infer/infer-answers.ts";
import { valuesOf } from "../../../src/detect/infer/types.ts";
import { resolve } from "../../../src/answers/resolve.ts";
import { factsOf, names } from "./recordings.ts";

const IPV4 = { interface: "ens3", ipv4: "203.0.113.10" };
const SINGLE = { ...IPV4, gateway: "fe80::1", host: "2001:db8:1:2::2" };
const STATIC = { ...SINGLE, prefix: "2001:db8:1:2::/64" };
const UNPRIVILEGED = {
  ...STATIC,
  exposed: "2001:db8:1:2:301::/80",
  backendSubnet: "10.83.84.0/24",
  firewall: "ufw",
};
const BUSY = { ...UNPRIVILEGED, internalPrefix: "fd4c:8a1e:92b7::/64" };
const SLAAC = {
  ...STATIC,
  host: "keep",
  gateway: "ra",
  delivery: "on-link",
};

/** What each host's owner would say, and what can't be told there. */
const EXPECTED: Readonly<
  Record<string, { answers: Record<string, string>; warnings?: RegExp[] }>
> = {
  "bookworm-fresh": {
    answers: IPV4,
    warnings: [/^ens3 has no public IPv6 address, .* give --prefix$/],
  },
  "trixie-fresh": { answers: IPV4, warnings: [/no public IPv6 address/] },
  "sid-fresh": { answers: IPV4, warnings: [/no public IPv6 address/] },
  "bookworm-busy": {
    answers: BUSY,
    warnings: [/whether .* cannot be detected from the server/],
  },
  "trixie-busy": {
    answers: BUSY,
    warnings: [/whether .* cannot be detected from the server/],
  },
  "sid-busy": {
    answers: BUSY,
    warnings: [/whether .* cannot be detected from the server/],
  },
  "trixie-unprivileged": {
    answers: UNPRIVILEGED,
    warnings: [
      /whether .* cannot be detected from the server/,
      /permission denied .* unix:\/\/\/var\/run\/docker\.sock$/,
    ],
  },
  "trixie-applied": {
    answers: { ...STATIC, internalPrefix: expect.any(String) },
    warnings: [/whether .* cannot be detected from the server/],
  },
  "trixie-two-uplinks": {
    answers: STATIC,
    warnings: [
      /ens4 also has an IPv6 default route/,
      /whether .* cannot be detected from the server/,
    ],
  },
  "trixie-single-address": {
    answers: { ...SINGLE, host: "2001:db8:1:2::2/128" },
    warnings: [/2001:db8:1:2::2 is a single address \(\/128\)/],
  },
  "trixie-single-on-link": {
    answers: { ...STATIC, host: "2001:db8:1:2::2/128" },
    warnings: [/\(probably routed, because ens3 has only a single address/],
  },
  "trixie-sixteen-addresses": {
    answers: {
      ...SINGLE,
      host: "2001:db8:1:2::2/124",
      prefix: "2001:db8:1:2::/124",
    },
    warnings: [/whether .* cannot be detected from the server/],
  },
  "trixie-gateway-in-prefix": {
    answers: { ...STATIC, gateway: "2001:db8:1:2::1", delivery: "on-link" },
    warnings: [
      /^the gateway 2001:db8:1:2::1 is in 2001:db8:1:2::\/64 too, so other customers may share it/,
    ],
  },
  "trixie-ula-only": {
    answers: { ...IPV4, gateway: "fe80::1" },
    warnings: [/only unique local IPv6 addresses/],
  },
  "trixie-ipv6-off": {
    answers: IPV4,
    warnings: [/IPv6 is disabled/],
  },
  "trixie-ipv6-only": {
    answers: { ...STATIC, ipv4: "none" },
    warnings: [/whether .* cannot be detected from the server/],
  },
  "trixie-slaac": {
    answers: SLAAC,
    warnings: [/comes from router advertisements or DHCP/],
  },
  "trixie-slaac-by-the-kernel": {
    answers: SLAAC,
    warnings: [/comes from router advertisements or DHCP/],
  },
  "trixie-networkmanager": {
    answers: STATIC,
    warnings: [
      /whether .* cannot be detected from the server/,
      /NetworkManager manages ens3/,
    ],
  },
};

test("every recording has its expectation", () => {
  expect(names().sort()).toEqual(Object.keys(EXPECTED).sort());
});

test.each(Object.entries(EXPECTED))(
  "%s",
  async (name, { answers: expected, warnings: told = [] }) => {
    const { answers, warnings } = inferAnswers(await factsOf(name));
    expect(valuesOf(answers)).toEqual(expected);
    expect(warnings).toEqual(
      told.map((text): unknown => expect.stringMatching(text)),
    );
    for (const { source } of answers) expect(source).not.toBe("");
    // With a prefix they make a plan, each as it is.
    expect(Object.keys(valuesOf(answers))).toEqual(
      QUESTIONS.map(({ key }) => key).filter((key) => key in expected),
    );
    const given = { prefix: "2001:db8:1:2::/64", ...valuesOf(answers) };
    expect(resolve(given).answers).toMatchObject(given);
  },
);

test("what else is seen has its source too", async () => {
  const { seen } = inferAnswers(await factsOf("sid-busy"));
  expect(seen).toEqual(
    expect.arrayContaining([
      {
        key: "docker",
        value: expect.stringMatching(/^28\./) as string,
        source: "docker version",
      },
      {
        key: "taken",
        value: "10.83.80.0/22",
        source: "Docker network monitoring",
      },
      { key: "taken", value: "10.99.0.0/16", source: "a route on wg0" },
      {
        key: "daemon.json",
        value: "ipv6, fixed-cidr-v6, log-driver",
        source: "/etc/docker/daemon.json",
      },
      {
        key: "netplan",
        value: "ens3",
        source: "/etc/netplan/50-cloud-init.yaml",
      },
      {
        key: "renderer",
        value: "networkd, ID ens3",
        source: "/run/systemd/netif/links/2",
      },
    ]),
  );
  const taken = seen.filter(({ key }) => key === "taken");
  expect(new Set(taken.map(({ value }) => value)).size).toBe(taken.length);
});

test("a repository that runs there already is not in its own way", async () => {
  const facts = await factsOf("trixie-applied");
  const mine = facts.docker.networks.filter(({ own }) => own);
  expect(mine.map(({ name }) => name).sort()).toEqual([
    "ipv6_exposed",
    "kong-ipv6_kong-net",
  ]);
  const { answers } = inferAnswers(facts);
  const keys = answers.map(({ key }) => key);
  expect(keys).not.toContain("exposed");
  expect(keys).not.toContain("backendSubnet");
});
