import { expect } from "vitest";
import type { Answers } from "../../src/answers/types.ts";
import type { Tree } from "../../src/render/render.ts";
import {
  addressesIn,
  cidr4,
  cidr6,
  networkOf,
  nibbles,
  parse4,
  parse6,
  sizeOf,
  spell4,
  spell6,
  within,
  type Cidr,
} from "./ipv6.ts";
import { blocksIn } from "./documents.ts";
import {
  dockerfile,
  dotenv,
  ndppd,
  nft,
  records,
  planValues,
  sysctl,
  tableRows,
  unit,
  yaml as parseYaml,
} from "./parsers.ts";
import { rockAndPlugin } from "./arbitrary.ts";
import { textOf } from "./trees.ts";

/** What the answers mean in numbers: the oracle that every file is held against. */
interface Oracle {
  readonly prefix: Cidr;
  readonly exposed: Cidr;
  /** undefined if it is kept. */
  readonly host: bigint | undefined;
  /** Address and length as netplan has it. */
  readonly interface: string;
  readonly kong: bigint;
  /** undefined if it has no address. */
  readonly gateway: bigint | undefined;
  readonly internal: Cidr;
  /** Docker's own address on the exposed bridge. */
  readonly bridgeAddress: bigint;
  /** The largest part of the exposed subnet (of its first 2^32 addresses: Docker 20.10) without a fixed address. */
  readonly dynamic: Cidr;
  /** Kong first. */
  readonly containers: readonly Container[];
}

interface Container {
  readonly name: string;
  readonly address: bigint;
  /** `80/tcp`, TCP first. */
  readonly ports: readonly string[];
}

/** Kong and the containers of --expose. */
function containersOf({ kong, expose }: Answers): Container[] {
  const others = expose.map((text): Container => {
    const [, name = "", address = "", ports = ""] =
      /^([a-z0-9-]+)@\[(.*)\]:(.*)$/.exec(text) ?? [];
    return {
      name,
      address: parse6(address) as bigint,
      ports: ports
        .split(",")
        .map((port) => (port.includes("/") ? port : `${port}/tcp`)),
    };
  });
  const address = parse6(kong) as bigint;
  return [{ name: "kong", address, ports: ["80/tcp", "443/tcp"] }, ...others];
}

function freePart(whole: Cidr, fixed: readonly bigint[]): Cidr {
  const length = Math.max(whole.length, 96);
  let parts: Cidr[] = [{ address: whole.address, length }];
  for (;;) {
    parts = parts.flatMap(({ address, length: bits }) => [
      { address, length: bits + 1 },
      { address: address + sizeOf(bits + 1), length: bits + 1 },
    ]);
    const free = parts.find(
      (part) => !fixed.some((address) => within(part, address)),
    );
    if (free) return free;
  }
}

export function oracle(answers: Answers): Oracle {
  const exposed = cidr6(answers.exposed) as Cidr;
  const kong = parse6(answers.kong) as bigint;
  const containers = containersOf(answers);
  return {
    prefix: cidr6(answers.prefix) as Cidr,
    exposed,
    kong,
    host: parse6(answers.host.replace(/\/.*/, "")),
    interface: answers.host + (answers.host.includes("/") ? "" : "/64"),
    gateway: parse6(answers.gateway),
    internal: cidr6(answers.internalPrefix) as Cidr,
    bridgeAddress: exposed.address + 1n,
    dynamic: freePart(
      exposed,
      containers.map(({ address }) => address),
    ),
    containers,
  };
}

const spellCidr = ({ address, length }: Cidr): string =>
  `${spell6(address)}/${length}`;

type Nested = Record<string, any>;

const yaml = (tree: Tree, path: string): Nested =>
  parseYaml(textOf(tree, path)) as Nested;

/**
 * Holds every generated file against its answers, parsed by readers of its own. Kong lies inside
 * the exposed subnet and that inside the prefix in each file that names them.
 */
export function expectAgreement(tree: Tree, answers: Answers): void {
  const wanted = oracle(answers);
  expect(within(wanted.prefix, wanted.exposed.address)).toBe(true);
  // The whole prefix only if the server is not in it.
  expect(wanted.exposed.length).toBeGreaterThanOrEqual(wanted.prefix.length);
  for (const address of [wanted.host, wanted.gateway])
    expect(address !== undefined && within(wanted.exposed, address)).toBe(
      false,
    );
  expect(within(wanted.exposed, wanted.kong)).toBe(true);
  expectFiles(tree, answers);
  expectEnvironment(tree, answers);
  expectCompose(tree, answers);
  expectNetplan(tree, answers, wanted);
  expectDocker(tree, answers);
  expectNdp(tree, answers, wanted);
  expectFirewall(tree, answers, wanted);
  expectScripts(tree, answers, wanted);
  expectReadme(tree, answers, wanted);
  expectOnlyAddresses(tree, answers, wanted);
}

