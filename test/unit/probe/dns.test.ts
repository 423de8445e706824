import type { Resolver } from "node:dns/promises";
import { describe, expect, test } from "vitest";
import { plan, planOf } from "../../../src/plan/plan.ts";
import { testDns, wantedRecords } from "../../../src/probe/dns.ts";
import { answersFrom, overlapFrom } from "../../support/base.ts";

const DOMAIN = "gw.example.com";
const OLD = plan(
  answersFrom({ prefix: "2001:db8:9:9::/64", ipv4: "192.0.2.9" }),
);
const NOW = plan(
  answersFrom({ prefix: "2001:db8:1:2::/64", ipv4: "192.0.2.10" }),
);
const KONG = NOW.kong.address;
const REVERSE = NOW.kong.reverse.replace(/\.$/, "");

const failure = (code: string): Error =>
  Object.assign(new Error(code), { code });

/** A resolver with these records: `TYPE NAME` to values, or to a failure. Every other name does not exist. */
function resolverOf(
  records: Readonly<Record<string, readonly string[] | Error>>,
): Resolver {
  const resolve = (name: string, type: string): Promise<readonly string[]> => {
    const found = records[`${type} ${name}`] ?? failure("ENOTFOUND");
    return found instanceof Error
      ? Promise.reject(found)
      : Promise.resolve(found);
  };
  return {
    resolve,
    resolveNs: (name: string) => resolve(name, "NS"),
  } as unknown as Resolver;
}

const RIGHT = {
  [`AAAA ${DOMAIN}`]: ["2001:0DB8:1:2:300::8100"],
  [`A ${DOMAIN}`]: ["192.0.2.10"],
  [`PTR ${REVERSE}`]: ["GW.example.com."],
  "PTR 10.2.0.192.in-addr.arpa": [DOMAIN],
};

const tested = async (
  records: Parameters<typeof resolverOf>[0],
): Promise<Record<string, boolean | null>> => {
  const wanted = wantedRecords(DOMAIN, NOW, [OLD]);
  const found = await testDns(wanted, 100, resolverOf(records));
  return Object.fromEntries(
    found.map(({ type, name, ok }) => [
      type === "PTR" ? `PTR ${name.length > 40 ? 6 : 4}` : type,
      ok,
    ]),
  );
};

test("all four records, in any spelling", async () => {
  expect(await tested(RIGHT)).toEqual({
    AAAA: true,
    A: true,
    "PTR 6": true,
    "PTR 4": true,
  });
});

test.each([
  ["is missing", { [`AAAA ${DOMAIN}`]: failure("ENODATA") }, false],
  ["is another", { [`AAAA ${DOMAIN}`]: ["2001:db8::7"] }, false],
  ["has one more", { [`AAAA ${DOMAIN}`]: [KONG, "2001:db8::7"] }, true],
  ["has the old one", { [`AAAA ${DOMAIN}`]: [KONG, OLD.kong.address] }, false],
  ["is not answered", { [`AAAA ${DOMAIN}`]: failure("ETIMEOUT") }, null],
  ["has no resolver", { [`AAAA ${DOMAIN}`]: failure("ECONNREFUSED") }, null],
  ["is garbage", { [`AAAA ${DOMAIN}`]: ["\u001b[2J"] }, false],
])("the AAAA record %s", async (_, records, ok) => {
  expect(await tested({ ...RIGHT, ...records })).toMatchObject({ AAAA: ok });
});

test("the domain is none: no record is tested", () => {
  expect(wantedRecords(undefined, NOW, [OLD])).toEqual([]);
});

test("during an overlap, the old AAAA record may stay beside the new one", () => {
  const during = overlapFrom({}, { prefix: "2001:db8:9:9::/64" });
  const older = plan(answersFrom({ prefix: "2001:db8:5:5::/64" }));
  const of = (present: ReturnType<typeof plan>) =>
    wantedRecords(DOMAIN, present, [plan(during.overlap), older])[0];
  expect(of(planOf(during))).toMatchObject({
    expected: ["2001:db8:9:9:300::8100"],
    previous: ["2001:db8:5:5:300::8100"],
  });
  expect(of(plan(during.answers))?.previous).toEqual([
    "2001:db8:1:2:300::8100",
    "2001:db8:5:5:300::8100",
  ]);
});

describe("during an overlap", () => {
  const during = planOf(
    overlapFrom(
      { prefix: "2001:db8:1:2::/64" },
      { prefix: "2001:db8:9:9::/64" },
    ),
  );
  const older = "2001:db8:5:5:300::8100";
  const [was] = during.previous?.containers ?? [];
  const old = { AAAA: was?.address ?? "", PTR: `PTR ${was?.reverse}` };
  const before = {
    [`AAAA ${DOMAIN}`]: [old.AAAA],
    [old.PTR.replace(/\.$/, "")]: [`${DOMAIN}.`],
  };
  const found = async (records: Parameters<typeof resolverOf>[0]) => {
    const earlier = [plan(answersFrom({ prefix: "2001:db8:5:5::/64" }))];
    const wanted = wantedRecords(DOMAIN, during, earlier);
    const all = await testDns(wanted, 100, resolverOf(records));
    return all.map(({ type, ok, stillOld }) => [type, ok, stillOld]);
  };

  test("the records of the old address will do, and are named", async () => {
    expect(await found(before)).toEqual([
      ["AAAA", true, true],
      ["PTR", true, true],
    ]);
  });

  test("the records of the new address are the goal", async () => {
    const records = {
      [`AAAA ${DOMAIN}`]: [old.AAAA, during.kong.address],
      [`PTR ${during.kong.reverse.replace(/\.$/, "")}`]: [DOMAIN],
    };
    expect(await found(records)).toEqual([
      ["AAAA", true, undefined],
      ["PTR", true, undefined],
    ]);
  });

  test("without either, or with an even older one, it fails", async () => {
    expect(await found({})).toEqual([
      ["AAAA", false, undefined],
      ["PTR", false, undefined],
    ]);
    const records = { ...before, [`AAAA ${DOMAIN}`]: [old.AAAA, older] };
    expect((await found(records))[0]).toEqual(["AAAA", false, undefined]);
  });
});
