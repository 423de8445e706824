import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { exampleTree } from "../../scripts/examples.ts";
import type { Tree } from "../../src/render/render.ts";
import { interpolate, oracle } from "../support/expect-agreement.ts";
import {
  cidr4,
  cidr6,
  nibbles,
  parse4,
  parse6,
  within,
  type Cidr,
} from "../support/ipv6.ts";
import { blocksIn } from "../support/documents.ts";
import {
  dockerfile,
  dotenv,
  ndppd,
  nft,
  records,
  sysctl,
  unit,
  yaml,
} from "../support/parsers.ts";
import { testWith } from "../support/programs.ts";
import { temporary, textOf, writeTree } from "../support/trees.ts";

// The rows of the recipe of 2021 (README, "Where it comes from"), with the recipe's own addresses:
// each is a file of the repository that they generate, or a line of its README that is pasted.

const HOST = "2a03:2222:3333:4444::2";
const EXPOSED = "2a03:2222:3333:4444:300::/80";
const KONG = "2a03:2222:3333:4444:300::8100";
const BRIDGE = "ipv6_exposed";

let tree: Tree;
let compose: any;
let env: Record<string, string>;
let readme: string;
beforeAll(() => {
  tree = exampleTree("recipe");
  compose = yaml(textOf(tree, "docker-compose.yml"));
  env = dotenv(textOf(tree, ".env"));
  readme = textOf(tree, "README.md");
});

const filled = (value: string): string => interpolate(value, env);

const SERVER = "scripts/kong_ipv6";

/** The options that scripts/network.sh gives to `docker network create`. */
const networkOptions = (): string[] =>
  [...textOf(tree, "scripts/network.sh").matchAll(/^\t(--\S+) \\$/gm)].map(
    ([, option = ""]) => option.replaceAll("'", ""),
  );

