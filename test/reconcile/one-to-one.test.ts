import fc from "fast-check";
import { expect, test } from "vitest";
import type { Given } from "../../src/answers/resolve.ts";
import { announceSeed, runs } from "../support/seed.ts";
import {
  bytes,
  created,
  edited,
  regenerated,
  START,
  type World,
} from "./in-memory.ts";

// Two addresses of an owner's became one, and nothing told them apart on the way back.

announceSeed();

const P = "2a03:2222:3333:4444";
const Q = "2a0d:9999:aaaa:bbbb";
const COMPOSE = "docker-compose.yml";
const NDPPD = "host/etc/ndppd.conf";

const noted = (world: World, ...addresses: string[]): World =>
  edited(
    world,
    COMPOSE,
    (text) => `${addresses.map((one) => `# ${one}\n`).join("")}${text}`,
  );

const lines = (world: World, count: number, path = COMPOSE): string[] =>
  (world.files.get(path)?.text ?? "")
    .split("\n")
    .slice(0, count)
    .map((line) => line.slice(2));

/** There and back: what stands there in between, and what is told of it. */
async function thereAndBack(
  world: World,
  given: Given,
): Promise<{ there: World; told: string[] }> {
  const { world: there, stale } = await regenerated(world, given);
  const { answers } = world.state;
  const back = await regenerated(there, { ...answers });
  expect(bytes(back.world)).toEqual(bytes(world));
  return {
    there,
    told: stale.map(({ path, line, text }) => `${path}:${line} ${text}`),
  };
}

test("a /48 becomes a /64 in it: an address of another /64 never becomes the server's", async () => {
  const wide = created({
    prefix: "2a03:2222:3333::/48",
    host: `${P}::2`,
    exposed: `${P}:300::/80`,
  });
  const own = ["2a03:2222:3333:4445::2", "2a03:2222:3333:1::8100"];
  const { there, told } = await thereAndBack(noted(wide, ...own), {
    prefix: `${P}::/64`,
  });
  expect(lines(there, 2)).toEqual(own);
  expect(told).toEqual(own.map((one, at) => `${COMPOSE}:${at + 1} ${one}`));
});

test("a /64 becomes a /48 and a /64 again: addresses of two /64s stay two", async () => {
  const own = ["2a03:2222:3333:4445::77", `${P}::77`];
  const wide = await regenerated(created(START), {
    prefix: "2a03:2222:3333::/48",
  });
  const { there } = await thereAndBack(noted(wide.world, ...own), {
    prefix: `${P}::/64`,
  });
  expect(lines(there, 2)).toEqual(own);
});

test("a /80 becomes a /112: three addresses stay three", async () => {
  const own = ["300::8200", "300:1::8200", "300::1:8200"].map(
    (one) => `${P}:${one}`,
  );
  const { there, told } = await thereAndBack(noted(created(START), ...own), {
    exposed: `${P}:aaaa::/112`,
  });
  expect(lines(there, 3)).toEqual([`${P}:aaaa::8200`, own[1], own[2]]);
  expect(told).toEqual([`${COMPOSE}:2 ${own[1]}`, `${COMPOSE}:3 ${own[2]}`]);
});

test("an IPv4 /24 becomes a /28: .105 does not become .9", async () => {
  const world = noted(
    created({ ...START, backendSubnet: "10.83.81.0/24" }),
    "10.83.81.105",
    "10.83.81.9",
  );
  const { there, told } = await thereAndBack(world, {
    backendSubnet: "10.83.82.0/28",
  });
  expect(lines(there, 2)).toEqual(["10.83.81.105", "10.83.82.9"]);
  expect(told).toEqual([`${COMPOSE}:1 10.83.81.105`]);
});

test("subnets of a /48 do not become one in a /64", async () => {
  const world = noted(
    created({ prefix: "2a03:2222:3333::/48" }),
    "2a03:2222:3333:0:9::/80",
    "2a03:2222:3333:7:9::/80",
  );
  const { there } = await thereAndBack(world, { prefix: `${Q}::/64` });
  expect(lines(there, 2)).toEqual([`${Q}:9::/80`, "2a03:2222:3333:7:9::/80"]);
});

test("another file of the owner's has the new address already: the old one stays", async () => {
  const world = edited(
    noted(created(START), `${P}::77`),
    NDPPD,
    (text) => `# ${Q}::77\n${text}`,
  );
  const { there, told } = await thereAndBack(world, { prefix: `${Q}::/64` });
  expect(lines(there, 1)).toEqual([`${P}::77`]);
  expect(lines(there, 1, NDPPD)).toEqual([`${Q}::77`]);
  expect(told).toEqual([`${COMPOSE}:1 ${P}::77`]);
});

