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
  const { postgres } = planOf(s);
  expect(names).toEqual(postgres ? ["kong", "web"] : ["kong", "redis", "web"]);
  const kong = found.filter(({ services }) => Array.isArray(services));
  expect(kong.map(({ services }) => services)).toHaveLength(postgres ? 0 : 1);
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
  for (const value of [host.interface, gateway.address, ipv4.netplan?.gateway])
    if (value !== undefined) expect(section).toContain(`\`${value}\``);
});

test("what is sent to Kong's admin API is valid JSON, with the plan's domain", () => {
  const bodies = blocksIn(readmeOf("recipe"), "sh").flatMap((block) =>
    [...block.matchAll(/--json '(.*)'/g)].map(
      ([, body = ""]) => JSON.parse(body) as Record<string, unknown>,
    ),
  );
  const { domain } = planOf("recipe");
  expect(bodies).toMatchObject([
    { hosts: [domain], paths: ["/.well-known/acme-challenge/"] },
    { name: "acme", config: { domains: [domain], storage: "kong" } },
  ]);
});
