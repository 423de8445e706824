import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { groupOf, newFolder } from "./host-install.ts";
import { inRoot } from "./in-root.ts";
import { type Lab, openLab } from "./lab.ts";
import { knock, Probe, seenBy, standingConnection } from "./outside.ts";
import { describeRoot, GENERATIONS, type Root, rootOf } from "./roots.ts";
import { CLIENT, HOST_LINK_LOCAL } from "./topology.ts";

/** The lab itself: its hosts, its network and its stand-ins must behave like the real ones. */

const PREFIX = "2001:db8:1:2::/64";
const HOST = "2001:db8:1:2::2";
const KONG = "2001:db8:1:2:300::8100";
const MINUTE = 60_000;

/** The host's IPv6 configuration, as apply.sh will write it. */
const NETPLAN = `network:
  version: 2
  ethernets:
    uplink0:
      accept-ra: false
      addresses: ["${HOST}/64"]
      routes: [{ to: "::/0", via: "2001:db8:1:2::1" }]
`;

const NETWORK =
  `docker network create --ipv6 --subnet 2001:db8:1:2:300::/80 --gateway 2001:db8:1:2:300::1
  -o com.docker.network.bridge.name=exposed0 -o com.docker.network.bridge.gateway_mode_ipv6=routed exposed`.replaceAll(
    "\n",
    " ",
  );
const GATEWAY =
  `docker run --detach --name kong --restart always --network exposed --ip6 ${KONG} -p 80:80 -p 443:443
  --ulimit nofile=65536:65536 -e KONG_DATABASE=off
  -e KONG_PROXY_LISTEN="0.0.0.0:80, [::]:80, 0.0.0.0:443 ssl, [::]:443 ssl" kong:3.9.3`.replaceAll(
    "\n",
    " ",
  );

for (const generation of GENERATIONS) {
  describe(generation, () => {
    let root: Root;
    let lab: Lab;

    beforeAll(async () => {
      root = await rootOf(generation);
      console.log(describeRoot(root));
      lab = await openLab(root, {
        prefix: PREFIX,
        gateway: "2001:db8:1:2::1",
        interface: "uplink0",
      });
    }, 10 * MINUTE);
    afterAll(() => lab?.close(), MINUTE);

    test("boots without failed units", async () => {
      const expected =
        generation === "sid" ? ["systemd-networkd-wait-online.service"] : [];
      expect(await lab.host.failedUnits()).toEqual(expected);
    });

    test("each host has its own control group", async () => {
      const group = join(
        await groupOf(lab.host.folder),
        "payload/system.slice",
      );
      const pids = await readFile(
        `${group}/docker.service/cgroup.procs`,
        "utf8",
      );
      expect(pids).toMatch(/^\d+\n$/);
    });

    test("has its IPv4 from the distribution's own netplan file", async () => {
      const ping = await lab.topology.client.run(
        "ping -c 1 -W 2 203.0.113.10".split(" "),
      );
      expect(ping.stdout).toContain(" 0% packet loss");
    });

    test("netplan apply adds IPv6 and no connection breaks", async () => {
      const ssh = await standingConnection(lab.host, "203.0.113.10");
      await lab.host.write("/etc/netplan/60-kong-ipv6.yaml", NETPLAN, "600");
      expect((await lab.host.run(["netplan", "apply"])).code).toBe(0);
      await expect
        .poll(
          async () =>
            (await lab.topology.client.run(`ping -c 1 -W 1 ${HOST}`.split(" ")))
              .code,
          { timeout: 10_000 },
        )
        .toBe(0);
      expect(await ssh.close()).toMatchObject({ broken: null });
    });

    test("on an on-link prefix the router solicits, and nothing answers for Kong yet", async () => {
      await lab.host.sh(NETWORK);
      await lab.host.sh(GATEWAY);
      await expect
        .poll(() => seenBy(lab.topology.client, "http://203.0.113.10"), {
          timeout: 15_000,
        })
        .toBeTruthy();
      expect(
        await seenBy(lab.topology.client, `http://[${KONG}]`),
      ).toBeUndefined();
    });

    test("with ndppd Kong is reachable at its own address, and sees the client's address", async () => {
      await lab.host.write(
        "/etc/ndppd.conf",
        `proxy uplink0 { rule ${KONG}/128 { static } }\n`,
      );
      await lab.host.service("lab-ndppd", [
        "/usr/sbin/ndppd",
        "-c",
        "/etc/ndppd.conf",
      ]);
      for (const scheme of ["http", "https"])
        await expect
          .poll(() => seenBy(lab.topology.client, `${scheme}://[${KONG}]`), {
            timeout: 10_000,
          })
          .toMatchObject({ client: CLIENT.ipv6, server: KONG, scheme });
      expect(
        await seenBy(lab.topology.client, "http://203.0.113.10"),
      ).toMatchObject({ client: CLIENT.ipv4 });
    });

    test("path MTU discovery works", async () => {
      await lab.topology.limitPathMtu(1400);
      for (const origin of [`[${KONG}]`, "203.0.113.10"]) {
        const curl = `curl -gsm 5 http://${origin}/bytes/300000`.split(" ");
        expect((await lab.topology.client.run(curl)).stdout).toHaveLength(
          300_000,
        );
      }
      const sent = await lab.topology.tooBigSent();
      expect(Math.min(sent.ipv6, sent.ipv4)).toBeGreaterThan(0);
    });

    test("distinguishes open, refused and silent ports", async () => {
      await lab.topology.routeToHost("172.16.0.0/12");
      const states = await knock(lab.topology.client, [
        { address: KONG, port: 80 },
        { address: HOST, port: 9 },
        { address: "2001:db8:1:2::dead", port: 80 },
      ]);
      expect(states.map(({ state }) => state)).toEqual([
        "open",
        "refused",
        "silent",
      ]);
    });

    test("a neighbor on the link reaches the host without the router", async () => {
      const neighbour = await lab.topology.addNeighbour("2001:db8:1:2::bad/64");
      const ping = await neighbour.run(`ping -c 3 -W 1 ${HOST}`.split(" "));
      expect(ping.code).toBe(0);
    });

    test("a reboot is visible from outside, and Docker's data survives it", async () => {
      const probe = new Probe(
        lab.topology.client,
        "http://203.0.113.10/client",
      );
      await expect
        .poll(() => probe.firstAnswer(0), { timeout: 20_000 })
        .toBeTruthy();
      await lab.host.reboot();
      await expect
        .poll(() => probe.firstAnswer(lab.host.poweredOnAt), {
          timeout: 20_000,
        })
        .toBeTruthy();
      await probe.stop();
      expect(probe.longestGap).toBeGreaterThan(500);
      console.log(
        `${generation}: ${probe.firstAnswer(lab.host.poweredOnAt)! - lab.host.poweredOnAt} ms to IPv4's first answer`,
      );
      expect(await lab.host.sh("docker ps --format '{{.Names}}'")).toBe(
        "kong\n",
      );
    });

    test("leaves nothing behind", async () => {
      const { folder } = lab.host;
      await lab.close();
      expect(existsSync(folder)).toBe(false);
    });
  });
}

