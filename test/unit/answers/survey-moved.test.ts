import { expect, test } from "vitest";
import { survey, type Given } from "../../../src/answers/resolve.ts";
import { surveyMoved } from "../../../src/answers/survey-moved.ts";
import { issueText } from "../../../src/base/errors.ts";
import { answersFrom } from "../../support/base.ts";

const P = "2001:db8:1:2";

/** The errors of a regenerate with these answers. */
const refused = (earlier: Given, given: Given): string[] =>
  surveyMoved(
    survey(given, { defaults: false }),
    answersFrom(earlier),
  ).issues.map(issueText);

test("an error names the answer that was given, and where the other one is from", () => {
  const earlier = {
    exposed: `${P}:300::/120`,
    kong: `${P}:300::20`,
    gateway: `${P}::1`,
    ipv4: "192.0.2.10/24",
    ipv4Gateway: "192.0.2.1",
    expose: ["mail:25"],
  };
  const said = (given: Given): string[] => refused(earlier, given);
  expect(said({ host: `${P}:300::5` })).toEqual([
    `--host ${P}:300::5: it is inside the exposed subnet ${P}:300::/120. Try ${P}::2; with --exposed ${P}:301::/80 it may stay`,
  ]);
  expect(said({ host: `${P}::1` })).toEqual([
    `--host ${P}::1: it is the gateway's address. Try ${P}::2`,
  ]);
  expect(said({ gateway: `${P}::2` })).toEqual([
    `--gateway ${P}::2: it conflicts with the earlier --host ${P}::2, which is the gateway's address. Give --host ${P}::3 too, or another value here`,
  ]);
  expect(said({ gateway: `${P}:300::9` })).toEqual([
    `--gateway ${P}:300::9: it conflicts with the earlier --exposed ${P}:300::/120, which contains the gateway ${P}:300::9. Give --exposed ${P}:301::/80 too, or another value here`,
  ]);
  expect(said({ exposed: `${P}::/80` })).toEqual([
    `--exposed ${P}::/80: it contains the host address ${P}::2. Try ${P}:300::/80`,
    `--exposed ${P}::/80: it contains the gateway ${P}::1. Try ${P}:300::/80`,
  ]);
  expect(said({ kong: `${P}:300::21` })).toEqual([
    `--kong ${P}:300::21: it is mail's address (--expose). Try ${P}:300::2`,
  ]);
  expect(said({ host: "keep" })).toEqual([
    "--host keep: it conflicts with the earlier --ipv4-gateway 192.0.2.1: with --host keep no netplan file is generated. For --ipv4-gateway: Give --ipv4-gateway none, or the server's own address as --host",
  ]);
  // The gateway moves with the prefix, to where the earlier exposed subnet is.
  expect(said({ prefix: `${P}:300::/80` })).toEqual([
    `--prefix ${P}:300::/80: it conflicts with the earlier --exposed ${P}:300::/120, which contains the gateway ${P}:300::1. Give --exposed ${P}:300:8000::/81 too, or another value here`,
  ]);
});

test("what is suggested is accepted", () => {
  const earlier = { gateway: `${P}::1` };
  for (const given of [
    { gateway: `${P}::2`, host: `${P}::3` },
    { gateway: `${P}:300::9`, exposed: `${P}:301::/80` },
  ])
    expect(refused(earlier, given)).toEqual([]);
});

test("all errors at once: those of one answer, of two, and of a move", () => {
  const ocean = {
    prefix: "2001:db8:a:d0::1a2:b000/124",
    host: "2001:db8:a:d0::1a2:b001/64",
    gateway: "2001:db8:a:d0::1",
  };
  expect(
    refused(ocean, {
      prefix: "2001:db8:b:e0::7a2:c010/124",
      network: "br0",
      interface: "br0",
      domain: "-",
    }),
  ).toEqual([
    expect.stringMatching(/^--domain -: /),
    expect.stringMatching(/^--network br0: /),
    expect.stringMatching(/^--host: it is missing/),
    expect.stringMatching(/^--gateway: it is missing/),
  ]);
});

test("an answer that is not given is no guess of this run", () => {
  const earlier = {
    prefix: `${P}::100/120`,
    host: `${P}::101`,
    delivery: "on-link",
  };
  const { warnings } = surveyMoved(
    survey({ domain: "a.example.com" }, { defaults: false }),
    answersFrom(earlier),
  );
  expect(warnings.map(({ flag }) => flag)).toEqual(["--prefix"]);
});

test("a host that becomes keep by itself is told, with the reason", () => {
  const given = { prefix: "2001:db8:9::10/124", delivery: "routed" };
  const hostsOf = (more: Given, earlier: Given = {}) =>
    surveyMoved(
      survey({ ...given, ...more }, { defaults: false }),
      answersFrom(earlier),
    ).warnings.filter(({ flag }) => flag === "--host");
  expect(hostsOf({})).toMatchObject([
    {
      value: "keep",
      reason: expect.stringMatching(/^it is the default for a routed \/124,/),
    },
  ]);
  expect(hostsOf({ host: "keep" })).toEqual([]);
  expect(hostsOf({}, { host: "keep" })).toEqual([]);
});

test("what can't be read gets a suggestion that fits the earlier answers", () => {
  const remedies = (given: Given): string[] =>
    survey(given, { defaults: false, earlier: answersFrom() }).issues.map(
      ({ remedy }) => remedy,
    );
  expect(remedies({ host: "server", kong: "kong" })).toEqual([
    `Try ${P}::2; keep leaves the server's address as it is`,
    `Try ${P}:300::8100`,
  ]);
  expect(remedies({ prefix: "2001:db8:9::/64", kong: "kong" })).toEqual([
    "Try 2001:db8:9:0:300::8100",
  ]);
});
