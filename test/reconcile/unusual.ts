import fc from "fast-check";
import type { Answers } from "../../src/answers/types.ts";
import { findTokens, nameOf } from "../../src/ip/find-addresses.ts";
import type { File } from "../../src/render/render.ts";
import { fillSecrets } from "../../src/render/secrets.ts";
import {
  KEPT,
  record,
  sha256,
  type FileRecord,
  type State,
} from "../../src/repository/state.ts";
import { CONTRADICTING } from "./contradicting.ts";
import { renderedOf, type World } from "./in-memory.ts";

/** What happens to a repository more seldom; numbers are taken modulo what there is. */
export interface Unusual {
  readonly kind: keyof typeof KINDS;
  readonly file: number;
  readonly at: number;
}

const ENV = ".env";
const COMPOSE = "docker-compose.yml";
const IN_THE_WAY = [
  "a directory",
  "a symbolic link",
  "not a text file",
  "unreadable (EACCES)",
] as const;

type Edit = (
  world: World,
  numbers: { readonly file: number; readonly at: number },
  next: Answers,
) => World;

const put = (world: World, path: string, change: Partial<File>): World => {
  const old = world.files.get(path) ?? { text: "", mode: 0o644 };
  const files = new Map(world.files).set(path, { ...old, ...change });
  return { ...world, files };
};

const without = (world: World, path: string): World => {
  const files = new Map(world.files);
  files.delete(path);
  return { ...world, files };
};

const inTheWay = (world: World, path: string, what: string): World => ({
  ...without(world, path),
  others: new Map(world.others).set(path, what),
});

const edit = (
  world: World,
  path: string | undefined,
  change: (text: string) => string,
): World => {
  const text = path === undefined ? undefined : world.files.get(path)?.text;
  return path === undefined || text === undefined
    ? world
    : put(world, path, { text: change(text) });
};

const recorded = (
  world: World,
  path: string,
  change: Partial<FileRecord> | undefined,
): World => {
  const { [path]: old, ...others } = world.state.files;
  const files =
    change && old ? { ...others, [path]: { ...old, ...change } } : others;
  return { ...world, state: { ...world.state, files } };
};

const pick = <T>(all: readonly T[], number: number): T | undefined =>
  all[number % all.length];

const generatedIn = ({ files, state }: World): string[] =>
  [...files.keys()].filter((path) => state.files[path]).sort();

/** The files that are the same in every repository; those with marks first, and one Python file. */
const verbatim = ({ files, state }: World): string[] =>
  generatedIn({ files, state, others: new Map() })
    .filter((path) => state.files[path]?.text === undefined)
    .filter((path) => !path.endsWith(".py") || path.endsWith("/__init__.py"))
    .sort((a, b) => marksOf(state, b) - marksOf(state, a));

const marksOf = ({ files }: State, path: string): number =>
  files[path]?.owned ? 1 : 0;

const DROPIN = /^host\/etc\/systemd\/network\//;

