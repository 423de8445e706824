import { expect, test } from "vitest";
import { created, edited, regenerated, type World } from "./in-memory.ts";

const HERE = "2a01:4f8:1:2::/64";
const COMPOSE = "docker-compose.yml";

const first = (world: World): string | undefined =>
  world.files.get(COMPOSE)?.text.split("\n")[0];

const noted = (text: string): World =>
  edited(
    created({ prefix: HERE }),
    COMPOSE,
    (all) => `# ${text} and ${text}\n${all}`,
  );

test.each([
  ["RFC 5952", "2a01:4f8:1:2::5"],
  ["RFC 5952, a subnet", "2a01:4f8:1:2:300::/80"],
  ["upper case", "2A01:4F8:1:2::AB"],
  ["zero-padded", "2a01:04f8:0001:0002:0000:0000:0000:0005"],
  ["zero-padded in upper case", "2A01:04F8:0001:0002:0000:0000:0000:00AB"],
  ["a reverse name", "2.0.0.0.1.0.0.0.8.f.4.0.1.0.a.2.ip6.arpa."],
])("to another prefix and back gives the same bytes: %s", async (_, text) => {
  const world = noted(text);
  for (const prefix of [
    "2600:1:22:333::/64",
    "2a0d:9999:aaaa:bbbb::/64",
    "2a0d:1::/64",
    "2a0d:1:2200::/40",
  ]) {
    const there = await regenerated(world, { prefix });
    expect(first(there.world)).not.toContain(text);
    const on = await regenerated(there.world, { prefix: "2a0e:1::/64" });
    for (const { world: from } of [there, on]) {
      const back = await regenerated(from, { ...world.state.answers });
      expect(first(back.world)).toBe(first(world));
    }
  }
});

test.each([
  ["2A01:4F8:1:2::AB", "2A0D:1:22:333::AB"],
  ["2a01:04f8:1:2::5", "2a0d:0001:0022:0333::5"],
  ["2A01:4f8:1:2::5", "2a0d:1:22:333::5"],
  ["2a01:4f8:1:2::192.0.2.33", "2a0d:1:22:333::192.0.2.33"],
  ["2A01:4f8:1:2::/064", "2a0d:1:22:333::/064"],
])("a rewritten address keeps its style: %s", async (old, now) => {
  const { world } = await regenerated(noted(old), {
    prefix: "2a0d:1:22:333::/64",
  });
  expect(first(world)).toBe(`# ${now} and ${now}`);
});
