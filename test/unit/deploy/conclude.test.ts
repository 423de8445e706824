import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { FailedError } from "../../../src/base/errors.ts";
import { conclude } from "../../../src/deploy/conclude.ts";
import { connect } from "../../../src/deploy/connect.ts";
import type { Connection } from "../../../src/deploy/connection.ts";
import { copy } from "../../../src/deploy/copy.ts";
import { deploy } from "../../../src/deploy/deploy.ts";
import type {
  Deployment,
  DeployOutcome,
} from "../../../src/deploy/deployment.ts";
import type { ApplyEnd, Row } from "../../../src/deploy/row.ts";
import { plan } from "../../../src/plan/plan.ts";
import { answersFrom } from "../../support/base.ts";

vi.mock("../../../src/deploy/connect.ts", () => ({ connect: vi.fn() }));
vi.mock("../../../src/deploy/copy.ts", () => ({ copy: vi.fn() }));
vi.mock("node:timers/promises", () => ({
  setTimeout: (ms: number) =>
    // The clock is put back each time: it measures no time.
    Promise.resolve(void vi.setSystemTime(0).advanceTimersByTime(ms)),
}));

/** What was done, in order: state, verify, probe, confirm, revert. */
let done: string[];
let rows: Row[];
beforeEach(() => {
  done = [];
  rows = [];
  vi.useFakeTimers({ toFake: ["Date", "performance"], now: 0 });
});

afterEach(() => void vi.useRealTimers());

type Reply = [code: number, line?: Record<string, unknown>];

const DIGEST = "sha256";
const state = (name: string): Reply => [0, { state: name }];
const ended = (outcome: string, code = 0): Reply => [code, { outcome, code }];
const CUT: Reply = [255];

const nothing = (): Promise<void> => Promise.resolve();
const connection = (run: Connection["run"]): Connection =>
  ({
    target: "root@gw",
    run,
    must: nothing,
    close: nothing,
    endHelper: nothing,
  }) as unknown as Connection;

/** A server that gives these replies, one to each command of a kind; the last one again and again. */
function server(replies: Readonly<Record<string, Reply[]>>): Connection {
  return connection((command, { onLine } = {}) => {
    const kind = /--(confirm|revert)\b(?!-)|def (state)\b|(verify)\.sh/.exec(
      command,
    );
    const name = kind?.slice(1).find(Boolean) ?? "other";
    done.push(name);
    const left = replies[name] ?? [CUT];
    const [code, line] = (left.length > 1 ? left.shift() : left[0]) ?? CUT;
    const stdout = line === undefined ? "" : JSON.stringify(line);
    if (stdout) onLine?.(stdout);
    return Promise.resolve({ code, stdout, stderr: "" });
  });
}

const deployment = (isGood = true): Deployment => ({
  directory: "/nowhere",
  plan: plan(answersFrom({})),
  previous: [],
  logins: ["root@gw"],
  path: "/opt/kong-ipv6",
  confirmWithin: 60,
  keep: false,
  dryRun: false,
  terminal: false,
  say: (one) => void rows.push(one),
  consent: () => Promise.resolve(true),
  probe: () => {
    done.push("probe");
    const wrong = {
      address: "2001:db8::1",
      port: 80,
      protocol: "tcp",
      service: "Kong",
      expected: "answers",
      seen: "silent",
      ok: false,
    } as const;
    return Promise.resolve({
      ok: isGood,
      from: { addresses: [], ipv6: "outside", ipv4: "outside", meaning: "" },
      results: isGood ? [] : [wrong],
      dns: [],
      certificates: [],
      ...(!isGood && { oldIsDead: true as const }),
    });
  },
  hostKeyOf: () => Promise.resolve("gw"),
});

const APPLIED: ApplyEnd = { outcome: "applied", code: 0, left: 20 };
const UNVERIFIED: ApplyEnd = { outcome: "failed", code: 1, left: 20 };
const LOST: ApplyEnd = { outcome: "lost", code: 255, left: undefined };

/** The words of the decision, and what was done for it. */
async function concluded(
  applied: ApplyEnd,
  replies: Readonly<Record<string, Reply[]>>,
  isGood = true,
): Promise<[DeployOutcome, string]> {
  const again = server(replies);
  vi.mocked(connect).mockResolvedValue(again);
  const outcome = await conclude(deployment(isGood), again, applied, DIGEST);
  return [outcome, done.join(" ")];
}

const confirm = [ended("confirmed")];
const revert = [ended("reverted")];

