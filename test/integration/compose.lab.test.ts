import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { type Generation, GENERATIONS } from "../e2e/lab/roots.ts";
import {
  type Breakage,
  compose,
  type Example,
  example,
  examples,
  PASSWORD,
  served,
  server,
} from "./server.ts";

/** The part of the output of `config` that both generations print alike. */
interface Config {
  name?: string;
  services: Record<string, Service>;
  networks: Record<string, object>;
  secrets?: Record<string, { file: string }>;
}

interface Service {
  ports?: (string | Record<"host_ip" | "published" | "protocol", string>)[];
  networks: Record<string, object | null>;
  environment: Record<string, string>;
  depends_on?: Record<string, { condition: string }>;
  secrets?: { source: string }[];
  volumes?: (string | { source: string; target: string })[];
  healthcheck?: { test: string[] };
  [key: string]: unknown;
}

/** `HOST PUBLISHED CONTAINER/PROTOCOL` of every published port; 1.29 prints them as text. */
const ports = ({ ports = [] }: Service) =>
  ports.map((port) => {
    if (typeof port !== "string") {
      const { host_ip, published, protocol } = port;
      return `${host_ip} ${published} ${String((port as never)["target"])}/${protocol}`;
    }
    return port.replace(/^(.*):(\d+):(\d+\/)/, "$1 $2 $3");
  });

const volumes = ({ volumes = [] }: Service) =>
  volumes.map((volume) =>
    typeof volume === "string"
      ? volume.replace(/:r[ow]$/, "")
      : `${volume.source}:${volume.target}`,
  );

const conditions = ({ depends_on = {} }: Service) =>
  Object.fromEntries(
    Object.entries(depends_on).map(([name, { condition }]) => [
      name,
      condition,
    ]),
  );

