import { stripVTControlCharacters } from "node:util";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import type { Action, Change } from "../../../src/reconcile/change.ts";
import { diffText } from "../../../src/report/diff.ts";
import { styleFor } from "../../../src/base/colors.ts";

const plain = styleFor(false, true);

const change = (action: Action): Change => ({
  path: "path",
  action,
  before: action === "create" ? null : { text: "a\nmine\n", mode: 0o644 },
  after: { text: "a\nnew\n", mode: 0o644 },
});

describe("diffText", () => {
  test("is a unified diff, from nothing where nothing is there", () => {
    expect(diffText(change("update"), plain)).toBe(
      "--- a/path\n+++ b/path\n@@ -1,2 +1,2 @@\n a\n-mine\n+new",
    );
    expect(diffText(change("create"), plain)).toBe(
      "--- /dev/null\n+++ b/path\n@@ -0,0 +1,2 @@\n+a\n+new",
    );
  });

  test("terminal escapes in a file were printed raw", () => {
    const text = "a\u001b[31mX\n\tb\u009b2J\r\n";
    const after = { text, mode: 0o644 };
    expect(
      diffText({ path: "x", action: "create", before: null, after }, plain),
    ).toContain("+a\\u001b[31mX\n+\tb\\u009b2J\\u000d");
  });

  test("the owner's other secrets in .env were shown as context", () => {
    const text =
      'KONG_DATA_DIR=./data\nTOKEN=geheim\nexport B: "x\ngeheim"\nC=\n';
    const after = text.replace("./data", "./var");
    const shown = diffText(
      {
        path: ".env",
        action: "merge",
        before: { text, mode: 0o600 },
        after: { text: after, mode: 0o600 },
      },
      plain,
    );
    expect(shown).toContain(
      "-KONG_DATA_DIR=./data\n+KONG_DATA_DIR=./var\n TOKEN=<secret>\n export B: <secret>\n C=",
    );
    expect(shown).not.toContain("geheim");
  });

  test("colours lines only on a terminal", () => {
    vi.stubEnv("NO_COLOR", "");
    vi.stubEnv("TERM", "xterm");
    onTestFinished(() => void vi.unstubAllEnvs());
    const style = styleFor(true, true);
    const coloured = diffText(change("update"), style);
    const bare = stripVTControlCharacters(coloured);
    expect(bare).not.toBe(coloured);
    expect(bare).toBe(diffText(change("update"), plain));
    expect(diffText(change("update"), styleFor(true, false))).toBe(bare);
  });
});
