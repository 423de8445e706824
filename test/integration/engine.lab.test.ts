import { describe, expect, it } from "vitest";
import { type Generation, GENERATIONS } from "../e2e/lab/roots.ts";
import {
  type Breakage,
  compose,
  example,
  examples,
  PASSWORD,
  root,
  server,
} from "./server.ts";

const DAEMON_JSON = "host/etc/docker/daemon.json";

const VALIDATE = `dockerd --validate --config-file ${DAEMON_JSON}`;

/**
 * Starts a real engine in the server's network, and waits until it answers. No container runs here, so an empty cgroup
 * tree is enough.
 */
const ENGINE = `mkdir -p /sys/fs/cgroup; mount -t cgroup2 cgroup2 /sys/fs/cgroup
dockerd --config-file ${DAEMON_JSON} --storage-driver vfs >/tmp/dockerd.log 2>&1 &
for try in {1..200}; do
  ! grep -qs 'API listen on' /tmp/dockerd.log || exit 0
  kill -0 $! 2>/dev/null || break
  sleep 0.05
done
cat /tmp/dockerd.log >&2
exit 1`;

/** An empty image in place of the real ones. Containers of it can be created, but not run. */
const IMAGES = `tar -c -T /dev/null | docker import --change 'CMD ["none"]' - kong-ipv6:local
docker tag kong-ipv6:local postgres:17`;

/** Docker's classic builder, the only one in Debian's engines. It parses the whole file before it does anything. */
const BUILD = "DOCKER_BUILDKIT=0 docker build";

/** The examples whose containers differ in more than addresses. */
const shapes = ["recipe", "ipv6-only-host", "db-less", "plugins"].map(example);

const validates = async (generation: Generation) =>
  Number.parseInt((await root(generation)).versions.docker) >= 23;

const BROKEN: (Breakage & { what: string; says: RegExp })[] = [
  {
    what: "an unknown key",
    from: '"ipv6"',
    to: '"ipv66"',
    says: /ipv66/,
  },
  {
    what: "a comment",
    from: "{",
    to: "# ours\n{",
    says: /invalid character '#'/,
  },
  {
    what: "a value of another type",
    from: "true",
    to: '"yes"',
    says: /cannot unmarshal string/,
  },
].map((mistake) => ({ file: DAEMON_JSON, ...mistake }));

interface Container {
  HostConfig: {
    PortBindings: Record<string, { HostIp: string; HostPort: string }[]>;
    CapAdd: string[];
    CapDrop: string[];
    SecurityOpt: string[] | null;
    RestartPolicy: { Name: string };
    Ulimits: object[];
  };
  NetworkSettings: {
    Networks: Record<
      string,
      { IPAMConfig: { IPv4Address?: string; IPv6Address?: string } }
    >;
  };
}