describe("a routed prefix and no IPv4", () => {
  test("the router solicits no address of the prefix", async () => {
    const lab = await openLab(await rootOf("trixie"), {
      prefix: PREFIX,
      delivery: "routed",
      ipv4: "none",
      netplan: NETPLAN.replaceAll("uplink0", "ens3").replace(
        "2001:db8:1:2::1",
        "fe80::1",
      ),
      images: false,
    });
    try {
      const { client, router } = lab.topology;
      await expect
        .poll(async () => (await client.run(["ping", "-c1", HOST])).code, {
          timeout: 20_000,
        })
        .toBe(0);
      await client.run(["ping", "-c1", "-W1", KONG]);
      const known = await router.must("ip -6 neighbour".split(" "));
      expect(known).toContain(HOST_LINK_LOCAL);
      expect(known).not.toContain("2001:db8:1:2:");
    } finally {
      await lab.close();
    }
  });
});

test("inRoot does not change the root, and mounts the given folders", async () => {
  const root = await rootOf("bookworm");
  const script = "echo spoilt >/etc/hostname; cat /given/README.md; ip -o link";
  const { code, stdout } = await inRoot(
    root,
    {
      binds: [{ source: import.meta.dirname, target: "/given" }],
      interfaces: ["ens3"],
    },
    ["sh", "-c", script],
  );
  expect(code).toBe(0);
  expect(stdout).toContain("# The lab");
  expect(stdout).toContain("ens3");
  const after = await inRoot(root, {}, ["cat", "/etc/hostname"]);
  expect(after.stdout).toBe("host\n");
});

test("a power cut takes what was not synced", async () => {
  const lab = await openLab(await rootOf("trixie"), {
    prefix: PREFIX,
    images: false,
  });
  try {
    const { host } = lab;
    await host.sh(`
      echo old | tee synced >replaced; sync --file-system /
      echo new >added
      echo new >replaced.new; mv replaced.new replaced`);
    await host.powerCut();
    await host.powerOn();
    expect(await host.sh("cat synced replaced; ls")).toBe(
      "old\nold\nreplaced\nsynced\n",
    );
    // A file system writes names before contents.
    await host.sh("echo new >replaced.new; mv replaced.new replaced; sync .");
    await host.powerCut();
    await host.powerOn();
    expect(await host.sh("cat synced replaced")).toBe("old\n");
  } finally {
    await lab.close();
  }
});

test("the next host ends the processes of a killed test's host", async () => {
  const script = fileURLToPath(new URL("keep-running.ts", import.meta.url));
  const child = spawn("setpriv", [
    ..."--pdeathsig KILL".split(" "),
    process.execPath,
    ..."--import tsx".split(" "),
    script,
  ]);
  const [said] = (await once(child.stdout, "data")) as [Buffer];
  const folder = said.toString().trim();
  const [pid] = readFileSync(`${folder}/leader`, "utf8").split(" ");
  expect(existsSync(`/proc/${pid}`)).toBe(true);
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
  await rm(await newFolder(), { recursive: true });
  expect(existsSync(folder)).toBe(false);
  // Including everything that it had started.
  await expect
    .poll(() => existsSync(`/proc/${pid}`), { timeout: 30_000 })
    .toBe(false);
});
