import { existsSync, rmSync } from "node:fs";
import { expect, test } from "vitest";
import { conflicting, Made, NEXT, OLD, TO } from "./made.ts";

const OVERLAP = [...TO, "--overlap"];
const NETPLAN = "host/etc/netplan/60-kong-ipv6.yaml";
const NDPPD = "host/etc/ndppd.conf";
const NFT = "host/etc/kong-ipv6/overlap.nft";

const made = (...more: string[]): Promise<Made> =>
  new Made().make("--domain", "gw.example.com", ...more);

async function expectChecked(repository: Made): Promise<void> {
  const { code, stdout } = await repository.run(["check"]);
  expect(code, stdout).toBe(0);
}

const previousOf = (repository: Made): unknown =>
  JSON.parse(repository.read("scripts/plan.json")).previous;

test("before, overlap, finish: the owner's edits survive, and each phase passes check", async () => {
  const gw = await made();
  gw.edit(NDPPD, (text) => text.replace("8100/128 {", "$&\n    # mine"));
  gw.edit(NETPLAN, (text) => `${text}      # console ${OLD}::77\n`);
  gw.edit("docker-compose.yml", (text) => `# ${OLD}:300::25\n${text}`);
  gw.write("notes.txt", `kong is ${OLD}:300::8100\n`);

  const begun = await gw.regenerate(...OVERLAP);
  expect(begun.code, begun.stderr).toBe(0);
  expect(gw.read(NETPLAN)).toContain(`- "${NEXT}::2/64"\n`);
  expect(gw.read(NETPLAN)).toContain(
    `- "${OLD}::2/64":\n            lifetime: 0\n`,
  );
  expect(gw.read(NETPLAN)).toContain(`# console ${NEXT}::77\n`);
  expect(gw.read("docker-compose.yml")).toContain(`# ${NEXT}:300::25\n`);
  expect(gw.read(NDPPD)).toContain(`rule ${NEXT}:300::8100/128 {\n    # mine`);
  expect(gw.read(NDPPD)).toContain(`rule ${OLD}:300::8100/128 {\n    static`);
  expect(gw.read(NFT)).toContain(`${OLD}:300::8100 : ${NEXT}:300::8100\n`);
  expect(gw.read(".env")).not.toContain(OLD);
  // Only the owner's own file has an old address that nothing accounts for.
  expect(begun.stdout).toContain("notes.txt:1");
  expect(begun.stdout.match(/^ {2}\S+:\d+ {2}/gm)).toHaveLength(1);
  expect(begun.stdout).toMatch(/regenerate \. --finish/);
  rmSync(gw.path("notes.txt"));
  await expectChecked(gw);

  const finished = await gw.regenerate("--finish");
  expect(finished.code, finished.stderr).toBe(0);
  expect(existsSync(gw.path(NFT))).toBe(false);
  expect(previousOf(gw)).toBeNull();
  for (const path of [NETPLAN, NDPPD, "docker-compose.yml", "README.md"])
    expect(gw.read(path), path).not.toContain(OLD);
  expect(gw.read(NDPPD)).toContain(`rule ${NEXT}:300::8100/128 {\n    # mine`);
  expect(gw.read(NETPLAN)).toContain(`# console ${NEXT}::77\n`);
  await expectChecked(gw);
});

test("after finish, everything is as after a hard cut", async () => {
  const [gw, cut] = [await made(), await made()];
  await gw.regenerate(...OVERLAP);
  await gw.regenerate("--finish");
  await cut.regenerate(...TO);
  const without = (repository: Made) =>
    Object.fromEntries(
      Object.entries(repository.tree()).filter(([path]) => path !== ".env"),
    );
  expect(without(gw)).toEqual(without(cut));
});

