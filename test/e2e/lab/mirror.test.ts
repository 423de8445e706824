import { mkdtemp, mkdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { aptArchives, debianMirror } from "./mirror.ts";

async function etc(files: Record<string, string>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "kong-ipv6-etc-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  await mkdir(join(folder, "apt/sources.list.d"), { recursive: true });
  for (const [path, text] of Object.entries(files))
    await writeFile(join(folder, path), text);
  return folder;
}

const OS_RELEASE = "ID=debian\nVERSION_CODENAME=bookworm\n";

test("the mirror is the archive that holds this machine's own release", async () => {
  const folder = await etc({
    "os-release": OS_RELEASE,
    "apt/sources.list.d/debian.sources":
      "Types: deb\n# http://a.example/not-this\nURIs: http://a.example/debian\nSuites: bookworm bookworm-updates\nComponents: main\n\n" +
      "Types: deb\nURIs: http://a.example/security\nSuites: bookworm-security\nComponents: main\n",
    "apt/sources.list.d/other.list":
      "deb [arch=amd64] http://b.example/other stable main\n",
  });
  expect(await debianMirror(folder)).toBe("http://a.example/debian");
});

test("both formats are read, sources and disabled archives left out", async () => {
  const folder = await etc({
    "apt/sources.list":
      "# deb http://c.example/off bookworm main\ndeb-src http://c.example/src bookworm main\ndeb http://c.example/debian bookworm main\n",
    "apt/sources.list.d/off.sources":
      "Enabled: no\nTypes: deb\nURIs: http://d.example/\nSuites: bookworm\n",
  });
  expect(await aptArchives(join(folder, "apt"))).toEqual([
    { uri: "http://c.example/debian", suites: ["bookworm"] },
  ]);
});

test("a machine whose release is in no source gets an error that says so", async () => {
  const folder = await etc({ "os-release": OS_RELEASE });
  await expect(debianMirror(folder)).rejects.toThrow("bookworm");
});
