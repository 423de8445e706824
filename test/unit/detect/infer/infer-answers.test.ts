import { describe, expect, test } from "vitest";
import { parseAddress, parseSubnet } from "../../../../src/ip/address.ts";
import { inferAnswers } from "../../../../src/detect/infer/infer-answers.ts";
import type { DaemonJson } from "../../../../src/detect/parse/docker.ts";
import type { Facts } from "../../../../src/detect/parse/facts.ts";
import { valuesOf } from "../../../../src/detect/infer/types.ts";
import type { Given } from "../../../../src/answers/resolve.ts";
import { answersFrom } from "../../../support/base.ts";
import { factsOf } from "../recordings.ts";

const busy = await factsOf("trixie-busy");
const two = await factsOf("trixie-two-uplinks");

const values = (facts: Facts, given: Given = {}): Given =>
  valuesOf(inferAnswers(facts, given).answers);

/** The uplink with one more IPv6 address. */
const withAddress = (facts: Facts, text: string, length = 64): Facts => ({
  ...facts,
  addresses: [
    ...facts.addresses,
    {
      device: "ens3",
      version: 6,
      value: parseAddress(6, text),
      length,
      lasting: true,
      dynamic: false,
      deprecated: false,
    },
  ],
});

describe("beside what the owner gave", () => {
  test("what was given is not answered", () => {
    const all = values(busy);
    for (const [key, value] of Object.entries(all))
      expect(values(busy, { [key]: value })).not.toHaveProperty(key);
  });

  test("another interface: all of it is of that one", () => {
    expect(values(two, { interface: "ens4" })).toEqual({
      prefix: "2001:db8:9:9::/64",
      host: "2001:db8:9:9::2",
      gateway: "fe80::9",
      ipv4: "any",
    });
    const { warnings } = inferAnswers(two, { interface: "ens4" });
    expect(warnings.join()).not.toContain("give --interface");
  });

  test("an interface that isn't there: named, and nothing of another", () => {
    const { answers, warnings } = inferAnswers(two, { interface: "eth7" });
    expect(answers).toEqual([]);
    expect(warnings).toContain("there is no interface eth7");
  });

  test("another prefix is probably routed: the address stays, and nothing is made up", () => {
    const given = { prefix: "2001:db8:5:6::/64" };
    expect(values(busy, given)).toEqual({
      host: "keep",
      interface: "ens3",
      gateway: "fe80::1",
      delivery: "routed",
      ipv4: "203.0.113.10",
      backendSubnet: "10.83.84.0/24",
      internalPrefix: "fd4c:8a1e:92b7::/64",
      firewall: "ufw",
    });
    const { warnings } = inferAnswers(busy, given);
    expect(warnings).toContainEqual(
      expect.stringMatching(
        /^ens3 has no address in 2001:db8:5:6::\/64, so it is probably routed: --delivery routed\. Run `tcpdump -ni ens3 icmp6` on the server/,
      ),
    );
  });

  test("another prefix that is on-link for certain: --host is missing", () => {
    const given = { prefix: "2001:db8:5:6::/64", delivery: "on-link" };
    expect(inferAnswers(busy, given).warnings).toContain(
      "ens3 has no address in 2001:db8:5:6::/64: give --host",
    );
    expect(values(busy, given)).not.toHaveProperty("host");
  });

  test("a routed prefix: the server's own address is elsewhere", () => {
    const given = { prefix: "2001:db8:5:6::/64", delivery: "routed" };
    const { answers, warnings } = inferAnswers(busy, given);
    expect(answers).toContainEqual({
      key: "host",
      value: "keep",
      source: "ens3 has 2001:db8:1:2::2, outside the prefix",
    });
    expect(warnings).toEqual([]);
  });

  test("a routed prefix with the server inside: its address", () => {
    const given = { prefix: "2001:db8:1:2::/64", delivery: "routed" };
    expect(values(busy, given)).toMatchObject({ host: "2001:db8:1:2::2" });
  });

  test("a routed prefix longer than /64: the address stays as it is", () => {
    const given = { prefix: "2001:db8:1:2::/96", delivery: "routed" };
    // The server is in the lower half.
    expect(values(busy, given)).toMatchObject({
      host: "keep",
      exposed: "2001:db8:1:2::8000:0/97",
    });
  });

  test("the detected prefix counts as a given one: routed and longer than /64", () => {
    const addresses = busy.addresses.map((one) =>
      one.device === "ens3" && one.version === 6 && one.length === 64
        ? { ...one, length: 112 }
        : one,
    );
    expect(
      values({ ...busy, addresses }, { delivery: "routed" }),
    ).toMatchObject({ prefix: "2001:db8:1:2::/112", host: "keep" });
  });

  test("a part of a shared link: on-link, as the router is on that link", () => {
    const given = { prefix: "2001:db8:1:2::10/124" };
    const gateway = parseAddress(6, "2001:db8:1:2::1");
    const routes = busy.routes.map((route) =>
      route.destination.version === 4 || route.gateway === undefined
        ? route
        : { ...route, gateway },
    );
    const { answers } = inferAnswers({ ...busy, routes }, given);
    expect(answers).toContainEqual({
      key: "delivery",
      value: "on-link",
      source:
        "the router 2001:db8:1:2::1 is on the same link, 2001:db8:1:2::/64",
    });
    expect(valuesOf(answers)).toMatchObject({ host: "2001:db8:1:2::2" });
  });

  test("a shorter prefix: its address is in it", () => {
    const given = { prefix: "2001:db8:1::/48" };
    expect(values(busy, given)).toMatchObject({ host: "2001:db8:1:2::2" });
  });

  test("--ipv4-gateway wants the IPv4 with its length", () => {
    expect(values(busy, { ipv4Gateway: "203.0.113.1" })).toMatchObject({
      ipv4: "203.0.113.10/24",
    });
  });

  test("another name of the exposed network: the one that has it is no obstacle", () => {
    expect(values(busy, { network: "public" })).not.toHaveProperty("exposed");
  });
});

