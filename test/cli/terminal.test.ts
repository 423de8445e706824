import { setTimeout } from "node:timers/promises";
import { beforeAll, describe, expect, test } from "vitest";
import { QUESTIONS } from "../../src/answers/questions.ts";
import { type AnswerKey } from "../../src/answers/types.ts";
import { resolve } from "../../src/answers/resolve.ts";
import {
  batched,
  CLI,
  PREFIX,
  redacted,
  run,
  Sandbox,
  snapshot,
} from "../support/run.ts";
import {
  CTRL_C,
  CTRL_D,
  CTRL_U,
  CTRL_Z,
  DOWN,
  ENTER,
  plain,
  Terminal,
} from "../support/terminal.ts";

const P = "2a03:2222:3333:4444";

function prompt(key: AnswerKey): string {
  return `? ${QUESTIONS.find((question) => question.key === key)?.meaning}: `;
}

/** Files that are in the way. */
const MINE = {
  "gw/.env": "A=1\n",
  "gw/.gitignore": "x\n",
  "gw/README.md": "# Mine\n",
};

/** No login, the prefix, and each derived default taken. */
async function answerFirst(terminal: Terminal): Promise<void> {
  await terminal.answer(`${prompt("ssh")}(none)`);
  await terminal.answer(prompt("prefix"), `${P}::/64`);
  await terminal.answer(`${prompt("host")}(${P}::2)`);
  await terminal.answer(`${prompt("exposed")}(${P}:300::/80)`);
  await terminal.answer(`${prompt("kong")}(${P}:300::8100)`);
}

/** Enter at the summary. @returns what is shown before it */
async function agree(terminal: Terminal): Promise<string> {
  const seen = await terminal.see(" to gw? (Y/n");
  terminal.type(ENTER);
  return seen;
}

/** The printed command that repeats the run, as arguments. */
function repetition(output: string): string[] {
  const line = /^ {2}node \S+\/dist\/cli\.cjs (.* --yes.*)$/m.exec(
    plain(output),
  )?.[1];
  return line?.split(" ") ?? [];
}

async function expectRepeated(sandbox: Sandbox, output: string): Promise<void> {
  const other = new Sandbox();
  expect(await run(other, repetition(output))).toMatchObject({
    code: 0,
    stderr: "",
  });
  expect(redacted(snapshot(other.cwd))).toEqual(
    redacted(snapshot(sandbox.cwd)),
  );
  expect(other.read("gw/.env")).not.toBe(sandbox.read("gw/.env"));
}

/** What each question takes. */
const ANSWERS = resolve({ prefix: `${P}::/64` }).answers;

/** All behind "More settings?". */
const MORE = QUESTIONS.filter(({ first, key }) => !first && key !== "ssh");