describe.each(GENERATIONS)("dockerd, %s", (generation) => {
  it.concurrent.each(examples)("$name: daemon.json", async (example) => {
    const asked = await validates(generation);
    const [ran] = await server(generation, example, {}, [
      asked ? VALIDATE : ENGINE,
    ]);
    expect(ran).toMatchObject({
      code: 0,
      stderr: asked ? "configuration OK\n" : "",
    });
  });

  it.concurrent.each(shapes)("$name, running", async (example) => {
    const { plan } = example;
    const { exposed } = plan;
    const tool = await compose(generation);
    const ran = await server(generation, example, {}, [
      ENGINE,
      "docker network inspect bridge",
      "scripts/network.sh",
      `docker network inspect ${exposed.network}`,
      "scripts/network.sh --dry-run",
      `${BUILD} kong-build`,
      `sed 's/^USER root/USR root/' kong-build/Dockerfile | ${BUILD} -`,
      IMAGES,
      // As apply.sh does before it starts them.
      "source .env; install -D -m 444 /dev/null $KONG_DATA_DIR/secrets/kong_pg_password",
      `${tool} create --no-build`,
      "docker inspect $(docker ps -aq --filter label=com.docker.compose.service=kong)",
      "docker inspect $(docker ps -aq)",
    ]);
    const [
      start,
      bridge,
      made,
      network,
      again,
      build,
      refused,
      ,
      ,
      create,
      kong,
      all,
    ] = ran;
    expect(start).toMatchObject({ code: 0, stderr: "" });

    // daemon.json is in effect.
    expect(bridge!.stdout).toContain(`"Subnet": "${plan.internalPrefix}"`);

    // The exposed network is created as planned, and only once.
    expect(made).toMatchObject({ code: 0, stderr: "" });
    expect(JSON.parse(network!.stdout)).toMatchObject([
      {
        Driver: "bridge",
        EnableIPv6: true,
        IPAM: {
          Config: expect.arrayContaining([
            {
              Subnet: exposed.subnet,
              Gateway: exposed.gateway,
              IPRange: exposed.range,
            },
          ]),
        },
        Options: {
          "com.docker.network.bridge.gateway_mode_ipv6": "routed",
          "com.docker.network.bridge.name": exposed.bridge,
        },
      },
    ]);
    expect(again).toEqual({ code: 0, stdout: "", stderr: "" });

    // The Dockerfile is parsed as a whole. Then the build fails, because no image is available here.
    const count = 4 + 2 * plan.plugins.rocks.length;
    expect(build!.stdout).toMatch(
      new RegExp(`^Step 1/${count} : FROM ${plan.image}$`, "m"),
    );

    expect(refused!.code).toBe(1);
    expect(refused!.stderr).toMatch(
      /parse error.* line 3: unknown instruction/,
    );

    // The engine accepts all three services as compose passes them.
    expect(create).toMatchObject({ code: 0 });
    const [container] = JSON.parse(kong!.stdout) as [Container];
    const hosts = [...(plan.ipv4.published ? [plan.ipv4.bind] : []), "::1"];
    const bound = (HostPort: string) =>
      hosts.map((HostIp) => ({ HostIp, HostPort }));
    expect(container.HostConfig).toMatchObject({
      PortBindings: { "80/tcp": bound("80"), "443/tcp": bound("443") },
      CapAdd: [expect.stringMatching(/^(CAP_)?NET_BIND_SERVICE$/)],
      CapDrop: ["ALL"],
      SecurityOpt: null,
      RestartPolicy: { Name: "always" },
      Ulimits: [{ Name: "nofile", Hard: 65536, Soft: 65536 }],
    });
    const addresses = Object.entries(container.NetworkSettings.Networks).map(
      ([name, { IPAMConfig }]) => [name, IPAMConfig],
    );
    const networks = [
      ["kong-ipv6_kong-net", { IPv4Address: plan.backend.kong }],
      [exposed.network, { IPv6Address: plan.kong.address }],
    ];
    // 1.29 connects the second network only when it starts the container.
    if (tool === "docker-compose") {
      expect(addresses).toHaveLength(1);
      expect(networks).toEqual(expect.arrayContaining(addresses));
    } else
      expect(Object.fromEntries(addresses)).toEqual(
        Object.fromEntries(networks),
      );
    const everyone = JSON.parse(all!.stdout) as Container[];
    expect(
      everyone.filter(({ HostConfig }) =>
        Object.keys(HostConfig.PortBindings ?? {}).some(Boolean),
      ),
    ).toHaveLength(1);
    expect(all!.stdout).not.toContain(PASSWORD);
  });

  it.concurrent.each(BROKEN)("refuses $what", async (broken) => {
    // Before 23 there is no --validate: the engine itself reads the file, and exits.
    const command = (await validates(generation)) ? VALIDATE : ENGINE;
    const [ran] = await server(generation, example("recipe"), { broken }, [
      command,
    ]);
    expect(ran!.code).toBe(1);
    expect(ran!.stderr).toMatch(broken.says);
  });
});
