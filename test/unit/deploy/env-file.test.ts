import { expect, test } from "vitest";
import {
  decoded,
  mergeEnv,
  refuseOtherEncoding,
} from "../../../src/deploy/env-file.ts";
import { plan } from "../../../src/plan/plan.ts";
import { answersFrom } from "../../support/base.ts";

const NOW = plan(answersFrom({ prefix: "2001:db8:1:2::/64" }));
const OLD = plan(answersFrom({ prefix: "2001:db8:9:9::/64" }));
const merge = (
  here: string | undefined,
  there: string | undefined,
  base?: string,
): ReturnType<typeof mergeEnv> => mergeEnv(here, there, base, NOW, [OLD]);

test("only one side has a .env: that one", () => {
  expect(merge("A=1\n", undefined)).toEqual({ text: "A=1\n", kept: [] });
  expect(merge(undefined, "A=1\n")).toEqual({ text: "A=1\n", kept: [] });
  expect(merge(undefined, undefined).text).toBeUndefined();
});

test.each([
  // here, there, base, result, kept
  ["changed here", "A=2\n", "A=1\n", "A=1\n", "A=2\n", []],
  ["changed there", "A=1\n", "A=2\n", "A=1\n", "A=2\n", ["A"]],
  ["changed on both sides", "A=3\n", "A=2\n", "A=1\n", "A=2\n", ["A"]],
  ["no deploy before", "A=3\n", "A=2\n", undefined, "A=2\n", ["A"]],
  ["added here", "A=1\nB=2\n", "A=1\n", "A=1\n", "A=1\nB=2\n", []],
  ["deleted there", "A=1\nB=2\n", "A=1\n", "A=1\nB=2\n", "A=1\n", []],
  ["added there", "A=1\n", "A=1\nC=3\n", "A=1\n", "A=1\nC=3\n", ["C"]],
  ["quotes stay", "A=2\n", 'A="1" # x\n', "A=1\n", 'A="2" # x\n', []],
] as const)("%s", (_, here, there, base, text, kept) => {
  expect(merge(here, there, base)).toEqual({ text, kept });
});

test("an address of earlier answers is updated, also without a deploy before", () => {
  const { text } = merge(
    `KONG_BIND_IPV6=${NOW.kong.address}\nP=x\n`,
    `KONG_BIND_IPV6=${OLD.kong.address}\nP=y\n`,
  );
  expect(text).toBe(`KONG_BIND_IPV6=${NOW.kong.address}\nP=y\n`);
});

test("without a .env here, or a deploy before: new addresses, and new containers", () => {
  const present = plan(
    answersFrom({ prefix: "2001:db8:1:2::/64", expose: ["mail:25"] }),
  );
  const added = `EXPOSE_MAIL_IPV6=${present.expose[0]?.address}\n`;
  const old = `KONG_BIND_IPV6=${OLD.kong.address}\nP=y`;
  const wanted = `KONG_BIND_IPV6=${NOW.kong.address}\nP=y\n${added}`;
  const merged = (here?: string, base?: string): ReturnType<typeof mergeEnv> =>
    mergeEnv(here, old, base, present, [OLD]);
  expect(merged()).toEqual({ text: wanted, kept: [] });
  expect(merged(wanted)).toEqual({ text: wanted, kept: [] });
  expect(merged(wanted, old).text).toBe(wanted);
  // The owner has deleted it there.
  expect(merged(undefined, `${old}\n${added}`).text).not.toContain("MAIL");
});

test("a .env that is not UTF-8 is refused", () => {
  const message = "/opt/x/.env is not UTF-8";
  expect(() =>
    decoded(Buffer.from("A=\u00e4\n", "latin1"), "/opt/x/.env"),
  ).toThrow(message);
  expect(decoded(Buffer.from("A=\u00e4 \u{1f600}\n"), ".env")).toBe(
    "A=\u00e4 \u{1f600}\n",
  );
  // What the survey sends for the byte e4.
  const sent = JSON.parse('"A=\\udce4"') as string;
  expect(() => refuseOtherEncoding(sent, "/opt/x/.env")).toThrow(message);
  expect(() => refuseOtherEncoding("A=\u{1f600}", ".env")).not.toThrow();
});