describe("the conversation", () => {
  test("four questions with their derived defaults, then More settings?; it can be repeated", async () => {
    const sandbox = new Sandbox();
    const terminal = new Terminal(sandbox, ["gw"]);
    await answerFirst(terminal);
    await terminal.answer("? More settings? (y/N)");
    const summary = await agree(terminal);
    const report = await terminal.see("To repeat this run without questions:");
    expect(await terminal.ended).toBe(0);
    // A command names this checkout, and is never broken.
    for (const line of `${summary}\n${report}`.split("\n"))
      if (!line.includes("dist/cli.cjs"))
        expect(line.length, line).toBeLessThanOrEqual(80);
    // All of it on one screen, with the question.
    expect(summary.split("\n").length).toBeLessThanOrEqual(24);
    expect(report).toMatch(/Wrote \d+ files to gw\./);
    // Nothing else was asked.
    expect(report.match(/\? .*/g)).toEqual([
      expect.stringMatching(/^\? Write \d+ files to gw\? Yes$/),
    ]);
    await expectRepeated(sandbox, terminal.output);
  });

  test("a refused value is told on one line, and can be mended", async () => {
    const sandbox = new Sandbox();
    const terminal = new Terminal(sandbox, ["gw"]);
    await terminal.answer(prompt("ssh"));
    await terminal.answer(prompt("prefix"), "fe80::/64");
    await terminal.see(
      ">> it is link-local space (RFC 4291 2.5.6). Give the provider's ADDRESS/LENGTH.",
    );
    terminal.type(`${CTRL_U}2A03:2222:3333:4444:0:0:0:0/64${ENTER}`);
    await terminal.see(`${prompt("prefix")}${P}::/64\n`);
    await terminal.answer(`${prompt("host")}(${P}::2)`);
    await terminal.answer(`${prompt("exposed")}(${P}:300::/80)`);
    await terminal.answer(
      `${prompt("kong")}(${P}:300::8100)`,
      "2a03:4000:6:b0f2:300::8100",
    );
    await terminal.see(
      `>> it is outside the exposed subnet. Try ${P}:300::8100.`,
    );
    terminal.type(`${CTRL_U}${P}:300::5${ENTER}`);
    await terminal.answer("? More settings? (y/N)", "n");
    await agree(terminal);
    expect(await terminal.ended).toBe(0);
    const { answers } = JSON.parse(sandbox.read("gw/.kong-ipv6.json"));
    expect(answers).toMatchObject({ prefix: `${P}::/64`, kong: `${P}:300::5` });
    await expectRepeated(sandbox, terminal.output);
  });

  test("the default is shown again when what was typed is deleted", async () => {
    const terminal = new Terminal(new Sandbox(), ["gw", ...PREFIX]);
    await terminal.answer(prompt("ssh"));
    await terminal.see(`${prompt("host")}(${P}::2) `);
    terminal.type("2");
    await terminal.see(`${prompt("host")}2`);
    terminal.type(CTRL_U);
    await terminal.see(`${prompt("host")}(${P}::2) `);
    terminal.type(ENTER);
    await terminal.see(`${prompt("host")}${P}::2\n`);
    await terminal.answer(prompt("exposed"));
    await terminal.answer(prompt("kong"));
    await terminal.answer("? More settings? (y/N)", "maybe");
    await terminal.see(">> Type y or n.");
    terminal.type(CTRL_C);
    expect(await terminal.ended).toBe(130);
  });

  test("all of More settings", async () => {
    const REPLIES: Partial<Record<AnswerKey, string>> = {
      interface: "eth0",
      delivery: DOWN,
      ipv4: "192.0.2.10/24",
      ipv4Gateway: "192.0.2.1",
      network: "public",
      domain: "Gateway.Example.com",
      plugin: "kong-plugin-a, kong-plugin-b",
      database: DOWN,
      firewall: DOWN,
      dataDir: "/srv/kong",
    };
    const sandbox = new Sandbox();
    const terminal = new Terminal(sandbox, ["gw"]);
    await answerFirst(terminal);
    await terminal.answer("? More settings? (y/N)", "y");
    for (const { key } of MORE)
      await terminal.answer(prompt(key), REPLIES[key]);
    await agree(terminal);
    expect(await terminal.ended).toBe(0);
    const { answers } = JSON.parse(sandbox.read("gw/.kong-ipv6.json"));
    expect(answers).toMatchObject({
      interface: "eth0",
      gateway: "fe80::1",
      delivery: "routed",
      ndp: "none",
      ipv4: "192.0.2.10/24",
      ipv4Gateway: "192.0.2.1",
      network: "public",
      domain: "gateway.example.com",
      kongImage: "kong:3.9.3",
      plugin: ["kong-plugin-a", "kong-plugin-b"],
      database: "off",
      firewall: "nftables",
      dataDir: "/srv/kong",
    });
    const other = new Sandbox();
    expect(await run(other, repetition(terminal.output))).toMatchObject({
      code: 0,
    });
    expect(redacted(snapshot(other.cwd))).toEqual(
      redacted(snapshot(sandbox.cwd)),
    );
  });

  test("what flags and file give is not asked; where all is given, nothing is", async () => {
    const sandbox = new Sandbox({
      "a.yaml": `prefix: ${P}::/64\nkong: ${P}:300::7\n`,
    });
    const terminal = new Terminal(sandbox, [
      "gw",
      "--answers",
      "a.yaml",
      "--host",
      `${P}::3`,
      "--ssh",
      "none",
      "--git",
    ]);
    expect(await terminal.answer(prompt("exposed"))).not.toContain(
      prompt("prefix"),
    );
    await terminal.answer("? More settings? (y/N)");
    await terminal.answer(" to gw, and commit them? (Y/n");
    expect(await terminal.ended).toBe(0);
    expect(plain(terminal.output)).not.toContain(prompt("kong"));
    expect(repetition(terminal.output)).toContain("--git");
    const { answers } = JSON.parse(sandbox.read("gw/.kong-ipv6.json"));
    const whole = new Sandbox({ "a.json": JSON.stringify(answers) });
    const silent = new Terminal(whole, ["gw", "--answers", "a.json"]);
    expect(await silent.ended).toBe(0);
    expect(plain(silent.output)).not.toMatch(/\? |To repeat this/);
  });

  test("--dry-run: nothing to agree to", async () => {
    const sandbox = new Sandbox();
    const before = sandbox.tree();
    const terminal = new Terminal(sandbox, ["gw", "--dry-run"]);
    await answerFirst(terminal);
    await terminal.answer("? More settings? (y/N)");
    const report = await terminal.see("Nothing was written: --dry-run.");
    expect(await terminal.ended).toBe(4);
    expect(report).toMatch(/^ {2}\+ docker-compose\.yml$/m);
    expect(report).not.toContain("(Y/n)");
    expect(sandbox.tree()).toEqual(before);
    // What is printed as its repetition writes nothing either.
    const again = await run(sandbox, repetition(terminal.output));
    expect(again).toMatchObject({ code: 4, stderr: "" });
    expect(sandbox.tree()).toEqual(before);
  });

  test("files in the way, kept in a conversation, are kept by the command that repeats it", async () => {
    const sandbox = new Sandbox(MINE);
    const terminal = new Terminal(sandbox, ["gw"]);
    await answerFirst(terminal);
    await terminal.answer("? More settings? (y/N)");
    await terminal.see("show the difference");
    terminal.type(ENTER);
    await terminal.answer("Do the same for the other 2? (y/N)", "y");
    await agree(terminal);
    // The .env that is kept has no address.
    expect(await terminal.ended).toBe(3);
    const again = repetition(terminal.output);
    expect(again.join(" ")).toMatch(/ --conflict keep --yes$/);
    const other = new Sandbox(MINE);
    expect(await run(other, again)).toMatchObject({ code: 3, stderr: "" });
    expect(redacted(snapshot(other.cwd))).toEqual(
      redacted(snapshot(sandbox.cwd)),
    );
  });

  test("files in the way that were settled one by one: no flag repeats that, and it is said", async () => {
    const sandbox = new Sandbox(MINE);
    const terminal = new Terminal(sandbox, ["gw"]);
    await answerFirst(terminal);
    await terminal.answer("? More settings? (y/N)");
    for (const keys of ["", DOWN, ""]) {
      await terminal.see("show the difference");
      terminal.type(keys + ENTER);
      if (keys === "" && !plain(terminal.output).includes("Do the same for"))
        await terminal.answer("Do the same for the other 2? (y/N)");
    }
    await agree(terminal);
    // The .env that is kept has no address.
    expect(await terminal.ended).toBe(3);
    const output = plain(terminal.output);
    expect(output).toContain(
      "without questions (except the conflicts, which you resolved\none by one",
    );
    for (const line of output
      .split("\n")
      .filter((text) => /one by one/.test(text)))
      expect(line.length).toBeLessThanOrEqual(80);
    expect(repetition(output)).not.toContain("--conflict");
  });

  test("--diff: the differences stand before the owner's yes, once", async () => {
    const sandbox = new Sandbox();
    const terminal = new Terminal(sandbox, ["gw", "--diff"]);
    await answerFirst(terminal);
    await terminal.answer("? More settings? (y/N)");
    expect(await agree(terminal)).toContain("+++ b/docker-compose.yml");
    expect(await terminal.ended).toBe(0);
    const shown = plain(terminal.output).match(/^\+\+\+ b\/docker-c/gm);
    expect(shown).toHaveLength(1);
  });

  test("what is unusable is told before anything is asked", async () => {
    const sandbox = new Sandbox();
    const terminal = new Terminal(sandbox, [
      "gw",
      "--kong",
      "fe80::1",
      "--domain",
      "localhost",
      "--bogus",
    ]);
    expect(await terminal.ended).toBe(2);
    const output = plain(terminal.output);
    for (const flag of ["--kong", "--domain", "--bogus"])
      expect(output).toContain(`error ${flag}`);
    expect(output).not.toMatch(/^\? /m);
  });
});

