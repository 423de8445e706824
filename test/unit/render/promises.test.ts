import { expect, test } from "vitest";
import { parse } from "yaml";
import { plan } from "../../../src/plan/plan.ts";
import { render } from "../../../src/render/render.ts";
import type { Given } from "../../../src/answers/resolve.ts";
import { answersFrom } from "../../support/base.ts";
import { textOf } from "../../support/trees.ts";

// What a later edit of a template must not lose: no other test without a server notices it.

interface Service {
  image: string;
  cap_drop?: string[];
  cap_add?: string[];
  security_opt?: string[];
  restart?: string;
  stop_grace_period?: string;
  command?: string[];
  environment: Record<string, string>;
}

const text = (path: string, given: Given = {}): string =>
  textOf(render(plan(answersFrom(given))), path);

const services = (given: Given): Record<string, Service> =>
  (
    parse(text("docker-compose.yml", given), { merge: true }) as {
      services: Record<string, Service>;
    }
  ).services;

test.each<Given>([{}, { database: "off" }])(
  "Kong's containers drop all capabilities but one, which nginx may use (%o)",
  (given) => {
    const built = Object.values(services(given)).filter(
      ({ image }) => image === "kong-ipv6:local",
    );
    expect(built.length).toBeGreaterThan(0);
    for (const { cap_drop, cap_add, security_opt } of built) {
      expect(cap_drop).toEqual(["ALL"]);
      expect(cap_add).toEqual(["NET_BIND_SERVICE"]);
      // Under no-new-privileges the kernel ignores what setcap wrote.
      expect(security_opt).toBeUndefined();
    }
  },
);

test("Kong asks for AAAA records, first if the server has no IPv4", () => {
  const dns = (given: Given) => {
    const { environment } = services(given)["kong"]!;
    return [environment["KONG_DNS_ORDER"], environment["KONG_RESOLVER_FAMILY"]];
  };
  expect(dns({})).toEqual(["LAST,SRV,A,AAAA,CNAME", "A,AAAA,SRV"]);
  expect(dns({ ipv4: "none" })).toEqual([
    "LAST,SRV,AAAA,A,CNAME",
    "AAAA,A,SRV",
  ]);
});

test("the migrations fail until all of them are done", () => {
  const { restart, command } = services({})["kong-migration"]!;
  expect(restart).toBe("on-failure");
  const [shell, option, loop] = command!;
  expect([shell, option]).toEqual(["/bin/bash", "-ec"]);
  expect(loop).toContain("for step in bootstrap finish up finish list;");
  expect(loop).toContain('/docker-entrypoint.sh kong migrations "$$step"');
});

test("Kong logs why it isn't ready, finishes open responses, and reports nothing to its vendor", () => {
  for (const given of [{}, { database: "off" }]) {
    const { environment, stop_grace_period } = services(given)["kong"]!;
    expect(environment["KONG_STATUS_ERROR_LOG"]).toBe("/dev/stderr");
    expect(environment["KONG_ANONYMOUS_REPORTS"]).toBe("off");
    expect(stop_grace_period).toBe("1m");
  }
});

test("the README says how to ask the real Kong", () => {
  const readme = text("README.md");
  // Through the entrypoint, which reads the password; facts/kong.md.
  expect(readme).toContain(
    "`sudo docker compose exec kong /docker-entrypoint.sh kong migrations list`",
  );
  expect(readme).not.toMatch(/exec kong kong migrations/);
  // Kong answers 500 for such an upstream.
  expect(readme).not.toMatch(/url[=:]\S*\[/);
  expect(readme).toContain("set `host` to the address in brackets");
  expect(readme).toContain("KONG_ANONYMOUS_REPORTS");
  expect(readme).toContain("build-essential");
  expect(text("README.md", { database: "off" })).not.toContain("migrations");
});

test("each deploy command with the new login says that the earlier address is tried too", () => {
  const [, ...after] = text("README.md").split(" deploy --ssh root@");
  expect(after).toHaveLength(2);
  for (const part of after)
    expect(part.slice(0, 600)).toMatch(
      /`deploy` tries the earlier address too/,
    );
});

test("git ignores secrets and local files", () => {
  const ignored = text(".gitignore").split("\n");
  for (const path of [".env", "*.new", ".kong-ipv6.*/", "/data/"])
    expect(ignored).toContain(path);
});

test("the filter lets pass 80, 443, ping and path MTU discovery, and nothing else", () => {
  const table = text("host/etc/kong-ipv6/firewall.nft");
  expect(table).toMatch(/ip6 daddr \S+ tcp dport \{ 80, 443 \} accept\n/);
  expect(table).toMatch(/\n\t\tdrop\n\t\}\n\}\n$/);
  const rule = table.split("\n").find((line) => line.includes("icmpv6 type"))!;
  for (const type of [
    "echo-request",
    "destination-unreachable",
    "packet-too-big",
    "time-exceeded",
    "parameter-problem",
  ])
    expect(rule).toContain(type);
  expect(rule).toMatch(/accept$/);
});

test("the kernel forwards both families after the next boot", () => {
  const lines = text("host/etc/sysctl.d/60-kong-ipv6.conf").split("\n");
  expect(lines).toContain("net.ipv6.conf.all.forwarding = 1");
  // Docker 29 with nftables doesn't set it, and doesn't start without it.
  expect(lines).toContain("net.ipv4.ip_forward = 1");
});
