import { expect, test } from "vitest";
import type { Given } from "../../src/answers/resolve.ts";
import {
  bytes,
  created,
  edited,
  regenerated,
  type World,
} from "./in-memory.ts";

// Servers whose address lies outside the prefix, is kept, or has a link of another length.

const P = "2a03:2222:3333:4444";
const Q = "2a0d:9999:aaaa:bbbb";
const COMPOSE = "docker-compose.yml";
const NETPLAN = "host/etc/netplan/60-kong-ipv6.yaml";

const noted = (world: World, ...addresses: string[]): World =>
  edited(
    world,
    COMPOSE,
    (text) => `${addresses.map((one) => `# ${one}\n`).join("")}${text}`,
  );

const textOf = (world: World, path: string): string | undefined =>
  world.files.get(path)?.text;

const notes = (world: World, count: number): string[] =>
  (textOf(world, COMPOSE) ?? "")
    .split("\n")
    .slice(0, count)
    .map((line) => line.slice(2));

/** The world after a change; back, everything is as before, byte for byte. */
async function thereAndBack(
  world: World,
  given: Given,
): Promise<{ there: World; stale: string[] }> {
  const { world: there, stale } = await regenerated(world, given);
  const back = await regenerated(there, { ...world.state.answers });
  expect(bytes(back.world)).toEqual(bytes(world));
  return { there, stale: stale.map(({ path, text }) => `${path} ${text}`) };
}

test("a server outside the prefix does not move with it", async () => {
  const world = noted(
    created({
      prefix: `${P}::/64`,
      delivery: "routed",
      host: "2001:db8:9::7/128",
      gateway: "2001:db8:9::1",
    }),
    "2001:db8:9::7",
    "2001:db8:9::7/128",
    `${P}:300::8100`,
  );
  const { there, stale } = await thereAndBack(world, { prefix: `${Q}::/64` });
  expect(there.state.answers).toMatchObject({
    host: "2001:db8:9::7/128",
    gateway: "2001:db8:9::1",
    kong: `${Q}:300::8100`,
  });
  expect(textOf(there, NETPLAN)).toBe(textOf(world, NETPLAN));
  expect(notes(there, 3)).toEqual([
    "2001:db8:9::7",
    "2001:db8:9::7/128",
    `${Q}:300::8100`,
  ]);
  expect(stale).toEqual([]);
});

test("another server address outside is rewritten everywhere, with its length", async () => {
  const world = noted(
    created({
      prefix: `${P}::/64`,
      delivery: "routed",
      host: "2001:db8:9::7/128",
    }),
    "2001:db8:9::7/128",
    "2001:db8:9::7",
  );
  const { there } = await thereAndBack(world, { host: "2001:db8:a::8/56" });
  expect(notes(there, 2)).toEqual(["2001:db8:a::8/56", "2001:db8:a::8"]);
  expect(textOf(there, NETPLAN)).toContain('"2001:db8:a::8/56"');
});

test("the link's length moves with the server's address", async () => {
  const world = noted(
    created({
      prefix: "2a03:2222:3333:4400::/56",
      host: "2a03:2222:3333:4407::2/56",
    }),
    "2a03:2222:3333:4407::2/56",
  );
  const { there } = await thereAndBack(world, {
    prefix: "2a0d:9999:aaaa:bb00::/56",
  });
  expect(there.state.answers).toMatchObject({
    host: "2a0d:9999:aaaa:bb07::2/56",
    exposed: "2a0d:9999:aaaa:bb07:300::/80",
  });
  expect(notes(there, 1)).toEqual(["2a0d:9999:aaaa:bb07::2/56"]);
});

test("a kept server stays kept, without a netplan file", async () => {
  const world = created({ prefix: `${P}::/64`, host: "keep" });
  const { there, stale } = await thereAndBack(world, { prefix: `${Q}::/64` });
  expect(there.state.answers).toMatchObject({ host: "keep", gateway: "ra" });
  expect(there.files.has(NETPLAN)).toBe(false);
  expect(stale).toEqual([]);
});

test("a server that is kept from now on has no netplan file; its address is not stale", async () => {
  const world = noted(created({ prefix: `${P}::/64` }), `${P}::2`);
  const { there, stale } = await thereAndBack(world, { host: "keep" });
  // As create has it: the route stays as it is.
  expect(there.state.answers.gateway).toBe("ra");
  expect(world.files.has(NETPLAN)).toBe(true);
  expect(there.files.has(NETPLAN)).toBe(false);
  expect(notes(there, 1)).toEqual([`${P}::2`]);
  expect(stale).toEqual([]);
});

test("an exposed subnet that is the whole prefix stays the whole prefix", async () => {
  const world = noted(
    created({ prefix: `${P}:a::/80`, delivery: "routed" }),
    `${P}:a::8100`,
    `${P}:a::/80`,
    `${P}:a::99`,
  );
  const { there } = await thereAndBack(world, { prefix: `${Q}:b::/80` });
  expect(there.state.answers).toMatchObject({
    exposed: `${Q}:b::/80`,
    kong: `${Q}:b::8100`,
  });
  expect(notes(there, 3)).toEqual([
    `${Q}:b::8100`,
    `${Q}:b::/80`,
    `${Q}:b::99`,
  ]);
});

test("in a longer prefix the server's place is unknown: on-link it has to be given", async () => {
  const world = created({ prefix: `${P}::/64` });
  const refused = regenerated(world, { prefix: `${Q}::b000/124` });
  await expect(refused).rejects.toMatchObject({
    issues: [
      {
        flag: "--host",
        remedy: expect.stringContaining(`like --host ${Q}::b002/64`),
      },
    ],
  });
  const { world: routed } = await regenerated(world, {
    prefix: `${Q}:a::/80`,
    delivery: "routed",
  });
  expect(routed.state.answers).toMatchObject({
    host: "keep",
    exposed: `${Q}:a::/80`,
  });
});

test("a part of the same prefix, given more exactly, does not move the server", async () => {
  const world = created({ prefix: `${P}::/64`, host: `${P}::7` });
  const { world: there } = await regenerated(world, {
    prefix: `${P}::b000/124`,
  });
  expect(there.state.answers).toMatchObject({
    host: `${P}::7`,
    exposed: `${P}::b008/125`,
  });
});

test("an exposed subnet without a place in the new prefix gets the default there", async () => {
  const world = created({ prefix: `${P}::/64` });
  const { world: there } = await regenerated(world, {
    prefix: "2001:db8:1:2::b000/124",
    host: "2001:db8:1:2::b001",
  });
  expect(there.state.answers).toMatchObject({
    exposed: "2001:db8:1:2::b008/125",
    kong: "2001:db8:1:2::b00a",
  });
});
