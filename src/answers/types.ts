/** What can be chosen, for the questions that are a choice. */
export const CHOICES = {
  delivery: ["on-link", "routed"],
  ndp: ["ndppd", "kernel", "none"],
  database: ["postgres", "off"],
  firewall: ["ufw", "nftables", "none"],
} as const;

type Choice<Key extends keyof typeof CHOICES> = (typeof CHOICES)[Key][number];

/** Every answer, in normal form (RFC 5952, lower case); "none" stands for "not given". */
export interface Answers {
  prefix: string;
  host: string;
  exposed: string;
  kong: string;
  interface: string;
  gateway: string;
  delivery: Choice<"delivery">;
  ndp: Choice<"ndp">;
  ipv4: string;
  ipv4Gateway: string;
  backendSubnet: string;
  internalPrefix: string;
  network: string;
  domain: string;
  kongImage: string;
  plugin: string[];
  database: Choice<"database">;
  firewall: Choice<"firewall">;
  dataDir: string;
}

export type AnswerKey = keyof Answers;

/** What a default may look at: the answers that came before, where they are usable. */
export interface Known {
  answers: Partial<Answers>;
  /** A fresh RFC 4193 prefix; asked for only where internalPrefix is open. */
  randomUla: () => string;
}

/** One question; flags, prompts, answers files, plop and the README's table all read this row. */
export interface Question {
  readonly key: AnswerKey;
  readonly flag: string;
  /** One of the four that are asked first. */
  readonly first?: true;
  /** Given any number of times: the answer is a list. */
  readonly list?: true;
  readonly choices?: readonly string[];
  /** What stands behind the flag in --help. */
  readonly metavar: string;
  /** What it means, for --help, the prompt and the README. */
  readonly meaning: string;
  /** The default in words, for --help and the README. */
  readonly otherwise: string;
  /** The default, or undefined where there is none (yet). */
  readonly fallback: (known: Known) => string | string[] | undefined;
  /** What a prompt offers instead: the default, or what fits where answers given already forbid that. */
  readonly offer?: (answers: Partial<Answers>) => string | undefined;
  /** One value to normal form. @throws Refusal */
  readonly read: (text: string) => string;
}
