import { expect, test } from "vitest";
import { openAdminPorts } from "../../src/reconcile/admin-ports.ts";
import { Made } from "./made.ts";

const COMPOSE = "docker-compose.yml";
const OPEN =
  "KONG_ADMIN_LISTEN has [::]:8001, which opens Kong's admin ports: let it have only 127.0.0.1 and Kong's address in kong-net";

test("an admin API on every address: check and regenerate warn, and give the reason", async () => {
  const made = await new Made().make();
  const generated = made.read(COMPOSE);
  made.edit(COMPOSE, (text) =>
    text.replace(/(KONG_ADMIN_LISTEN: ).*/, '$1"[::]:8001"'),
  );
  // Before it is recorded, and after.
  for (const time of ["first", "second"]) {
    const check = await made.run(["check"]);
    expect(check.code, time).toBe(4);
    expect(check.stdout).toContain(
      `! ${COMPOSE}  drift: it contradicts the answers: ${OPEN}\n`,
    );
    const { code, stdout } = await made.regenerate();
    expect(code, time).toBe(3);
    expect(stdout).toContain(`${COMPOSE} contradicts the answers: ${OPEN}.`);
  }
  await made.regenerate("--conflict", "theirs");
  expect(made.read(COMPOSE)).toBe(generated);
  expect(await made.run(["check"])).toMatchObject({ code: 0 });
});

test("an override of the owner's: check and regenerate warn", async () => {
  const made = await new Made().make();
  made.write(
    "docker-compose.override.yml",
    "services: {kong: {environment: {KONG_ADMIN_LISTEN: '[::]:8001'}}}\n",
  );
  for (const command of ["check", "regenerate"])
    expect((await made.run([command])).stdout).toContain(
      `docker-compose.override.yml: ${OPEN}.`,
    );
});

const listen = (value: string, name = "ADMIN"): string =>
  JSON.stringify({
    services: { kong: { environment: [`KONG_${name}_LISTEN=${value}`] } },
  });
const ports = (...all: unknown[]): string =>
  JSON.stringify({ services: { kong: { ports: all } } });

test.each([
  [listen("0.0.0.0:8001"), 1],
  [listen("0.0.0.0:8001 reuseport, [::]:8444 http2 ssl"), 2],
  [listen("127.0.0.1:8001, 2001:db8::1:8001", "STATUS"), 1],
  [listen("203.0.113.5:8002", "ADMIN_GUI"), 1],
  [listen("$WHERE:8001"), 1],
  [listen("off"), 0],
  [listen("127.0.0.1:8001, 10.83.81.100:8001"), 0],
  [listen("[::1]:8001, unix:/run/kong.sock, localhost:8001"), 0],
  [listen("[::]:80", "PROXY"), 0],
  [ports("8001:8001"), 1],
  [ports("8001"), 1],
  [ports("[::]:9000:8444", "0.0.0.0:8002:8002"), 2],
  [ports({ target: 8001, published: 8001 }), 1],
  [ports({ target: 8001, published: 8001, host_ip: "127.0.0.1" }), 0],
  [ports("127.0.0.1:8001:8001", "[::1]:8001:8001", "80:80", "8001:80"), 0],
  ["services: [", 0],
  ["", 0],
])("%s: %d reasons", (text, count) => {
  expect(openAdminPorts(text, "WHERE=0.0.0.0\n")).toHaveLength(count);
});
