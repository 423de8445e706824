import { beforeAll, describe, expect, test } from "vitest";
import { REFUSED_ANSWERS, type Row } from "./refused-answers.ts";
import {
  batched,
  PREFIX,
  Sandbox,
  type Result,
  type Snapshot,
} from "../support/run.ts";
import { runIn } from "../support/in-process.ts";
import { instead, suggestions } from "./suggestions.ts";

interface Refused {
  readonly row: Row;
  readonly name: string;
  readonly before: Snapshot;
  readonly result: Result;
  /** What the line that tells of it says at its end. */
  readonly remedy: string;
}

function commandLine(...rows: readonly Row[]): string[] {
  const prefix = rows.some(({ flag }) => flag === "--prefix") ? [] : PREFIX;
  const given = rows.flatMap(({ flag, value, also }) => [...also, flag, value]);
  return ["gw", ...prefix, ...given, "--yes"];
}

/** Rows that are refused together in one run: what has nothing to do with the other answers. */
function runs(): Row[][] {
  const alone = [
    "--prefix",
    "--host",
    "--exposed",
    "--kong",
    "--gateway",
    "--ipv4-gateway",
  ];
  const together: Row[][] = [];
  const apart: Row[][] = [];
  for (const row of REFUSED_ANSWERS) {
    const free = together.find((others) =>
      others.every(({ flag }) => flag !== row.flag),
    );
    if (alone.includes(row.flag) || row.also.length > 0) apart.push([row]);
    else if (free) free.push(row);
    else together.push([row]);
  }
  return [...together, ...apart];
}

async function refuse(rows: readonly Row[]): Promise<Refused[]> {
  const sandbox = new Sandbox();
  const before = sandbox.tree();
  const args = commandLine(...rows);
  const result = await runIn(sandbox, args);
  return rows.map((row) => {
    const plain = /^[\w.:/@%,+=-]+$/.test(row.value);
    const opening = `error ${row.flag} ${plain ? row.value : JSON.stringify(row.value)}: `;
    const line = result.stderr
      .split("\n")
      .find((text) => text.startsWith(opening) && text.includes(row.reason));
    const remedy =
      line
        ?.replace(/\.$/, "")
        .split(/\. (?=[A-Z])/)
        .at(-1) ?? "";
    return { row, name: args.join(" "), before, result, remedy };
  });
}

/** Each row of refused-answers.ts by its flag, in a directory of its own. */
describe("refused answers", () => {
  let rows: Refused[] = [];

  beforeAll(async () => {
    rows = (await batched(runs(), refuse)).flat();
  });

  test("there are many of them", () => {
    expect(rows.length).toBeGreaterThan(140);
  });

  test("exit 2, nothing on stdout, nothing written", () => {
    for (const { before, result, name } of rows) {
      const { code, stdout, tree } = result;
      const nothing = { code: 2, stdout: "", tree: before };
      expect.soft({ code, stdout, tree }, name).toEqual(nothing);
    }
  });

  test("flag, value, reason and remedy on one line", () => {
    const untold = rows.filter(
      ({ row, remedy }) => !remedy.includes(row.remedy),
    );
    const told = untold.map(({ row, result }) => [row, result.stderr]);
    expect(told).toEqual([]);
  });

  test("no trace of the program itself", () => {
    for (const { result, name } of rows)
      expect
        .soft(result.stderr, name)
        .not.toMatch(/undefined|\[object|NaN| {4}at /);
  });

  test("what is suggested is accepted", async () => {
    const offered = rows.flatMap(({ row, remedy }) =>
      suggestions(row.flag, remedy).map((other) =>
        instead(commandLine(row), other),
      ),
    );
    const runs = new Map(offered.map((args) => [args.join(" "), args]));
    expect(runs.size).toBeGreaterThan(30);
    const results = await batched([...runs.values()], async (args) => {
      const { code, stderr } = await runIn(new Sandbox(), args);
      return code === 0 && stderr === "" ? [] : [args.join(" "), stderr];
    });
    expect(results.flat()).toEqual([]);
  });
});
