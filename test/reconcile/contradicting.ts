import { COMPOSE_FILE } from "../../src/reconcile/compose-names.ts";

/** What owners write in a generated file that the answers don't say, or in other words. */
type Edit = readonly [path: string, change: (text: string) => string];

const FIREWALL = "host/etc/kong-ipv6/firewall.nft";
const NETPLAN = "host/etc/netplan/60-kong-ipv6.yaml";

const replaced = (path: string, from: RegExp, to: readonly string[]): Edit[] =>
  to.map((one) => [path, (text) => text.replace(from, one)]);

/** The first one is Kong's. */
const ENVIRONMENT = /^ {4}environment:\n(?: {6}.*\n)+/m;

export const CONTRADICTING: readonly Edit[] = [
  ...replaced(FIREWALL, /tcp dport \{ 80, 443 \}/, [
    "tcp dport 80",
    "tcp dport { 80-90 }",
    "th dport { 80, 443 }",
    "udp dport { 80, 443 }",
    "tcp dport $ports",
    "tcp dport { }",
  ]),
  ...replaced(FIREWALL, /ip6 daddr \S+ tcp/, [
    "ip6 daddr 2a00::/12 tcp",
    "ip6 daddr 2a0f:1::1 tcp",
    "ip daddr 192.0.2.1 tcp",
    "tcp",
  ]),
  ...replaced(FIREWALL, /^.*udp dport.*\n/m, ["", "# $&"]),
  ...replaced(COMPOSE_FILE, ENVIRONMENT, [
    "    environment:\n      - KONG_DATABASE=off\n",
    "    environment:\n      - KONG_DATABASE=postgres\n",
    "    environment: [OTHER=1]\n",
    "    environment:\n",
  ]),
  ...replaced(COMPOSE_FILE, /"\$\{KONG_BIND_IP:[^"]*:80"/, [
    "{ host_ip: $$KONG_BIND_IP, published: 80, target: 80 }",
    "{ host_ip: 2a0f:1::1, published: 80, target: 80 }",
    "{ target: 80 }",
    '"$$KONG_BIND_IP:80:80/tcp"',
    '"${OTHER}:80:80"',
    "80",
    '""',
  ]),
  ...replaced(COMPOSE_FILE, /^ {4}ports:\n(?: {6}.*\n)+/m, ["    ports:\n"]),
  ...replaced(COMPOSE_FILE, /^ {4}networks:\n(?: {6}.*\n)+/m, [
    "    networks: [kong-net, exposed]\n",
  ]),
  ...replaced(COMPOSE_FILE, /^ {2}kong-migration:\n(?: {4}.*\n)+/m, [""]),
  ...replaced(COMPOSE_FILE, /^ {4}image: postgres:.*$/m, [
    "    image: postgres:18",
  ]),
  ...replaced(COMPOSE_FILE, /KONG_ADMIN_LISTEN: .*$/m, [
    'KONG_ADMIN_LISTEN: "off"',
    "KONG_ADMIN_LISTEN: 0.0.0.0:8001",
  ]),
  ...replaced(COMPOSE_FILE, /^ {4}name: "(.*)"$/m, ["    name: other"]),
  ...replaced(NETPLAN, /^( +- )("[0-9a-f:]+\/\d+"|"[\d.]+\/\d+")$/m, [
    "$1$2: { label: own }",
    "$1{}",
    "$1null",
  ]),
  ...replaced(NETPLAN, /"::\/0"/, ["default"]),
  ...replaced(NETPLAN, /accept-ra: .*/, ["accept-ra: yes", "accept-ra: no"]),
  ...replaced(NETPLAN, /"0\.0\.0\.0\/0"/, ["default"]),
  ...replaced(NETPLAN, /^ +routes:\n/m, [
    '$&        - to: "fd00::/8"\n          scope: link\n',
  ]),
  ...replaced(NETPLAN, /^ {2}ethernets:\n(?: {4}.*\n)+/m, ["  ethernets:\n"]),
  ...replaced("kong-build/Dockerfile", /^FROM .*$/m, [
    "FROM kong:3.9.2",
    "FROM --platform=linux/amd64 kong:3.9.3 AS own",
  ]),
  ...replaced("scripts/ufw.sh", /port 443 proto tcp/, [
    "port 8443 proto tcp",
    "port 443",
    "port 53 proto udp",
  ]),
  ...replaced("scripts/ufw.sh", /allow in on '(.*?)' out/, [
    "allow in on own out",
    "allow in on '$1' log out",
    'allow in on "$$uplink" out',
    "allow out",
  ]),
  ...replaced("host/etc/ndppd.conf", /^proxy .*$/m, ["proxy own {", "proxy {"]),
  ...replaced(FIREWALL, /^.*set uplinks.*$/m, ["set uplinks { own }", ""]),
  ...replaced("scripts/network.sh", /bridge\.name='(.*)'/, [
    "bridge.name=own",
    'bridge.name="$$bridge"',
  ]),
  ...replaced("scripts/network.sh", /'.*'\n$/, ["'own'\n"]),
  ...replaced(".env", /^(KONG_BIND_IPV6)=.*$/m, ["$1=", "$1=2a0f:1::1"]),
];