test("the change is applied: probe, then confirm or revert", async () => {
  const waiting = { state: [state("waiting")], confirm, revert };
  expect(await concluded(APPLIED, waiting)).toEqual([
    "confirmed",
    "state probe confirm",
  ]);
  done = [];
  expect(await concluded(APPLIED, waiting, false)).toEqual([
    "reverted",
    "state probe revert",
  ]);
  expect(rows).toContainEqual(
    expect.objectContaining({
      status: "fail",
      remedy: expect.stringMatching(
        /end the overlap: .* regenerate \S+ --finish$/,
      ) as string,
    }),
  );
  done = [];
  expect(await concluded(UNVERIFIED, waiting)).toEqual([
    "reverted",
    "state revert",
  ]);
});

test("the connection broke: the run is waited for, then probed and confirmed", async () => {
  const states = [state("busy"), state("busy"), state("waiting")];
  const replies = { state: states, verify: [[0]] as Reply[], confirm };
  expect(await concluded(LOST, replies)).toEqual([
    "confirmed",
    "state state state verify probe confirm",
  ]);
});

test("the connection broke, and the checks on the server fail: revert", async () => {
  const replies = {
    state: [state("waiting")],
    verify: [[1]] as Reply[],
    revert,
  };
  expect(await concluded(LOST, replies)).toEqual([
    "reverted",
    "state verify revert",
  ]);
});

test.each([
  ["the server has reverted by itself", state("reverted"), "reverted"],
  ["somebody has confirmed there", state("confirmed"), "confirmed"],
  ["apply.sh did not begin", state("none"), "failed"],
  ["the server can't say", [1], "failed"],
] as [string, Reply, string][])(
  "the connection broke; %s",
  async (_, reply, outcome) => {
    const found = await concluded(LOST, { state: [reply] });
    expect(found).toEqual([outcome, "state"]);
    const hint = rows.some(({ remedy }) => remedy?.includes("journalctl"));
    expect(hint).toBe(outcome === "failed");
  },
);

test("apply.sh was killed: the change is reverted at once", async () => {
  const replies = { state: [state("incomplete")], revert };
  expect(await concluded(LOST, replies)).toEqual(["reverted", "state revert"]);
});

test("the reply to --confirm is lost: the server says what became of it", async () => {
  const lost = { confirm: [CUT] };
  expect(
    await concluded(APPLIED, {
      ...lost,
      state: [state("waiting"), CUT, state("confirmed")],
    }),
  ).toEqual(["confirmed", "state probe confirm state state"]);
  done = [];
  // It did not arrive: it is sent again, without another probe.
  expect(
    await concluded(APPLIED, {
      state: [state("waiting")],
      confirm: [CUT, ended("confirmed")],
    }),
  ).toEqual(["confirmed", "state probe confirm state confirm"]);
  done = [];
  expect(
    await concluded(APPLIED, {
      ...lost,
      state: [state("waiting"), state("busy"), state("reverted")],
    }),
  ).toEqual(["reverted", "state probe confirm state state"]);
});

test("a revert that fails is never told as reverted", async () => {
  const replies = {
    state: [state("waiting"), state("incomplete")],
    revert: [ended("failed", 1)],
  };
  const [outcome] = await concluded(UNVERIFIED, replies);
  expect(outcome).toBe("failed");
});

test("no new connection until the revert must have ended: nobody knows", async () => {
  vi.mocked(connect).mockRejectedValue(new FailedError("no answer", "Wait."));
  const begun = performance.now();
  const outcome = await conclude(deployment(), server({}), APPLIED, DIGEST);
  expect(outcome).toBe("failed");
  expect(rows[0]?.detail).toBe("no answer. It is tried for 120 seconds");
  // The server needs some time for the revert after the time to confirm.
  const seconds = (performance.now() - begun) / 1000;
  expect(seconds).toBeGreaterThan(100);
  expect(seconds).toBeLessThan(130);
  expect(rows.at(-1)?.detail).toBe(
    "the server can't be reached, so it is not known whether the change is reverted",
  );
});

test("each new connection breaks: it ends, too", async () => {
  expect((await concluded(LOST, { state: [CUT] }))[0]).toBe("failed");
});

test("the reply to the preview is lost: nothing is installed", async () => {
  vi.mocked(connect).mockResolvedValue(server({}));
  const copied = { changed: ["a"], isFirst: false, digest: DIGEST };
  vi.mocked(copy).mockResolvedValue(copied);
  expect(await deploy(deployment())).toBe("failed");
  // The preview, and the removal of the copy.
  expect(done).toEqual(["other", "other"]);
});

test("a copy that the server refuses", async () => {
  vi.mocked(connect).mockResolvedValue(server({}));
  vi.mocked(copy).mockResolvedValue(undefined);
  expect(await deploy(deployment())).toBe("refused");
  expect(done).toEqual([]);
});
