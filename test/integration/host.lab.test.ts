import { describe, expect, it } from "vitest";
import type { Plan } from "../../src/plan/plan.ts";
import { type Generation, GENERATIONS } from "../e2e/lab/roots.ts";
import {
  type Breakage,
  type Example,
  example,
  examples,
  INSTALL,
  served,
  server,
} from "./server.ts";

const only = (wanted: (plan: Plan) => boolean) =>
  examples.filter(({ plan }) => wanted(plan));

const NDPPD = "timeout 1.5 ndppd -vvv -c host/etc/ndppd.conf";

const brokenNdppd: (Breakage & { what: string })[] = [
  { what: "a rule without a method", from: /\n +static/, to: "" },
  { what: "another interface", from: "proxy ens3", to: "proxy ens4" },
  { what: "an open brace", from: /\}\n$/, to: "\n" },
].map((mistake) => ({ file: "host/etc/ndppd.conf", ...mistake }));

describe.each(GENERATIONS)("ndppd, %s", (generation) => {
  it.concurrent.each(only(({ ndp }) => ndp.ndppd))("$name", async (example) => {
    const { name } = example.plan.uplink;
    const [, ran, link] = await server(generation, example, {}, [
      // ndppd listens on the uplink once the uplink accepts all multicast.
      `(for i in {1..30}; do
        ip -json -details link show ${name} >/tmp/link
        ! grep -q '"allmulti":1' /tmp/link || break
        sleep 0.05
      done) &`,
      NDPPD,
      "cat /tmp/link",
    ]);
    expect(ran!.code).toBe(124);
    // ndppd reads an invalid address as `::` and prints no error.
    const { kong, previous } = example.plan;
    const answered = [kong, ...(previous?.containers ?? [])];
    expect(ran!.stdout.match(/rule::create.*/g)).toEqual(
      answered.map(
        ({ address }) => `rule::create() if=${name}, addr=${address}, auto=no`,
      ),
    );
    expect(JSON.parse(link!.stdout)).toMatchObject([{ allmulti: 1 }]);
  });

  it.concurrent.each(brokenNdppd)("refuses $what", async (broken) => {
    const [ran] = await server(generation, example("recipe"), { broken }, [
      NDPPD,
    ]);
    expect(ran!.code).toBe(255);
  });
});

const NFT = "/etc/kong-ipv6/firewall.nft";

const brokenNft: (Breakage & { what: string })[] = [
  { what: "an address that is none", from: /daddr \S+/, to: "daddr 2a03::g" },
  { what: "an unknown hook", from: "hook forward", to: "hook forwards" },
  { what: "an open brace", from: /\}\n$/, to: "\n" },
].map((mistake) => ({ file: `host${NFT}`, ...mistake }));

interface Rule {
  rule?: { expr: object[] };
}