test("the same command again changes nothing; --dry-run and --json tell the phase", async () => {
  const gw = await made();
  const dry = await gw.regenerate(...OVERLAP, "--dry-run", "--json");
  expect(dry.code).toBe(4);
  const { overlap } = JSON.parse(dry.stdout);
  expect(overlap.containers).toMatchObject([
    { name: "kong", address: `${OLD}:300::8100`, to: `${NEXT}:300::8100` },
  ]);
  expect(existsSync(gw.path(NFT))).toBe(false);
  await gw.regenerate(...OVERLAP);
  const tree = gw.tree();
  for (const again of [OVERLAP, TO, ["--overlap", "--yes"], ["--yes"]]) {
    const { code, stdout } = await gw.regenerate(...again);
    expect(code, again.join(" ")).toBe(0);
    expect(stdout).toContain("Nothing to change.");
  }
  expect(gw.tree()).toEqual(tree);
  const end = await gw.regenerate("--finish", "--dry-run", "--json");
  expect(end.code).toBe(4);
  expect(JSON.parse(end.stdout).overlap).toBeNull();
});

test("other answers change during an overlap, and keep it", async () => {
  const gw = await made();
  await gw.regenerate(...OVERLAP);
  const { code } = await gw.regenerate(
    "--plugin",
    "kong-oidc",
    "--expose",
    "mail:25",
    "--ndp",
    "kernel",
  );
  expect(code).toBe(0);
  expect(previousOf(gw)).toMatchObject({
    host: `${OLD}::2/64`,
    containers: [{ name: "kong" }],
  });
  const dropIn =
    "host/etc/systemd/network/10-netplan-ens3.network.d/60-kong-ndp.conf";
  expect(gw.read(dropIn)).toContain(`IPv6ProxyNDPAddress=${OLD}:300::8100\n`);
  await expectChecked(gw);
});

test("undo goes back from each phase, and on again", async () => {
  const gw = await made();
  gw.edit("README.md", (text) => `mine ${OLD}:300::8100\n${text}`);
  await gw.regenerate();
  const before = gw.tree();
  await gw.regenerate(...OVERLAP);
  const during = gw.tree();
  expect((await gw.run(["undo"])).code).toBe(0);
  expect(gw.tree()).toEqual(before);
  expect((await gw.run(["undo"])).code).toBe(0);
  expect(gw.tree()).toEqual(during);
  await gw.regenerate("--finish");
  const after = gw.tree();
  await gw.run(["undo"]);
  expect(gw.tree()).toEqual(during);
  await expectChecked(gw);
  await gw.run(["undo"]);
  expect(gw.tree()).toEqual(after);
});

test.each([
  ["--overlap alone", [], ["--overlap", "--yes"], "no address changes"],
  ["--finish without an overlap", [], ["--finish"], "there is no overlap"],
  [
    "--overlap with another answer only",
    [],
    ["--overlap", "--domain", "a.example.com"],
    "no address changes. Give the new --prefix",
  ],
  [
    "--overlap of a subnet without an address",
    [],
    ["--overlap", "--exposed", `${OLD}:300::/96`],
    "no address changes, only --exposed. Leave it out",
  ],
  ["both flags", [], ["--overlap", "--finish"], "cannot be combined"],
  [
    "another interface",
    [],
    [...OVERLAP, "--interface", "eth0"],
    "the old addresses are on ens3",
  ],
  [
    "another interface during it",
    OVERLAP,
    ["--interface", "eth0"],
    "the old addresses are on ens3",
  ],
  ["a second change", OVERLAP, ["--host", `${NEXT}::3`], "--host"],
  ["the way back", OVERLAP, ["--prefix", `${OLD}::/64`], "--prefix"],
  [
    "--finish with a change",
    OVERLAP,
    ["--finish", "--kong", `${NEXT}:300::9`],
    "--kong",
  ],
  [
    "an old address for a new container",
    ["--kong", `${OLD}:300::9`, "--overlap"],
    ["--expose", `mail@[${OLD}:300::8100]:25`],
    "Try 2a03:2222:3333:4444:300::a, or first run:\n  npx create-kong-ipv6@",
  ],
])("refused: %s", async (_, first, args, says) => {
  const gw = await made();
  if (first.length > 0) expect((await gw.regenerate(...first)).code).toBe(0);
  const tree = gw.tree();
  const { code, stderr } = await gw.regenerate(...args);
  expect(code).toBe(2);
  expect(stderr).toContain(says);
  if (first === OVERLAP) {
    expect(stderr).toMatch(/\n {2}npx \S+ regenerate \S+ --finish\n/);
    expect(stderr).toMatch(/\n {2}npx \S+ undo \S+\n/);
  }
  expect(gw.tree()).toEqual(tree);
});

