import { expect, test } from "vitest";
import { loginsOf } from "../../../src/deploy/logins.ts";
import type { Plan } from "../../../src/plan/types.ts";
import { plan } from "../../../src/plan/plan.ts";
import { answersFrom } from "../../support/base.ts";

const at = (prefix: string, kong = "8100") =>
  plan(
    answersFrom({
      prefix: `${prefix}::/64`,
      host: `${prefix}::2`,
      kong: `${prefix}:300::${kong}`,
    }),
  );

test("a second change before the deploy: the address that the server still has is tried", () => {
  const [old, now, again] = [
    at("2001:db8:1:2"),
    at("2001:db8:7:7"),
    at("2001:db8:7:7", "9000"),
  ];
  expect(loginsOf("root@2001:db8:7:7::2", again, [now, old])).toEqual([
    "root@2001:db8:7:7::2",
    "root@2001:db8:1:2::2",
  ]);
});

test("the same for an IPv4 address", () => {
  const [old, now, none] = ["198.51.100.7", "203.0.113.10", "any"].map((ipv4) =>
    plan(answersFrom({ prefix: "2001:db8:1:2::/64", ipv4 })),
  ) as [Plan, Plan, Plan];
  const login = "root@198.51.100.7";
  const both = [login, "root@203.0.113.10"];
  expect(loginsOf(login, now, [none, old])).toEqual(both);
  expect(loginsOf(login, none, [now])).toEqual([login]);
});

test("a name, and an address that is not the plan's, stand alone", () => {
  const plans = [at("2001:db8:1:2")];
  for (const login of ["root@gw", "root@2001:db8:9:9::9"])
    expect(loginsOf(login, at("2001:db8:7:7"), plans)).toEqual([login]);
});
