import { dirname } from "node:path/posix";
import { shellWord } from "../base/shell.ts";
import { NO_DOMAIN, type Plan } from "../plan/plan.ts";

/** A step that only the owner can take. */
export interface ManualStep {
  readonly what: string;
  /** Empty for what is new. */
  readonly old: string;
  /** Empty for what is to be removed. */
  readonly new: string;
  /** More about the step; printed instead of the values. */
  readonly note?: string;
  /** Run on the server, in the repository there, unless `what` names another place. */
  readonly commands?: readonly string[];
  /** Before the deploy, because it needs what is on the server now. */
  readonly first?: true;
}

/**
 * The steps that are left to the owner after answers changed, in order.
 * @param imports whether a kong.yml of the owner's is left
 */
export function manualSteps(
  before: Plan,
  after: Plan,
  imports = true,
): ManualStep[] {
  return [
    ...databaseLeft(before, after),
    ...dataMoved(before, after),
    ...containersRemoved(before, after),
    ...portsChanged(before, after),
    ...databaseBack(before, after, imports),
    ...recordSteps(before, after),
  ];
}

/** DNS records: new and changed ones, and those to delete. */
function recordSteps(before: Plan, after: Plan): ManualStep[] {
  const steps: ManualStep[] = [];
  const { address, pointer, domain } = records(before, after, (...step) => {
    const [what, old, now] = step;
    steps.push({ what, old, new: now });
  });
  address("AAAA", "", before.kong.address, after.kong.address);
  // The address behind `any` is not known, but its record may be there.
  const [old4, now4] = [before.ipv4, after.ipv4];
  const hasIpv4 =
    old4.address !== "" || !old4.published || domain !== before.domain;
  if (hasIpv4 && !(now4.published && now4.address === ""))
    address("A", "", old4.address, now4.address);
  pointer("Kong", domain, before.kong.reverse, after.kong.reverse);
  for (const name of namesOf(before, after)) {
    const [old, now] = [before, after].map(({ others }) =>
      others.find((one) => one.name === name),
    );
    // Data planes don't find a control plane by DNS.
    if (now?.sources.length) continue;
    const full = `${name}.${now ? domain : before.domain}`;
    address("AAAA", `${name}.`, old?.address, now?.address);
    pointer(full, full, old?.reverse, now?.reverse);
  }
  if (before.host && after.host)
    pointer(
      "the server",
      `its name in ${domain}`,
      before.host.reverse,
      after.host.reverse,
    );
  if (now4.reverse !== "" && hasIpv4)
    pointer("the server's IPv4", domain, old4.reverse, now4.reverse);
  return steps;
}

/** Adds a step for each record that is not as before. An address is empty where there is no record. */
function records(
  before: Plan,
  after: Plan,
  add: (what: string, old: string, now: string) => void,
) {
  // Without a domain now, the records keep the old name.
  const domain = after.domain === NO_DOMAIN ? before.domain : after.domain;
  // Every name has to be set then, and every PTR record has a new target.
  const isRenamed = domain !== before.domain;
  const hadName = before.domain !== NO_DOMAIN;
  const address = (type: string, name: string, old = "", now = ""): void => {
    const isOther = isRenamed && hadName;
    if (now !== "" && (isRenamed || old !== now))
      add(
        `${type} record of ${name}${domain}`,
        isOther || old === now ? "" : old,
        now,
      );
    // The old name's record stays right as long as the address does.
    if (old !== "" && old !== now && (isOther || now === ""))
      add(`${type} record of ${name}${before.domain}; delete it`, old, "");
  };
  const pointer = (label: string, target: string, old = "", now = ""): void => {
    const what = `PTR record of ${label}`;
    const isNew = (isRenamed || old === "") && label !== target;
    if (now === "") add(`${what}; delete it`, old, "");
    else if (isRenamed || old !== now)
      add(
        isNew ? `${what}, to point to ${target}` : what,
        old === now ? "" : old,
        now,
      );
  };
  return { address, pointer, domain };
}

/** The containers of --expose, old and new. */
const namesOf = (...plans: readonly Plan[]): Set<string> =>
  new Set(plans.flatMap(({ expose }) => expose.map(({ name }) => name)));

