import { COLUMNS, LINES, textOf, type Row, type Run } from "./screen.ts";
import type { Frame } from "./record.ts";

/** Pixels. */
const FONT = 13;
const COLUMN = FONT * 0.602;
const LINE = 18;
const MARGIN = 16;
const BAR = 32;
const WIDTH = Math.ceil(COLUMNS * COLUMN + 2 * MARGIN);
const HEIGHT = BAR + LINES * LINE + MARGIN;

/** For those who cannot see the picture. */
export interface Words {
  readonly title: string;
  readonly description: string;
}

const STYLE = `
.back { fill: #ffffff; stroke: #d1d9e0 }
.dot { fill: #d1d9e0 }
text { font: ${FONT}px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; white-space: pre; fill: #1f2328 }
.bold { font-weight: 700 }
.dim { fill: #59636e }
.c32 { fill: #1a7f37 }
.c36 { fill: #0b7285 }
.cursor { fill: #59636e }
.past { visibility: hidden }
@media (prefers-color-scheme: dark) {
.back { fill: #0d1117; stroke: #3d444d }
.dot { fill: #3d444d }
text { fill: #f0f6fc }
.dim { fill: #9198a1 }
.c32 { fill: #3fb950 }
.c36 { fill: #39c5cf }
.cursor { fill: #9198a1 }
}
@media (prefers-reduced-motion: reduce) { * { animation: none !important } }`;

/**
 * An animation without scripts and external files. Without animation, or if reduced motion is
 * preferred, it shows the last frame.
 */
export function toSvg(
  frames: readonly Frame[],
  { title, description }: Words,
): string {
  const clock = new Clock(frames);
  const shown = texts(frames, clock);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img" aria-labelledby="title desc">
<title id="title">${escaped(title)}</title>
<desc id="desc">${escaped(description)}</desc>
<style>${STYLE}
${clock.styles(scrolled(frames))}
</style>
<rect class="back" x="0.5" y="0.5" width="${WIDTH - 1}" height="${HEIGHT - 1}" rx="8"/>
<circle class="dot" cx="20" cy="16" r="5"/><circle class="dot" cx="38" cy="16" r="5"/><circle class="dot" cx="56" cy="16" r="5"/>
<svg x="${MARGIN}" y="${BAR}" width="${WIDTH - 2 * MARGIN}" height="${LINES * LINE}">
<g class="scroll" xml:space="preserve" transform="translate(0 ${-offset(frames.at(-1))})">
${shown.join("\n")}
</g>
</svg>
</svg>
`;
}

/** The start of each frame in per cent of the whole, and the styles that show an element during some frames. */
class Clock {
  readonly #frames: readonly Frame[];
  readonly #spans = new Map<string, readonly [number, number]>();

  constructor(frames: readonly Frame[]) {
    this.#frames = frames;
  }

  #seconds(to = this.#frames.length): number {
    return this.#frames
      .slice(0, to)
      .reduce((sum, { seconds }) => sum + seconds, 0);
  }

  #at(frame: number): string {
    return `${((100 * this.#seconds(frame)) / this.#seconds()).toFixed(2)}%`;
  }

  /** The class of an element that is visible from one frame until before another. */
  during(from: number, to: number): string {
    const toEnd = to === this.#frames.length;
    if (from === 0 && toEnd) return "";
    const name = `f${from}-${toEnd ? "" : to}`;
    this.#spans.set(name, [from, to]);
    return ` class="${name}${toEnd ? "" : " past"}"`;
  }

  styles(scroll: ReadonlyMap<number, number>): string {
    const lasting = `${this.#seconds().toFixed(1)}s step-end infinite`;
    const spans = [...this.#spans].map(([name, [from, to]]) => {
      const hidden = from > 0 ? "0% { visibility: hidden } " : "";
      const until =
        to < this.#frames.length
          ? ` ${this.#at(to)}, to { visibility: hidden }`
          : " to { visibility: visible }";
      return `.${name} { animation: ${name} ${lasting} }
@keyframes ${name} { ${hidden}${this.#at(from)} { visibility: visible }${until} }`;
    });
    const steps = [...scroll].map(
      ([frame, y]) =>
        `${this.#at(frame)} { transform: translateY(${y === 0 ? 0 : `${-y}px`}) }`,
    );
    return [
      ...spans,
      `.scroll { animation: scroll ${lasting} }`,
      `@keyframes scroll { ${steps.join(" ")} }`,
    ].join("\n");
  }
}

/** How far a frame has scrolled, in pixels. */
function offset(frame: Frame | undefined): number {
  return Math.max(0, (frame?.rows.length ?? 0) - LINES) * LINE;
}

/** The frames at which it scrolls, and how far. */
function scrolled(frames: readonly Frame[]): Map<number, number> {
  const steps = frames.map((frame, at) => [at, offset(frame)] as const);
  return new Map(
    steps.filter(([at, y]) => at === 0 || y !== offset(frames[at - 1])),
  );
}

/** Each row, once for each of its versions. */
function texts(frames: readonly Frame[], clock: Clock): string[] {
  const height = Math.max(...frames.map(({ rows }) => rows.length));
  const texts: string[] = [];
  for (let y = 0; y < height; y++) {
    const rows = frames.map((frame) => markupAt(frame, y));
    for (let from = 0, to = 1; from < rows.length; from = to++) {
      while (to < rows.length && rows[to] === rows[from]) to++;
      if (rows[from] !== "")
        texts.push(
          `<text y="${(y + 1) * LINE - 5}"${clock.during(from, to)}>${rows[from]}</text>`,
        );
    }
  }
  return texts;
}

/** The row with the cursor, if there is one. The cursor is text, so that it fits any font. */
function markupAt({ rows, cursor }: Frame, y: number): string {
  const row = rows[y] ?? [];
  if (cursor === undefined || y !== rows.length - 1) return markup(row);
  const gap = " ".repeat(cursor - textOf(row).length);
  return `${markup(row)}${gap}<tspan class="cursor">\u2588</tspan>`;
}

function markup(row: Row): string {
  return textOf(row).trim() === "" ? "" : row.map(span).join("");
}

function span({ text, bold, dim, color }: Run): string {
  const classes = [
    ...(bold ? ["bold"] : []),
    ...(dim ? ["dim"] : []),
    ...(color === undefined ? [] : [`c${color}`]),
  ];
  return classes.length === 0
    ? escaped(text)
    : `<tspan class="${classes.join(" ")}">${escaped(text)}</tspan>`;
}

function escaped(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;");
}
