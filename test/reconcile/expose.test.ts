import { expect, test } from "vitest";
import { Made } from "./made.ts";

// What a change of --expose leaves to the owner, whose docker-compose.override.yml has the containers.

const OVERRIDE = "docker-compose.override.yml";
const MAIL = ["--expose", "mail:25,587"];
const DNS = ["--expose", "dns:53,53/udp"];

/** A repository with mail and dns, and the README's snippet in the override file. */
async function exposing(...more: string[]): Promise<Made> {
  const made = await new Made().make(...MAIL, ...DNS, ...more);
  const snippet = /```yaml\n(services:\n {2}mail:[^]*?)```/.exec(
    made.read("README.md"),
  );
  made.write(OVERRIDE, snippet?.[1] ?? "");
  expect(await made.run(["check"])).toMatchObject({ code: 0 });
  return made;
}

/** The numbered steps at the end, without their numbers. */
const stepsOf = (stdout: string): string[] =>
  (stdout.split("Next steps\n")[1] ?? "")
    .split(/^ {2}\d+\. /m)
    .slice(1)
    .map((step) => step.trimEnd());

test("a removed container: docker compose would refuse every service until it is out of the override file", async () => {
  const made = await exposing();
  const line =
    made
      .read(OVERRIDE)
      .split("\n")
      .findIndex((text) => text.includes("EXPOSE_MAIL_IPV6")) + 1;
  const { code, stdout } = await made.regenerate(...DNS);
  expect(code).toBe(0);
  const steps = stepsOf(stdout);
  expect(steps[0]).toMatch(/^Remove mail from docker-compose\.override\.yml:/);
  expect(steps[1]).toMatch(/^Copy it to the server/);

  const open = await made.run(["check"]);
  expect(open.code).toBe(4);
  expect(open.stdout.replace(/\s+/g, " ")).toContain(
    `${OVERRIDE} drift: line ${line} needs EXPOSE_MAIL_IPV6, which .env does not set: docker compose refuses every service`,
  );
  made.edit(OVERRIDE, (text) =>
    text.replace(/^ {2}mail:\n[^]*?(?=^ {2}dns:)/m, ""),
  );
  expect(await made.run(["check"])).toMatchObject({ code: 0 });
});

test("check: what the owner's .env sets, a comment and an escape need nothing; docker compose reads one override file", async () => {
  const made = await exposing();
  made.edit(OVERRIDE, (text) => `# \${OLD:?}\n${text}#\n`);
  made.edit(OVERRIDE, (text) =>
    text.replace("IMAGE", () => "${MINE:?set it}$${NOT:?}${A:-b}"),
  );
  const open = await made.run(["check", "--json"]);
  const { files } = JSON.parse(open.stdout);
  expect(
    files.filter(({ path }: { path: string }) => path === OVERRIDE),
  ).toEqual([
    {
      path: OVERRIDE,
      status: "drift",
      reason: expect.stringMatching(/^line 4 needs MINE, /),
    },
  ]);
  made.edit(".env", (text) => `${text}MINE=x\n`);
  await made.regenerate();
  expect(await made.run(["check"])).toMatchObject({ code: 0 });
  made.write("compose.override.yml", "services:\n  a:\n    image: ${B?}\n");
  expect((await made.run(["check"])).stdout).toContain(
    "compose.override.yml  drift: line 3 needs B, ",
  );
});