/** Which files there are follows from the choices. */
function expectFiles(tree: Tree, answers: Answers): void {
  const has = (path: string): boolean => tree.has(path);
  expect(has("kong.yml")).toBe(answers.database === "off");
  expect(has("host/etc/netplan/60-kong-ipv6.yaml")).toBe(
    answers.host !== "keep",
  );
  expect(has("host/etc/ndppd.conf")).toBe(answers.ndp === "ndppd");
  expect(has("host/etc/systemd/system/ndppd.service")).toBe(
    answers.ndp === "ndppd",
  );
  expect(has(dropIn(answers))).toBe(answers.ndp === "kernel");
  expect(has("host/etc/kong-ipv6/firewall.nft")).toBe(
    answers.firewall !== "none",
  );
}

const dropIn = (answers: Answers): string =>
  `host/etc/systemd/network/10-netplan-${answers.interface}.network.d/60-kong-ndp.conf`;

/** KONG_BIND_IP, or undefined where IPv4 isn't published. */
function bindAddress({ ipv4 }: Answers): string | undefined {
  if (ipv4 === "none") return undefined;
  return ipv4 === "any" ? "0.0.0.0" : ipv4.replace(/\/.*/, "");
}

function expectEnvironment(tree: Tree, answers: Answers): void {
  for (const [path, password] of [
    [".env", "<secret>"],
    [".env.example", "replace-me"],
  ] as const) {
    const bind = bindAddress(answers);
    expect(dotenv(textOf(tree, path)), path).toMatchObject({
      ...(bind === undefined ? {} : { KONG_BIND_IP: bind }),
      KONG_BIND_IPV6: answers.kong,
      KONG_DATA_DIR: answers.dataDir,
      ...Object.fromEntries(
        containersOf(answers).map(({ name, address }) => [
          variableOf(name),
          spell6(address),
        ]),
      ),
      ...(answers.database === "off" ? {} : { KONG_PG_PASSWORD: password }),
    });
    const found = dotenv(textOf(tree, path));
    expect("KONG_BIND_IP" in found).toBe(bind !== undefined);
    expect(Object.keys(found).filter((key) => key.endsWith("_IPV6"))).toEqual(
      containersOf(answers).map(({ name }) => variableOf(name)),
    );
    expect("KONG_PG_PASSWORD" in found).toBe(answers.database !== "off");
    expect(textOf(tree, path)).toContain(`inside ${answers.exposed}.`);
  }
  const ignored = textOf(tree, ".gitignore").split("\n");
  expect(ignored).toContain(".env");
  if (answers.dataDir.startsWith("./"))
    expect(ignored).toContain(`${answers.dataDir.slice(1)}/`);
}

const variableOf = (name: string): string =>
  name === "kong"
    ? "KONG_BIND_IPV6"
    : `EXPOSE_${name.replaceAll("-", "_").toUpperCase()}_IPV6`;

/** `${NAME:?…}` and `${NAME:-…}` as docker compose fills them in. */
export function interpolate(
  value: string,
  env: Record<string, string>,
): string {
  const filled = value.replaceAll(
    /\$\{(\w+)(?::([?-])((?:[^{}])*))?\}/g,
    (_, name: string, kind: string | undefined, otherwise: string) => {
      if (env[name]) return env[name];
      if (kind === "-") return otherwise;
      throw new Error(`${name} is not set`);
    },
  );
  return filled.replaceAll("$$", "$");
}

