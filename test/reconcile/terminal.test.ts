import { existsSync, rmSync } from "node:fs";
import { spawn } from "@lydell/node-pty";
import { expect, test } from "vitest";
import { batched, CLI, environment } from "../support/run.ts";
import { Made, OLD } from "./made.ts";

const COMPOSE = "docker-compose.yml";
const UP = "\u001b[A";
const DOWN = "\u001b[B";
const ENTER = "\r";

/** Two conflicts: without a database both of the owner's lines go. A third line is in no conflict. */
async function edited(): Promise<Made> {
  const made = await new Made().make();
  made.edit(
    COMPOSE,
    (text) =>
      `# mine\n${text.replace("KONG_PG_USER: kong\n", "KONG_PG_USER: mine\n")}`,
  );
  made.edit(".env", (text) =>
    text.replace("# The database's password:", "# My password:"),
  );
  return made;
}

interface Said {
  readonly code: number;
  readonly screen: string;
}

/** Runs the command in a pseudo-terminal: each answer is typed when its question stands there. */
function talk(
  made: Made,
  args: readonly string[],
  answers: readonly (readonly [question: string, keys: string])[],
): Promise<Said> {
  return new Promise((resolve, reject) => {
    const terminal = spawn(process.execPath, [CLI, ...args], {
      cols: 100,
      rows: 40,
      cwd: made.path(),
      env: { ...environment(made.sandbox), TERM: "xterm", NO_COLOR: "1" },
    });
    const left = [...answers];
    let screen = "";
    let seen = 0;
    const timer = setTimeout(() => {
      terminal.kill("SIGKILL");
      reject(new Error(`no ${left[0]?.[0] ?? "end"} in:\n${screen}`));
    }, 60_000);
    terminal.onData((data) => {
      screen += data;
      const next = left[0];
      const at = next ? screen.indexOf(next[0], seen) : -1;
      if (next === undefined || at < 0) return;
      seen = screen.length;
      left.shift();
      terminal.write(next[1]);
    });
    terminal.onExit(({ exitCode }) => {
      clearTimeout(timer);
      resolve({ code: exitCode, screen });
    });
  });
}

const OFF = ["regenerate", "--database", "off"];
const FIRST = ".env (your edit and the new text touch the same lines):";
const SECOND =
  "docker-compose.yml (your edit and the new text touch the same lines):";
const MORE = "Do the same for the other 1?";
/** The summary's question, and Enter. */
const AGREED = ["? (Y/n)", ENTER] as const;

test("asks about each conflict: keep, take, markers, show the difference, the same for all", async () => {
  const scenes: [
    string,
    readonly (readonly [string, string])[],
    number,
    (made: Made, screen: string) => void,
  ][] = [
    [
      "keep, then take",
      [[FIRST, ENTER], [MORE, `n${ENTER}`], [SECOND, DOWN + ENTER], AGREED],
      0,
      (made) => {
        expect(made.read(".env")).toContain("# My password:");
        expect(made.read(COMPOSE)).not.toContain("KONG_PG_USER");
        expect(made.read(COMPOSE)).toMatch(/^# mine\n/);
      },
    ],
    [
      "keep what contradicts the answers: said before the owner agrees",
      [[FIRST, ENTER], [MORE, `y${ENTER}`], AGREED],
      3,
      (made, screen) => {
        expect(made.read(COMPOSE)).toContain("KONG_PG_USER: mine");
        const [before] = screen.split("? (Y/n)");
        expect(before).toContain("KONG_DATABASE is postgres, not off;");
      },
    ],
    [
      "markers for all",
      [[FIRST, DOWN + DOWN + ENTER], [MORE, `y${ENTER}`], AGREED],
      3,
      (made) => {
        expect(made.read(COMPOSE)).toContain("<<<<<<< yours\n");
        expect(made.read(".env")).toContain(">>>>>>> create-kong-ipv6\n");
        expect(made.read(".env")).not.toContain("<secret>");
      },
    ],
    [
      "the difference, then take for all",
      [[FIRST, UP + ENTER], [FIRST, DOWN + ENTER], [MORE, `y${ENTER}`], AGREED],
      0,
      (made, screen) => {
        expect(screen).toContain("-# My password:");
        expect(screen).not.toContain(
          /PASSWORD=(.+)/.exec(made.read(".env"))?.[1] as string,
        );
        expect(made.read(COMPOSE)).not.toContain("KONG_PG_USER");
        expect(made.read(COMPOSE)).toMatch(/^# mine\n/);
      },
    ],
  ];
  await batched(scenes, async ([name, answers, exitCode, look]) => {
    const made = await edited();
    const { code, screen } = await talk(made, OFF, answers);
    expect({ name, code }, screen).toEqual({ name, code: exitCode });
    look(made, screen);
  });
});

test("the previous answers are the defaults, moved with a new prefix", async () => {
  const made = await new Made().make();
  const { code, screen } = await talk(
    made,
    ["regenerate"],
    [
      ["to detect the rest:", ENTER],
      ["IPv6 prefix:", `2a0d:1:2:3::/64${ENTER}`],
      ["IPv6 address, or keep:", ENTER],
      ["public Docker subnet /65-/126:", ENTER],
      ["Kong's own IPv6 address:", ENTER],
      ["More settings?", ENTER],
      ["files in this directory? (Y/n, c", ENTER],
    ],
  );
  expect(code, screen).toBe(0);
  expect(screen).toContain(`${OLD}::/64`);
  expect(screen).toContain(
    "dist/cli.cjs regenerate . --prefix 2a0d:1:2:3::/64 --yes",
  );
  expect(made.read(".kong-ipv6.json")).toContain(
    '"kong": "2a0d:1:2:3:300::8100"',
  );
});

test("asks once about a deleted file; it stays deleted by default", async () => {
  const made = await new Made().make();
  rmSync(made.path("scripts/ufw.sh"));
  rmSync(made.path("scripts/rollback.sh"));
  const asked = (path: string): string =>
    `scripts/${path}.sh was deleted by you. Create it again? (y/N)`;
  const { code, screen } = await talk(made, OFF, [
    [asked("rollback"), `y${ENTER}`],
    [asked("ufw"), ENTER],
    AGREED,
  ]);
  // It is drift, because the server needs it.
  expect(code, screen).toBe(3);
  expect(existsSync(made.path("scripts/rollback.sh"))).toBe(true);
  expect(existsSync(made.path("scripts/ufw.sh"))).toBe(false);
  const back = ["regenerate", "--database", "postgres"];
  const again = await talk(made, back, [AGREED]);
  expect(again.screen).not.toContain("Create it again?");
  expect(existsSync(made.path("scripts/ufw.sh"))).toBe(false);
});

test("undo of create asks first, because the password in .env goes with it", async () => {
  const made = await new Made().make();
  const before = made.tree();
  const question = ".env with its password too?";
  const kept = await talk(made, ["undo"], [[question, ENTER]]);
  expect(kept.code).toBe(130);
  expect(made.tree()).toEqual(before);
  const { code, screen } = await talk(made, ["undo"], [[question, "y\r"]]);
  expect(code, screen).toBe(0);
  expect(existsSync(made.path(".env"))).toBe(false);
});
