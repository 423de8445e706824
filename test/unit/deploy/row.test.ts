import { expect, test } from "vitest";
import { readLine } from "../../../src/deploy/row.ts";
import { PUBLISHED } from "../../../src/base/program.ts";

test("a remedy calls this program as it was called here", () => {
  const [node = "", script = ""] = process.argv;
  const remedy = `${PUBLISHED} regenerate --ndp none`;
  const line = JSON.stringify({ step: "a", status: "refused", remedy });
  process.argv = [node, "plop"];
  const read = readLine(line);
  process.argv = [node, script];
  expect(read).toMatchObject({ remedy: "npm start -- regenerate --ndp none" });
});

test.each([
  [
    '{"step": "netplan", "status": "ok", "detail": "x"}',
    { step: "netplan", status: "ok", detail: "x" },
  ],
  [
    '{"step": "a", "status": "fail", "detail": 5, "remedy": "r"}',
    { step: "a", status: "fail", detail: "", remedy: "r" },
  ],
  [
    '{"outcome": "applied", "code": 0, "confirm_within": 60}',
    { outcome: "applied", code: 0, left: 60 },
  ],
  [
    '{"outcome": "applied", "code": "x", "confirm_within": "y"}',
    { outcome: "applied", code: 1, left: undefined },
  ],
  ['{"step": "a"}', undefined],
  ["null", undefined],
  ["[]", undefined],
  ["Last login: never", undefined],
  ["", undefined],
])("%s", (line, expected) => {
  expect(readLine(line)).toEqual(expected);
});
