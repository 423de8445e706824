import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { QUESTIONS } from "../../../src/answers/questions.ts";
import { survey, type Given } from "../../../src/answers/resolve.ts";
import type { Answers } from "../../../src/answers/types.ts";
import { issueText } from "../../../src/base/errors.ts";
import { plan } from "../../../src/plan/plan.ts";
import { anyPrefixes, publicAddresses } from "../../support/arbitrary.ts";
import {
  addressesIn,
  cidr6,
  parse6,
  sizeOf,
  spell6,
  within,
  type Cidr,
} from "../../support/ipv6.ts";
import { announceSeed, longRuns } from "../../support/seed.ts";

beforeAll(announceSeed);

/** A place in a prefix: often near one of its ends, where servers and routers are. */
const places = fc.oneof(
  fc.bigInt({ min: -17n, max: 17n }),
  fc.bigInt({ min: 0n, max: 2n ** 120n }),
);

const addressIn = ({ address, length }: Cidr, place: bigint): bigint =>
  address + (((place % sizeOf(length)) + sizeOf(length)) % sizeOf(length));

const maybe = <T>(arbitrary: fc.Arbitrary<T>, weight = 1) =>
  fc.oneof(
    { weight: 2, arbitrary: fc.constant(undefined) },
    { weight, arbitrary },
  );

const networks = fc
  .record({
    prefix: anyPrefixes,
    delivery: fc.constantFrom(undefined, "on-link", "routed"),
    host: fc.constantFrom("default", "keep", "inside", "outside", "garbage"),
    hostLength: fc.constantFrom("", "/64", "/56", "/124", "/127", "/128"),
    gateway: fc.constantFrom("default", "ra", "none", "inside", "outside"),
    hostPlace: places,
    gatewayPlace: places,
    outside: publicAddresses,
    gatewayOutside: publicAddresses,
    exposedLength: maybe(fc.integer({ min: 60, max: 128 })),
    exposedPlace: places,
    kong: maybe(places),
  })
  .map((dice): { prefix: Cidr; given: Given } => {
    const { prefix, outside, gatewayOutside } = dice;
    const inside = (place: bigint) => spell6(addressIn(prefix, place));
    const host = {
      default: undefined,
      keep: "keep",
      inside: inside(dice.hostPlace) + dice.hostLength,
      outside: spell6(outside) + dice.hostLength,
      garbage: "server",
    }[dice.host];
    const gateway = {
      default: undefined,
      ra: "ra",
      none: "none",
      inside: inside(dice.gatewayPlace),
      outside: spell6(gatewayOutside),
    }[dice.gateway];
    const exposed =
      dice.exposedLength === undefined
        ? undefined
        : `${spell6((addressIn(prefix, dice.exposedPlace) / sizeOf(dice.exposedLength)) * sizeOf(dice.exposedLength))}/${dice.exposedLength}`;
    const given: Given = {
      prefix: `${spell6(prefix.address)}/${prefix.length}`,
      delivery: dice.delivery,
      host,
      gateway,
      exposed,
      kong: dice.kong === undefined ? undefined : inside(dice.kong),
    };
    return { prefix, given };
  });

const internalPrefix = "fd4c:8a1e:92b7::/64";

/** What the owner gave, as ranges: a message may name what is in them. */
function rangesOf(given: Given): Cidr[] {
  return Object.values(given).flatMap((value) => {
    const text = String(value ?? "");
    const address = parse6(text);
    return address === undefined
      ? (cidr6(text) ?? [])
      : { address, length: 128 };
  });
}

/** Link-local routers are on every network. */
const LINK_LOCAL: Cidr = { address: 0xfe80n << 112n, length: 10 };

function foreignIn(text: string, given: Given): string[] {
  const ranges = [LINK_LOCAL, ...rangesOf(given)];
  return addressesIn(text)
    .filter(
      ({ value }) =>
        value === undefined || !ranges.some((range) => within(range, value)),
    )
    .map(({ text: found }) => found);
}

/** What a remedy offers instead: flags and values. */
function offered(flag: string, remedy: string): [string, string][] {
  if (/(?:or|Try) keep$/.test(remedy)) return [[flag, "keep"]];
  const flags = [
    ...remedy.matchAll(
      /(--host|--exposed|--delivery) ([\da-f:./]+|keep|routed)/g,
    ),
  ].map((match): [string, string] => [match[1] ?? "", match[2] ?? ""]);
  const value = /(?:Try|The subnet is|like) ([\da-f:./]+)/.exec(remedy)?.[1];
  return value === undefined || value === "fe80::1"
    ? [
        ...flags,
        ...(value === undefined ? [] : ([[flag, value]] as [string, string][])),
      ]
    : [[flag, value], ...flags];
}

