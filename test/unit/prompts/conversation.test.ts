import type { Answers as Replies, DistinctQuestion } from "inquirer";
import { describe, expect, test } from "vitest";
import { QUESTIONS } from "../../../src/answers/questions.ts";
import { type Answers } from "../../../src/answers/types.ts";
import type { Change } from "../../../src/reconcile/change.ts";
import { confirm, type Prompter } from "../../../src/prompts/ask.ts";
import { askConflicts } from "../../../src/prompts/conflicts.ts";
import { converse } from "../../../src/prompts/conversation.ts";
import type { Detected, Detector } from "../../../src/detect/infer/types.ts";
import { PROMPT_WIDTH } from "../../../src/prompts/one-line.ts";
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

  get names(): string[] {
    return this.asked.map(({ name }) => name);
  }
}

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
    const told: string[] = [];
    const given = await converse(
      owner,
      {},
      undefined,
      (rows) => told.push(...rows.map(({ value }) => value)),
      look,
    );
    expect(owner.asked[1]?.default).toBe("2001:db8:1:2::9");
    expect(told).toContain("address\\u000aof eth0");
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
    });
    const given = await converse(owner, {});
    const keys = QUESTIONS.map(({ key }) => key as string);
    expect(owner.names.filter((name) => name !== "sure")).toEqual(keys);
    expect(given).toMatchObject({
      ndp: "none",
      plugin: ["a", "kong-plugin-b", "c"],
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
      prefix: ["fd00::/64", "2001:db8:1:2::1/64", "2001:db8:1:2::/64"],
      kong: ["2001:db8::1", "2001:db8:1:2:300::1", "2001:db8:1:2:300::7"],
    });
    const given = await converse(owner, {});
    expect(given.kong).toBe("2001:db8:1:2:300::7");
    expect(owner.refused).toEqual([
      expect.stringContaining("unique local"),
      expect.stringContaining("The subnet is 2001:db8:1:2::/64"),
      expect.stringContaining("outside the exposed subnet"),
      expect.stringContaining("Docker"),
    ]);
    for (const text of owner.refused) expect(text).not.toContain("\n");
  });

  const P = "2001:db8:1:2";

  test("the exposed subnet that is offered holds the Kong that was given", async () => {
    const owner = new Owner({ exposed: [`${P}:300::/80`, `${P}:999::/80`] });
    const given = { ...GIVEN, kong: `${P}:999::1` };
    await expect(converse(owner, given)).rejects.toThrow("stuck");
    expect(owner.asked.at(-1)?.default).toBe(`${P}:998::/79`);
    expect(owner.refused).toEqual([
      `--kong: it is outside the exposed subnet. Try ${P}:998::/79.`,
      `--kong: Docker's bridge takes the first address. Try ${P}:998::/79.`,
    ]);
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

  test("an issue of another flag says to cancel and change that flag", async () => {
    const owner = new Owner({ prefix: ["2a03:2222:3333:4444::/64"] });
    const kong = `${P}:999::5`;
    await expect(converse(owner, { kong })).rejects.toThrow("stuck");
    expect(owner.refused).toEqual([
      expect.stringMatching(
        /^--kong: it is outside the prefix.*give another --kong/,
      ),
    ]);
    for (const text of owner.refused)
      expect(text.length).toBeLessThanOrEqual(PROMPT_WIDTH);
  });

  test("a choice is a list of its words", async () => {
    const owner = new Owner({ prefix: ["2001:db8:1:2::/64"], sure: ["y"] });
    await converse(owner, {});
    for (const { key, choices } of QUESTIONS.filter((row) => row.choices)) {
      const asked = owner.asked.find(({ name }) => name === key);
      expect(asked).toMatchObject({
        type: "list",
        choices: [...(choices ?? [])],
      });
    }
  });
});

describe("the plan while it is asked for", () => {
  const told = async (
    replies: Record<string, unknown[]>,
    given: Given = {},
    former?: Answers,
  ): Promise<string[][]> => {
    const heard: string[][] = [];
    await converse(new Owner(replies), given, former, (rows) =>
      heard.push(rows.map(({ name, value }) => `${name}: ${value}`)),
    );
    return heard;
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
