import type { Answers as Replies, DistinctQuestion } from "inquirer";
import { describe, expect, test } from "vitest";
import { QUESTIONS } from "../../../src/answers/questions.ts";
import { type Answers } from "../../../src/answers/types.ts";
import type { Change } from "../../../src/reconcile/change.ts";
import { confirm, type Prompter } from "../../../src/prompts/ask.ts";
import { askConflicts } from "../../../src/prompts/conflicts.ts";
import {
  changeAnswer,
  converse as converseWith,
  type Printer,
} from "../../../src/prompts/conversation.ts";
import {
  FailedError,
  issueText,
  type Issue,
} from "../../../src/base/errors.ts";
import type { PlanRow } from "../../../src/plan/summary.ts";
import type { Detected, Detector } from "../../../src/detect/infer/types.ts";
import { resolve, type Given } from "../../../src/answers/resolve.ts";
import { styleFor } from "../../../src/base/colors.ts";
import { answersFrom, GIVEN } from "../../support/base.ts";

type Asked = Omit<DistinctQuestion, "validate" | "filter"> & {
  name: string;
  validate?: (text: unknown) => true | string;
  filter?: (text: unknown) => unknown;
};

/** An owner who answers from a list, or takes what is suggested; refused answers are kept. */
class Owner implements Prompter {
  readonly asked: Asked[] = [];
  readonly refused: string[] = [];
  readonly #replies: Record<string, unknown[]>;

  constructor(replies: Record<string, unknown[]>) {
    this.#replies = replies;
  }

  prompt(questions: readonly DistinctQuestion[]): Promise<Replies> {
    const [question] = questions as unknown as Asked[];
    if (question === undefined || questions.length !== 1)
      throw new Error("one question at a time");
    this.asked.push(question);
    const replies = this.#replies[question.name] ?? [];
    for (;;) {
      const reply = replies.length > 0 ? replies.shift() : question.default;
      // In this order, as inquirer.
      const value = question.filter?.(reply ?? "") ?? reply;
      const judged = question.validate?.(value) ?? true;
      if (judged === true) return Promise.resolve({ [question.name]: value });
      this.refused.push(judged);
      if (replies.length === 0) throw new Error(`stuck: ${judged}`);
    }
  }

  listOf(name: string): { name: string; value: string }[] {
    const asked = this.asked.find((question) => question.name === name);
    return (asked as unknown as { choices: { name: string; value: string }[] })
      .choices;
  }

  choicesOf(name: string): string[] {
    return this.listOf(name).map(({ value }) => value);
  }

  get names(): string[] {
    return this.asked.map(({ name }) => name);
  }
}

/** What is printed besides the questions. */
class Printed implements Printer {
  readonly told: string[][] = [];
  readonly hints: string[] = [];
  readonly issues: string[] = [];
  readonly failures: string[] = [];
  readonly warnings: string[] = [];
  readonly rows = (rows: readonly PlanRow[]): void =>
    void this.told.push(rows.map(({ name, value }) => `${name}: ${value}`));
  readonly hint = (text: string): void => void this.hints.push(text);
  readonly issue = (issue: Issue): void =>
    void this.issues.push(issueText(issue));
  readonly failure = (error: FailedError): void =>
    void this.failures.push(error.message);
  readonly warning = (text: string): void => void this.warnings.push(text);
}

type Background = Parameters<typeof converseWith>[3];

const converse = async (
  owner: Owner,
  given: Given,
  background?: Background,
  printed = new Printed(),
): Promise<Given> => await converseWith(owner, given, printed, background);

