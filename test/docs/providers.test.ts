import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { resolve, survey } from "../../src/answers/resolve.ts";
import { generated } from "../support/trees.ts";
import { detectedAt, providerRows } from "../support/providers.ts";
import { PROVIDER_RECORDINGS } from "../unit/detect/recordings.ts";

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
      if (row.type.startsWith("--interface")) continue;
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
