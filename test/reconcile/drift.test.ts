import { mkdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { runIn } from "../support/in-process.ts";
import { PREFIX } from "../support/run.ts";
import { Made, NEXT, OLD, TO } from "./made.ts";

// --conflict keep once left a file that contradicts the answers, and neither regenerate nor check said so.

const COMPOSE = "docker-compose.yml";
const OFF = ["--database", "off"];
const edit = (text: string): string =>
  text.replaceAll("restart: always", "restart: unless-stopped");

describe("a file that the owner keeps although it contradicts the answers", () => {
  const kept = async (): Promise<Made> => {
    const made = await new Made().make();
    made.edit(COMPOSE, edit);
    const { code, stdout } = await made.regenerate(
      ...OFF,
      "--conflict",
      "keep",
    );
    expect(code).toBe(3);
    expect(stdout).toContain(
      `${COMPOSE} contradicts the answers: KONG_DATABASE is postgres, not off; service kong-migration is not in the answers; service kong-database is not in the answers.\n`,
    );
    return made;
  };
  const drift = async (made: Made): Promise<void> => {
    const { code, stdout } = await made.run(["check"]);
    expect(code).toBe(4);
    expect(stdout).toContain(
      `${COMPOSE}  drift: it contradicts the answers: KONG_DATABASE is postgres, not off;`,
    );
  };

  test("check and each regenerate name it, until it is taken", async () => {
    const made = await kept();
    await drift(made);
    const tree = made.tree();
    expect((await made.regenerate()).code).toBe(3);
    expect((await made.regenerate("--conflict", "keep")).code).toBe(3);
    expect(made.tree()).toEqual(tree);
    await drift(made);
    const taken = await made.regenerate("--conflict", "theirs");
    expect(taken.code).toBe(0);
    expect(made.read(COMPOSE)).toContain("restart: unless-stopped");
    expect(made.read(COMPOSE)).not.toContain("kong-database");
    expect(await made.run(["check"])).toMatchObject({ code: 0 });
  });

  test("or until the owner has edited it", async () => {
    const made = await kept();
    const other = await new Made().make(...OFF);
    made.write(COMPOSE, `# mine\n${edit(other.read(COMPOSE))}`);
    expect(await made.regenerate()).toMatchObject({ code: 0 });
    expect(await made.run(["check"])).toMatchObject({ code: 0 });
  });

  test("--conflict markers still offers both texts", async () => {
    const made = await kept();
    expect((await made.regenerate("--conflict", "markers")).code).toBe(3);
    expect(made.read(COMPOSE)).toContain("<<<<<<< yours\n");
  });
});

test.each<
  [path: string, from: string | RegExp, to: string, contradiction: string]
>([
  [
    COMPOSE,
    "ipv6_address: ${KONG_BIND_IPV6:?set it in .env}",
    `ipv6_address: ${OLD}:300::9`,
    `ipv6_address of kong is ${OLD}:300::9, not ${OLD}:300::8100`,
  ],
  [
    COMPOSE,
    /"\$\{KONG_PUBLISH_IPV6:-\[::1\]\}:443:443"/,
    '"8443:443"',
    "port [::1]:443:443 is missing",
  ],
  [
    COMPOSE,
    "subnet: 10.83.81.0/24",
    "subnet: 10.9.9.0/24",
    "subnet of kong-net is 10.9.9.0/24, not 10.83.81.0/24",
  ],
  [
    COMPOSE,
    'name: "ipv6_exposed"',
    "name: other",
    "name of the exposed network is other, not ipv6_exposed",
  ],
  [
    "host/etc/netplan/60-kong-ipv6.yaml",
    `"${OLD}::2/64"`,
    `"${OLD}::7/64"`,
    `address ${OLD}::2/64 on ens3 is missing`,
  ],
  [
    "host/etc/netplan/60-kong-ipv6.yaml",
    'via: "fe80::1"',
    'via: "fe80::9"',
    "the gateway of ::/0 on ens3 is fe80::9, not fe80::1",
  ],
  [
    "host/etc/docker/daemon.json",
    "fd4c:8a1e:92b7::/64",
    "fd00::/64",
    "fixed-cidr-v6 is fd00::/64, not fd4c:8a1e:92b7::/64",
  ],
  [
    "host/etc/ndppd.conf",
    `rule ${OLD}:300::8100/128`,
    `rule ${OLD}:300::9/128`,
    `line 12 has ${OLD}:300::9, not ${OLD}:300::8100`,
  ],
  [
    "host/etc/ndppd.conf",
    "proxy ens3 {",
    "proxy eth9 {",
    "line 7 has eth9, not ens3",
  ],
  [
    "host/etc/kong-ipv6/firewall.nft",
    '"ens3"',
    '"eth9"',
    "line 10 has eth9, not ens3",
  ],
  [
    "scripts/plan.json",
    '"database": "postgres"',
    '"database": "off"',
    "database is off, not postgres",
  ],
  [
    "kong-build/Dockerfile",
    "FROM kong:3.9.3",
    "FROM kong:3.4.0",
    "image kong:3.9.3 is missing",
  ],
  [
    "scripts/ufw.sh",
    "port 443 proto tcp",
    "port 8443 proto tcp",
    `port 443 of ${OLD}:300::8100 is missing`,
  ],
  [
    "scripts/ufw.sh",
    /'ens3'/g,
    "'eth9'",
    "line 15 has eth9, not ens3; line 16 has eth9, not ens3; line 17 has eth9, not ens3",
  ],
  [
    "scripts/network.sh",
    /'ipv6_exposed'\n$/,
    "'other'\n",
    "network ipv6_exposed is missing",
  ],
  [
    "scripts/network.sh",
    "bridge.name='ipv6_exposed'",
    "bridge.name='other'",
    "bridge ipv6_exposed is missing",
  ],
])(
  "%s that says something else is drift: %s",
  async (path, from, to, contradiction) => {
    const made = await new Made().make();
    made.edit(path, (text) => text.replace(from, to));
    const checked = await made.run(["check"]);
    expect(checked.stdout).toContain(
      `${path}  drift: it contradicts the answers: `,
    );
    expect(checked.stdout).toContain(contradiction);
    expect(checked.code).toBe(4);
    const { code, stdout } = await made.regenerate();
    expect(stdout).toContain(`${path} contradicts the answers: `);
    expect(stdout).toContain(contradiction);
    expect(code).toBe(3);
    expect((await made.run(["check"])).code).toBe(4);
    expect(await made.regenerate("--conflict", "theirs")).toMatchObject({
      code: 0,
    });
    expect(await made.run(["check"])).toMatchObject({ code: 0 });
  },
);

test("--conflict theirs and markers take only the lines that contradict, also while others are merged", async () => {
  const mine = async (): Promise<Made> => {
    const made = await new Made().make();
    made.edit(COMPOSE, (text) =>
      edit(text).replace("subnet: 10.83.81.0/24", "subnet: 10.9.9.0/24"),
    );
    return made;
  };
  const taken = await mine();
  const { code, stdout } = await taken.regenerate(
    ...TO,
    "--conflict",
    "theirs",
  );
  expect(stdout).toContain(
    `  ~ ${COMPOSE}  (the new text for 1 conflict; your other edits stay)\n`,
  );
  expect(code).toBe(0);
  expect(taken.read(COMPOSE)).toContain("restart: unless-stopped");
  expect(taken.read(COMPOSE)).not.toContain("10.9.9.0");
  expect(await taken.run(["check"])).toMatchObject({ code: 0 });
  const marked = await mine();
  await marked.regenerate("--conflict", "markers");
  expect(marked.read(COMPOSE)).toMatch(
    /^<<<<<<< yours\n.*10\.9\.9\.0.*\n=======\n.*10\.83\.81\.0.*\n>>>>>>> /m,
  );
  expect(marked.read(COMPOSE)).toContain("restart: unless-stopped");
});

test("a CRLF file keeps its line ends when the lines that contradict are taken", async () => {
  const made = await new Made().make();
  const crlf = (text: string): string => text.replaceAll("\n", "\r\n");
  made.edit(COMPOSE, (text) =>
    crlf(edit(text).replace("10.83.81.0/24", "10.9.9.0/24")),
  );
  expect(await made.regenerate("--conflict", "theirs")).toMatchObject({
    code: 0,
  });
  const other = await new Made().make();
  expect(made.read(COMPOSE)).toBe(crlf(edit(other.read(COMPOSE))));
});

test("create --conflict keep, then regenerate --conflict theirs: the generated text is taken", async () => {
  const made = new Made();
  mkdirSync(made.path());
  made.write(COMPOSE, "services:\n  mine:\n    image: a:1\n");
  const all = [...PREFIX, "--conflict", "keep"];
  const { code, stdout } = await runIn(made.sandbox, ["gw", ...all]);
  expect(code).toBe(3);
  expect(stdout).toContain(`${COMPOSE} contradicts the answers: `);
  expect((await made.regenerate()).code).toBe(3);
  expect((await made.regenerate("--conflict", "theirs")).code).toBe(0);
  expect(await made.run(["check"])).toMatchObject({ code: 0 });
});

test("what the owner adds, or spells in another way, is no drift", async () => {
  const made = await new Made().make();
  made.edit(COMPOSE, (text) =>
    edit(text)
      .replace("${KONG_BIND_IPV6:?set it in .env}", `${OLD}:0300::8100`)
      .replace(
        "\nservices:\n",
        "\nservices:\n  mine:\n    image: redis:7\n    ports: ['6379:6379']\n",
      ),
  );
  made.edit("host/etc/ndppd.conf", (text) =>
    text.replace(
      "    static\n",
      `    static\n  }\n  rule ${OLD}:300::9/128 {\n    static\n`,
    ),
  );
  expect(await made.regenerate()).toMatchObject({ code: 0 });
  expect(await made.run(["check"])).toMatchObject({ code: 0 });
  expect(await made.regenerate(...TO)).toMatchObject({ code: 0 });
  expect(made.read("host/etc/ndppd.conf")).toContain(`${NEXT}:300::9`);
});