/** The variables that the file requires. */
async function mandatory({ repo }: Example): Promise<string[]> {
  const text = await readFile(join(repo, "docker-compose.yml"), "utf8");
  return [
    ...new Set([...text.matchAll(/\$\{(\w+):\?/g)].map(([, name]) => name!)),
  ];
}

function expectPlanned({ plan }: Example, config: Config) {
  const { kong, ...others } = config.services;
  const data = resolve("/srv/gw", plan.data.directory);
  const names = plan.postgres ? ["kong-database", "kong-migration"] : [];
  expect(Object.keys(others).sort()).toEqual(names);

  // Kong's two ports for each address family, and no others.
  const four = plan.ipv4.published ? [plan.ipv4.bind] : [];
  expect(ports(kong!)).toEqual(
    [...four, "::1"].flatMap((host) => [
      `${host} 80 80/tcp`,
      `${host} 443 443/tcp`,
    ]),
  );
  for (const service of Object.values(config.services))
    expect(service).not.toHaveProperty("network_mode");
  for (const service of Object.values(others)) {
    expect(service).not.toHaveProperty("ports");
    expect(Object.keys(service.networks)).toEqual(["kong-net"]);
  }

  const { backend, exposed } = plan;
  expect(kong!.networks).toEqual({
    "kong-net": { ipv4_address: backend.kong },
    exposed: { ipv6_address: plan.kong.address },
  });
  const { subnet, gateway, range } = backend;
  expect(config.networks).toMatchObject({
    "kong-net": {
      enable_ipv6: false,
      ipam: { config: [{ subnet, gateway, ip_range: range }] },
    },
    exposed: { external: true, name: exposed.network },
  });
  expect(Object.keys(config.networks).sort()).toEqual(["exposed", "kong-net"]);

  expect(conditions(kong!)).toEqual(
    plan.postgres
      ? {
          "kong-database": "service_healthy",
          "kong-migration": "service_completed_successfully",
        }
      : {},
  );
  if (plan.postgres) {
    expect(conditions(others["kong-migration"]!)).toEqual({
      "kong-database": "service_healthy",
    });
    expect(volumes(others["kong-database"]!)).toEqual([
      `${data}/postgres:/var/lib/postgresql/data`,
    ]);
    expect(config.secrets?.["kong_pg_password"]?.file).toBe(
      `${data}/secrets/kong_pg_password`,
    );
  }
  for (const service of Object.values(config.services))
    expect((service.secrets ?? []).map(({ source }) => source)).toEqual(
      plan.postgres ? ["kong_pg_password"] : [],
    );

  for (const service of [kong, others["kong-migration"]].filter(Boolean)) {
    expect(service).toMatchObject({
      cap_add: ["NET_BIND_SERVICE"],
      cap_drop: ["ALL"],
    });
    expect(service).not.toHaveProperty("security_opt");
  }
  expect(kong).toMatchObject({
    restart: "always",
    ulimits: { nofile: { soft: 65536, hard: 65536 } },
    environment: {
      KONG_DATABASE: plan.postgres ? "postgres" : "off",
      KONG_ADMIN_LISTEN: `127.0.0.1:8001, ${backend.kong}:8001`,
      KONG_ADMIN_GUI_LISTEN: "off",
      KONG_STATUS_LISTEN: "127.0.0.1:8007",
    },
  });
  const listen = kong!.environment["KONG_PROXY_LISTEN"]!.split(", ");
  expect(listen.map((socket) => socket.split(" ")[0])).toEqual([
    "0.0.0.0:80",
    "0.0.0.0:443",
    "[::]:80",
    "[::]:443",
  ]);
  expect(volumes(kong!)).toContain(`${data}/logs:/var/log/kong`);
  expect(kong!.healthcheck!.test.join(" ")).not.toMatch(/curl|wget/);
}

const refused: (Breakage & { what: string })[] = [
  { what: "an unknown key", from: "cap_drop:", to: "cap_dropped:" },
  { what: "a port that is none", from: ':443:443"', to: ':443:https"' },
  {
    what: "an address that is none",
    from: /ip_range: .*/,
    to: "ip_range: {}",
  },
  { what: "a tab", from: "    restart:", to: "\trestart:" },
].map((mistake) => ({ file: "docker-compose.yml", ...mistake }));

const config = async (generation: Generation) =>
  `${await compose(generation)} config`;

describe.each(GENERATIONS)("compose config, %s", (generation) => {
  it.concurrent.each(examples)("$name", async (example) => {
    const [text] = await served(generation, example, {}, [
      await config(generation),
    ]);
    expect(text).not.toContain(PASSWORD);
    const found = parse(text!) as Config;
    // 1.29 doesn't print it.
    const prints = (await compose(generation)) === "docker compose";
    expect(found.name).toBe(prints ? "kong-ipv6" : undefined);
    expectPlanned(example, found);
  });

  // The three shapes of the file.
  const shapes = ["recipe", "ipv6-only-host", "db-less"].map(example);
  it.concurrent.each(shapes)(
    "refuses $name without a variable",
    async (shape) => {
      const names = await mandatory(shape);
      const four = shape.plan.ipv4.published ? ["KONG_BIND_IP"] : [];
      expect(names.sort()).toEqual([
        ...four,
        "KONG_BIND_IPV6",
        "KONG_DATA_DIR",
      ]);
      const quiet = `${await config(generation)} --quiet`;
      const [, ...refusals] = await server(generation, shape, {}, [
        "cp .env whole",
        ...names.map((name) => `grep -v '^${name}=' whole >.env; ${quiet}`),
        ...names.map(
          (name) => `sed 's/^${name}=.*/${name}=/' whole >.env; ${quiet}`,
        ),
        `rm .env; ${quiet}`,
      ]);
      [...names, ...names, "KONG_"].forEach((name, index) => {
        const { code, stderr } = refusals[index]!;
        expect(code).not.toBe(0);
        expect(stderr).toContain(name);
        expect(stderr).toContain("set it in .env");
      });
    },
  );

  it.concurrent.each(refused)("refuses $what", async (broken) => {
    const [ran] = await server(generation, example("recipe"), { broken }, [
      await config(generation),
    ]);
    expect(ran!.code).not.toBe(0);
    expect(ran!.stderr).not.toBe("");
  });
});
