import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CLI, Sandbox } from "../../support/run.ts";
import { ENTER, Terminal } from "../../support/terminal.ts";
import type { Lab } from "../lab/lab.ts";
import { Namespace } from "../lab/namespace.ts";
import { Owner, reachable } from "../lab/owner.ts";
import { REPOSITORY, script } from "../server/server.ts";

/** A server with IPv6, and with Docker networks that use the default subnets. */
const NETPLAN = `network:
  version: 2
  ethernets:
    ens3:
      accept-ra: false
      addresses: [203.0.113.10/24, "2001:db8:1:2::2/64"]
      routes:
        - { to: default, via: 203.0.113.1 }
        - { to: "::/0", via: "fe80::1" }
`;
const BUSY = `
  docker network create --subnet 10.83.80.0/22 monitoring
  docker network create --ipv6 --subnet 2001:db8:1:2:300:1::/96 public`;

const ANSWERS = {
  prefix: "2001:db8:1:2::/64",
  host: "2001:db8:1:2::2",
  exposed: "2001:db8:1:2:301::/80",
  interface: "ens3",
  gateway: "fe80::1",
  ipv4: "203.0.113.10",
  backendSubnet: "10.83.84.0/24",
};

const SSH = ["--ssh", "root@203.0.113.10"];

// Only one generation: recordings cover the others.
describe("trixie, probed by a real ssh from outside", () => {
  let lab: Lab;
  let owner: Owner;
  beforeAll(async () => {
    lab = await reachable("trixie", { prefix: ANSWERS.prefix }, NETPLAN);
    await lab.host.sh(BUSY);
    owner = new Owner(lab);
  });
  afterAll(async () => {
    owner?.close();
    await lab?.close();
  });

  test("an unknown host key is not trusted", async () => {
    const { code, stdout, stderr } = await owner.do("detect", ...SSH);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain("Connect once with ssh yourself");
  });

  test("the server rejects the owner's key", async () => {
    await owner.exchangeKeys();
    await lab.host.sh("mv /root/.ssh/authorized_keys /root/.ssh/kept");
    const { code, stderr } = await owner.do("detect", ...SSH);
    expect(code).toBe(1);
    expect(stderr).toContain("Permission denied");
    await lab.host.sh("mv /root/.ssh/kept /root/.ssh/authorized_keys");
  });

  test("prints the server's real values, and changes nothing there", async () => {
    const before = await lab.host.snapshot("/etc", "/root", "/srv");
    const { code, stdout } = await owner.do("detect", ...SSH);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual(ANSWERS);
    expect(await lab.host.snapshot("/etc", "/root", "/srv")).toEqual(before);
    writeFileSync(join(owner.home, "answers.json"), stdout);
  });

  test("apply.sh accepts a repository generated from these answers, and it works", async () => {
    const create = ["gw", "--answers", "answers.json", "--yes"];
    const made = await owner.do(...create, ...SSH);
    expect(made.code).toBe(0);
    await lab.host.copyIn(join(owner.home, "gw"), REPOSITORY);
    const dry = await script(lab, "apply.sh --dry-run");
    expect({ code: dry.code, stderr: dry.stderr }).toEqual({
      code: 4,
      stderr: "",
    });
    // Address and route exist already: netplan has nothing to add.
    const { code, stdout, stderr } = await script(lab, "apply.sh");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).not.toMatch(/^ {2}(fail|warn)/m);
  });

  test("after apply.sh detect prints the same, and regenerate changes nothing", async () => {
    const { stdout } = await owner.do("detect", ...SSH);
    expect(JSON.parse(stdout)).toMatchObject(ANSWERS);
    const follow = ["regenerate", "gw", "--detect", "--yes"];
    const { stdout: again, code } = await owner.do(...follow, ...SSH);
    expect(again).toContain("Nothing to change.");
    expect(code).toBe(0);
  });
});

describe("a conversation", () => {
  let server: Namespace;
  beforeAll(async () => {
    server = await Namespace.open();
    await server.ip([
      "link add wan0 type veth peer name provider0",
      "link set wan0 up",
      "link set provider0 up",
      "address add 2001:db8:7:7::9/64 dev wan0 nodad",
      "route add ::/0 via fe80::7 dev wan0",
    ]);
  });
  afterAll(() => server?.close());

  const held = (sandbox: Sandbox): Terminal =>
    new Terminal(sandbox, ["gw"], {
      command: ["nsenter", `--net=${server.path}`, process.execPath, CLI],
    });

  test("on the server itself offers the detected values, with their source", async () => {
    const sandbox = new Sandbox();
    const terminal = held(sandbox);
    await terminal.answer("to detect the rest: (none)");
    await terminal.answer("IPv6 prefix: ", "2001:db8:7:7::/64");
    await terminal.see("detected        the static address of wan0");
    await terminal.answer("(2001:db8:7:7::9)");
    await terminal.answer("(2001:db8:7:7:300::/80)");
    await terminal.answer("(2001:db8:7:7:300::8100)");
    await terminal.answer("? More settings? (y/N)");
    await terminal.see("Detected on the server:");
    await terminal.see("wan0");
    // The plan comes last, so that it is on the screen with the question.
    await terminal.see("2001:db8:7:7::9/64 on wan0, gateway fe80::7");
    await terminal.see(" to gw? (Y/n, c to change an answer)");
    terminal.type(ENTER);
    expect(await terminal.ended).toBe(0);
    expect(sandbox.read("gw/host/etc/ndppd.conf")).toContain("proxy wan0");
  });

  test("for another server offers no values of this one", async () => {
    const sandbox = new Sandbox();
    const terminal = held(sandbox);
    await terminal.answer("to detect the rest: (none)");
    await terminal.answer("IPv6 prefix: ", "2001:db8:8:8::/64");
    await terminal.answer("(2001:db8:8:8::2)");
    await terminal.answer("(2001:db8:8:8:300::/80)");
    await terminal.answer("(2001:db8:8:8:300::8100)");
    await terminal.answer("? More settings? (y/N)");
    const summary = await terminal.see(" to gw? (Y/n, c to change an answer)");
    expect(summary).toContain("2001:db8:8:8::2/64 on ens3");
    expect(summary).not.toContain("Seen on");
    terminal.type(ENTER);
    expect(await terminal.ended).toBe(0);
  });
});