describe("at the summary", () => {
  test("an answer can be changed, again and again; the new plan is shown, written and repeated", async () => {
    const sandbox = new Sandbox();
    const terminal = new Terminal(sandbox, ["gw"]);
    await terminal.see("create-kong-ipv6 0.1.0: ");
    await answerFirst(terminal);
    await terminal.answer("? More settings? (y/N)");
    await terminal.answer("(Y/n, c to change an answer)", "c");
    await terminal.see(`❯ ${prompt("prefix").slice(2)}${P}::/64`);
    terminal.type(ENTER);
    await terminal.answer(
      `${prompt("prefix")}(${P}::/64)`,
      "2001:db8:7:8::5/64",
    );
    const seen = await terminal.answer(" to gw? (Y/n", "maybe");
    expect(seen).toContain("2001:db8:7:8:300::8100");
    await terminal.see(">> Type y, n or c.");
    terminal.type(`c${ENTER}`);
    await terminal.see("❯ ");
    terminal.type(DOWN + DOWN + DOWN + ENTER);
    await terminal.answer(
      `${prompt("kong")}(2001:db8:7:8:300::8100)`,
      "2001:db8:7:8:300::9",
    );
    await agree(terminal);
    expect(await terminal.ended).toBe(0);
    const { answers } = JSON.parse(sandbox.read("gw/.kong-ipv6.json"));
    expect(answers).toMatchObject({
      prefix: "2001:db8:7:8::/64",
      host: "2001:db8:7:8::5",
      kong: "2001:db8:7:8:300::9",
    });
    await expectRepeated(sandbox, terminal.output);
  });

  test("an error that a default causes is told, and its answer asked for", async () => {
    const sandbox = new Sandbox();
    const terminal = new Terminal(sandbox, ["gw", "--ipv4", "10.83.81.5/24"]);
    await answerFirst(terminal);
    await terminal.answer("? More settings? (y/N)");
    await terminal.see(
      "error --ipv4 10.83.81.5/24: it conflicts with the default --backend-subnet",
    );
    await terminal.see("? Change which answer?");
    terminal.type(DOWN + ENTER);
    await terminal.answer(prompt("backendSubnet"), "10.83.82.0/24");
    await agree(terminal);
    expect(await terminal.ended).toBe(0);
    expect(sandbox.read("gw/docker-compose.yml")).toContain("10.83.82.0/24");
  });
});

