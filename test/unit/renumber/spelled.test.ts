import { expect, test } from "vitest";
import { remembered, spelledAs } from "../../../src/renumber/spelled.ts";
import { findTokens, type Token } from "../../../src/ip/find-addresses.ts";
import {
  created,
  edited,
  regenerated,
  type World,
} from "../../reconcile/world.ts";

const P = "2a01:4f8:1:2";
const COMPOSE = "docker-compose.yml";

const first = (world: World): string | undefined =>
  world.files.get(COMPOSE)?.text.split("\n")[0];

test.each([
  "2A01:4f8:1:2::5",
  "2A01:4F8:1:2::AB",
  "2a01:04f8:1:2::5",
  "2a01:04f8:0001:0002::5",
  "2a01:4f8:1:2::192.0.2.33",
  "2a01:4f8:1:2:0:0:192.0.2.33",
  "2a01:4f8:1:2::/064",
  "2a01:4f8:1:2",
  "2a01:4f8:1:2/64",
  "2.0.0.0.1.0.0.0.8.F.4.0.1.0.A.2.IP6.ARPA.",
])("there and back again it was spelled otherwise: %s", async (text) => {
  const world = edited(
    created({ prefix: `${P}::/64` }),
    COMPOSE,
    (all) => `# ${text} and ${text}\n${all}`,
  );
  for (const prefix of [
    "2600:1:22:333::/64",
    "2a0d:9999:aaaa:bbbb::/64",
    "2a0d:1::/64",
    "2a0d:1:2200::/40",
  ]) {
    const there = await regenerated(world, { prefix });
    expect(first(there.world)).not.toContain(text);
    const round = await regenerated(there.world, { prefix: "2a0e:1::/64" });
    for (const { world: from } of [there, round]) {
      const back = await regenerated(from, { ...world.state.answers });
      expect(first(back.world)).toBe(first(world));
    }
  }
});

test("what didn't change stays as it is spelled", async () => {
  const world = edited(
    created({ prefix: `${P}::/64` }),
    COMPOSE,
    (all) =>
      `# 2a01:4f8:1:2::192.0.2.33 2A01:4f8:1:2::/064 2a01:04f8:1:2::5\n${all}`,
  );
  const { world: there } = await regenerated(world, {
    prefix: "2a01:4f8:1:33::/64",
  });
  expect(first(there)).toBe(
    "# 2a01:4f8:1:33::192.0.2.33 2A01:4f8:1:33::/064 2a01:04f8:1:0033::5",
  );
});

test("where an address stands once more or less, no spelling of before is known", () => {
  const tokens = [...findTokens("2a0d::5 2a0d::5")];
  const spelled = { "2a0d::5": ["2A01::5", ""] };
  expect(remembered(tokens, spelled)).toEqual(["2A01::5", ""]);
  expect(remembered(tokens.slice(1), spelled)).toEqual([""]);
});

test("a spelling in the state that says something else is not taken", () => {
  const [token] = findTokens("2a0d::5") as Iterable<Token>;
  const now = { value: 0x2a01n << 112n, length: undefined };
  for (const was of ["2a01::6", "evil 2a01::", "2a01:: evil", "evil"])
    expect(spelledAs(token as Token, now, was)).toBe("2a01::");
});
