import { expect, test } from "vitest";
import { changedAddress, oldAddresses } from "../../../src/answers/overlap.ts";
import { overlapIssues } from "../../../src/answers/overlap-issues.ts";
import type { Answers } from "../../../src/answers/types.ts";
import type { Given } from "../../../src/answers/resolve.ts";
import { parseAddress } from "../../../src/ip/address.ts";
import { answersFrom, overlapFrom } from "../../support/base.ts";

const NEXT = "2001:db8:9:9::/64";
const at = (text: string): bigint => parseAddress(6, text);

const found = (given: Given, next: Partial<Answers>) => {
  const { overlap, answers } = overlapFrom(given, next);
  return overlapIssues(overlap, answers, "leave out --overlap");
};

test("a new prefix keeps the old address of the server and of each container", () => {
  const { overlap, answers } = overlapFrom(
    { expose: ["mail:25"] },
    { prefix: NEXT },
  );
  expect(oldAddresses(overlap, answers)).toEqual({
    host: { address: at("2001:db8:1:2::2"), length: 64 },
    containers: [
      {
        name: "kong",
        address: at("2001:db8:1:2:300::8100"),
        to: at("2001:db8:9:9:300::8100"),
      },
      {
        name: "mail",
        address: at("2001:db8:1:2:300::8101"),
        to: at("2001:db8:9:9:300::8101"),
      },
    ],
  });
});

test("only what changed stays: --kong alone, --host alone, a kept host, a removed container", () => {
  const names = (given: Given, next: Partial<Answers>) => {
    const { overlap, answers } = overlapFrom(given, next);
    const old = oldAddresses(overlap, answers);
    return (
      old && [old.host !== undefined, ...old.containers.map((one) => one.name)]
    );
  };
  const kong = "2001:db8:1:2:300::9";
  expect(names({}, { kong })).toEqual([false, "kong"]);
  expect(names({}, { host: "2001:db8:1:2::3" })).toEqual([true]);
  expect(names({ host: "keep" }, { prefix: NEXT })).toEqual([false, "kong"]);
  expect(names({ expose: ["mail:25"] }, { expose: [], kong })).toEqual([
    false,
    "kong",
  ]);
  expect(names({}, { domain: "a.example.com" })).toBeUndefined();
});

test("the first answer that changed an address or a subnet is named", () => {
  const changed = (next: Partial<Answers>, given: Given = {}) => {
    const { overlap, answers } = overlapFrom(given, next);
    return changedAddress(overlap, answers);
  };
  const mail = { expose: ["mail@[2001:db8:1:2:300::25]:25"] };
  expect(changed({ prefix: NEXT })).toBe("--prefix");
  expect(changed({ host: "2001:db8:1:2::2/60" })).toBe("--host");
  expect(changed({ exposed: "2001:db8:1:2:300::/96" })).toBe("--exposed");
  expect(changed({ kong: "2001:db8:1:2:300::9" })).toBe("--kong");
  expect(changed({ expose: ["mail@[2001:db8:1:2:300::26]:25"] }, mail)).toBe(
    "--expose",
  );
  expect(changed({ expose: [] }, mail)).toBeUndefined();
  expect(changed(mail)).toBeUndefined();
  expect(
    changed({ expose: ["mail@[2001:db8:1:2:300::25]:26"] }, mail),
  ).toBeUndefined();
  expect(changed({ plugin: ["kong-oidc"], interface: "eth0" })).toBeUndefined();
});

test("an old address can't be something else's, and the error names a free one", () => {
  const kong = "2001:db8:1:2:300::8100";
  const swapped = found(
    { expose: ["mail:25"] },
    { kong: "2001:db8:1:2:300::8101", expose: [`mail@[${kong}]:25`] },
  );
  expect(swapped).toEqual([
    {
      flag: "--kong",
      value: "2001:db8:1:2:300::8101",
      reason:
        "it is the old address of mail, which stays until the overlap ends",
      remedy: "Try 2001:db8:1:2:300::8102, or leave out --overlap",
    },
    {
      flag: "--expose",
      value: kong,
      reason:
        "it is the old address of Kong, which stays until the overlap ends",
      remedy: "Try 2001:db8:1:2:300::8102, or leave out --overlap",
    },
  ]);
  const flags = (given: Given, next: Partial<Answers>) =>
    found(given, next).map(({ flag }) => flag);
  const exposed = "2001:db8:1:2:400::/80";
  expect(flags({}, { exposed, host: kong })).toEqual(["--host"]);
  expect(flags({}, { exposed, gateway: kong })).toEqual(["--gateway"]);
  // Docker's bridge takes the first address.
  expect(
    flags(
      { kong: "2001:db8:1:2:300::101" },
      { exposed: "2001:db8:1:2:300::100/120", kong: "2001:db8:1:2:300::105" },
    ),
  ).toEqual(["--exposed"]);
  expect(flags({}, { prefix: NEXT })).toEqual([]);
});

test("an old address of the server can't be in the new exposed subnet", () => {
  expect(
    found({}, { host: "2001:db8:1:2:1::2", exposed: "2001:db8:1:2::/80" }),
  ).toMatchObject([{ flag: "--exposed", value: "2001:db8:1:2::/80" }]);
});

test("--host keep has no netplan file that could keep the old address", () => {
  expect(found({}, { host: "keep", prefix: NEXT })).toMatchObject([
    { flag: "--host", value: "keep" },
  ]);
  expect(found({ host: "keep" }, { prefix: NEXT })).toEqual([]);
});

test("an on-link prefix needs its NDP proxy until the end", () => {
  const routed = { prefix: NEXT, delivery: "routed" } as const;
  expect(found({}, routed)).toMatchObject([
    { flag: "--ndp", remedy: "Give --ndp ndppd until the overlap ends" },
  ]);
  expect(found({}, { ...routed, ndp: "ndppd" })).toEqual([]);
  expect(found({ ndp: "none" }, { prefix: NEXT })).toEqual([]);
  expect(found({ delivery: "routed" }, { prefix: NEXT })).toEqual([]);
  expect(found({}, { host: "2001:db8:1:2::3", ndp: "none" })).toEqual([]);
});

test("answers without another address have no issue", () => {
  const answers = answersFrom();
  expect(overlapIssues(answers, answers, "")).toEqual([]);
});
