import { afterAll, beforeAll, expect, test } from "vitest";
import type { Lab } from "../lab/lab.ts";
import type { Ran } from "../lab/run.ts";
import { bring, openServer, REPOSITORY, script, state } from "./server.ts";

/** Changes by the owner on the server, before and after apply.sh: none is lost, and each is reported. */

const SPACED = "/srv/my gateway";
const KEPT = "/var/lib/kong-ipv6/edited/etc/ndppd.conf";
const COMPOSE = `${REPOSITORY}/docker-compose.yml`;

/** No random values: generating twice gives the same files. */
const ANSWERS = { ipv4: "203.0.113.10", internalPrefix: "fd4f:6be9:56e7::/64" };

/** Starts a container of the owner that listens on 8080; the options come before the image. */
const container = (options: string): string =>
  `docker run --detach ${options} --ulimit nofile=65536:65536 --env KONG_DATABASE=off --env KONG_ADMIN_LISTEN=off --env KONG_ADMIN_GUI_LISTEN=off --env KONG_PROXY_LISTEN='[::]:8080' kong:3.9.3 >/dev/null`;

/** Services that the owner adds to docker-compose.yml: one that keeps running, and one that runs once. */
const OWN = `
  extra:
    image: kong:3.9.3
    restart: always
    environment:
      KONG_DATABASE: "off"
      KONG_ADMIN_LISTEN: "off"
      KONG_ADMIN_GUI_LISTEN: "off"
      KONG_PROXY_LISTEN: "0.0.0.0:8080"
    ulimits: { nofile: 65536 }
    networks: [kong-net]
  once:
    image: postgres:17
    entrypoint: ["true"]
    networks: [kong-net]
`;

const networkOf = (name: string): string =>
  `docker inspect --format '{{range $name, $at := .NetworkSettings.Networks}}{{$name}} {{$at.GlobalIPv6Address}}{{end}}' ${name}`;

/** The part of apply.sh's output that --dry-run prints. */
const planOf = (stdout: string): string =>
  stdout.split("Applying the changes:\n")[0]!;

let lab: Lab;
let before: string;
beforeAll(async () => {
  lab = await openServer("trixie", ANSWERS);
  await lab.host.sh(`
    mkdir -p /opt/config
    printf '{\n  "log-driver": "local"\n}\n' >/opt/config/docker.json
    chmod 0640 /opt/config/docker.json; chown 7:7 /opt/config/docker.json
    ln -s /opt/config/docker.json /etc/docker/daemon.json
    printf 'proxy ens3 {\n  rule 2001:db8:1:2:300::77/128 { static }\n}\n' >/etc/ndppd.conf
    chmod 0644 ${REPOSITORY}/.env
    ip link add own9 type veth peer name own9-peer; ip link set own9 up
    echo 1 >/proc/sys/net/ipv6/conf/own9/forwarding`);
  before = await state(lab);
});
afterAll(() => lab?.close());

test("apply.sh refuses an active ufw with IPV6=no, because it drops all IPv6", async () => {
  await lab.host.sh(
    "tar -cf /root/ufw.tar /etc/ufw /etc/default/ufw; sed -i s/IPV6=yes/IPV6=no/ /etc/default/ufw; ufw --force enable",
  );
  const { code, stdout, stderr } = await script(lab, "apply.sh");
  await lab.host.sh("ufw --force disable; tar -C / -xf /root/ufw.tar");
  expect(stderr).toContain("ufw is active with IPV6=no");
  expect(stderr).toContain("Remedy: set IPV6=yes in /etc/default/ufw");
  expect(stdout).not.toContain("Planned changes");
  expect(code).toBe(1);
});

test("a container on 127.0.0.1:80 is not refused; one on 0.0.0.0:80 is", async () => {
  await lab.host.sh(container("--name=web --publish=127.0.0.1:80:8080"));
  const { code, stderr } = await script(lab, "apply.sh --dry-run");
  expect({ code, stderr }).toEqual({ code: 4, stderr: "" });
  await lab.host.sh(
    `docker rm --force web; ${container("--name=web --publish=80:8080")}`,
  );
  const refused = await script(lab, "apply.sh --dry-run");
  expect(refused.stderr).toContain(
    "the container web publishes port 80 or 443: 0.0.0.0:80",
  );
  expect(refused.code).toBe(1);
  await lab.host.sh("docker rm --force web");
});

