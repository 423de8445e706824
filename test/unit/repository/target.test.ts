import { expect, test } from "vitest";
import { existingAnswers } from "../../../src/repository/target.ts";
import { Sandbox } from "../../support/run.ts";

test("a daemon.json gives an answer only in a generated repository", () => {
  const daemon = '{"fixed-cidr-v6": "fd4c:8a1e:92b7::/64"}';
  const files = { "host/etc/docker/daemon.json": daemon };
  expect(existingAnswers(new Sandbox(files).cwd)).toEqual({});
  const generated = new Sandbox({ ...files, "scripts/plan.json": "{}" });
  expect(existingAnswers(generated.cwd)).toEqual({
    internalPrefix: "fd4c:8a1e:92b7::/64",
  });
});
