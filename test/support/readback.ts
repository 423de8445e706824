import type { Answers } from "../../src/answers/types.ts";
import type { Tree } from "../../src/render/render.ts";
import { blocksIn } from "./documents.ts";
import { dockerfile, dotenv, records, planValues, yaml } from "./parsers.ts";
import { textOf } from "./trees.ts";

/**
 * The answers that a repository was generated from, read from its files alone and not from its
 * state. Only the length behind an IPv4 that netplan doesn't configure is nowhere in them.
 */
export function readBack(tree: Tree): Answers {
  const env = dotenv(textOf(tree, ".env"));
  const values = planValues(textOf(tree, "scripts/plan.json"));
  const plan = JSON.parse(textOf(tree, "scripts/plan.json"));
  const constant = (name: string): string => {
    const value = values[name];
    if (!value) throw new Error(`plan.json has no ${name}`);
    return value;
  };
  const compose = yaml(textOf(tree, "docker-compose.yml"));
  const uplink = constant("uplink.name");
  const path = "host/etc/netplan/60-kong-ipv6.yaml";
  const netplan = tree.has(path) ? yaml(textOf(tree, path)) : undefined;
  const link = netplan?.network.ethernets[uplink];
  const addresses: string[] = link?.addresses ?? [];
  const routes: { to: string; via?: string }[] = link?.routes ?? [];
  const six = routes.find(({ to }) => to === "::/0");
  const daemon = JSON.parse(textOf(tree, "host/etc/docker/daemon.json"));
  const build = dockerfile(textOf(tree, "kong-build/Dockerfile"));
  const matches = (pattern: RegExp): string[] =>
    build.flatMap(({ value }) => pattern.exec(value)?.[1] ?? []);
  const plugins = matches(/^test -d \S+\/kong\/plugins\/(\S+) /);
  const [aaaa] = blocksIn(textOf(tree, "README.md"), "dns").flatMap(records);
  const host = addresses[0]?.replace(/\/64$/, "") ?? "keep";
  const [, login] = /`ssh -L \S+ (\S+)`/.exec(textOf(tree, "README.md")) ?? [];
  const domain = aaaa?.name.slice(0, -1) ?? "";
  const [, own4] = addresses;
  const bind = env["KONG_BIND_IP"];
  const usual = [host.replace(/\/.*/, ""), bind, "SERVER"].map(
    (name) => `root@${name}`,
  );
  return {
    prefix: constant("prefix"),
    host,
    exposed: constant("exposed.subnet"),
    kong: env["KONG_BIND_IPV6"] ?? "",
    interface: uplink,
    // Without a netplan file only the plan has it.
    gateway: link ? (six ? (six.via ?? "none") : "ra") : constant("gateway"),
    delivery: constant("delivery") as Answers["delivery"],
    ndp: tree.has("host/etc/ndppd.conf")
      ? "ndppd"
      : [...tree.keys()].some((path) => path.endsWith("60-kong-ndp.conf"))
        ? "kernel"
        : "none",
    ssh: login === undefined || usual.includes(login) ? "none" : login,
    expose: plan.expose.map(
      ({ name, address, ports }: any) =>
        `${name}@[${address}]:${ports
          .map(({ port, protocol }: any) =>
            protocol === "tcp" ? port : `${port}/${protocol}`,
          )
          .join(",")}`,
    ),
    ipv4: own4 ?? (bind === "0.0.0.0" ? "any" : (bind ?? "none")),
    ipv4Gateway: routes.find(({ to }) => to === "0.0.0.0/0")?.via ?? "none",
    backendSubnet: compose.networks["kong-net"].ipam.config[0].subnet,
    internalPrefix: daemon["fixed-cidr-v6"],
    network: compose.networks.exposed.name,
    domain: domain === "YOUR.DOMAIN" ? "none" : domain,
    kongImage: build.find(({ name }) => name === "FROM")?.value ?? "",
    plugin: matches(/^luarocks install (.*)$/).map((rock, index) =>
      rock.replace(/^kong-plugin-/, "") === plugins[index]
        ? rock
        : `${rock}=${plugins[index]}`,
    ),
    database: compose.services.kong.environment.KONG_DATABASE,
    firewall: constant("firewall") as Answers["firewall"],
    dataDir: env["KONG_DATA_DIR"] ?? "",
  };
}
