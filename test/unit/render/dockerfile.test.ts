import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { plan } from "../../../src/plan/plan.ts";
import { render } from "../../../src/render/render.ts";
import { answersFrom } from "../../support/base.ts";
import { dockerfile } from "../../support/parsers.ts";
import { temporary, textOf } from "../../support/trees.ts";

// The check behind `luarocks install`: Kong doesn't start with a plugin that isn't there.

/** Runs the check of a --plugin as the build does, where luarocks has installed the plugin oidc from kong-oidc. */
function check(plugin: string) {
  const directory = temporary();
  mkdirSync(join(directory, "kong/plugins/oidc"), { recursive: true });
  const text = textOf(
    render(plan(answersFrom({ plugin }))),
    "kong-build/Dockerfile",
  );
  const { value } = dockerfile(text).find(({ value }) =>
    value.startsWith("test -d"),
  )!;
  const luarocks =
    "luarocks() { echo kong.plugins.oidc.access; echo kong.plugins.oidc.handler; }\n";
  const { status, stderr } = spawnSync(
    "sh",
    ["-ec", luarocks + value.replace("/usr/local/share/lua/5.1", directory)],
    { encoding: "utf8" },
  );
  return { status, stderr };
}

test("a build with a plugin that is there succeeds", () => {
  expect(check("kong-oidc=oidc")).toEqual({ status: 0, stderr: "" });
  expect(check("kong-plugin-oidc")).toEqual({ status: 0, stderr: "" });
});

test("a build without the plugin fails, and names what was installed", () => {
  expect(check("kong-oidc")).toEqual({
    status: 1,
    stderr:
      "kong-oidc has no plugin named kong-oidc. Its plugins: oidc. Name the plugin: --plugin kong-oidc=PLUGIN\n",
  });
});
