import { describe, expect, test } from "vitest";
import { resolve } from "../../../src/answers/resolve.ts";
import { plan } from "../../../src/plan/plan.ts";
import { contradictions } from "../../../src/reconcile/contradictions.ts";
import { render, type File } from "../../../src/render/render.ts";

const { answers } = resolve({
  prefix: "2a03:2222:3333:4444::/64",
  ipv4: "192.0.2.10/24",
  ipv4Gateway: "192.0.2.1",
});
const tree = render(plan(answers));

/** What an edited file contradicts. The text to replace must be there. */
function edited(path: string, from: string, to: string): string[] {
  const { text } = tree.get(path) as File;
  expect(text).toContain(from);
  return contradictions(path, text.replaceAll(from, to), tree);
}

const COMPOSE = "docker-compose.yml";
const BIND = '"${KONG_BIND_IP:?set it in .env}:80:80"';
const PUBLISH = '"${KONG_PUBLISH_IPV6:-[::1]}:80:80"';

describe("a port that is written in another way is no contradiction", () => {
  test.each([
    ["the default written out", PUBLISH, '"[::1]:80:80"'],
    ["another operator", PUBLISH, '"${KONG_PUBLISH_IPV6-[::1]}:80:80"'],
    [
      "the long form",
      PUBLISH,
      '{ host_ip: "::1", published: "80", target: 80 }',
    ],
    ["a variable in braces", BIND, '"${KONG_BIND_IP}:80:80"'],
    ["a variable without braces", BIND, '"$KONG_BIND_IP:80:80"'],
    ["the value", BIND, '"192.0.2.10:80:80"'],
    ["the protocol", BIND, '"192.0.2.10:80:80/tcp"'],
  ])("%s", (_, from, to) => {
    expect(edited(COMPOSE, from, to)).toEqual([]);
  });

  test("another port is one", () => {
    expect(edited(COMPOSE, PUBLISH, '"[::1]:8080:80"')).toEqual([
      "port [::1]:80:80 is missing",
    ]);
    expect(edited(COMPOSE, BIND, '"$KONG_BIND_IP:8080:80"')).toEqual([
      "port 192.0.2.10:80:80 is missing",
    ]);
  });
});
