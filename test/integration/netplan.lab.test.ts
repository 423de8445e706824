import { describe, expect, it } from "vitest";
import { plan as planOf, type Plan } from "../../src/plan/plan.ts";
import { render } from "../../src/render/render.ts";
import { GENERATIONS } from "../e2e/lab/roots.ts";
import { answersFrom } from "../support/base.ts";
import { textOf } from "../support/trees.ts";
import { type Breakage, example, examples, NETPLAN } from "./server.ts";
import { served, server } from "./server.ts";

const GENERATE = "netplan generate --root-dir host";
const CLOUD_INIT = "host/etc/netplan/50-cloud-init.yaml";

/** One `.network` file: section → lines. Sections with the same name stay separate. */
function sections(text: string): Record<string, string[][]> {
  const all: Record<string, string[][]> = {};
  let lines: string[] = [];
  for (const line of text.split("\n").filter(Boolean)) {
    const name = /^\[(.*)\]$/.exec(line)?.[1];
    if (name) (all[name] ??= []).push((lines = []));
    else lines.push(line);
  }
  for (const list of Object.values(all)) for (const one of list) one.sort();
  return all;
}

function expected({ uplink, host, gateway, ipv4, routes, previous }: Plan) {
  const four = ipv4.netplan;
  const old = previous?.host?.interface;
  return {
    name: [`Name=${uplink.name}`],
    network: [
      ...(four ? [`Address=${four.interface}`] : []),
      `Address=${host?.interface}`,
      `IPv6AcceptRA=${gateway.advertised ? "yes" : "no"}`,
      "LinkLocalAddressing=ipv6",
    ],
    /** undefined if there is none. */
    addresses: old && [[`Address=${old}`, "PreferredLifetime=0"]],
    routes: routes.map(({ to, via, onLink }) => [
      `Destination=${to}`,
      ...(via === "" ? ["Scope=link"] : [`Gateway=${via}`]),
      ...(onLink ? ["GatewayOnLink=true"] : []),
    ]),
  };
}

const sorted = (routes: string[][] | undefined) =>
  [...(routes ?? [])].sort((one, other) =>
    one.join() < other.join() ? -1 : 1,
  );

interface Distribution {
  what: string;
  /** Its own netplan file. */
  text: string;
  /** What that adds to the result. */
  network: string[];
  routes: string[][];
  name?: string[];
}

/** Netplan files that the distribution's installer may have written. */
function distributions({ uplink, ipv4 }: Plan): Distribution[] {
  const own = ipv4.netplan ?? {
    interface: "198.51.100.7/24",
    gateway: "198.51.100.1",
  };
  // If the owner gave the IPv4 gateway, they also chose "static".
  const dhcp = ipv4.netplan ? [] : ["DHCP=ipv4"];
  const file = (settings: string) =>
    `network:\n  version: 2\n  ethernets:\n    ${uplink.name}: {${settings}}\n`;
  return [
    { what: "alone", text: "", network: [], routes: [] },
    { what: "DHCP", text: file("dhcp4: true"), network: dhcp, routes: [] },
    {
      what: "DHCP, found by its MAC",
      text: file(
        `match: {macaddress: "52:54:00:12:34:56"}, set-name: ${uplink.name}, dhcp4: true`,
      ),
      network: dhcp,
      routes: [],
      name: [`Name=${uplink.name}`, "PermanentMACAddress=52:54:00:12:34:56"],
    },
    {
      what: "a static IPv4 address",
      text: file(
        `addresses: [${own.interface}], nameservers: {addresses: [192.0.2.53]}, routes: [{to: default, via: ${own.gateway}}]`,
      ),
      network: [`Address=${own.interface}`, "DNS=192.0.2.53"],
      routes: [["Destination=0.0.0.0/0", `Gateway=${own.gateway}`]],
    },
  ];
}

interface Refused extends Partial<Breakage> {
  what: string;
  /** A mistake on the server, not in the text. */
  done?: string;
}

