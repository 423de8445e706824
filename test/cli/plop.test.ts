import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { QUESTIONS } from "../../src/answers/questions.ts";
import {
  CHECKOUT,
  environment,
  redacted,
  run,
  Sandbox,
  snapshot,
} from "../support/run.ts";
import { CTRL_C, DOWN, plain, Terminal } from "../support/terminal.ts";

/** What `npx plop` starts in a checkout. */
const PLOP = join(CHECKOUT, "node_modules/.bin/plop");

const FIRST = QUESTIONS.filter(({ first }) => first).map(
  ({ meaning }) => `? ${meaning}: `,
);
const P = "2a03:2222:3333:4444";
const DEFAULTS = ["", `(${P}::2)`, `(${P}:300::/80)`, `(${P}:300::8100)`];

async function converse(terminal: Terminal, consent = ""): Promise<number> {
  await terminal.answer("(none)");
  for (const [index, prompt] of FIRST.entries())
    await terminal.answer(
      `${prompt}${DEFAULTS[index]}`,
      index === 0 ? `${P}::/64` : "",
    );
  await terminal.answer("? More settings? (y/N)");
  await terminal.answer("? (Y/n", consent);
  return await terminal.ended;
}

/** What is printed once all is answered, but for what is random and the name of the directory. */
function report(terminal: Terminal, directory: string): string {
  const text = plain(terminal.output);
  return (
    text
      .slice(text.lastIndexOf("More settings?"))
      .replaceAll(directory, "gw")
      // Wrapped elsewhere, because of the longer name.
      .replace(/\? Write .* \(Y[^)]*\) /s, "")
      .replace(/(npm start --|node \S+cli\.cjs) /g, "CALL ")
      // plop's own spinner.
      .replace(/[\u2800-\u28ff] */g, "")
      .replace(/fd[0-9a-f:]+\/64/g, "<random>")
  );
}

test("npx plop asks, prints and writes what the command does", async () => {
  const sandbox = new Sandbox();
  const command = new Terminal(sandbox, ["gw"]);
  const directory = sandbox.path("plopped");
  const plop = new Terminal(sandbox, [], { command: [PLOP], cwd: CHECKOUT });
  await plop.answer("? directory: (my-gateway)", directory);
  expect(await Promise.all([converse(command), converse(plop)])).toEqual([
    0, 0,
  ]);

  const lines = report(command, "gw").trimEnd();
  expect(lines).toContain("Next steps");
  expect(report(plop, directory)).toContain(lines);
  const { answers } = JSON.parse(sandbox.read("plopped/.kong-ipv6.json"));
  const again = new Sandbox();
  await run(again, [
    "gw",
    "--prefix",
    answers.prefix,
    "--internal-prefix",
    answers.internalPrefix,
  ]);
  expect(redacted(snapshot(directory))).toEqual(
    redacted(snapshot(again.path("gw"))),
  );
});

test("npx plop refuses a directory before it asks on, and ends with an error", async () => {
  const sandbox = new Sandbox({ file: "mine\n" });
  const before = sandbox.tree();
  const plop = new Terminal(sandbox, [], { command: [PLOP], cwd: CHECKOUT });
  await plop.answer("? directory: (my-gateway)", sandbox.path("file"));
  expect(await plop.ended).not.toBe(0);
  expect(plain(plop.output)).toContain(
    `${sandbox.path("file")} is not a directory`,
  );
  expect(plain(plop.output)).not.toContain(FIRST[0]);
  expect(sandbox.tree()).toEqual(before);
});

test("npx plop asks about files in the way, and tells of markers by its exit code", async () => {
  const sandbox = new Sandbox({ "gw/README.md": "# Mine\n" });
  const plop = new Terminal(sandbox, [], { command: [PLOP], cwd: CHECKOUT });
  await plop.answer("? directory: (my-gateway)", sandbox.path("gw"));
  await plop.answer("(none)");
  for (const [index, prompt] of FIRST.entries())
    await plop.answer(prompt, index === 0 ? `${P}::/64` : "");
  await plop.answer("? More settings? (y/N)");
  await plop.answer("show the difference", DOWN + DOWN);
  await plop.answer("? (Y/n");
  expect(await plop.ended).toBe(3);
  expect(sandbox.read("gw/README.md")).toMatch(/^<<<<<<< yours\n# Mine\n/);
});

test("npx plop ends in a terminal that reports no columns", async () => {
  const sandbox = new Sandbox();
  const plop = new Terminal(sandbox, [], {
    command: ["sh", "-c", `stty cols 0 rows 0; exec '${PLOP}'`],
    cwd: CHECKOUT,
  });
  await plop.answer("directory:", sandbox.path("gw"));
  await plop.answer("(none)");
  for (const [index, prompt] of FIRST.entries())
    await plop.answer(prompt, index === 0 ? `${P}::/64` : "");
  await plop.answer("? More settings? (y/N)");
  await plop.answer("? (Y/n");
  const late = new Promise<never>((_, reject) => {
    setTimeout(() => reject(new Error("it never ended")), 15_000).unref();
  });
  try {
    expect(await Promise.race([plop.ended, late])).toBe(0);
  } finally {
    plop.kill();
  }
});

test("Ctrl-C, and no at the summary, leave plop with 130, nothing written", async () => {
  const sandbox = new Sandbox();
  const before = sandbox.tree();
  const start = async (): Promise<Terminal> => {
    const plop = new Terminal(sandbox, [], { command: [PLOP], cwd: CHECKOUT });
    await plop.answer("? directory: (my-gateway)", sandbox.path("gw"));
    return plop;
  };
  const [first, no] = await Promise.all([start(), start()]);
  await first.answer("(none)");
  await first.see(FIRST[0] ?? "");
  first.type(CTRL_C);
  expect(await Promise.all([first.ended, converse(no, "n")])).toEqual([
    130, 130,
  ]);
  expect(plain(no.output)).toContain("Cancelled: nothing was written.");
  expect(sandbox.tree()).toEqual(before);
});

test("without a terminal plop exits non-zero, writes nothing, and says what to use", () => {
  const sandbox = new Sandbox();
  const options = {
    cwd: CHECKOUT,
    env: environment(sandbox),
    encoding: "utf8",
    input: `${sandbox.path("gw")}\n`,
  } as const;
  const before = sandbox.tree();
  const status = (): string =>
    spawnSync("git", ["status", "--porcelain", "my-gateway"], options).stdout;
  const { status: code, stdout, stderr } = spawnSync(PLOP, [], options);
  expect(code).not.toBe(0);
  expect(stdout + stderr).toContain(
    "needs a terminal. Use npm start -- --help",
  );
  expect(sandbox.tree()).toEqual(before);
  expect(status()).toBe("");
});
