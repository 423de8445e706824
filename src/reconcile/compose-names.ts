import { readDisk } from "../repository/disk.ts";

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

/** Why docker compose, or regenerate, would take another file, and the way out. */
export function composeNotes(directory: string): string[] {
  const renamed = renamedCompose(directory);
  if (renamed !== undefined)
    return [
      `${renamed} is docker-compose.yml, renamed: it is not updated under this name.\n  mv ${renamed} docker-compose.yml`,
    ];
  const disk = readDisk(directory, [...PREFERRED, ...OVERRIDES]);
  const isThere = (name: string): boolean => disk.get(name)?.kind !== "absent";
  const taken = PREFERRED.find(isThere);
  if (taken === undefined) return [];
  const override = OVERRIDES.find(isThere);
  const way =
    override === undefined
      ? `run mv -n ${taken} docker-compose.override.yml`
      : `move its services into ${override} and delete it`;
  return [
    `docker compose reads your ${taken} instead of docker-compose.yml. If it only adds services, ${way}. Otherwise move it to another directory.`,
  ];
}
