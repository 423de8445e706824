import { expect, test } from "vitest";
import { Made, NEXT, OLD } from "./made.ts";

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
  expect(steps[1]).toBe(
    [
      "On the server, remove the container of mail; apply.sh does not:",
      "       sudo docker stop kong-ipv6-mail-1",
      "       sudo docker rm kong-ipv6-mail-1",
    ].join("\n"),
  );
  expect(steps[2]).toMatch(/^Copy it to the server/);

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

/** What regenerate says, in one line. */
const said = async (made: Made, ...args: string[]): Promise<string> =>
  (await made.regenerate(...args)).stdout.replace(/\s+/g, " ");

test("other ports of a container: the override file has to publish them", async () => {
  const made = await exposing();
  const text = await said(made, "--expose=mail:25,465,993/udp", ...DNS);
  expect(text).toContain(
    " 1. mail: publish 465, 993/udp, no longer publish 587 in docker-compose.override.yml: ",
  );
  expect(text).not.toContain("dns:");
});

test("a removed container is named with its DNS records, by their full names", async () => {
  const made = await exposing("--domain", "gw.example.net");
  const text = await said(made, "--expose", "web:8443");
  expect(text).toContain("removed: mail, dns. ");
  for (const name of ["mail", "dns"])
    for (const type of ["AAAA", "PTR"])
      expect(text).toContain(
        `${type} record of ${name}.gw.example.net; delete it: old `,
      );
  const moved = await said(made, `--prefix=${NEXT}::/64`);
  // It was not deployed yet.
  expect(moved).toContain("AAAA record of web.gw.example.net: new ");
  expect(moved).toContain("PTR record of web.gw.example.net: new ");
});

test("a new container gets another address than one that is removed in the same run", async () => {
  const made = await exposing();
  await made.regenerate("--expose", "web:8443");
  expect(made.read(".env")).toContain(`EXPOSE_WEB_IPV6=${OLD}:300::8103\n`);
});

test("a removed container's address that the owner gives to another: no warning about generated lines", async () => {
  const made = await exposing();
  const web = `web@[${OLD}:300::8101]:8443`;
  const { code, stdout } = await made.regenerate("--expose", web);
  expect(code).toBe(0);
  expect(stdout).not.toContain("already contains this address");
});
