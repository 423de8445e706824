import { describe, expect, test } from "vitest";
import { parsedOf } from "../../../../src/answers/normal-form.ts";
import type { AnswerKey, Answers } from "../../../../src/answers/types.ts";
import { survey, type Given } from "../../../../src/answers/resolve.ts";
import { check } from "../../../../src/answers/rules/check.ts";
import { answersFrom, GIVEN } from "../../../support/base.ts";

const look = (given: Given) => survey({ ...GIVEN, ...given });

/** Expects just these refusals, at these flags. */
function refuses(
  given: Given,
  ...expected: (readonly [string, string])[]
): void {
  const { issues } = look(given);
  expect(issues.map(({ flag }) => flag)).toEqual(
    expected.map(([flag]) => flag),
  );
  for (const [index, [, words]] of expected.entries())
    expect(`${issues[index]?.reason}. ${issues[index]?.remedy}`).toContain(
      words,
    );
}

const takes = (given: Given): void => refuses(given);

describe("the host", () => {
  test("is inside an on-link prefix, from ::1 to the last address", () => {
    takes({ host: "2001:db8:1:2::1" });
    takes({ host: "2001:db8:1:2:ffff:ffff:ffff:ffff" });
    refuses({ host: "2001:db8:1:3::" }, ["--host", "outside the prefix"]);
    refuses({ host: "2001:db8:1:1:ffff:ffff:ffff:ffff" }, [
      "--host",
      "Try 2001:db8:1:2::2",
    ]);
  });

  test("may be outside a routed prefix", () => {
    takes({ host: "2001:db8:ffff::2", delivery: "routed" });
    refuses({ host: "2001:db8:ffff::2" }, ["--host", "--delivery routed"]);
  });

  test("is not its subnet's router anycast address", () => {
    refuses({ host: "2001:db8:1:2::" }, ["--host", "RFC 4291 2.6.1"]);
    const routed = { prefix: "2001:db8::/32", delivery: "routed" };
    refuses({ ...routed, host: "2001:db8::" }, ["--host", "RFC 4291 2.6.1"]);
    refuses({ ...routed, host: "2001:db9:0:9::" }, ["--host", ", or keep"]);
    // The link is a /64, unless its length is given.
    refuses({ ...routed, host: "2001:db8:0:9::" }, [
      "--host",
      "RFC 4291 2.6.1",
    ]);
    takes({ ...routed, host: "2001:db8:0:9::1" });
    takes({ prefix: "2001:db8::/32", host: "2001:db8:0:9::/32" });
    takes({ host: "2001:db8:1:2::/127", exposed: "2001:db8:1:2:300::/80" });
  });
});

describe("the exposed subnet", () => {
  test("is inside the prefix, first and last too", () => {
    takes({ exposed: "2001:db8:1:2:ffff::/80" });
    takes({ exposed: "2001:db8:1:2::/80", host: "2001:db8:1:2:1::2" });
    refuses({ exposed: "2001:db8:1:3::/80" }, [
      "--exposed",
      "outside the prefix",
    ]);
    refuses({ exposed: "2001:db8:1:1:ffff::/80" }, [
      "--exposed",
      "Try 2001:db8:1:2:300::/80",
    ]);
  });

  test("doesn't contain the host", () => {
    refuses({ exposed: "2001:db8:1:2::/80" }, ["--exposed", "2001:db8:1:2::2"]);
    const exposed = "2001:db8:1:2:300::/80";
    refuses({ host: "2001:db8:1:2:300::1", exposed }, [
      "--exposed",
      // The recipe's subnet is taken: the next one would do.
      "Try 2001:db8:1:2:301::/80",
    ]);
    refuses({ host: "2001:db8:1:2:300::1" }, [
      "--host",
      `it is inside the exposed subnet ${exposed}. Try 2001:db8:1:2::2; with --exposed 2001:db8:1:2:301::/80 it may stay`,
    ]);
    takes({ host: "2001:db8:1:2:2ff:ffff:ffff:ffff" });
    takes({ host: "2001:db8:1:2:301::" });
  });

  test("a value that is suggested is taken", () => {
    const given = {
      host: "2001:db8:1:2:300::1",
      gateway: "2001:db8:1:2:301::1",
    };
    refuses(given, ["--host", "with --exposed 2001:db8:1:2:302::/80"]);
    takes({ ...given, exposed: "2001:db8:1:2:302::/80" });
  });
});