function expectCompose(tree: Tree, answers: Answers): void {
  const compose = yaml(tree, "docker-compose.yml");
  const env = dotenv(textOf(tree, ".env"));
  const fill = (value: string): string => interpolate(value, env);
  const postgres = answers.database === "postgres";
  expect(Object.keys(compose["services"] as Nested)).toEqual(
    postgres ? ["kong", "kong-migration", "kong-database"] : ["kong"],
  );
  const { kong } = compose["services"] as Nested;

  const backend = cidr4(answers.backendSubnet) as Cidr;
  const [config, ...others] = compose["networks"]["kong-net"].ipam.config;
  expect(others).toEqual([]);
  expect(config.subnet).toBe(answers.backendSubnet);
  expect(config.gateway).toBe(spell4(backend.address + 1n));
  const range = cidr4(config.ip_range) as Cidr;
  expect(within(backend, range.address, 32)).toBe(true);
  expect(range.length).toBeGreaterThan(backend.length);
  const kong4 = parse4(kong.networks["kong-net"].ipv4_address) as bigint;
  expect(within(backend, kong4, 32)).toBe(true);
  expect(within(range, kong4, 32)).toBe(false);
  expect([0n, 1n, sizeOf(backend.length, 32) - 1n]).not.toContain(
    kong4 - backend.address,
  );
  // Docker takes the gateway and the first address; the others are for two more services.
  expect(sizeOf(range.length, 32)).toBeGreaterThanOrEqual(4n);
  expect(compose["networks"]["kong-net"].enable_ipv6).toBe(false);

  const { exposed } = compose["networks"] as Nested;
  expect(exposed).toEqual({ external: true, name: answers.network });
  expect(fill(kong.networks.exposed.ipv6_address)).toBe(answers.kong);

  const bind = bindAddress(answers);
  expect(kong.ports.map(fill)).toEqual([
    ...(bind === undefined ? [] : [`${bind}:80:80`, `${bind}:443:443`]),
    "[::1]:80:80",
    "[::1]:443:443",
  ]);
  const listen = kong.environment;
  expect(listen.KONG_ADMIN_LISTEN).toBe(
    `127.0.0.1:8001, ${spell4(kong4)}:8001`,
  );
  expect(listen.KONG_ADMIN_GUI_LISTEN).toBe("off");
  expect(listen.KONG_DATABASE).toBe(answers.database);
  const plugins = answers.plugin.map((answer) => rockAndPlugin(answer)[1]);
  expect(listen.KONG_PLUGINS).toBe(
    plugins.length === 0 ? undefined : ["bundled", ...plugins].join(","),
  );
  for (const service of Object.values(compose["services"] as Nested)) {
    const others = Object.entries(service.environment).filter(
      ([, value]) => typeof value !== "string",
    );
    expect(others).toEqual([]);
  }

  const mounts = kong.volumes.map(fill);
  expect(mounts).toContain(`${answers.dataDir}/logs:/var/log/kong`);
  if (postgres) {
    const { environment, networks, volumes } =
      compose["services"]["kong-database"];
    expect(networks).toEqual(["kong-net"]);
    expect(environment.POSTGRES_PASSWORD_FILE).toMatch(/^\/run\/secrets\//);
    expect(volumes.map(fill)).toEqual([
      `${answers.dataDir}/postgres:/var/lib/postgresql/data`,
    ]);
    const secrets = compose["secrets"] as Nested;
    expect(Object.values(secrets).map(({ file }) => fill(file))).toEqual([
      `${answers.dataDir}/secrets/kong_pg_password`,
    ]);
  } else {
    expect(yaml(tree, "kong.yml")["_format_version"]).toBe("3.0");
    expect(compose).not.toHaveProperty("secrets");
  }
}

function expectNetplan(tree: Tree, answers: Answers, wanted: Oracle): void {
  const { host, gateway } = wanted;
  if (host === undefined) return;
  const length = Number(wanted.interface.split("/")[1]);
  const linkLocal =
    gateway !== undefined && networkOf(gateway, 10) === 0xfe80n << 112n;
  const near =
    gateway !== undefined &&
    within({ address: networkOf(host, length), length }, gateway);
  const both = answers.ipv4Gateway !== "none";
  const own = cidr4(answers.ipv4);
  const near4 =
    own !== undefined &&
    both &&
    within(own, parse4(answers.ipv4Gateway) as bigint, 32);
  const route = (to: string, via: string, onLink: boolean): Nested =>
    onLink ? { to, via, "on-link": true } : { to, via };
  const six: Record<string, Nested[]> = {
    ra: [],
    none: [{ to: "::/0", scope: "link" }],
  };
  const routes = [
    ...(six[answers.gateway] ?? [
      route("::/0", answers.gateway, !linkLocal && !near),
    ]),
    ...(both ? [route("0.0.0.0/0", answers.ipv4Gateway, !near4)] : []),
  ];
  expect(yaml(tree, "host/etc/netplan/60-kong-ipv6.yaml")).toEqual({
    network: {
      version: 2,
      ethernets: {
        [answers.interface]: {
          ...(both ? { dhcp4: false } : {}),
          "accept-ra": answers.gateway === "ra",
          addresses: [wanted.interface, ...(both ? [answers.ipv4] : [])],
          ...(routes.length > 0 ? { routes } : {}),
        },
      },
    },
  });
}

function expectDocker(tree: Tree, answers: Answers): void {
  expect(JSON.parse(textOf(tree, "host/etc/docker/daemon.json"))).toEqual({
    ipv6: true,
    "fixed-cidr-v6": answers.internalPrefix,
  });
  const build = dockerfile(textOf(tree, "kong-build/Dockerfile"));
  const values = (name: string): string[] =>
    build.filter((line) => line.name === name).map(({ value }) => value);
  expect(values("FROM")).toEqual([answers.kongImage]);
  expect(values("USER")).toEqual(["root", "kong"]);
  expect(build.at(-1)).toEqual({ name: "USER", value: "kong" });
  const installs = values("RUN").filter((run) => run.startsWith("luarocks"));
  expect(installs).toEqual(
    answers.plugin.map(
      (answer) => `luarocks install ${rockAndPlugin(answer)[0]}`,
    ),
  );
}

function expectNdp(tree: Tree, answers: Answers, wanted: Oracle): void {
  const keys = sysctl(textOf(tree, "host/etc/sysctl.d/60-kong-ipv6.conf"));
  expect(keys["net.ipv6.conf.all.forwarding"]).toBe("1");
  const { ndp } = answers;
  if (ndp === "ndppd") {
    const { proxies } = ndppd(textOf(tree, "host/etc/ndppd.conf"));
    expect(proxies).toHaveLength(1);
    expect(proxies[0]?.interface).toBe(answers.interface);
    expect(proxies[0]?.rules).toEqual(
      wanted.containers.map(({ address }) => ({
        address: `${spell6(address)}/128`,
        method: "static",
      })),
    );
    const service = unit(textOf(tree, "host/etc/systemd/system/ndppd.service"));
    expect(service["Install"]?.["WantedBy"]).toEqual(["multi-user.target"]);
  }
  const uplink = `net.ipv6.neigh.${answers.interface.split(".").join("/")}`;
  expect(keys[`${uplink}.proxy_delay`]).toBe(
    ndp === "kernel" ? "0" : undefined,
  );
  expect(keys["net.ipv6.conf.all.proxy_ndp"]).toBe(
    ndp === "kernel" ? "1" : undefined,
  );
  if (ndp === "kernel") {
    expect(unit(textOf(tree, dropIn(answers)))).toEqual({
      Network: {
        IPv6ProxyNDP: ["yes"],
        IPv6ProxyNDPAddress: wanted.containers.map(({ address }) =>
          spell6(address),
        ),
      },
    });
  }
}

function expectFirewall(tree: Tree, answers: Answers, wanted: Oracle): void {
  expectUfw(tree, answers, wanted);
  if (answers.firewall === "none") return;
  const { table, sets, chains, commands } = nft(
    textOf(tree, "host/etc/kong-ipv6/firewall.nft"),
  );
  expect(table).toBe("inet kong_ipv6");
  // Loaded again it replaces itself.
  expect(commands).toEqual([`table ${table}`, `delete table ${table}`]);
  expect(sets).toEqual([
    `set uplinks { type ifname; elements = { "${answers.interface}" }; }`,
    "set others { type ifname; }",
  ]);
  // Never a kind that is *not* something: a network card has none, and no such rule matches it.
  expect(chains["forward"]?.slice(1)).toEqual([
    'iifname != @uplinks meta iifkind { "bridge", "wireguard", "tun" } accept',
    "oifname @uplinks accept",
    "oifname @others accept",
    'meta oifkind "bridge" goto containers',
  ]);
  const rules = chains["containers"] ?? [];
  expect(rules.at(-1)).toBe("drop");
  const portsOf = (ports: readonly string[], protocol: string): string =>
    ports
      .filter((port) => port.endsWith(protocol))
      .map((port) => port.replace(protocol, ""))
      .join(", ");
  const expected = wanted.containers.flatMap(({ address, ports }) => [
    ...["tcp", "udp"].flatMap((protocol) => {
      const numbers = portsOf(ports, `/${protocol}`);
      return numbers === ""
        ? []
        : [
            `ip6 daddr ${spell6(address)} ${protocol} dport { ${numbers} } accept`,
          ];
    }),
    `ip6 daddr ${spell6(address)} icmpv6 type { echo-request, destination-unreachable, packet-too-big, time-exceeded, parameter-problem } accept`,
    `ip6 daddr ${spell6(address)} drop`,
  ]);
  expect(rules.filter((rule) => rule.includes("daddr"))).toEqual(expected);
}

function expectUfw(tree: Tree, answers: Answers, wanted: Oracle): void {
  const inward = textOf(tree, "scripts/ufw.sh")
    .split("\n")
    .filter((line) => /^allow in .* to '[0-9a-f]*:/.test(line));
  const bridge = planValues(textOf(tree, "scripts/plan.json"))[
    "exposed.bridge"
  ];
  expect(inward).toEqual(
    wanted.containers.flatMap(({ address, ports }) =>
      ports.map((port) => {
        const [number, protocol] = port.split("/");
        return `allow in on '${answers.interface}' out on '${bridge}' to '${spell6(address)}' port ${number} proto ${protocol}`;
      }),
    ),
  );
}

function expectScripts(tree: Tree, answers: Answers, wanted: Oracle): void {
  const bridge = /^[A-Za-z0-9_-]{2,15}$/.test(answers.network)
    ? answers.network
    : expect.stringMatching(/^br-[0-9a-f]{12}$/);
  const backend = cidr4(answers.backendSubnet) as Cidr;
  const values = planValues(textOf(tree, "scripts/plan.json"));
  expect(values).toMatchObject({
    prefix: answers.prefix,
    delivery: answers.delivery,
    "uplink.name": answers.interface,
    host: answers.host.replace(/\/.*/, ""),
    gateway: answers.gateway,
    "exposed.network": answers.network,
    "exposed.bridge": bridge,
    "exposed.subnet": answers.exposed,
    "exposed.gateway": spell6(wanted.bridgeAddress),
    "exposed.range": spellCidr(wanted.dynamic),
    kong: answers.kong,
    ndp: answers.ndp,
    firewall: answers.firewall,
    database: answers.database,
  });
  const kong4 = parse4(values["backend.kong"] ?? "") as bigint;
  expect(within(backend, kong4, 32)).toBe(true);
  // Only what may be missing may be empty.
  const empty = Object.keys(values).filter((key) => values[key] === "");
  expect(empty.filter((key) => key !== "ipv4.netplan")).toEqual([]);
  expect(values["exposed.bridge"]).not.toBe(answers.interface);
  // The bytes of an interface name: linux/if.h.
  expect(values["exposed.bridge"]?.length).toBeLessThanOrEqual(15);
  for (const { address } of wanted.containers)
    expect(within(wanted.dynamic, address)).toBe(false);
  expect(within(wanted.exposed, wanted.dynamic.address)).toBe(true);
}

function expectReadme(tree: Tree, answers: Answers, wanted: Oracle): void {
  const readme = textOf(tree, "README.md");
  const code = (cell: string): string | undefined =>
    /`([^`]+)`/.exec(cell)?.[1];
  const plan = new Map(
    tableRows(readme).map(([what = "", address = ""]) => [what, code(address)]),
  );
  expect(plan.get("provider's prefix")).toBe(answers.prefix);
  expect(plan.get("default gateway")).toBe(
    wanted.gateway === undefined ? undefined : answers.gateway,
  );
  expect(plan.get(`exposed Docker network \`${answers.network}\``)).toBe(
    answers.exposed,
  );
  expect(plan.get("**Kong**")).toBe(answers.kong);
  expect(plan.get("internal network kong-net")).toBe(answers.backendSubnet);
  expect(plan.get("Docker's default bridge")).toBe(answers.internalPrefix);
  expect(plan.get(`server, on \`${answers.interface}\``)).toBe(
    wanted.host === undefined ? undefined : wanted.interface,
  );

  const others = wanted.containers.slice(1);
  const name = answers.domain === "none" ? "YOUR.DOMAIN" : answers.domain;
  const bind = bindAddress(answers);
  expect(blocksIn(readme, "dns").flatMap(records)).toEqual([
    { name: `${name}.`, ttl: 3600, type: "AAAA", data: spell6(wanted.kong) },
    ...(bind === undefined || bind === "0.0.0.0"
      ? []
      : [{ name: `${name}.`, ttl: 3600, type: "A", data: bind }]),
    ...others.map((one) => ({
      name: `${one.name}.${name}.`,
      ttl: 3600,
      type: "AAAA",
      data: spell6(one.address),
    })),
    { name: nibbles(wanted.kong), ttl: 3600, type: "PTR", data: `${name}.` },
    ...(wanted.host === undefined
      ? []
      : [
          {
            name: nibbles(wanted.host),
            ttl: 3600,
            type: "PTR",
            data: `SERVER.${name}.`,
          },
        ]),
    ...(bind === undefined || bind === "0.0.0.0"
      ? []
      : [
          {
            name: `${bind.split(".").toReversed().join(".")}.in-addr.arpa.`,
            ttl: 3600,
            type: "PTR",
            data: `${name}.`,
          },
        ]),
    ...others.map((one) => ({
      name: nibbles(one.address),
      ttl: 3600,
      type: "PTR",
      data: `${one.name}.${name}.`,
    })),
  ]);
  expectSnippet(readme, tree, others);
  const [diagram = ""] = blocksIn(readme, "mermaid");
  for (const shown of [
    answers.kong,
    ...[wanted.host, wanted.gateway].flatMap((address) =>
      address === undefined ? [] : spell6(address),
    ),
    ...others.map(({ address }) => spell6(address)),
  ])
    expect(diagram).toContain(`<br/>${shown}"]`);
}