describe.each(GENERATIONS)("nft, %s", (generation) => {
  const filtered = only(({ firewall }) => firewall.own);
  it.concurrent.each(filtered)("$name", async (example) => {
    const [, , , first, rules, , second, , gone] = await served(
      generation,
      example,
      {},
      [
        INSTALL,
        `nft --check --file ${NFT}`,
        `nft --file ${NFT}`,
        "nft --stateless list ruleset",
        "nft --json list table inet kong_ipv6",
        `nft --file ${NFT}`,
        "nft --stateless list ruleset",
        "nft delete table inet kong_ipv6",
        "nft list ruleset",
      ],
    );
    expect(second).toBe(first);
    expect(gone).toBe("");
    const { containers, uplink } = example.plan;
    expect(first).toContain("hook forward priority filter - 10");
    expect(first).toContain(`elements = { "${uplink.name}" }`);
    const all = (JSON.parse(rules!) as { nftables: Rule[] }).nftables.flatMap(
      ({ rule }) => (rule ? [rule.expr] : []),
    );
    const match = (left: object, right: unknown, op = "==") => ({
      match: { op, left, right },
    });
    const payload = (protocol: string, field: string) => ({
      payload: { protocol, field },
    });
    const icmp = expect.arrayContaining(["packet-too-big", "echo-request"]);
    expect(all).toEqual([
      [
        match({ meta: { key: "iifname" } }, "@uplinks", "!="),
        match(
          { meta: { key: "iifkind" } },
          { set: expect.arrayContaining(["bridge", "wireguard", "tun"]) },
        ),
        { accept: null },
      ],
      [match({ meta: { key: "oifname" } }, "@uplinks"), { accept: null }],
      [match({ meta: { key: "oifname" } }, "@others"), { accept: null }],
      [
        match({ meta: { key: "oifkind" } }, "bridge"),
        { goto: { target: "containers" } },
      ],
      [
        match({ ct: { key: "state" } }, ["established", "related"], "in"),
        { accept: null },
      ],
      ...containers.flatMap(({ address, ports }) => {
        const to = match(payload("ip6", "daddr"), address);
        const set = (protocol: string) =>
          ports
            .filter((one) => one.protocol === protocol)
            .map((one) => one.port);
        const opened = (["tcp", "udp"] as const)
          .filter((protocol) => set(protocol).length > 0)
          .map((protocol) => [
            to,
            // nft prints a set of one as the one.
            match(
              payload(protocol, "dport"),
              set(protocol).length === 1
                ? set(protocol)[0]
                : { set: set(protocol) },
            ),
            { accept: null },
          ]);
        const ping = match(payload("icmpv6", "type"), { set: icmp });
        return [...opened, [to, ping, { accept: null }], [to, { drop: null }]];
      }),
      [match({ ct: { key: "status" } }, "dnat", "in"), { accept: null }],
      [{ drop: null }],
    ]);
  });

  it("loads overlap.nft, also twice, and sends old addresses to new ones", async () => {
    const file = "/etc/kong-ipv6/overlap.nft";
    const overlap = example("overlap");
    const [, , , first, map, , second, , gone] = await served(
      generation,
      overlap,
      {},
      [
        INSTALL,
        `nft --check --file ${file}`,
        `nft --file ${file}`,
        "nft --stateless list ruleset",
        "nft --json list map ip6 kong_ipv6_overlap moved",
        `nft --file ${file}`,
        "nft --stateless list ruleset",
        "nft delete table ip6 kong_ipv6_overlap",
        "nft list ruleset",
      ],
    );
    expect(second).toBe(first);
    expect(gone).toBe("");
    expect(first).toContain("hook prerouting priority dstnat");
    expect(first).toMatch(/hook output priority (-100|dstnat);/);
    expect(first!.match(/dnat to ip6 daddr map @moved/g)).toHaveLength(2);
    const elements = (overlap.plan.previous?.containers ?? []).map(
      ({ address, to }) => [address, to],
    );
    expect(elements).toHaveLength(1);
    expect(JSON.parse(map!)).toMatchObject({
      nftables: [{}, { map: { elem: elements } }],
    });
  });

  it.concurrent.each(brokenNft)("refuses $what", async (broken) => {
    const ran = await server(generation, example("recipe"), { broken }, [
      `nft --check --file host${NFT}`,
      `nft --file host${NFT}`,
      "nft list ruleset",
    ]);
    expect(ran.map(({ code }) => code)).toEqual([1, 1, 0]);
    expect(ran[2]!.stdout).toBe("");
  });
});

const UNITS = "/etc/systemd/system";
const VERIFY = "systemd-analyze verify --man=no";

/** Enables our units as `systemctl enable` does, and lets systemd check the whole boot. */
const verify = [
  INSTALL,
  `cd host${UNITS} 2>/dev/null || exit 0; install -d ${UNITS}/multi-user.target.wants; for unit in *.service; do ln -s ${UNITS}/$unit ${UNITS}/multi-user.target.wants/; done`,
  // A unit for which we only have a drop-in belongs to the distribution.
  `${VERIFY} default.target $(ls host${UNITS} | sed 's/[.]d$//')`,
];

const brokenUnits: (Breakage & { what: string })[] = [
  { what: "a program that does not exist", from: "nft -f", to: "nift -f" },
  { what: "an unknown value", from: "Type=oneshot", to: "Type=once" },
  { what: "an unknown key", from: "Before=", to: "Ahead=" },
  {
    what: "an ordering that bites its tail",
    from: "Before=network-pre.target",
    to: "After=docker.service\nBefore=sysinit.target network-pre.target",
  },
].map((mistake) => ({
  file: `host${UNITS}/kong-ipv6-firewall.service`,
  ...mistake,
}));

