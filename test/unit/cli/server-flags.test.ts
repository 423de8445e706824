import { expect, test } from "vitest";
import type { Issue } from "../../../src/base/errors.ts";
import { readServerFlags } from "../../../src/cli/server-flags.ts";

const refused = (path: string): string[] => {
  const issues: Issue[] = [];
  readServerFlags("deploy", new Map([["path", [path]]]), issues);
  return issues.map(({ reason }) => reason);
};

test.each([
  ["/var/lib/kong-ipv6", "scripts/apply.sh keeps its own data there"],
  ["/opt/../var/lib//kong-ipv6/copies", "scripts/apply.sh keeps its own"],
  ["/var/lib", "keeps its own data there"],
  ["/var/lib/docker/x", "Docker itself keeps its own data there"],
  ["/etc/kong", "it belongs to the system"],
])("--path %s is refused", (path, reason) => {
  expect(refused(path)).toEqual([expect.stringContaining(reason)]);
});

test.each(["/opt/kong-ipv6", "/srv/gw", "/home/me/gw", "/tmp/gw", "/opt/a/b"])(
  "--path %s is accepted",
  (path) => {
    expect(refused(path)).toEqual([]);
  },
);
