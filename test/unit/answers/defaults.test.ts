import { expect, test } from "vitest";
import { newUla } from "../../../src/answers/defaults.ts";
import { formatSubnet } from "../../../src/ip/address.ts";
import { cidr6, sizeOf, type Cidr } from "../../support/ipv6.ts";

test("a ULA is random: fd, 40 random bits, subnet 0, /64", () => {
  const drawn = Array.from({ length: 200 }, () => formatSubnet(newUla()));
  expect(new Set(drawn).size).toBe(200);
  for (const text of drawn) {
    const { address, length } = cidr6(text) as Cidr;
    expect(length).toBe(64);
    expect(address >> 120n).toBe(0xfdn);
    expect(address % sizeOf(48)).toBe(0n);
  }
});
