import fc from "fast-check";
import { expect, test } from "vitest";
import {
  contains,
  formatSubnet,
  overlaps,
  parseSubnet,
  size,
  subnetAt,
  type Subnet,
} from "../../../../src/ip/address.ts";
import { freeFrom } from "../../../../src/detect/infer/taken-subnets.ts";
import { announceSeed, runs } from "../../../support/seed.ts";

announceSeed();

const free = (first: string, range: string, ...taken: string[]): string => {
  const version = first.includes(":") ? 6 : 4;
  const subnet = freeFrom(
    parseSubnet(version, first),
    parseSubnet(version, range),
    taken.map((text) => ({
      subnet: parseSubnet(text.includes(":") ? 6 : 4, text),
      by: "",
    })),
  );
  return subnet ? formatSubnet(subnet) : "none";
};

test.each([
  ["nothing taken", [], "10.83.81.0/24"],
  ["the first itself", ["10.83.81.0/24"], "10.83.82.0/24"],
  ["a part of it", ["10.83.81.128/25"], "10.83.82.0/24"],
  ["what is around it", ["10.83.80.0/22"], "10.83.84.0/24"],
  ["one after the other", ["10.83.82.0/24", "10.83.81.0/24"], "10.83.83.0/24"],
  ["nested", ["10.83.80.0/23", "10.83.81.7/32"], "10.83.82.0/24"],
  ["another family", ["::/0"], "10.83.81.0/24"],
  ["all", ["10.0.0.0/8"], "none"],
  [
    "up to the end",
    ["10.83.0.0/16", "10.84.0.0/14", "10.88.0.0/13"],
    "10.96.0.0/24",
  ],
])("%s", (_, taken, expected) => {
  expect(free("10.83.81.0/24", "10.0.0.0/8", ...taken)).toBe(expected);
});

test("the first that is free, as if each were tried", () => {
  const range: Subnet = parseSubnet(4, "10.0.0.0/20");
  const inRange = fc
    .tuple(fc.integer({ min: 0, max: 4095 }), fc.integer({ min: 19, max: 32 }))
    .map(([offset, length]) =>
      subnetAt(4, range.network + BigInt(offset), length),
    );
  fc.assert(
    fc.property(
      fc.array(inRange, { maxLength: 12 }),
      fc.integer({ min: 0, max: 15 }),
      (subnets, at) => {
        const first = subnetAt(4, range.network + BigInt(at * 256), 24);
        const taken = subnets.map((subnet) => ({ subnet, by: "" }));
        let expected: Subnet | undefined = first;
        while (subnets.some((subnet) => overlaps(subnet, expected as Subnet)))
          expected = { ...expected, network: expected.network + size(first) };
        if (!contains(range, expected.network)) expected = undefined;
        expect(freeFrom(first, range, taken)).toEqual(expected);
      },
    ),
    runs(300),
  );
});
