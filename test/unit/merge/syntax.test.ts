import { expect, test } from "vitest";
import { whyInvalid } from "../../../src/merge/syntax.ts";
import { testWith } from "../../support/programs.ts";

test.each([
  [
    "a heredoc in a Dockerfile",
    "kong-build/Dockerfile",
    "FROM kong:3\nRUN <<EOF\nset -e\napt-get update\nEOF\nCOPY <<-'A' <<B /x/\n1\n\tA\n2\nB\nUSER kong\n",
  ],
  [
    "a value of several lines in .env",
    ".env",
    "KEY=\"-----BEGIN\nabc\n-----END\"\nOTHER='a\n\n b'\nLAST=1\n",
  ],
  ["a key that the owner has twice", ".env", "A=1\nB=2\nA=3\n"],
  [
    "a sysctl key that starts with a dash",
    "host/etc/sysctl.d/60-kong-ipv6.conf",
    "net.ipv6.conf.all.forwarding = 1\n-net.ipv4.conf.hub0.rp_filter\n",
  ],
])("a false alarm: %s", (_, path, text) => {
  expect(whyInvalid(path, text)).toBeUndefined();
});

test.each([
  ["kong-build/Dockerfile", "FROM kong:3\nRUN <<EOF\nset -e\nEOF\nset +e\n"],
  ["kong-build/Dockerfile", "FROM kong:3\nRUN <<EOF\nset -e\n"],
  [".env", "A=1\nno assignment\n"],
  [".env", "A='1\nno assignment\n"],
  ["host/etc/sysctl.d/60-kong-ipv6.conf", "net.ipv6.conf.all.forwarding\n"],
  ["host/etc/systemd/system/ndppd.service", "-Type\n"],
])("and still one: %s %j", (path, text) => {
  expect(whyInvalid(path, text)).toEqual(expect.any(String));
});

test("a key that only the merge has twice is an error", () => {
  expect(whyInvalid(".env", "A=1\nA=2\n", "A=1\n")).toBe("A is set twice");
  expect(whyInvalid(".env", "A=1\nA=2\n", "A=1\nA=3\n")).toBeUndefined();
});

test("an undefined alias is not valid YAML", () => {
  const yaml = "x-kong: &kong\n  a: 1\nservices:\n  one:\n    <<: *kong\n";
  expect(whyInvalid("docker-compose.yml", yaml)).toBeUndefined();
  expect(
    whyInvalid("docker-compose.yml", yaml.replace("*kong", "*kongx")),
  ).toBe('not valid YAML: unidentified alias "kongx" (line 5)');
});

testWith("python3", "Python that doesn't parse was not looked at", () => {
  const path = "scripts/kong_ipv6/packets.py";
  expect(whyInvalid(path, "import sys\nsys.exit(1)\n")).toBeUndefined();
  expect(whyInvalid(path, "def f(:\n")).toMatch(
    /^python3 cannot parse it: SyntaxError/,
  );
});

test("a Dockerfile of empty lines took minutes to check", () => {
  const text = `FROM kong:3\n${"\n".repeat(300_000)}USER kong\n`;
  const start = performance.now();
  expect(whyInvalid("kong-build/Dockerfile", text)).toBeUndefined();
  expect(performance.now() - start).toBeLessThan(20_000);
});