const KINDS = {
  ".env is not in this copy": (world) => without(world, ENV),
  ".env is empty": (world) => edit(world, ENV, () => ""),
  "others can read .env": (world) =>
    world.files.has(ENV) ? put(world, ENV, { mode: 0o644 }) : world,
  ".env is not a file": (world, { at }) =>
    inTheWay(world, ENV, pick(IN_THE_WAY, at) as string),
  "own comment on the password": (world, { at }) =>
    edit(world, ENV, (text) =>
      text
        .replace("# The database's", "# Our database's")
        .replace(/^(KONG_PG_PASSWORD)=.*$/m, at % 2 ? "$&" : "$1=mine"),
    ),
  ".env was kept": (world) => recorded(world, ENV, { owner: KEPT }),
  "own password": (world, { at }) =>
    edit(world, ENV, (text) =>
      text.replace(
        /^KONG_PG_PASSWORD=.*$/m,
        `KONG_PG_PASSWORD=${pick(["mine", "", "replace-me"], at)}`,
      ),
    ),
  "own address in .env": (world) =>
    edit(world, ENV, (text) =>
      text.replace(/^(KONG_BIND_IPV6)=.*$/m, "$1=2a0f:aaaa::1"),
    ),
  "variable taken out of .env": (world, { at }) =>
    edit(world, ENV, (text) =>
      text.replace(
        [
          /^KONG_BIND_IPV6=.*\n/m,
          /^COMPOSE_PROJECT_NAME=.*\n/m,
          /^KONG_PG_PASSWORD=.*\n/m,
        ][at % 3] as RegExp,
        "",
      ),
    ),
  "older .env": (world, { at }) => {
    const older = pick(world.state.previousAnswers, at);
    const text = older && renderedOf(older).get(ENV)?.text;
    return text ? edit(world, ENV, () => fillSecrets(text)) : world;
  },
  "something in the way": (world, { file, at }, next) =>
    inTheWay(
      world,
      pick([...renderedOf(next).keys()].sort(), file) as string,
      pick(IN_THE_WAY, at) as string,
    ),
  "a folder is a link": (world, { at }) => {
    const folder = pick(
      ["host/etc/netplan", "host/etc/docker", "kong-build"],
      at,
    );
    const files = [...world.files].filter(
      ([path]) => !path.startsWith(`${folder}/`),
    );
    return inTheWay(
      { ...world, files: new Map(files) },
      folder as string,
      "a symbolic link",
    );
  },
  "something in the way of .new": (world, { file, at }) => {
    const path = `${pick([...usual(world), ENV], file)}.new`;
    return inTheWay(world, path, pick(IN_THE_WAY, at) as string);
  },
  "own .new": (world, { file }) => {
    const path = `${pick([...usual(world), ENV], file)}.new`;
    return world.files.has(path) ? world : put(world, path, { text: "mine\n" });
  },
  ".new deleted": (world, { file }) => {
    const path = pick(
      [...world.files.keys()].filter((one) => one.endsWith(".new")),
      file,
    );
    return path === undefined ? world : without(world, path);
  },
  emptied: (world, { file }) => edit(world, pick(usual(world), file), () => ""),
  "not valid": (world, { file }) =>
    edit(world, pick(usual(world), file), (text) => `${text}\n}{: [\n`),
  "script that can't run": (world, { file }) => {
    const path = pick(
      ["scripts/apply.sh", "scripts/network.sh"],
      file,
    ) as string;
    return world.files.has(path) ? put(world, path, { mode: 0o644 }) : world;
  },
  "CRLF in a script": (world) =>
    edit(world, "scripts/network.sh", (text) => text.replace(/\r?\n/g, "\r\n")),
  "edit in the same file of every repository": (world, { file }) =>
    edit(world, pick(verbatim(world), file % 4), (text) => `${text}# mine\n`),
  "address in the same file of every repository": (world, { file }, next) =>
    edit(
      world,
      pick(verbatim(world), file % 4),
      (text) => `${text}# ${next.kong}\n`,
    ),
  "older generator": (world, { file, at }, next) => {
    const path = pick(verbatim(world), file % 3);
    const text = path === undefined ? undefined : renderedText(world, path);
    if (path === undefined || text === undefined) return world;
    const older = `${text}# older\n`;
    const here = recorded(world, path, { sha256: sha256(older) });
    if (at % 4 === 3)
      return edit(here, path, () => `${older}<<<<<<< a\n=======\n>>>>>>> b\n`);
    if (at % 4 > 0)
      // Untouched, unless the owner edited it.
      return edit(here, path, (now) => (now === text ? older : now));
    const own = `# ${next.kong}\n`;
    const [token] = findTokens(own);
    const owned = token && { [nameOf(token)]: "1" };
    const marked = recorded(here, path, owned ? { owned } : {});
    return edit(marked, path, () => older + own);
  },
  "generated by a newer generator only": (world, { file }) => {
    const paths = [".gitignore", "scripts/apply.sh", COMPOSE];
    return recorded(world, pick(paths, file) as string, undefined);
  },
  "no longer generated": (world, { file, at }) => {
    const path = pick(["scripts/old.sh", "host/old.conf"], file) as string;
    const text = "# old\n";
    const files = {
      ...world.state.files,
      [path]: record({ text, mode: 0o644 }),
    };
    const here = { ...world, state: { ...world.state, files } };
    if (at % 4 === 0) return here;
    if (at % 4 === 1)
      return inTheWay(here, path, pick(IN_THE_WAY, file) as string);
    return put(here, path, { text: at % 4 === 2 ? text : `${text}# mine\n` });
  },
  "edit of the file that has the uplink's name": (world, { at }, next) => {
    const path = [...world.files.keys()].find((one) => DROPIN.test(one));
    if (path === undefined) return world;
    const to = [...renderedOf(next).keys()].find((one) => DROPIN.test(one));
    switch (at % 9) {
      case 0:
        return edit(world, path, (text) => `${text}# mine\n`);
      case 1:
        return edit(world, path, (text) =>
          text.replace(/^.*Address=.*$/m, "# mine"),
        );
      case 2:
        return without(world, path);
      case 3:
        return inTheWay(world, path, pick(IN_THE_WAY, at) as string);
      case 4:
      case 5:
        return edit(world, path, (text) => `${text}}{: [\n`);
      case 6:
        return edit(
          world,
          path,
          (text) => `${text}<<<<<<< a\n=======\n>>>>>>> b\n`,
        );
      default:
        if (to === undefined || to === path) return world;
        return at % 9 === 7
          ? put(world, to, { text: "# owner's\n" })
          : inTheWay(world, to, pick(IN_THE_WAY, at) as string);
    }
  },
  "old and new address as keys": (world, _, next) => {
    const keys = [world.state.answers.kong, next.kong]
      .map((address) => `    "${address}": 1\n`)
      .join("");
    const alone = edit(world, "kong.yml", (text) => `${text}twins:\n${keys}`);
    return edit(alone, COMPOSE, (text) =>
      text.replace(/^services:\n/m, `services:\n  twins:\n${keys}`),
    );
  },
  "edit that may contradict the answers": (world, { file }) => {
    const [path, change] = pick(CONTRADICTING, file) ?? [];
    return change ? edit(world, path, change) : world;
  },
  "line that changes replaced": (world, { file, at }, next) => {
    const rendered = renderedOf(next);
    const places = usual(world).flatMap((path) => {
      const now = new Set(rendered.get(path)?.text.split("\n"));
      const known = new Set(world.state.files[path]?.text?.split("\n"));
      const text = world.files.get(path)?.text ?? "";
      return text
        .split("\n")
        .flatMap((line, index) =>
          known.has(line) && !now.has(line) && !/[:.]{2}|\d\.\d/.test(line)
            ? [[path, index] as const]
            : [],
        );
    });
    const [path, index] = pick(places, file + at) ?? [];
    return edit(world, path, (text) =>
      text
        .split("\n")
        .with(index ?? 0, "# mine")
        .join("\n"),
    );
  },
} as const satisfies Record<string, Edit>;