/** The refusal of another prefix during an overlap. */
async function refusal(gw: Made): Promise<string> {
  const { code, stderr } = await gw.regenerate("--prefix", `${OLD}::/64`);
  expect(code).toBe(2);
  expect(stderr).toContain("End the overlap first");
  return stderr;
}

test("undo is offered only if it cancels the overlap", async () => {
  const gw = await made("--expose", "mail:25");
  await gw.regenerate(...OVERLAP);
  expect(await refusal(gw)).toMatch(/\nOr cancel it:\n {2}npx \S+ undo \S+\n$/);
  await gw.run(["undo"]);
  await gw.run(["undo"]);
  expect(await refusal(gw)).toContain(" undo ");
  // It would redo the end.
  await gw.regenerate("--finish");
  await gw.run(["undo"]);
  expect(await refusal(gw)).not.toContain(" undo ");
  // It would undo only this.
  await gw.regenerate("--domain", "b.example.com", "--expose", "mail:587");
  expect(await refusal(gw)).not.toContain(" undo ");
});

test("undo that would refuse is not offered either", async () => {
  const gw = await made();
  await gw.regenerate(...OVERLAP);
  gw.edit("docker-compose.yml", (text) => `# mine\n${text}`);
  expect(await refusal(gw)).not.toContain(" undo ");
});

test.each([
  ["a new prefix", TO],
  ["other places", [...TO, "--kong", `${NEXT}:300::9`, "--host", `${NEXT}::9`]],
  ["a container", ["--expose", `mail@[${OLD}:300::99]:25`]],
])("without undo, the way back is a command: %s", async (_, change) => {
  const gw = await made("--expose", "mail:25");
  const plan = JSON.parse(gw.read("scripts/plan.json"));
  await gw.regenerate(...change, "--overlap");
  await gw.regenerate("--domain", "b.example.com");
  const [, back = ""] =
    /, and deploy only then:\n {2}npx \S+ regenerate \S+ (.*)\n/.exec(
      (await gw.regenerate("--interface", "eth0")).stderr,
    ) ?? [];
  await gw.regenerate("--finish");
  const { code } = await gw.regenerate(...back.replaceAll("'", "").split(" "));
  expect(code).toBe(0);
  expect(JSON.parse(gw.read("scripts/plan.json"))).toEqual(plan);
});

/** An address of the owner's where the overlap has the old one. */
const clashing = (gw: Made): void =>
  gw.edit(NETPLAN, (text) =>
    text.replace(/ +- ".*::2\/64"\n/, `$&        - "2001:db8::9/64"\n`),
  );

test("a conflict of the overlap, resolved with its .new file, keeps the old addresses", async () => {
  const gw = await made();
  clashing(gw);
  const { code } = await gw.regenerate(...OVERLAP);
  expect(code).toBe(3);
  expect(gw.read(`${NETPLAN}.new`)).toContain("lifetime: 0");
  const conflicts = await gw.run(["check"]);
  expect(conflicts.stdout).not.toContain(`${NETPLAN}.new:`);
  gw.write(NETPLAN, `# mine\n${gw.read(`${NETPLAN}.new`)}`);
  const resolved = await gw.regenerate();
  expect(resolved.stdout).not.toContain("netplan.yaml:");
  expect(gw.read(NETPLAN)).toContain(
    `- "${NEXT}::2/64"\n        # The old address`,
  );
  expect(gw.read(NETPLAN)).toContain(`- "${OLD}::2/64":`);
  expect(gw.read(NETPLAN)).toContain("# mine\n");
  await gw.regenerate("--finish");
  expect(gw.read(NETPLAN)).not.toContain(OLD);
  expect(gw.read(NETPLAN)).toContain("# mine\n");
});

