import { expect, test } from "vitest";
import { missingVariables } from "../../src/reconcile/variables.ts";
import type { File } from "../../src/render/render.ts";
import type { Given } from "../../src/answers/resolve.ts";
import { Sandbox, run, PREFIX } from "../support/run.ts";
import { Made, NEXT, OLD, TO } from "./made.ts";
import {
  actionOf,
  created,
  edited,
  regenerated,
  START,
  type World,
} from "./in-memory.ts";

const envOf = (world: World): string => world.files.get(".env")?.text ?? "";

/** A colleague's copy: all as pushed but .env, which is from before, with edits of its own. */
async function stale(
  changes: readonly Given[],
  edit: (text: string) => string = (text) => text,
): Promise<World> {
  const first = edited(created(START), ".env", edit);
  let pushed = created(START);
  for (const given of changes)
    pushed = (await regenerated(pushed, given)).world;
  const env = first.files.get(".env") as File;
  return { ...pushed, files: new Map([...pushed.files, [".env", env]]) };
}

test("a .env that is older than a colleague's regenerate is updated", async () => {
  const colleague = await stale([
    { prefix: `${NEXT}::/64` },
    { dataDir: "/srv/kong", ipv4: "198.51.100.7" },
  ]);
  const { world, changes } = await regenerated(colleague, {});
  expect(actionOf(changes, ".env")).toBe("update");
  const password = (text: string): string | undefined =>
    /^KONG_PG_PASSWORD=(.+)$/m.exec(text)?.[1];
  expect(password(envOf(world))).toBe(password(envOf(colleague)));
  const generated = world.state.files[".env"]?.text as string;
  expect(envOf(world).replace(/(?<=PASSWORD=).+/, "<secret>")).toBe(generated);
  expect(generated).toContain(`KONG_BIND_IPV6=${NEXT}:300::8100\n`);
  expect(generated).toContain("KONG_BIND_IP=198.51.100.7\n");
  expect(generated).toContain("KONG_DATA_DIR=/srv/kong\n");
});

test("also with the colleague's own variables and another change at once", async () => {
  const colleague = await stale(
    [{ prefix: `${NEXT}::/64` }, { kong: `${NEXT}:300::9` }],
    (text) => `${text}MINE=[${OLD}::5]:80\n`,
  );
  const { world, changes } = await regenerated(colleague, {
    prefix: "2a0e:1:2:3::/64",
  });
  expect(actionOf(changes, ".env")).toBe("merge");
  expect(envOf(world)).toContain("KONG_BIND_IPV6=2a0e:1:2:3:300::9\n");
  expect(envOf(world)).toContain("MINE=[2a0e:1:2:3::5]:80\n");
  expect(envOf(world)).toContain("inside 2a0e:1:2:3:300::/80.\n");
});

test("an address that was never generated is the owner's own", async () => {
  const own = (text: string): string =>
    text.replace(/^KONG_BIND_IPV6=.*$/m, "KONG_BIND_IPV6=2a0c:7:7:7::1");
  const colleague = await stale([{ dataDir: "/srv/kong" }], own);
  const { world } = await regenerated(colleague, {});
  expect(envOf(world)).toContain("KONG_BIND_IPV6=2a0c:7:7:7::1\n");
  expect(envOf(world)).toContain("KONG_DATA_DIR=/srv/kong\n");
});

test("export, quotes and CRLF around an updated value stay", async () => {
  const colleague = await stale([{ dataDir: "/srv/kong" }], (text) =>
    text
      .replace(/^KONG_DATA_DIR=.*$/m, 'export KONG_DATA_DIR="./data" ')
      .replaceAll("\n", "\r\n"),
  );
  const { world } = await regenerated(colleague, {});
  expect(envOf(world)).toContain('\r\nexport KONG_DATA_DIR="/srv/kong" \r\n');
});

test("check reports an older .env, and regenerate updates it", async () => {
  const made = await new Made().make();
  const env = made.read(".env");
  await made.regenerate("--data-dir", "/srv/kong");
  made.write(".env", env);
  const { code, stdout } = await made.run(["check"]);
  expect(code).toBe(4);
  expect(stdout).toContain(
    "  ! .env  outdated: it is older than the other files: regenerate updates it\n",
  );
  expect(await made.regenerate()).toMatchObject({ code: 0 });
  expect(made.read(".env")).toBe(
    env.replace("KONG_DATA_DIR=./data", "KONG_DATA_DIR=/srv/kong"),
  );
  expect(await made.run(["check"])).toMatchObject({ code: 0 });
});

const BIND = /^KONG_BIND_IPV6=(.*)$/m;
const notKong = (address: string): string =>
  `  ! .env  drift: it contradicts the answers: KONG_BIND_IPV6 is ${address}, not ${OLD}:300::8100\n`;

test("of two KONG_BIND_IPV6 lines check reads the last, as compose and apply.sh do", async () => {
  const made = await new Made().make();
  made.edit(".env", (text) => `${text}KONG_BIND_IPV6=${OLD}:300::9\n`);
  const { code, stdout } = await made.run(["check"]);
  expect(code).toBe(4);
  expect(stdout).toContain(notKong(`${OLD}:300::9`));
  made.edit(".env", (text) => `${text}KONG_BIND_IPV6=${OLD}:300::8100\n`);
  expect(await made.run(["check"])).toMatchObject({ code: 0 });
});

