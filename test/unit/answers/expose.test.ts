import { describe, expect, test } from "vitest";
import { move } from "../../../src/answers/carry-over.ts";
import { survey } from "../../../src/answers/resolve.ts";
import { UnusableError } from "../../../src/base/errors.ts";
import { answersFrom, GIVEN, normalForm } from "../../support/base.ts";
import { refusalOf } from "../../support/refusal.ts";

const P = "2001:db8:1:2:300:";

/** The value, reason and remedy of the one refusal. */
function refused(given: Parameters<typeof answersFrom>[0]): string {
  try {
    answersFrom(given);
  } catch (error) {
    if (!(error instanceof UnusableError)) throw error;
    expect(error.issues).toHaveLength(1);
    const [{ flag, value, reason, remedy } = error.issues[0]!] = error.issues;
    expect(flag).toBe("--expose");
    return `${value} | ${reason} | ${remedy}`;
  }
  throw new Error("it was usable");
}

describe("the normal form", () => {
  test("has each port once, TCP first", () => {
    expect(normalForm("expose", "dns:53/udp,853,53,53/tcp,853")).toBe(
      "dns:53,853,53/udp",
    );
    expect(normalForm("expose", `mail@[${P.toUpperCase()}:00AB]:25`)).toBe(
      `mail@[${P}:ab]:25`,
    );
  });

  test.each([
    ["mail", "it is not NAME@[ADDRESS]:PORT"],
    ["mail:", '"" is not a port'],
    ["mail:0", '"0" is not a port'],
    ["mail:65536", '"65536" is not a port'],
    ["mail:25-30", '"25-30" is not a port'],
    ["mail:25/sctp", '"25/sctp" is not a port'],
    ["mail@[]:25", "not an IPv6 address"],
    ["mail@[::1]:25", "loopback"],
    [`mail@${P}:9:25`, `Try mail@[${P}:9]:25`],
    ["my_app:25", "Try my-app:25"],
    ["Mail:25", "Try mail:25"],
    ["kong:25", "Try my-kong:25"],
    ["null:25", "no text in YAML"],
    ["on:25", "Try my-on:25"],
    ["2mail:25", "Try mail:25"],
    ["kong-database:5432", "a service of docker-compose.yml"],
    [":25", "Write it like mail:25,587"],
  ])("%s is refused", (text, words) => {
    expect(refusalOf(() => normalForm("expose", text))).toContain(words);
  });
});

test("an answers file has objects, with or without an address", () => {
  const { expose } = answersFrom({
    expose: [
      { name: "mail", address: `${P}:25`, ports: [25, "587"] },
      { name: "dns", ports: ["53/udp", 53] },
      "web:443",
    ],
  });
  expect(expose).toEqual([
    `mail@[${P}:25]:25,587`,
    `dns@[${P}:8101]:53,53/udp`,
    `web@[${P}:8102]:443`,
  ]);
  expect(answersFrom({ expose: { name: "a", ports: 1 } }).expose).toEqual([
    `a@[${P}:8101]:1`,
  ]);
});

test.each([
  [{ name: "mail", port: 25 }, 'there is no key "port"'],
  [{ ports: [25] }, "name is not text"],
  [{ name: "mail", address: 5, ports: [25] }, "address is not text"],
  [{ name: "mail", ports: [null] }, "ports is not a list"],
  [{ name: "mail" }, "ports is not a list"],
  [{ name: "mail", ports: [] }, "is not a port"],
])("%o in an answers file is refused", (value, words) => {
  expect(refused({ expose: [value] })).toContain(words);
});

describe("an address", () => {
  test("is the next free one after Kong's, and the first after the last", () => {
    const { expose } = answersFrom({
      expose: ["a:1", `b@[${P}:8102]:1`, "c:1"],
    });
    expect(expose.map((text) => /::([0-9a-f]+)\]/.exec(text)?.[1])).toEqual([
      "8101",
      "8102",
      "8103",
    ]);
    const small = answersFrom({
      exposed: `${P}:8/125`,
      kong: `${P}:e`,
      expose: ["a:1", "b:1"],
    });
    expect(small.expose).toEqual([`a@[${P}:f]:1`, `b@[${P}:a]:1`]);
  });

  test("that is somebody else's is refused, and one that is free is suggested", () => {
    const free = `Try mail@[${P}:8101]:25`;
    for (const [address, reason] of [
      [`${P}:8100`, "it is Kong's address"],
      [`${P}:0`, "subnet-router anycast"],
      [`${P}:1`, "Docker's bridge takes the first address"],
      ["2001:db8:1:2:300:ffff:ffff:ffff", "anycast (RFC 2526)"],
      ["2001:db8:1:2::2", "it is outside the subnet"],
    ] as const) {
      const text = refused({ expose: [`mail@[${address}]:25`] });
      expect(text).toContain(reason);
      expect(text).toContain(free);
    }
    expect(refused({ expose: [`web@[${P}:9]:80`, `mail@[${P}:9]:25`] })).toBe(
      `mail@[${P}:9]:25 | it is web's address | ${free}`,
    );
    // The suggestion works.
    expect(
      answersFrom({ expose: [`web@[${P}:9]:80`, `mail@[${P}:8101]:25`] })
        .expose,
    ).toHaveLength(2);
  });

  test("can be missing in a subnet that is too small", () => {
    const text = refused({
      exposed: `${P}:4/126`,
      expose: ["mail:25", "dns:53"],
    });
    expect(text).toContain(`no address is left in ${P}:4/126`);
    expect(text).toContain("Use a larger --exposed");
  });
});

