import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parsedOf } from "../../src/answers/normal-form.ts";
import { resolve, survey } from "../../src/answers/resolve.ts";
import { linkOf } from "../../src/answers/suggestions.ts";
import type { Answers } from "../../src/answers/types.ts";
import { contains } from "../../src/ip/address.ts";
import { isLinkLocal } from "../../src/ip/special-ranges.ts";
import { answersOf, CELLS } from "../e2e/matrix/cells.ts";
import { DELIVERIES } from "../e2e/matrix/deliveries.ts";
import { generated } from "../support/trees.ts";
import { detectedAt, providerRows } from "../support/providers.ts";
import {
  providerFactsOf,
  PROVIDER_RECORDINGS,
} from "../unit/detect/recordings.ts";

const NETPLAN = "host/etc/netplan/60-kong-ipv6.yaml";

const rows = providerRows();
const possible = rows.filter(({ exposed }) => exposed !== "none");

test("each recording has its row, and no two rows share one", () => {
  expect(rows.map(({ name }) => `${name}.txt`).sort()).toEqual(
    readdirSync(PROVIDER_RECORDINGS).sort(),
  );
});

describe("what to type", () => {
  test.each(possible)("$name", async (row) => {
    const { detection, given } = await detectedAt(row);
    const { answers } = resolve(given);
    const { delivery, gateway, exposed } = row;
    expect(answers).toMatchObject({ delivery, gateway, exposed });
    for (const { source } of detection.answers) expect(source).not.toBe("");
    const { tree } = generated(answers);
    expect(tree.has(NETPLAN)).toBe(answers.host !== "keep");
  });

  test("a row needs all of its flags", async () => {
    for (const row of possible.filter(({ type }) => type.startsWith("--"))) {
      const { given } = await detectedAt({ ...row, type: "" });
      const { delivery, prefix } = survey(given).answers;
      const { answers } = resolve((await detectedAt(row)).given);
      expect({ delivery, prefix }, row.name).not.toEqual({
        delivery: answers.delivery,
        prefix: answers.prefix,
      });
    }
  });
});

/** What kind of network some answers are for. */
function kindOf(answers: Answers, isBesideMachines: boolean): object {
  const { prefix, host, gateway } = parsedOf(answers);
  const link = host === "keep" ? prefix : linkOf(host);
  return {
    delivery: answers.delivery,
    gateway:
      typeof gateway === "string"
        ? gateway
        : { isOnLink: isLinkLocal(gateway) || contains(link, gateway) },
    host: host === "keep" || { isInside: contains(prefix, host.address) },
    isPart: prefix.length > 64,
    isBesideMachines,
  };
}

/** The kinds of network that hosts of the lab are booted on. */
const inLab = [...CELLS, ...DELIVERIES].map((cell) =>
  kindOf(
    resolve(answersOf(cell)).answers,
    /^ {4}vmbr0:$/m.test(cell.unlike?.netplan ?? ""),
  ),
);

describe("a row that says lab has a host in the lab", () => {
  test.each(rows.filter(({ lab }) => lab))("$name", async (row) => {
    const { answers } = resolve((await detectedAt(row)).given);
    const { prefix } = parsedOf(answers);
    const { addresses } = await providerFactsOf(row.name);
    const isBesideMachines = addresses.some(
      ({ device, version, value }) =>
        version === 6 &&
        device !== answers.interface &&
        contains(prefix, value),
    );
    expect(inLab).toContainEqual(kindOf(answers, isBesideMachines));
  });
});

describe("one address is not enough", () => {
  test.each(rows.filter((row) => !possible.includes(row)))(
    "$name",
    async (row) => {
      const { detection, given } = await detectedAt(row);
      expect(detection.warnings).toContainEqual(
        expect.stringMatching(
          /is a single address .* ask the provider for one$/,
        ),
      );
      expect(survey(given).issues).toMatchObject([{ flag: "--prefix" }]);
    },
  );
});