describe("converse", () => {
  test("asks the four first, then whether there is more", async () => {
    const owner = new Owner({ prefix: ["2001:DB8:1:2:0:0:0:0/64"] });
    const given = await converse(owner, {});
    expect(owner.names).toEqual(["prefix", "host", "exposed", "kong", "sure"]);
    expect(given).toEqual({
      prefix: "2001:db8:1:2::/64",
      host: "2001:db8:1:2::2",
      exposed: "2001:db8:1:2:300::/80",
      kong: "2001:db8:1:2:300::8100",
    });
  });

  test("suggests what follows from the answers before", async () => {
    const owner = new Owner({
      prefix: ["2001:db8:1:2::/64"],
      exposed: ["2001:db8:1:2:ff::/112"],
    });
    await converse(owner, {});
    expect(owner.asked.map((question) => question.default)).toEqual([
      undefined,
      "2001:db8:1:2::2",
      "2001:db8:1:2:300::/80",
      "2001:db8:1:2:ff::8100",
      "y/N",
    ]);
  });

  test("suggests what the server says, with its source, in the light of each answer", async () => {
    const owner = new Owner({ prefix: ["2001:db8:1:2::/64"] });
    const looked: Given[] = [];
    const look: Detector = (answers) => {
      looked.push({ ...answers });
      const seen: Detected[] = [
        { key: "host", value: "2001:db8:1:2::9", source: "address\nof eth0" },
        { key: "interface", value: "eth0", source: "default route" },
      ];
      const here = answers.prefix === "2001:db8:1:2::/64";
      return Promise.resolve({
        answers: here ? seen : [],
        seen: [],
        warnings: [],
      });
    };
    const printed = new Printed();
    const given = await converse(owner, {}, { detect: look }, printed);
    const told = printed.told.flat();
    expect(owner.asked[1]?.default).toBe("2001:db8:1:2::9");
    expect(told).toContain("detected: address\\u000aof eth0");
    // What isn't asked is as it was seen.
    expect(given).toMatchObject({ host: "2001:db8:1:2::9", interface: "eth0" });
    expect(told.join()).toContain("2001:db8:1:2::9/64 on eth0");
    expect(looked[0]).toEqual({});
    expect(looked.at(-1)).toMatchObject({ kong: "2001:db8:1:2:300::8100" });
  });

  test("asks all the rest where more is wanted, each question once", async () => {
    const owner = new Owner({
      prefix: ["2001:db8:1:2::/64"],
      sure: ["y"],
      delivery: ["routed"],
      plugin: ["a, kong-plugin-b  c"],
      expose: ["mail:25,587  dns:53,53/udp"],
    });
    const given = await converse(owner, {});
    const keys = QUESTIONS.map(({ key }) => key as string);
    expect(owner.names.filter((name) => name !== "sure")).toEqual(keys);
    expect(given).toMatchObject({
      ndp: "none",
      plugin: ["a", "kong-plugin-b", "c"],
      expose: ["mail:25,587", "dns:53,53/udp"],
    });
    expect(() => resolve(given)).not.toThrow();
  });

  test("a word that is neither yes nor no is asked for again, whatever the default", async () => {
    for (const word of ["maybe", "yn", "0", " "]) {
      const owner = new Owner({ sure: [word, "n"] });
      expect(await confirm(owner, "Write 9 files?", true), word).toBe(false);
      expect(owner.refused).toEqual(["Type y or n."]);
    }
    for (const word of ["y", "YES", " yes "])
      expect(await confirm(new Owner({ sure: [word] }), "?", false)).toBe(true);
    for (const usual of [true, false])
      expect(await confirm(new Owner({}), "?", usual)).toBe(usual);
  });

  test("doesn't ask for what is given", async () => {
    const owner = new Owner({ sure: ["n"] });
    await converse(owner, { ...GIVEN, host: "2001:db8:1:2::9" });
    expect(owner.names).toEqual(["exposed", "kong", "sure"]);
    const complete = new Owner({});
    await converse(complete, { ...resolve(GIVEN).answers });
    expect(complete.names).toEqual([]);
  });

  test("refuses at once, by the same rules, and says what would do", async () => {
    const owner = new Owner({
      prefix: ["fd00::/64", "2001:db8:1:2::/127", "2001:db8:1:2::/64"],
      kong: ["2001:db8::1", "2001:db8:1:2:300::1", "2001:db8:1:2:300::7"],
    });
    const given = await converse(owner, {});
    expect(given.kong).toBe("2001:db8:1:2:300::7");
    expect(owner.refused).toEqual([
      expect.stringContaining("unique local"),
      expect.stringContaining("Ask the provider for a prefix"),
      expect.stringContaining("outside the exposed subnet"),
      expect.stringContaining("Docker"),
    ]);
    for (const text of owner.refused) expect(text).not.toContain("\n");
  });

  const P = "2001:db8:1:2";

  test("the exposed subnet that is offered holds the Kong that was given; another contradicts it", async () => {
    const given = { ...GIVEN, kong: `${P}:999::1` };
    const owner = new Owner({
      exposed: [`${P}:300::/80`],
      change: ["kong"],
      kong: [`${P}:300::7`],
    });
    const printed = new Printed();
    const answers = await converse(owner, given, {}, printed);
    const asked = owner.asked.find(({ name }) => name === "exposed");
    expect(asked?.default).toBe(`${P}:998::/79`);
    expect(printed.issues).toEqual([
      expect.stringContaining(`--kong ${P}:999::1: it is outside the exposed`),
    ]);
    expect(owner.choicesOf("change")).toEqual(["exposed", "kong"]);
    expect(answers).toMatchObject({
      exposed: `${P}:300::/80`,
      kong: `${P}:300::7`,
    });
    const taken = await converse(new Owner({}), given);
    expect(() => resolve(taken)).not.toThrow();
  });

  test("a gateway that was given in the default exposed subnet, or as the default host", async () => {
    const inside = { ...GIVEN, gateway: `${P}:300::1` };
    expect((await converse(new Owner({}), inside)).exposed).toBe(
      `${P}:301::/80`,
    );
    const second = { ...GIVEN, gateway: `${P}::2` };
    expect((await converse(new Owner({}), second)).host).toBe(`${P}::3`);
  });

  test("an answer that contradicts an earlier one: the owner changes either, until they agree", async () => {
    const printed = new Printed();
    const owner = new Owner({
      prefix: ["2a03:2222:3333:4444::/64", `${P}::/64`],
      change: ["prefix"],
    });
    const given = { kong: `${P}:999::5` };
    const answers = await converse(owner, given, {}, printed);
    expect(printed.issues).toEqual([
      expect.stringContaining("it is outside the prefix"),
    ]);
    expect(owner.choicesOf("change")).toEqual(["prefix", "kong"]);
    expect(answers).toMatchObject({ prefix: `${P}::/64`, kong: `${P}:999::5` });
  });

  test("an IPv4 gateway after an IPv4 without its prefix length", async () => {
    const printed = new Printed();
    const owner = new Owner({
      sure: ["y"],
      ipv4: ["192.0.2.10", "192.0.2.10/24"],
      ipv4Gateway: ["192.0.2.1"],
      change: ["ipv4"],
    });
    const answers = await converse(owner, GIVEN, {}, printed);
    expect(printed.issues).toEqual([
      expect.stringContaining("netplan needs --ipv4 with its prefix length"),
    ]);
    expect(owner.choicesOf("change")).toEqual(["ipv4", "ipv4Gateway"]);
    expect(answers).toMatchObject({
      ipv4: "192.0.2.10/24",
      ipv4Gateway: "192.0.2.1",
    });
    expect(() => resolve(answers)).not.toThrow();
  });

  test("a prefix as `ip addr` prints it gives the host too", async () => {
    for (const text of [
      `${P}::9/64`,
      `    inet6 ${P}::9/64 scope global `,
      `2001:DB8:1:2:0::9/64`,
    ]) {
      const owner = new Owner({ prefix: [text] });
      const answers = await converse(owner, {});
      expect(owner.refused).toEqual([]);
      expect(answers).toMatchObject({ prefix: `${P}::/64`, host: `${P}::9` });
      expect(owner.names).toContain("host");
    }
    // A mistyped prefix is not an address with its length.
    for (const length of [48, 56]) {
      const owner = new Owner({ prefix: [`${P}::/${length}`, `${P}::/64`] });
      expect((await converse(owner, {})).host).toBe(`${P}::2`);
      expect(owner.refused).toHaveLength(1);
    }
    // What a prefix may not be, it may not be in this form either.
    const owner = new Owner({ prefix: ["fe80::9/64", `${P}::/64`] });
    expect((await converse(owner, {})).host).toBe(`${P}::2`);
    expect(owner.refused).toEqual([expect.stringContaining("link-local")]);
  });

  test("a part of a shared /64: the server's address has no default", async () => {
    const printed = new Printed();
    const owner = new Owner({
      prefix: [`${P}::b000/124`],
      host: ["", `${P}::b001/64`],
    });
    const answers = await converse(owner, {}, {}, printed);
    expect(owner.asked[1]?.default).toBe(undefined);
    expect(owner.refused).toHaveLength(1);
    expect(printed.hints[1]).toContain("with the length of its link");
    expect(answers).toEqual({
      prefix: `${P}::b000/124`,
      host: `${P}::b001`,
      exposed: `${P}::b008/125`,
      kong: `${P}::b00a`,
    });
    expect(resolve(answers).answers.gateway).toBe("fe80::1");
  });

  test("a kept server: the gateway's default is ra", async () => {
    const owner = new Owner({
      prefix: [`${P}::/64`],
      host: ["keep"],
      sure: ["y"],
    });
    const answers = await converse(owner, {});
    expect(answers).toMatchObject({ host: "keep", gateway: "ra" });
    expect(() => resolve(answers)).not.toThrow();
  });

  test("a server outside the prefix: the owner says that it is routed", async () => {
    const printed = new Printed();
    const owner = new Owner({
      prefix: [`${P}::/64`],
      host: ["2001:db8:9::2"],
      sure: ["y"],
      delivery: ["on-link", "routed"],
      change: ["delivery"],
    });
    const answers = await converse(owner, {}, {}, printed);
    expect(owner.refused).toEqual([]);
    expect(printed.issues).toEqual([
      expect.stringContaining("which is on-link (--delivery)"),
    ]);
    expect(owner.choicesOf("change")).toEqual(["host", "delivery"]);
    expect(answers).toMatchObject({ delivery: "routed", ndp: "none" });
  });

  test("a hint before ssh, prefix, host, delivery and expose", async () => {
    const printed = new Printed();
    const owner = new Owner({ prefix: [`${P}::/64`], sure: ["y"] });
    await converse(owner, {}, { asksLogin: true }, printed);
    expect(printed.hints).toEqual([
      expect.stringContaining("root@203.0.113.10"),
      expect.stringContaining("2001:db8:1:2::2/64"),
      expect.stringContaining("keep leaves the server's address"),
      expect.stringContaining("tcpdump -ni ens3 icmp6"),
      expect.stringContaining("mail:25,587 dns:53,53/udp"),
    ]);
    expect(printed.hints[3]).toContain(`ping ${P}:300::8100`);
    for (const line of printed.hints.join("\n").split("\n"))
      expect(line.length, line).toBeLessThanOrEqual(80);
  });

  test("the first question is the server's login: what it answers is detected there", async () => {
    const detect: Detector = ({ ssh }) =>
      Promise.resolve({
        answers:
          ssh === "root@gw"
            ? [{ key: "prefix", value: `${P}::/64`, source: "eth0" }]
            : [],
        seen: [],
        warnings: ssh === "root@gw" ? ["ufw is off"] : [],
      });
    const printed = new Printed();
    const owner = new Owner({ ssh: ["root@gw"] });
    const background = { detect, asksLogin: true };
    const answers = await converse(owner, {}, background, printed);
    expect(owner.names[0]).toBe("ssh");
    expect(answers).toMatchObject({ ssh: "root@gw", prefix: `${P}::/64` });
    expect(printed.warnings).toEqual(["ufw is off"]);
    const skipped = new Owner({ prefix: [`${P}::/64`] });
    expect((await converse(skipped, {}, background)).ssh).toBe("none");
  });

  test("a server that can't be read: asked again, or on without it", async () => {
    let reads = 0;
    const detect: Detector = ({ ssh }) => {
      if (ssh !== "none") reads += 1;
      return ssh === "none"
        ? Promise.resolve({ answers: [], seen: [], warnings: [] })
        : Promise.reject(new FailedError("no route to gw", "Check it."));
    };
    const background = { detect, asksLogin: true };
    const printed = new Printed();
    const again = new Owner({
      ssh: ["root@gw", "none"],
      prefix: [`${P}::/64`],
    });
    expect(await converse(again, {}, background, printed)).toMatchObject({
      ssh: "none",
    });
    expect(printed.failures).toEqual(["no route to gw"]);
    const on = new Owner({
      ssh: ["root@gw"],
      sure: ["y"],
      prefix: [`${P}::/64`],
    });
    const answers = await converse(on, {}, background);
    expect(answers).toMatchObject({ ssh: "root@gw", prefix: `${P}::/64` });
    expect(reads).toBe(2);
  });

  test("an unreachable login of an answers file: on without it, or another one", async () => {
    const detect: Detector = ({ ssh }) =>
      ssh === "root@gw"
        ? Promise.reject(new FailedError("no route to gw", "Check it."))
        : Promise.resolve({ answers: [], seen: [], warnings: ["ufw is off"] });
    const background = { detect, asksLogin: true };
    const given = { ssh: "root@gw", prefix: `${P}::/64` };
    const on = new Owner({ sure: ["y"] });
    expect(await converse(on, given, background)).toMatchObject(given);
    expect(on.names).not.toContain("ssh");
    const printed = new Printed();
    const again = new Owner({ sure: ["n"], ssh: ["root@other"] });
    expect(await converse(again, given, background, printed)).toMatchObject({
      ssh: "root@other",
    });
    expect(printed.failures).toEqual(["no route to gw"]);
    expect(printed.warnings).toEqual(["ufw is off"]);
  });

  test("a changed answer takes along what lies in it", async () => {
    const owner = new Owner({
      change: ["prefix"],
      prefix: ["2001:db8:7::/64"],
    });
    const before = answersFrom();
    const after = await changeAnswer(owner, before, new Printed());
    expect(owner.choicesOf("change")).toEqual(QUESTIONS.map(({ key }) => key));
    expect(after).toMatchObject({
      prefix: "2001:db8:7::/64",
      host: "2001:db8:7::2",
      kong: "2001:db8:7:0:300::8100",
      internalPrefix: before.internalPrefix,
    });
    const typo = new Owner({
      change: ["host"],
      host: ["zz", "2001:db8:1:2::7"],
    });
    expect(await changeAnswer(typo, before, new Printed())).toMatchObject({
      host: "2001:db8:1:2::7",
    });
    expect(typo.refused).toEqual([
      expect.stringContaining("not an IPv6 address"),
    ]);
    const kept = new Owner({ change: ["plugin"] });
    expect(await changeAnswer(kept, before, new Printed())).toEqual(before);
  });

  test("a prefix that is changed asks for a gateway that only the provider knows", async () => {
    const before = answersFrom({
      prefix: "2001:db8:a:d0::1a2:b000/124",
      host: "2001:db8:a:d0::1a2:b001",
      gateway: "2001:db8:a:d0::1",
    });
    const printed = new Printed();
    const owner = new Owner({
      change: ["prefix"],
      prefix: ["2001:db8:b:e0::7a2:c010/124"],
      host: ["2001:db8:b:e0::7a2:c011"],
      gateway: ["2001:db8:b:e0::1"],
    });
    expect(await changeAnswer(owner, before, printed)).toMatchObject({
      host: "2001:db8:b:e0::7a2:c011",
      gateway: "2001:db8:b:e0::1",
    });
    expect(printed.issues).toHaveLength(2);
    const slash64 = answersFrom({ gateway: "2001:db8:1:9::1" });
    const there = new Owner({
      change: ["prefix"],
      prefix: ["2001:db8:7::/64"],
    });
    await changeAnswer(there, slash64, printed);
    expect(printed.warnings).toEqual([
      expect.stringContaining("it was the gateway of the old network"),
    ]);
  });

  test("a choice is a list of its words, each with an explanation", async () => {
    const owner = new Owner({ prefix: ["2001:db8:1:2::/64"], sure: ["y"] });
    await converse(owner, {});
    for (const { key, choices } of QUESTIONS.filter((row) => row.choices)) {
      const asked = owner.asked.find(({ name }) => name === key);
      expect(asked).toMatchObject({ type: "list" });
      expect(owner.choicesOf(key)).toEqual(choices);
      for (const { name } of owner.listOf(key)) {
        expect(name).toMatch(/^\S+ {2,}\S.{10,}/);
        expect(name.length).toBeLessThanOrEqual(77);
      }
    }
  });
});