const keyOf = (flag: string) =>
  QUESTIONS.find((question) => question.flag === flag)?.key ?? "prefix";

describe("any network", () => {
  test("accepted answers make a plan that fits together", () => {
    let accepted = 0;
    const holds = fc.property(networks, ({ prefix, given }) => {
      const { answers, issues } = survey({ ...given, internalPrefix });
      if (issues.length > 0) return;
      accepted += 1;
      const { numbers, host, routes } = plan(answers as Answers);
      const exposed = cidr6((answers as Answers).exposed) as Cidr;
      expect(within(prefix, exposed.address)).toBe(true);
      expect(exposed.length).toBeGreaterThanOrEqual(
        Math.max(65, prefix.length),
      );
      expect(exposed.length).toBeLessThanOrEqual(126);
      const others = [numbers.host?.address, numbers.gateway];
      for (const address of others)
        if (address !== undefined) expect(within(exposed, address)).toBe(false);
      expect(within(exposed, numbers.kong)).toBe(true);
      // The whole prefix only if nothing of it is on the uplink.
      if (exposed.length === prefix.length) {
        expect(answers.delivery).toBe("routed");
        const own = numbers.host?.address;
        expect(own !== undefined && within(prefix, own)).toBe(false);
      }
      if (answers.host === "keep")
        expect({ host, routes }).toEqual({ host: null, routes: [] });
    });
    fc.assert(holds, longRuns(3000));
    expect(accepted).toBeGreaterThan(300);
  });

  test("no message names an address outside the given networks", () => {
    const holds = fc.property(networks, ({ given }) => {
      const { issues, warnings } = survey({ ...given, internalPrefix });
      for (const { flag, reason, remedy } of [...issues, ...warnings]) {
        const text = `${flag} ${reason}. ${remedy}`;
        expect([text, foreignIn(text, given)]).toEqual([text, []]);
      }
    });
    fc.assert(holds, longRuns(3000));
  });

  test("what a refusal suggests leads to answers that are accepted", () => {
    const holds = fc.property(networks, ({ given }) => {
      let answers: Given = { ...given, internalPrefix };
      const said: string[] = [];
      // Each round follows one suggestion. A network has six answers, and one may follow from another.
      for (let round = 0; round < 10; round += 1) {
        const { issues } = survey(answers);
        if (issues.length === 0) return;
        said.push(...issues.map(issueText), "");
        const [first] = issues.flatMap(({ flag, remedy }) =>
          offered(flag, remedy),
        );
        if (first === undefined) {
          expect(said.join("\n")).toContain("Ask the provider");
          return;
        }
        answers = { ...answers, [keyOf(first[0])]: first[1] };
      }
      throw new Error(said.join("\n"));
    });
    fc.assert(holds, longRuns(3000));
  });

  test("the address that is suggested for Kong was in the /64 of the refused server address", () => {
    const host = "359b:b8d7:ffff:ffff:ffff:ffff:ffff:fff0/124";
    const given = { prefix: "359b:b8d4::/30", host, kong: "359b:b8d4::a" };
    const remedies = survey({ ...given, internalPrefix }).issues.map(
      ({ remedy }) => remedy,
    );
    expect(remedies).toEqual([
      "Try 359b:b8d4::2",
      "Try 359b:b8d4::300:0:0:8100",
    ]);
  });

  test("all suggestions of one run can be followed together", () => {
    let several = 0;
    const holds = fc.property(networks, ({ given }) => {
      const { issues } = survey({ ...given, internalPrefix });
      if (issues.length < 2) return;
      several += 1;
      const values = issues.flatMap(({ flag, remedy }) =>
        offered(flag, remedy).slice(0, 1),
      );
      const changed = values.map(([flag, value]) => [keyOf(flag), value]);
      const followed = { ...given, ...Object.fromEntries(changed) };
      // Each value that is suggested is taken, beside the others.
      const left = survey({ ...followed, internalPrefix }).issues.filter(
        ({ flag, value }) =>
          values.some((one) => one[0] === flag && one[1] === value),
      );
      expect([issues.map(issueText), left.map(issueText)]).toEqual([
        issues.map(issueText),
        [],
      ]);
    });
    fc.assert(holds, longRuns(3000));
    expect(several).toBeGreaterThan(100);
  });
});
