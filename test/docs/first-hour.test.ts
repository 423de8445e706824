import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { EXAMPLES, exampleTree, scenarios } from "../../scripts/examples.ts";
import { plan } from "../../src/plan/plan.ts";
import { resolve, type Given } from "../../src/answers/resolve.ts";
import { blocksIn } from "../support/documents.ts";
import { textOf } from "../support/trees.ts";
import { readFileSync } from "node:fs";

/** What an owner copies from "The first hour" of the generated README, for every scenario. */

interface Entry {
  name: string;
  routes?: Entry[];
}

const planOf = (scenario: string) => {
  const text = readFileSync(join(EXAMPLES, scenario, "answers.json"), "utf8");
  return plan(resolve(JSON.parse(text) as Given).answers);
};

const readmeOf = (scenario: string): string =>
  textOf(exampleTree(scenario), "README.md");

test.each(scenarios())("%s: services are for Compose, routes for Kong", (s) => {
  const found = blocksIn(readmeOf(s), "yaml").map(
    (text) => parse(text) as Record<string, Record<string, Entry> | Entry[]>,
  );
  const compose = found.filter(({ services }) => !Array.isArray(services));
  const names = compose.flatMap(({ services = {} }) => Object.keys(services));
  const { postgres, expose } = planOf(s);
  expect(names).toEqual([
    ...(postgres ? ["kong", "web"] : ["kong", "redis", "web"]),
    ...expose.map(({ name }) => name),
  ]);
  const kong = found.filter(({ services }) => Array.isArray(services));
  expect(kong.map(({ services }) => services)).toHaveLength(postgres ? 0 : 1);
});

const count = (text: string, part: string): number =>
  text.split(part).length - 1;

test.each(scenarios())("%s: the first service and its route", (scenario) => {
  const { backend, postgres } = planOf(scenario);
  const readme = readmeOf(scenario);
  const admin = `http://${backend.kong}:8001`;
  const wanted = [
    `curl -sS ${admin}/services -d name=example -d protocol=https -d host=example.com -d port=443`,
    `curl -sS ${admin}/services/example/routes -d name=example -d 'paths[]=/'`,
    "",
  ].join("\n");
  const blocks = blocksIn(readme, "sh").filter((text) =>
    text.includes("name=example"),
  );
  expect(blocks).toEqual(postgres ? [wanted] : []);
  expect(count(readme, "copy it over `kong.yml` in your own copy")).toBe(
    postgres ? 0 : 1,
  );
});

test.each(scenarios())("%s: the server's network configuration", (scenario) => {
  const readme = readmeOf(scenario);
  const generated = Boolean(planOf(scenario).host);
  expect(readme.includes("`50-cloud-init.yaml`, stays as it is")).toBe(
    generated,
  );
  expect(readme.includes("No netplan file is generated")).toBe(!generated);
});

test.each(scenarios())(
  "%s: updates of Kong and of the database",
  (scenario) => {
    const readme = readmeOf(scenario);
    const [updates = ""] = /^### Updates\n[^]*?(?=^#)/m.exec(readme) ?? [];
    expect(updates).toContain("regenerate --kong-image kong:VERSION`");
    const { postgres } = planOf(scenario);
    expect(updates.includes("`sudo docker compose pull kong-database`")).toBe(
      postgres,
    );
    expect(/postgres|database|migrat/i.test(updates)).toBe(postgres);
  },
);

/** Blocks for one file, joined as the README says: entries below the key that the file has already. */
function joined(blocks: readonly string[]): string {
  const sections = new Map<string, string>();
  for (const block of blocks)
    for (const [section] of block.matchAll(/^\S.*\n(?:[ \n].*\n?)*/gm)) {
      const [key = "", ...entries] = section.split(/(?<=\n)/);
      sections.set(key, (sections.get(key) ?? "") + entries.join(""));
    }
  return [...sections].flat().join("");
}

test.each(scenarios())("%s: all blocks for a file fit into one", (scenario) => {
  const readme = readmeOf(scenario);
  expect(readme).toContain("add the new entries under it");
  const blocks = blocksIn(readme, "yaml");
  const forKong = blocks.filter((text) => / protocols?:/.test(text));
  const forCompose = blocks.filter((text) => !forKong.includes(text));
  const { postgres, expose } = planOf(scenario);
  const exposed = expose.length > 0 ? 1 : 0;
  expect([forCompose.length, forKong.length]).toEqual(
    postgres ? [2 + exposed, 0] : [3 + exposed, 2],
  );
  // The parser refuses a key that occurs twice.
  const { services } = parse(joined(forCompose)) as { services: object };
  expect(Object.keys(services).sort()).toEqual(
    [
      ...(postgres ? ["kong", "web"] : ["kong", "redis", "web"]),
      ...expose.map(({ name }) => name),
    ].sort(),
  );
  if (postgres) return;
  const generated = textOf(exampleTree(scenario), "kong.yml");
  const added = joined(forKong);
  expect(generated).toContain("services: []\n");
  const config: unknown = parse(generated.replace("services: []\n", added));
  expect(config).toMatchObject({
    _format_version: expect.any(String),
    services: [{ name: "example" }],
    routes: [{ name: "acme" }],
    plugins: [{ name: "acme" }],
  });
  // apply.sh does not compare the content of kong.yml.
  expect(readme).toContain("That restarts Kong after a change of `kong.yml`.");
});

