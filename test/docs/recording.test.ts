import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { RECORDING } from "../../scripts/docs.ts";
import { record, type Frame, WORDS } from "../../scripts/recording/record.ts";
import { textOf } from "../../scripts/recording/screen.ts";
import { toSvg } from "../../scripts/recording/svg.ts";

const LOOK = { bold: false, dim: false, color: undefined };

/** The visible text without animation. */
function still(svg: string): string[] {
  return [...svg.matchAll(/<text y="\d+"([^>]*)>(.*)<\/text>/g)]
    .filter(([, classes]) => !classes?.includes("past"))
    .map(([, , text]) => (text as string).replace(/<[^>]*>/g, ""));
}

describe("the recording of a run", () => {
  let frames: Frame[];
  let svg: string;
  beforeAll(async () => {
    frames = await record();
    svg = toSvg(frames, WORDS);
  }, 90_000);

  test("docs/terminal.svg is what the command prints today (npm run docs)", () => {
    expect(readFileSync(RECORDING, "utf8")).toBe(svg);
  });

  test("it needs no other file, has a description for those who cannot see it, and is small", () => {
    expect(svg).not.toMatch(/href|src=|url\(|@import|<script|<image/);
    expect(svg).toMatch(/<title id="title">.+<\/title>\n<desc id="desc">.{80}/);
    expect(Buffer.byteLength(svg)).toBeLessThan(60_000);
  });

  test("without animation it is the last frame", () => {
    const last = frames.at(-1)?.rows.map(textOf) ?? [];
    const text = last.join("\n");
    expect(text).toMatch(/^Wrote \d+ files to my-gateway\.$/m);
    expect(text).toMatch(/^Changed \d+ files in my-gateway\.$/m);
    const escaped = last.map((row) => row.replaceAll("&", "&amp;"));
    expect(still(svg)).toEqual(escaped.filter((row) => row !== ""));
  });

  test("it shows detected defaults, and its first frame is not empty", () => {
    expect(frames[0]?.rows.map(textOf)).toEqual([
      "$ npx create-kong-ipv6 my-gateway",
    ]);
    expect(svg).toContain("Detected on the server:");
    expect(svg).toContain("the static address of ens3");
  });

  test("the cursor is where the next key goes", () => {
    expect(svg).toContain('>$ npx<tspan class="cursor">');
    expect(svg).toMatch(/an answer\)<\/tspan> <tspan class="cursor">/);
  });

  test("markup in what a program prints stays text", () => {
    const rows = [[{ ...LOOK, text: "<b>&amp;" }]];
    expect(still(toSvg([{ rows, seconds: 1 }], WORDS))).toEqual([
      "&lt;b&gt;&amp;amp;",
    ]);
  });
});