/** The containers are the owner's: only the owner can take them out of the compose file. */
function containersRemoved(before: Plan, after: Plan): ManualStep[] {
  const gone = before.expose.filter(
    ({ name }) => !after.others.some((one) => one.name === name),
  );
  if (gone.length === 0) return [];
  const names = gone.map(({ name }) => name).join(", ");
  const variables = gone.map(({ variable }) => variable).join(", ");
  return [
    {
      what: `Remove ${names} from docker-compose.override.yml`,
      old: names,
      new: "",
      note: `removed: ${names}. --expose replaces the list. Docker compose refuses every service while a file needs ${variables}, which .env no longer sets.`,
      first: true,
    },
    {
      // First: another container may get the same address.
      what: `On the server, remove the container${gone.length === 1 ? "" : "s"} of ${names}; apply.sh does not`,
      old: names,
      new: "",
      commands: removal(gone.map(({ name }) => name)),
      first: true,
    },
  ];
}

/**
 * By name: compose --remove-orphans would remove Kong too if it reads the owner's compose.yaml. rm
 * --force would kill them.
 */
function removal(services: readonly string[], running = services): string[] {
  const names = (some: readonly string[]): string =>
    some.map((service) => `kong-ipv6-${service}-1`).join(" ");
  return [
    `sudo docker stop ${names(running)}`,
    `sudo docker rm ${names(services)}`,
  ];
}

/** A port that the firewall opens still has to be published by the container. */
function portsChanged(before: Plan, after: Plan): ManualStep[] {
  return after.expose.flatMap((now): ManualStep[] => {
    const old = before.expose.find(({ name }) => name === now.name);
    if (old === undefined || old.portsText === now.portsText) return [];
    const had = old.portsText.split(", ");
    const has = now.portsText.split(", ");
    const added = has.filter((port) => !had.includes(port)).join(", ");
    const gone = had.filter((port) => !has.includes(port)).join(", ");
    const words = [
      ...(added === "" ? [] : [`publish ${added}`]),
      ...(gone === "" ? [] : [`no longer publish ${gone}`]),
    ];
    return [
      {
        what: `${now.name}: ${words.join(", ")} in docker-compose.override.yml`,
        old: old.portsText,
        new: now.portsText,
        first: true,
      },
    ];
  });
}

const HERE = "cd /opt/kong-ipv6";
// Without the file's name, compose may read the owner's compose.yaml.
const KONG = "sudo docker compose -f docker-compose.yml exec -T kong";
// The owner's containers too: they may have their data there.
const STOP_ALL = [
  "sudo docker ps -qf \\",
  "  label=com.docker.compose.project.working_dir=/opt/kong-ipv6 |",
  "  xargs -r sudo docker stop",
];

/** Nothing else moves the data. Without them Kong starts with an empty database. */
function dataMoved(before: Plan, after: Plan): ManualStep[] {
  const [old, now] = [before.data.directory, after.data.directory];
  if (old === now) return [];
  const parent = dirname(now);
  const commands = [
    HERE,
    ...STOP_ALL,
    ...(parent === "." ? [] : [`sudo mkdir -p ${shellWord(parent)}`]),
    // -T: without it, an existing target would get the data as data/data.
    `sudo mv -T ${shellWord(old)} ${shellWord(now)}`,
  ];
  const what =
    "Before the deploy, move the data (Kong stops); move it back after a revert";
  return [{ what, old, new: now, commands, first: true }];
}

/** DB-less Kong reads only kong.yml. The database and its container stay on the server. */
function databaseLeft(before: Plan, after: Plan): ManualStep[] {
  // In a fleet, another host has the database then (docs/fleet.md).
  if (!before.postgres || after.postgres || after.fleet) return [];
  const data = `${before.data.directory}/postgres`;
  return [
    {
      what: "Before the deploy, export the database",
      old: data,
      new: "kong.yml",
      commands: [
        HERE,
        `${KONG} /docker-entrypoint.sh kong config db_export /tmp/kong.yml`,
        // Outside of the repository, because the deploy replaces its kong.yml.
        `${KONG} cat /tmp/kong.yml > ~/kong.yml`,
      ],
      first: true,
    },
    {
      what: "On your machine, in this repository, fetch it (LOGIN: as for ssh)",
      old: "services: []",
      new: "kong.yml",
      commands: ["scp LOGIN:kong.yml kong.yml"],
      first: true,
    },
    {
      what: `Remove the database's containers; its data stay in ${data}`,
      old: "postgres",
      new: "off",
      commands: removal(["kong-database", "kong-migration"], ["kong-database"]),
    },
  ];
}

/** Kong uses an old database again, with the password in .env. */
function databaseBack(
  before: Plan,
  after: Plan,
  imports: boolean,
): ManualStep[] {
  if (before.postgres || !after.postgres || !imports || after.fleet) return [];
  const data = `${after.data.directory}/postgres`;
  return [
    {
      what: `Kong uses the data in ${data} again; import your kong.yml`,
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
