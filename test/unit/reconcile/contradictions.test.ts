import { describe, expect, test } from "vitest";
import { resolve } from "../../../src/answers/resolve.ts";
import { plan } from "../../../src/plan/plan.ts";
import { contradictions } from "../../../src/reconcile/contradictions.ts";
import { render, type File } from "../../../src/render/render.ts";

const { answers } = resolve({
  prefix: "2a03:2222:3333:4444::/64",
  ipv4: "192.0.2.10/24",
  ipv4Gateway: "192.0.2.1",
});
const tree = render(plan(answers));

/** What an edited file contradicts. The text to replace must be there. */
function edited(path: string, from: string, to: string): string[] {
  const { text } = tree.get(path) as File;
  expect(text).toContain(from);
  return contradictions(path, text.replaceAll(from, to), tree);
}

const COMPOSE = "docker-compose.yml";
const BIND = '"${KONG_BIND_IP:?set it in .env}:80:80"';
const PUBLISH = '"${KONG_PUBLISH_IPV6:-[::1]}:80:80"';

describe("a port of the plan in firewall.nft", () => {
  const NFT = "host/etc/kong-ipv6/firewall.nft";
  const KONG = "2a03:2222:3333:4444:300::8100";
  const RULE = `ip6 daddr ${KONG} tcp dport { 80, 443 } accept`;
  test.each([
    ["left out", RULE.replace(", 443", ""), [`port 443 of ${KONG} is missing`]],
    [
      "in a comment",
      `# ${RULE}\n`,
      [80, 443].map((port) => `port ${port} of ${KONG} is missing`),
    ],
    [
      "of another protocol",
      RULE.replace("tcp", "udp"),
      [80, 443].map((port) => `port ${port} of ${KONG} is missing`),
    ],
    [
      "of another container",
      RULE.replace("8100", "8101"),
      [80, 443].map((port) => `port ${port} of ${KONG} is missing`),
    ],
    ["in a range", RULE.replace("{ 80, 443 }", "80-443"), []],
    ["in a set of several lines", RULE.replace("80, 443", "\n80,\n443\n"), []],
    ["by name", RULE.replace("{ 80, 443 }", "{ http, https }"), []],
    ["of a subnet", RULE.replace("::8100", "::/80"), []],
    ["of all addresses", "tcp dport { 80, 443 } accept", []],
  ])("%s", (_, to, found) => {
    expect(edited(NFT, RULE, to)).toEqual(found);
  });
});

describe("a port of the plan in ufw.sh", () => {
  const KONG = "2a03:2222:3333:4444:300::8100";
  const RULE = `to '${KONG}' port 443 proto tcp`;
  test.each([
    ["another port", RULE.replace("443", "8443"), false],
    ["another protocol", RULE.replace("tcp", "udp"), false],
    ["in a comment", `# ${RULE}`, false],
    ["without quotes", RULE.replaceAll("'", ""), true],
    ["with quotes", RULE.replace("443", '"443"'), true],
    ["with more spaces", RULE.replaceAll(" ", "  "), true],
    ["in two lines", RULE.replace("port", "\\\n\tport"), true],
    ["with a comment", `${RULE} # Mine.`, true],
    ["in another order", `proto tcp ${RULE.replace(" proto tcp", "")}`, true],
    ["for both protocols", RULE.replace(" proto tcp", ""), true],
    ["in a list", RULE.replace("443", "80,443"), true],
    ["in a range", RULE.replace("443", "80:443"), true],
    ["by a variable", RULE.replace("443", '"$port"'), true],
    ["spelled out", RULE.replace("300::", "0300:0:0:"), true],
  ])("%s", (_, to, there) => {
    expect(edited("scripts/ufw.sh", RULE, to)).toEqual(
      there ? [] : [`port 443 of ${KONG} is missing`],
    );
  });
});

describe("a name in network.sh", () => {
  const SCRIPT = "scripts/network.sh";
  const BRIDGE = "bridge.name='ipv6_exposed'";
  const NETWORK = "\t'ipv6_exposed'\n";
  test.each([
    [BRIDGE, "bridge.name=other", ["bridge ipv6_exposed is missing"]],
    [
      `--opt=com.docker.network.${BRIDGE}`,
      "--internal=false",
      ["bridge ipv6_exposed is missing"],
    ],
    [NETWORK, "other\n", ["network ipv6_exposed is missing"]],
    [NETWORK, "other # ipv6_exposed\n", ["network ipv6_exposed is missing"]],
    [BRIDGE, "bridge.name=ipv6_exposed", []],
    [BRIDGE, 'bridge.name="ipv6_exposed"', []],
    [BRIDGE, 'bridge.name="$bridge"', []],
    [NETWORK, "   ipv6_exposed # Mine.\n\necho done\n", []],
    ["docker network create", "name=ipv6_exposed\ndocker  network create", []],
  ])("%j → %j", (from, to, found) => {
    expect(edited(SCRIPT, from, to)).toEqual(found);
  });
});

