import { copyFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { buildOnce, CACHE } from "../../e2e/lab/cache.ts";
import { aptInstall } from "../../e2e/lab/debian.ts";
import { debianMirror } from "../../e2e/lab/mirror.ts";
import type { Root } from "../../e2e/lab/roots.ts";
import { must } from "../../e2e/lab/run.ts";

/** A root with more packages in it, made once; the lab's own roots stay what a server must have. */
export async function withPackage(
  root: Root,
  ...names: string[]
): Promise<Root> {
  const path = join(
    CACHE,
    "roots",
    `${names.join("+")}-${basename(root.path)}`,
  );
  await buildOnce(path, async (temporary) => {
    await must(["cp", "-a", root.path, temporary]);
    // A root has no way out: its hosts have none.
    const resolv = join(temporary, "etc/resolv.conf");
    copyFileSync("/etc/resolv.conf", resolv);
    writeFileSync(
      join(temporary, "etc/apt/sources.list"),
      `deb ${await debianMirror()} ${root.suite} main\n`,
    );
    await aptInstall(root.suite, temporary, names);
    writeFileSync(resolv, "");
  });
  return { ...root, path };
}