/** What the owner puts into docker-compose.override.yml. */
function expectSnippet(
  readme: string,
  tree: Tree,
  others: readonly Container[],
): void {
  const snippets = blocksIn(readme, "yaml").filter((block) =>
    block.includes("ipv6_address"),
  );
  expect(snippets).toHaveLength(others.length > 0 ? 1 : 0);
  if (others.length === 0) return;
  const env = dotenv(textOf(tree, ".env"));
  const { services } = parseYaml(snippets[0] ?? "");
  const found = Object.entries<any>(services).map(([name, service]) => ({
    name,
    address: interpolate(service.networks.exposed.ipv6_address, env),
    ports: service.ports.map((port: string) => interpolate(port, env)),
  }));
  expect(found).toEqual(
    others.map(({ name, address, ports }) => ({
      name,
      address: spell6(address),
      ports: ports.map((port) => `[::1]::${port}`),
    })),
  );
}

/** The same in every repository: what is the plan's reaches it through plan.json. */
const isProgram = (path: string): boolean =>
  path.startsWith("scripts/kong_ipv6/");

/** Unspecified and loopback; in programs what they build packets from: multicast, link-local, discard-only. */
const isConstant = (value: bigint, path: string): boolean =>
  value < 2n ||
  (isProgram(path) &&
    (path === "scripts/kong_ipv6/resources/handover.py" ||
      value >> 120n === 0xffn ||
      value >> 118n === 0x3fan ||
      value >> 64n === 0x100000000000000n));

