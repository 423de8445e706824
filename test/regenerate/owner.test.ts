import { expect, test } from "vitest";
import { compare, settle, type Base } from "../../src/changes.ts";
import { move } from "../../src/move.ts";
import { plan } from "../../src/plan.ts";
import { render } from "../../src/render.ts";
import { resolve } from "../../src/resolve.ts";
import { follow } from "../../src/follow.ts";

// Each of these cost an owner something once.

const { answers } = resolve({
  prefix: "2a03:2222:3333:4444::/64",
  internalPrefix: "fd5e:9c41:27d3::/64",
});

async function regenerated(
  path: string,
  edit: (text: string) => string,
  given: Parameters<typeof move>[1],
): Promise<Awaited<ReturnType<typeof compare>>[number]> {
  const next = resolve(move(answers, given)).answers;
  const was = render(plan(answers)).get(path);
  const now = render(plan(next)).get(path);
  if (!was || !now) throw new Error(`${path} is not generated`);
  const base: Base = { ...was, follow: follow(plan(answers), plan(next)) };
  const [change] = await compare(
    new Map([[path, now]]),
    new Map([[path, { kind: "file", text: edit(was.text), mode: was.mode }]]),
    new Map([[path, base]]),
  );
  if (!change) throw new Error("nothing was compared");
  return change;
}

test("--conflict theirs lost the password and the owner's variables of .env", async () => {
  const conflict = await regenerated(
    ".env",
    (text) =>
      text.replace("# The database's", "# Our database's") + "MY_V6=1\n",
    { database: "off" },
  );
  expect(conflict.action).toBe("conflict");
  const [taken] = settle(conflict, "theirs");
  expect(taken?.after?.text).toMatch(/^MY_V6=1$/m);
  expect(taken?.after?.text).toMatch(/^KONG_PG_PASSWORD=<secret>$/m);
});

test("a variable at the end of .env met the password that goes", async () => {
  const { action, after } = await regenerated(
    ".env",
    (text) => `${text}MINE=1\n`,
    { database: "off" },
  );
  expect(action).toBe("merge");
  expect(after?.text).toMatch(/^MINE=1$/m);
});

test("a prefix that only got wider renumbered the server and Kong", () => {
  const wider = move(answers, { prefix: "2a03:2222:3333:4400::/56" });
  expect(wider).toEqual({ ...answers, prefix: "2a03:2222:3333:4400::/56" });
});
