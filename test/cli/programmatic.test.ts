import { execFileSync } from "node:child_process";
import { readFileSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { EXAMPLES, exampleTree } from "../../scripts/examples.ts";
import { plan } from "../../src/plan/plan.ts";
import { render } from "../../src/render/render.ts";
import { STATE_FILE } from "../../src/repository/state.ts";
import { CHECKOUT, Sandbox } from "../support/run.ts";
import { cases } from "../support/arbitrary.ts";
import { announceSeed, runs } from "../support/seed.ts";

beforeAll(announceSeed);

/** As another package loads it: by its name, through package.json's exports. */
const library = (): Promise<typeof import("../../src/index.ts")> =>
  import("create-kong-ipv6" as string);

/** Puts this checkout where npm install would put the package. */
function installed(sandbox: Sandbox): void {
  symlinkSync(CHECKOUT, sandbox.path("node_modules/create-kong-ipv6"));
}

const answersOf = (scenario: string): object =>
  JSON.parse(readFileSync(join(EXAMPLES, scenario, "answers.json"), "utf8"));

test("it exports plan, render, resolve and the errors, to import and require", async () => {
  const exported = [
    "KongIpv6Error",
    "UnusableError",
    "plan",
    "render",
    "resolve",
  ];
  const { default: whole, ...named } = (await library()) as never as Record<
    string,
    object
  >;
  expect(whole).toBeDefined();
  expect(
    Object.keys(named)
      .filter((name) => name !== "module.exports")
      .sort(),
  ).toEqual(exported);
  const required = createRequire(import.meta.url)("create-kong-ipv6");
  expect(Object.keys(required).sort()).toEqual(exported);
  expect(() =>
    createRequire(import.meta.url)("create-kong-ipv6/dist/main.cjs"),
  ).toThrow(/not exported|not defined by "exports"/);
});

test("plan and render give what the command writes", async () => {
  const { plan, render } = await library();
  for (const scenario of ["recipe", "db-less", "plugins"]) {
    const expected = new Map(exampleTree(scenario));
    expected.delete(STATE_FILE);
    expect(render(plan(answersOf(scenario)))).toEqual(expected);
  }
});

test("resolve and plan say everything that is wrong, unknown answers too", async () => {
  const { plan, resolve, KongIpv6Error, UnusableError } = await library();
  const wrong = { prefx: "2001:db8::/64", kong: "fe80::1", domain: 7 };
  for (const call of [plan, resolve]) {
    let caught: unknown;
    try {
      call(wrong as never);
    } catch (error) {
      caught = error;
    }
    if (!(caught instanceof UnusableError)) expect.fail(String(caught));
    expect(caught).toBeInstanceOf(KongIpv6Error);
    expect(caught.exitCode).toBe(2);
    expect(caught.issues).toMatchObject([
      { flag: "prefx", remedy: "Perhaps you meant prefix" },
      { flag: "--prefix", reason: expect.stringContaining("missing") },
      { flag: "--kong" },
      { flag: "--domain", reason: "it is a number, not text" },
    ]);
  }
});

test("plan() throws UnusableError for what is not an object of answers", async () => {
  const { plan, resolve, UnusableError } = await library();
  for (const none of [undefined, null, [], "2001:db8::/64", 7])
    for (const call of [plan, resolve]) {
      expect(() => call(none as never)).toThrow(UnusableError);
      expect(() => call(none as never)).toThrow(
        "it is not an object of answers",
      );
    }
});

test("render() throws UnusableError for what is not a plan", async () => {
  const { render, UnusableError } = await library();
  for (const none of [
    undefined,
    null,
    {},
    [],
    { prefix: "2001:db8::/64" },
    { uplink: { name: "ens3" } },
  ]) {
    expect(() => render(none as never)).toThrow(UnusableError);
    expect(() => render(none as never)).toThrow("it is not an address plan");
  }
});

test("values that JSON can't hold gave a TypeError", async () => {
  const { plan, resolve, UnusableError } = await library();
  const circular: Record<string, unknown> = {};
  circular["self"] = circular;
  const bare: unknown = Object.create(null);
  for (const value of [1n, circular, [1n], [circular], bare, [bare], Symbol()])
    for (const given of [{ prefix: value }, { plugin: value }])
      for (const call of [plan, resolve])
        expect(() => call(given as never)).toThrow(UnusableError);
});

test("answers in normal form give the same plan again", async () => {
  const { plan, resolve } = await library();
  const { answers, warnings } = resolve({ prefix: "2001:DB8:0:0::/64" });
  expect(answers.prefix).toBe("2001:db8::/64");
  expect(warnings).toMatchObject([{ flag: "--prefix" }]);
  expect(plan(answers)).toEqual(plan({ ...answers }));
});

test("a plan is plain data that JSON can hold", async () => {
  const { plan, render } = await library();
  const made = plan({
    prefix: "2001:db8::/64",
    internalPrefix: "fd4c:8a1e:92b7::/64",
    ipv4: "192.0.2.10/24",
    ipv4Gateway: "192.0.2.1",
  });
  const stored = JSON.parse(JSON.stringify(made));
  expect(stored).toEqual(made);
  expect(render(stored)).toEqual(render(made));
});

test("the example prints what stands beside it", () => {
  const example = join(EXAMPLES, "programmatic");
  const printed = execFileSync(process.execPath, ["records.mjs"], {
    cwd: example,
    encoding: "utf8",
  });
  expect(printed).toBe(readFileSync(join(example, "records.txt"), "utf8"));
});

test("the code in docs/usage.md runs", () => {
  const usage = readFileSync(join(CHECKOUT, "docs/usage.md"), "utf8");
  const code = /^```js\n(.*?)^```$/ms.exec(usage)?.[1];
  const told =
    "console.log(kong.address, domain, warnings.length, files.size);";
  const sandbox = new Sandbox({
    "node_modules/": "",
    "use.mjs": `${code}${told}`,
  });
  installed(sandbox);
  const options = { cwd: sandbox.cwd, encoding: "utf8" } as const;
  expect(execFileSync(process.execPath, ["use.mjs"], options)).toMatch(
    /^2001:db8:1:2:300::8100 YOUR\.DOMAIN 1 \d\d\n$/,
  );
});

test("its types are right for import and for require, and catch what is no answer", () => {
  const use = `
    const tree: Tree = render(plan({ prefix: "2001:db8::/64", plugin: ["a"] }));
    const { answers, warnings }: Resolved = resolve({ prefix: "2001:db8::/64" });
    export const texts: string[] = [...tree.values()].map(({ text }) => text);
    export const domain: string = plan(answers).domain;
    export const flags: string[] = warnings.map(({ flag }) => flag);
    export const delivery: "on-link" | "routed" = answers.delivery;
    plan({ prefix: "2001:db8::/64", ndp: "kernel", firewall: "nftables" });
    ${["delivery", "ndp", "database", "firewall"]
      .map(
        (key) => `// @ts-expect-error it is not one of the choices
    plan({ prefix: "2001:db8::/64", ${key}: "mysql" });`,
      )
      .join("\n    ")}
    // @ts-expect-error no such answer
    plan({ prefx: "2001:db8::/64" });
    // @ts-expect-error an answer is text
    plan({ prefix: 7 });
    export function told(error: unknown): string {
      return error instanceof UnusableError ? error.issues[0]?.remedy ?? "" : "";
    }`;
  const names =
    "plan, render, resolve, UnusableError, type Resolved, type Tree";
  const source = `import { ${names} } from "create-kong-ipv6";${use}`;
  const compilerOptions = {
    module: "nodenext",
    target: "es2023",
    lib: ["es2023"],
    types: [],
    strict: true,
    noEmit: true,
  };
  const sandbox = new Sandbox({
    "use.mts": source,
    "use.cts": source,
    "tsconfig.json": JSON.stringify({
      compilerOptions,
      files: ["use.mts", "use.cts"],
    }),
    "node_modules/": "",
  });
  installed(sandbox);
  const tsc = join(CHECKOUT, "node_modules/.bin/tsc");
  let printed = "";
  try {
    execFileSync(tsc, ["--project", sandbox.cwd], { encoding: "utf8" });
  } catch (error) {
    printed = String((error as { stdout?: unknown }).stdout);
  }
  expect(printed).toBe("");
});

test("templates as they are built print what Handlebars prints, 200 times", async () => {
  const built = await library();
  const holds = fc.property(cases, ({ answers }) => {
    const printed = built.render(built.plan(answers));
    expect([...printed]).toEqual([...render(plan(answers))]);
  });
  fc.assert(holds, runs(200));
});