describe("cancelled: exit 130, nothing written, said", () => {
  const cancelled = async (
    terminal: Terminal,
    sandbox: Sandbox,
    before: object,
  ): Promise<void> => {
    expect(await terminal.ended).toBe(130);
    // On a line of its own.
    expect(plain(terminal.output)).toMatch(
      /^Cancelled: nothing was written\.$/m,
    );
    expect(terminal.output).not.toContain("    at ");
    expect(sandbox.tree()).toEqual(before);
  };

  /** Every answer but one by flag, and the lists: only those are asked. */
  const allBut = (asked: AnswerKey): string[] =>
    QUESTIONS.filter(({ key, list }) => key !== asked && !list).flatMap(
      ({ key, flag }) => [flag, ANSWERS[key] as string],
    );

  /** The lists, without the one that is asked. */
  const lists = (asked?: AnswerKey): string[] =>
    QUESTIONS.filter(({ key, list }) => key !== asked && list).flatMap(
      ({ key, flag }) => [flag, key === "plugin" ? "a" : "mail:25"],
    );

  test("Ctrl-Z stopped the command alone, so that npm kept the terminal, and fg cancelled it", async () => {
    const sandbox = new Sandbox();
    const command = ["bash", "--norc", "-i"];
    const shell = new Terminal(sandbox, [], { command });
    // As npm does: a process of its own between the shell and the command.
    const call = `'${process.execPath}' '${CLI}' gw --ssh none --kong ${P}:300::9`;
    shell.type(`sh -c "${call}; :"${ENTER}`);
    await shell.answer(prompt("prefix"), `${P}::/64`);
    await shell.see(prompt("host"));
    for (const round of [1, 2]) {
      shell.type(`${P}::${round}${CTRL_Z}`);
      await shell.see("Stopped");
      shell.type(`fg${ENTER}`);
      await shell.see(prompt("host"));
      shell.type(CTRL_U);
    }
    shell.type(`${P}::7${ENTER}`);
    await shell.answer(prompt("exposed"));
    await shell.answer("? More settings? (y/N)");
    await agree(shell);
    await shell.see("Wrote ");
    shell.type(`exit${ENTER}`);
    expect(await shell.ended).toBe(0);
    expect(sandbox.read("gw/.kong-ipv6.json")).toContain(`"host": "${P}::7"`);
  });

  test("Ctrl-Z without a shell to come back to goes on", async () => {
    const sandbox = new Sandbox();
    const terminal = new Terminal(sandbox, ["gw", ...allBut("host")]);
    await terminal.see(prompt("host"));
    terminal.type(CTRL_Z);
    await setTimeout(1000);
    terminal.type(DOWN + ENTER);
    await terminal.answer("? More settings? (y/N)");
    await agree(terminal);
    expect(await terminal.ended).toBe(0);
    // The terminal itself would have shown the key.
    expect(terminal.output).not.toContain("^[[B");
  });

  test("Ctrl-C at every question", async () => {
    await batched(QUESTIONS, async ({ key, first }) => {
      const sandbox = new Sandbox();
      const before = sandbox.tree();
      const all = [...allBut(key), ...lists(key)];
      const terminal = new Terminal(sandbox, ["gw", ...all]);
      if (!first && key !== "ssh")
        await terminal.answer("? More settings? (y/N)", "y");
      await terminal.see(prompt(key));
      terminal.type(CTRL_C);
      await cancelled(terminal, sandbox, before);
    });
  });

  test.each([
    ["Ctrl-C", CTRL_C],
    ["Ctrl-D", CTRL_D],
  ])(
    "%s in the middle, at More settings? and at the summary",
    async (_, key) => {
      const sandbox = new Sandbox();
      const before = sandbox.tree();
      const middle = new Terminal(sandbox, ["gw", ...PREFIX]);
      await middle.answer(prompt("ssh"));
      await middle.answer(prompt("host"));
      await middle.see(prompt("exposed"));
      middle.type(key);
      const more = new Terminal(sandbox, ["gw", ...allBut("plugin")]);
      await more.see("? More settings? (y/N)");
      more.type(key);
      const summary = new Terminal(sandbox, ["gw", ...allBut("kong")]);
      await summary.answer(prompt("kong"));
      await summary.answer("? More settings? (y/N)");
      await summary.see(" to gw? (Y/n");
      summary.type(key);
      for (const terminal of [middle, more, summary])
        await cancelled(terminal, sandbox, before);
    },
  );

  test("no at the summary: of the conversation, and of files in the way", async () => {
    const sandbox = new Sandbox({ "gw/README.md": "# Mine\n" });
    const before = sandbox.tree();
    const asked = new Terminal(sandbox, ["new", ...allBut("kong")]);
    await asked.answer(prompt("kong"));
    await asked.answer("? More settings? (y/N)");
    await asked.answer(" to new? (Y/n", "n");
    const all = [...allBut("plugin"), ...lists()];
    const inTheWay = new Terminal(sandbox, ["gw", ...all]);
    await inTheWay.see("show the difference");
    inTheWay.type(DOWN + ENTER);
    await inTheWay.answer(" to gw? (Y/n", "n");
    await cancelled(asked, sandbox, before);
    await cancelled(inTheWay, sandbox, before);
  });

  test("Ctrl-C at a file in the way, in its list and at the same for all", async () => {
    const sandbox = new Sandbox({
      "gw/README.md": "# Mine\n",
      "gw/.env": "A=1\n",
    });
    const before = sandbox.tree();
    const all = [...allBut("plugin"), ...lists()];
    const list = new Terminal(sandbox, ["gw", ...allBut("kong")]);
    await list.answer(prompt("kong"));
    await list.answer("? More settings? (y/N)");
    await list.see("show the difference");
    list.type(CTRL_C);
    const same = new Terminal(sandbox, ["gw", ...all]);
    await same.see("show the difference");
    same.type(ENTER);
    await same.see("Do the same for the other 1? (y/N)");
    same.type(CTRL_C);
    await cancelled(list, sandbox, before);
    await cancelled(same, sandbox, before);
  });
});