const refused: Refused[] = [
  { what: "an unknown key", from: "accept-ra:", to: "accept-router:" },
  { what: "a prefix length of 129", from: /\/64"/, to: '/129"' },
  {
    what: "a gateway that is not an address",
    from: 'via: "fe80::1"',
    to: "via: x",
  },
  { what: "a tab", from: "      addresses:", to: "\taddresses:" },
  { what: "mode 0644", done: `chmod 644 ${NETPLAN}` },
  {
    what: "a second default route",
    from: '- to: "0.0.0.0/0"',
    to: '- {to: "::/0", via: "fe80::2"}\n        - to: "0.0.0.0/0"',
  },
];

/** A host that is kept has no snippet. */
const snippets = examples.filter(({ plan }) => plan.host !== null);

/** What providers deliver beside a /64 with a gateway in it or a link-local one: a plan for each. */
const links: readonly [what: string, plan: Plan][] = [
  [
    "a part of a shared /64",
    planOf(
      answersFrom({
        prefix: "2001:db8:1:2::b000/124",
        host: "2001:db8:1:2::b001/64",
        gateway: "2001:db8:1:2::1",
      }),
    ),
  ],
  [
    "a gateway outside the link",
    planOf(answersFrom({ gateway: "2001:db8:1:ff:ff:ff:ff:ff" })),
  ],
  [
    "a single address on the link",
    planOf(
      answersFrom({
        delivery: "routed",
        host: "2001:db8:9::2/128",
        gateway: "2001:db8:9::1",
      }),
    ),
  ],
  ["router advertisements", planOf(answersFrom({ gateway: "ra" }))],
  [
    "router advertisements beside a static IPv4",
    planOf(
      answersFrom({
        gateway: "ra",
        ipv4: "192.0.2.10/24",
        ipv4Gateway: "192.0.2.1",
      }),
    ),
  ],
  ["a point-to-point link", planOf(answersFrom({ gateway: "none" }))],
];

describe.each(GENERATIONS)("netplan generate, %s", (generation) => {
  it.concurrent.each(links)("takes %s", async (what, plan) => {
    const text = textOf(render(plan), NETPLAN);
    const [, network] = await served(
      generation,
      example("recipe"),
      { files: { [NETPLAN]: text } },
      [GENERATE, "cat host/run/systemd/network/*.network"],
    );
    const found = sections(network!);
    const wanted = expected(plan);
    expect(found["Match"], what).toEqual([wanted.name]);
    expect(found["Address"], what).toEqual(wanted.addresses);
    expect(found["Network"], what).toEqual([wanted.network.toSorted()]);
    expect(sorted(found["Route"]), what).toEqual(
      sorted(wanted.routes.map((lines) => lines.toSorted())),
    );
  });

  it.concurrent.each(snippets)("$name", async (example) => {
    const all = distributions(example.plan);
    const output = await served(
      generation,
      example,
      {},
      all.flatMap(({ text }) => [
        `rm -rf host/run ${CLOUD_INIT}`,
        text && `(umask 077; cat >${CLOUD_INIT}) <<'END'\n${text}END`,
        GENERATE,
        "cat host/run/systemd/network/*.network",
      ]),
    );
    const { name, network, addresses, routes } = expected(example.plan);
    all.forEach((own, index) => {
      const found = sections(output[4 * index + 3]!);
      expect(found["Match"], own.what).toEqual([own.name ?? name]);
      expect(found["Address"], own.what).toEqual(addresses);
      expect(found["Network"], own.what).toEqual([
        [...new Set([...network, ...own.network])].sort(),
      ]);
      const both = new Map(
        [...routes, ...own.routes].map((route) => [route.join(), route]),
      );
      expect(sorted(found["Route"]), own.what).toEqual(
        sorted([...both.values()]),
      );
    });
  });

  it.concurrent.each(refused)("refuses $what", async (mistake) => {
    const { from, to, done = "true" } = mistake;
    const broken =
      from === undefined ? undefined : { file: NETPLAN, from, to: to! };
    const ran = await server(generation, example("recipe"), { broken }, [
      done,
      GENERATE,
    ]);
    expect(ran[1]!.stderr).not.toBe("");
  });
});