test("--dry-run prints the whole plan of the next run", async () => {
  // As on a server that has never pulled the image.
  await lab.host.sh(
    "docker tag postgres:17 kept:17; docker image rm postgres:17",
  );
  const missing = await script(lab, "apply.sh --dry-run");
  expect(missing.stdout).toContain("image       postgres:17 will be pulled");
  await lab.host.sh("docker tag kept:17 postgres:17; docker image rm kept:17");
  const dry = await script(lab, "apply.sh --dry-run");
  expect(await state(lab)).toBe(before);
  const { code, stdout, stderr } = await script(lab, "apply.sh");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(planOf(stdout)).toBe(dry.stdout);
  expect(stdout).toContain("kong-ipv6_kong-net will be created");
  expect(stdout).toContain("It has rules for other addresses");
  expect(stdout).toMatch(/\.\.\. +image +building kong-ipv6:local: this may/);
});

test("a world-readable .env gets mode 600", async () => {
  expect(await lab.host.sh(`stat -c %a ${REPOSITORY}/.env`)).toBe("600\n");
});

test("a daemon.json that is a symbolic link stays one, and its target keeps mode and owner", async () => {
  const { host } = lab;
  expect(await host.sh("readlink /etc/docker/daemon.json")).toBe(
    "/opt/config/docker.json\n",
  );
  expect(await host.sh("stat -c '%a %u %g' /opt/config/docker.json")).toBe(
    "640 7 7\n",
  );
  expect(JSON.parse(await host.read("/opt/config/docker.json"))).toMatchObject({
    "log-driver": "local",
    ipv6: true,
  });
});

test("apply.sh leaves no directory in /run", async () => {
  expect(await lab.host.sh("ls -d /run/kong-ipv6.*")).toBe(
    "/run/kong-ipv6.lock\n",
  );
});