test("another file of the owner's has the new subnet already: the old one stays", async () => {
  const world = edited(
    noted(created(START), `${P}:9::/80`),
    NDPPD,
    (text) => `# ${Q}:9::/80\n${text}`,
  );
  const { there, told } = await thereAndBack(world, { prefix: `${Q}::/64` });
  expect(lines(there, 1)).toEqual([`${P}:9::/80`]);
  expect(lines(there, 1, NDPPD)).toEqual([`${Q}:9::/80`]);
  expect(told).toEqual([`${COMPOSE}:1 ${P}:9::/80`]);
});

test("Kong gets the address of an owner's service: changing back leaves the service's address alone", async () => {
  const kong = `${P}:300::8200`;
  const world = edited(created(START), COMPOSE, (text) =>
    text.replace(
      /^services:\n/m,
      (head) =>
        `${head}  mine:\n    networks:\n      ipv6_exposed:\n        ipv6_address: ${kong}\n`,
    ),
  );
  const { there } = await thereAndBack(world, { kong });
  // The first is in a generated comment. With the same Kong the marks stay.
  const still = await thereAndBack(there, { domain: "gw.example.com" });
  expect(still.there.state.files[COMPOSE]?.owned).toEqual({
    [kong]: "01",
  });
});

test.each([
  ["before", true],
  ["behind", false],
])(
  "make before break: the owner's rule of the new prefix, %s the generated one, stays when changing back",
  async (_, first) => {
    const rule = /^ {2}rule .*\n(?: {4}.*\n)* {2}\}\n/m;
    const world = edited(created(START), NDPPD, (text) =>
      text.replace(rule, (old) => {
        const now = old.replaceAll(P, Q);
        return first ? now + old : old + now;
      }),
    );
    expect(world.files.get(NDPPD)?.text).toContain(Q);
    const netplan = "host/etc/netplan/60-kong-ipv6.yaml";
    const both = edited(world, netplan, (text) =>
      text.replace(/^.*::2\/64.*\n/m, (old) => {
        const now = old.replaceAll(P, Q);
        return first ? now + old : old + now;
      }),
    );
    expect(both.files.get(netplan)?.text).toContain(Q);
    await thereAndBack(both, { prefix: `${Q}::/64` });
  },
);

test("the owner edits a file, so that its marks no longer fit: the owner's lines stay, the generated ones change", async () => {
  const kong = `${P}:300::8200`;
  const world = noted(created(START), kong);
  const { world: there } = await regenerated(world, { kong });
  const more = noted(there, kong);
  const { world: back } = await regenerated(more, {
    kong: `${P}:300::8100`,
  });
  expect(bytes(back)).toEqual(bytes(noted(world, kong)));
});

test("a generated line that the owner changed to the new prefix by hand is rewritten later", async () => {
  const byHand = edited(
    created(START),
    NDPPD,
    (text) => `# mine\n${text.replaceAll(P, Q)}`,
  );
  const { world: there } = await regenerated(byHand, { prefix: `${Q}::/64` });
  const { world: on } = await regenerated(there, { prefix: "2a0e:1:2:3::/64" });
  expect(on.files.get(NDPPD)?.text).not.toContain(Q);
});

const own = fc.uniqueArray(
  fc
    .tuple(
      fc.constantFrom(
        P,
        `${P}:300`,
        `${P}:300:1`,
        "2a03:2222:3333:7",
        "2a03:2222:3333",
      ),
      fc.integer({ min: 0x9000, max: 0x9005 }),
      fc.constantFrom("", "1:"),
    )
    .map(([net, host, more]) => `${net}::${more}${host.toString(16)}`),
  { minLength: 2, maxLength: 5 },
);

test("any addresses of the owner's stay distinct, and changing back restores them", async () => {
  const wide = created({
    prefix: "2a03:2222:3333::/48",
    host: `${P}::2`,
    exposed: `${P}:300::/80`,
  });
  const given = fc.constantFrom<Given>(
    { prefix: `${P}::/64` },
    { prefix: `${Q}::/64` },
    { prefix: "2a0d:9999:aaaa::/56" },
    { exposed: `${P}:301::/112` },
    { exposed: `${P}:300::/112` },
    { exposed: `${P}:1::/96` },
  );
  await fc.assert(
    fc.asyncProperty(own, given, async (addresses, change) => {
      const { there } = await thereAndBack(noted(wide, ...addresses), change);
      const now = lines(there, addresses.length);
      expect(new Set(now).size).toBe(addresses.length);
    }),
    runs(100),
  );
}, 60_000);
