import { expect, test } from "vitest";
import { Made, NEXT } from "./made.ts";

// KONG_BIND_IP once disagreed with --ipv4, and neither regenerate nor check said so.

const LINE = /^KONG_BIND_IP=.*$/m;
const OWN = "192.0.2.9";

async function withOwn(value: string, ...answers: string[]): Promise<Made> {
  const made = await new Made().make(...answers);
  made.edit(".env", (text) => text.replace(LINE, `KONG_BIND_IP=${value}`));
  return made;
}

test.each([
  ["198.51.100.4", "203.0.113.1"],
  ["any", "203.0.113.1"],
  ["198.51.100.4", "any"],
])(
  "an own KONG_BIND_IP contradicts --ipv4 %s, and %s after it",
  async (first, then) => {
    const made = await withOwn(OWN, "--ipv4", first);
    const reasonFor = (answer: string): string =>
      answer === "any"
        ? `KONG_BIND_IP is ${OWN}, not 0.0.0.0`
        : `KONG_BIND_IP is ${OWN}, not ${answer} or 0.0.0.0 (all addresses)`;
    const checkDrift = async (answer: string): Promise<void> => {
      const { code, stdout } = await made.run(["check"]);
      expect(code).toBe(4);
      expect(stdout.replace(/\n {4}/g, " ")).toContain(
        `.env  drift: it contradicts the answers: ${reasonFor(answer)}\n`,
      );
    };
    await checkDrift(first);
    expect(await made.regenerate("--ipv4", then)).toMatchObject({ code: 3 });
    expect(await made.run(["check"])).toMatchObject({ code: 4 });
    const { code, stdout } = await made.regenerate("--conflict", "keep");
    expect(code).toBe(3);
    expect(stdout.replaceAll("\n", " ")).toContain(
      `.env contradicts the answers: ${reasonFor(then)}. `,
    );
    expect(made.read(".env")).toContain(`KONG_BIND_IP=${OWN}\n`);
    await checkDrift(then);
    expect(await made.regenerate("--conflict", "theirs")).toMatchObject({
      code: 0,
    });
    const value = then === "any" ? "0.0.0.0" : then;
    expect(made.read(".env")).toContain(`KONG_BIND_IP=${value}\n`);
    expect(await made.run(["check"])).toMatchObject({ code: 0 });
  },
);

test("--ipv4 with the address of .env agrees with it", async () => {
  const made = await withOwn(OWN, "--ipv4", "198.51.100.4");
  expect(await made.regenerate("--ipv4", OWN)).toMatchObject({ code: 0 });
  expect(await made.run(["check"])).toMatchObject({ code: 0 });
});

test.each(["0.0.0.0", '"0.0.0.0" # all'])(
  "KONG_BIND_IP=%s includes any address of the answers",
  async (all) => {
    const made = await withOwn(all, "--ipv4", "198.51.100.4");
    expect(await made.run(["check"])).toMatchObject({ code: 0 });
    const to = ["--ipv4", "203.0.113.1", "--prefix", `${NEXT}::/64`];
    await made.regenerate(...to, "--conflict", "keep");
    expect(made.read(".env")).toContain(`KONG_BIND_IP=${all}\n`);
    expect(await made.regenerate()).toMatchObject({ code: 0 });
    expect(await made.run(["check"])).toMatchObject({ code: 0 });
  },
);

test("a .env in conflict stays one when other answers follow", async () => {
  const made = await withOwn(OWN, "--ipv4", "198.51.100.4");
  expect(await made.regenerate("--ipv4", "none")).toMatchObject({ code: 3 });
  expect(await made.regenerate("--ipv4", "203.0.113.9")).toMatchObject({
    code: 3,
  });
  expect(made.read(".env")).toContain(`KONG_BIND_IP=${OWN}\n`);
  expect(await made.run(["check"])).toMatchObject({ code: 4 });
});

test("one without a value is named", async () => {
  const made = await withOwn("");
  const { code, stdout } = await made.run(["check"]);
  expect(code).toBe(4);
  expect(stdout).toContain("KONG_BIND_IP is missing");
});