const usual = (world: World): string[] =>
  generatedIn(world).filter(
    (path) => world.state.files[path]?.text !== undefined && path !== ENV,
  );

const renderedText = ({ state }: World, path: string): string | undefined =>
  renderedOf(state.answers).get(path)?.text;

const happening = (
  kind: fc.Arbitrary<Unusual["kind"]>,
): fc.Arbitrary<Unusual> => fc.record({ kind, file: fc.nat(), at: fc.nat() });

const ALL = Object.keys(KINDS) as Unusual["kind"][];

export const unusual: fc.Arbitrary<Unusual[]> = fc.array(
  happening(
    fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom(...ALL) },
      {
        weight: 1,
        arbitrary: fc.constant("edit that may contradict the answers" as const),
      },
    ),
  ),
  { minLength: 1, maxLength: 4 },
);

export const uplink: fc.Arbitrary<Unusual> = happening(
  fc.constant("edit of the file that has the uplink's name"),
);

/** @param next the answers that regenerate is going to get */
export const happened = (
  world: World,
  list: readonly Unusual[],
  next: Answers,
): World => {
  const after = list.reduce<World>((now, { kind, file, at }) => {
    const happens: Edit = KINDS[kind];
    return happens(now, { file, at }, next);
  }, world);
  // Nothing is where something else is in the way.
  const files = [...after.files].filter(
    ([path]) =>
      ![...after.others.keys()].some(
        (at) => path === at || path.startsWith(`${at}/`),
      ),
  );
  const others = [...after.others].filter(
    ([path]) =>
      ![...after.others.keys()].some((at) => path.startsWith(`${at}/`)),
  );
  return { ...after, files: new Map(files), others: new Map(others) };
};
