import { existsSync, rmSync } from "node:fs";
import { expect, test } from "vitest";
import { manualSteps } from "../../src/renumber/manual-steps.ts";
import type { Answers } from "../../src/answers/types.ts";
import { move } from "../../src/answers/carry-over.ts";
import { plan } from "../../src/plan/plan.ts";
import { resolve } from "../../src/answers/resolve.ts";
import { answersFrom } from "../support/base.ts";
import { Made, OLD, STATE, TO } from "./made.ts";

const steps = (
  change: Partial<Answers>,
  from: Partial<Answers> = {},
): ReturnType<typeof manualSteps> => {
  const before = answersFrom(from);
  return manualSteps(plan(before), plan(resolve(move(before, change)).answers));
};

/** The numbered steps at the end, without their numbers. */
const stepsOf = (stdout: string): string[] =>
  (stdout.split("Next steps\n")[1] ?? "")
    .split(/^ {2}\d+\. /m)
    .slice(1)
    .map((step) => step.trimEnd());

test("a new data directory: the steps say to move the data before the deploy", async () => {
  const made = await new Made().make();
  const { stdout } = await made.regenerate("--data-dir", "/srv/kong/gw");
  const steps = stepsOf(stdout);
  expect(steps[0]).toBe(
    [
      "Before the deploy, move the data (Kong stops); move it back after a revert:",
      "       cd /opt/kong-ipv6",
      "       sudo docker ps -qf \\",
      "         label=com.docker.compose.project.working_dir=/opt/kong-ipv6 |",
      "         xargs -r sudo docker stop",
      "       sudo mkdir -p /srv/kong",
      "       sudo mv -T ./data /srv/kong/gw",
    ].join("\n"),
  );
  expect(steps[1]).toContain(" deploy . --ssh ");
  // Nothing is deployed yet: the server still has the first directory.
  const again = await made.regenerate("--data-dir", "./kong");
  expect(again.stdout).toContain("       sudo mv -T ./data ./kong\n");
  expect(again.stdout).not.toContain("mkdir");
  for (const line of again.stdout.split("\n"))
    expect(line.length, line).toBeLessThanOrEqual(80);
});

test("--host keep: the run says what apply.sh does to the server's address", async () => {
  const made = await new Made().make();
  const { stdout } = await made.regenerate("--host", "keep");
  expect(stdout.replaceAll(/\s+/g, " ")).toContain(
    `--host keep: apply.sh removes its netplan file, and with it ${OLD}::2/64 and the default route. If nothing else gives the server`,
  );
  for (const args of [["--host", "keep"], ["--host", `${OLD}::2`], TO])
    expect((await made.regenerate(...args)).stdout).not.toContain(
      "removes its netplan file",
    );
});

test("the data are moved from the directory in .env, not from the one in the answers", async () => {
  const made = await new Made().make();
  made.edit(".env", (text) =>
    text.replace("KONG_DATA_DIR=./data", "KONG_DATA_DIR=/srv/mine"),
  );
  const stays = await made.regenerate("--data-dir=/srv/k", "--conflict=keep");
  expect(made.read(".env")).toContain("KONG_DATA_DIR=/srv/mine\n");
  expect(stays.stdout).not.toContain("sudo mv");
  const moved = await made.regenerate("--data-dir=/srv/o", "--conflict=theirs");
  expect(made.read(".env")).toContain("KONG_DATA_DIR=/srv/o\n");
  expect(moved.stdout).toContain("sudo mv -T /srv/mine /srv/o\n");
});

test("a data directory in .env was printed unquoted in a root command", async () => {
  const made = await new Made().make();
  made.edit(".env", (text) =>
    text.replace("KONG_DATA_DIR=./data", "KONG_DATA_DIR=/srv/a b; reboot"),
  );
  const moved = await made.regenerate("--data-dir=/srv/o", "--conflict=theirs");
  expect(moved.stdout).toContain("sudo mv -T '/srv/a b; reboot' /srv/o\n");
});

test("the steps say what happens to a database that is left behind or found again", () => {
  const [taken, fetched, rest] = steps({ database: "off" });
  expect(taken).toMatchObject({ first: true, old: "./data/postgres" });
  expect(taken?.commands?.join("\n")).toContain("kong config db_export");
  // It was exported on the server, but the repository is copied from the owner's machine.
  expect(fetched).toMatchObject({
    first: true,
    commands: ["scp LOGIN:kong.yml kong.yml"],
  });
  expect(rest?.what).toContain("its data stay in ./data/postgres");
  expect(rest?.first).toBeUndefined();
  // --remove-orphans would remove Kong where compose reads the owner's compose.yaml.
  expect(rest?.commands?.join("\n")).not.toContain("docker compose");
  expect(rest?.commands).toContain(
    "sudo docker stop kong-ipv6-kong-database-1",
  );
  const [back, ...more] = steps({ database: "postgres" }, { database: "off" });
  expect(back?.commands?.join("\n")).toContain("kong config db_import");
  expect(more).toEqual([]);
});

