import { expect, test } from "vitest";
import {
  formatSubnet,
  parseAddress,
  parseSubnet,
} from "../../../src/ip/address.ts";
import {
  move,
  movedAddress,
  movedSubnet,
} from "../../../src/answers/carry-over.ts";
import { resolve } from "../../../src/answers/resolve.ts";

const six = (text: string): ReturnType<typeof parseSubnet> =>
  parseSubnet(6, text);

test("a subnet moves only where it lies strictly inside, and fits", () => {
  const moved = (
    subnet: string,
    from: string,
    to: string,
  ): string | undefined => {
    const result = movedSubnet(six(subnet), six(from), six(to));
    return result && formatSubnet(result);
  };
  const from = "2001:db8:1::/48";
  expect(moved("2001:db8:1:2::/64", from, "2001:db8:9::/56")).toBe(
    "2001:db8:9:2::/64",
  );
  expect(moved("2001:db8:1:2::/64", from, "2001:db8:9:9::/64")).toBeUndefined();
  expect(moved(from, from, "2001:db8::/40")).toBeUndefined();
  expect(moved("2001:db8:2::/64", from, "2001:db8:9::/48")).toBeUndefined();
});

test("an address keeps its place, counted from the end where the other subnet is smaller", () => {
  const moved = (text: string, from: string, to: string): bigint | undefined =>
    movedAddress(parseAddress(6, text), six(from), six(to));
  expect(moved("2001:db8:1:2::7", "2001:db8:1::/48", "2001:db8:9:9::/64")).toBe(
    parseAddress(6, "2001:db8:9:9::7"),
  );
  expect(moved("2001:db8:2::7", "2001:db8:1::/48", "2001:db8:9::/48")).toBe(
    undefined,
  );
});

test("the usual NDP proxy follows the delivery: regenerate --delivery on-link left Kong unreachable", () => {
  const { answers: onLink } = resolve({ prefix: "2001:db8:1:2::/64" });
  const routed = move(onLink, { delivery: "routed" });
  expect(routed.ndp).toBe("none");
  expect(move(routed, { delivery: "on-link" }).ndp).toBe("ndppd");
  const chosen = { ...onLink, ndp: "kernel" as const };
  expect(move(chosen, { delivery: "routed" }).ndp).toBe("kernel");
  expect(move(onLink, { delivery: "routed", ndp: "ndppd" }).ndp).toBe("ndppd");
});

test("a login at the server's address follows it; any other stays", () => {
  const moved = (ssh: string): string =>
    move(resolve({ prefix: "2001:db8:1::/64", ssh }).answers, {
      prefix: "2001:db8:2::/64",
    }).ssh;
  expect(moved("root@2001:db8:1::2")).toBe("root@2001:db8:2::2");
  expect(moved("[2001:DB8:1:0::2]")).toBe("2001:db8:2::2");
  for (const ssh of ["none", "gw", "root@2001:db8:1::3", "root@:::::"])
    expect(moved(ssh)).toBe(ssh);
});

test.each([
  ["2001:db8:1:2:400::/80", "2001:db8:1:2:400::8100"],
  ["2001:db8:1:2:400::/116", "2001:db8:1:2:400::2"],
  ["2001:db8:1:2:400::/120", "2001:db8:1:2:400::2"],
  ["2001:db8:1:2:400::/126", "2001:db8:1:2:400::2"],
])(
  "in a smaller exposed subnet Kong gets a valid address, not a cut one: %s",
  (exposed, kong) => {
    const { answers } = resolve({ prefix: "2001:db8:1:2::/64" });
    expect(move(answers, { exposed }).kong).toBe(kong);
  },
);
