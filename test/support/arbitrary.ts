import fc from "fast-check";
import type { Answers } from "../../src/answers/types.ts";
import type { Given } from "../../src/answers/resolve.ts";
import {
  expanded,
  overlap,
  networkOf,
  parse6,
  sizeOf,
  spell4,
  spell6,
  within,
  type Cidr,
} from "./ipv6.ts";

/** Answers as an owner might spell them, and what they come to in normal form. */
export interface Case {
  readonly given: Given;
  readonly answers: Answers;
}

const cidr = (text: string, length: number): Cidr => ({
  address: parse6(text) as bigint,
  length,
});

/** Inside 2000::/3, yet not for providers (IANA IPv6 Special-Purpose Address Registry). */
const SPECIAL = [cidr("2001::", 23), cidr("2002::", 16)];

const special = (range: Cidr): boolean =>
  SPECIAL.some((other) => overlap(other, range));

/** 128 random bits; small and large numbers, and so both ends of a range, come often. */
const bits = fc.bigInt({ min: 0n, max: 2n ** 128n - 1n });

/** Runs of equal bits: where zero groups and nibble borders are met. */
const striped = fc
  .array(fc.constantFrom(0n, 0n, 0n, 1n, 0x10n, 0xffffn, 0x8000n, 0xabcn), {
    minLength: 8,
    maxLength: 8,
  })
  .map((parts) => parts.reduce<bigint>((sum, part) => (sum << 16n) | part, 0n));

export const anyAddress = fc.oneof(bits, striped);

const raw = fc.oneof({ weight: 3, arbitrary: bits }, striped);

/** A number between two, both included. */
const between = (low: bigint, high: bigint, random: bigint): bigint =>
  low + (random % (high - low + 1n));

/** A provider's prefix in 2000::/3, outside of the special ranges. */
const prefixesOf = (lengths: fc.Arbitrary<number>): fc.Arbitrary<Cidr> =>
  fc
    .tuple(lengths, raw)
    .map(([length, random]) => {
      const global = (1n << 125n) | (random >> 3n);
      return { address: networkOf(global, length), length };
    })
    .filter((prefix) => !special(prefix));

/** /12 to /64. */
export const prefixes = prefixesOf(
  fc.oneof(fc.constant(64), fc.integer({ min: 12, max: 64 })),
);

/** All that may be answered: /8 to /126. */
export const anyPrefixes = prefixesOf(
  fc.oneof(
    fc.constantFrom(64, 80, 112, 124, 125, 126),
    fc.integer({ min: 8, max: 126 }),
  ),
);

/** A public address, outside of the special ranges. */
export const publicAddresses: fc.Arbitrary<bigint> = raw
  .map((random) => (1n << 125n) | (random >> 3n))
  .filter((address) => !special({ address, length: 128 }));

const CHARACTERS = [..."abcxyzABCXYZ0189"];

const text = (
  also: string,
  [minLength, maxLength]: [number, number],
): fc.Arbitrary<string> =>
  fc
    .tuple(
      fc.constantFrom(...CHARACTERS),
      fc.string({
        unit: fc.constantFrom(...CHARACTERS, ...also),
        minLength: minLength - 1,
        maxLength: maxLength - 1,
      }),
    )
    .map((parts) => parts.join(""));

/** Words that YAML 1.1 or 1.2 takes for something else than text, and other stumbling blocks. */
const TRAPS = "on off yes no y n null true false NaN Null 12 1e3 0x1f 1_0 0o7"
  .concat(" 12.5 1.2.3 in out to from any1 end proxy rule")
  .split(" ");

const NOT_AN_UPLINK = "lo all default docker0 any"
  .concat(" app comment from in log log-all out port proto to")
  .split(" ");
const DOCKERS = ["bridge", "host", "none", "default", "container"];

const interfaces = fc
  .oneof(
    fc.constantFrom(
      "ens3",
      "eth0.100",
      "enp129s0f1np1v2",
      "br-lan_1",
      ...TRAPS,
    ),
    text("._-", [1, 15]),
  )
  .filter((name) => !NOT_AN_UPLINK.includes(name));

