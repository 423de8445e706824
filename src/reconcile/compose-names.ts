import { pathWord } from "../base/program.ts";
import { SECRET_FILE } from "../render/secrets.ts";
import { readDisk, textAt } from "../repository/disk.ts";
import { openAdminPorts } from "./admin-ports.ts";

export const COMPOSE_FILE = "docker-compose.yml";

/** The names that docker compose prefers to docker-compose.yml. */
const PREFERRED = ["compose.yaml", "compose.yml"];

/** The other names that docker compose finds. */
const OTHER_NAMES = [...PREFERRED, "docker-compose.yaml"];

/** The files that docker compose merges with docker-compose.yml. */
const OVERRIDES = [
  "compose.override.yml",
  "compose.override.yaml",
  "docker-compose.override.yml",
  "docker-compose.override.yaml",
];

/** The files that docker compose reads: the first of each kind. */
export const composeFiles = (directory: string): string[] =>
  [[...PREFERRED, COMPOSE_FILE, "docker-compose.yaml"], OVERRIDES].flatMap(
    (names) => firstThere(directory, names) ?? [],
  );

/** The image's name is in no other repository: it tells our file from the owner's. */
const isOurs = (text: string): boolean => text.includes("kong-ipv6:local");

/** The file that was docker-compose.yml before the owner renamed it; undefined if there is none. */
export function renamedCompose(directory: string): string | undefined {
  const disk = readDisk(directory, [COMPOSE_FILE, ...OTHER_NAMES]);
  if (disk.get(COMPOSE_FILE)?.kind !== "absent") return undefined;
  return OTHER_NAMES.find((name) => {
    const entry = disk.get(name);
    return entry?.kind === "file" && isOurs(entry.text);
  });
}

/** The owner's file that docker compose reads instead of docker-compose.yml; undefined if there is none. */
const preferredCompose = (directory: string): string | undefined =>
  firstThere(directory, PREFERRED);

function firstThere(
  directory: string,
  names: readonly string[],
): string | undefined {
  const disk = readDisk(directory, names);
  return names.find((name) => disk.get(name)?.kind !== "absent");
}

/**
 * What the names say about docker-compose.yml.
 * @param isOpen whether the owner has something else to do about it
 */
export function nameStatus(
  directory: string,
  isOpen: boolean,
): { status: "renamed" | "unread"; reason: string } | undefined {
  const renamed = renamedCompose(directory);
  if (renamed !== undefined)
    return { status: "renamed", reason: `it is ${renamed} now` };
  const other = preferredCompose(directory);
  return other === undefined || isOpen
    ? undefined
    : { status: "unread", reason: `docker compose reads ${other} instead` };
}

/** Why docker compose, or regenerate, would take another file, and the way out. */
export function composeNotes(directory: string): string[] {
  return [...nameNotes(directory), ...overrideNotes(directory)];
}

/** Regenerate does not know the owner's override. */
function overrideNotes(directory: string): string[] {
  const name = firstThere(directory, OVERRIDES);
  if (name === undefined) return [];
  const disk = readDisk(directory, [name, SECRET_FILE]);
  return openAdminPorts(
    textAt(disk, name) ?? "",
    textAt(disk, SECRET_FILE) ?? "",
  ).map((reason) => `${name}: ${reason}.`);
}

function nameNotes(directory: string): string[] {
  const renamed = renamedCompose(directory);
  if (renamed !== undefined)
    return [
      `${renamed} is docker-compose.yml, renamed: it is not updated under this name.\n  mv ${pathWord(directory, renamed)} ${pathWord(directory, COMPOSE_FILE)}`,
    ];
  const taken = preferredCompose(directory);
  if (taken === undefined) return [];
  const override = firstThere(directory, OVERRIDES);
  const way =
    override === undefined
      ? `run mv -n ${pathWord(directory, taken)} ${pathWord(directory, "docker-compose.override.yml")}`
      : `move its services into ${override} and delete it`;
  return [
    `docker compose reads your ${taken} instead of docker-compose.yml. If it only adds services, ${way}. Otherwise move it to another directory.`,
  ];
}