describe("the plan while it is asked for", () => {
  const told = async (
    replies: Record<string, unknown[]>,
    given: Given = {},
    former?: Answers,
  ): Promise<string[][]> => {
    const printed = new Printed();
    const background = { previous: former };
    await converse(new Owner(replies), given, background, printed);
    return printed.told;
  };
  const P = "2001:db8:1:2";

  test("each answer settles its row, with what is derived from it", async () => {
    expect(await told({ prefix: [`${P}::/64`] })).toEqual([
      [`prefix: ${P}::/64, on-link, NDP proxy ndppd`],
      [`server: ${P}::2/64 on ens3, gateway fe80::1`],
      [`exposed subnet: ${P}:300::/80 (Docker network ipv6_exposed)`],
      [`Kong: ${P}:300::8100`],
    ]);
  });

  test("what flags gave stands first; a row that changes stands again, no other does", async () => {
    const rows = await told(
      { sure: ["y"], interface: ["eth7"], delivery: ["routed"] },
      { prefix: `${P}::/64`, ipv4: "none", exposed: `${P}:ff::/80` },
    );
    expect(rows).toEqual([
      [
        `exposed subnet: ${P}:ff::/80 (Docker network ipv6_exposed)`,
        `prefix: ${P}::/64, on-link, NDP proxy ndppd`,
        "IPv4: none",
      ],
      [`server: ${P}::2/64 on ens3, gateway fe80::1`],
      [`Kong: ${P}:ff::8100`],
      [`server: ${P}::2/64 on eth7, gateway fe80::1`],
      [`prefix: ${P}::/64, routed, no NDP proxy`],
      ["kong-net: 10.83.81.0/24, admin API on http://10.83.81.100:8001"],
    ]);
  });

  test("of a repository that is there only what changes", async () => {
    const former = answersFrom();
    expect(await told({}, {}, former)).toEqual([]);
    expect(await told({ host: [`${P}::9`] }, {}, former)).toEqual([
      [`server: ${P}::9/64 on ens3, gateway fe80::1`],
    ]);
    const moved = await told({ prefix: ["2001:db8:7::/64"] }, {}, former);
    expect(moved.map(([row]) => row?.split(":")[0])).toEqual([
      "prefix",
      "server",
      "exposed subnet",
      "Kong",
    ]);
  });
});