const networks = fc
  .oneof(
    fc.constantFrom("ipv6_exposed", "public-gateways.v6", ...TRAPS),
    text("._-", [2, 17]),
    text("._-", [2, 63]),
  )
  .filter(
    (name) =>
      name.length > 1 &&
      !DOCKERS.includes(name.toLowerCase()) &&
      !NOT_AN_UPLINK.includes(name),
  );

const label = text("-", [1, 63]).map((part) =>
  part.replace(/-+$/, "").toLowerCase(),
);
const domains = fc.oneof(
  fc.constant("none"),
  fc
    .tuple(fc.array(label, { minLength: 1, maxLength: 3 }), label)
    .map(([labels, top]) => [...labels, `x${top}`.slice(0, 63)].join("."))
    .filter((name) => name.length <= 253),
);

const part = text("", [1, 8]).map((name) => name.toLowerCase());
const images = fc.oneof(
  fc.constantFrom("kong:3.9.3", "kong", "null", "12:34"),
  fc
    .record({
      host: fc.constantFrom(
        "",
        "localhost/",
        "images.example.com/",
        "images.example.com:5000/",
      ),
      path: fc.array(part, { minLength: 1, maxLength: 3 }),
      join: fc.constantFrom("/", ".", "__", "--"),
      tag: fc.oneof(
        fc.constant(""),
        text("._-", [1, 20]).map((tag) => `:${tag}`),
      ),
      digest: fc.constantFrom("", `@sha256:${"0123456789abcdef".repeat(4)}`),
    })
    .map(
      ({ host, path, join, tag, digest }) =>
        host + path.join(join) + tag + digest,
    ),
);

/** Rock and plugin of an answer; written here a second time on purpose. */
export function rockAndPlugin(answer: string): [rock: string, plugin: string] {
  const at = answer.indexOf("=");
  if (at > 0) return [answer.slice(0, at), answer.slice(at + 1)];
  return [
    answer,
    answer.startsWith("kong-plugin-") ? answer.slice(12) : answer,
  ];
}

const plugins = fc.uniqueArray(
  fc.oneof(
    fc.constantFrom("kong-oidc", "kong-plugin-jwt2header", "1.0", "null"),
    text("._-", [1, 12]),
    text("._-", [1, 60]),
    text("._-", [1, 12]).map((name) => `kong-plugin-${name}`),
    fc
      .tuple(text("._-", [1, 12]), text("_-", [1, 12]))
      .filter(([rock, plugin]) => rockAndPlugin(rock)[1] !== plugin)
      .map((names) => names.join("=")),
  ),
  { maxLength: 4, selector: (answer) => rockAndPlugin(answer)[1] },
);

const dataDirs = fc.oneof(
  fc.constantFrom(
    ["./data", "./data"],
    ["data/", "./data"],
    ["/srv//kong/./x/", "/srv/kong/x"],
    ["./a/./b_c+d@e", "./a/b_c+d@e"],
    ["12", "./12"],
    ["null", "./null"],
  ),
  fc
    .tuple(
      fc.constantFrom("./", "", "/srv/", "/var/lib/", "/home/"),
      text("._@+-", [1, 40]),
    )
    .map(([root, name]) => [
      root + name,
      root.startsWith("/") ? root + name : `./${name}`,
    ]),
) as fc.Arbitrary<[string, string]>;

/** One of the spellings of RFC 4291 2.2. */
export function spelling(value: bigint, style: number): string {
  const parts = expanded(value);
  const short = parts.map((group) => group.replace(/^0{1,3}/, ""));
  const quad = spell4(value & 0xffffffffn);
  switch (style % 7) {
    case 0:
      return parts.join(":");
    case 1:
      return spell6(value).toUpperCase();
    case 2:
      return short.join(":");
    case 3:
      return [...parts.slice(0, 6), quad].join(":").toUpperCase();
    case 4: {
      // The last run of zero groups instead of the longest, digits padded.
      const last = parts.lastIndexOf("0000");
      if (last < 0) return parts.join(":");
      return `${parts.slice(0, last).join(":")}::${parts.slice(last + 1).join(":")}`;
    }
    case 5: {
      const zeros = short.slice(0, 6).join(":").lastIndexOf(":0:0");
      const head = short.slice(0, 6).join(":");
      return zeros > 0 && zeros + 4 === head.length
        ? `${head.slice(0, zeros)}::${quad}`
        : `${head}:${quad}`;
    }
    default:
      return spell6(value);
  }
}

