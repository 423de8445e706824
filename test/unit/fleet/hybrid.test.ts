import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { resolve } from "../../../src/answers/resolve.ts";
import { planOf } from "../../../src/plan/plan.ts";
import { expectationsOf } from "../../../src/probe/expectations.ts";
import { render, type Tree } from "../../../src/render/render.ts";

const PREFIX = "2a03:2222:3333:4444::/64";
const KONG = "2a03:2222:3333:4444:300::8100";
const CONTROL_PLANE = "2a03:2222:3333:4444:300::8101";
const OTHER = "2a04:2222:3333:4400:300::8100";

const first = planOf({
  answers: resolve({ prefix: PREFIX, expose: "kong-control-plane:8005" })
    .answers,
  fleet: { controlPlane: CONTROL_PLANE, dataPlanes: [KONG, OTHER] },
});
const other = planOf({
  answers: resolve({ prefix: "2a04:2222:3333:4400::/64", database: "off" })
    .answers,
  fleet: { controlPlane: CONTROL_PLANE, dataPlanes: [] },
});

type Service = Record<string, unknown> & {
  environment: Record<string, string>;
};

const services = (tree: Tree): Record<string, Service> =>
  parse(tree.get("docker-compose.yml")?.text ?? "", { merge: true }).services;

const both = [render(first), render(other)] as const;

test.each([0, 1] as const)("a data plane on each host (%i)", (index) => {
  const { kong } = services(both[index]);
  expect(kong?.environment).toMatchObject({
    KONG_ROLE: "data_plane",
    KONG_DATABASE: "off",
    KONG_CLUSTER_CONTROL_PLANE: "control-plane:8005",
    KONG_CLUSTER_CERT: "/run/secrets/kong_cluster_crt",
    KONG_CLUSTER_CERT_KEY: "/run/secrets/kong_cluster_key",
    KONG_ADMIN_LISTEN: "off",
  });
  // Kong takes a name only: a file of hosts has its address, and the order of DNS has AAAA.
  expect(kong?.["extra_hosts"]).toEqual({ "control-plane": CONTROL_PLANE });
  expect(kong?.environment["KONG_DNS_ORDER"]).toMatch(/^LAST,.*AAAA/);
  expect(kong?.["secrets"]).toEqual(["kong_cluster_crt", "kong_cluster_key"]);
  // It starts without the database and the control plane, with the configuration that it has.
  expect(kong?.["depends_on"]).toBeUndefined();
  expect(kong?.["volumes"]).toContainEqual(
    expect.stringMatching(/\/config:\/usr\/local\/kong\/dbless\.lmdb$/),
  );
  expect(JSON.stringify(kong?.environment)).not.toContain("KONG_PG");
});

test("the other hosts have neither control plane, database nor kong.yml", () => {
  expect(Object.keys(services(both[1]))).toEqual(["kong"]);
  expect(both[1].has("kong.yml")).toBe(false);
});

test("the control plane has the database, its own address, and the admin API on kong-net only", () => {
  const all = services(both[0]);
  expect(Object.keys(all)).toEqual([
    "kong",
    "kong-control-plane",
    "kong-migration",
    "kong-database",
  ]);
  const plane = all["kong-control-plane"];
  expect(plane?.environment).toMatchObject({
    KONG_ROLE: "control_plane",
    KONG_DATABASE: "postgres",
    KONG_CLUSTER_LISTEN: "[::]:8005",
    KONG_ADMIN_LISTEN: expect.stringMatching(
      /^127\.0\.0\.1:8001, \d+\.\d+\.\d+\.101:8001$/,
    ),
  });
  expect(plane?.["networks"]).toMatchObject({
    exposed: {
      ipv6_address: "${EXPOSE_KONG_CONTROL_PLANE_IPV6:?set it in .env}",
    },
  });
  expect(both[0].get(".env")?.text).toContain(
    `EXPOSE_KONG_CONTROL_PLANE_IPV6=${CONTROL_PLANE}\n`,
  );
  expect(plane?.["ports"]).toEqual(["${KONG_PUBLISH_IPV6:-[::1]}:8005:8005"]);
  expect(plane?.["secrets"]).toEqual([
    "kong_pg_password",
    "kong_cluster_crt",
    "kong_cluster_key",
  ]);
});

describe("port 8005 is open for the data planes only", () => {
  test("in nftables", () => {
    const text = both[0].get("host/etc/kong-ipv6/firewall.nft")?.text;
    const rules = text?.split("\n").filter((line) => line.includes("8005"));
    expect(rules).toEqual([
      `\t\tip6 saddr { ${KONG}, ${OTHER} } ip6 daddr ${CONTROL_PLANE} tcp dport { 8005 } accept`,
    ]);
  });

  test("in ufw", () => {
    const text = both[0].get("scripts/ufw.sh")?.text;
    const rules = text?.split("\n").filter((line) => line.includes("8005"));
    expect(rules).toEqual(
      [KONG, OTHER].map(
        (from) =>
          `allow in on 'ens3' out on 'ipv6_exposed' from '${from}' to '${CONTROL_PLANE}' port 8005 proto tcp`,
      ),
    );
  });

  test("in the plan that apply.sh reads", () => {
    const { expose, fleet } = JSON.parse(
      both[0].get("scripts/plan.json")?.text ?? "",
    );
    expect(expose).toEqual([
      {
        name: "kong-control-plane",
        address: CONTROL_PLANE,
        variable: "EXPOSE_KONG_CONTROL_PLANE_IPV6",
        from: [KONG, OTHER],
        ports: [{ port: 8005, protocol: "tcp" }],
      },
    ]);
    expect(fleet).toEqual({
      controlPlane: CONTROL_PLANE,
      here: first.fleet?.admin,
    });
  });

  test("so probe expects it closed", () => {
    const found = expectationsOf(first).filter(
      ({ address }) => address === CONTROL_PLANE,
    );
    expect(found.map(({ port }) => port)).toContain(8005);
    expect(found.map(({ port }) => port)).toContain(443);
    expect(new Set(found.map(({ expected }) => expected))).toEqual(
      new Set(["closed"]),
    );
  });
});

test("without a fleet nothing of it is there", () => {
  const { answers } = resolve({ prefix: PREFIX });
  const tree = render(planOf({ answers }));
  const texts = [...tree.values()].filter(({ sha256 }) => sha256 === undefined);
  expect(texts.map(({ text }) => text).join("\n")).not.toMatch(
    /KONG_ROLE|cluster_crt|"fleet"|"from"/,
  );
});
