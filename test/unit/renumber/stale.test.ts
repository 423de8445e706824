import { describe, expect, test } from "vitest";
import type { Answers } from "../../../src/answers/types.ts";
import { staleAddressesIn } from "../../../src/renumber/find-stale.ts";
import { move } from "../../../src/answers/carry-over.ts";
import { plan } from "../../../src/plan/plan.ts";
import { resolve } from "../../../src/answers/resolve.ts";
import { staleValues } from "../../../src/renumber/stale.ts";
import { answersFrom } from "../../support/base.ts";

const P = "2001:db8:1:2";
const first = answersFrom({
  ipv4: "198.51.100.7/24",
  ipv4Gateway: "198.51.100.1",
});

/** What of a text is left over after each change, one after the other. */
function left(text: string, ...changes: Partial<Answers>[]): string[] {
  const all = [first];
  for (const change of changes)
    all.unshift(resolve(move(all[0] ?? first, change)).answers);
  const [present = first, ...former] = all;
  const valueOf = staleValues(former.map(plan), plan(present));
  return valueOf
    ? staleAddressesIn("notes.txt", text, valueOf).map((found) => found.text)
    : [];
}

describe("a stale value is found in every spelling, and a value in use is not", () => {
  test.each<[string, Partial<Answers>, string[], string[]]>([
    [
      "kong",
      { kong: `${P}:300::9` },
      [
        `${P}:300::8100`,
        "2001:0DB8:0001:0002:0300:0000:0000:8100",
        `[${P}:300::8100]:80`,
        `${P}:300::8100/128`,
        `_${P}:300::8100`,
        `ip6:${P}:300::8100`,
        "2001-db8-1-2-300--8100.sslip.io",
        "0.0.1.8.0.0.0.0.0.0.0.0.0.0.3.0.2.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa",
      ],
      [`${P}:300::9`, `${P}:300::/80`, `${P}:300::81`, `${P}:300::8100:1`],
    ],
    [
      "kong, in the other half of its subnet",
      { kong: `${P}:300::8000:5` },
      // Where Docker takes addresses from has changed with it.
      [`${P}:300::8100`, `${P}:300:0:8000:0/97`],
      [`${P}:300::/97`, `${P}:300::8000:77`, `${P}:300::77`],
    ],
    [
      "host",
      { host: `${P}::5` },
      [`${P}::2`, `${P}::2/64`],
      [`${P}::22`, `${P}::/64`, `${P}::5`, `${P}2::2`],
    ],
    ["gateway", { gateway: "fe80::9" }, ["fe80::1"], ["fe80::11", "fe80::9"]],
    [
      "exposed",
      { exposed: `${P}:400::/80` },
      [`${P}:300::/80`, `${P}:300::77`, `${P}:300:0:8000::/97`, `${P}:300::1`],
      [`${P}::/64`, `${P}:300::/72`, `${P}:400::77`, `${P}:500::1`, `${P}::2`],
    ],
    [
      "exposed, wider",
      { exposed: `${P}:300::/72` },
      [],
      [`${P}:300::8100`, `${P}:300::77`],
    ],
    [
      "exposed, and the place is the server's now",
      { exposed: `${P}:400::/80`, host: `${P}:300::5` },
      [`${P}:300::77`, `${P}::2`],
      [`${P}:300::5`],
    ],
    [
      "exposed, and the place is another subnet's now",
      { exposed: `${P}:400::/80`, internalPrefix: `${P}:300::/80` },
      ["fd4c:8a1e:92b7::9"],
      [`${P}:300::77`, `${P}:300::/80`],
    ],
    [
      "backendSubnet",
      { backendSubnet: "172.30.0.0/16" },
      [
        "10.83.81.0/24",
        "10.83.81.100",
        "http://10.83.81.100:8001",
        "10.83.81.77",
      ],
      ["10.83.82.1", "110.83.81.1", "10.83.81.1.2", "172.30.0.100"],
    ],
    [
      "backendSubnet, wider",
      { backendSubnet: "10.83.0.0/16" },
      ["10.83.81.100", "10.83.81.1", "10.83.81.0/26"],
      ["10.83.81.77", "10.83.0.100"],
    ],
    [
      "internalPrefix",
      { internalPrefix: "fd11:2233:4455::/64" },
      ["fd4c:8a1e:92b7::/64", "fd4c:8a1e:92b7::9"],
      ["fd11:2233:4455::9", "fd4c:8a1e:92b8::9"],
    ],
    [
      "ipv4",
      { ipv4: "198.51.100.8/24", ipv4Gateway: "198.51.100.254" },
      [
        "198.51.100.7",
        "198.51.100.7/24",
        "198.51.100.1",
        "198-51-100-7.nip.io",
      ],
      ["198.51.100.70", "198.51.100.0/24", "198.51.100.8"],
    ],
    [
      "ipv4, all of them",
      { ipv4: "any", ipv4Gateway: "none" },
      [],
      ["198.51.100.7"],
    ],
    [
      "prefix",
      { prefix: "2001:db8:9:9::/64" },
      [`${P}::77`, P, `${P}:300::/80`],
      ["2001:db8:9:9::77", "2001:db8:1::/48"],
    ],
    ["nothing that stands anywhere", { domain: "a.example" }, [], [`${P}::2`]],
  ])("%s", (_, change, found, others) => {
    const text = [...found, ...others]
      .map((value) => `x ${value} y\n`)
      .join("");
    const spelled = found.map((value) =>
      value.replace(/^(\[|_|ip6:)|\].*$|^http:..|:8001$|.(sslip|nip).io$/g, ""),
    );
    expect(left(text, change)).toEqual(spelled);
  });
});

test("a value of two changes ago is stale, unless it is in use again", () => {
  const text = `${P}:300::8100 ${P}:300::9 ${P}:300::10`;
  const [one, two] = [{ kong: `${P}:300::9` }, { kong: `${P}:300::10` }];
  expect(left(text, one, two)).toEqual([`${P}:300::8100`, `${P}:300::9`]);
  expect(left(text, one, { kong: first.kong })).toEqual([`${P}:300::9`]);
});
