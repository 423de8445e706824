import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { APT_INSTALL } from "./apt.ts";
import { buildOnce, CACHE, removeOthers } from "./cache.ts";
import { debootstrap, debsOf } from "./debian.ts";
import type { Host } from "./host.ts";
import { GATEWAY, POSTGRES, type Recipe, SUITE } from "./image-recipes.ts";
import { must } from "./run.ts";

/** The stand-ins' tags: what the generated repository asks for. */
export const IMAGES = { gateway: GATEWAY.tag, postgres: POSTGRES.tag };

/** Folders of /usr/share that no stand-in needs: each host that boots gets a link to each file of the images. */
const UNREAD = ["bash-completion", "doc", "lintian", "locale", "man"];

/** Path of a file that `docker load` reads: both images over one base. Built once (about a minute, needs the mirror). */
export async function imagesTar(): Promise<string> {
  const stamp = createHash("sha256").update(
    JSON.stringify([GATEWAY, POSTGRES, APT_INSTALL, UNREAD]),
  );
  for (const { files } of [GATEWAY, POSTGRES])
    for (const path of await filesBelow(folderOf(files)))
      stamp
        .update(relative(import.meta.dirname, path))
        .update(await readFile(path));
  const name = `images-${stamp.digest("hex").slice(0, 12)}.tar`;
  return buildOnce(join(CACHE, name), async (temporary) => {
    await removeOthers(CACHE, "images-", name);
    await buildTar(temporary);
  });
}

/** Gives a host's Docker the stand-in images, as a pull from a registry would. */
export async function loadImages(host: Host): Promise<void> {
  const inputFile = await imagesTar();
  await host.must(["docker", "load", "--quiet"], { inputFile });
}

async function buildTar(target: string): Promise<void> {
  const work = join(CACHE, ".building-images");
  await rm(work, { recursive: true, force: true });
  const base = join(work, "base");
  const archive = join(work, "archive");
  await mkdir(archive, { recursive: true });
  await debootstrap(SUITE, base);
  for (const name of UNREAD)
    await rm(join(base, "usr/share", name), { recursive: true, force: true });
  const baseLayer = await layer(base, archive, "base");
  const manifest = [];
  for (const recipe of [GATEWAY, POSTGRES]) {
    const upper = await installOver(base, work, recipe);
    const own = await layer(upper, archive, recipe.files);
    manifest.push(await describe(recipe, [baseLayer, own], archive));
  }
  await writeFile(join(archive, "manifest.json"), JSON.stringify(manifest));
  await must(["tar", "-cf", target, "-C", archive, "."]);
  await rm(work, { recursive: true, force: true });
}

/** Carries a recipe out over the base; returns the folder that holds what it changed. */
async function installOver(
  base: string,
  work: string,
  recipe: Recipe,
): Promise<string> {
  const folder = join(work, recipe.files);
  for (const name of ["upper", "work", "merged"])
    await mkdir(join(folder, name), { recursive: true });
  await cp(folderOf(recipe.files), join(folder, "upper"), { recursive: true });
  const script = `set -e
${APT_INSTALL}
lower=$1 folder=$2 debs=$3
shift 3
mount -t overlay -o "lowerdir=$lower,upperdir=$folder/upper,workdir=$folder/work" lab "$folder/merged"
chroot "$folder/merged" sh -ec '${recipe.before.replaceAll("'", `'\\''`)}'
apt_install "$folder/merged" "$debs" "$@"
mkdir "$folder/merged/var/cache/apt/lab"
mount --bind "$debs" "$folder/merged/var/cache/apt/lab"
chroot "$folder/merged" sh -ec '${recipe.after.replaceAll("'", `'\\''`)}'
umount "$folder/merged/var/cache/apt/lab"
rmdir "$folder/merged/var/cache/apt/lab"`;
  const debs = await debsOf(SUITE);
  await must([
    "unshare",
    "--mount",
    "sh",
    "-c",
    script,
    "lab",
    base,
    folder,
    debs,
    ...recipe.packages,
  ]);
  return join(folder, "upper");
}

/** Packs a tree as one layer; returns its name and the digest that Docker knows it by. What an overlay marks as deleted is marked in the way of images. */
async function layer(
  tree: string,
  archive: string,
  name: string,
): Promise<{ path: string; digest: string }> {
  const mark = 'for file; do rm "$file"; : >"${file%/*}/.wh.${file##*/}"; done';
  await must([
    "find",
    tree,
    "-xdev",
    "-type",
    "c",
    "-path",
    `${tree}/*`,
    "!",
    "-path",
    `${tree}/dev/*`,
    "-exec",
    "sh",
    "-c",
    mark,
    "mark",
    "{}",
    "+",
  ]);
  const path = `${name}.tar`;
  await must([
    "tar",
    "--numeric-owner",
    "--sort=name",
    "--exclude=./dev/*",
    "-C",
    tree,
    "-cf",
    join(archive, path),
    ".",
  ]);
  return { path, digest: await digestOf(join(archive, path)) };
}

/** Writes an image's configuration (OCI image spec) and returns its line of the archive's manifest. */
async function describe(
  { tag, config }: Recipe,
  layers: { path: string; digest: string }[],
  archive: string,
) {
  const image = JSON.stringify({
    architecture: (await must(["dpkg", "--print-architecture"])).trim(),
    os: "linux",
    created: "2026-01-01T00:00:00Z",
    config,
    rootfs: {
      type: "layers",
      diff_ids: layers.map(({ digest }) => `sha256:${digest}`),
    },
    history: layers.map(({ path }) => ({
      created: "2026-01-01T00:00:00Z",
      created_by: `lab ${path}`,
    })),
  });
  const name = `${createHash("sha256").update(image).digest("hex")}.json`;
  await writeFile(join(archive, name), image);
  return {
    Config: name,
    RepoTags: [tag],
    Layers: layers.map(({ path }) => path),
  };
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}

const folderOf = (files: string) =>
  fileURLToPath(new URL(`images/${files}`, import.meta.url));

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, {
    recursive: true,
    withFileTypes: true,
  });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}
