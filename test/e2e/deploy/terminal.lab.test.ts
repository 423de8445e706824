import { cpSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { spawn } from "@lydell/node-pty";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Frame } from "../../../scripts/recording/record.ts";
import {
  COLUMNS,
  LINES,
  Screen,
  textOf,
} from "../../../scripts/recording/screen.ts";
import { toSvg } from "../../../scripts/recording/svg.ts";
import { Gateway, LOGIN } from "./gateway.ts";

/** create, deploy and probe at a terminal. LAB_WRITE_DOCS=1 writes the recording to docs/deploy.svg. */

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const WORDS = {
  title: "create, deploy and probe",
  description:
    "In a terminal, npx create-kong-ipv6 my-gateway with --ssh and --yes writes the repository with the facts of the server. Then deploy logs in, copies, shows what apply.sh will change, asks, prints each row of apply.sh, connects again, probes and confirms. At last probe prints a table of what answers on each address and port, and whether that is as promised.",
};
/** Nothing is shown for longer than this, in seconds, but the end. */
const LONGEST = 1.2;

let gateway: Gateway;
const frames: Frame[] = [];
const screen = new Screen();

beforeAll(async () => {
  gateway = await Gateway.open("trixie");
  const { home } = gateway.owner;
  rmSync(join(home, "gw"), { recursive: true });
  // As a package: in a checkout, other commands are printed.
  for (const part of ["dist", "files"])
    cpSync(join(ROOT, part), join(home, "package", part), { recursive: true });
});
afterAll(() => gateway?.close());

const show = (seconds: number) =>
  void frames.push({
    rows: screen.rows(),
    seconds: Math.min(seconds, LONGEST),
  });

/** Runs the command at the terminal; answers a question with yes. @returns what it printed, and its exit code */
async function run(...args: string[]): Promise<{ code: number; text: string }> {
  const before = screen.rows().length;
  await screen.write(`$ npx create-kong-ipv6 ${args.join(" ")}\r\n`);
  show(LONGEST);
  const cli = join("package/dist/cli.cjs");
  const [program, ...rest] = gateway.owner.argv([
    process.execPath,
    cli,
    ...args,
  ]);
  const pty = spawn(program!, rest, {
    cols: COLUMNS,
    rows: LINES,
    name: "xterm-256color",
  });
  let drawn = Promise.resolve();
  let last = performance.now();
  let isAnswered = false;
  pty.onData((data) => {
    drawn = drawn.then(async () => {
      show((performance.now() - last) / 1000);
      last = performance.now();
      await screen.write(data);
      if (isAnswered || !/\(Y\/n\) *$/.test(textOf(screen.rows().at(-1))))
        return;
      isAnswered = true;
      pty.write("y\r");
    });
  });
  const code = await new Promise<number>((resolve) =>
    pty.onExit(({ exitCode }) => resolve(exitCode)),
  );
  await drawn;
  await screen.write("\r\n");
  show(LONGEST);
  return { code, text: screen.rows().slice(before).map(textOf).join("\n") };
}

test("create, deploy and probe at a terminal", async () => {
  const made = await run("my-gateway", "--ssh", LOGIN, "--yes");
  expect(made, made.text).toMatchObject({ code: 0 });
  const deployed = await run("deploy", "my-gateway");
  expect(deployed, deployed.text).toMatchObject({ code: 0 });
  expect(deployed.text.match(/^\? .*Yes$/gm)).toHaveLength(1);
  expect(deployed.text).toMatch(/confirmed/);
  expect(deployed.text).not.toContain("kong-ipv6.new");
  const probed = await run("probe", "my-gateway");
  expect(probed.code, probed.text).toBe(0);
  if (process.env["LAB_WRITE_DOCS"] !== "1") return;
  frames.push({ ...frames.at(-1)!, seconds: 10 });
  writeFileSync(join(ROOT, "docs/deploy.svg"), toSvg(frames, WORDS));
});
