import { expect, test } from "vitest";
import { plan } from "../../../src/plan/plan.ts";
import { answersFrom } from "../../support/base.ts";

test.each([
  [{ host: "keep", ipv4: "any" }, true],
  [{ host: "keep", ipv4: "203.0.113.9" }, false],
  [{ host: "keep", ssh: "root@gw" }, false],
  [{}, false],
])("with %j SERVER stands for an unknown name: %s", (given, isUnknown) => {
  const { login, loginIsUnknown } = plan(answersFrom(given));
  expect([login.includes("SERVER"), loginIsUnknown]).toEqual([
    isUnknown,
    isUnknown,
  ]);
});

test("a server without a remembered login is reached at its IPv4, which it has before the first deploy", () => {
  const ipv4 = "203.0.113.9";
  expect(plan(answersFrom({ ipv4 }))).toMatchObject({
    login: "root@203.0.113.9",
    loginIsRemembered: false,
  });
  expect(plan(answersFrom({ ipv4, ssh: "root@gw" }))).toMatchObject({
    login: "root@gw",
    loginIsRemembered: true,
  });
});
