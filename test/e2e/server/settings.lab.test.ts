import { afterAll, beforeAll, expect, test } from "vitest";
import type { Lab } from "../lab/lab.ts";
import { seenBy } from "../lab/outside.ts";
import {
  bring,
  dockerProxy,
  KONG,
  openServer,
  REPOSITORY,
  script,
  state,
} from "./server.ts";

/** Settings by the owner in .env, docker-compose.yml and daemon.json: each one takes effect or is refused. */

const ENV = `${REPOSITORY}/.env`;
const COMPOSE = `${REPOSITORY}/docker-compose.yml`;
const DAEMON = "/etc/docker/daemon.json";

/** A service whose image is not on the server yet. */
const OWN = `
  extra:
    image: extra:1
    restart: always
    environment:
      KONG_DATABASE: "off"
      KONG_ADMIN_LISTEN: "off"
      KONG_ADMIN_GUI_LISTEN: "off"
      KONG_PROXY_LISTEN: "0.0.0.0:8080"
    ulimits: { nofile: 65536 }
    networks: [kong-net]
`;

/** A docker command that can "pull" the owner's images. Docker 27, which no Debian suite has, is docker-proxy.py's. */
const DOCKER = `#!/bin/bash
case "$1 $2" in
"compose pull")
	ps -o args= $PPID >>/root/pulled
	docker tag kong:3.9.3 extra:1
	docker tag postgres:17 postgres:mine
	;;
*) exec /usr/bin/docker "$@" ;;
esac
`;

let lab: Lab;
let before: string;
beforeAll(async () => {
  lab = await openServer("sid");
  const { host } = lab;
  await dockerProxy(lab, "version", "27.5.1");
  await host.write("/usr/local/sbin/docker", DOCKER, "755");
  await host.write("/root/own", OWN);
  await host.write(DAEMON, '{\n  "log-driver": "local"\n}\n');
  await host.sh(`
    chown 7:8 ${DAEMON}; chmod 640 ${DAEMON}
    sed -i -e '/^services:/r /root/own' -e 's/image: postgres:17/image: postgres:mine/' ${COMPOSE}
    sed -i 's/^COMPOSE_PROJECT_NAME=.*/COMPOSE_PROJECT_NAME=mine/' ${ENV}`);
  before = await state(lab);
});
afterAll(() => lab?.close());

const names = (): Promise<string> =>
  lab.host.sh("docker ps --format '{{.Names}}' | sort");

test("apply.sh pulls the images that docker-compose.yml names, before it starts containers", async () => {
  const dry = await script(lab, "apply.sh --dry-run");
  expect(dry.stdout).toContain("image       extra:1 will be pulled\n");
  expect(dry.stdout).toContain("image       postgres:mine will be pulled\n");
  expect(dry.stdout).not.toContain("postgres:17");
  const { code, stdout, stderr } = await script(lab, "apply.sh");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toMatch(/ok +image +extra kong-database: pulled/);
  expect(await lab.host.read("/root/pulled")).toBe(
    "timeout --foreground 1800 docker compose pull extra kong-database\n",
  );
});

test("COMPOSE_PROJECT_NAME names containers and network", async () => {
  expect(await names()).toBe(
    "mine-extra-1\nmine-kong-1\nmine-kong-database-1\n",
  );
  expect(await lab.host.sh("docker network ls")).toContain("mine_kong-net");
});

test("KONG_PUBLISH_IPV6=[::] is added for Docker 27, and Kong is reachable", async () => {
  expect(await lab.host.read(ENV)).toMatch(/\nKONG_PUBLISH_IPV6=\[::\]\n$/);
  const published = await lab.host.sh(
    "docker inspect --format '{{(index .HostConfig.PortBindings \"443/tcp\" 1).HostIp}}' mine-kong-1",
  );
  expect(published).toBe("::\n");
  const seen = await seenBy(lab.topology.client, `http://[${KONG}]`);
  expect(seen).toMatchObject({ server: KONG });
  expect((await script(lab, "apply.sh --dry-run")).stdout).toBe(
    "Nothing to change.\n",
  );
});

test("daemon.json keeps its mode and owner", async () => {
  const owner = await lab.host.sh(`stat -c '%a %u %g' ${DAEMON}`);
  expect(owner).toBe("640 7 8\n");
  expect(JSON.parse(await lab.host.read(DAEMON))).toMatchObject({ ipv6: true });
});

test("a later change of COMPOSE_PROJECT_NAME is refused, with a remedy that works", async () => {
  await lab.host.sh(`sed -i s/NAME=mine/NAME=other/ ${ENV}`);
  const { code, stdout, stderr } = await script(lab, "apply.sh");
  expect(stderr).toContain(
    "COMPOSE_PROJECT_NAME=other in .env is not the project name of the existing containers: mine\n",
  );
  const [, remedy] =
    /remove the containers first \(the data is kept\): (.*)\n/.exec(
      stderr,
    ) as unknown as [string, string];
  expect(stderr.match(/Refused/g)).toHaveLength(1);
  expect(stdout).not.toContain("Planned changes");
  expect(code).toBe(1);
  // The lab's user is root, and has no sudo.
  await lab.host.sh(remedy.replace(/^sudo /, ""), { cwd: REPOSITORY });
  const renamed = await script(lab, "apply.sh");
  expect(renamed).toMatchObject({ code: 0, stderr: "" });
  expect(await names()).toBe(
    "other-extra-1\nother-kong-1\nother-kong-database-1\n",
  );
});

test("after the project was renamed, rollback.sh restores the original state and prints no error", async () => {
  const { code, stderr } = await script(lab, "rollback.sh");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(await state(lab)).toBe(before);
  expect(await lab.host.sh(`stat -c '%a %u %g' ${DAEMON}`)).toBe("640 7 8\n");
});

test('apply.sh and verify.sh warn that "ip6tables": false in daemon.json opens all ports on Docker 27 too', async () => {
  const open = "opens every port of every container with an IPv6 address";
  await bring(lab, { firewall: "none" });
  const filtered = await script(lab, "apply.sh --dry-run");
  expect(filtered.stdout).toContain("these scripts set up no firewall");
  expect(filtered.stdout).not.toContain(open);
  const warned = async () =>
    /warn +firewall +(.*)\n/.exec((await script(lab, "verify.sh")).stdout)?.[1];
  expect(await warned()).toBe(
    "these scripts set up no firewall (--firewall none)",
  );
  await lab.host.write(DAEMON, '{ "ip6tables" : false }\n');
  const { stdout } = await script(lab, "apply.sh --dry-run");
  expect(stdout).toContain(`Docker 27.5.1 ${open}`);
  expect(await warned()).toMatch(/^none: every port of every container/);
});