describe("an interface, network or address in a line", () => {
  const KONG = "2a03:2222:3333:4444:300::8100";
  const UFW = "scripts/ufw.sh";
  const NFT = "host/etc/kong-ipv6/firewall.nft";
  const NDPPD = "host/etc/ndppd.conf";
  const SYSCTL = "host/etc/sysctl.d/60-kong-ipv6.conf";
  const RULE = `allow in on 'ens3' out on 'ipv6_exposed' to '${KONG}' port 80`;
  const OUT = "allow in on 'ipv6_exposed' out on 'ens3'";
  const PROXY = "proxy ens3 {";
  const KONG_RULE = `rule ${KONG}/128 {`;
  test.each<[path: string, from: string, to: string, found: RegExp]>([
    [UFW, RULE, RULE.replace("ens3", "eth9"), /^line \d+ has eth9, not ens3$/],
    [UFW, RULE, RULE.replace("'ens3'", "eth9 log"), /has eth9 log, not ens3$/],
    [UFW, RULE, RULE.replace("ipv6_exposed", "br0"), /has br0, not ipv6_exp/],
    [UFW, OUT, "allow in on ens3 out on 'ens3'", /has ens3, not ipv6_ex/],
    [UFW, "allow from '10.83.81.0/24'", "allow from 10.9.9.0/24", /10\.9\.9/],
    [NDPPD, PROXY, "proxy eth9 {", /^line \d+ has eth9, not ens3$/],
    [NDPPD, PROXY, "proxy eth9\n{", /^line \d+ has eth9, not ens3$/],
    [NDPPD, PROXY, "proxy {", /^line \d+ lacks ens3$/],
    [NDPPD, PROXY, "{", /^ens3 is missing$/],
    [NDPPD, KONG_RULE, "rule 2a0f:1::1/128 {", /has 2a0f:1::1, not 2a03/],
    [NFT, '{ "ens3" }', '{ "eth9" }', /^line \d+ has eth9, not ens3$/],
    [NFT, `${KONG} drop`, "2a0f:1::1 drop", /has 2a0f:1::1, not 2a03/],
    [SYSCTL, "ipv6_exposed.dad", "br0.dad", /^line \d+ has br0, not ipv6_exp/],
  ])("%s: %j → %j contradicts the answers", (path, from, to, found) => {
    expect(edited(path, from, to)).toEqual([expect.stringMatching(found)]);
  });

  test("each line is compared with the most similar one", () => {
    expect(edited(UFW, "'ipv6_exposed'", "'br0'")).toEqual(
      [15, 16, 17, 22, 25, 27].map(
        (line) => `line ${line} has br0, not ipv6_exposed`,
      ),
    );
  });

  test.each<[path: string, from: string, to: string]>([
    [UFW, RULE, RULE.replaceAll("'", "")],
    [UFW, RULE, RULE.replace("'ens3'", '"$uplink"')],
    [UFW, RULE, RULE.replace("'ens3'", "$(uplink)")],
    [UFW, RULE, RULE.replace("'ens3'", "'ens3' log")],
    [UFW, RULE, RULE.replace("allow", "ufw route allow")],
    [UFW, RULE, `${RULE.replace("ens3", "wg0")}\n${RULE}`],
    [NDPPD, PROXY, "proxy   ens3\n{"],
    [NDPPD, PROXY, `proxy eth1 {\n  rule 2a0f:1::/64 {\n  }\n}\n${PROXY}`],
    [NDPPD, KONG_RULE, "rule 2a03:2222:3333:4444:0300:0:0:8100/128 {"],
    [NDPPD, KONG_RULE, `rule 2a0f:1::1/128 {\n  }\n  ${KONG_RULE}`],
    [NFT, '{ "ens3" }', '{ "ens3", "wan2" }'],
    [NFT, '{ "ens3" }', '{\n\t\t"ens3",\n\t\t"wan2"\n\t}'],
    [NFT, '{ "ens3" }', "{ $uplink }"],
    [NFT, `${KONG} drop`, `${KONG} reject`],
    [SYSCTL, "-net.ipv6.conf.ipv6_exposed.dad_transmits = 0\n", ""],
    [SYSCTL, "ipv6_exposed.dad_transmits = 0", "ipv6_exposed.dad_transmits=0"],
  ])("%s: %j → %j does not", (path, from, to) => {
    expect(edited(path, from, to)).toEqual([]);
  });
});

