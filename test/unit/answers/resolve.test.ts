import crypto from "node:crypto";
import { expect, test, vi } from "vitest";
import { QUESTIONS } from "../../../src/answers/questions.ts";
import { EXIT, issueText, UnusableError } from "../../../src/base/errors.ts";
import {
  recheck,
  resolve,
  survey,
  type Given,
} from "../../../src/answers/resolve.ts";
import { answersFrom, GIVEN } from "../../support/base.ts";

function unusable(given: Given): UnusableError {
  try {
    resolve(given);
  } catch (error) {
    if (error instanceof UnusableError) return error;
    throw error;
  }
  throw new Error("it was usable");
}

test("all errors come together, each with flag, value, reason and remedy", () => {
  const { issues, exitCode } = unusable({
    prefix: "fd00::/64",
    host: "2001:db8::1%eth0",
    exposed: "2001:db8::/64",
    kong: "kong",
    interface: "eth0; id",
    gateway: "::1",
    delivery: "magic",
    ndp: "arp",
    ssh: "root@gw:22",
    expose: ["mail"],
    ipv4: "localhost",
    ipv4Gateway: "0.0.0.0",
    backendSubnet: "172.99.0.0/16",
    internalPrefix: "fd00::/8",
    network: "host",
    domain: "localhost",
    kongImage: "Kong",
    plugin: ["good", "-bad", "b a d"],
    database: "mysql",
    firewall: "iptables",
    dataDir: "/etc",
  });
  expect(exitCode).toBe(EXIT.unusable);
  const flags = new Set(issues.map(({ flag }) => flag));
  expect(flags).toEqual(new Set(QUESTIONS.map(({ flag }) => flag)));
  // Two of the plugins.
  expect(issues).toHaveLength(QUESTIONS.length + 1);
  for (const { value, reason, remedy } of issues) {
    expect(value).toBeTruthy();
    expect(reason).toBeTruthy();
    expect(remedy).toBeTruthy();
  }
});

test("what can't be read and what doesn't fit come together", () => {
  const { issues } = unusable({
    ...GIVEN,
    ipv4: "localhost",
    host: "2001:db8:1:3::1",
    kong: "2001:db8:1:2:300::1",
  });
  expect(issues.map(({ flag }) => flag)).toEqual([
    "--ipv4",
    "--host",
    "--kong",
  ]);
});

test("only the prefix is missed, by its flag", () => {
  const { issues } = unusable({});
  expect(issues).toHaveLength(1);
  expect(issues[0]).toMatchObject({
    flag: "--prefix",
    remedy: "Give --prefix PREFIX",
  });
  expect(issues[0]).not.toHaveProperty("value");
});

test("white space around an answer is not part of it", () => {
  expect(answersFrom({ domain: "  a.example\n" }).domain).toBe("a.example");
});

test("the value in an issue is what was given, not its normal form", () => {
  const { issues } = unusable({ ...GIVEN, kong: " 2001:DB8::1 " });
  expect(issues[0]).toMatchObject({ flag: "--kong", value: "2001:DB8::1" });
});

test("a host in the default exposed subnet: the error names the host, which was given", () => {
  const { issues } = unusable({ ...GIVEN, host: "2001:db8:1:2:300::1" });
  expect(issues.map(({ flag, value }) => [flag, value])).toEqual([
    ["--host", "2001:db8:1:2:300::1"],
  ]);
});

test("an unusable answer is not missed a second time by its defaults", () => {
  const { issues } = unusable({ prefix: "2001:db8::1" });
  expect(issues.map(({ flag }) => flag)).toEqual(["--prefix"]);
});

test("a prefix as ip addr prints it gives the host too, as in a conversation", () => {
  const prefix = "2001:db8:1:2:3::1/64";
  const { answers } = resolve({ prefix });
  expect(answers).toMatchObject({
    prefix: "2001:db8:1:2::/64",
    host: "2001:db8:1:2:3::1",
  });
  expect(resolve({ prefix, host: "keep" }).answers.host).toBe("keep");
});

test("a corrected value is checked against the other answers", () => {
  const said = (given: Given): string[] =>
    unusable({ ...GIVEN, ...given }).issues.map(
      ({ flag, reason, remedy }) => `${flag} ${reason}. ${remedy}`,
    );
  expect(
    said({
      exposed: "2001:db8:1:2:300::1/80",
      kong: "2a03:9::1",
      gateway: "2001:db8:1:2:300::5",
    }),
  ).toEqual([
    expect.stringMatching(/^--exposed it has bits set/),
    expect.stringMatching(/^--kong it is outside the exposed subnet/),
    expect.stringMatching(/^--gateway it is inside the exposed subnet/),
  ]);
  expect(
    said({
      prefix: "2001:db8:1:2::1",
      exposed: "2a03:9::/80",
      host: "2a03:8::2",
    }),
  ).toEqual([
    expect.stringMatching(/^--prefix it has no prefix length/),
    expect.stringMatching(/^--host it is outside the prefix/),
    expect.stringMatching(/^--exposed it is outside the prefix/),
  ]);
});

test("what is meant but doesn't fit either is not suggested", () => {
  const { issues } = unusable({ ...GIVEN, exposed: "2a03:9::1/80" });
  expect(issues).toMatchObject([
    {
      flag: "--exposed",
      reason: "it has bits set after its prefix length /80",
      remedy: "Try 2001:db8:1:2:300::/80",
    },
  ]);
});

test("a corrected value is not used as an answer", () => {
  const { answers } = survey({ ...GIVEN, host: "2001:db8:1:2::5%eth0" });
  expect(answers).not.toHaveProperty("host");
  expect(answers.exposed).toBe("2001:db8:1:2:300::/80");
});

test("an unreadable answer is not reported as missing and gets no default", () => {
  const unread = new Set(["prefix", "exposed"] as const);
  expect(survey({}, { unread }).issues).toEqual([]);
  const given = { ...GIVEN, kong: "2001:db8:1:2:999::2" };
  expect(survey(given).issues).toHaveLength(1);
  expect(survey(given, { unread }).issues).toEqual([]);
});

test("a random ULA is drawn only if none is given", () => {
  const drawn = vi.spyOn(crypto, "randomBytes");
  expect(resolve(GIVEN).answers.internalPrefix).toBe(GIVEN.internalPrefix);
  survey({ prefix: GIVEN.prefix });
  expect(drawn).not.toHaveBeenCalled();
  const { answers } = resolve({ prefix: GIVEN.prefix });
  expect(drawn).toHaveBeenCalledTimes(1);
  expect(answers.internalPrefix).toMatch(/^fd.*::\/64$/);
  expect(Object.keys(answers)).toEqual(Object.keys(answersFrom()));
  drawn.mockRestore();
});

test("without defaults nothing is filled in or missed", () => {
  expect(survey({}, { defaults: false })).toEqual({
    answers: {},
    issues: [],
    warnings: [],
  });
  const { answers } = survey(
    { kong: "2001:DB8::2" },
    {
      defaults: false,
    },
  );
  expect(answers).toEqual({ kong: "2001:db8::2" });
});

test("answers in normal form are checked against each other again", () => {
  const answers = answersFrom();
  const { prefix: reserved } = answers;
  expect(recheck(answers, {}, answers)).toEqual({
    issues: [],
    warnings: [expect.objectContaining({ flag: "--prefix", value: reserved })],
  });
  const host = "2001:db8:1:3::1";
  const { issues } = recheck({ ...answers, host }, { host }, answers);
  expect(issues.map(issueText)).toEqual([
    expect.stringContaining(`--host ${host}: it is outside`),
  ]);
});