/** No address occurs anywhere that isn't the plan's, and each is spelled as RFC 5952 wants it. */
function expectOnlyAddresses(
  tree: Tree,
  answers: Answers,
  wanted: Oracle,
): void {
  const planned = new Set([
    wanted.prefix.address,
    wanted.exposed.address,
    wanted.host,
    wanted.kong,
    wanted.gateway,
    wanted.internal.address,
    wanted.bridgeAddress,
    wanted.dynamic.address,
    ...wanted.containers.map(({ address }) => address),
    // The login may be at another address of the server.
    ...addressesIn(answers.ssh).flatMap(({ value }) => value ?? []),
  ]);
  for (const [path, { text }] of tree) {
    // The state holds the other files' texts; its own part is compared as a whole.
    if (path === ".kong-ipv6.json") continue;
    for (const { text: found, value } of occurrences(text)) {
      // Patterns of the scripts, like *:::*, that only look like addresses.
      if (value === undefined && isProgram(path)) continue;
      const known =
        value !== undefined && (planned.has(value) || isConstant(value, path));
      if (!known)
        throw new Error(`${path}: ${found} is no address of the plan`);
      if (!isProgram(path) && found !== spell6(value))
        throw new Error(`${path}: ${found} is not the RFC 5952 form`);
    }
  }
}

/** Most files are the same in every repository: each text is searched once. */
const searched = new Map<string, ReturnType<typeof addressesIn>>();

function occurrences(text: string): ReturnType<typeof addressesIn> {
  let found = searched.get(text);
  if (found === undefined) {
    found = addressesIn(text);
    searched.set(text, found);
    if (searched.size > 500) searched.clear();
  }
  return found;
}
