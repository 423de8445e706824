import { execFileSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import manifest from "../../package.json" with { type: "json" };
import { exampleTree, scenarios } from "../../scripts/examples.ts";
import { withAnswers } from "../../scripts/docs.ts";
import { EXIT } from "../../src/base/errors.ts";
import { FLAGS } from "../../src/cli/flags.ts";
import { CHECKOUT, PREFIX, run, Sandbox } from "../support/run.ts";
import {
  blocksIn,
  commandsOf,
  DOCUMENTS,
  documentText,
  rowsOf,
} from "../support/documents.ts";

const readme = documentText("README.md");
const usage = documentText("docs/usage.md");
const answers = documentText("docs/answers.md");

test("docs/README.md links every document in docs/", () => {
  const index = documentText("docs/README.md");
  const others = readdirSync(join(CHECKOUT, "docs")).filter(
    (name) => name.endsWith(".md") && name !== "README.md",
  );
  for (const name of others) expect(index).toContain(`](${name})`);
});

test("docs/recipe.md counts the servers and engines of docs/reachability.md", () => {
  const recipe = documentText("docs/recipe.md");
  const measured = documentText("docs/reachability.md");
  const columns = measured
    .match(/^\| measured on .*$/gm)
    ?.flatMap((row) => row.match(/\d{4}-\d\d-\d\d/g));
  expect(recipe).toContain(`reached on ${columns?.length} servers`);
  const engines = [...measured.matchAll(/: docker (\d+\.\d+\.\d+)/g)].map(
    ([, engine]) => engine,
  );
  expect(recipe).toContain(
    `Docker ${engines.slice(0, -1).join(", ")} and ${engines.at(-1)}:`,
  );
});

describe("docs/answers.md", () => {
  test("its table is what src/answers/questions.ts has (npm run docs)", () => {
    expect(withAnswers(answers)).toBe(answers);
    expect(rowsOf(answers, "| Key").length).toBeGreaterThan(15);
  });

  test("its answers file is one", async () => {
    const [text = ""] = blocksIn(answers, "yaml");
    const sandbox = new Sandbox({ "answers.yaml": text });
    const args = ["gw", "--answers", "answers.yaml", "--yes"];
    expect(await run(sandbox, args)).toMatchObject({ code: 0, stderr: "" });
    const state = JSON.parse(sandbox.read("gw/.kong-ipv6.json"));
    const { expose, ...others } = parse(text);
    expect(state.answers).toMatchObject(others);
    expect(expose).toEqual([{ name: "dns", ports: [53, "53/udp"] }]);
    expect(state.answers.expose).toEqual([
      "dns@[2001:db8:1:2:300::8101]:53,53/udp",
    ]);
  });
});

describe("README", () => {
  test("it is short, and starts with the two commands of a checkout", () => {
    expect(readme.split("\n").length).toBeLessThan(150);
    expect(commandsOf(readme).slice(0, 2)).toEqual([
      "npm ci && npm start -- my-gateway",
      "npm ci && npm test",
    ]);
    expect(readme.indexOf("npm test")).toBeLessThan(readme.indexOf("\n## "));
  });

  test("the CI job of docs/usage.md passes on a clone, and fails on a file that somebody changed", async () => {
    const [workflow = ""] = blocksIn(usage, "yaml");
    const [, check] = parse(workflow).jobs.check.steps;
    const [npx, yes, name, ...args] = check.run.split(" ");
    const pinned = `create-kong-ipv6@${manifest.version}`;
    expect([npx, yes, name]).toEqual(["npx", "--yes", pinned]);
    const made = new Sandbox();
    await run(made, [".", ...PREFIX, "--yes"]);
    const cloned = (): Sandbox => {
      const clone = new Sandbox();
      cpSync(made.cwd, clone.cwd, { recursive: true });
      // git leaves it out.
      rmSync(clone.path(".env"));
      return clone;
    };
    expect(await run(cloned(), args)).toMatchObject({ code: 0 });
    const changed = cloned();
    writeFileSync(changed.path("host/etc/ndppd.conf"), "# gone\n");
    expect(await run(changed, args)).toMatchObject({ code: EXIT.changes });
  });

  test("its list of written files is complete", () => {
    const listing = blocksIn(readme, "").find((block) =>
      block.startsWith("README.md"),
    ) as string;
    const paths = scenarios().flatMap((scenario) => [
      ...exampleTree(scenario).keys(),
    ]);
    const tops = new Set(paths.map((path) => path.split("/")[0]));
    const named = listing
      .split("\n")
      .flatMap((line) => line.slice(0, 30).split(/[\s,]+/));
    const unlisted = [...tops].filter(
      (top) => !named.some((name) => name.split("/")[0] === top),
    );
    expect(unlisted).toEqual([]);
  });

  test("docs/troubleshooting.md quotes what the scripts print", () => {
    const scripts = readdirSync(join(CHECKOUT, "files/scripts"), {
      recursive: true,
      encoding: "utf8",
    })
      .filter((name) => /\.(sh|py)$/.test(name))
      .map((name) =>
        readFileSync(join(CHECKOUT, "files/scripts", name), "utf8"),
      )
      .join("\n");
    const messages = rowsOf(
      documentText("docs/troubleshooting.md"),
      "| What you see",
    ).flatMap(([, said = ""]) => said.match(/`[^`]+`/g) ?? []);
    expect(messages.length).toBeGreaterThanOrEqual(10);
    for (const message of [...messages, "`Refused: …`"]) {
      const parts = message.slice(1, -1).split("…").map(escaped);
      expect(scripts).toMatch(new RegExp(parts.join(".*")));
    }
  });
});

const escaped = (text: string): string =>
  text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

describe("README, docs/usage.md and docs/answers.md", () => {
  const text = `${readme}\n${usage}\n${answers}`;

  test("name every flag, and no other", () => {
    // Flags of other programs do not count.
    const others = commandsOf(text).filter(
      (command) => !command.startsWith("npx "),
    );
    const own = others.reduce(
      (rest, command) => rest.replace(/\\\n */g, "").replace(command, ""),
      text,
    );
    const named = new Set(own.match(/(?<![\w-])--[a-z][a-z0-9-]+/g));
    named.delete("--ipv6");
    expect([...named].sort()).toEqual(
      [...FLAGS].filter((flag) => flag !== "--color").sort(),
    );
  });

  test("the exit codes are those of the command", () => {
    const codes = rowsOf(usage, "| Exit code").map(([code]) => Number(code));
    expect(codes).toEqual(Object.values(EXIT));
  });

  test("the code example prints what it should", async () => {
    const [code = ""] = blocksIn(usage, "js");
    const sandbox = new Sandbox({
      "use.mjs": `${code}console.log(kong.address, domain, warnings[0].flag, files.has("scripts/apply.sh"));`,
      "node_modules/": "",
    });
    symlinkSync(CHECKOUT, sandbox.path("node_modules/create-kong-ipv6"));
    const stdout = execFileSync(process.execPath, [sandbox.path("use.mjs")], {
      encoding: "utf8",
    });
    expect(stdout).toBe("2001:db8:1:2:300::8100 YOUR.DOMAIN --prefix true\n");
  });
});

test.each(DOCUMENTS)(
  "%s: its links lead to a file and a heading that exist",
  (path) => {
    const text = documentText(path);
    const links = [...text.matchAll(/\]\((?!https?:)([^)]+)\)/g)].map(
      ([, link]) => link as string,
    );
    for (const link of links) {
      const [file = "", anchor] = link.split("#");
      const target = join(dirname(path), file);
      expect([link, existsSync(join(CHECKOUT, target))]).toEqual([link, true]);
      if (anchor !== undefined) expect(anchorsOf(target)).toContain(anchor);
    }
  },
);

/** What a heading is linked by. */
function anchorsOf(path: string): string[] {
  return [...documentText(path).matchAll(/^#+ (.*)$/gm)].map(
    ([, heading = ""]) =>
      heading
        .toLowerCase()
        .replace(/[^\w\- ]/g, "")
        .replaceAll(" ", "-"),
  );
}