describe("Kong", () => {
  test("is inside the exposed subnet", () => {
    refuses({ kong: "2001:db8:1:2:301::" }, ["--kong", "outside the exposed"]);
    refuses({ kong: "2001:db8:1:2:2ff:ffff:ffff:ffff" }, [
      "--kong",
      "Try 2001:db8:1:2:300::8100",
    ]);
    // The recipe's own .env: another prefix than its network.
    refuses({ kong: "2a01:4f8:1:2:300::8100" }, [
      "--kong",
      "outside the exposed",
    ]);
  });

  test("has neither the anycast address nor Docker's", () => {
    refuses({ kong: "2001:db8:1:2:300::" }, ["--kong", "RFC 4291 2.6.1"]);
    refuses({ kong: "2001:db8:1:2:300::1" }, ["--kong", "Docker"]);
    takes({ kong: "2001:db8:1:2:300::2" });
  });

  test.each([
    [
      "/80",
      "2001:db8:1:2:300::",
      "2001:db8:1:2:300:ffff:ffff:ff7f",
      "2001:db8:1:2:300:ffff:ffff:ff80",
    ],
    [
      "/112",
      "2001:db8:1:2:300::",
      "2001:db8:1:2:300::ff7f",
      "2001:db8:1:2:300::ff80",
    ],
    [
      "/120",
      "2001:db8:1:2:300::",
      "2001:db8:1:2:300::7f",
      "2001:db8:1:2:300::80",
    ],
  ])(
    "is not among the last 128 of a %s (RFC 2526)",
    (length, start, last, reserved) => {
      const exposed = start + length;
      takes({ exposed, kong: last });
      refuses({ exposed, kong: reserved }, ["--kong", "RFC 2526"]);
    },
  );

  test.each([
    ["/121", "7f"],
    ["/125", "7"],
    ["/126", "3"],
  ])(
    "may be the last of a %s, which is smaller than what RFC 2526 keeps",
    (length, last) => {
      const exposed = `2001:db8:1:2:300::${length}`;
      takes({ exposed, kong: `2001:db8:1:2:300::${last}` });
      takes({ exposed, kong: "2001:db8:1:2:300::2" });
      takes({ exposed });
      refuses({ exposed, kong: "2001:db8:1:2:300::1" }, ["--kong", "Docker"]);
    },
  );

  test("is not the host", () => {
    const taken = "2001:db8:1:2:300::8100";
    refuses({ host: taken, kong: taken }, ["--host", "Try 2001:db8:1:2::2"]);
    refuses(
      { host: taken, kong: taken, exposed: "2001:db8:1:2:300::/80" },
      ["--exposed", "Try 2001:db8:1:2:301::/80"],
      ["--kong", "the server's own address. Try 2001:db8:1:2:301::8100"],
    );
  });

  test("by default on the host's address, it moves with the exposed subnet that is refused", () => {
    const exposed = "2001:db8:1:2:300::/80";
    refuses({ host: "2001:db8:1:2:300::8100", exposed }, [
      "--exposed",
      "Try 2001:db8:1:2:301::/80",
    ]);
  });

  test("outside the prefix is refused though the exposed subnet can't be read", () => {
    const given = { exposed: "garbage", kong: "2a03:9::1" };
    refuses(
      given,
      ["--exposed", "not an IPv6 address"],
      [
        "--kong",
        "outside the prefix 2001:db8:1:2::/64. Try 2001:db8:1:2:300::8100",
      ],
    );
    refuses({ ...given, kong: "2001:db8:1:2:999::2" }, [
      "--exposed",
      "not an IPv6 address",
    ]);
  });

  test("is not told to go into an exposed subnet that is outside the prefix itself", () => {
    const exposed = "2a03:9::/80";
    refuses({ exposed }, ["--exposed", "outside the prefix"]);
    refuses({ exposed, kong: "2001:db8:1:2:300::5" }, [
      "--exposed",
      "Try 2001:db8:1:2:300::/80",
    ]);
    refuses(
      { exposed, kong: "2a03:9::5" },
      ["--exposed", "outside the prefix"],
      ["--kong", "outside the prefix 2001:db8:1:2::/64"],
    );
  });
});

describe("the gateway", () => {
  test("is nobody else's address", () => {
    const host = "2001:db8:1:2::2";
    const exposed = "2001:db8:1:2:300::/80";
    refuses({ gateway: host, host }, ["--gateway", "the server's own"]);
    refuses({ gateway: "2001:db8:1:2:300::8100", exposed }, [
      "--gateway",
      "Kong's",
    ]);
    refuses({ gateway: "2001:db8:1:2:300::1", exposed }, [
      "--gateway",
      "exposed subnet",
    ]);
    takes({ gateway: "2001:db8:1:2::1" });
    takes({ gateway: "2001:db8:1:2:2ff:ffff:ffff:ffff" });
    takes({ gateway: "2001:db8:1:2:301::" });
  });
});

