import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { plan } from "../../src/plan/plan.ts";
import { render } from "../../src/render/render.ts";
import { answersFrom } from "../support/base.ts";
import { testWith } from "../support/programs.ts";
import { temporary, textOf } from "../support/trees.ts";

/** scripts/lib/daemon-json.py: how it changes Docker's configuration. */

const SCRIPT = textOf(
  render(plan(answersFrom({ prefix: "2a03:2222:3333:4444::/64" }))),
  "scripts/lib/daemon-json.py",
);

/** Runs it with texts, or with paths. */
function merged(...texts: (string | { path: string })[]) {
  const directory = temporary();
  const paths = texts.map((text, index) => {
    if (typeof text !== "string") return text.path;
    const path = join(directory, String(index));
    writeFileSync(path, text, "latin1");
    return path;
  });
  const { status, stdout, stderr } = spawnSync(
    "python3",
    ["-c", SCRIPT, ...paths],
    { encoding: "utf8" },
  );
  return { status, stdout, stderr };
}

const OURS = '{"ipv6": true, "debug": true}';
const printed = (keys: object) => ({
  status: 0,
  stdout: `${JSON.stringify(keys, null, 2)}\n`,
  stderr: "",
});

testWith(
  "python3",
  "our keys are added, and the owner's keys keep their order",
  () => {
    const keys = { dns: ["192.0.2.53"], ipv6: false };
    expect(merged(JSON.stringify(keys), OURS)).toEqual(
      printed({ ...keys, ipv6: true, debug: true }),
    );
  },
);

testWith(
  "python3",
  "a file that already has our keys is printed unchanged",
  () => {
    const now = `{"debug":true,\n\t"ipv6": true,"x":1}`;
    expect(merged(now, OURS).stdout).toBe(now);
  },
);

testWith(
  "python3",
  "a key that is no longer ours gets its original value",
  () => {
    const now = '{"x": 1, "ipv6": true, "debug": true}';
    const last = OURS;
    expect(merged(now, '{"ipv6": true}', last, '{"x": 2}')).toEqual(
      printed({ x: 1, ipv6: true }),
    );
    expect(merged(now, "{}", last, '{"ipv6": false}')).toEqual(
      printed({ x: 1, ipv6: false }),
    );
  },
);

testWith("python3", "exits 3 if the result equals the original file", () => {
  const nothing = { status: 3, stdout: "", stderr: "" };
  expect(merged(OURS, "{}", OURS, "")).toEqual(nothing);
  const before = '{"x":1,"ipv6":false}';
  expect(merged('{"x":1,"ipv6":true,"debug":true}', "", OURS, before)).toEqual(
    nothing,
  );
});

testWith(
  "python3",
  "a file that is not a JSON object gives a one-line error",
  () => {
    const broken: [string | { path: string }, RegExp][] = [
      ["{", /Expecting property name/],
      ["[]", /not a JSON object/],
      ['{"x": "\xe9"}', /codec can't decode byte 0xe9/],
      [{ path: temporary() }, /Is a directory/],
      [{ path: "/nowhere" }, /No such file or directory/],
    ];
    for (const [now, why] of broken) {
      const { status, stdout, stderr } = merged(now, OURS);
      expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
      expect(stderr).toMatch(why);
      expect(stderr.trim().split("\n")).toHaveLength(1);
    }
  },
);
