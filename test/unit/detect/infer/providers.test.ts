import { expect, test } from "vitest";
import { inferAnswers } from "../../../../src/detect/infer/infer-answers.ts";
import { valuesOf } from "../../../../src/detect/infer/types.ts";
import { answersFrom } from "../../../support/base.ts";
import { providerFactsOf } from "../recordings.ts";

// What test/docs/providers.test.ts does not see: sources, and warnings.

test("a tunnel's own prefix is no answer; its address and route stay", async () => {
  const { answers, warnings } = inferAnswers(
    await providerFactsOf("tunnel-broker"),
  );
  expect(valuesOf(answers)).toEqual({
    host: "keep",
    interface: "he-ipv6",
    gateway: "none",
    ipv4: "any",
  });
  expect(warnings).toEqual([
    "he-ipv6 is a point-to-point link, and 2001:db8:1f0a:6d::2/64 is on that link. Give the prefix that the provider routes to this server with --prefix",
  ]);
});

test("a prefix behind a tunnel is routed for certain", async () => {
  const facts = await providerFactsOf("tunnel-broker");
  const inside = { prefix: "2001:db8:1f0a::/48" };
  for (const given of [inside, { prefix: "2001:db8:1f0b:6d::/64" }]) {
    const { answers, warnings } = inferAnswers(facts, given);
    expect(valuesOf(answers)).toMatchObject({ delivery: "routed" });
    expect(warnings).toEqual([]);
  }
  expect(inferAnswers(facts, inside).answers).toContainEqual({
    key: "host",
    value: "keep",
    source: "he-ipv6 has 2001:db8:1f0a:6d::2, and is a point-to-point link",
  });
});

test("a prefix shorter than /64 with its gateway inside: one warning", async () => {
  const { warnings } = inferAnswers(await providerFactsOf("buyvm"));
  expect(warnings).toEqual([
    "2001:db8:48::/48 is on the link of eth0, and may be more than this server's own prefix. If the provider gives a /64, give --prefix 2001:db8:48:a::/64",
  ]);
});

test("the open questions have a test each", async () => {
  const { warnings } = inferAnswers(await providerFactsOf("scaleway"));
  expect(warnings).toEqual([
    expect.stringMatching(/Compare it with the provider's control panel$/),
    expect.stringMatching(
      /Run `tcpdump -ni ens2 icmp6` on the server and ping/,
    ),
  ]);
});

test("regenerate: a routed prefix stays, and the uplink's own is no question", async () => {
  const previous = answersFrom({
    prefix: "2001:db8:e001:7::/64",
    host: "keep",
    delivery: "routed",
    interface: "eth0",
    ipv4: "203.0.113.10",
  });
  const detection = inferAnswers(await providerFactsOf("linode"), {}, previous);
  expect(detection.answers).toEqual([]);
  expect(detection.warnings).toEqual([]);
});