test("the default gateway of a longer on-link prefix is a guess", () => {
  const ocean = {
    prefix: "2001:db8:1:2::b000/124",
    host: "2001:db8:1:2::b001",
  };
  const guesses = (given: Given): string[] =>
    look({ ...ocean, ...given }).warnings.flatMap(({ flag, value, remedy }) =>
      flag === "--gateway" ? [`${value}: ${remedy}`] : [],
    );
  expect(guesses({})).toEqual([
    "fe80::1: `ip -6 route show default` on the server prints it: give it with --gateway",
  ]);
  expect(guesses({ gateway: "fe80::1" })).toEqual([]);
  expect(guesses({ host: "keep" })).toEqual([]);
  expect(guesses({ delivery: "routed" })).toEqual([]);
  expect(guesses({ ...GIVEN, host: "2001:db8:1:2::2" })).toEqual([]);
});

describe("a gateway that a default takes is a fact: the default gives way", () => {
  test("of the exposed subnet", () => {
    const gateway = "2001:db8:1:2:300::1";
    refuses({ gateway }, [
      "--gateway",
      `it conflicts with the default --exposed 2001:db8:1:2:300::/80, which contains the gateway ${gateway}. Give --exposed 2001:db8:1:2:301::/80 too, or another value here`,
    ]);
    takes({ gateway, exposed: "2001:db8:1:2:301::/80" });
    refuses({ gateway: "2001:db8:1:2:300::8100" }, [
      "--gateway",
      "Give --exposed 2001:db8:1:2:301::/80 too",
    ]);
  });

  test("with a Kong that is given, a subnet that holds it and not the gateway would do", () => {
    const given = {
      gateway: "2001:db8:1:2:300::1",
      kong: "2001:db8:1:2:300::8100",
    };
    refuses(given, ["--gateway", "Give --exposed 2001:db8:1:2:300::8000/113"]);
    takes({ ...given, exposed: "2001:db8:1:2:300::8000/113" });
  });

  test("of the server's address", () => {
    refuses({ gateway: "2001:db8:1:2::2" }, [
      "--gateway",
      "the default --host 2001:db8:1:2::2, which is the gateway's address. Give --host 2001:db8:1:2::3 too",
    ]);
    takes({ gateway: "2001:db8:1:2::2", host: "2001:db8:1:2::3" });
  });
});

describe("the internal prefix", () => {
  test("overlaps nothing of the plan", () => {
    const host = "2001:db8:1:2:1::2";
    refuses({ internalPrefix: "2001:db8:1:2:300::/80" }, [
      "--internal-prefix",
      "overlaps the exposed",
    ]);
    refuses({ internalPrefix: "2001:db8:1:2:300::/112" }, [
      "--internal-prefix",
      "overlaps the exposed",
    ]);
    refuses({ internalPrefix: "2001:db8:1:2:1::/80", host }, [
      "--internal-prefix",
      "contains the host",
    ]);
    refuses(
      { internalPrefix: "2001:db8:1:9::/64", gateway: "2001:db8:1:9::1" },
      ["--internal-prefix", "contains the gateway"],
    );
    refuses(
      { internalPrefix: "2001:db8:1:2::/64" },
      ["--internal-prefix", "overlaps the exposed"],
      ["--internal-prefix", "contains the host"],
    );
    takes({ internalPrefix: "2001:db8:1:2:301::/80" });
    takes({ internalPrefix: "2001:db8:1:2:200::/72" });
  });

  test("public or not random, it is warned of", () => {
    const warned = (internalPrefix: string): string[] =>
      look({ internalPrefix })
        .warnings.filter(({ flag }) => flag === "--internal-prefix")
        .map(({ reason }) => reason);
    expect(warned("2001:db8:1:2:500::/72")[0]).toContain("public");
    expect(warned("fd00::/80")[0]).toContain("RFC 4193 3.2.2");
    expect(warned("fd00:0:0:1::/64")[0]).toContain("RFC 4193 3.2.2");
    expect(warned("fd00:0:1::/64")).toEqual([]);
  });
});