describe.each(GENERATIONS)("systemd-analyze verify, %s", (generation) => {
  it.concurrent.each(examples)("$name", async (example) => {
    const [, , boot] = await served(generation, example, {}, verify);
    expect(boot).toBe("");
  });

  it.concurrent.each(brokenUnits)("refuses $what", async (broken) => {
    const ran = await server(generation, example("recipe"), { broken }, verify);
    expect(ran[2]!.stderr).toContain("kong-ipv6-firewall.service");
  });
});

/** The rules as `ufw show added` prints them. */
function rules({ plan: { uplink, exposed, kong } }: Example): string[] {
  const inwards = `in on ${uplink.name} out on ${exposed.bridge} to ${kong.address}`;
  return [
    `${inwards} port 80 proto tcp`,
    `${inwards} port 443 proto tcp`,
    `in on ${exposed.bridge} out on ${uplink.name} from ${exposed.subnet}`,
  ].map((rule) => `route allow ${rule}${COMMENT}`);
}

const COMMENT = " comment 'kong-ipv6'";

const ADDED = "ufw show added | sed -n 's/^ufw //p'";
const ACTIVE = "ip6tables -S ufw6-user-forward | grep -e ^-A || true";

describe.each(GENERATIONS)("ufw, %s", (generation: Generation) => {
  const filtered = only(({ firewall }) => firewall.ufw);
  it.concurrent.each(filtered)("$name", async (example) => {
    const wanted = rules(example);
    const [said, ...dry] = await server(generation, example, {}, [
      "scripts/ufw.sh --dry-run",
      ...wanted.map((rule) => `ufw --dry-run ${rule}`),
    ]);
    expect(said).toMatchObject({ code: 4, stderr: "" });
    for (const rule of wanted)
      expect(said!.stdout).toContain(rule.replace(COMMENT, ""));
    for (const { code, stdout, stderr } of dry) {
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      expect(stdout).toMatch(/^### tuple ### route:allow /m);
    }
  });

  // An example whose interface name has a dot.
  it.concurrent("loads the rules into the kernel", async () => {
    const vlan = example("gateway-in-prefix");
    const { uplink, exposed, kong } = vlan.plan;
    const ran = await server(generation, vlan, {}, [
      "scripts/ufw.sh",
      ADDED,
      "scripts/ufw.sh --dry-run",
      "ufw --force enable",
      ACTIVE,
      "scripts/ufw.sh --remove",
      ACTIVE,
    ]);
    expect(ran.map(({ code }) => code)).toEqual(ran.map(() => 0));
    const [, added, again, , active, , gone] = ran.map(({ stdout }) => stdout);
    expect(added!.trimEnd().split("\n")).toEqual(rules(vlan));
    expect([again, gone]).toEqual(["", ""]);
    const inwards = `-d ${kong.address}/128 -i ${uplink.name} -o ${exposed.bridge}`;
    expect(active!.trimEnd().split("\n")).toEqual([
      ...[80, 443].map(
        (port) =>
          `-A ufw6-user-forward ${inwards} -p tcp -m tcp --dport ${port} -j ACCEPT`,
      ),
      `-A ufw6-user-forward -s ${exposed.subnet} -i ${exposed.bridge} -o ${uplink.name} -j ACCEPT`,
    ]);
  });

  it.concurrent.each([
    { what: "an address that is none", from: /to \S+/, to: "to 2a03::g" },
    { what: "a port that is none", from: "port 80", to: "port 80000" },
    { what: "an interface's alias", from: /on \S+/, to: "on eth0:1" },
  ])("refuses $what", async ({ from, to }) => {
    const [rule] = rules(example("recipe"));
    const [ran] = await server(generation, example("recipe"), {}, [
      `ufw --dry-run ${rule!.replace(from, to)}`,
    ]);
    expect(ran!.code).toBe(1);
    expect(ran!.stderr).toMatch(/^ERROR: /);
  });
});
