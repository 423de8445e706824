import { afterAll, beforeAll, expect, test } from "vitest";
import { blocksIn } from "../../support/documents.ts";
import type { Lab } from "../lab/lab.ts";
import type { Ran } from "../lab/run.ts";
import { KONG, openServer, REPOSITORY, script } from "./server.ts";

/** The commands in the generated README, "The first hour" and "Backup and restore", as an owner types them. */

let lab: Lab;
let readme: string;
beforeAll(async () => {
  lab = await openServer("trixie");
  readme = await lab.host.read(`${REPOSITORY}/README.md`);
});
afterAll(() => lab?.close());

/** The block of the README that contains a text, for root. */
const block = (language: string, part: string): string => {
  const found = blocksIn(readme, language).filter((text) =>
    text.includes(part),
  );
  expect(found).toHaveLength(1);
  return found[0]!.replaceAll("sudo ", "");
};

/** Types a block of commands in the repository; the first that fails ends it. */
const type = (commands: string, { host }: Lab = lab): Promise<Ran> =>
  host.run(["bash", "-ec", `export HOME=/root\n${commands}`], {
    cwd: REPOSITORY,
    timeoutMs: 120_000,
  });

const makeCertificate = (name: string): Promise<string> =>
  lab.host.sh(
    `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 90 -subj /CN=${name} -keyout privkey.pem -out fullchain.pem 2>&1`,
    { cwd: REPOSITORY },
  );

/** The name in the certificate that a client gets. */
async function served(): Promise<string | undefined> {
  const { stdout } = await lab.topology.client.run([
    "bash",
    "-c",
    `openssl s_client -connect '[${KONG}]:443' </dev/null 2>&1 | openssl x509 -noout -subject`,
  ]);
  return /CN ?= ?(.*)\n/.exec(stdout)?.[1];
}

const rows = async (on: Lab = lab): Promise<string> =>
  (await type(sql("SELECT name FROM services"), on)).stdout;

const sql = (text: string): string =>
  `docker compose exec -T kong-database psql -U kong -qtA -v ON_ERROR_STOP=1 -c "${text}" kong`;

test("without a certificate of the owner, Kong serves one for localhost", async () => {
  expect(await script(lab, "apply.sh")).toMatchObject({ code: 0, stderr: "" });
  expect(await served()).toBe("localhost");
});

test("a certificate from files is served, and only root and Kong can read its key", async () => {
  await makeCertificate("first.example.com");
  expect(await type(block("sh", "install -d"))).toMatchObject({ code: 0 });
  const override = block("yaml", "KONG_SSL_CERT");
  await lab.host.write(`${REPOSITORY}/docker-compose.override.yml`, override);
  expect(await script(lab, "apply.sh")).toMatchObject({ code: 0, stderr: "" });
  expect(await served()).toBe("first.example.com");
  const group = await lab.host.sh("docker exec kong-ipv6-kong-1 id -g");
  const modes = await lab.host.sh(
    "cd data/certificates && stat -c '%a %u %g' . privkey.pem",
    { cwd: REPOSITORY },
  );
  expect(modes).toBe(`750 0 ${group}640 0 ${group}`);
  expect((await script(lab, "apply.sh --dry-run")).stdout).toBe(
    "Nothing to change.\n",
  );
});

test("a renewed certificate is served after kong reload", async () => {
  await makeCertificate("second.example.com");
  await type(block("sh", "install -d"));
  const [, reload] = /`sudo (docker compose exec kong kong reload)`/.exec(
    readme,
  ) as unknown as [string, string];
  expect(await type(reload.replace("exec", "exec -T"))).toMatchObject({
    code: 0,
  });
  await expect.poll(served, { timeout: 10_000 }).toBe("second.example.com");
});

test("a backup is restored, and Kong answers after it", async () => {
  await type(
    `${sql("CREATE TABLE services (name text)")}\n${sql("INSERT INTO services VALUES ('before')")}`,
  );
  expect(await type(block("sh", "pg_dump"))).toMatchObject({ code: 0 });
  // It holds the consumers' credentials.
  expect(await lab.host.sh("stat -c %a /root/kong.sql")).toBe("600\n");
  await type(sql("UPDATE services SET name = 'after'"));
  expect(await rows()).toBe("after\n");
  const { code, stderr } = await type(block("sh", "psql"));
  expect({ code, stderr }).toMatchObject({ code: 0 });
  expect(await rows()).toBe("before\n");
  expect(await script(lab, "apply.sh")).toMatchObject({ code: 0, stderr: "" });
});

test("a backup is restored on another server, whose database has another password", async () => {
  const dump = await lab.host.read("/root/kong.sql");
  const other = await openServer("trixie");
  try {
    const password = `grep ^KONG_PG_PASSWORD= ${REPOSITORY}/.env`;
    expect(await other.host.sh(password)).not.toBe(await lab.host.sh(password));
    expect(await script(other, "apply.sh")).toMatchObject({ code: 0 });
    await other.host.write("/root/kong.sql", dump);
    const { code, stderr } = await type(block("sh", "psql"), other);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(await rows(other)).toBe("before\n");
    expect(await script(other, "apply.sh")).toMatchObject({
      code: 0,
      stderr: "",
    });
  } finally {
    await other.close();
  }
});

test("a restore that fails leaves the database as it was", async () => {
  await type(sql("UPDATE services SET name = 'kept'"));
  await lab.host.sh("echo 'SELECT nothing;' >>/root/kong.sql");
  expect(await type(block("sh", "psql"))).toMatchObject({ code: 3 });
  expect(await rows()).toBe("kept\n");
});