describe("addresses in docker-compose.yml", () => {
  test.each([
    ["gateway: 10.83.81.1", "gateway: 10.83.81.2", "gateway of kong-net is"],
    ["10.83.81.100:8001", "[::]:8001", "has [::]:8001, which opens"],
  ])("%s → %s", (from, to, found) => {
    expect(edited(COMPOSE, from, to).join("; ")).toContain(found);
  });

  test("the owner may close the admin API", () => {
    expect(edited(COMPOSE, ", 10.83.81.100:8001", "")).toEqual([]);
  });
});

describe("a port that is written in another way is no contradiction", () => {
  test.each([
    ["the default written out", PUBLISH, '"[::1]:80:80"'],
    ["another operator", PUBLISH, '"${KONG_PUBLISH_IPV6-[::1]}:80:80"'],
    [
      "the long form",
      PUBLISH,
      '{ host_ip: "::1", published: "80", target: 80 }',
    ],
    ["a variable in braces", BIND, '"${KONG_BIND_IP}:80:80"'],
    ["a variable without braces", BIND, '"$KONG_BIND_IP:80:80"'],
    ["the value", BIND, '"192.0.2.10:80:80"'],
    ["the protocol", BIND, '"192.0.2.10:80:80/tcp"'],
  ])("%s", (_, from, to) => {
    expect(edited(COMPOSE, from, to)).toEqual([]);
  });

  test("another port is one", () => {
    expect(edited(COMPOSE, PUBLISH, '"[::1]:8080:80"')).toEqual([
      "port [::1]:80:80 is missing",
    ]);
    expect(edited(COMPOSE, BIND, '"$KONG_BIND_IP:8080:80"')).toEqual([
      "port 192.0.2.10:80:80 is missing",
    ]);
  });
});

const NETPLAN = "host/etc/netplan/60-kong-ipv6.yaml";

describe("netplan(5)'s other ways to write the same are no contradiction", () => {
  test.each([
    ["the IPv6 default route", 'to: "::/0"', "to: default"],
    ["the IPv4 default route", 'to: "0.0.0.0/0"', "to: default"],
    [
      "an address with options",
      '- "2a03:2222:3333:4444::2/64"',
      '- "2a03:2222:3333:4444::2/64": { lifetime: 0 }',
    ],
    [
      "a route without a gateway",
      "routes:\n",
      "routes:\n        - to: 10.0.0.0/8\n          scope: link\n",
    ],
  ])("%s", (_, from, to) => {
    expect(edited(NETPLAN, from, to)).toEqual([]);
  });

  test("a default route without its gateway is one", () => {
    expect(edited(NETPLAN, 'via: "fe80::1"', "scope: link")).toEqual([
      "the gateway of ::/0 on ens3 is missing",
    ]);
  });
});

test("a plugin that Kong does not load", () => {
  const { answers: other } = resolve({
    prefix: "2a03:2222:3333:4444::/64",
    plugin: ["kong-oidc=oidc"],
  });
  const one = render(plan(other));
  const { text } = one.get(COMPOSE) as File;
  const loading = (plugins: string): string[] =>
    contradictions(COMPOSE, text.replace("bundled,oidc", plugins), one);
  expect(loading("bundled")).toEqual(["plugin oidc is missing"]);
  expect(loading("mine,oidc,bundled")).toEqual([]);
  expect(loading("acl, oidc")).toEqual([]);
});

test.each([
  ["none", "::/0", "2000::/3", "a route to ::/0 on ens3 is missing"],
  [
    "ra",
    "accept-ra: true",
    "accept-ra: no",
    "accept-ra: true on ens3 is missing",
  ],
])("a link with the gateway %s: %s → %s", (gateway, from, to, found) => {
  const { answers: other } = resolve({
    prefix: "2a03:2222:3333:4444::/64",
    gateway,
  });
  const one = render(plan(other));
  const { text } = one.get(NETPLAN) as File;
  expect(contradictions(NETPLAN, text.replace(from, to), one)).toEqual([found]);
});

test.each([
  [COMPOSE, "services: ["],
  [COMPOSE, "# Mine\n"],
  [NETPLAN, "- a\n"],
  ["host/etc/docker/daemon.json", "{"],
])("%s: a text that is not valid contradicts nothing: %s", (path, text) => {
  expect(contradictions(path, text, tree)).toEqual([]);
});
