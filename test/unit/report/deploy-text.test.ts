import { expect, test } from "vitest";
import { styleFor } from "../../../src/base/colors.ts";
import { row } from "../../../src/deploy/row.ts";
import { rowText } from "../../../src/report/deploy-text.ts";

const TEXT = row(
  "ufw",
  "planned",
  "route allow in on ens3 out on ipv6_exposed to 2001:db8:1:2:300::8100 port 80",
  "run a command that is longer than a line of the terminal, with all its arguments",
);

test("a row is wrapped at a terminal, its remedy is not", () => {
  expect(rowText(TEXT, styleFor(true, false)).split("\n")).toEqual([
    "  planned ufw         route allow in on ens3 out on ipv6_exposed to",
    "                      2001:db8:1:2:300::8100 port 80",
    `                      Remedy: ${TEXT.remedy}`,
  ]);
});

test("a row is one line in a file or a pipe", () => {
  expect(rowText(TEXT, styleFor(false, false)).split("\n")[0]).toMatch(/80$/);
});
