import { QUESTIONS } from "../../src/answers/questions.ts";
import { type AnswerKey } from "../../src/answers/types.ts";
import { UnusableError } from "../../src/base/errors.ts";
import { resolve } from "../../src/answers/resolve.ts";

/** The answers that are free text. */
export const FREE = [
  "domain",
  "kongImage",
  "plugin",
  "interface",
  "dataDir",
  "network",
] as const;

export type FreeKey = (typeof FREE)[number];

const SHELL = [
  "$(id)",
  "`id`",
  "${HOME}",
  "$HOME",
  "$$",
  "a;id",
  "a|id",
  "a&id",
  "a>b",
  "a<b",
  "*",
  "?",
  "[a]",
  "{a,b}",
  "!!",
  "~",
  "a b",
  "a\tb",
  "a\nb",
  "a\r\nb",
  "a\n\nRUN id",
  "\n",
  " ",
  "'",
  '"',
  "a'b",
  'a"b',
  "\\",
  "a\\nb",
  "\\u0041",
  "-a",
  "--yes",
  "./-rf",
  "../../etc/passwd",
  "/etc/passwd",
  "..",
  ".",
  "/",
  "//",
];
const TEMPLATE = [
  "{{prefix}}",
  "{{{kong.address}}}",
  "{{> settings}}",
  "{{#if postgres}}",
  "<%= id %>",
  "%h",
  "%%",
  "${KONG_BIND_IP:?x}",
  "<secret>",
];
const YAML = [
  "on",
  "off",
  "yes",
  "no",
  "true",
  "null",
  "1e3",
  "0x10",
  "0o17",
  "1_000",
  "12",
  "1.5",
  "2001-01-01",
  "12:30:45",
  ".inf",
  "=",
  "<<",
  ": ",
  "a: b",
  "a #b",
  "#a",
  "- a",
  "&a",
  "*a",
  "!a",
  "|",
  ">",
  "@a",
  "%a",
  "?a",
  ",",
  "[",
  "{",
];
const SCRIPT = [
  "__proto__",
  "constructor",
  "toString",
  "undefined",
  "NaN",
  "[object Object]",
];
const TERMINAL = [
  "\u001b[31mred",
  "\u009b31m",
  "\u0007",
  "\u0001",
  "\u007f",
  "\u0085",
  "\u2028",
  "\u202e",
  "\ufeff",
  "\u00a0",
];
const UNICODE = ["bücher", "日本", "😀", "а", "ſ", "İ", "a\u0301"];
const LONG = [
  "a".repeat(64),
  "a".repeat(300),
  "a.".repeat(200),
  "a/".repeat(150),
  "x".repeat(15),
];
const PLAIN = [
  "localhost",
  "0",
  "00",
  "a.b",
  "a-b",
  "a_b",
  "A.B",
  "xn--a",
  "a//b",
  "a/../b",
  "C:\\x",
  "kong:latest",
  `kong@sha256:${"0".repeat(64)}`,
  "example.com:5000/a/b:c",
  "a:b:c",
  "eth0.100",
  "br-1",
  "veth@if2",
];

/** Texts that mean something to a shell, a template, YAML, a program, a terminal. */
export const TEXTS = [
  ...SHELL,
  ...TEMPLATE,
  ...YAML,
  ...SCRIPT,
  ...TERMINAL,
  ...UNICODE,
  ...LONG,
  ...PLAIN,
];

/** What a YAML file may hold unquoted, and mean something else by it. */
export const PLAIN_YAML = YAML;

/** Controls, also the one that no argument can hold. */
export const CONTROLS = [...TERMINAL, "\u0000", "a\nb", "a\r\nb", "a\tb"];

/** In its usual surroundings, where the bare text is refused for its form already. */
const DRESSED: Partial<Record<FreeKey, (text: string) => string>> = {
  domain: (text) => `${text}.example.com`,
  kongImage: (text) => `kong:${text}`,
  dataDir: (text) => `./${text}`,
};

export interface Attack {
  readonly key: FreeKey;
  readonly text: string;
  /** What becomes of it, or undefined: it is refused. */
  readonly answer: string | undefined;
}

export function attack(key: FreeKey, text: string): Attack {
  try {
    const { answers } = resolve({
      prefix: "2a03:2222:3333:4444::/64",
      [key]: text,
    });
    return { key, text, answer: String(answers[key]) };
  } catch (error) {
    if (!(error instanceof UnusableError)) throw error;
    return { key, text, answer: undefined };
  }
}

export const ATTACKS: readonly Attack[] = FREE.flatMap((key) => {
  const dressed = DRESSED[key];
  const texts = dressed ? [...TEXTS, ...TEXTS.map(dressed)] : TEXTS;
  return texts.map((text) => attack(key, text));
});

export function flagOf(key: AnswerKey): string {
  return QUESTIONS.find((question) => question.key === key)?.flag ?? "";
}
