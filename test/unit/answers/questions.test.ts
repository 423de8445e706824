import { describe, expect, test } from "vitest";
import { defaultAnswer, parsedOf } from "../../../src/answers/normal-form.ts";
import { QUESTIONS } from "../../../src/answers/questions.ts";
import type { AnswerKey } from "../../../src/answers/types.ts";
import { answersFrom, normalForm } from "../../support/base.ts";
import { HOSTILE, refusalOf } from "../../support/refusal.ts";

const refused = (key: AnswerKey, text: string): string =>
  refusalOf(() => normalForm(key, text));

describe("the questions", () => {
  test("are the contract's, under its flags", () => {
    const flags = QUESTIONS.map(({ key, flag }) => [key, flag]);
    for (const [key, flag] of flags) {
      const words = key?.replace(
        /[A-Z]/g,
        (letter) => `-${letter.toLowerCase()}`,
      );
      expect(flag).toBe(`--${words?.replace("ipv4-", "ipv4-")}`);
    }
    expect(new Set(flags.map(([key]) => key)).size).toBe(21);
  });

  test("the first four come first", () => {
    const first = QUESTIONS.filter((row) => row.first).map(({ key }) => key);
    expect(first).toEqual(["prefix", "host", "exposed", "kong"]);
    expect(QUESTIONS.slice(0, 4).map(({ key }) => key)).toEqual(first);
  });

  test("defaults are the contract's", () => {
    expect(answersFrom()).toEqual({
      prefix: "2001:db8:1:2::/64",
      ssh: "none",
      host: "2001:db8:1:2::2",
      exposed: "2001:db8:1:2:300::/80",
      kong: "2001:db8:1:2:300::8100",
      interface: "ens3",
      gateway: "fe80::1",
      delivery: "on-link",
      ndp: "ndppd",
      expose: [],
      ipv4: "any",
      ipv4Gateway: "none",
      backendSubnet: expect.stringMatching(/^10\..*\/24$/),
      internalPrefix: "fd4c:8a1e:92b7::/64",
      network: "ipv6_exposed",
      domain: "none",
      kongImage: "kong:3.9.3",
      plugin: [],
      database: "postgres",
      firewall: "ufw",
      dataDir: "./data",
    });
    expect(answersFrom({ delivery: "routed" }).ndp).toBe("none");
  });

  test("no default is refused by its own question", () => {
    for (const row of QUESTIONS) {
      const fallback = defaultAnswer(row, parsedOf(answersFrom()));
      for (const text of [fallback ?? []].flat())
        expect(normalForm(row.key, text)).toBe(text);
    }
  });

  test("every one refuses what is hostile, an answer behind it too", () => {
    for (const row of QUESTIONS) {
      const good = [answersFrom()[row.key]].flat()[0] ?? "kong-oidc";
      for (const character of HOSTILE) {
        refusalOf(() => row.parse(character));
        // ROCK=PLUGIN is an answer.
        if (row.key !== "plugin" || character !== "=")
          refusalOf(() => row.parse(`${good}${character}${good}`));
      }
    }
  });

  test("a choice is one of its words, in capitals or not", () => {
    for (const row of QUESTIONS.filter(({ choices }) => choices)) {
      for (const choice of row.choices ?? []) {
        expect(normalForm(row.key, choice)).toBe(choice);
        expect(normalForm(row.key, choice.toUpperCase())).toBe(choice);
      }
      expect(refused(row.key, "")).toContain("not one of the choices");
    }
  });
});
