import { execFileSync, spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, test } from "vitest";
import manifest from "../../package.json" with { type: "json" };
import { EXAMPLES } from "../../scripts/examples.ts";
import { readArguments } from "../../src/cli/parse-args.ts";
import { EXIT } from "../../src/base/errors.ts";
import { CHECKOUT, CLI, environment, Sandbox } from "../support/run.ts";
import { inPlace, recordedSsh } from "../unit/detect/stand-in.ts";
import {
  blocksIn,
  blocksOf,
  commandsOf,
  DOCUMENTS,
  documentText,
  inlineCommandsOf,
} from "../support/documents.ts";

/** How each command is tested, by its form. */
const KINDS = {
  /** Run by the lab: test/e2e/deploy. The arguments are checked here. */
  network: /^npx create-kong-ipv6(@\S+)? (deploy|probe)( |$)/,
  /** Run by test/integration/playbook.test.ts. */
  playbook: /^(cd my-fleet$|ansible-playbook playbook\.yml( --check)?$)/,
  /** Run here by the built command, one after the other. */
  run: /^npx create-kong-ipv6(@\S+)? /,
  /** Run here for their output; other tests load it in the shells. */
  completion: /\bcreate-kong-ipv6 completion \w+/,
  /** Checked to exist; npm start is run. */
  checkout: /^(npm (ci|run|start|test)|npx (vitest run|tsx) |npx plop$)/,
  /** Run by the lab on its servers. The flags are checked here. */
  server: /^(cd \/opt\/kong-ipv6|sudo \.\/scripts\/\S+\.sh( --[a-z-]+)*)$/,
  /** Run by test/docs/copy-by-hand.test.ts. */
  copy: /^rsync /,
  /** Its address is compared with the one that create prints. */
  outside: /^curl -6 /,
  /** Run by the lab: test/e2e/server/first-hour.lab.test.ts. */
  firstHour: /^(GROUP=\$\(|\(umask 077; )?sudo (docker compose|install) /,
  /** For the real Kong, which the lab can't have. Checked by test/docs/first-hour.test.ts. */
  admin: /^(curl -sS http:\/\/172\.30\.0\.100:8001\/|sleep 6$)/,
} as const;

type Kind = keyof typeof KINDS;

const kindsOf = (command: string): Kind[] =>
  (Object.keys(KINDS) as Kind[]).filter((kind) => KINDS[kind].test(command));

/** All commands of a kind, each with its document. */
function all(kind: Kind): [document: string, command: string][] {
  return DOCUMENTS.flatMap((document) =>
    commandsOf(documentText(document))
      .filter((command) => kindsOf(command)[0] === kind)
      .map((command): [string, string] => [document, command]),
  );
}

/** A shell in which npx and the installed command run the built one, and ssh a recorded server. */
function shell(sandbox: Sandbox, cwd: string) {
  const built = `exec '${process.execPath}' '${CLI}' "$@"`;
  const PATH = inPlace(join(sandbox.root, "bin"), {
    ssh: recordedSsh("trixie-gateway-in-prefix"),
    npx: `test "$1" = --yes && shift\nshift\n${built}`,
    "create-kong-ipv6": built,
  });
  return (command: string) =>
    spawnSync("sh", ["-c", command], {
      cwd,
      env: environment(sandbox, { PATH }),
      encoding: "utf8",
    });
}

test.each(DOCUMENTS)("%s: each command is run or checked", (path) => {
  const commands = commandsOf(documentText(path));
  expect(commands.filter((command) => kindsOf(command).length === 0)).toEqual(
    [],
  );
});

/** Commands within a sentence that the programs themselves print; the lab tests those. */
const SAID = [
  "files/scripts/kong_ipv6/resources/daemon_json.py",
  "files/scripts/kong_ipv6/resources/kong.py",
  "files/scripts/kong_ipv6/resources/ndp.py",
  "files/scripts/kong_ipv6/resources/netplan.py",
  "files/scripts/kong_ipv6/resources/network.py",
  "files/scripts/kong_ipv6/resources/sysctl.py",
  "src/detect/infer/delivery.ts",
]
  .map(documentText)
  .join("");

/** Commands that no test can run, and why. */
const ELSEWHERE: readonly string[] = [
  // The benchmark runs it.
  "npx NAME --help",
  // It changes the checkout. test/docs/examples.test.ts fails if something is missing.
  "git add --force examples",
  // Nothing is published yet. test/cli/package.test.ts unpacks the package.
  "npm install -g create-kong-ipv6",
  // A cause of a problem, not an instruction.
  "nft flush ruleset",
  // The 2021 recipe's: test/docs/recipe.test.ts.
  "docker network create --ipv6",
];

// The commands in a generated README are for a gateway in use.
const OURS = DOCUMENTS.filter((path) => !path.startsWith("examples/"));

test.each(OURS)(
  "%s: each command in a table or a sentence is run or checked",
  (path) => {
    const unknown = inlineCommandsOf(documentText(path)).filter(
      (command) =>
        kindsOf(command).length === 0 &&
        !ELSEWHERE.includes(command) &&
        !SAID.includes(command.replace(" ens3 ", " ${name} ")),
    );
    expect(unknown).toEqual([]);
  },
);

test.each(DOCUMENTS)("%s: commands are in blocks marked sh", (path) => {
  const others = blocksOf(documentText(path)).filter(
    ({ language }) => language !== "sh",
  );
  for (const { text } of others)
    expect(text).not.toMatch(/^(\$ |sudo |npx |npm |docker |curl )/m);
});

describe("run", () => {
  const documents = new Set(all("run").map(([document]) => document));

  test.each([...documents])("%s, one after the other", (document) => {
    const sandbox = new Sandbox();
    if (document.startsWith("examples/"))
      cpSync(join(CHECKOUT, document, ".."), sandbox.cwd, { recursive: true });
    const fleet = blocksIn(documentText(document), "yaml").find((text) =>
      text.startsWith("# fleet.yml"),
    );
    if (fleet) writeFileSync(sandbox.path("fleet.yml"), fleet);
    const type = shell(sandbox, sandbox.cwd);
    const commands = all("run").filter(([where]) => where === document);
    for (const [, command] of commands) {
      const typed = command.replace("NEW-PREFIX", "2a03:5555:6666:7777::/64");
      const { status, stderr } = type(typed);
      const wanted = / --dry-run/.test(command) ? EXIT.changes : EXIT.done;
      expect([command, status, stderr]).toEqual([command, wanted, stderr]);
    }
  });

  test("detected facts reach the files", () => {
    const sandbox = new Sandbox();
    const type = shell(sandbox, sandbox.cwd);
    const commands = all("run").filter(([, command]) =>
      /--ssh|--detect|answers\.json/.test(command),
    );
    expect(commands).toHaveLength(5);
    for (const [, command] of commands) type(command);
    for (const made of ["my-gateway", "seen-gateway", "asked-gateway"])
      expect(
        sandbox.read(made, "host/etc/netplan/60-kong-ipv6.yaml"),
      ).toContain("2001:db8:1:2::1");
  });
});

test("network: the arguments can be read", () => {
  const commands = all("network");
  expect(commands.length).toBeGreaterThan(1);
  for (const [, command] of commands)
    expect(readArguments(command.split(" ").slice(2)).issues).toEqual([]);
});

test("completion: each prints a script", () => {
  const commands = all("completion");
  expect(commands).toHaveLength(3);
  for (const [, command] of commands) {
    const sandbox = new Sandbox();
    const [typed = ""] = KINDS.completion.exec(command) ?? [];
    const { status, stdout } = shell(sandbox, sandbox.cwd)(typed);
    expect([command, status]).toEqual([command, 0]);
    expect(stdout).toContain("create-kong-ipv6");
  }
});

test("checkout: the scripts and files that are named exist", () => {
  const scripts = ["ci", ...Object.keys(manifest.scripts)];
  const files = all("checkout").flatMap(
    ([, command]) => command.match(/\S+\.ts\b/g) ?? [],
  );
  expect(files).not.toEqual([]);
  expect(files.filter((file) => !existsSync(join(CHECKOUT, file)))).toEqual([]);
  for (const document of DOCUMENTS) {
    // Also within a sentence.
    const text = documentText(document);
    for (const [, name] of text.matchAll(
      /\bnpm (?:run )?(?!install)([a-z][\w:]*)/g,
    ))
      expect(scripts, document).toContain(name);
  }
  expect(manifest.scripts.prestart).toContain("build");
  expect(manifest.scripts.pretest).toContain("build");
});

/** What a build needs. */
const CHECKED_OUT = [
  "files",
  "package.json",
  "plopfile.ts",
  "scripts",
  "src",
  "templates",
  "tsconfig.json",
  "tsconfig.types.json",
];

test("npm start builds in a fresh checkout, and creates a repository", () => {
  const [, typed = ""] = all("checkout").find(([, command]) =>
    command.includes("npm start"),
  ) as [string, string];
  const start = typed.replace("npm ci && ", "");
  expect(start).toBe("npm start -- my-gateway");
  const sandbox = new Sandbox();
  // Not in this checkout, because other tests run what is built here.
  for (const part of CHECKED_OUT)
    cpSync(join(CHECKOUT, part), sandbox.path(part), { recursive: true });
  // Do not report a newer npm.
  const env = environment(sandbox, { npm_config_update_notifier: "false" });
  symlinkSync(join(CHECKOUT, "node_modules"), sandbox.path("node_modules"));
  const { status, stderr } = spawnSync(
    "sh",
    ["-c", `${start} --prefix 2a03:2222:3333:4444::/64 --yes`],
    { cwd: sandbox.cwd, env, encoding: "utf8" },
  );
  expect([status, stderr]).toEqual([0, ""]);
  expect(sandbox.read("my-gateway/README.md")).toContain("::8100");
});

describe("server", () => {
  const typed = all("server").map(([, command]) => command);
  const scripts = new Set(
    // Also within a sentence.
    DOCUMENTS.flatMap((document) => [
      ...documentText(document).matchAll(/sudo \.\/(scripts\/[a-z]+\.sh)/g),
    ]).map(([, script]) => script as string),
  );

  test("every script that an owner starts is named", () => {
    expect([...scripts].sort()).toEqual(
      ["apply", "network", "rollback", "ufw", "verify"].map(
        (name) => `scripts/${name}.sh`,
      ),
    );
  });

  test.each([...scripts])("%s: exists, and takes its flags", (script) => {
    const flags = typed
      .filter((command) => command.includes(script))
      .flatMap((command) => command.match(/--\S+/g) ?? []);
    const cwd = join(EXAMPLES, "recipe/repo");
    const help = execFileSync("bash", [script, "--help"], { cwd });
    for (const flag of flags) expect(String(help)).toContain(`[${flag}]`);
  });

  test.each([...scripts])("%s: the lab runs it", (script) => {
    const run = new RegExp(`["/]${basename(script, ".sh")}\\.sh[" ]`);
    expect(labTests().filter((text) => run.test(text))).not.toEqual([]);
  });
});

/** The texts of the tests on Debian hosts. */
const labTests = (): string[] =>
  ["e2e/server", "e2e/matrix", "integration"].flatMap((name) =>
    readdirSync(join(CHECKOUT, "test", name))
      .filter((file) => file.endsWith(".ts"))
      .map((file) => readFileSync(join(CHECKOUT, "test", name, file), "utf8")),
  );

test("outside: the address is Kong's in the repository of the README", () => {
  const sandbox = new Sandbox();
  const [, create = ""] = all("run").find(
    ([where, it]) => where === "README.md" && it.includes("--ssh"),
  ) as [string, string];
  shell(sandbox, sandbox.cwd)(create);
  const env = sandbox.read("my-gateway/.env");
  const outside = all("outside").filter(([where]) => where === "docs/apply.md");
  expect(outside).toHaveLength(1);
  for (const [, command] of outside) {
    const [, address] = /\[(\S+)\]/.exec(command) ?? [];
    expect(env).toContain(`KONG_BIND_IPV6=${address}\n`);
  }
});
