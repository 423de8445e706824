import { dirname } from "node:path/posix";
import type { Plan } from "../plan/plan.ts";

/** Something that only the owner can do, with what it is now and what it shall be. */
export interface ManualStep {
  readonly what: string;
  readonly old: string;
  readonly new: string;
  /** To be done on the server, in the repository there. */
  readonly commands?: readonly string[];
  /** Before the repository is copied to the server: what is there now is needed for it. */
  readonly first?: true;
}

/** What is left to the owner after answers changed, in its order. */
export function manualSteps(before: Plan, after: Plan): ManualStep[] {
  return [
    ...databaseLeft(before, after),
    ...dataMoved(before, after),
    ...databaseBack(before, after),
    ...recordSteps(before, after),
  ];
}

function recordSteps(before: Plan, after: Plan): ManualStep[] {
  const steps: ManualStep[] = [];
  const step = (what: string, old: string, now: string): void => {
    if (old !== now) steps.push({ what, old, new: now });
  };
  step(
    `AAAA record of ${after.domain}`,
    before.kong.address,
    after.kong.address,
  );
  if (after.ipv4.address !== "" && before.ipv4.address !== "") {
    step(
      `A record of ${after.domain}`,
      before.ipv4.address,
      after.ipv4.address,
    );
  }
  step("PTR record of Kong", before.kong.reverse, after.kong.reverse);
  step("PTR record of the server", before.host.reverse, after.host.reverse);
  if (after.ipv4.reverse !== "" && before.ipv4.reverse !== "")
    step(
      "PTR record of the server's IPv4",
      before.ipv4.reverse,
      after.ipv4.reverse,
    );
  return steps;
}

const HERE = "cd /opt/kong-ipv6";
const KONG = "sudo docker compose exec -T kong";

/** Nothing else moves the data: where none are, Kong starts with an empty database. */
function dataMoved(before: Plan, after: Plan): ManualStep[] {
  const [old, now] = [before.data.directory, after.data.directory];
  if (old === now) return [];
  const commands = [
    HERE,
    "sudo docker compose stop",
    ...(dirname(now) === "." ? [] : [`sudo mkdir -p ${dirname(now)}`]),
    // -T: into a directory that is there already it would be moved as data/data.
    `sudo mv -T ${old} ${now}`,
  ];
  const what = "Before the copy, move the data; Kong is back after apply.sh";
  return [{ what, old, new: now, commands, first: true }];
}

/** DB-less Kong reads kong.yml alone; the database stays behind, its container too. */
function databaseLeft(before: Plan, after: Plan): ManualStep[] {
  if (!before.postgres || after.postgres) return [];
  const data = `${before.data.directory}/postgres`;
  return [
    {
      what: "Before the copy, take what kong.yml shall have out of the database",
      old: data,
      new: "kong.yml",
      commands: [
        HERE,
        `${KONG} /docker-entrypoint.sh kong config db_export /tmp/kong.yml`,
        // Outside of the repository: the next copy brings a kong.yml of its own.
        `${KONG} cat /tmp/kong.yml > ~/kong.yml`,
      ],
      first: true,
    },
    {
      what: `The database's container goes by this; its data stay in ${data}`,
      old: "postgres",
      new: "off",
      commands: [HERE, "sudo docker compose up -d --remove-orphans"],
    },
  ];
}

/** A database that was left behind is used again, with the password in .env. */
function databaseBack(before: Plan, after: Plan): ManualStep[] {
  if (before.postgres || !after.postgres) return [];
  const data = `${after.data.directory}/postgres`;
  return [
    {
      what: `Data that are still in ${data} are used again; put your kong.yml in by`,
      old: "kong.yml",
      new: data,
      commands: [
        HERE,
        `${KONG} sh -c 'cat > /tmp/kong.yml' < kong.yml`,
        `${KONG} /docker-entrypoint.sh kong config db_import /tmp/kong.yml`,
      ],
    },
  ];
}
