import { describe, expect, test } from "vitest";
import { assignmentsOf } from "../../../src/base/dotenv.ts";
import { plan } from "../../../src/plan/plan.ts";
import { variablesOf } from "../../../src/render/env-variables.ts";
import { render } from "../../../src/render/render.ts";
import { answersFrom } from "../../support/base.ts";
import {
  fillSecrets,
  redactSecrets,
  SECRET,
} from "../../../src/render/secrets.ts";

const RENDERED = `# A comment: KEY=${SECRET}\nKONG_BIND_IP=1.2.3.4\nKONG_PG_PASSWORD=${SECRET}\n`;
const password = (text: string): string | undefined =>
  /^KONG_PG_PASSWORD=(.*)$/m.exec(text)?.[1];

describe("fillSecrets", () => {
  test("inserts 256 random bits that need no quotes anywhere", () => {
    const made = Array.from({ length: 50 }, () =>
      password(fillSecrets(RENDERED)),
    );
    expect(new Set(made).size).toBe(50);
    for (const secret of made) expect(secret).toMatch(/^[0-9a-f]{64}$/);
  });

  test("changes nothing else", () => {
    const filled = fillSecrets(RENDERED);
    expect(filled.replace(password(filled) ?? "", SECRET)).toBe(RENDERED);
    expect(fillSecrets("A=b\n# x\n\nC=\n")).toBe("A=b\n# x\n\nC=\n");
    expect(fillSecrets("")).toBe("");
  });

  test.each([
    ["the one that is there", "KONG_PG_PASSWORD=mine\n", "mine"],
    ["odd ones too", "KONG_PG_PASSWORD=$1 $& =\"'\n", "$1 $& =\"'"],
    ["the last of several", "KONG_PG_PASSWORD=a\nKONG_PG_PASSWORD=b\n", "b"],
    ["without a newline", "KONG_PG_PASSWORD=mine", "mine"],
    ["an exported one", "export KONG_PG_PASSWORD=mine\n", "mine"],
    ["one with white space", "\tKONG_PG_PASSWORD = mine\n", "mine"],
    ["one with a colon", "KONG_PG_PASSWORD: mine\n", "mine"],
  ])("keeps %s", (_, existing, kept) => {
    expect(password(fillSecrets(RENDERED, existing))).toBe(kept);
  });

  test.each([
    ["an empty one", "KONG_PG_PASSWORD=\n"],
    ["a comment", "# KONG_PG_PASSWORD=mine\n"],
    ["another's", "OTHER_PG_PASSWORD=mine\n"],
  ])("doesn't keep %s", (_, existing) => {
    expect(password(fillSecrets(RENDERED, existing))).toMatch(/^[0-9a-f]{64}$/);
  });

  test("keeps only secrets: other values are generated", () => {
    const filled = fillSecrets(RENDERED, "KONG_BIND_IP=9.9.9.9\n");
    expect(filled).toContain("KONG_BIND_IP=1.2.3.4\n");
  });

  test("restores what redactSecrets removed, in its old form", () => {
    const disk = "export KONG_PG_PASSWORD=mine\nKONG_PG_PASSWORD: mine\n";
    expect(fillSecrets(redactSecrets(".env", disk), disk)).toBe(disk);
  });

  test("a password from a file with CRLF has no CR", () => {
    const filled = fillSecrets(RENDERED, "A=1\r\nKONG_PG_PASSWORD=mine\r\n");
    expect(password(filled)).toBe("mine");
  });
});

describe("redactSecrets", () => {
  test("removes what fillSecrets inserted", () => {
    expect(redactSecrets(".env", fillSecrets(RENDERED))).toBe(RENDERED);
  });

  test("removes it from any text, on any line", () => {
    const disk = "KONG_PG_PASSWORD=hunter2\nX=1\nKONG_PG_PASSWORD=hunter3";
    const shown = redactSecrets(".env", disk);
    expect(shown).not.toContain("hunter");
    expect(shown).toBe(
      `KONG_PG_PASSWORD=${SECRET}\nX=1\nKONG_PG_PASSWORD=${SECRET}`,
    );
  });

  test("keeps what is not a secret", () => {
    const disk = "KONG_BIND_IP=9.9.9.9\nOTHER=x\n";
    expect(redactSecrets(".env", disk)).toBe(disk);
    expect(redactSecrets("other.txt", "KONG_PG_PASSWORD=x\n")).toBe(
      "KONG_PG_PASSWORD=x\n",
    );
  });

  test("an empty password is not redacted: the file differs from the generated one", () => {
    const disk = RENDERED.replace(`PASSWORD=${SECRET}`, "PASSWORD=");
    expect(redactSecrets(".env", disk)).toBe(disk);
  });

  test("a password after `export` or white space is removed too", () => {
    for (const line of [
      "export KONG_PG_PASSWORD=hunter2",
      "  KONG_PG_PASSWORD=hunter2",
      "KONG_PG_PASSWORD = hunter2",
      "KONG_PG_PASSWORD: hunter2",
      "KONG_PG_PASSWORD=hunter2\r",
    ])
      expect(redactSecrets(".env", `${line}\n`)).not.toContain("hunter2");
  });
});

test("a password of several lines, or in other quotes, is redacted as a whole", () => {
  for (const value of ["'a\nb'", '"a\\"\nb"', "a # b", "'a' # b"]) {
    const disk = `A=1\nKONG_PG_PASSWORD=${value}\nC=2\n`;
    const redacted = redactSecrets(".env", disk);
    expect(redacted).toBe(`A=1\nKONG_PG_PASSWORD=${SECRET}\nC=2\n`);
    expect(fillSecrets(redacted, disk)).toBe(disk);
  }
});

test("the table of variables is what the generated .env sets", () => {
  const made = plan(
    answersFrom({ ipv4: "198.51.100.7", expose: ["my-app:1"] }),
  );
  const assigned = assignmentsOf(render(made).get(".env")?.text ?? "");
  expect(assigned.map(({ key }) => key).sort()).toEqual(
    variablesOf(made)
      .map(({ key }) => key)
      .sort(),
  );
  for (const { key, secret, of } of variablesOf(made)) {
    const value = assigned.find((assignment) => assignment.key === key)?.value;
    if (secret) expect(value).toBe(SECRET);
    if (of) expect(value).toBe(of(made));
  }
});