describe("files in the way", () => {
  /** A run with all answers, so that only the files are asked about. */
  let args: readonly string[] = [];
  let answers = "";
  beforeAll(async () => {
    const sandbox = new Sandbox();
    await run(sandbox, [
      "gw",
      ...PREFIX,
      "--internal-prefix",
      "fd4c:8a1e:92b7::/64",
    ]);
    answers = JSON.stringify(
      JSON.parse(sandbox.read("gw/.kong-ipv6.json")).answers,
    );
    args = ["gw", "--answers", "a.json"];
  });

  test("each is asked about: the difference, keep, take, markers", async () => {
    const sandbox = new Sandbox({ ...MINE, "a.json": answers });
    const terminal = new Terminal(sandbox, args);
    await terminal.see("? .env (create-kong-ipv6 did not write it):");
    await terminal.see("show the difference");
    terminal.type(DOWN + DOWN + DOWN + ENTER);
    expect(
      await terminal.see(
        "? .env (create-kong-ipv6 did not write it): (Use arrow keys)",
      ),
    ).toMatch(/^ A=<secret>$/m);
    await terminal.see("show the difference");
    terminal.type(ENTER);
    await terminal.answer("Do the same for the other 2? (y/N)");
    await terminal.see(
      "? .gitignore (create-kong-ipv6 did not write it): (Use arrow keys)",
    );
    await terminal.see("show the difference");
    terminal.type(DOWN + ENTER);
    await terminal.see(
      "? README.md (create-kong-ipv6 did not write it): (Use arrow keys)",
    );
    await terminal.see("show the difference");
    terminal.type(DOWN + DOWN + ENTER);
    await agree(terminal);
    // A file with markers is left to the owner.
    expect(await terminal.ended).toBe(3);
    expect(sandbox.read("gw/.env")).toBe("A=1\n");
    expect(sandbox.read("gw/.gitignore")).toContain(".kong-ipv6.*/\n");
    expect(sandbox.read("gw/README.md")).toMatch(
      /^<<<<<<< yours\n# Mine\n=======\n/,
    );
    expect(
      Object.values(snapshot(sandbox.path("gw/.kong-ipv6.undo/old"))),
    ).toEqual(["file 0644 x\n", "file 0644 # Mine\n"]);
  });

  test("the same for all", async () => {
    const sandbox = new Sandbox({ ...MINE, "a.json": answers });
    const terminal = new Terminal(sandbox, args);
    await terminal.see("show the difference");
    terminal.type(DOWN + ENTER);
    await terminal.answer("Do the same for the other 2? (y/N)", "y");
    const summary = await agree(terminal);
    expect(await terminal.ended).toBe(0);
    expect(summary).toMatch(
      /^ {2}\+ \.env\.example \.gitattributes docker-compose\.yml .*$/m,
    );
    expect(summary).toMatch(/^ {2}~ README\.md {2}\(/m);
    expect(summary).toMatch(/Plan: \d+ to create, 3 to update\./);
  });

  test("--conflict is the owner's word: nothing is asked", async () => {
    const sandbox = new Sandbox({ ...MINE, "a.json": answers });
    const terminal = new Terminal(sandbox, [...args, "--conflict", "keep"]);
    expect(await terminal.ended).toBe(3);
    expect(terminal.output).not.toContain("? ");
  });
});

describe("without questions", () => {
  test("--yes and --json ask nothing, not even for the prefix", async () => {
    for (const flag of ["--yes", "--json"]) {
      const sandbox = new Sandbox({ "used/README.md": "# Mine\n" });
      const done = new Terminal(sandbox, ["gw", ...PREFIX, flag]);
      const missing = new Terminal(sandbox, ["other", flag]);
      const inTheWay = new Terminal(sandbox, ["used", ...PREFIX, flag]);
      expect(
        await Promise.all([done.ended, missing.ended, inTheWay.ended]),
        flag,
      ).toEqual([0, 2, 3]);
      expect(plain(missing.output)).toContain("--prefix: it is missing");
      expect(plain(done.output)).not.toMatch(/^\? /m);
    }
  });

  test("TERM=dumb: a refused answer couldn't be mended, for there is no Backspace", async () => {
    const sandbox = new Sandbox();
    const before = sandbox.tree();
    const terminal = new Terminal(sandbox, ["gw"], { env: { TERM: "dumb" } });
    expect(await terminal.ended).toBe(2);
    expect(terminal.output).toContain("Nothing is asked: with TERM=dumb");
    expect(terminal.output).toContain("error --prefix: it is missing");
    expect(terminal.output).not.toContain("\u001b");
    expect(sandbox.tree()).toEqual(before);
    const dry = ["gw", "--prefix", `${P}::/64`, "--yes"];
    expect((await run(sandbox, dry)).code).toBe(0);
    const change = ["regenerate", "gw", "--kong", `${P}:300::7`];
    const given = new Terminal(sandbox, change, { env: { TERM: "dumb" } });
    expect(await given.ended).toBe(0);
    expect(given.output).not.toContain("Nothing is asked");
  });

  test("colours on a terminal only, and none with --no-color, NO_COLOR or TERM=dumb", async () => {
    const args = ["gw", ...PREFIX, "--yes", "--dry-run", "--diff"];
    const wrong = ["gw", "--yes", "--prefix", "x"];
    for (const [more, env] of [
      [[], {}],
      [["--no-color"], {}],
      [[], { NO_COLOR: "1" }],
      [[], { TERM: "dumb" }],
    ] as const) {
      const report = new Terminal(new Sandbox(), [...args, ...more], { env });
      const errors = new Terminal(new Sandbox(), [...wrong, ...more], { env });
      expect([await report.ended, await errors.ended]).toEqual([4, 2]);
      const colours = more.length + Object.keys(env).length === 0;
      const told = JSON.stringify([more, env]);
      for (const { output } of [report, errors])
        expect.soft(output.includes("\u001b"), told).toBe(colours);
      // On a dumb one nothing is asked.
      if ("TERM" in env) continue;
      // Prompts move the cursor: that is no colour.
      const asking = new Terminal(new Sandbox(), ["gw", ...more], { env });
      await answerFirst(asking);
      await asking.answer("? More settings? (y/N)");
      await agree(asking);
      expect(await asking.ended).toBe(0);
      const painted = /\p{Cc}\[[0-9;]*m/u.test(asking.output);
      expect.soft(painted, told).toBe(colours);
    }
  });
});