describe("askConflicts", () => {
  const style = styleFor(false, false);
  const conflict = (path: string, before = true): Change => ({
    path,
    action: "conflict",
    before: before ? { text: "mine\n", mode: 0o644 } : null,
    after: { text: "new\n", mode: 0o644 },
    reason: "create-kong-ipv6 did not write it",
  });

  test("asks for each, and once whether all are the same", async () => {
    const owner = new Owner({
      resolution: ["keep", "theirs", "markers"],
      sure: ["n"],
    });
    const conflicts = ["a", "b", "c"].map((path) => conflict(path));
    const resolutions = await askConflicts(owner, conflicts, style, () => {});
    expect([...resolutions]).toEqual([
      ["a", "keep"],
      ["b", "theirs"],
      ["c", "markers"],
    ]);
    expect(owner.names).toEqual([
      "resolution",
      "sure",
      "resolution",
      "resolution",
    ]);
  });

  test("the same for all ends the asking", async () => {
    const owner = new Owner({ resolution: ["theirs"], sure: ["y"] });
    const conflicts = ["a", "b", "c"].map((path) => conflict(path));
    const resolutions = await askConflicts(owner, conflicts, style, () => {});
    expect([...resolutions.values()]).toEqual(["theirs", "theirs", "theirs"]);
  });

  test("shows the difference as often as it is asked for", async () => {
    const shown: string[] = [];
    const owner = new Owner({ resolution: ["diff", "diff", "keep"] });
    const resolutions = await askConflicts(
      owner,
      [conflict("a")],
      style,
      (text) => shown.push(text),
    );
    expect(resolutions.get("a")).toBe("keep");
    expect(shown).toHaveLength(2);
    expect(shown[0]).toContain("-mine\n+new");
    expect(owner.names).toEqual(["resolution", "resolution", "resolution"]);
  });

  test("what can't be compared can only be kept", async () => {
    const owner = new Owner({ resolution: ["keep"] });
    await askConflicts(owner, [conflict("a", false)], style, () => {});
    const { choices } = owner.asked[0] as { choices?: { value: string }[] };
    expect(choices?.map(({ value }) => value)).toEqual(["keep"]);
  });
});
