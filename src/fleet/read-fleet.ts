import type { FleetFile } from "../answers/answers-file.ts";
import { unknownAnswer } from "../answers/did-you-mean.ts";
import type { Given } from "../answers/resolve.ts";
import { UnusableError, type Issue } from "../base/errors.ts";
import { CONTROL_PLANE } from "../plan/containers.ts";

/** What fleet.yml says, not checked beyond its form. */
export interface Fleet {
  /** As the owner wrote it. */
  readonly text: string;
  /** The host whose server also runs Kong's control plane. */
  readonly controlPlane: string;
  /** Each host's answers, those that apply to all included. The control plane's host comes first. */
  readonly hosts: ReadonlyMap<string, Given>;
}

/** Kong's port for data planes. */
export const CLUSTER_PORT = 8005;

/** Names that mean something else to Ansible. */
const RESERVED = ["all", "ungrouped", "localhost"];

/** An issue of one host, by the name of the host. */
export const ofHost = (host: string, issue: Issue): Issue => ({
  ...issue,
  flag: `${host}: ${issue.flag}`,
});

/**
 * Reads the hosts of an answers file.
 * @throws UnusableError with everything that is wrong with its form
 */
export function readFleet({ text, content }: FleetFile): Fleet {
  const { hosts: listed, controlPlane, ...shared } = content;
  const issues = formIssues("all hosts", shared);
  const hosts = new Map<string, Given>();
  if (!isObject(listed) || Object.keys(listed).length === 0)
    throw new UnusableError([...issues, NO_HOSTS]);
  for (const [name, value] of Object.entries(listed)) {
    const own = value ?? {};
    const wrong = nameIssue(name);
    if (wrong) issues.push(wrong);
    if (isObject(own)) {
      issues.push(...formIssues(name, own));
      hosts.set(name, { ...shared, ...own });
    } else issues.push(notAnswers(name));
  }
  const names = Object.keys(listed);
  if (typeof controlPlane !== "string" || !names.includes(controlPlane))
    issues.push(controlPlaneIssue(controlPlane, names));
  if (issues.length > 0) throw new UnusableError(issues);
  const first = controlPlane as string;
  const others = [...hosts].filter(([name]) => name !== first);
  const given = withControlPlane(hosts.get(first) as Given);
  return {
    text,
    controlPlane: first,
    hosts: new Map([
      [first, { ...given, database: "postgres" }],
      ...others.map(([name, one]): [string, Given] => [
        name,
        { ...one, database: "off" },
      ]),
    ]),
  };
}

/** The control plane is a container with its own address, like those of --expose. */
function withControlPlane(given: Given): Given {
  const { expose = [] } = given;
  const list: unknown[] = Array.isArray(expose) ? expose : [expose];
  const entries = list.filter((one) => one !== "none");
  const isThere = entries.some(
    (one) =>
      (isObject(one) && one["name"] === CONTROL_PLANE) ||
      (typeof one === "string" && one.split(/[@:]/)[0] === CONTROL_PLANE),
  );
  const own = isThere ? [] : [`${CONTROL_PLANE}:${CLUSTER_PORT}`];
  // First, so that what the owner adds does not change its address.
  return { ...given, expose: [...own, ...entries] };
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const NO_HOSTS: Issue = {
  flag: "hosts",
  reason: "it names no host",
  remedy:
    "Write hosts: with one line for each server, like web-1: {prefix: 2001:db8:1:2::/64}",
};

const notAnswers = (name: string): Issue => ({
  flag: name,
  reason: "it has no answers",
  remedy: `Write ${name}: {prefix: 2001:db8:1:2::/64}`,
});

function controlPlaneIssue(given: unknown, names: readonly string[]): Issue {
  const remedy = `Name one of the hosts: ${names.join(", ")}`;
  return given === undefined
    ? { flag: "controlPlane", reason: "it is missing", remedy }
    : {
        flag: "controlPlane",
        value: String(given),
        reason: "no host has this name",
        remedy,
      };
}

/** A name is a directory, a host of the inventory and a label in DNS (RFC 1123 2.1). */
function nameIssue(name: string): Issue | undefined {
  const isLabel = /^[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(name);
  if (isLabel && !RESERVED.includes(name)) return undefined;
  return {
    flag: "hosts",
    value: name,
    reason: isLabel
      ? "the name means something else to Ansible"
      : "a name needs a letter first, then a-z, 0-9 and hyphens",
    remedy: "Write it like web-1",
  };
}

/** Keys that no answer has, and the one that follows from the fleet. */
function formIssues(where: string, given: Record<string, unknown>): Issue[] {
  return Object.keys(given).flatMap((key) => {
    if (key === "database")
      return [
        {
          flag: `${where}: database`,
          reason:
            "it follows from controlPlane: that host has the database, the others none",
          remedy: "Leave it out",
        },
      ];
    const issue = unknownAnswer(key);
    return issue ? [{ flag: `${where}: ${key}`, ...issue }] : [];
  });
}