test("a default route by what is no router of a provider is left out, and named", () => {
  const gateway = parseAddress(6, "fd00::1");
  const routes = busy.routes.map((route) =>
    route.destination.version === 4 || route.gateway === undefined
      ? route
      : { ...route, gateway },
  );
  const { answers, warnings } = inferAnswers({ ...busy, routes });
  expect(valuesOf(answers)).not.toHaveProperty("gateway");
  expect(warnings).toContain(
    "gateway fd00::1, the gateway of the IPv6 default route, is not used: it is unique local space, not public (RFC 4193)",
  );
});

describe("when no subnet is free", () => {
  const withPools = (...pools: string[]): Facts => ({
    ...busy,
    daemonJson: {
      ...(busy.daemonJson as DaemonJson),
      pools: pools.map((text) => parseSubnet(text.includes(":") ? 6 : 4, text)),
    },
  });

  test("a used exposed subnet is a warning, not an answer", () => {
    const { answers, warnings } = inferAnswers(
      withPools(
        "2001:db8:1:2:300::/72",
        "2001:db8:1:2:8000::/65",
        "2001:db8:1:2::/65",
      ),
    );
    expect(valuesOf(answers)).toMatchObject({ prefix: "2001:db8:1:2::/64" });
    expect(valuesOf(answers)).not.toHaveProperty("exposed");
    expect(warnings).toContainEqual(
      expect.stringMatching(
        /^no free \/80 is left in 2001:db8:1:2::\/64: .* overlaps .*\. Give --exposed$/,
      ),
    );
  });

  test("a used backend subnet is a warning, not an answer", () => {
    const { answers, warnings } = inferAnswers(
      withPools("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"),
    );
    expect(valuesOf(answers)).not.toHaveProperty("backendSubnet");
    expect(warnings).toContainEqual(
      expect.stringMatching(
        /^no private IPv4 subnet is free for kong-net: .* overlaps .*\. Give --backend-subnet$/,
      ),
    );
  });
});

test("Docker's address pools are not free", () => {
  const pools = [parseSubnet(4, "10.0.0.0/8")];
  const daemonJson = { ...(busy.daemonJson as DaemonJson), pools };
  expect(values({ ...busy, daemonJson })).toMatchObject({
    backendSubnet: "192.168.181.0/24",
  });
});

test("a public fixed-cidr-v6 is no default of ours", () => {
  const fixedCidrV6 = "2001:db8:5::/64";
  const daemonJson = { ...(busy.daemonJson as DaemonJson), fixedCidrV6 };
  expect(values({ ...busy, daemonJson })).not.toHaveProperty("internalPrefix");
});