test("a name that is given twice is refused", () => {
  expect(refused({ expose: ["mail:25", "mail:587,25"] })).toContain(
    "Name all its ports at once: mail:25,587",
  );
});

describe("changed answers", () => {
  const before = answersFrom({ expose: ["mail:25", `dns@[${P}:53]:53/udp`] });
  const moved = (given: Parameters<typeof survey>[0]): string[] =>
    move(before, survey(given, { defaults: false }).answers).expose;

  test("move the addresses with the prefix, to the same places", () => {
    expect(moved({ prefix: "2001:db8:9:9::/64" })).toEqual([
      "mail@[2001:db8:9:9:300::8101]:25",
      "dns@[2001:db8:9:9:300::53]:53/udp",
    ]);
  });

  test("keep the address of a container that is named without one", () => {
    expect(moved({ expose: ["web:443", "dns:53", "mail:25,587"] })).toEqual([
      `web@[${P}:8102]:443`,
      `dns@[${P}:53]:53`,
      `mail@[${P}:8101]:25,587`,
    ]);
    expect(moved({ expose: "none" })).toEqual([]);
  });

  test("give another place where the old one does not fit", () => {
    // Kong is ::2 there.
    expect(moved({ exposed: "2001:db8:1:2:400::/122" })).toEqual([
      "mail@[2001:db8:1:2:400::3]:25",
      "dns@[2001:db8:1:2:400::4]:53/udp",
    ]);
  });
});

describe("what is suggested for Kong is not a container's address", () => {
  const exposed = `${P}:8100/126`;
  test.each([
    [{ kong: `${P}:1`, expose: [`mail@[${P}:8100]:25`] }, `Try ${P}:8101`],
    [
      { kong: "2001:db8:1:2:9::1", expose: [`mail@[${P}:8100]:25`] },
      `Try ${P}:8101`,
    ],
    [
      { exposed, kong: `${P}:8101`, expose: [`mail@[${P}:8102]:25`] },
      `Try ${P}:8103`,
    ],
    [
      {
        exposed,
        kong: `${P}:8101`,
        expose: [`mail@[${P}:8102]:25`, `dns@[${P}:8103]:53`],
      },
      "Use a larger --exposed, or expose fewer containers",
    ],
  ])("%j: %s", (given, remedy) => {
    const { issues } = survey({ ...GIVEN, ...given });
    expect(issues).toMatchObject([{ flag: "--kong", remedy }]);
  });
});

describe("an error names what was given, and what would do", () => {
  const seen = (...expose: string[]): string[] =>
    survey({ ...GIVEN, expose }).issues.map(
      ({ value, reason, remedy }) => `${value} | ${reason} | ${remedy}`,
    );

  test("a name that is given three times: one suggestion", () => {
    const at = `mail@[${P}:9]:25`;
    const remedy = `Name all its ports at once: mail@[${P}:9]:25,587,143`;
    expect(seen("mail:587,25", at, "mail:143")).toEqual([
      `${at} | the name mail is given twice | ${remedy}`,
      `mail:143 | the name mail is given twice | ${remedy}`,
    ]);
  });

  test("an address that can't be: the entry without it, or with the corrected one", () => {
    expect(seen("web@[zz]:80", `dns@[${P}:9/64]:53`)).toEqual([
      "web@[zz]:80 | it is not an IPv6 address | Try web:80",
      `dns@[${P}:9/64]:53 | it has a prefix length | Try dns@[${P}:9]:53`,
    ]);
  });

  test("ports that can't be: a form with the owner's name", () => {
    const form = "Write it like web:25,587 or web:53/udp";
    expect(seen("web:99999", "web")).toEqual([
      `web:99999 | "99999" is not a port, or PORT/udp | ${form}`,
      `web | it is not NAME@[ADDRESS]:PORT | ${form}`,
    ]);
    expect(seen("dns:53/UDP")).toEqual([]);
  });

  test("one that can't be read doesn't hide what is wrong with the others", () => {
    expect(seen("web:99999", `mail@[${P}:8100]:25`, "mail:26")).toEqual([
      expect.stringContaining("web:99999 | "),
      `mail@[${P}:8100]:25 | it is Kong's address | Try mail@[${P}:8102]:25`,
      expect.stringContaining("mail:26 | the name mail is given twice"),
    ]);
  });

  test("two refused addresses get two suggestions", () => {
    expect(seen(`a@[${P}:1]:1`, `b@[${P}:1]:1`)).toEqual([
      expect.stringMatching(/\| Try a@\[.*:8101\]:1$/),
      expect.stringMatching(/\| Try b@\[.*:8102\]:1$/),
    ]);
  });

  test("no room: a larger subnet", () => {
    const given = { exposed: `${P}:4/126`, expose: ["mail:25", "dns:53"] };
    expect(survey({ ...GIVEN, ...given }).issues).toMatchObject([
      {
        value: "dns:53",
        remedy: `Use a larger --exposed, like ${P}:/80, or expose fewer containers`,
      },
    ]);
  });
});
