import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { APT_INSTALL } from "./apt.ts";
import { buildOnce, CACHE, removeOthers } from "./cache.ts";
import { debootstrap, debsOf } from "./debian.ts";
import type { Host } from "./host.ts";
import { must } from "./run.ts";

/** The Debian release that the images are made of: it holds PostgreSQL 17. */
const SUITE = "trixie";

/** What an image is made of: packages, a folder of files beside this one, a shell script, and its configuration. */
interface Recipe {
  tag: string;
  files: string;
  packages: string[];
  /** Run in the image before the packages are installed. */
  before: string;
  /** Run in the image after the files are there. */
  after: string;
  config: Record<string, unknown>;
}

const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

const GATEWAY: Recipe = {
  tag: "kong:3.9.3",
  files: "gateway",
  packages:
    "nginx-light libnginx-mod-http-lua perl openssl postgresql-client-17 ca-certificates libcap2 libcap2-bin".split(
      " ",
    ),
  // A uid that nobody would guess: who writes a number instead of the name is found out.
  before: "useradd --uid 1337 --user-group --home-dir /usr/local/kong kong",
  // nginx lies where Kong has it, by itself: its package would keep iproute2 and setcap. apt finds the one package that
  // the generated Dockerfile installs without a network.
  after: `
    openresty=/usr/local/openresty
    install -D /usr/sbin/nginx $openresty/nginx/sbin/nginx
    install -D -t $openresty/nginx/modules /usr/lib/nginx/modules/*
    cp -r /usr/share/lua/5.1 $openresty/lualib
    apt-mark showauto | xargs apt-mark -qq manual
    apt-get -qq purge -y libcap2-bin iproute2
    install -d -o kong -g root /usr/local/kong
    mkdir /opt/lab-repository
    cd /opt/lab-repository
    cp /var/cache/apt/lab/libcap2-bin_*.deb .
    deb=$(ls *.deb)
    { dpkg-deb -f "$deb"; echo "Filename: ./$deb"; echo "Size: $(stat -c %s "$deb")"; echo "SHA256: $(sha256sum "$deb" | cut -d' ' -f1)"; } >Packages
    echo 'deb [trusted=yes] file:/opt/lab-repository ./' >/etc/apt/sources.list
    ! command -v setcap && ! command -v curl`,
  config: {
    User: "kong",
    Env: [`PATH=${PATH}`, "KONG_VERSION=3.9.3"],
    Entrypoint: ["/docker-entrypoint.sh"],
    Cmd: ["kong", "docker-start"],
    StopSignal: "SIGQUIT",
    ExposedPorts: Object.fromEntries(
      [8000, 8001, 8002, 8443, 8444, 8445].map((port) => [`${port}/tcp`, {}]),
    ),
    Healthcheck: {
      Test: ["CMD-SHELL", "kong-health"],
      Interval: 60e9,
      Timeout: 10e9,
      Retries: 10,
    },
  },
};

const POSTGRES: Recipe = {
  tag: "postgres:17",
  files: "postgres",
  packages: ["postgresql-17"],
  before: `
    groupadd --system --gid 999 postgres
    useradd --system --uid 999 --gid postgres --home-dir /var/lib/postgresql --shell /bin/bash postgres
    mkdir -p /etc/postgresql-common
    echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf`,
  // The official image listens on all addresses. Compiling queries is not needed, and LLVM is half of the image.
  after: `
    cd /usr/lib
    rm -r */libLLVM* */libz3* postgresql/17/lib/llvmjit* postgresql/17/lib/bitcode
    sed -i "s/^#listen_addresses = .*/listen_addresses = '*'/" /usr/share/postgresql/17/postgresql.conf.sample
    echo 'deb [trusted=yes] file:/nowhere ./' >/etc/apt/sources.list`,
  config: {
    Env: [
      `PATH=/usr/lib/postgresql/17/bin:${PATH}`,
      "PGDATA=/var/lib/postgresql/data",
      "LANG=C.UTF-8",
    ],
    Entrypoint: ["/docker-entrypoint.sh"],
    Cmd: ["postgres"],
    StopSignal: "SIGINT",
    Volumes: { "/var/lib/postgresql/data": {} },
    ExposedPorts: { "5432/tcp": {} },
  },
};

/** The stand-ins' tags: what the generated repository asks for. */
export const IMAGES = { gateway: GATEWAY.tag, postgres: POSTGRES.tag };

/** Path of a file that `docker load` reads: both images over one base. Built once (about a minute, needs the mirror). */
export async function imagesTar(): Promise<string> {
  const stamp = createHash("sha256").update(
    JSON.stringify([GATEWAY, POSTGRES, APT_INSTALL]),
  );
  for (const { files } of [GATEWAY, POSTGRES])
    for (const path of await filesBelow(folderOf(files)))
      stamp.update(path).update(await readFile(path));
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
  new URL(`images/${files}`, import.meta.url).pathname;

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