describe("several addresses", () => {
  test("what somebody configured goes before what is advertised", () => {
    const more = withAddress(busy, "2001:db8:1:2::99").addresses;
    const addresses = more.map((one, index) => ({
      ...one,
      dynamic: index < more.length - 1,
    }));
    expect(values({ ...busy, addresses })).toMatchObject({
      host: "2001:db8:1:2::99",
    });
  });

  test("the lowest is taken, and the others are named", () => {
    const { answers, warnings } = inferAnswers(
      withAddress(busy, "2001:db8:1:2::1:1"),
    );
    expect(valuesOf(answers)).toMatchObject({ host: "2001:db8:1:2::2" });
    expect(warnings.join()).toContain("ens3 also has 2001:db8");
  });

  test("a shorter prefix on the link stays, with a word of warning", () => {
    const { addresses } = busy;
    const shorter = addresses.map((one) =>
      one.length === 64 ? { ...one, length: 56 } : one,
    );
    const { answers, warnings } = inferAnswers({ ...busy, addresses: shorter });
    expect(valuesOf(answers)).toMatchObject({ prefix: "2001:db8:1::/56" });
    expect(warnings.join()).toContain("give --prefix 2001:db8:1:2::/64");
  });

  test("what is in a subnet goes before a single one", () => {
    const facts = withAddress(busy, "2001:db8:1:1::1", 128);
    expect(values(facts)).toMatchObject({ host: "2001:db8:1:2::2" });
  });

  test("the server's address in the usual subnet: another is free", () => {
    const facts = withAddress(two, "2001:db8:1:2:300::5");
    expect(values(facts)).toMatchObject({ exposed: "2001:db8:1:2:301::/80" });
  });

  test("a deprecated but permanent address is the server's, with a note", () => {
    const addresses = busy.addresses.map((one) => ({
      ...one,
      deprecated: true,
    }));
    const { answers, warnings } = inferAnswers({ ...busy, addresses });
    expect(answers).toContainEqual({
      key: "host",
      value: "2001:db8:1:2::2",
      source:
        "the static address of ens3, deprecated (preferred lifetime 0) but permanent",
    });
    const more = withAddress({ ...busy, addresses }, "2001:db8:1:2::9");
    expect(values(more)).toMatchObject({ host: "2001:db8:1:2::9" });
    expect(inferAnswers(more).warnings).toEqual(warnings);
  });

  test("IPv4 on another interface than IPv6: any, and which one", () => {
    const addresses = busy.addresses.map((one) =>
      one.device === "ens3" && one.version === 4
        ? { ...one, device: "ens3.4000" }
        : one,
    );
    const ipv4 = (facts: Facts) =>
      inferAnswers(facts).answers.find(({ key }) => key === "ipv4");
    const routes = busy.routes.filter(
      ({ destination: { version, length } }) => version === 6 || length > 0,
    );
    expect(ipv4({ ...busy, addresses, routes })).toEqual({
      key: "ipv4",
      value: "any",
      source: "the IPv4 of this server is on ens3.4000",
    });
    const none = addresses.filter(({ device }) => device !== "ens3.4000");
    expect(ipv4({ ...busy, addresses: none, routes })).toMatchObject({
      value: "none",
    });
  });

  test("no IPv4 that is public: any, and why", () => {
    const facts: Facts = {
      ...busy,
      addresses: busy.addresses.map((one) =>
        one.device === "ens3" && one.version === 4
          ? { ...one, value: parseAddress(4, "172.31.5.5") }
          : one,
      ),
    };
    const ipv4 = inferAnswers(facts).answers.find(({ key }) => key === "ipv4");
    expect(ipv4).toEqual({
      key: "ipv4",
      value: "any",
      source: "ens3 has only private IPv4 addresses: 172.31.5.5",
    });
  });
});

