import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import type { Connection } from "../../../src/deploy/connection.ts";
import { copy } from "../../../src/deploy/copy.ts";
import type { Deployment } from "../../../src/deploy/deployment.ts";
import { plan } from "../../../src/plan/plan.ts";
import { answersFrom } from "../../support/base.ts";

const directory = mkdtempSync(join(tmpdir(), "kong-"));
afterAll(() => rmSync(directory, { recursive: true }));

/** Bug: what was confirmed before was taken for a later deploy of the same files that never began. */
test("each deploy of the same files has a digest of its own", async () => {
  writeFileSync(join(directory, "a"), "");
  const deployment = {
    directory,
    plan: plan(answersFrom({})),
    previous: [],
    path: "/opt/kong-ipv6",
  } as unknown as Deployment;
  const connection = {
    must: () => Promise.resolve('{"exists": true, "changed": []}'),
  } as unknown as Connection;
  const copied = [
    await copy(deployment, connection),
    await copy(deployment, connection),
  ];
  const digests = copied.map((one) => one?.digest);
  expect(digests[0]).toMatch(/^[0-9a-f]{64}$/);
  expect(digests[0]).not.toBe(digests[1]);
});