/** What a Python program prints that sees the server program. */
function python(program: string): string {
  const directory = temporary();
  writeTree(directory, tree);
  const { status, stdout, stderr } = spawnSync("python3", ["-Bc", program], {
    cwd: join(directory, "scripts"),
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`${program}\n${stderr}`);
  return stdout;
}

/** Whether the texts are all there, in that order. */
function inOrder(text: string, ...parts: string[]): void {
  let at = -1;
  for (const part of parts) {
    const next = text.indexOf(part, at + 1);
    expect(next, `${part} behind ${at} in\n${text}`).toBeGreaterThan(at);
    at = next;
  }
}

describe("the recipe, row by row", () => {
  test("1: both addresses on ens3, with routes instead of gateway4 and gateway6", () => {
    const netplan = yaml(textOf(tree, "host/etc/netplan/60-kong-ipv6.yaml"));
    expect(netplan.network.ethernets).toEqual({
      ens3: {
        dhcp4: false,
        "accept-ra": false,
        addresses: [`${HOST}/64`, "1.2.3.4/22"],
        routes: [
          { to: "::/0", via: "fe80::1" },
          { to: "0.0.0.0/0", via: "1.2.0.1" },
        ],
      },
    });
    expect(tree.get("host/etc/netplan/60-kong-ipv6.yaml")?.mode).toBe(0o600);
  });

  test("2: netplan is validated, applied, and undone where it cuts the server off", () => {
    const program = textOf(tree, `${SERVER}/resources/netplan.py`);
    inOrder(program, '"netplan", "generate", "--root-dir"', "def apply(self)");
    const apply = program.slice(program.indexOf("def apply(self)"));
    inOrder(
      apply,
      "self.facts.snapshot",
      "write_file(NETPLAN_FILE",
      "network.netplan_apply() or network.wait_until_restored(",
      "self.back_and_fail(why)",
    );
    const back = apply.slice(apply.indexOf("def back_and_fail"));
    inOrder(
      back,
      "restore(NETPLAN_FILE)",
      "netplan_apply()",
      "restore_missing(",
    );
    inOrder(
      apply.slice(apply.indexOf("class Settled")),
      "network.duplicate()",
      "network.wait_until_restored(",
      "back_and_fail(why)",
    );
  });

  test("3: the PTR record is ready to paste, for Kong and for the server", () => {
    const ptr = blocksIn(readme, "dns")
      .flatMap(records)
      .filter(({ type }) => type === "PTR");
    expect(ptr.map(({ name, data }) => [name, data])).toEqual([
      [nibbles(parse6(KONG) as bigint), "gateway.example.com."],
      [nibbles(parse6(HOST) as bigint), "SERVER.gateway.example.com."],
      ["4.3.2.1.in-addr.arpa.", "gateway.example.com."],
    ]);
    expect(ptr[0]?.name).toBe(
      "0.0.1.8.0.0.0.0.0.0.0.0.0.0.3.0.4.4.4.4.3.3.3.3.2.2.2.2.3.0.a.2.ip6.arpa.",
    );
  });

  const daemonJson = "host/etc/docker/daemon.json";

  test("4: daemon.json has IPv6 with a random ULA", () => {
    const daemon = JSON.parse(textOf(tree, daemonJson));
    expect(daemon).toEqual({ ipv6: true, "fixed-cidr-v6": expect.any(String) });
    const internal = cidr6(daemon["fixed-cidr-v6"]) as Cidr;
    expect(internal.address >> 120n).toBe(0xfdn);
    expect((internal.address >> 80n) % 2n ** 40n).not.toBe(0n);
    expect(within(cidr6(EXPOSED) as Cidr, internal.address)).toBe(false);
  });

  testWith("python3", "4: daemon.json is merged into the server's own", () => {
    const daemon = JSON.parse(textOf(tree, daemonJson));
    const own = { "log-driver": "journald", ipv6: false, dns: ["192.0.2.53"] };
    const merged = python(
      `from kong_ipv6 import daemon_keys as d; print(d.merge(${JSON.stringify(JSON.stringify(own))}, d.parse(open("../${daemonJson}").read())))`,
    );
    expect(JSON.parse(merged)).toEqual({ ...own, ...daemon });
  });

  test("5: Docker is restarted, not reloaded, and only where something changed", () => {
    inOrder(
      textOf(tree, `${SERVER}/resources/daemon_json.py`),
      "if not facts.changed(facts.daemon_json_path)",
      "def apply(self)",
      "if not self.restart():",
      "self.system.restore(path)",
    );
    for (const [path, { text }] of tree)
      if (path.startsWith("scripts/"))
        expect(text).not.toContain("reload docker");
  });

  test("6: one network, deliberately public: routed, with a bridge of a fixed name", () => {
    const planned = networkOptions();
    expect(planned).toEqual(
      expect.arrayContaining([
        "--driver=bridge",
        "--ipv6",
        `--subnet=${EXPOSED}`,
        "--gateway=2a03:2222:3333:4444:300::1",
        `--opt=com.docker.network.bridge.name=${BRIDGE}`,
        "--opt=com.docker.network.bridge.gateway_mode_ipv6=routed",
      ]),
    );
    const range = planned.find((line) => line.startsWith("--ip-range="));
    const dynamic = cidr6(range?.split("=")[1] ?? "") as Cidr;
    expect(within(cidr6(EXPOSED) as Cidr, dynamic.address)).toBe(true);
    expect(within(dynamic, parse6(KONG) as bigint)).toBe(false);
    expect(compose.networks.exposed).toEqual({ external: true, name: BRIDGE });
  });

  test("7: ndppd answers for Kong's address alone, at once, from every boot on", () => {
    expect(ndppd(textOf(tree, "host/etc/ndppd.conf")).proxies).toEqual([
      {
        interface: "ens3",
        settings: expect.objectContaining({ router: "yes" }),
        rules: [{ address: `${KONG}/128`, method: "static" }],
      },
    ]);
    const service = unit(textOf(tree, "host/etc/systemd/system/ndppd.service"));
    expect(service["Service"]?.["ExecStart"]).toEqual([
      "/usr/sbin/ndppd -c /etc/ndppd.conf",
    ]);
    expect(service["Unit"]?.["After"]?.join(" ")).toContain(
      "network-online.target",
    );
    expect(service["Install"]?.["WantedBy"]).toEqual(["multi-user.target"]);
    expect(textOf(tree, `${SERVER}/resources/packages.py`)).toContain("ndppd");
  });

  test("8: kong-net is private and IPv4 only, Kong at .0.100; the exposed one is external", () => {
    const { enable_ipv6, ipam } = compose.networks["kong-net"];
    expect(enable_ipv6).toBe(false);
    const subnet = cidr4(ipam.config[0].subnet) as Cidr;
    expect(subnet.length).toBe(16);
    // 172.99/16 is public: 172.16/12 is what is private (RFC 1918).
    const home = { address: parse4("172.16.0.0") as bigint, length: 12 };
    expect(within(home, subnet.address, 32)).toBe(true);
    expect(ipam.config[0].gateway).toBe("172.30.0.1");
    const { networks } = compose.services.kong;
    expect(networks["kong-net"].ipv4_address).toBe("172.30.0.100");
    expect(Object.keys(networks)).toEqual(["kong-net", "exposed"]);
    expect(compose.networks.exposed.external).toBe(true);
  });

  test("9: the image gets setcap, nginx the capability, and user kong is back at the end", () => {
    const build = dockerfile(textOf(tree, "kong-build/Dockerfile"));
    expect(build[0]).toEqual({ name: "FROM", value: "kong:3.9.3" });
    expect(build[1]).toEqual({ name: "USER", value: "root" });
    expect(build.at(-1)).toEqual({ name: "USER", value: "kong" });
    const run = build.find(({ name }) => name === "RUN")?.value ?? "";
    inOrder(
      run,
      "apt-get update",
      "libcap2-bin",
      "setcap 'cap_net_bind_service=+ep' /usr/local/openresty/nginx/sbin/nginx",
    );
    const { kong } = compose.services;
    expect(kong.cap_add).toEqual(["NET_BIND_SERVICE"]);
    expect(kong.build.context).toBe("./kong-build");
  });

  test("10: three services in order of health, both fixed addresses, all listeners", () => {
    const { kong } = compose.services;
    const migration = compose.services["kong-migration"];
    const database = compose.services["kong-database"];
    expect(filled(kong.networks.exposed.ipv6_address)).toBe(KONG);
    expect(kong.networks.exposed.ipv6_address).toMatch(
      /^\$\{KONG_BIND_IPV6:\?/,
    );

    const listeners = (kong.environment.KONG_PROXY_LISTEN as string)
      .split(/,\s*/)
      .map((listener) => listener.split(" "))
      .map(([address, ...flags]) => [address, flags.includes("ssl")]);
    expect(listeners).toEqual([
      ["0.0.0.0:80", false],
      ["0.0.0.0:443", true],
      ["[::]:80", false],
      ["[::]:443", true],
    ]);
    // The recipe's 0.0.0.0:8001 would face every network that Kong is in.
    const admin = (kong.environment.KONG_ADMIN_LISTEN as string).split(/,\s*/);
    expect(admin).toEqual(["127.0.0.1:8001", "172.30.0.100:8001"]);
    for (const kind of ["PROXY", "ADMIN"]) {
      expect(kong.environment[`KONG_${kind}_ACCESS_LOG`]).toBe("/dev/stdout");
      expect(kong.environment[`KONG_${kind}_ERROR_LOG`]).toBe("/dev/stderr");
    }
    expect(kong.volumes.map(filled)).toEqual(["./data/logs:/var/log/kong"]);
    expect(kong.restart).toBe("always");

    const conditions = (service: any): Record<string, string> =>
      Object.fromEntries(
        Object.entries<any>(service.depends_on).map(([name, { condition }]) => [
          name,
          condition,
        ]),
      );
    expect(conditions(kong)).toEqual({
      "kong-database": "service_healthy",
      "kong-migration": "service_completed_successfully",
    });
    expect(conditions(migration)).toEqual({
      "kong-database": "service_healthy",
    });
    expect(database.image).toBe("postgres:17");
    expect(database.networks).toEqual(["kong-net"]);
    expect(migration.networks).toEqual(["kong-net"]);
    inOrder(migration.command.join(" "), "bootstrap", "finish", "up", "finish");

    // A password by file, not `${KONG_PG_PASSWORD:-kong}`.
    expect(kong.environment.KONG_PG_PASSWORD_FILE).toBe(
      database.environment.POSTGRES_PASSWORD_FILE,
    );
    expect(JSON.stringify(compose)).not.toMatch(/\$\{KONG_PG_PASSWORD/);
  });

  test("11: health is asked without curl, of the status API", () => {
    const { test: check } = compose.services.kong.healthcheck;
    expect(check.slice(0, 2)).toEqual(["CMD", "perl"]);
    expect(check.join(" ")).toContain("http://127.0.0.1:8007/status/ready");
    expect(check.join(" ")).not.toMatch(/curl|wget/);
    expect(compose.services.kong.environment.KONG_STATUS_LISTEN).toBe(
      "127.0.0.1:8007",
    );
  });

  test("12: 80 and 443 are published for IPv6 too, and nothing else is", () => {
    expect(compose.services.kong.ports.map(filled)).toEqual([
      "1.2.3.4:80:80",
      "1.2.3.4:443:443",
      "[::1]:80:80",
      "[::1]:443:443",
    ]);
    for (const name of ["kong-migration", "kong-database"])
      expect(compose.services[name]).not.toHaveProperty("ports");
  });

  test("13: .env has both addresses, Kong's inside of its network, and a secret of its own", () => {
    expect(env).toMatchObject({
      KONG_BIND_IP: "1.2.3.4",
      KONG_BIND_IPV6: KONG,
      KONG_DATA_DIR: "./data",
      KONG_PG_PASSWORD: "<secret>",
    });
    const bound = parse6(env["KONG_BIND_IPV6"] ?? "") as bigint;
    expect(within(cidr6(EXPOSED) as Cidr, bound)).toBe(true);
    expect(tree.get(".env")?.mode).toBe(0o600);
    expect(textOf(tree, ".gitignore").split("\n")).toContain(".env");
  });

  test("14: the AAAA record is ready to paste", () => {
    const found = blocksIn(readme, "dns").flatMap(records);
    expect(found.slice(0, 2)).toEqual([
      { name: "gateway.example.com.", ttl: 3600, type: "AAAA", data: KONG },
      { name: "gateway.example.com.", ttl: 3600, type: "A", data: "1.2.3.4" },
    ]);
  });

  test("15: forwarding, for good", () => {
    const keys = sysctl(textOf(tree, "host/etc/sysctl.d/60-kong-ipv6.conf"));
    expect(keys["net.ipv6.conf.all.forwarding"]).toBe("1");
  });

  test("16: ufw lets through to Kong's 80 and 443 alone, by the bridge alone", () => {
    const rules = [
      ...textOf(tree, "scripts/ufw.sh").matchAll(/^allow (.*)$/gm),
    ].map(([, rule = ""]) => rule.replaceAll("'", ""));
    expect(rules).toEqual([
      `in on ens3 out on ${BRIDGE} to ${KONG} port 80 proto tcp`,
      `in on ens3 out on ${BRIDGE} to ${KONG} port 443 proto tcp`,
      `in on ${BRIDGE} out on ens3 from ${EXPOSED}`,
    ]);
    // And where ufw isn't active, a table that says the same.
    const table = nft(textOf(tree, "host/etc/kong-ipv6/firewall.nft"));
    const accepted = (table.chains["containers"] ?? []).filter((rule) =>
      rule.startsWith("ip6 daddr"),
    );
    expect(accepted[0]).toBe(`ip6 daddr ${KONG} tcp dport { 80, 443 } accept`);
    expect(table.chains["containers"]?.at(-1)).toBe("drop");
    expect(table.chains["forward"]?.at(-1)).toBe(
      'meta oifkind "bridge" goto containers',
    );
  });

  test("17: of the three ways it is routing: no proxy, no NAT66", () => {
    expect(networkOptions()).toContain(
      "--opt=com.docker.network.bridge.gateway_mode_ipv6=routed",
    );
    const images = Object.values<any>(compose.services).map(
      ({ image }) => image,
    );
    expect(images.join(" ")).not.toMatch(/ipv6nat/);
    for (const [path, { text }] of tree)
      if (path.endsWith(".nft") || path.endsWith(".conf"))
        expect(text).not.toMatch(/masquerade|\bsnat\b/);
  });

  test("18: it comes up again after a boot, and after an upgrade of the engine", () => {
    for (const name of ["kong", "kong-database"])
      expect(compose.services[name].restart).toBe("always");
    for (const name of ["ndppd", "kong-ipv6-firewall"]) {
      const path = `host/etc/systemd/system/${name}.service`;
      expect(unit(textOf(tree, path))["Install"]?.["WantedBy"]).toEqual([
        "multi-user.target",
      ]);
    }
  });

  testWith(
    "python3",
    "18: a network of an engine that ignores the mode",
    () => {
      // The engine that runs, and the one that made the network.
      const engines = [
        ["28", "26.1.5"],
        ["27", "20.10.24"],
        ["28", "28.5.2"],
        ["29", "27.5.1"],
        ["26", "20.10.24"],
      ] as const;
      const calls = engines.map(
        ([engine, maker]) => `print(stale("${maker}", ${engine}))`,
      );
      const program = ["from kong_ipv6.resources.network import stale"];
      // Made on an engine that ignores the routed mode, it is made anew on one that needs it.
      expect(python([...program, ...calls].join("\n")).split("\n")).toEqual([
        "True",
        "True",
        "False",
        "False",
        "False",
        "",
      ]);
    },
  );
});

test("the addresses are the recipe's own", () => {
  const { answers } = JSON.parse(textOf(tree, ".kong-ipv6.json"));
  expect(answers).toMatchObject({ host: HOST, exposed: EXPOSED, kong: KONG });
  expect(oracle(answers).bridgeAddress).toBe(
    parse6("2a03:2222:3333:4444:300::1"),
  );
});
