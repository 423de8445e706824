import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { isMap, isScalar, parse, parseDocument } from "yaml";
import {
  attack,
  ATTACKS,
  CONTROLS,
  flagOf,
  FREE,
  PLAIN_YAML,
  TEXTS,
  type Attack,
} from "./attacks.ts";
import { runHere, runIn } from "../support/in-process.ts";
import { planValues } from "../support/parsers.ts";
import { has } from "../support/programs.ts";
import { batched, CI, PREFIX, run, Sandbox, snapshot } from "../support/run.ts";

/** A control character, or one that turns the writing direction; a line's end is none. */
const RAW = /[^\P{Cc}\n]|[\u2028\u2029\u202a-\u202e\u2066-\u2069]/u;

const accepted = ATTACKS.filter(({ answer }) => answer !== undefined);
const refused = ATTACKS.filter(({ answer }) => answer === undefined);

test("most of it is refused, some of it is plain text after all", () => {
  expect(refused.length).toBeGreaterThan(800);
  expect(accepted.length).toBeGreaterThan(150);
});

/** What is wrong with how a run refused these attacks; some of them may be accepted. */
async function refusal(attacks: readonly Attack[]): Promise<unknown[]> {
  const sandbox = new Sandbox();
  const before = JSON.stringify(sandbox.tree());
  const args = attacks.map(({ key, text }) => `${flagOf(key)}=${text}`);
  const { code, stdout, stderr, tree } = await runIn(sandbox, [
    "gw",
    ...PREFIX,
    ...args,
  ]);
  const flags = attacks
    .filter(({ answer }) => answer === undefined)
    .map(({ key }) => flagOf(key));
  const named =
    flags.length > 0 &&
    flags.every((flag) => stderr.includes(`error ${flag} `));
  const silent = stdout === "" && JSON.stringify(tree) === before;
  return code === 2 && named && silent && !RAW.test(stderr)
    ? []
    : [args, code, stderr];
}

test("by flag: what is refused is named, shown without its controls, and nothing is written", async () => {
  const texts = TEXTS.filter((text) => !/^[\w.:/-]+$/.test(text));
  const groups = texts.flatMap((_, index) =>
    index % 3 > 0
      ? []
      : [
          FREE.map((key, place) =>
            attack(key, texts[(index + place) % texts.length] ?? ""),
          ),
        ],
  );
  expect((await batched(groups, refusal)).flat()).toEqual([]);
});

test("by answers file: controls, NUL among them", async () => {
  const groups = CONTROLS.flatMap((_, index) =>
    index % 5 > 0 ? [] : [CONTROLS.slice(index, index + 5)],
  );
  const complaints = await batched(groups, async (texts) => {
    const answers = FREE.map((key, place) => [
      key,
      `a${texts[place % texts.length]}b`,
    ]);
    const unknown = texts.map((text) => [`k${text}`, "x"]);
    const sandbox = new Sandbox({
      "a.json": JSON.stringify(Object.fromEntries([...answers, ...unknown])),
    });
    const before = JSON.stringify(sandbox.tree());
    const told = await runIn(sandbox, ["gw", ...PREFIX, "--answers", "a.json"]);
    const json = await runIn(sandbox, [
      "gw",
      ...PREFIX,
      "--answers",
      "a.json",
      "--json",
    ]);
    const named = FREE.every((key) =>
      told.stderr.includes(`error ${flagOf(key)} `),
    );
    const isFine =
      told.code === 2 &&
      json.code === 2 &&
      named &&
      JSON.stringify(json.tree) === before;
    return isFine && !RAW.test(told.stderr) && !RAW.test(json.stdout)
      ? []
      : [[texts, told.stderr, json.stdout]];
  });
  expect(complaints.flat()).toEqual([]);
});

test("by answers file, unquoted YAML: refused, or the very text that stands there", async () => {
  const plain = PLAIN_YAML.filter(
    (text) => attack("plugin", text).answer !== undefined,
  );
  const tricks = PLAIN_YAML.filter((text) => !plain.includes(text));
  const list = new Sandbox({ "a.yaml": `plugin: [${plain.join(", ")}]\n` });
  const listed = await run(list, ["gw", ...PREFIX, "--answers", "a.yaml"]);
  // Numbers, booleans and null are no texts; YAML 1.2 takes the rest as it stands.
  const others = ["true", "null", "1e3", "0x10", "0o17", "12", "1.5"];
  expect(listed.stderr.match(/^error --plugin/gm)).toHaveLength(others.length);
  const texts = plain.filter((text) => !others.includes(text));
  const taken = new Sandbox({ "a.yaml": `plugin: [${texts.join(", ")}]\n` });
  expect(
    await run(taken, ["gw", ...PREFIX, "--answers", "a.yaml"]),
  ).toMatchObject({ code: 0 });
  expect(JSON.parse(taken.read("gw/.kong-ipv6.json")).answers.plugin).toEqual(
    texts,
  );

  const complaints = await batched(tricks, async (text) => {
    const sandbox = new Sandbox({ "a.yaml": `network: ${text}\n` });
    const before = JSON.stringify(sandbox.tree());
    const { code } = await runHere([
      sandbox.path("gw"),
      ...PREFIX,
      "--answers",
      sandbox.path("a.yaml"),
    ]);
    return code === 2 && JSON.stringify(sandbox.tree()) === before
      ? []
      : [[text, code]];
  });
  expect(complaints.flat()).toEqual([]);
});

/** Accepted texts, one of each key at a time, until all were had. */
const rounds = Array.from(
  { length: Math.max(...FREE.map((key) => of(key).length)) },
  (_, index) => FREE.flatMap((key) => of(key)[index] ?? []),
);