test("the steps of a change are printed again when its conflict is resolved", async () => {
  const made = await new Made().make();
  made.edit("docker-compose.yml", (text) =>
    text.replace("KONG_PG_USER: kong", "KONG_PG_USER: mine"),
  );
  const first = await made.regenerate(
    ...TO,
    "--database=off",
    "--data-dir=/srv/k",
  );
  expect(first.code).toBe(3);
  const [resolve, ...steps] = stepsOf(first.stdout);
  expect(resolve).toMatch(/^Resolve the conflicts; /);
  expect(steps.join("\n")).toContain("kong config db_export");
  expect(steps.join("\n")).toContain("sudo mv -T ./data /srv/k");
  expect(steps.join("\n")).toContain(`--ssh root@${OLD}::2`);
  expect(steps.join("\n")).toContain(`old ${OLD}:300::8100`);
  const again = await made.regenerate("--conflict", "theirs");
  expect(again.code).toBe(0);
  expect(stepsOf(again.stdout)).toEqual(steps);
  // Until a deploy is confirmed.
  const next = await made.regenerate("--plugin", "kong-oidc");
  expect(stepsOf(next.stdout)).toEqual(steps);
});

test("DNS records that are new, or no longer right, are steps too", () => {
  const domain = "gw.example.com";
  const what = (...args: Parameters<typeof steps>): string[] =>
    steps(...args).map((one) => `${one.what}: ${one.old} > ${one.new}`);
  const mail = "2001:db8:1:2:300::8101";
  const reverse =
    "1.0.1.8.0.0.0.0.0.0.0.0.0.0.3.0.2.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa.";
  expect(what({ expose: ["mail:25"] }, { domain })).toEqual([
    `AAAA record of mail.gw.example.com:  > ${mail}`,
    `PTR record of mail.gw.example.com:  > ${reverse}`,
  ]);
  const ipv4 = "192.0.2.10";
  expect(what({ ipv4 }, { domain, ipv4: "none" })).toEqual([
    `A record of gw.example.com:  > ${ipv4}`,
    "PTR record of the server's IPv4:  > 10.2.0.192.in-addr.arpa.",
  ]);
  expect(what({ ipv4: "none" }, { domain, ipv4 })).toEqual([
    `A record of gw.example.com; delete it: ${ipv4} > `,
  ]);
  const renamed = what(
    { domain: "b.example.com" },
    { domain, ipv4, expose: ["mail:25"] },
  );
  expect(renamed).toContain(
    "AAAA record of b.example.com:  > 2001:db8:1:2:300::8100",
  );
  expect(renamed).toContain(`AAAA record of mail.b.example.com:  > ${mail}`);
  expect(renamed.map((text) => text.split(":")[0])).toEqual([
    "AAAA record of b.example.com",
    "A record of b.example.com",
    "PTR record of Kong",
    "AAAA record of mail.b.example.com",
    "PTR record of mail.b.example.com",
    "PTR record of the server",
    "PTR record of the server's IPv4",
  ]);
  expect(what({ domain: "none" }, { domain })).toEqual([]);
});

test("also when the owner kept the file first, and edited it later", async () => {
  const made = await new Made().make();
  made.edit("docker-compose.yml", (text) =>
    text.replaceAll("restart: always", "restart: unless-stopped"),
  );
  const off = ["--database", "off", "--conflict", "keep"];
  const kept = await made.regenerate(...off);
  expect(kept.code).toBe(3);
  const [resolve, exported] = stepsOf(kept.stdout);
  expect(resolve).toBe(
    "Resolve the drift named above; check lists what remains.",
  );
  const other = await new Made().make(...off);
  made.write("docker-compose.yml", other.read("docker-compose.yml"));
  const { code, stdout } = await made.regenerate();
  expect(code).toBe(0);
  expect(stepsOf(stdout)[0]).toBe(exported);
});

test("create --conflict keep: what contradicts the answers is resolved before the deploy", async () => {
  const made = await new Made().make();
  rmSync(made.path(STATE));
  const keep = ["--conflict", "keep", "--yes"];
  const { code, stdout } = await made.run([".", ...TO, ...keep]);
  expect(code).toBe(3);
  expect(stepsOf(stdout)[1]).toMatch(/^Resolve the drift named above; /);
  expect(stepsOf(stdout)[2]).toMatch(/^Copy it to the server/);
});

