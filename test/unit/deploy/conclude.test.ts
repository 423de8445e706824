import { beforeEach, expect, test, vi } from "vitest";
import { FailedError } from "../../../src/base/errors.ts";
import { conclude } from "../../../src/deploy/conclude.ts";
import { connect } from "../../../src/deploy/connect.ts";
import type { Connection } from "../../../src/deploy/connection.ts";
import { copy } from "../../../src/deploy/copy.ts";
import { deploy } from "../../../src/deploy/deploy.ts";
import type { Deployment } from "../../../src/deploy/deployment.ts";
import type { Row } from "../../../src/deploy/row.ts";
import { plan } from "../../../src/plan/plan.ts";
import { answersFrom } from "../../support/base.ts";

vi.mock("../../../src/deploy/connect.ts", () => ({ connect: vi.fn() }));
vi.mock("../../../src/deploy/copy.ts", () => ({ copy: vi.fn() }));

const commands: string[] = [];
const rows: Row[] = [];
beforeEach(() => {
  commands.length = 0;
  rows.length = 0;
});

/** A server that answers each command with a line, and an exit code. */
const server = (answer: (command: string) => [number, string]): Connection => {
  const run: Connection["run"] = (command, { onLine } = {}) => {
    commands.push(command);
    const [code, line] = answer(command);
    onLine?.(line);
    return Promise.resolve({ code, stdout: line, stderr: "" });
  };
  const nothing = (): Promise<void> => Promise.resolve();
  const connection = { target: "root@gw", run, must: nothing };
  return {
    ...connection,
    close: nothing,
    endHelper: nothing,
  } as unknown as Connection;
};

const deployment: Deployment = {
  directory: "/nowhere",
  plan: plan(answersFrom({})),
  previous: [],
  logins: ["root@gw"],
  path: "/opt/kong-ipv6",
  confirmWithin: 2,
  keep: false,
  dryRun: false,
  terminal: false,
  say: (one) => void rows.push(one),
  consent: () => Promise.resolve(true),
  probe: () => {
    commands.push("probe");
    return Promise.resolve({
      ok: true,
      from: { addresses: [], ipv6: "outside", ipv4: "outside", meaning: "" },
      results: [],
      dns: [],
      certificates: [],
    });
  },
  hostKeyOf: () => Promise.resolve("gw"),
};

const ended = (outcome: string, code: number): string =>
  JSON.stringify({ outcome, code });
const APPLIED = { outcome: "applied", code: 0, left: 1 };
const LOST = { outcome: "lost", code: 255, left: undefined };

test.each([
  ["--confirm succeeds", [0, ended("confirmed", 0)], 0, "confirmed"],
  ["--confirm says no change waits", [1, ended("failed", 1)], 0, "failed"],
  ["the reply to --confirm is lost", [255, ""], 0, "failed"],
  ["--revert succeeds", [0, ended("reverted", 0)], 1, "reverted"],
  ["--revert fails", [1, ended("failed", 1)], 1, "failed"],
] as const)("%s", async (_, [code, line], applied, outcome) => {
  const connection = server(() => [code, line]);
  vi.mocked(connect).mockResolvedValue(connection);
  const end = { ...APPLIED, code: applied };
  expect(await conclude(deployment, connection, end)).toBe(outcome);
  const hint = rows.find(({ remedy }) => remedy?.includes("journalctl"));
  expect(hint === undefined).toBe(outcome !== "failed");
});

test("no new connection: the server reverts", async () => {
  vi.mocked(connect).mockRejectedValue(new FailedError("no answer", "Wait."));
  const connection = server(() => [255, ""]);
  expect(await conclude(deployment, connection, APPLIED)).toBe("reverted");
});

test.each([
  [0, ["flock", "probe", "--confirm"], "confirmed"],
  [1, ["flock", "--revert"], "reverted"],
] as const)(
  "the connection was lost: the run is waited for, exit code %i",
  async (code, order, outcome) => {
    const connection = server((command) =>
      command.startsWith("flock")
        ? [code, ""]
        : [
            0,
            ended(command.includes("--revert") ? "reverted" : "confirmed", 0),
          ],
    );
    vi.mocked(connect).mockResolvedValue(connection);
    expect(await conclude(deployment, connection, LOST)).toBe(outcome);
    const seen = commands.map(
      (one) => /flock|probe|--confirm|--revert/.exec(one)?.[0],
    );
    expect(seen).toEqual(order);
  },
);

test("a lost plan is no plan: nothing is installed", async () => {
  const connection = server(() => [255, ""]);
  const must = vi.spyOn(connection, "must");
  vi.mocked(connect).mockResolvedValue(connection);
  vi.mocked(copy).mockResolvedValue({ changed: ["a"], isFirst: false });
  expect(await deploy(deployment)).toBe("failed");
  expect(must).not.toHaveBeenCalled();
});
