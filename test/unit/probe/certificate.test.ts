import { expect, test } from "vitest";
import { isGood } from "../../../src/probe/certificate.ts";

const certificate = { daysLeft: 30, trusted: true, selfSignedByKong: false };
const own = { daysLeft: 7000, trusted: false, selfSignedByKong: true };

test.each([
  ["a trusted one", certificate, "gw.example.com", true],
  ["its last day", { ...certificate, daysLeft: 0 }, "gw.example.com", true],
  ["expired", { ...certificate, daysLeft: -1 }, undefined, false],
  ["not trusted", { ...certificate, trusted: false }, "gw.example.com", false],
  [
    "not trusted, no domain",
    { ...certificate, trusted: false },
    undefined,
    true,
  ],
  ["Kong's own", own, "gw.example.com", true],
  ["Kong's own, expired", { ...own, daysLeft: -1 }, "gw.example.com", false],
] as const)("%s", (_, seen, domain, good) => {
  expect(isGood(seen, domain)).toBe(good);
});
