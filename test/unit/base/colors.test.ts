import { afterEach, expect, test, vi } from "vitest";
import { styleFor } from "../../../src/base/colors.ts";

afterEach(() => vi.unstubAllEnvs());

const coloured = (isTTY: boolean | undefined, color: boolean): boolean =>
  styleFor(isTTY === true, color).red("x") !== "x";

test("colours are for terminals, and for who wants them", () => {
  vi.stubEnv("NO_COLOR", "");
  vi.stubEnv("TERM", "xterm");
  expect(coloured(true, true)).toBe(true);
  expect(coloured(true, false)).toBe(false);
  expect(coloured(false, true)).toBe(false);
  expect(coloured(undefined, true)).toBe(false);
});

test("NO_COLOR and a dumb terminal have none (no-color.org)", () => {
  vi.stubEnv("TERM", "xterm");
  vi.stubEnv("NO_COLOR", "1");
  expect(coloured(true, true)).toBe(false);
  vi.stubEnv("NO_COLOR", "");
  vi.stubEnv("TERM", "dumb");
  expect(coloured(true, true)).toBe(false);
});