/** Debian 11 has curl 7.74; these are older. */
const CURL_OPTIONS = ["-sS", "-d", "-H"];

test.each(scenarios())("%s: curl's options are in curl 7.74", (scenario) => {
  const commands = blocksIn(readmeOf(scenario), "sh")
    .flatMap((block) => block.split("\n"))
    .filter((line) => line.startsWith("curl "));
  // Without a database nothing is sent to the admin API.
  expect(commands.length > 0).toBe(planOf(scenario).postgres);
  const options = commands.flatMap(
    (line) => line.replaceAll(/'[^']*'/g, "").match(/(?<= )-\S+/g) ?? [],
  );
  for (const option of options) expect(CURL_OPTIONS).toContain(option);
});

test.each(scenarios())("%s: each address is in the plan", (scenario) => {
  const { backend, kong, host, ipv4, gateway } = planOf(scenario);
  const text = readmeOf(scenario);
  const section = text.slice(
    text.indexOf("## The first hour"),
    text.indexOf("## What can be reached"),
  );
  const urls = [...section.matchAll(/http:\/\/([\d.]+|\[[\da-f:]+\])/g)];
  const known = [backend.kong, `[${kong.address}]`];
  for (const [, address] of urls) expect(known).toContain(address);
  const gateways = [gateway.address, ipv4.netplan?.gateway];
  for (const value of host ? [host.interface, ...gateways] : [])
    if (value) expect(section).toContain(`\`${value}\``);
});

/** As it was tried on the real Kong, with an ACME server for tests. */
const acme = (domain: string, storage: object) => ({
  route: {
    name: "acme",
    protocols: ["http"],
    // An https-only route with hosts would win against one that has only the path.
    hosts: [domain],
    paths: ["/.well-known/acme-challenge/"],
  },
  plugin: {
    name: "acme",
    config: {
      account_email: `YOU@${domain}`,
      tos_accepted: true,
      domains: [domain],
      ...storage,
      // The default of 14 renews a certificate of 45 days after it has expired.
      renew_threshold_days: 60,
    },
  },
});

test("the acme plugin with a database: route, plugin, a pause until Kong has the route, certificate", () => {
  const { domain, backend } = planOf("recipe");
  const [block = ""] = blocksIn(readmeOf("recipe"), "sh").filter((text) =>
    text.includes("acme"),
  );
  const [route = "", plugin = "", pause, certificate, ...more] = block
    .trimEnd()
    .split("\n");
  const admin = `http://${backend.kong}:8001`;
  const sent = (command: string): unknown => {
    const [, to, body = ""] =
      /^curl -sS (\S+) -H 'Content-Type: application\/json' -d '(.*)'$/.exec(
        command,
      ) ?? [];
    return { to, body: JSON.parse(body) as unknown };
  };
  const wanted = acme(domain, { storage: "kong" });
  expect([sent(route), sent(plugin)]).toEqual([
    { to: `${admin}/routes`, body: wanted.route },
    { to: `${admin}/plugins`, body: wanted.plugin },
  ]);
  expect(pause).toMatch(/^sleep 6 /);
  expect(certificate).toBe(`curl -sS ${admin}/acme -d host=${domain}`);
  expect(more).toEqual([]);
});

test("the acme plugin without a database: the same in kong.yml, kept in Redis", () => {
  const { domain } = planOf("db-less");
  const found = blocksIn(readmeOf("db-less"), "yaml").map(
    (text) => parse(text) as Record<string, unknown>,
  );
  const redis = { host: "redis", port: 6379 };
  const { route, plugin } = acme(domain, {
    // Kong refuses kong, and shm loses the certificate at each restart.
    storage: "redis",
    storage_config: { redis },
  });
  expect(found).toContainEqual({ routes: [route], plugins: [plugin] });
  const services = found.flatMap(({ services: some }) => some ?? []);
  expect(services).toContainEqual(
    expect.objectContaining({
      redis: expect.objectContaining({ networks: ["kong-net"] }),
    }),
  );
});