test("a .env of newer answers, as after git checkout of an old commit: --conflict theirs takes the old ones", async () => {
  const newer = await new Made().make();
  await newer.regenerate(...TO);
  const made = await new Made().make();
  made.write(".env", newer.read(".env"));
  const { code, stdout } = await made.regenerate();
  expect(code).toBe(3);
  expect(stdout).toContain(
    `.env contradicts the answers: KONG_BIND_IPV6 is ${NEXT}:300::8100, not ${OLD}:300::8100.\n`,
  );
  expect(stdout).not.toContain("--kong");
  expect((await made.run(["check"])).stdout).toContain(
    notKong(`${NEXT}:300::8100`),
  );
  expect((await made.regenerate("--conflict", "theirs")).code).toBe(0);
  expect(made.read(".env")).toBe(newer.read(".env").replaceAll(NEXT, OLD));
  expect(await made.run(["check"])).toMatchObject({ code: 0 });
});

test.each([
  'KONG_BIND_IPV6="$1" # mine',
  "KONG_BIND_IPV6='$1'",
  "KONG_BIND_IPV6=$1 # mine",
  "export KONG_BIND_IPV6=$1",
  `KONG_BIND_IPV6=${OLD.toUpperCase()}:0300::8100`,
])("check called %s another address", async (line) => {
  const made = await new Made().make();
  made.edit(".env", (text) => text.replace(BIND, line));
  expect(await made.run(["check"])).toMatchObject({ code: 0 });
  made.edit(".env", (text) => text.replace("8100", "9"));
  expect((await made.run(["check"])).stdout).toContain(
    notKong(`${OLD}:300::9`),
  );
});

test.each(["", '""', "replace-me"])(
  "check reports the KONG_PG_PASSWORD %j, which apply.sh refuses",
  async (password) => {
    const made = await new Made().make();
    const line = `KONG_PG_PASSWORD=${password}`;
    made.edit(".env", (text) => text.replace(/^KONG_PG_PASSWORD=.*$/m, line));
    const { code, stdout } = await made.run(["check"]);
    expect(code).toBe(4);
    expect(stdout).toContain(
      "  ! .env  invalid: KONG_PG_PASSWORD is not set\n",
    );
  },
);

test("without a database no password is asked for", async () => {
  const made = await new Made().make("--database", "off");
  expect(made.read(".env")).not.toContain("KONG_PG_PASSWORD");
  expect(await made.run(["check"])).toMatchObject({ code: 0 });
});

test("of two KONG_DATA_DIR lines regenerate updates the last, which counts", async () => {
  const made = await new Made().make();
  const env = `${made.read(".env")}KONG_DATA_DIR=./data # mine\n`;
  await made.regenerate("--data-dir", "/srv/kong");
  made.write(".env", env);
  expect(await made.regenerate()).toMatchObject({ code: 0 });
  expect(made.read(".env")).toMatch(/KONG_DATA_DIR=\/srv\/kong # mine\n$/);
  expect(await made.run(["check"])).toMatchObject({ code: 0 });
});

test("create --conflict keep says which variables a foreign .env lacks", async () => {
  const sandbox = new Sandbox({
    "gw/.env": "KONG_BIND_IP=1.2.3.4\nexport KONG_DATA_DIR: /d\n",
  });
  const told =
    "Your .env lacks COMPOSE_PROJECT_NAME, KONG_BIND_IPV6: take the lines from .env.example.";
  const kept = ["--conflict", "keep"];
  const { stdout } = await run(sandbox, ["gw", ...PREFIX, ...kept]);
  expect(stdout).toContain(told);
  const again = await run(sandbox, ["regenerate", "gw", ...TO]);
  expect(again.stdout).toContain(told);
  expect((await run(sandbox, ["check", "gw"])).stdout).toContain(told);
});

test("a generated .env lacks nothing", () => {
  const text = envOf(created(START));
  expect(missingVariables(text, text)).toBeUndefined();
});

test("regenerate warns if only .env has an address for Kong", async () => {
  const made = await new Made().make();
  made.edit(".env", (text) => text.replace("300::8100\n", "300::abcd\n"));
  const first = await made.regenerate(...TO);
  expect(first).toMatchObject({ code: 3 });
  const own = `${NEXT}:300::abcd`;
  expect(first.stdout).toContain(
    `.env contradicts the answers: KONG_BIND_IPV6 is ${own}, not ${NEXT}:300::8100.\n`,
  );
  const resolved = await made.regenerate("--kong", own);
  expect(resolved).toMatchObject({ code: 0 });
  expect(resolved.stdout).not.toContain("contradicts");
});

test("a value of .env that was kept in a conflict was changed by the next regenerate", async () => {
  const made = await new Made().make();
  const line = "KONG_BIND_IP=0.0.0.0 # mine\n";
  made.edit(".env", (text) => text.replace(/^KONG_BIND_IP=.*\n/m, line));
  const to = ["--ipv4", "198.51.100.7", "--conflict", "keep"];
  expect((await made.regenerate(...to)).code).toBe(0);
  expect((await made.regenerate()).code).toBe(0);
  expect(made.read(".env")).toContain(line);
  await made.regenerate("--prefix", `${NEXT}::/64`);
  await made.regenerate();
  expect(made.read(".env")).toContain(line);
  expect(made.read(".env")).toContain(`KONG_BIND_IPV6=${NEXT}:300::8100\n`);
  const checked = await run(made.sandbox, ["check", "gw", "--json"]);
  expect(checked.stdout).not.toContain("outdated");
});