describe("a bridge for virtual machines with the same /64", () => {
  const single = two.addresses.map((one) =>
    one.device === "ens3" && one.version === 6 ? { ...one, length: 128 } : one,
  );
  const bridged = ((): Facts => {
    const { addresses, routes, ...rest } = withAddress(
      { ...two, addresses: single },
      "2001:db8:1:2::2",
    );
    const last = addresses.length - 1;
    return {
      ...rest,
      addresses: addresses.map((one, index) =>
        index === last ? { ...one, device: "vmbr0" } : one,
      ),
      routes: routes.map((route) =>
        route.destination.length === 64 && route.device === "ens3"
          ? { ...route, device: "vmbr0" }
          : route,
      ),
      neighbours: [
        { device: "vmbr0", value: parseAddress(6, "2001:db8:1:2:300::9") },
      ],
    };
  })();

  test("the prefix is the bridge's, and it isn't in its own way", () => {
    const { answers } = inferAnswers(bridged);
    expect(valuesOf(answers)).toMatchObject({
      prefix: "2001:db8:1:2::/64",
      host: "2001:db8:1:2::2/128",
      interface: "ens3",
    });
    expect(answers).toContainEqual({
      key: "prefix",
      value: "2001:db8:1:2::/64",
      source: "vmbr0 has 2001:db8:1:2::2/64, beside 2001:db8:1:2::2 on ens3",
    });
  });

  test("a machine on the bridge has its address", () => {
    const exposed = inferAnswers(bridged).answers.find(
      ({ key }) => key === "exposed",
    );
    expect(exposed).toMatchObject({
      value: "2001:db8:1:2:301::/80",
      source: expect.stringContaining(
        "another machine on the link of vmbr0",
      ) as string,
    });
  });
});

test("a gateway in the default exposed subnet moves the suggestion", async () => {
  const facts = await factsOf("trixie-gateway-in-prefix");
  const gateway = parseAddress(6, "2001:db8:1:2:300::7");
  const routes = facts.routes.map((route) =>
    route.gateway !== undefined && route.destination.version === 6
      ? { ...route, gateway }
      : route,
  );
  expect(values({ ...facts, routes, neighbours: [] })).toMatchObject({
    gateway: "2001:db8:1:2:300::7",
    exposed: "2001:db8:1:2:301::/80",
  });
});

describe("a kept address in a prefix shorter than /64", () => {
  const kept = (length: number): Facts => ({
    ...two,
    addresses: two.addresses.map((one) =>
      one.device === "ens3" && one.version === 6
        ? { ...one, length, dynamic: true }
        : one,
    ),
  });
  const own = {
    key: "exposed",
    value: "2001:db8:1:2:300::/80",
    source: "in the /64 of the server's address 2001:db8:1:2::2",
  };

  test("the exposed subnet was in the prefix's first /64, not in the server's", () => {
    const { answers } = inferAnswers(kept(56));
    expect(valuesOf(answers)).toMatchObject({
      prefix: "2001:db8:1::/56",
      host: "keep",
    });
    expect(answers).toContainEqual(own);
    const given = { prefix: "2001:db8:1::/48", host: "keep" };
    for (const delivery of ["on-link", "routed"])
      expect(
        inferAnswers(kept(64), { ...given, delivery }).answers,
      ).toContainEqual(own);
  });

  test("that subnet is in use: the next one, also in that /64", () => {
    const taken = withAddress(kept(56), "2001:db8:1:2:300::5");
    expect(values(taken)).toMatchObject({ exposed: "2001:db8:1:2:301::/80" });
  });

  test("no answer where the default is right, or the address outside", () => {
    expect(values(kept(64))).not.toHaveProperty("exposed");
    for (const prefix of ["2001:db8:1:2::/63", "2001:db8:5::/48"]) {
      const given = { prefix, host: "keep", delivery: "routed" };
      expect(values(kept(64), given)).not.toHaveProperty("exposed");
    }
  });
});

test("the prefix of the second uplink was looked for on the first", () => {
  const given = { prefix: "2001:db8:9:9::/64" };
  const { answers, warnings } = inferAnswers(two, given);
  expect(valuesOf(answers)).toMatchObject({
    interface: "ens4",
    host: "2001:db8:9:9::2",
    gateway: "fe80::9",
  });
  expect(warnings.join()).toContain(
    "ens4 was chosen because it has an address in 2001:db8:9:9::/64",
  );
  // A prefix that no uplink has an address of, as a routed one.
  expect(values(two, { prefix: "2001:db8:5::/48" })).toMatchObject({
    interface: "ens3",
  });
});

