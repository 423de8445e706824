import { expect, test } from "vitest";
import { plan, planOf } from "../../../src/plan/plan.ts";
import { planRows } from "../../../src/plan/summary.ts";
import { render } from "../../../src/render/render.ts";
import { overlapFrom } from "../../support/base.ts";
import { yaml } from "../../support/parsers.ts";
import { textOf } from "../../support/trees.ts";

const MOVE = overlapFrom(
  { expose: ["mail:25"] },
  { prefix: "2001:db8:9:9::/64" },
);

test("the plan of an overlap is that of the new answers, with the old addresses", () => {
  const { previous, numbers, ...during } = planOf(MOVE);
  const { previous: none, numbers: alone, ...after } = plan(MOVE.answers);
  expect(during).toEqual(after);
  expect(numbers).toEqual(alone);
  expect(none).toBeNull();
  expect(previous).toMatchObject({
    host: { address: "2001:db8:1:2::2", interface: "2001:db8:1:2::2/64" },
    containers: [
      {
        name: "kong",
        label: "Kong",
        address: "2001:db8:1:2:300::8100",
        to: "2001:db8:9:9:300::8100",
      },
      {
        name: "mail",
        label: "mail",
        address: "2001:db8:1:2:300::8101",
        to: "2001:db8:9:9:300::8101",
      },
    ],
  });
});

test("within one subnet, no container gets an old address by chance", () => {
  const during = overlapFrom({}, { kong: "2001:db8:1:2:300:0:8000:1" });
  expect(plan(during.answers).exposed.range).toBe("2001:db8:1:2:300::/97");
  expect(planOf(during).exposed.range).toBe("2001:db8:1:2:300:0:4000:0/98");
});

test("plan.json says what changed; null without an overlap", () => {
  const previous = (of: Parameters<typeof planOf>[0]): unknown =>
    JSON.parse(textOf(render(planOf(of)), "scripts/plan.json")).previous;
  expect(previous({ answers: MOVE.answers })).toBeNull();
  expect(previous(MOVE)).toEqual({
    host: "2001:db8:1:2::2/64",
    containers: [
      {
        name: "kong",
        address: "2001:db8:1:2:300::8100",
        to: "2001:db8:9:9:300::8100",
      },
      {
        name: "mail",
        address: "2001:db8:1:2:300::8101",
        to: "2001:db8:9:9:300::8101",
      },
    ],
  });
  expect(previous(overlapFrom({}, { host: "2001:db8:1:2::3" }))).toEqual({
    host: "2001:db8:1:2::2/64",
    containers: [],
  });
  expect(
    previous(overlapFrom({}, { kong: "2001:db8:1:2:300::9" })),
  ).toMatchObject({ host: null, containers: [{ name: "kong" }] });
});

test("netplan keeps the old address of the server, deprecated", () => {
  const path = "host/etc/netplan/60-kong-ipv6.yaml";
  const { network } = yaml(textOf(render(planOf(MOVE)), path)) as {
    network: { ethernets: Record<string, { addresses: unknown }> };
  };
  expect(network.ethernets["ens3"]?.addresses).toEqual([
    "2001:db8:9:9::2/64",
    { "2001:db8:1:2::2/64": { lifetime: 0 } },
  ]);
  const alone = overlapFrom({}, { kong: "2001:db8:1:2:300::9" });
  expect(textOf(render(planOf(alone)), path)).not.toContain("lifetime");
});

test("the NDP proxy answers for old and new addresses", () => {
  const addresses = [
    "2001:db8:9:9:300::8100",
    "2001:db8:9:9:300::8101",
    "2001:db8:1:2:300::8100",
    "2001:db8:1:2:300::8101",
  ];
  const ndppd = textOf(render(planOf(MOVE)), "host/etc/ndppd.conf");
  expect([...ndppd.matchAll(/rule (\S+)\/128/g)].map(([, one]) => one)).toEqual(
    addresses,
  );
  const kernel = overlapFrom(
    { expose: ["mail:25"], ndp: "kernel" },
    { prefix: "2001:db8:9:9::/64" },
  );
  const text = textOf(
    render(planOf(kernel)),
    "host/etc/systemd/network/10-netplan-ens3.network.d/60-kong-ndp.conf",
  );
  expect(
    [...text.matchAll(/^IPv6ProxyNDPAddress=(.*)$/gm)].map(([, one]) => one),
  ).toEqual(addresses);
});

test("overlap.nft exists only where a container moved", () => {
  const path = "host/etc/kong-ipv6/overlap.nft";
  const text = textOf(render(planOf(MOVE)), path);
  expect(text).toContain("2001:db8:1:2:300::8100 : 2001:db8:9:9:300::8100,\n");
  expect(text).toContain("2001:db8:1:2:300::8101 : 2001:db8:9:9:300::8101\n");
  expect(render(plan(MOVE.answers)).has(path)).toBe(false);
  const host = overlapFrom({}, { host: "2001:db8:1:2::3" });
  expect(render(planOf(host)).has(path)).toBe(false);
});

test("the filter opens no other port of an old address", () => {
  const path = "host/etc/kong-ipv6/firewall.nft";
  const rules = textOf(render(planOf(MOVE)), path);
  // overlap.nft has translated their destination already.
  for (const [address, ports] of [
    ["2001:db8:9:9:300::8100", "80, 443"],
    ["2001:db8:9:9:300::8101", "25"],
  ]) {
    const drop = rules.indexOf(`ip6 daddr ${address} drop`);
    expect(drop).toBeGreaterThan(
      rules.indexOf(`ip6 daddr ${address} tcp dport { ${ports} } accept`),
    );
    expect(drop).toBeLessThan(rules.indexOf("ct status dnat accept"));
  }
});

test("the printed plan has the old addresses too", () => {
  const values = (of: Parameters<typeof planOf>[0]): string =>
    planRows(planOf(of))
      .map(({ value }) => value)
      .join("\n");
  for (const old of [
    "2001:db8:9:9:300::8100 (old: 2001:db8:1:2:300::8100)",
    "2001:db8:9:9:300::8101 (old: 2001:db8:1:2:300::8101), ports 25",
    "2001:db8:9:9::2/64 (old: 2001:db8:1:2::2/64) on ens3",
  ])
    expect(values(MOVE)).toContain(old);
  expect(values({ answers: MOVE.answers })).not.toContain("(old: ");
});
