import type { Subnet } from "../ip/address.ts";

/** The possible values of the answers that are a choice. */
export const CHOICES = {
  delivery: ["on-link", "routed"],
  ndp: ["ndppd", "kernel", "none"],
  database: ["postgres", "off"],
  firewall: ["ufw", "nftables", "none"],
} as const;

type Choice<Key extends keyof typeof CHOICES> = (typeof CHOICES)[Key][number];

/** All answers as text in normal form (RFC 5952, lower case); "none" means "not given". */
export interface Answers {
  prefix: string;
  host: string;
  exposed: string;
  kong: string;
  interface: string;
  gateway: string;
  delivery: Choice<"delivery">;
  ndp: Choice<"ndp">;
  ssh: string;
  expose: string[];
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

/** The server's own IPv6 address, with the prefix length of its link. */
export interface Ipv6Interface {
  readonly address: bigint;
  readonly length: number;
}

/** An IPv4 address, with the prefix length of its link where one is given. */
export interface Ipv4Interface {
  readonly address: bigint;
  readonly length: number | undefined;
}

/** A port of a container with a public address. */
export interface Port {
  readonly port: number;
  readonly protocol: "tcp" | "udp";
}

/** Another container with a public address. */
export interface Expose {
  readonly name: string;
  /** undefined until one is chosen: the next free one after Kong's. */
  readonly address: bigint | undefined;
  readonly ports: readonly Port[];
  /** As the owner wrote it. */
  readonly text: string;
}

/** The answers that are parsed to numbers. */
interface ParsedAddresses {
  prefix: Subnet;
  /** `keep`: the server's address and default route stay as they are. */
  host: Ipv6Interface | "keep";
  exposed: Subnet;
  kong: bigint;
  /** `ra`: from router advertisements; `none`: a route without a gateway. */
  gateway: bigint | "ra" | "none";
  expose: readonly Expose[];
  ipv4: Ipv4Interface | "any" | "none";
  ipv4Gateway: bigint | "none";
  backendSubnet: Subnet;
  internalPrefix: Subnet;
}

/** All answers, parsed. */
export interface ParsedAnswers
  extends Omit<Answers, keyof ParsedAddresses>, ParsedAddresses {}

/** The parsed answers so far: what a default, a suggestion or a rule may use. */
export type KnownAnswers = Readonly<Partial<ParsedAnswers>>;

/** One value of an answer; an answer that is a list has several. */
type ValueOf<Key extends AnswerKey> =
  ParsedAnswers[Key] extends readonly (infer Item)[]
    ? Item
    : ParsedAnswers[Key];

/** One question. Flags, prompts, answers files, plop and the README's table all use this row. */
export interface Question<Key extends AnswerKey = AnswerKey> {
  readonly key: Key;
  readonly flag: string;
  /** True for the four questions that are asked first. */
  readonly first?: true;
  /** True for an answer that is a list: its flag can be repeated. */
  readonly list?: true;
  /** True if the default is a new random value each time. */
  readonly random?: true;
  readonly choices?: readonly string[];
  /** One line for each choice. */
  readonly explanations?: Readonly<Record<string, string>>;
  /** What a conversation prints before the question. */
  readonly hint?: (known: KnownAnswers) => string;
  /** The placeholder after the flag in --help. */
  readonly metavar: string;
  /** For --help, the prompt and the README. */
  readonly meaning: string;
  /** The default in words, for --help and the README. */
  readonly defaultText: string;
  /** The default; undefined if there is none, or none before other answers are known. */
  readonly fallback: (known: KnownAnswers) => ParsedAnswers[Key] | undefined;
  /** What a prompt offers instead of the default, where other answers may exclude that. */
  readonly suggest?: (known: KnownAnswers) => ParsedAnswers[Key] | undefined;
  /** Parses one value. @throws Refusal */
  readonly parse: (text: string) => ValueOf<Key>;
  /** The text of a value that an answers file gives as an object. @throws Refusal */
  readonly textOf?: (value: object) => string;
  /** What separates the values of a list in the reply to a prompt; commas and spaces if not given. */
  readonly separator?: RegExp;
  /** The normal form of one value; without it the value is text. */
  format?(value: ValueOf<Key>): string;
}