describe("IPv4", () => {
  test("kong-net contains neither the server nor its gateway", () => {
    const ipv4 = { ipv4: "10.1.2.3/24", ipv4Gateway: "10.1.2.1" };
    takes({ ...ipv4, backendSubnet: "10.1.3.0/24" });
    takes({ ...ipv4, backendSubnet: "10.1.1.0/24" });
    refuses({ ipv4: "10.1.2.3", backendSubnet: "10.1.2.0/24" }, [
      "--backend-subnet",
      "contains the server's IPv4 10.1.2.3",
    ]);
    refuses(
      { ...ipv4, backendSubnet: "10.0.0.0/8" },
      ["--backend-subnet", "contains the server's IPv4"],
      ["--backend-subnet", "contains the IPv4 gateway"],
    );
    // All that is on the server's link is the server's, not only its address.
    refuses({ ipv4: "10.1.2.3/16", backendSubnet: "10.1.9.0/24" }, [
      "--backend-subnet",
      "overlaps the server's own subnet 10.1.0.0/16",
    ]);
    refuses({ ipv4: "10.1.2.3/8" }, [
      "--ipv4",
      "Give --backend-subnet 192.168.181.0/24 too",
    ]);
    // The usual subnet is what is refused: another is named.
    refuses({ ipv4: "10.83.81.7" }, [
      "--ipv4",
      "it conflicts with the default --backend-subnet 10.83.81.0/24, which contains the server's IPv4 10.83.81.7. Give --backend-subnet 192.168.181.0/24 too",
    ]);
  });

  test("netplan needs the address, its length and another's gateway", () => {
    const gateway = { ipv4Gateway: "192.0.2.1" };
    takes({ ...gateway, ipv4: "192.0.2.10/24" });
    takes({ ...gateway, ipv4: "198.51.100.7/32" });
    for (const ipv4 of ["any", "none", "192.0.2.10"])
      refuses({ ...gateway, ipv4 }, ["--ipv4-gateway", "/24"]);
    refuses({ ...gateway, ipv4: "192.0.2.1/24" }, [
      "--ipv4-gateway",
      "the server's own",
    ]);
  });

  test("its gateway is neither the network's nor the broadcast address (RFC 1122)", () => {
    const ipv4 = "192.0.2.1/24";
    refuses({ ipv4, ipv4Gateway: "192.0.2.255" }, [
      "--ipv4-gateway",
      "broadcast address of 192.0.2.0/24 (RFC 1122 3.2.1.3). Give the provider's router, like 192.0.2.2",
    ]);
    refuses({ ipv4, ipv4Gateway: "192.0.2.0" }, [
      "--ipv4-gateway",
      "network address of 192.0.2.0/24",
    ]);
    takes({ ipv4: "192.0.2.1/31", ipv4Gateway: "192.0.2.0" });
    takes({ ipv4: "192.0.2.1/32", ipv4Gateway: "192.0.2.0" });
    takes({ ipv4, ipv4Gateway: "192.0.3.255" });
  });
});

describe("warnings, not refusals", () => {
  const flags = (given: Given): string[] =>
    look(given).warnings.map(({ flag }) => flag);

  test.each([
    [{ prefix: "2001:db8:1:2::/64" }, ["--prefix"]],
    [{ prefix: "3fff:1:2:3::/64" }, ["--prefix"]],
    [{ prefix: "2a03:2222:3333:4444::/64" }, []],
    [{ prefix: "2a03:2222:3333:4444::/64", ndp: "none" }, ["--ndp"]],
    [{ prefix: "2a03:2222:3333:4444::/64", delivery: "routed" }, []],
    [
      { prefix: "2a03:2222:3333:4444::/64", delivery: "routed", ndp: "kernel" },
      ["--ndp"],
    ],
    [{ prefix: "2a03:2222:3333:4444::/64", firewall: "none" }, ["--firewall"]],
    [{ prefix: "2a03:2222:3333:4444::/64", firewall: "nftables" }, []],
    [
      { prefix: "2a03:2222:3333:4444::/64", kongImage: "kong:2.3" },
      ["--kong-image"],
    ],
  ])("%j: %j", (given, expected) => {
    expect(look(given).issues).toEqual([]);
    expect(flags(given)).toEqual(expected);
  });
});

test("the exposed network's bridge is not named like the uplink", () => {
  refuses({ network: "eth1", interface: "eth1" }, ["--network", "uplink"]);
  takes({ network: "eth1", interface: "eth0" });
});

test("answers that are not there yet are not missed", () => {
  const whole = answersFrom({
    ipv4: "192.0.2.10/24",
    ipv4Gateway: "192.0.2.1",
  });
  const keys = Object.keys(whole) as AnswerKey[];
  const refusals = (answers: Partial<Answers>) =>
    check(parsedOf(answers)).filter(({ kind }) => kind === "refusal");
  for (const key of keys) {
    const { [key]: _, ...rest } = whole;
    expect([key, refusals(rest)]).toEqual([key, []]);
    expect([key, refusals({ [key]: whole[key] })]).toEqual([key, []]);
  }
  expect(check({})).toEqual([]);
});