test("an unedited kong.yml is deleted with --database postgres, and nothing is imported", async () => {
  const unedited = await new Made().make("--database", "off");
  const back = ["--database", "postgres"];
  const { stdout } = await unedited.regenerate(...back);
  expect(existsSync(unedited.path("kong.yml"))).toBe(false);
  expect(stdout).not.toContain("db_import");
  const edited = await new Made().make("--database", "off");
  edited.edit("kong.yml", (text) => `${text}# mine\n`);
  expect((await edited.regenerate(...back)).stdout).toContain("db_import");
  expect(edited.read("kong.yml")).toMatch(/# mine\n$/);
  expect(await edited.run(["check"])).toMatchObject({ code: 0 });
});

test("the database is read before its data are moved", () => {
  const both = steps({ database: "off", dataDir: "/srv/kong" });
  expect(both.filter(({ first }) => first).map(({ new: now }) => now)).toEqual([
    "kong.yml",
    "kong.yml",
    "/srv/kong",
  ]);
});

test("an unchanged value needs no step", () => {
  expect(steps({ plugin: ["kong-oidc"] })).toEqual([]);
});

test("a warning if another container may have Kong's new address", async () => {
  const made = await new Made().make();
  made.edit("docker-compose.yml", (text) =>
    text.replace(
      "services:\n",
      `services:\n  mine:\n    image: mine:1 # 2A03:2222:3333:4444:300::9\n`,
    ),
  );
  made.write("zone.txt", `\nmine AAAA ${OLD}:300::9\nnet ${OLD}:300::/80\n`);
  const to = ["--kong", `${OLD}:300::9`];
  const { code, stdout } = await made.regenerate(...to);
  const line =
    made
      .read("docker-compose.yml")
      .split("\n")
      .findIndex((text) => text.includes("image: mine:1")) + 1;
  const told = stdout.split("\n").filter((text) => text.startsWith("warning"));
  const about = `warning --kong ${OLD}:300::9: `;
  const rest =
    " already contains this address. Make sure that only Kong gets it.";
  expect({ code, told }).toEqual({
    code: 0,
    told: [
      `${about}docker-compose.yml:${line}${rest}`,
      `${about}zone.txt:2${rest}`,
    ],
  });
  // Once Kong is there, and when it comes back to where it was, all is its own.
  expect((await made.regenerate()).stdout).not.toContain(
    "already contains this address",
  );
  await made.regenerate("--kong", `${OLD}:300::8100`);
  expect((await made.regenerate(...to)).stdout).not.toContain(
    "already contains this address",
  );
});

test("a warning if another machine may have the server's new address", async () => {
  const made = await new Made().make();
  made.write("zone.txt", `mail AAAA ${OLD}::10\n`);
  const { code, stdout } = await made.regenerate("--host", `${OLD}::10`);
  const told = stdout.split("\n").filter((text) => text.startsWith("warning"));
  expect({ code, told }).toEqual({
    code: 0,
    told: [
      `warning --host ${OLD}::10: zone.txt:1 already contains this address. Make sure that only the server gets it.`,
    ],
  });
});

test("a container's address is never rewritten to Kong's: it stays and is reported", async () => {
  const mine = `${OLD}:300::1:7`;
  const made = await new Made().make();
  made.edit("host/etc/ndppd.conf", (text) => `# ${mine}\n${text}`);
  const { stdout } = await made.regenerate(
    `--exposed=${OLD}:500::/112`,
    `--kong=${OLD}:500::7`,
  );
  expect(made.read("host/etc/ndppd.conf")).toContain(`# ${mine}\n`);
  expect(stdout).toContain(`  host/etc/ndppd.conf:1  ${mine}\n`);
  expect(stdout).not.toContain("already contains this address");
});

test("the PTR record of another IPv4 is named, as the README has it", () => {
  const ipv4 = "192.0.2.10/24";
  expect(steps({ ipv4: "198.51.100.7" }, { ipv4 })).toEqual([
    { what: "A record of YOUR.DOMAIN", old: "192.0.2.10", new: "198.51.100.7" },
    {
      what: "PTR record of the server's IPv4",
      old: "10.2.0.192.in-addr.arpa.",
      new: "7.100.51.198.in-addr.arpa.",
    },
  ]);
  expect(steps({ ipv4: "any" }, { ipv4 })).toEqual([]);
});
