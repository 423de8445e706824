import { expect, test } from "vitest";
import { compare } from "../../src/reconcile/compare.ts";
import { applyResolution } from "../../src/reconcile/resolve-conflict.ts";
import type { Base } from "../../src/reconcile/change.ts";
import { move } from "../../src/answers/carry-over.ts";
import { plan } from "../../src/plan/plan.ts";
import { render } from "../../src/render/render.ts";
import { resolve } from "../../src/answers/resolve.ts";
import { stateOf, sumOf } from "../../src/repository/state.ts";
import { stateAfter } from "../../src/reconcile/next-state.ts";
import { rewriter } from "../../src/renumber/rewrite.ts";

// Each of these cost an owner something once.

const { answers } = resolve({
  prefix: "2a03:2222:3333:4444::/64",
  internalPrefix: "fd5e:9c41:27d3::/64",
});

async function regenerated(
  path: string,
  edit: (text: string) => string,
  given: Parameters<typeof move>[1],
  from = answers,
): Promise<Awaited<ReturnType<typeof compare>>[number]> {
  const next = resolve(move(from, given)).answers;
  const was = render(plan(from)).get(path);
  const now = render(plan(next)).get(path);
  if (!was || !now) throw new Error(`${path} is not generated`);
  const base: Base = {
    ...was,
    sha256: sumOf(was),
    rewrite: rewriter(plan(from), plan(next)),
  };
  const [change] = await compare(
    new Map([[path, now]]),
    new Map([[path, { kind: "file", text: edit(was.text), mode: was.mode }]]),
    new Map([[path, base]]),
  );
  if (!change) throw new Error("nothing was compared");
  return change;
}

test("--conflict theirs keeps the password and the owner's variables of .env", async () => {
  const conflict = await regenerated(
    ".env",
    (text) =>
      text.replace("# The database's", "# Our database's") + "MY_V6=1\n",
    { database: "off" },
  );
  expect(conflict.action).toBe("conflict");
  const [taken] = applyResolution(conflict, "theirs");
  expect(taken?.after?.text).toMatch(/^MY_V6=1$/m);
  expect(taken?.after?.text).toMatch(/^KONG_PG_PASSWORD=<secret>$/m);
});

test("a variable at the end of .env merges with the removal of the password", async () => {
  const { action, after } = await regenerated(
    ".env",
    (text) => `${text}MINE=1\n`,
    { database: "off" },
  );
  expect(action).toBe("merge");
  expect(after?.text).toMatch(/^MINE=1$/m);
});

test("a wider prefix does not renumber the server and Kong", () => {
  const wider = move(answers, { prefix: "2a03:2222:3333:4400::/56" });
  expect(wider).toEqual({ ...answers, prefix: "2a03:2222:3333:4400::/56" });
});

// Nothing new is generated in these files: the owner's own values were left old there.
test.each([
  [".env", "DB_NET=172.30.7.0/24\n", "DB_NET=10.99.7.0/24\n"],
  [
    "kong-build/Dockerfile",
    "ENV UPSTREAM=172.30.0.100\n",
    "ENV UPSTREAM=10.99.0.100\n",
  ],
  ["host/etc/ndppd.conf", "# from 172.30.0.0/16\n", "# from 10.99.0.0/16\n"],
])(
  "a moved value in the owner's own line of %s is rewritten, though the file is generated as before",
  async (path, line, followed) => {
    const { action, after } = await regenerated(
      path,
      (text) => text + line,
      { backendSubnet: "10.99.0.0/16" },
      { ...answers, backendSubnet: "172.30.0.0/16" },
    );
    expect(action).toBe("merge");
    expect(after?.text).toMatch(new RegExp(`\n${followed}$`));
  },
);

test("if rewriting the owner's values breaks a file that is generated as before, it stays", async () => {
  const { action, after } = await regenerated(
    "host/etc/ndppd.conf",
    (text) => `${text}# 10.83.81.9 }\n}\n`,
    { backendSubnet: "172.30.0.0/16" },
  );
  expect(action).toBe("keep");
  expect(after?.text).toContain("# 10.83.81.9 }\n");
});

test("the state has no sum of .env, from which a short secret could be guessed", async () => {
  const change = await regenerated(".env", (text) => `${text}PIN=1234\n`, {
    prefix: "2a0d:1:2:3::/64",
  });
  const next = resolve(move(answers, { prefix: "2a0d:1:2:3::/64" })).answers;
  const state = stateAfter(
    stateOf(answers, render(plan(answers))),
    { answers: next, changes: [change] },
    render(plan(next)),
    new Map(),
  );
  expect(change.after?.text).toContain("PIN=1234\n");
  expect(state.files[".env"]).toEqual({
    ...stateOf(next, render(plan(next))).files[".env"],
    owner: "edited",
  });
});

