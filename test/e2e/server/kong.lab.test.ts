import { afterAll, beforeAll, expect, test } from "vitest";
import type { Lab } from "../lab/lab.ts";
import { seenBy } from "../lab/outside.ts";
import { KONG, openServer, REPOSITORY, script } from "./server.ts";

/** What Kong's image needs: the plugins that are enabled, and nginx that may bind ports below 1024. */

let lab: Lab;
beforeAll(async () => {
  lab = await openServer("trixie", { plugin: ["kong-oidc"] });
});
afterAll(() => lab?.close());

const sh = (commands: string): Promise<string> =>
  lab.host.sh(commands, { cwd: REPOSITORY });

test("a rock without the plugin fails the build, and its plugins are named", async () => {
  const { code, stderr } = await script(lab, "apply.sh");
  expect(stderr).toContain(
    "kong-oidc has no plugin named kong-oidc. Its plugins: oidc.",
  );
  expect(code).toBe(1);
});

test("Kong binds 80 where the kernel protects ports below 1024", async () => {
  const sysctl = `services:\n  kong:\n    sysctls:\n      net.ipv4.ip_unprivileged_port_start: "1024"\n`;
  await lab.host.write(`${REPOSITORY}/docker-compose.override.yml`, sysctl);
  await sh(`sed -i 's|plugins/kong-oidc |plugins/oidc |' kong-build/Dockerfile
    sed -i 's/,kong-oidc/,oidc/' docker-compose.yml`);
  const { code, stderr } = await script(lab, "apply.sh");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const inside = "docker exec kong-ipv6-kong-1";
  const facts = await sh(`${inside} id -un
    ${inside} cat /proc/sys/net/ipv4/ip_unprivileged_port_start
    docker inspect -f '{{.HostConfig.CapDrop}} {{.HostConfig.SecurityOpt}}' kong-ipv6-kong-1`);
  expect(facts).toBe("kong\n1024\n[ALL] []\n");
  const seen = await seenBy(lab.topology.client, `http://[${KONG}]`);
  expect(seen?.server).toBe(KONG);
});

test.each([
  ["binds 80 as generated", "", "kong-ipv6:local", 0],
  [
    "can't under no-new-privileges",
    "--security-opt no-new-privileges",
    "kong-ipv6:local",
    1,
  ],
  ["can't without setcap", "", "kong:3.9.3", 1],
])(
  "with ports below 1024 protected, nginx %s",
  async (_, option, image, wanted) => {
    const paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
      .map((name) => `${name}_temp_path /tmp/${name};`)
      .join(" ");
    const conf = `pid /tmp/pid; events {} http { access_log off; ${paths} server { listen 80; } }`;
    const { code, stderr } = await lab.host.run([
      "bash",
      "-c",
      `docker run --rm --network none --cap-drop ALL --cap-add NET_BIND_SERVICE \
      --sysctl net.ipv4.ip_unprivileged_port_start=1024 ${option} --entrypoint sh ${image} \
      -ec "echo '${conf}' >/tmp/conf; /usr/local/openresty/nginx/sbin/nginx -t -c /tmp/conf"`,
    ]);
    expect(code, stderr).toBe(wanted);
    expect(/bind\(\) to 0.0.0.0:80 failed \(13:/.test(stderr)).toBe(
      wanted === 1,
    );
  },
);
