import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { QUESTIONS } from "../../src/answers/questions.ts";
import { bashCompletion } from "../../src/cli/completion/bash.ts";
import { fishCompletion } from "../../src/cli/completion/fish.ts";
import { completedFlags } from "../../src/cli/completion/words.ts";
import { zshCompletion } from "../../src/cli/completion/zsh.ts";
import { COMMANDS, FLAGS } from "../../src/cli/flags.ts";
import { CLI, Sandbox } from "../support/run.ts";
import { CTRL_U, Terminal } from "../support/terminal.ts";
import { complaints, testWith } from "../support/programs.ts";

const SCRIPTS = {
  bash: bashCompletion(),
  zsh: zshCompletion(),
  fish: fishCompletion(),
} as const;

const flagsOf = (command: (typeof COMMANDS)[number]): string[] =>
  completedFlags(command).flatMap(({ spelled }) => spelled);

/** What is typed, and what the shell offers then: in a directory with gw/, "my dir"/ and a.yaml. */
const OFFERS: readonly (readonly [line: string, offered: readonly string[]])[] =
  [
    ["create-kong-ipv6 ", [...COMMANDS, "gw/", "my dir/"]],
    ["create-kong-ipv6 re", ["regenerate"]],
    ["create-kong-ipv6 g", ["gw/"]],
    ["create-kong-ipv6 regenerate ", ["gw/", "my dir/"]],
    ["create-kong-ipv6 --prefix 2a03::/64 check ", ["gw/", "my dir/"]],
    ["create-kong-ipv6 regenerate --prefix 2a03:1:2:3::/64 g", ["gw/"]],
    ["create-kong-ipv6 regenerate gw ", []],
    ["create-kong-ipv6 gw g", []],
    ["create-kong-ipv6 completion ", ["bash", "zsh", "fish"]],
    ["create-kong-ipv6 completion bash ", []],
    ["create-kong-ipv6 -", flagsOf("create")],
    ["create-kong-ipv6 --gi", ["--git"]],
    ["create-kong-ipv6 regenerate gw --gi", []],
    ["create-kong-ipv6 check -", flagsOf("check")],
    ["create-kong-ipv6 undo -", flagsOf("undo")],
    ["create-kong-ipv6 gw --delivery ", ["on-link", "routed"]],
    ["create-kong-ipv6 --delivery r", ["routed"]],
    ["create-kong-ipv6 --ndp k", ["kernel"]],
    ["create-kong-ipv6 --ipv4 ", ["any", "none"]],
    ["create-kong-ipv6 undo --conflict ", ["ask", "theirs"]],
    ["create-kong-ipv6 regenerate gw --conflict k", ["keep"]],
    ["create-kong-ipv6 --host k", ["keep"]],
    ["create-kong-ipv6 regenerate --gateway ", ["ra", "none"]],
    ["create-kong-ipv6 --answers a", ["a.yaml"]],
    ["create-kong-ipv6 --prefix ", []],
  ];

let scratch = "";
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), "completion-"));
  for (const name of ["gw", "my dir"]) mkdirSync(join(scratch, name));
  writeFileSync(join(scratch, "a.yaml"), "");
  for (const [shell, text] of Object.entries(SCRIPTS))
    writeFileSync(join(scratch, `.${shell}`), text);
});
afterAll(() => rmSync(scratch, { recursive: true }));

/** Runs one script in a shell. @returns its lines, by the separators that it prints */
function shell(
  program: string,
  args: readonly string[],
  script: string,
): string[][] {
  const { stdout, stderr } = spawnSync(program, [...args, script], {
    cwd: scratch,
    encoding: "utf8",
    env: { PATH: process.env["PATH"] ?? "", HOME: scratch, LANG: "C.UTF-8" },
  });
  expect(stderr).toBe("");
  return stdout
    .split("==\n")
    .slice(1)
    .map((block) => block.split("\n").filter((line) => line !== ""));
}

const quoted = (text: string): string => `'${text}'`;
const sorted = (words: readonly string[]): string[] => [...words].sort();

