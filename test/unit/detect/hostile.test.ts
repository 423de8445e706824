import fc from "fast-check";
import { expect, test } from "vitest";
import { inferAnswers } from "../../../src/detect/infer/infer-answers.ts";
import { readFacts } from "../../../src/detect/parse/facts.ts";
import { valuesOf } from "../../../src/detect/infer/types.ts";
import { detectionText } from "../../../src/detect/print.ts";
import { FailedError } from "../../../src/base/errors.ts";
import { survey } from "../../../src/answers/resolve.ts";
import { styleFor } from "../../../src/base/colors.ts";
import { announceSeed, runs } from "../../support/seed.ts";
import { MARKER, names, recording } from "./recordings.ts";

announceSeed();

const RECORDINGS = names().map(recording);

/** Values that a server shouldn't have where a recording has something else. */
const WORDS = [
  ["", "null", "{}", "[]", "-1", "1e999", "128", "0", "true", '"', "\\"],
  ["::", "::1", "::/0", "default", "fe80::1", "ff02::1", "2000::/3"],
  ["2001:db8:1:2::", "2001:db8:1:2:300::1", "2001:db8:1:2::/64", "/80"],
  ["0.0.0.0/0", "10.0.0.0/8", "10.83.81.1", "127.0.0.1", "ens3", "lo"],
  ["all", "__proto__", "constructor", "\u0000", "\u001b[2J", "\ud800"],
  [`\n@@${MARKER} begin route6\n[]`, `\n@@${MARKER} end address 0\n`],
  ["$(id)", "`id`", "'; id #", "a\nprefix: x", "x".repeat(300)],
  ["&a *a", "!!js/function x", "<<: *x", "? [a]: b", "[".repeat(5000)],
].flat();

/** A recording with a few of its tokens changed, parts dropped, doubled or cut off. */
const mutated = fc
  .tuple(
    fc.constantFrom(...RECORDINGS),
    fc.array(
      fc.tuple(
        fc.nat(),
        fc.oneof(
          fc.constantFrom(...WORDS),
          fc.string({ unit: "binary", maxLength: 20 }),
        ),
      ),
      { maxLength: 6 },
    ),
    fc.option(fc.nat(), { freq: 5 }),
  )
  .map(([text, changes, cut]) => {
    const tokens = text.split(/(?<=[\s":,[\]{}])|(?=[\s":,[\]{}])/);
    // Every other one where it tells most: names, addresses, lengths.
    const telling = tokens.flatMap((token, index) =>
      /^(default|ens\d|global|\d+|[\da-f]+)$/.test(token) ? [index] : [],
    );
    for (const [at, word] of changes) {
      const among = at % 2 === 0 ? telling : [...tokens.keys()];
      tokens[among[at % among.length] as number] = word;
    }
    const whole = tokens.join("");
    return cut === null ? whole : whole.slice(0, cut % (whole.length + 1));
  });

test("whatever a server prints: foreseen errors only, and no answer that the rules refuse", async () => {
  const ends = { answered: 0, failed: 0 };
  await fc.assert(
    fc.asyncProperty(mutated, async (output) => {
      const facts = await readFacts(output, MARKER, "gw").catch(
        (error: unknown) => {
          if (error instanceof FailedError) return undefined;
          throw error;
        },
      );
      if (facts === undefined) {
        ends.failed++;
        return;
      }
      ends.answered++;
      const detection = inferAnswers(facts);
      const given = valuesOf(detection.answers);
      const { issues } = survey(given, {
        defaults: given.prefix !== undefined,
      });
      expect(issues).toEqual([]);
      const text = detectionText(detection, styleFor(false, false));
      expect(text).not.toMatch(/[^\P{Cc}\n]/u);
    }),
    runs(400),
  );
  // Both ends have to be met, or it says nothing.
  expect(Math.min(ends.answered, ends.failed)).toBeGreaterThan(5);
});

test("a router of the Internet: its routes are passed, not listed", async () => {
  const part = (name: string, value: unknown): string =>
    `@@m begin ${name}\n${JSON.stringify(value)}\n@@m end ${name} 0\n`;
  const address = {
    family: "inet6",
    local: "2001:db8:1:2::2",
    prefixlen: 64,
    scope: "global",
  };
  const routes = Array.from({ length: 5000 }, (_, index) => ({
    dst: `2001:db8:1:2:${(0x300 + index).toString(16)}::/80`,
    dev: "vpn",
  }));
  const output = [
    part("address", [{ ifindex: 2, ifname: "ens3", addr_info: [address] }]),
    part("route6", [
      { dst: "default", gateway: "fe80::1", dev: "ens3" },
      ...routes,
    ]),
    part("route4", []),
    part("neighbour6", []),
  ].join("");
  const facts = await readFacts(output, "m", "gw");
  const { answers, seen, warnings } = inferAnswers(facts);
  expect(valuesOf(answers)).toMatchObject({
    exposed: "2001:db8:1:2:1688::/80",
  });
  expect(seen.filter(({ key }) => key === "taken")).toHaveLength(40);
  expect(warnings).toContain("4960 more subnets are in use than are listed");
});