const ingredients = fc.record({
  prefix: fc.oneof(
    { weight: 3, arbitrary: prefixes },
    prefixesOf(fc.integer({ min: 65, max: 124 })),
  ),
  spellings: fc.array(fc.nat(6), { minLength: 6, maxLength: 6 }),
  spaces: fc.boolean(),
  padded: fc.boolean(),
  host: raw,
  hostOutside: fc.boolean(),
  hostKept: fc.integer({ min: 0, max: 4 }),
  hostLength: fc.constantFrom("", "/64", "/64", "/8", "/48", "/127", "/128"),
  exposedLength: fc.oneof(
    fc.constantFrom(65, 80, 112, 120, 121, 124, 126),
    fc.integer({ min: 65, max: 126 }),
  ),
  exposed: raw,
  kong: fc.oneof(raw, fc.constantFrom(0n, 1n, 2n ** 128n - 1n)),
  gatewayKind: fc.constantFrom(
    "link-local",
    "on-link",
    "anywhere",
    "ra",
    "none",
  ),
  gateway: raw,
  delivery: fc.constantFrom("on-link", "routed"),
  ndp: fc.constantFrom("ndppd", "kernel", "none"),
  ipv4Kind: fc.constantFrom("any", "none", "address", "length", "netplan"),
  ipv4: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  ipv4Length: fc.oneof(
    fc.constantFrom(22, 24, 31, 32),
    fc.integer({ min: 1, max: 32 }),
  ),
  ipv4Gateway: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  ipv4GatewayNear: fc.boolean(),
  backendLength: fc.integer({ min: 8, max: 28 }),
  backend: fc.nat(),
  internalPublic: fc.integer({ min: 0, max: 7 }),
  internalLength: fc.oneof(fc.constant(64), fc.integer({ min: 48, max: 112 })),
  internal: raw,
  interface: interfaces,
  network: networks,
  domain: domains,
  kongImage: images,
  plugin: plugins,
  database: fc.constantFrom("postgres", "off"),
  firewall: fc.constantFrom("ufw", "nftables", "none"),
  ssh: fc.constantFrom(
    "none",
    "gw",
    "admin-1@my_gw.example.com",
    "root@192.0.2.10",
    "root@2001:db8:ffff::22",
    "[2001:db8:ffff::22]",
  ),
  dataDir: dataDirs,
  expose: fc.uniqueArray(
    fc.record({
      name: fc.constantFrom("mail", "dns", "a", "my-app-2", "x0"),
      address: raw,
      ports: fc.constantFrom(
        ["25", "25"],
        ["587,25", "25,587"],
        ["53/udp, 53/tcp,53", "53,53/udp"],
        ["65535/udp", "65535/udp"],
      ),
      asObject: fc.boolean(),
    }),
    { maxLength: 3, selector: ({ name }) => name },
  ),
});

type Ingredients = typeof ingredients extends fc.Arbitrary<infer T> ? T : never;

/** Valid answers of every kind. */
export const cases: fc.Arbitrary<Case> = ingredients.map(build);

