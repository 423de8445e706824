import { afterAll, beforeAll, expect, test } from "vitest";
import type { Lab } from "../lab/lab.ts";
import { seenBy } from "../lab/outside.ts";
import { dockerProxy, KONG, openServer, REPOSITORY, script } from "./server.ts";

/** The owner has an exposed network from before an upgrade of Docker, with a container of their own. */

const OLD = `
docker network create --driver=bridge --ipv6 --subnet=2001:db8:1:2:300::/80 --gateway=2001:db8:1:2:300::1 \\
  --ip-range=2001:db8:1:2:300:0:8000:0/97 --opt=com.docker.network.bridge.name=ipv6_exposed \\
  --opt=com.docker.network.bridge.gateway_mode_ipv6=routed --label=kong-ipv6.made-on=26.1.5 ipv6_exposed >/dev/null
docker run --detach --restart=always --name=mine --network=ipv6_exposed --network-alias=called \\
  --ip6=2001:db8:1:2:300::77 --ulimit=nofile=65536:65536 --env KONG_DATABASE=off --env KONG_ADMIN_LISTEN=off \\
  --env KONG_ADMIN_GUI_LISTEN=off --env KONG_PROXY_LISTEN='[::]:8080' kong:3.9.3 >/dev/null
`;
const MINE = "ipv6_exposed 2001:db8:1:2:300::77 called\n";

const network = (): Promise<string> =>
  lab.host.sh(
    `docker network inspect --format '{{index .Labels "kong-ipv6.made-on"}} {{.Id}}' ipv6_exposed`,
  );

/** The network, address and alias of the owner's container. */
const mine = (): Promise<string> =>
  lab.host.sh(
    `docker inspect --format '{{range $name, $at := .NetworkSettings.Networks}}{{$name}} {{$at.GlobalIPv6Address}}{{range $at.Aliases}}{{if eq . "called"}} {{.}}{{end}}{{end}}{{end}}' mine`,
  );

let lab: Lab;
beforeAll(async () => {
  lab = await openServer("sid");
  await lab.host.sh(OLD);
});
afterAll(() => lab?.close());

test("a network created by Docker 26 is recreated on 28, and its containers keep their addresses", async () => {
  const { code, stdout, stderr } = await script(lab, "apply.sh");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toContain(
    "it was created by an engine that ignores the routed mode (26.1.5)",
  );
  expect(await network()).toMatch(/^28/);
  expect(await mine()).toBe(MINE);
  const seen = await seenBy(lab.topology.client, `http://[${KONG}]`);
  expect(seen).toMatchObject({ server: KONG });
});

/** What apply.sh does for the network alone. */
const NETWORK = "cd scripts; exec python3 -m kong_ipv6 network";

/** Runs a command that is killed once Docker has answered a request that matches. */
async function killedAt(request: string, command: string): Promise<void> {
  await dockerProxy(lab, "kill", request);
  await lab.host.sh(
    `cd ${REPOSITORY}; setsid bash -c 'echo $$ >/root/pid; ${command}' >/dev/null 2>&1 || :`,
  );
  // It was killed there.
  await lab.host.sh("test ! -e /run/docker-real.sock");
}

test.each([
  "^POST .*/networks/ipv6_exposed/disconnect",
  "^DELETE .*/networks/ipv6_exposed",
  // By the docker command, in network.sh.
  "^POST /v.*/networks/create",
])(
  "recreating the network, killed at %s, keeps its other containers",
  async (request) => {
    // With another bridge the network differs from the plan.
    const bridge = (from: string, to: string): string =>
      `sed -i 's|"bridge": "${from}"|"bridge": "${to}"|' ${REPOSITORY}/scripts/plan.json`;
    await lab.host.sh(bridge("ipv6_exposed", "other"));
    await killedAt(request, NETWORK);
    expect(await mine()).not.toBe(MINE);
    await lab.host.sh(bridge("other", "ipv6_exposed"));
    const { code, stderr } = await lab.host.run(["bash", "-c", NETWORK], {
      cwd: REPOSITORY,
    });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(await mine()).toBe(MINE);
    const again = await script(lab, "network.sh --dry-run");
    expect(again).toMatchObject({ code: 0, stdout: "" });
  },
);

test("an interrupted rollback.sh restores the network with its container at the next run", async () => {
  await killedAt("^POST .*/networks/create", "exec ./scripts/rollback.sh");
  expect(await mine()).not.toBe(MINE);
  const { code } = await script(lab, "rollback.sh");
  expect(code).toBe(0);
  expect(await network()).toMatch(/^26\.1\.5 /);
  expect(await mine()).toBe(MINE);
});
