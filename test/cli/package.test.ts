import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  checkPackage,
  createPackageFromTarballData,
} from "@arethetypeswrong/core";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { expect, test } from "vitest";
import manifest from "../../package.json" with { type: "json" };
import { GENERATED_FILES } from "../../src/render/generated-files.ts";
import { Sandbox } from "../support/run.ts";

const CHECKOUT = fileURLToPath(new URL("../../", import.meta.url));

interface Packed {
  readonly filename: string;
  /** Bytes of the tarball. */
  readonly size: number;
  readonly files: readonly { readonly path: string; readonly mode: number }[];
}

const folder = new Sandbox().cwd;
const packed = pack();
const tarball = join(folder, packed.filename);

/** `npm pack` of what `npm test` has built. */
function pack(): Packed {
  const { stdout, stderr } = spawnSync(
    "npm",
    ["pack", "--json", "--ignore-scripts", "--pack-destination", folder],
    { cwd: CHECKOUT, encoding: "utf8" },
  );
  const [found] = JSON.parse(stdout.slice(stdout.indexOf("["))) as Packed[];
  if (found === undefined) throw new Error(stderr);
  return found;
}

/** The tarball's content, with nothing around it. */
function unpack(name: string): string {
  const directory = join(folder, name);
  mkdirSync(directory);
  const { status } = spawnSync("tar", ["-xzf", tarball, "-C", directory]);
  expect(status).toBe(0);
  return directory;
}

test("installs nothing but itself", () => {
  for (const kind of [
    "dependencies",
    "optionalDependencies",
    "peerDependencies",
    "bundleDependencies",
  ])
    expect(manifest).not.toHaveProperty(kind);
  for (const hook of ["preinstall", "install", "postinstall", "prepare"])
    expect(manifest.scripts).not.toHaveProperty(hook);
});

test("at most 400 kB, and nothing in it but what is meant", () => {
  expect(packed.size).toBeLessThanOrEqual(400_000);
  const paths = packed.files.map(({ path }) => path);
  const meant =
    /^(package\.json|README\.md|LICENSE|CHANGELOG\.md|dist\/[a-z0-9-]+\.cjs|files\/(?:host|scripts)\/[\w./-]+|dist\/licences\.txt|dist\/types\/[a-z/-]+\.d\.cts)$/;
  expect(paths.filter((path) => !meant.test(path))).toEqual([]);
  expect(paths).toEqual(
    expect.arrayContaining([
      "LICENSE",
      "README.md",
      "dist/cli.cjs",
      "dist/index.cjs",
      ...GENERATED_FILES.filter(({ source }) => source === "verbatim").map(
        ({ path }) => `files/${path}`,
      ),
      "dist/types/index.d.cts",
    ]),
  );
});

test("the licences of all that is bundled go along", () => {
  const text = readFileSync(join(CHECKOUT, "dist/licences.txt"), "utf8");
  for (const name of [
    "handlebars",
    "inquirer",
    "ip-address",
    "js-yaml",
    "node-plop",
    "rxjs",
  ])
    expect(text).toMatch(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+ \\(`, "m"));
  // What only builds and tests is not in there.
  for (const name of [
    "esbuild",
    "plop",
    "prettier",
    "vitest",
    "typescript",
    "yaml",
  ])
    expect(text).not.toMatch(new RegExp(`^${name} \\d`, "m"));
});

test("publint finds nothing to say", async () => {
  const { messages } = await publint({
    strict: true,
    pack: { tarball: new Uint8Array(readFileSync(tarball)).buffer },
  });
  expect(messages.map((message) => formatMessage(message, manifest))).toEqual(
    [],
  );
});

test("its types resolve as its code does, in every way of importing", async () => {
  const checked = await checkPackage(
    createPackageFromTarballData(new Uint8Array(readFileSync(tarball))),
  );
  expect(checked.types).not.toBe(false);
  expect(checked).toMatchObject({ problems: [] });
});

test("unpacked, with nothing around it, it writes a repository", () => {
  const alone = unpack("alone");
  const cli = join(alone, "package", manifest.bin["create-kong-ipv6"]);
  const { status, stderr } = spawnSync(
    process.execPath,
    [cli, "gw", "--prefix", "2a03:2222:3333:4444::/64", "--yes"],
    { cwd: alone, encoding: "utf8" },
  );
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  expect(readFileSync(join(alone, "gw/.kong-ipv6.json"), "utf8")).toContain(
    manifest.version,
  );
  // What is generated or printed names the version.
  const call = `npx create-kong-ipv6@${manifest.version}`;
  expect(readFileSync(join(alone, "gw/README.md"), "utf8")).toContain(
    `${call} regenerate`,
  );
  const help = [cli, "create", "--help"];
  expect(
    spawnSync(process.execPath, help, { encoding: "utf8" }).stdout,
  ).toMatch(new RegExp(`^ {2}${call} my-gateway$`, "m"));
});

test("the minifier took the errors' names: an uncaught UnusableError was a V", () => {
  const cwd = unpack("errors");
  const load = 'const { plan } = require("./package/dist/index.cjs");';
  const told = [
    'try { plan({ prefix: "x" }) } catch (error) {',
    "console.log(error.name, error.constructor.name,",
    "Object.getPrototypeOf(error.constructor).name) }",
  ].join(" ");
  const node = (code: string) =>
    spawnSync(process.execPath, ["-e", load + code], { cwd, encoding: "utf8" });
  expect(node(told).stdout).toBe("UnusableError UnusableError KongIpv6Error\n");
  expect(node('plan({ prefix: "x" });').stderr).toContain(
    "UnusableError: --prefix x: ",
  );
});