function build(dice: Ingredients): Case {
  const { prefix } = dice;
  const end = prefix.address + sizeOf(prefix.length) - 1n;
  const routed = dice.delivery === "routed";

  const isKept = dice.hostKept === 0;
  const link = Number(dice.hostLength.slice(1) || 64);
  // Not its link's subnet-router anycast address either.
  const onLink = (address: bigint): bigint =>
    link < 127 && address % sizeOf(link) === 0n ? address + 1n : address;
  const isOutside = routed && dice.hostOutside;
  const address = onLink(
    isOutside
      ? nextGlobal(dice.host, (one) => within(prefix, one))
      : between(prefix.address + 1n, end, dice.host),
  );
  const host = isKept ? undefined : address;
  const hostText = isKept
    ? "keep"
    : spell6(address) + (link === 64 ? "" : `/${link}`);

  const shortest = routed && (isKept || isOutside) ? 0 : 1;
  const length = Math.max(dice.exposedLength, prefix.length + shortest);
  const exposedAt = (random: bigint): Cidr => ({
    address: networkOf(between(prefix.address, end, random), length),
    length,
  });
  let random = dice.exposed;
  while (host !== undefined && within(exposedAt(random), host))
    random += sizeOf(length);
  const exposed = exposedAt(random);

  const size = sizeOf(length);
  const last = size > 128n ? size - 129n : size - 1n;
  const kong = exposed.address + between(2n, last, dice.kong);

  const used = new Set([kong]);
  const expose = dice.expose.flatMap((one) => {
    const address = exposed.address + between(2n, last, one.address);
    if (used.has(address)) return [];
    used.add(address);
    return { ...one, address };
  });

  const taken = (address: bigint): boolean =>
    address === host || within(exposed, address);
  const router6 =
    dice.gatewayKind === "link-local"
      ? (0x3fan << 118n) | (dice.gateway >> 10n)
      : dice.gatewayKind === "on-link"
        ? between(prefix.address, end, dice.gateway)
        : nextGlobal(dice.gateway, taken);
  const isAddress = !["ra", "none"].includes(dice.gatewayKind);
  const gateway = taken(router6) ? (0xfe80n << 112n) | 1n : router6;

  let own = nextUnicast4(dice.ipv4);
  const withLength = ["length", "netplan"].includes(dice.ipv4Kind);
  const { ipv4Length } = dice;
  if (withLength && ipv4Length < 31) {
    const first = networkOf(BigInt(own), ipv4Length, 32);
    const final = first + sizeOf(ipv4Length, 32) - 1n;
    // The network's and the broadcast address are nobody's.
    if (BigInt(own) === first) own += 1;
    else if (BigInt(own) === final) own -= 1;
    if (own !== nextUnicast4(own)) own = 0xc0000202;
  }
  const isEnd = (address: number): boolean => {
    if (ipv4Length >= 31) return false;
    const first = networkOf(BigInt(own), ipv4Length, 32);
    const last = first + sizeOf(ipv4Length, 32) - 1n;
    return [first, last].includes(BigInt(address));
  };
  const wanted = nextUnicast4(
    dice.ipv4GatewayNear ? own ^ 1 : dice.ipv4Gateway,
  );
  const router = [wanted, own + 1, own - 1].find(
    (address) =>
      address !== own && !isEnd(address) && address === nextUnicast4(address),
  ) as number;
  const hasIpv4 = !["any", "none"].includes(dice.ipv4Kind);
  // Without a netplan file there is none for the IPv4 either.
  const netplan = dice.ipv4Kind === "netplan" && !isKept;
  const ipv4 = hasIpv4
    ? spell4(BigInt(own)) + (withLength ? `/${ipv4Length}` : "")
    : dice.ipv4Kind;

  const link4 = withLength ? ipv4Length : 32;
  const avoided: Cidr[] = [];
  if (hasIpv4)
    avoided.push({ address: networkOf(BigInt(own), link4, 32), length: link4 });
  if (netplan) avoided.push({ address: BigInt(router), length: 32 });
  const backend = backendSubnet(dice.backendLength, dice.backend, avoided);

  const internal = internalSubnet(dice, [address, gateway], exposed);

  // Its bridge would be named like the uplink.
  const network =
    dice.network === dice.interface ? `${dice.network}x` : dice.network;
  const pad = (number: number): string =>
    dice.padded ? String(number).padStart(3, "0") : String(number);
  const space = (value: string): string =>
    dice.spaces ? ` ${value}\t` : value;
  const [at = 0, ...styles] = dice.spellings;
  const spelled = (value: bigint, index: number): string =>
    space(spelling(value, styles[index % 5] ?? at));
  const subnet = ({ address, length }: Cidr, index: number): string =>
    space(`${spelling(address, styles[index] ?? at)}/${pad(length)}`);
  const normal = ({ address, length }: Cidr): string =>
    `${spell6(address)}/${length}`;

  const plain = {
    interface: dice.interface,
    delivery: dice.delivery,
    ndp: dice.ndp,
    ipv4,
    ipv4Gateway: netplan ? spell4(BigInt(router)) : "none",
    backendSubnet: backend,
    network,
    kongImage: dice.kongImage,
    plugin: dice.plugin,
    database: dice.database,
    firewall: dice.firewall,
    ssh: dice.ssh,
  };
  return {
    given: {
      ...plain,
      prefix: subnet(prefix, 0),
      host: isKept ? "keep" : `${spelled(address, 1).trim()}${dice.hostLength}`,
      exposed: subnet(exposed, 2),
      kong: spelled(kong, 3),
      gateway: isAddress ? spelled(gateway, 4) : dice.gatewayKind,
      internalPrefix: subnet(internal, 1),
      domain:
        dice.spaces && dice.domain !== "none"
          ? `${dice.domain.toUpperCase()}.`
          : dice.domain,
      expose: expose.map(
        ({ name, address, ports: [ports], asObject }, index) =>
          asObject
            ? {
                name,
                address: spelled(address, index),
                ports: ports.split(","),
              }
            : `${name}@[${spelling(address, styles[index] ?? at)}]:${ports}`,
      ),
      dataDir: dice.dataDir[0],
    },
    answers: {
      ...plain,
      prefix: normal(prefix),
      host: hostText,
      exposed: normal(exposed),
      kong: spell6(kong),
      gateway: isAddress ? spell6(gateway) : dice.gatewayKind,
      internalPrefix: normal(internal),
      domain: dice.domain,
      expose: expose.map(
        ({ name, address, ports }) =>
          `${name}@[${spell6(address)}]:${ports[1]}`,
      ),
      dataDir: dice.dataDir[1],
    },
  };
}

