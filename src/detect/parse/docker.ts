import { attempt } from "../../base/errors.ts";
import { parseSubnet, type Subnet } from "../../ip/address.ts";
import { isFields, objects, parseJson, textOf } from "./json.ts";
import type { Part, ServerFile } from "./parts.ts";

/** A Docker network and its address space. */
interface DockerNetwork {
  readonly name: string;
  /** Its bridge's name on the host. */
  readonly bridge: string;
  readonly subnets: readonly Subnet[];
  /** Created by a generated repository: scripts/network.sh sets a label, compose names kong-net. */
  readonly own: boolean;
}

export interface Docker {
  /** The version of the engine; undefined if Docker did not answer. */
  readonly engine: string | undefined;
  /** Why Docker did not answer. */
  readonly noAnswer: string | undefined;
  readonly networks: readonly DockerNetwork[];
}

/** From the parts `engine` and `networks`. */
export function readDocker(
  engine: Part | undefined,
  networks: Part | undefined,
): Docker {
  const version = /^\d+\.[\w.+~-]{1,60}$/.exec(engine?.text.trim() ?? "")?.[0];
  const answered = engine?.status === 0 && version !== undefined;
  return {
    engine: answered ? version : undefined,
    noAnswer: answered ? undefined : noAnswerReason(engine),
    networks:
      networks?.status === 0
        ? networks.text.split("\n").flatMap(parseNetwork)
        : [],
  };
}

function noAnswerReason(engine: Part | undefined): string {
  if (engine?.status === undefined) return "Docker did not answer in time";
  if (engine.status === 127) return "Docker is not installed";
  const last = engine.text.trim().split("\n").at(-1) ?? "";
  // The rest of the line is the request to the socket.
  const [said = ""] = last.split(/: (?=(?:Get|Post|Head) ")/);
  return said === ""
    ? `docker exited with ${engine.status}`
    : said.slice(0, 160);
}

/** One line of `docker network inspect`; the subnets of IPAM as in moby api/types/network. */
function parseNetwork(line: string): DockerNetwork[] {
  const entry = parseJson(line);
  if (!isFields(entry)) return [];
  const name = textOf(entry, "name");
  const id = textOf(entry, "id");
  if (name === undefined || id === undefined) return [];
  const options = isFields(entry["options"]) ? entry["options"] : {};
  const labels = isFields(entry["labels"]) ? entry["labels"] : {};
  return [
    {
      name,
      bridge:
        textOf(options, "com.docker.network.bridge.name") ??
        `br-${id.slice(0, 12)}`,
      subnets: objects(entry["config"]).flatMap(({ Subnet: subnet }) =>
        subnetsOf(subnet),
      ),
      own:
        textOf(labels, "kong-ipv6.made-on") !== undefined ||
        name === "kong-ipv6_kong-net",
    },
  ];
}

/** What daemon.json says about networks. Nothing else is kept, because it may hold secrets. */
export interface DaemonJson {
  readonly path: string;
  /** Why it could not be read. */
  readonly unread: string | undefined;
  readonly keys: readonly string[];
  readonly fixedCidrV6: string | undefined;
  /** Docker takes subnets from these pools for networks without one. */
  readonly pools: readonly Subnet[];
}

export function readDaemonJson(
  file: ServerFile | undefined,
): DaemonJson | undefined {
  if (file === undefined) return undefined;
  const { path } = file;
  const unread = (reason: string): DaemonJson => ({
    path,
    unread: reason,
    keys: [],
    fixedCidrV6: undefined,
    pools: [],
  });
  if (file.text === undefined) return unread("not readable without root");
  const content = file.text.trim() === "" ? {} : parseJson(file.text);
  if (!isFields(content)) return unread("not a JSON object");
  return {
    path,
    unread: undefined,
    keys: Object.keys(content).slice(0, 100),
    fixedCidrV6: textOf(content, "fixed-cidr-v6"),
    pools: objects(content["default-address-pools"]).flatMap(({ base }) =>
      subnetsOf(base),
    ),
  };
}

function subnetsOf(value: unknown): Subnet[] {
  if (typeof value !== "string") return [];
  const subnet = attempt(() => parseSubnet(value.includes(":") ? 6 : 4, value));
  return subnet ? [subnet] : [];
}
