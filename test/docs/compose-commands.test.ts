import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { textOf } from "../support/trees.ts";
import {
  exampleTree,
  fleetExample,
  scenarios,
} from "../../scripts/examples.ts";

// In another directory docker compose finds no file, or one of somebody else's; beside an owner's compose.yaml it reads
// that one.

/** A command of Compose that names no file. */
const BARE =
  /docker compose (?!-f )(--\S+ \S+ )?(build|config|down|exec|logs|ps|pull|restart|run|start|stop|up)\b/g;

/** What is printed, generated or read. */
const SOURCES = ["README.md", "docs", "files", "src", "templates"];

/** Their commands follow a cd, see below. */
const RUNBOOKS = [
  "templates/README.md.hbs",
  "templates/_partials/fleet-host.hbs",
];
/** A measurement has such a name. */
const MEASURED = "docs/reachability.md";

const pathsIn = (root: string): string[] =>
  root.endsWith(".md")
    ? [root]
    : readdirSync(root, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && !entry.name.endsWith(".pyc"))
        .map(({ parentPath, name }) => join(parentPath, name));

test("a printed command of Compose names the compose file", () => {
  const found = SOURCES.flatMap(pathsIn)
    .filter((path) => !RUNBOOKS.includes(path) && path !== MEASURED)
    .flatMap((path) =>
      [...readFileSync(path, "utf8").matchAll(BARE)].map(
        ([text]) => `${path}: ${text}`,
      ),
    );
  expect(found).toEqual([]);
});

const FLEET_HOST = "fleet/repo/hosts/berlin";

test.each([...scenarios(), FLEET_HOST])(
  "%s: the runbook first changes to the directory",
  async (s) => {
    const readme =
      s === FLEET_HOST
        ? textOf(await fleetExample(), "repo/hosts/berlin/README.md")
        : textOf(exampleTree(s), "README.md");
    const [first, ...more] = readme.matchAll(BARE);
    expect(more).not.toEqual([]);
    const cd = "```sh\ncd /opt/kong-ipv6\n```";
    expect(readme.indexOf(cd)).toBeGreaterThan(-1);
    expect(readme.indexOf(cd)).toBeLessThan(first!.index);
    const [, next] = readme.split(cd);
    expect(next).toMatch(
      /^\n\nIf this directory has a `compose\.yaml` of your own, `docker compose` reads it instead of `docker-compose\.yml`: move its services into `docker-compose\.override\.yml`, and delete `compose\.yaml`\.\n/,
    );
  },
);
