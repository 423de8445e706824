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

test("what is sent to Kong's admin API is valid JSON, with the plan's domain", () => {
  const bodies = blocksIn(readmeOf("recipe"), "sh").flatMap((block) =>
    [...block.matchAll(/-d '(\{.*\})'/g)].map(
      ([, body = ""]) => JSON.parse(body) as Record<string, unknown>,
    ),
  );
  const { domain } = planOf("recipe");
  expect(bodies).toMatchObject([
    { hosts: [domain], paths: ["/.well-known/acme-challenge/"] },
    { name: "acme", config: { domains: [domain], storage: "kong" } },
  ]);
});