function nextGlobal(
  random: bigint,
  taken: (address: bigint) => boolean,
): bigint {
  let address = (1n << 125n) | (random >> 3n);
  while (special({ address, length: 128 }) || taken(address)) {
    address = (1n << 125n) | ((address + sizeOf(15)) % sizeOf(3));
  }
  return address;
}

/** What a server can have as its IPv4: 1/8 to 223/8 without loopback and link-local. */
function nextUnicast4(random: number): number {
  let address = random >>> 0;
  const first = address >>> 24;
  if (first === 0 || first === 127 || first > 223) {
    address = ((address & 0xffffff) | (198 << 24)) >>> 0;
  }
  return address >>> 16 === 0xa9fe ? 0xc6336401 : address;
}

const PRIVATE = [
  { address: 10n << 24n, length: 8 },
  { address: (172n << 24n) | (16n << 16n), length: 12 },
  { address: (192n << 24n) | (168n << 16n), length: 16 },
];

function backendSubnet(
  length: number,
  random: number,
  avoided: readonly Cidr[],
): string {
  for (let at = 0; ; at += 1) {
    // 10/8 is the only private range that a /8 to /11 fits into.
    const homes = PRIVATE.filter((range) => range.length <= length);
    const home = homes[(random + at) % homes.length] as Cidr;
    const offset =
      (BigInt(random + at) * sizeOf(length, 32)) % sizeOf(home.length, 32);
    const range = { address: home.address + offset, length };
    const taken = avoided.some(
      (other) =>
        within(range, other.address, 32) || within(other, range.address, 32),
    );
    if (!taken) return `${spell4(range.address)}/${length}`;
    // Nothing else has room for it: a smaller one has.
    if (at > 8) length = 24;
  }
}

function internalSubnet(
  dice: Pick<Ingredients, "internal" | "internalLength" | "internalPublic">,
  avoided: readonly bigint[],
  exposed: Cidr,
): Cidr {
  const length = dice.internalLength;
  const ula = (0xfdn << 120n) | (dice.internal >> 8n);
  const global = (1n << 125n) | (dice.internal >> 3n);
  const range = (address: bigint): Cidr => ({
    address: networkOf(address, length),
    length,
  });
  const open = range(global);
  const fits =
    !special(open) &&
    !overlap(open, exposed) &&
    !avoided.some((address) => within(open, address));
  return dice.internalPublic === 0 && fits ? open : range(ula);
}