test("apply.sh saves the owner's edit on the server before it overwrites the file", async () => {
  await lab.host.sh("echo '# mine' >>/etc/ndppd.conf");
  const dry = await script(lab, "apply.sh --dry-run");
  expect(dry.stdout).toContain("your edit will be saved in");
  const { stdout } = await script(lab, "apply.sh");
  expect(stdout).toContain(`your version is saved in ${KEPT}\n`);
  expect(await lab.host.read(KEPT)).toMatch(/# mine\n$/);
  expect(await lab.host.read("/etc/ndppd.conf")).not.toContain("mine");
});

test("an interrupted verify.sh removes its network namespace", async () => {
  const slow = "/usr/local/bin/tc";
  await lab.host.write(slow, "#!/bin/sh\nexec sleep 60\n", "755");
  const ran = await lab.host.run(
    ["timeout", "--signal=INT", "3", "./scripts/verify.sh"],
    { cwd: REPOSITORY },
  );
  await lab.host.sh(`rm ${slow}`);
  expect(ran.stdout).not.toContain("None of this proves");
  expect(await lab.host.sh("ip netns list")).toBe("");
});

test("an error in docker-compose.yml is refused", async () => {
  await lab.host.sh(
    `cp -a ${COMPOSE} /root/compose; sed -i s/cap_drop:/cap_dropped:/ ${COMPOSE}`,
  );
  const { code, stderr } = await script(lab, "apply.sh");
  await lab.host.sh(`cp -a /root/compose ${COMPOSE}`);
  expect(stderr).toMatch(/docker-compose.yml or .env has an error: .*cap_drop/);
  expect(code).toBe(1);
});

test("the owner's own services are started, and the next run changes nothing", async () => {
  await lab.host.write("/root/own", OWN);
  await lab.host.sh(
    `sed -i -e '/^services:/r /root/own' -e 's/^    image: postgres:17/&\\n    ports: ["127.0.0.1:5432:5432"]/' ${COMPOSE}`,
  );
  const { stderr } = await script(lab, "apply.sh");
  expect(stderr).toBe("");
  const running = await lab.host.sh("docker ps --format '{{.Names}}'");
  expect(running).toContain("kong-ipv6-extra-1");
  const again = await script(lab, "apply.sh --dry-run");
  expect(again.stdout).toBe("Nothing to change.\n");
});

test("verify.sh reports a published database", async () => {
  const { code, stdout } = await script(lab, "verify.sh");
  expect(stdout).toMatch(
    /fail +database +the database's port is published on the server: 5432/,
  );
  expect(code).toBe(1);
  await lab.host.sh(
    `cp -a /root/compose ${COMPOSE}; docker rm --force kong-ipv6-extra-1 kong-ipv6-once-1`,
  );
});

/** Runs a script from another working directory. */
const elsewhere = (line: string): Promise<Ran> =>
  lab.host.run(["bash", "-c", `'${SPACED}'/scripts/${line}`], {
    cwd: "/",
    timeoutMs: 240_000,
  });

test("another subnet for kong-net: the network is recreated, and Kong runs", async () => {
  const { host } = lab;
  // Compose stores the path it was called with: another path to the same repository is no refusal.
  await host.sh(
    `ln -s ${REPOSITORY} /srv/link; cd /srv/link; docker compose up --detach --no-deps --force-recreate kong-database`,
  );
  await bring(lab, { ...ANSWERS, backendSubnet: "10.83.82.0/24" });
  await host.sh(`
    sed -i 's/"ipv6": true/"debug": true, &/' ${REPOSITORY}/host/etc/docker/daemon.json
    ${container("--name=guest --network=kong-ipv6_kong-net")}`);
  const refused = await script(lab, "apply.sh");
  expect(refused.stderr).toMatch(
    /kong-ipv6_kong-net must be recreated with 10\.83\.82\.0\/24 .* connected to it: guest\n/,
  );
  expect(refused.code).toBe(1);
  await host.sh("docker rm --force guest");
  const { code, stdout, stderr } = await script(lab, "apply.sh");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toContain(
    "kong-ipv6_kong-net and all its containers will be recreated: its subnet is 10.83.81.0/24, not 10.83.82.0/24",
  );
  // A subnet that the owner wrote only into docker-compose.yml must not be recreated at each run.
  await host.sh(
    `sed -i 's|10.83.82.0/24|10.83.83.0/24|' ${REPOSITORY}/scripts/plan.json`,
  );
  expect((await script(lab, "apply.sh")).stdout).toContain(
    "Nothing to change.",
  );
});

test("another name for the exposed network replaces the old network", async () => {
  await lab.host.sh(`
    ${container("--name=other --restart=always")}
    docker network connect --ip6=2001:db8:1:2:300::9 ipv6_exposed other
    docker network disconnect bridge other
    ${container("--name=born --restart=always --network=ipv6_exposed")}`);
  await bring(lab, { ...ANSWERS, network: "kong_six" });
  await lab.host.sh(`cp -a ${REPOSITORY} '${SPACED}'`);
  // A copy, or another repository, must not take over the running gateway.
  const refused = await elsewhere("apply.sh");
  expect(refused.stderr).toContain(
    `the gateway on this server belongs to ${REPOSITORY}, which still exists`,
  );
  expect(refused.code).toBe(1);
  await lab.host.sh(`mv ${REPOSITORY} ${REPOSITORY}.old`);
  // Docker can't connect this one to another network: nothing is disconnected.
  const created = await elsewhere("apply.sh");
  expect(created.stderr).toContain(
    "born can't be connected to kong_six: it was created for ipv6_exposed, which has to be removed",
  );
  expect(created.code).toBe(1);
  expect(await lab.host.sh(networkOf("other"))).toContain("ipv6_exposed");
  await lab.host.sh("docker rm --force born");
  const { code, stdout, stderr } = await elsewhere("apply.sh");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toContain(
    "ipv6_exposed will be removed: the answers now name kong_six",
  );
  expect(await lab.host.sh(networkOf("other"))).toBe(
    "kong_six 2001:db8:1:2:300::9\n",
  );
  const networks = await lab.host.sh("docker network ls --format '{{.Name}}'");
  expect(networks).not.toContain("ipv6_exposed");
});

test("a key removed from host/etc/docker/daemon.json is removed on the server", async () => {
  const { debug } = JSON.parse(
    await lab.host.read("/opt/config/docker.json"),
  ) as { debug?: boolean };
  expect(debug).toBeUndefined();
});

test("rollback.sh refuses and forgets nothing if Docker can't start", async () => {
  await lab.host.sh(`
    systemctl stop docker.socket docker
    mkdir -p /run/systemd/system/docker.service.d
    printf '[Service]\nExecStartPre=/bin/false\n' >/run/systemd/system/docker.service.d/broken.conf
    systemctl daemon-reload`);
  const refused = await elsewhere("rollback.sh");
  expect(refused.stderr).toContain("Docker is not running, and without it");
  expect(refused.stderr).toContain("Remedy: systemctl start docker");
  expect(refused.code).toBe(1);
  await lab.host.sh(
    "rm -r /run/systemd/system/docker.service.d; systemctl daemon-reload; systemctl reset-failed docker; systemctl stop docker.socket docker",
  );
  expect(await lab.host.read("/var/lib/kong-ipv6/manifest")).toContain(SPACED);
});

test("without the docker command rollback.sh undoes the rest, and remembers what Docker has", async () => {
  const { host } = lab;
  await host.sh(
    `echo '# mine too' >>/etc/ndppd.conf
    sed -i 's/^{/{ "max-concurrent-downloads": 2,/' /opt/config/docker.json
    mv /usr/bin/docker /usr/bin/not-docker`,
  );
  const { code, stdout, stderr } = await elsewhere("rollback.sh");
  await host.sh("mv /usr/bin/not-docker /usr/bin/docker");
  expect(stderr).toMatch(
    /Docker is not installed\n {2}Remedy: install Docker and run this again/,
  );
  expect(code).toBe(1);
  expect(stdout).toContain(`your version is saved in ${KEPT}.2\n`);
  expect(await host.read("/etc/ndppd.conf")).toContain("::77/128 { static }");
});

test("rollback.sh works in a path with a space", async () => {
  const { host } = lab;
  const dry = await elsewhere("rollback.sh --dry-run");
  expect(dry.stdout).toContain("the containers of kong-ipv6; its data is kept");
  expect(dry.stdout).toContain("kong_six: absent");
  const { code, stdout, stderr } = await elsewhere("rollback.sh");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toContain(`The data is kept: ${SPACED}/data`);
  // Docker was stopped: rollback.sh starts it.
  expect(stdout).toContain("started: it was not running");
  expect(stdout).toContain(
    "other is no longer connected: its network was removed",
  );
  expect(await host.read(KEPT)).toMatch(/# mine\n$/);
  expect(await host.read(`${KEPT}.2`)).toMatch(/# mine too\n$/);
  await host.sh("rm -r /var/lib/kong-ipv6; docker rm --force other");
  expect(await state(lab)).toBe(before);
  expect(await host.sh("stat -c '%a %u %g' /opt/config/docker.json")).toBe(
    "640 7 7\n",
  );
  // Bug: with a symbolic link rollback.sh also removed the owner's new key.
  expect(JSON.parse(await host.read("/opt/config/docker.json"))).toEqual({
    "max-concurrent-downloads": 2,
    "log-driver": "local",
  });
  // Docker has created the mounted directories there.
  await host.sh(`rm -rf ${REPOSITORY}; mv ${REPOSITORY}.old ${REPOSITORY}`);
});

test("rollback.sh keeps forwarding on for the one interface that had it before", async () => {
  const forwarding = await lab.host.sh(
    "cat /proc/sys/net/ipv6/conf/{all,own9}/forwarding",
  );
  expect(forwarding).toBe("0\n1\n");
});

const ROUTES = `
ip -4 route show 10.99.0.0/16; ip -4 route show table 123; ip -4 route show metric 700
ip -6 route show 2001:db8:99::/48; ip rule show pref 77; ip -6 rule show pref 78`;
let routes: string;

test("apply.sh restores routes and rules that netplan doesn't know, and says so", async () => {
  const { host } = lab;
  await host.sh(`
    ip route add 10.99.0.0/16 via 203.0.113.1
    ip route add default via 203.0.113.1 table 123
    ip route add default via 203.0.113.2 metric 700
    ip -6 route add 2001:db8:99::/48 via fe80::1 dev ens3
    ip rule add from 10.7.0.0/24 lookup 123 pref 77
    ip -6 rule add from 2001:db8:99::/48 lookup 123 pref 78`);
  routes = await host.sh(ROUTES);
  expect(routes.trim().split("\n")).toHaveLength(6);
  const { code, stdout, stderr } = await script(lab, "apply.sh");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(await host.sh(ROUTES)).toBe(routes);
  expect(stdout).toContain("restored: 10.99.0.0/16 via 203.0.113.1 dev ens3");
  expect(stdout).toContain("restored: rule pref 77 from 10.7.0.0/24");
  expect(stdout).toMatch(
    /netplan doesn't know these.*add them to \/etc\/netplan/,
  );
  // Routes that netplan knows are not listed.
  expect(stdout).not.toMatch(/restored: default via 203.0.113.1 dev ens3$/m);
});

test("if ufw can't run, rollback.sh fails and remembers its rules", async () => {
  const { host } = lab;
  await host.write("/usr/local/sbin/ufw", "#!/bin/sh\nexit 127\n", "755");
  const { code, stdout, stderr } = await script(lab, "rollback.sh");
  await host.sh("rm /usr/local/sbin/ufw");
  expect(code).toBe(1);
  expect(stdout).not.toContain("Kong's rules are deleted");
  expect(stderr).toMatch(/ufw can't .*\n {2}Remedy: .*then run this again/);
  expect(await host.read("/var/lib/kong-ipv6/manifest")).toContain("ufw");
  expect(await host.sh("ufw show added")).toContain("kong-ipv6");
});

/** Changes by the owner after apply.sh. */
const SINCE = `
ip addr add 203.0.113.77/24 dev ens3; ip addr add 2001:db8:1:2::77/64 dev ens3 nodad
echo net.ipv6.conf.all.forwarding=1 >/etc/sysctl.d/99-wg.conf
ufw logging full`;

test("rollback.sh keeps the addresses, routes and rules that the owner added after apply.sh", async () => {
  const { host } = lab;
  // The failed rollback.sh before this has restored netplan already.
  expect((await script(lab, "apply.sh")).code).toBe(0);
  await host.sh(SINCE);
  const { code, stdout, stderr } = await script(lab, "rollback.sh");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const addresses = await host.sh("ip -o addr show dev ens3");
  for (const address of ["203.0.113.77/24", "2001:db8:1:2::77/64"]) {
    expect(addresses).toContain(` ${address} `);
    expect(stdout).toContain(`restored: ${address} on ens3`);
  }
  expect(addresses).not.toContain(" 2001:db8:1:2::2/64 ");
  expect(await host.sh(ROUTES)).toBe(routes);
  expect(await host.sh("ip -6 route show default")).toBe("");
  expect(stdout).toContain("restored: 10.99.0.0/16 via 203.0.113.1 dev ens3");
  // It does not wait for addresses that can't come back by themselves.
  expect(stdout).not.toContain("the server is missing");
});

test("rollback.sh keeps forwarding on if a file of the owner sets it", async () => {
  const forwarding = await lab.host.sh(
    "cat /proc/sys/net/ipv6/conf/{all,own9}/forwarding",
  );
  expect(forwarding).toBe("1\n1\n");
});

test("rollback.sh keeps the log level that the owner set in ufw", async () => {
  const rules = await lab.host.sh(
    "cat /etc/ufw/user.rules /etc/ufw/user6.rules",
  );
  expect(rules.match(/-j LOG/g)?.length).toBeGreaterThan(10);
  expect(rules).not.toContain("ipv6_exposed");
});