describe("what each shell offers", () => {
  testWith("bash", "bash: its function, as readline calls it", () => {
    const each = OFFERS.map(([line]) => {
      // Readline's words: broken at blanks, and at = and : as words of their own.
      const words: string[] = line.match(/[:=]+|[^\s:=]+/g) ?? [];
      if (/[\s=:]$/.test(line)) words.push("");
      return `COMP_LINE=${quoted(line)} COMP_POINT=${line.length}
        COMP_WORDS=(${words.map(quoted).join(" ")}) COMP_CWORD=${words.length - 1}
        _create_kong_ipv6; printf '==\\n'
        for reply in "\${COMPREPLY[@]}"; do
          if [[ -d $reply ]]; then reply+=/; fi; echo "$reply"; done`;
    });
    const offered = shell(
      "bash",
      ["-c"],
      [`source ./.bash`, ...each].join("\n"),
    );
    expect(offered.map(sorted)).toEqual(
      OFFERS.map(([, words]) => sorted(words)),
    );
  });

  testWith("bash", "bash: a value behind =, which is a word of its own", () => {
    const [offered] = shell(
      "bash",
      ["-c"],
      `source ./.bash
      COMP_LINE='create-kong-ipv6 --firewall=n' COMP_POINT=29
      COMP_WORDS=(create-kong-ipv6 --firewall = n) COMP_CWORD=3
      _create_kong_ipv6; printf '==\\n'; printf '%s\\n' "\${COMPREPLY[@]}"`,
    );
    expect(offered).toEqual(["nftables", "none"]);
  });

  testWith("fish", "fish: by its own complete -C", () => {
    const each = OFFERS.map(([line]) => `echo ==; complete -C ${quoted(line)}`);
    const offered = shell(
      "fish",
      ["--no-config", "-c"],
      [`source ./.fish`, ...each].join("\n"),
    );
    // A word, a tab, what it means.
    const words = offered.map((lines) =>
      sorted(lines.map((line) => line.split("\t")[0] as string)),
    );
    expect(words).toEqual(OFFERS.map(([, expected]) => sorted(expected)));
  });
});

describe("the scripts", () => {
  testWith("bash", "are read by bash and clean under shellcheck", () => {
    expect(complaints("bash", ["-n", ".bash"], scratch)).toBe("");
  });
  testWith("shellcheck", "are clean under shellcheck", () => {
    expect(complaints("shellcheck", ["-s", "bash", ".bash"], scratch)).toBe("");
  });
  testWith("zsh", "are read by zsh", () => {
    expect(complaints("zsh", ["-n", ".zsh"], scratch)).toBe("");
  });
  testWith("fish", "are read by fish", () => {
    expect(complaints("fish", ["-n", ".fish"], scratch)).toBe("");
  });

  testWith(
    "zsh",
    "zsh completes at a prompt, flags after commands too",
    async () => {
      const sandbox = new Sandbox({
        ".zsh": SCRIPTS.zsh,
        "gw/": "",
        "a.yaml": "",
      });
      const zsh = new Terminal(sandbox, ["-f", "-i"], { command: ["zsh"] });
      zsh.type(
        "PS1='$ '; autoload -Uz compinit; compinit -u -D; . ./.zsh; echo ready\r",
      );
      await zsh.see("\nready");
      for (const [typed, completed] of [
        ["create-kong-ipv6 regen\t", "create-kong-ipv6 regenerate "],
        ["create-kong-ipv6 g\t", "create-kong-ipv6 gw/"],
        ["create-kong-ipv6 check --js\t", "create-kong-ipv6 check --json "],
        ["create-kong-ipv6 --firewall nf\t", "--firewall nftables "],
        ["create-kong-ipv6 gw --database=p\t", "--database=postgres "],
        ["create-kong-ipv6 --prefix 2a03::/64 undo --confl\tth\t", "=theirs "],
        ["create-kong-ipv6 --answers a\t", "--answers a.yaml "],
        ["create-kong-ipv6 completion f\t", "completion fish "],
        // Where there are more, what they mean stands beside them.
        [
          "create-kong-ipv6 \t",
          "undo        -- undo the last write; run again to redo",
        ],
        ["create-kong-ipv6 --co\t\t", "--conflict"],
      ] as const) {
        zsh.type(typed);
        await zsh.see(completed);
        zsh.type(`${CTRL_U}echo over\r`);
        await zsh.see("\nover");
      }
      zsh.type("exit\r");
      expect(await zsh.ended).toBe(0);
    },
  );

  test("name every flag, and the command prints them", () => {
    for (const [name, text] of Object.entries(SCRIPTS)) {
      for (const flag of FLAGS.filter((one) => one !== "--color")) {
        const spelled = name === "fish" ? `-l ${flag.slice(2)} ` : flag;
        expect(text).toContain(spelled);
      }
      for (const { choices } of QUESTIONS)
        if (choices) expect(text).toContain(choices.join(" "));
      const { stdout, status } = spawnSync(
        process.execPath,
        [CLI, "completion", name],
        { encoding: "utf8" },
      );
      expect({ status, stdout }).toEqual({ status: 0, stdout: text });
    }
  });
});