test("a row of the owner's in a table of README.md merges with changed rows", async () => {
  const { action, after } = await regenerated(
    "README.md",
    (text) =>
      text.replace(
        /^(?=\| \*\*Kong)/m,
        "| mine | `2a03:2222:3333:4444::77` | me |\n",
      ),
    { prefix: "2a0d::/64" },
  );
  expect(action).toBe("merge");
  expect(after?.text).toContain("\n| mine | `2a0d::77` | me |\n| **Kong** ");
});

const RECORD = "mine.example.org. 3600 IN A 198.51.100.9\n";

test.each<[string, string, RegExp, string, Parameters<typeof move>[1]]>([
  ["a pattern", ".gitignore", /$/, "/mine/\n", { dataDir: "./var" }],
  ["a variable", ".env", /$/, "MY_VAR=1\n", { dataDir: "./var" }],
  [
    "a LABEL",
    "kong-build/Dockerfile",
    /(?<=^FROM .*\n)/m,
    "LABEL a=b\n",
    { kongImage: "kong:3.9.4" },
  ],
  [
    "a timeout",
    "host/etc/ndppd.conf",
    /(?<=^proxy .*\n)/m,
    "  timeout 500\n",
    { interface: "eth0" },
  ],
  [
    "a line above the interface",
    "host/etc/netplan/60-kong-ipv6.yaml",
    /^(?=.*"?ens3"?:)/m,
    "    # mine\n",
    { interface: "eth0" },
  ],
  [
    "a line below the interface",
    "host/etc/netplan/60-kong-ipv6.yaml",
    /(?<=^.*"?ens3"?:\n)/m,
    "      # mine\n",
    { interface: "eth0" },
  ],
  [
    "a record",
    "README.md",
    /(?<= IN AAAA .*\n)/,
    RECORD,
    { domain: "gw.example.com" },
  ],
  [
    "a record, where one comes",
    "README.md",
    /(?<= IN AAAA .*\n)/,
    RECORD,
    { ipv4: "198.51.100.7" },
  ],
])(
  "%s that the owner put beside a line that changed in %s was a conflict",
  async (_, path, place, line, given) => {
    const edit = (text: string): string => {
      expect(text).toMatch(place);
      return text.replace(place, line);
    };
    const change = await regenerated(path, edit, given);
    expect(change.reason).toBeUndefined();
    expect(change.action).toBe("merge");
    expect(change.after?.text.replaceAll(/ +/g, " ")).toContain(
      `\n${line.replaceAll(/ +/g, " ")}`,
    );
    const next = render(plan(resolve(move(answers, given)).answers)).get(path);
    expect(change.after?.text.replace(line, "")).toBe(next?.text);
  },
);

test("an address in the exposed subnet moves with it, not with the prefix around it", async () => {
  const { after } = await regenerated(
    "host/etc/ndppd.conf",
    (text) => `# 2a03:2222:3333:4444:300::77 2a03:2222:3333:4444::77\n${text}`,
    { prefix: "2a0d:1:2:3::/64", exposed: "2a0d:1:2:3:500::/80" },
  );
  expect(after?.text).toMatch(/^# 2a0d:1:2:3:500::77 2a0d:1:2:3::77\n/);
});

test("the server's address with the length of its link gets the new address and length", async () => {
  const from = resolve({
    prefix: "2a03:2222:3333:4400::/56",
    host: "2a03:2222:3333:4400::2/56",
    internalPrefix: "fd5e:9c41:27d3::/64",
  }).answers;
  const { after } = await regenerated(
    "host/etc/ndppd.conf",
    (text) => `# ${from.host}\n${text}`,
    { prefix: "2a0d:1:2:3::/64", host: "2a0d:1:2:3::2" },
    from,
  );
  expect(after?.text).toMatch(/^# 2a0d:1:2:3::2\/64\n/);
});

test("upper case in a reverse name and zero-padded groups stay", async () => {
  const { after } = await regenerated(
    "README.md",
    (text) =>
      `4.4.4.4.3.3.3.3.2.2.2.2.3.0.A.2.IP6.ARPA. 2A03:2222:3333:4444::AB 2a03:2222:3333:4444:0000:0000:0000:00ab\n${text}`,
    { prefix: "2a0d:1:2:3::/64" },
  );
  expect(after?.text.split("\n")[0]).toBe(
    "3.0.0.0.2.0.0.0.1.0.0.0.D.0.A.2.IP6.ARPA. 2A0D:1:2:3::AB 2a0d:0001:0002:0003:0000:0000:0000:00ab",
  );
});