test("finish never makes an old address a second copy of the new one", async () => {
  const gw = await made();
  clashing(gw);
  await gw.regenerate(...OVERLAP);
  // Resolved by hand, and finished without another run in between.
  gw.write(NETPLAN, `# mine\n${gw.read(`${NETPLAN}.new`)}`);
  await gw.regenerate("--finish");
  expect(gw.read(NETPLAN)).not.toContain(`- "${NEXT}::2/64":`);
});

test("a conflict elsewhere doesn't stop the overlap from ending", async () => {
  const gw = await made();
  conflicting(gw);
  await gw.regenerate(...OVERLAP);
  const { stderr } = await gw.regenerate("--finish");
  expect(stderr).toBe("");
  expect(previousOf(gw)).toBeNull();
});

test("an owner's old address that comes during the overlap is reported then and after", async () => {
  const gw = await made();
  await gw.regenerate(...OVERLAP);
  gw.edit(NDPPD, (text) => `# asked for ${OLD}:300::9\n${text}`);
  expect((await gw.regenerate()).stdout).toContain(`${NDPPD}:1`);
  expect(gw.read(NDPPD)).toContain(`# asked for ${OLD}:300::9\n`);
  expect((await gw.regenerate("--finish")).stdout).toContain(`${NDPPD}:1`);
});

test("an edited overlap.nft stays after finish, and is reported", async () => {
  const gw = await made();
  await gw.regenerate(...OVERLAP);
  gw.edit(NFT, (text) => text.replace("policy accept;", "$& # mine"));
  const { code, stdout } = await gw.regenerate("--finish");
  // apply.sh would still install it.
  expect(code).toBe(3);
  expect(stdout).toContain("no longer generated; you edited it");
  expect(stdout).toMatch(new RegExp(`${NFT}:\\d+ `));
});

const THIRD = "2a0d:7777:aaaa:bbbb";

test.each([
  [
    "after a hard cut",
    [TO, ["--prefix", `${THIRD}::/64`, "--overlap"]],
    THIRD,
    "::2",
  ],
  [
    "after an overlap and its end",
    [OVERLAP, ["--finish"], ["--host", `${NEXT}::9`, "--overlap"]],
    NEXT,
    "::9",
  ],
  ["forgotten in the run before", [TO, ["--overlap"]], NEXT, "::2"],
])(
  "what stays is what the server has, not what was never deployed: %s",
  async (_, runs, now, host) => {
    const gw = await made();
    let stdout = "";
    for (const run of runs) {
      const result = await gw.regenerate(...run);
      expect(result.code, result.stderr).toBe(0);
      stdout = result.stdout;
    }
    const addresses = `${OLD}::2, ${OLD}:300::8100`;
    const said = stdout.replace(/\s+/g, " ");
    expect(said).toContain(`Of the old addresses, these stay: ${addresses}.`);
    expect(said).toContain('run undo, remove "deployed" from');
    expect(gw.read(NETPLAN)).toContain(`- "${now}${host}/64"\n`);
    expect(gw.read(NETPLAN)).toContain(`- "${OLD}::2/64":\n`);
    expect(gw.read(NFT)).toContain(`${OLD}:300::8100 : ${now}:300::8100\n`);
    if (now !== NEXT) expect(gw.read(NETPLAN)).not.toContain(NEXT);
    const check = await gw.run(["check"]);
    expect(check.stdout).toContain(`old addresses stay: ${addresses}. `);
    expect(check.code).toBe(0);
    await gw.regenerate("--finish");
    for (const path of [NETPLAN, NDPPD])
      expect(gw.read(path)).not.toContain(OLD);
    await expectChecked(gw);
  },
);

test("applied by hand: without `deployed`, the addresses of the last run stay", async () => {
  const gw = await made();
  await gw.regenerate(...TO);
  await gw.regenerate("--prefix", `${THIRD}::/64`, "--overlap");
  await gw.run(["undo"]);
  gw.tamper((state) => delete state["deployed"]);
  const { stdout } = await gw.regenerate(
    "--prefix",
    `${THIRD}::/64`,
    "--overlap",
  );
  expect(stdout).not.toContain("these stay");
  expect(gw.read(NETPLAN)).toContain(`- "${NEXT}::2/64":\n`);
  expect(gw.read(NETPLAN)).not.toContain(OLD);
});