describe("beside the answers of before", () => {
  const SEEN = {
    prefix: "2001:db8:1:2::/64",
    host: "2001:db8:1:2::2",
    interface: "ens3",
    gateway: "fe80::1",
  };
  const followed = (former: Given): Given =>
    valuesOf(inferAnswers(busy, {}, answersFrom(former)).answers);

  test("confirmed answers do not change", () => {
    expect(followed(SEEN)).toEqual({});
  });

  test("the owner's own choices stay", () => {
    expect(
      followed({
        ...SEEN,
        exposed: "2001:db8:1:2:400::/80",
        ipv4: "none",
        firewall: "nftables",
        backendSubnet: "10.1.2.0/24",
      }),
    ).toEqual({});
    expect(followed({ ...SEEN, prefix: "2001:db8:1::/48" })).toEqual({});
  });

  test("a prefix that changed is followed, with the address", () => {
    const former = { ...SEEN, prefix: "2001:db8:5:6::/64" };
    expect(followed({ ...former, host: "2001:db8:5:6::2" })).toEqual({
      prefix: SEEN.prefix,
      host: SEEN.host,
    });
  });

  test("an interface, a gateway, an IPv4 that is gone", () => {
    const former = { ...SEEN, interface: "eth0", gateway: "fe80::9" };
    expect(followed({ ...former, ipv4: "192.0.2.9" })).toEqual({
      interface: "ens3",
      gateway: "fe80::1",
      ipv4: "203.0.113.10",
    });
  });

  test("regenerate --detect moved a repository on a second uplink to the first", () => {
    const second = {
      prefix: "2001:db8:9:9::/64",
      host: "2001:db8:9:9::2",
      interface: "ens4",
      gateway: "fe80::9",
    };
    const detected = (former: Given, facts = two) =>
      inferAnswers(facts, {}, answersFrom(former));
    for (const former of [
      second,
      { ...second, prefix: "2001:db8:7::/48", host: "keep" },
    ]) {
      const routed = { ...former, delivery: "routed" };
      expect(detected(routed).answers).toEqual([]);
      expect(detected(routed).warnings.join()).not.toContain(
        "give --interface",
      );
    }
    expect(
      valuesOf(detected({ ...second, gateway: "fe80::8" }).answers),
    ).toEqual({ gateway: "fe80::9" });
    // Its router is silent at the moment, but its address is still there.
    const routes = two.routes.filter(
      ({ device, gateway }) => device !== "ens4" || gateway === undefined,
    );
    expect(detected(second, { ...two, routes }).answers).toEqual([]);
  });

  test("another uplink is chosen: this machine still has the previous prefix", () => {
    const former = answersFrom(SEEN);
    const { warnings } = inferAnswers(two, { interface: "ens4" }, former);
    expect(warnings.join()).not.toContain("this machine has no address in");
  });

  test("an interface that is no uplink any longer is followed", () => {
    const left: Facts = {
      ...two,
      routes: two.routes.filter(({ device }) => device !== "ens4"),
      addresses: two.addresses.filter(({ device }) => device !== "ens4"),
    };
    const former = answersFrom({ ...SEEN, interface: "ens4" });
    expect(valuesOf(inferAnswers(left, {}, former).answers)).toMatchObject({
      interface: "ens3",
    });
  });

  test("a routed prefix isn't on the uplink: it stays", () => {
    const former = { ...SEEN, prefix: "2001:db8:5:6::/64" };
    expect(followed({ ...former, delivery: "routed" })).toEqual({});
  });

  test("of two prefixes on the uplink the address follows in that of before", () => {
    const facts = withAddress(busy, "2001:db8:0:1::9");
    const former = answersFrom({ ...SEEN, host: "2001:db8:1:2::77" });
    expect(valuesOf(inferAnswers(facts, {}, former).answers)).toEqual({
      host: "2001:db8:1:2::2",
    });
  });

  test("regenerate --detect on a machine that is not the server took its facts without a word", () => {
    const elsewhere = {
      ...SEEN,
      prefix: "2001:db8:5:6::/64",
      host: "2001:db8:5:6::2",
    };
    const said = (former: Given): string =>
      inferAnswers(busy, {}, answersFrom(former)).warnings.join("\n");
    const told = "this machine has no address in 2001:db8:5:6::/64";
    expect(said(elsewhere)).toContain(told);
    expect(said({ ...elsewhere, delivery: "routed" })).not.toContain(told);
    expect(said({ ...SEEN, interface: "eth0" })).not.toContain(
      "has no address in",
    );
  });
});