function of(key: string): Attack[] {
  const seen = new Map(
    accepted.filter((one) => one.key === key).map((one) => [one.answer, one]),
  );
  // Of the images, every second one: most are there twice, with and without a tag.
  const all = [...seen.values()].filter(
    (_, index) => key !== "kongImage" || index % 2 === 0,
  );
  // Not the same text in each: the bridge may not be named like the uplink.
  return key === "network" ? [...all.slice(1), ...all.slice(0, 1)] : all;
}

test("what is accepted is inert in every file", async () => {
  const complaints = await batched(rounds, async (round) => {
    const sandbox = new Sandbox();
    const args = round.map(({ key, text }) => `${flagOf(key)}=${text}`);
    const { code, stdout, stderr } = await runHere([
      sandbox.path("gw"),
      ...PREFIX,
      ...args,
    ]);
    if (code !== 0) return [[args, stderr]];
    const found = RAW.test(stdout) ? ["a control character is printed"] : [];
    return [...found, ...meanings(sandbox, round)].map((text) => [
      args.join(" "),
      text,
    ]);
  });
  expect(complaints.flat()).toEqual([]);
  expect(rounds.length).toBeGreaterThan(20);
});

/** What is wrong with the files that these answers gave. */
function meanings(sandbox: Sandbox, round: readonly Attack[]): string[] {
  const found: string[] = [];
  const want = (name: string, actual: unknown, wanted: unknown): void => {
    if (JSON.stringify(actual) !== JSON.stringify(wanted))
      found.push(`${name}: ${JSON.stringify(actual)}`);
  };
  const given = Object.fromEntries(
    round.map(({ key, answer }) => [key, answer]),
  );
  const uplink = given["interface"] ?? "ens3";
  const files = Object.entries(snapshot(sandbox.path("gw"))).filter(
    ([, content]) => content.startsWith("file"),
  );
  const odd = round.some(({ answer: text }) => text?.includes("undefined"));
  for (const [path, content] of files)
    if (!odd && /undefined|\[object|&quot;|&#/.test(content))
      found.push(`${path}: ${content}`);

  const compose = parse(sandbox.read("gw/docker-compose.yml"), {
    merge: true,
    strict: true,
  });
  want(
    "network",
    compose.networks.exposed.name,
    given["network"] ?? "ipv6_exposed",
  );
  const [rock, plugin = rock?.replace(/^kong-plugin-/, "")] =
    given["plugin"]?.split("=") ?? [];
  want(
    "plugins",
    compose.services.kong.environment.KONG_PLUGINS,
    rock && `bundled,${plugin}`,
  );
  const ethernets = parseDocument(
    sandbox.read("gw/host/etc/netplan/60-kong-ipv6.yaml"),
  ).getIn(["network", "ethernets"]);
  const names = isMap(ethernets)
    ? ethernets.items.map(({ key }) => isScalar(key) && key.value)
    : [];
  want("uplink", names, [uplink]);
  want(
    "daemon.json",
    Object.keys(JSON.parse(sandbox.read("gw/host/etc/docker/daemon.json"))),
    ["ipv6", "fixed-cidr-v6"],
  );
  const instructions =
    sandbox
      .read("gw/kong-build/Dockerfile")
      .replaceAll("\\\n", "")
      .match(/^\w.*$/gm) ?? [];
  const install = rock === undefined ? [] : [`RUN luarocks install ${rock}`];
  want(
    "Dockerfile",
    instructions.filter((line) => !/apt-get|^RUN test -d/.test(line)),
    [
      `FROM ${given["kongImage"] ?? "kong:3.9.3"}`,
      "USER root",
      ...install,
      "USER kong",
    ],
  );
  const env = sandbox
    .read("gw/.env")
    .match(/^\w+=.*$/gm)
    ?.map((line) => line.split("=")[0]);
  want(".env", env, [
    "COMPOSE_PROJECT_NAME",
    "KONG_PG_PASSWORD",
    "KONG_BIND_IP",
    "KONG_BIND_IPV6",
    "KONG_DATA_DIR",
  ]);
  want(
    "data",
    /^KONG_DATA_DIR=(.*)$/m.exec(sandbox.read("gw/.env"))?.[1],
    given["dataDir"] ?? "./data",
  );
  if (given["domain"])
    want(
      "AAAA",
      sandbox.read("gw/README.md").includes(`${given["domain"]}. 3600 IN AAAA`),
      true,
    );
  return [
    ...found,
    ...shellMeanings(sandbox, uplink, given["network"] ?? "ipv6_exposed"),
  ];
}

/** Texts of scripts that bash has read; most are the same in every repository. */
const readable = new Set<string>();

/** bash reads every script, and the plan holds just these texts. */
function shellMeanings(
  sandbox: Sandbox,
  uplink: string,
  network: string,
): string[] {
  if (!has("bash") && !CI) return [];
  const scripts = Object.entries(snapshot(sandbox.path("gw"))).filter(
    ([path, content]) => path.endsWith(".sh") && !readable.has(content),
  );
  for (const [, content] of scripts) readable.add(content);
  const script = `
    for script; do bash -n "$script" || exit 1; done`;
  const args = ["-c", script, "bash", ...scripts.map(([path]) => path)];
  const { stdout, stderr } = spawnSync("bash", args, {
    cwd: sandbox.path("gw"),
    encoding: "utf8",
  });
  const values = planValues(sandbox.read("gw/scripts/plan.json"));
  return stdout === "" &&
    stderr === "" &&
    values["uplink.name"] === uplink &&
    values["exposed.network"] === network
    ? []
    : [`bash: ${stdout} ${stderr} ${JSON.stringify(values)}`];
}