describe("warnings", () => {
  const warned = (given: Given): string[] =>
    look({ ...given, prefix: "2a03:1:2:3::/64" }).warnings.map(
      ({ flag, value, reason, remedy }) =>
        `${flag} ${value}: ${reason}. ${remedy}`,
    );

  test("a gateway in documentation space, as for the prefix", () => {
    expect(warned({ gateway: "2001:db8::1" })).toEqual([
      "--gateway 2001:db8::1: it is reserved for documentation (RFC 3849). Give the router that `ip -6 route show default` prints on the server, like fe80::1, or ra or none",
    ]);
    expect(warned({ gateway: "2a03:1:2:3::1" })).toEqual([]);
    // One warning, about the prefix, is enough.
    const { warnings } = look({ gateway: "2001:db8:1:2::1" });
    expect(warnings.map(({ flag }) => flag)).toEqual(["--prefix"]);
  });

  test("a gateway that is none, although a router has to ask on the link", () => {
    expect(warned({ gateway: "none" })).toEqual([
      expect.stringMatching(
        /^--gateway none: .* on-link \(--delivery\)\. .*`ip -6 route show default`.* give --delivery routed$/,
      ),
    ]);
    expect(warned({ gateway: "none", delivery: "routed" })).toEqual([]);
  });

  test("a gateway that is near neither the prefix nor the server", () => {
    const far = "2a03:1:9:3::1";
    expect(warned({ gateway: far })).toEqual([
      `--gateway ${far}: it is far from the server's address and the prefix. Compare it: \`ip -6 route show default\` on the server prints it`,
    ]);
    // Some providers have the router outside the /64, but in the same /48.
    expect(warned({ gateway: "2a03:1:2:ffff::1" })).toEqual([]);
    // A routed prefix says nothing of the link; the server's address does.
    const routed = { delivery: "routed", gateway: far };
    expect(warned({ ...routed, host: "2a03:1:9:7::2" })).toEqual([]);
    expect(warned({ ...routed, host: "keep" })).toEqual([]);
    expect(warned({ ...routed, host: "2a03:1:8:7::2" })).toHaveLength(1);
    expect(warned({ host: "2a03:1:2:3::2", gateway: "fe80::9" })).toEqual([]);
  });

  test("a host that is kept by default", () => {
    const given = { prefix: "2001:db8:1:2::100/124", delivery: "routed" };
    const kept = (more: Given): string[] =>
      look({ ...given, ...more })
        .warnings.filter(({ flag }) => flag === "--host")
        .map(({ value, reason, remedy }) => `${value}: ${reason}. ${remedy}`);
    expect(kept({})).toEqual([
      "keep: it is the default for a routed /124, in which only the provider knows a place for the server: its address and default route stay as they are. To have another address set, give --host ADDRESS",
    ]);
    expect(kept({ host: "keep" })).toEqual([]);
    expect(kept({ host: "2001:db8:9::2" })).toEqual([]);
  });

  test("a host outside a longer on-link prefix, but on its link", () => {
    const host = "2001:db8:1:2::5";
    const given = { prefix: "2001:db8:1:2::100/120", host, gateway: "fe80::1" };
    const { issues, warnings } = look(given);
    expect(issues).toEqual([]);
    expect(warnings).toContainEqual({
      flag: "--host",
      value: host,
      reason:
        "it is outside the prefix 2001:db8:1:2::100/120, which is on-link (--delivery)",
      remedy: expect.stringContaining("give --delivery routed"),
    });
    expect(
      look({ ...given, delivery: "routed" }).warnings.map(({ flag }) => flag),
    ).toEqual(["--prefix"]);
    // Not on its link: it would not be reachable.
    refuses({ ...given, host: "2001:db8:9:9::5" }, ["--host", "; keep leaves"]);
  });

  test.each(["172.17.0.0/16", "172.16.0.0/12", "172.17.255.0/24"])(
    "kong-net on Docker's default bridge: %s",
    (backendSubnet) => {
      expect(warned({ backendSubnet })).toEqual([
        expect.stringMatching(
          /^--backend-subnet 172\.\S+: it overlaps 172\.17\.0\.0\/16.*like 10\.83\.81\.0\/24/,
        ),
      ]);
    },
  );

  test("kong-net beside Docker's default bridge", () => {
    expect(warned({ backendSubnet: "172.18.0.0/16" })).toEqual([]);
  });
});
