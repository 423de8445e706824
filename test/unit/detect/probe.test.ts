import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { CancelledError, FailedError } from "../../../src/base/errors.ts";
import { limitsFor, runProbe, type Limits } from "../../../src/detect/probe.ts";
import { readParts } from "../../../src/detect/parse/parts.ts";
import { probeScript } from "../../../src/detect/probe-script.ts";
import { inPlace, runs } from "./stand-in.ts";

const scratch = mkdtempSync(join(tmpdir(), "kong-ipv6-probe-"));
afterAll(() => rmSync(scratch, { recursive: true }));

const PATH = process.env["PATH"];
afterEach(() => {
  process.env["PATH"] = PATH;
});

/** One run with other programs in the place of some. */
async function probe(
  programs: Readonly<Record<string, string>>,
  limits: Partial<Limits> = {},
  { target }: { target: string | undefined } = { target: "root@gw" },
): Promise<string> {
  const directory = mkdtempSync(join(scratch, "bin-"));
  process.env["PATH"] = inPlace(directory, programs);
  return await runProbe(probeScript("m"), "m", target, false, {
    most: 1000,
    loginMs: 5000,
    answerMs: 5000,
    ...limits,
  });
}

const said = async (run: Promise<string>): Promise<string> => {
  const error: unknown = await run.then(
    (output) => expect.fail(`it was taken: ${output}`),
    (reason: unknown) => reason,
  );
  if (!(error instanceof FailedError)) throw error;
  return `${error.message}. ${error.remedy}`;
};

const BEGUN = "echo '@@m begin address'; echo '[]'; echo '@@m end address 0'";

describe("ssh", () => {
  test.each([
    ["Permission denied (publickey).", "Use a key that your ssh agent holds"],
    ["Host key verification failed.", "Connect once with ssh yourself"],
    ["Could not resolve hostname gw", "Check the name"],
    [
      "connect to host gw port 22: Connection refused",
      "Check that the server is on",
    ],
    [
      "kex_exchange_identification: x",
      "Check that `ssh` with the same target works.",
    ],
  ])("that fails with: %s", async (line, remedy) => {
    const text = await said(probe({ ssh: `echo "${line}" >&2; exit 255` }));
    expect(text).toContain("ssh could not log in to root@gw");
    expect(text).toContain(line.replace(/\.$/, ""));
    expect(text).toContain(remedy);
  });

  test("to a login that isn't for people", async () => {
    const ssh = "echo This account is currently not available.; exit 1";
    expect(await said(probe({ ssh }))).toContain(
      "root@gw did not run the probe: This account is currently not available",
    );
  });

  test("that isn't there", async () => {
    process.env["PATH"] = scratch;
    const run = runProbe("", "m", "gw", false, limitsFor(false));
    expect(await said(run)).toContain("ssh cannot be started (ENOENT)");
  });

  test("that never answers is given up", async () => {
    const text = await said(probe({ ssh: "exec sleep 60" }, { loginMs: 100 }));
    expect(text).toContain("root@gw did not answer within 0.1 s");
  });

  test("without a terminal asks nothing, and lends the server nothing", async () => {
    const ssh = `printf '%s ' "$@"; ${BEGUN}`;
    const output = await probe({ ssh });
    expect(output.split(" @@m")[0]).toBe(
      "-T -a -x -o BatchMode=yes -o ConnectTimeout=15 -o ClearAllForwardings=yes -o PermitLocalCommand=no -- root@gw sh -s",
    );
  });
});

describe("what comes back", () => {
  test("may stand behind a greeting", async () => {
    const ssh = `echo "Welcome!"; ${BEGUN}`;
    const parts = readParts(await probe({ ssh }), "m");
    expect(parts.get("address")?.[0]?.text).toBe("[]");
  });

  test("is more than a server has to say", async () => {
    const text = await said(probe({ ssh: `${BEGUN}; exec yes` }));
    expect(text).toContain("root@gw printed more than");
  });

  test("stops in the middle: what there was counts", async () => {
    const ssh = `${BEGUN}; exec sleep 60`;
    const began = Date.now();
    expect(await probe({ ssh }, { answerMs: 100 })).toContain("@@m end");
    expect(Date.now() - began).toBeLessThan(4000);
  });
});

test("output over the limit ends the probe", async () => {
  const ssh = "while echo '@@m begin address'; do sleep 0.05; done";
  const began = Date.now();
  await probe({ ssh }, { answerMs: 400, most: 1e6 });
  expect(Date.now() - began).toBeLessThan(3000);
}, 10_000);

describe("here", () => {
  test("a docker that hangs is ended with the probe, all else is told", async () => {
    const mark = join(scratch, "hanging");
    const output = await probe(
      { ip: "echo '[]'", docker: `echo $$ >'${mark}'; exec sleep 60` },
      { answerMs: 3000, most: 1e6 },
      { target: undefined },
    );
    const parts = readParts(output, "m");
    expect(parts.get("route6")?.[0]).toEqual({ status: 0, text: "[]" });
    expect(parts.get("engine")?.[0]?.status).toBeUndefined();
    await expect
      .poll(() => runs(Number(readFileSync(mark, "utf8"))))
      .toBe(false);
  });
});

describe("the script", () => {
  test("is POSIX sh, and runs nothing when it is cut off", async () => {
    const script = probeScript("m");
    expect(script.trimEnd().endsWith("\nprobe")).toBe(true);
    const ran = await said(
      runProbe(
        script.replace(/probe\s*$/, ""),
        "m",
        undefined,
        false,
        limitsFor(false),
      ),
    );
    expect(ran).toContain("this machine did not run the probe");
  });

  test("takes no marker that could end its own word", () => {
    for (const marker of ["", "a b", "a'", "$(id)", "a\nb"])
      expect(() => probeScript(marker)).toThrow("not a marker");
  });
});

test("ssh that ended of Ctrl-C before this process saw it was a failure", async () => {
  await expect(probe({ ssh: "kill -INT $$\n" })).rejects.toThrow(
    CancelledError,
  );
});
