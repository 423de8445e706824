import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Lab } from "../lab/lab.ts";
import { standingConnection } from "../lab/outside.ts";
import { HOST, KONG, openServer, REPOSITORY, script, state } from "./server.ts";

const ULA = `${REPOSITORY}/host/etc/docker/daemon.json`;

const STALE = `${REPOSITORY}/scripts/kong_ipv6/resources/network.py`;

const DAEMON = "/etc/docker/daemon.json";

/** The owner's files from before apply.sh: rollback.sh must restore all of them. */
const OWNERS = {
  [DAEMON]: `{\n    "log-driver": "local",\n    "log-opts": { "max-size": "7m" }\n}\n`,
  "/etc/ndppd.conf": "# the owner's\nproxy ens3 {\n}\n",
};
const NETPLAN = `network:
  version: 2
  ethernets:
    uplink0:
      match:
        name: ens3
      accept-ra: false
      addresses: [203.0.113.10/24]
      routes:
        - to: default
          via: 203.0.113.1
`;

describe("a server with the owner's own files", () => {
  let lab: Lab;
  let before: string;
  beforeAll(async () => {
    lab = await openServer("trixie", {}, { files: OWNERS, netplan: NETPLAN });
    await lab.host.sh("chmod 0600 /etc/docker/daemon.json");
    before = await state(lab);
  });
  afterAll(() => lab?.close());

  test("--dry-run prints what a run would do, and changes nothing", async () => {
    const { code, stdout } = await script(lab, "apply.sh --dry-run");
    expect(code).toBe(4);
    expect(stdout).toContain(
      "in this server's netplan files the uplink is ethernets/uplink0",
    );
    expect(stdout).toContain("/etc/ndppd.conf will be replaced");
    expect(await state(lab)).toBe(before);
  });

  test("apply.sh does not break an open connection", async () => {
    const standing = await standingConnection(lab.host, "203.0.113.10");
    const { code, stdout, stderr } = await script(lab, "apply.sh");
    const { broken } = await standing.close();
    expect(stderr).toBe("");
    expect(stdout).not.toMatch(/^ {2}(fail|warn)/m);
    expect(code).toBe(0);
    expect(broken).toBeNull();
  });

  test("the owner's keys in daemon.json are kept, and the file's mode", async () => {
    const { host } = lab;
    const daemon = JSON.parse(await host.read("/etc/docker/daemon.json"));
    expect(daemon).toMatchObject({
      "log-driver": "local",
      "log-opts": { "max-size": "7m" },
      ipv6: true,
    });
    const mode = await host.sh("stat -c %a /etc/docker/daemon.json");
    expect(mode).toBe("600\n");
  });

  test("our netplan file uses the distribution's ID for the uplink", async () => {
    const { host } = lab;
    const text = await host.read("/etc/netplan/60-kong-ipv6.yaml");
    expect(text).toContain("uplink0:");
    expect(text).not.toContain("ens3:");
    expect(await host.sh("ip -6 addr show dev ens3")).toContain(HOST);
  });

  test("verify.sh --json", async () => {
    const { code, stdout } = await script(lab, "verify.sh --json");
    const { ok, checks, outside } = JSON.parse(stdout);
    expect({ code, ok }).toEqual({ code: 0, ok: true });
    expect(checks.length).toBeGreaterThan(10);
    expect(outside).toContain(`http://[${KONG}]/`);
  });

  test("verify.sh reports a proxy that doesn't answer, and apply.sh starts it", async () => {
    await lab.host.sh("systemctl stop ndppd");
    const { code, stdout } = await script(lab, "verify.sh");
    expect(stdout).toContain("ndppd doesn't answer a Neighbor Solicitation");
    expect(code).toBe(1);
    expect((await script(lab, "apply.sh")).code).toBe(0);
  });

  test("a new password in .env reaches the database and Kong", async () => {
    const env = `${REPOSITORY}/.env`;
    await lab.host.sh(`sed -i 's/^KONG_PG_PASSWORD=.*/&0/' ${env}`);
    const { code, stderr } = await script(lab, "apply.sh");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const password = await lab.host.sh(`sed -n s/^KONG_PG_PASSWORD=//p ${env}`);
    const seen = await lab.host.sh(
      "ps -e -o args; journalctl -o cat; docker ps -aq | xargs docker inspect",
    );
    expect(seen).not.toContain(password.trim());
  });

  test("after apply.sh restarts Docker, it waits for Kong", async () => {
    // From here on the stand-in takes as long as a real Kong to start.
    const slow = `RUN sed -i '2i [ "$2" != docker-start ] || sleep 3' /docker-entrypoint.sh\n`;
    await lab.host.write("/root/slow", slow);
    await lab.host.sh(
      `sed -i '/^USER root/r /root/slow' ${REPOSITORY}/kong-build/Dockerfile`,
    );
    expect((await script(lab, "apply.sh")).code).toBe(0);
    await lab.host.sh(`sed -i 's/"fd[0-9a-f]*:/"fd99:/' ${ULA}`);
    const { code, stdout, stderr } = await script(lab, "apply.sh");
    expect({ code, stderr }, stdout).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(
      /ok +docker +restarted[^]*ok +compose +Kong answers/,
    );
  });

  test("a network from before an upgrade of the engine will be recreated", async () => {
    const made = "docker network inspect --format '{{.Id}}' ipv6_exposed";
    const first = await lab.host.sh(made);
    await lab.host.sh(`sed -i 's/generation >= 27/generation >= 26/' ${STALE}`);
    const { stdout } = await script(lab, "apply.sh --dry-run");
    expect(stdout).toContain(
      "created by an engine that ignores the routed mode",
    );
    // Python takes the compiled file if the source has the same size and second.
    await lab.host.sh(
      `sed -i 's/generation >= 26/generation >= 27/' ${STALE}; touch -d '1 minute ago' ${STALE}`,
    );
    expect(await lab.host.sh(made)).toBe(first);
  });

  test("a second run changes nothing", async () => {
    const { code, stdout } = await script(lab, "apply.sh");
    expect(stdout).toMatch(/^Nothing to change\./);
    expect(code).toBe(0);
    expect((await script(lab, "apply.sh --dry-run")).code).toBe(0);
  });

  test("after dockerd rejected daemon.json, the next run does not restart Docker", async () => {
    await lab.host.sh(
      `cp ${ULA} /root/good.json; sed -i 's#::/64#::/200#' ${ULA}`,
    );
    const { code, stderr } = await script(lab, "apply.sh");
    expect(stderr).toContain("dockerd rejects the merged daemon.json");
    expect(code).toBe(1);
    await lab.host.sh(`cp /root/good.json ${ULA}`);
    const { stdout } = await script(lab, "apply.sh --dry-run");
    expect(stdout).toBe("Nothing to change.\n");
  });

  test("rollback.sh restores the original state without breaking an open connection", async () => {
    const standing = await standingConnection(lab.host, "203.0.113.10");
    const { code, stderr } = await script(lab, "rollback.sh");
    const { broken } = await standing.close();
    expect({ code, stderr, broken }).toEqual({
      code: 0,
      stderr: "",
      broken: null,
    });
    expect(await state(lab)).toBe(before);
    expect(await lab.host.sh(`ls ${REPOSITORY}/data`)).toContain("postgres");
  });

  test("an interrupted apply.sh says where it stopped", async () => {
    const said = await lab.host.sh(
      `./scripts/apply.sh >/tmp/out 2>/tmp/err & until grep -q Applying /tmp/out; do sleep 0.1; done
      kill $!; wait $! || cat /tmp/err`,
      { cwd: REPOSITORY },
    );
    expect(said).toMatch(
      /^Stopped at: .*\n {2}Run \.\/scripts\/apply\.sh again/,
    );
  });

  test("rollback.sh saves the owner's later edits", async () => {
    expect((await script(lab, "apply.sh")).code).toBe(0);
    await lab.host.sh(`sed -i 's/^{/{ "max-concurrent-downloads": 2,/' ${DAEMON}
      sed -i 's/"fd[0-9a-f]*:/"fd98:/' ${ULA}`);
    // A later apply.sh merges daemon.json again: rollback.sh must still know this edit.
    expect((await script(lab, "apply.sh")).code).toBe(0);
    await lab.host.sh(`echo '# mine' >>/etc/ndppd.conf
      sed -i 's|"fd98:[^"]*"|"fd99::/64"|' ${DAEMON}`);
    const { stdout } = await script(lab, "rollback.sh");
    const edited = "/var/lib/kong-ipv6/edited";
    expect(stdout).toContain(
      `your edits of these files are saved in ${edited}\n`,
    );
    const kept = `${edited}/etc/ndppd.conf`;
    expect(stdout).toContain(kept);
    expect(await lab.host.read(kept)).toMatch(/# mine\n$/);
    expect(await lab.host.read(edited + DAEMON)).toContain(
      '"max-concurrent-downloads": 2',
    );
    expect(await lab.host.read(`${edited}${DAEMON}.2`)).toContain("fd99::/64");
    expect(await lab.host.sh(`ls ${edited}/etc/docker`)).toBe(
      "daemon.json\ndaemon.json.2\n",
    );
    // rollback.sh must not remove the owner's new key together with ours.
    expect(stdout).toContain(`your other changes to ${DAEMON} since apply.sh`);
    expect(JSON.parse(await lab.host.read(DAEMON))).toEqual({
      "max-concurrent-downloads": 2,
      ...JSON.parse(OWNERS[DAEMON]),
    });
    expect(await lab.host.sh(`stat -c %a ${DAEMON}`)).toBe("600\n");
    await lab.host.sh("rm -rf /var/lib/kong-ipv6");
    await lab.host.write(DAEMON, OWNERS[DAEMON], "600");
    expect(await state(lab)).toBe(before);
  });

  test("if Docker doesn't start with the new daemon.json, the one from before this run is restored", async () => {
    expect((await script(lab, "apply.sh")).code).toBe(0);
    await lab.host.sh(
      `sed -i 's/^{/{ "max-concurrent-downloads": 2,/' ${DAEMON}`,
    );
    const was = await lab.host.read(DAEMON);
    await lab.host.sh(`
      mkdir -p /run/systemd/system/docker.service.d
      printf '[Service]\nExecStartPre=/bin/sh -c "! grep -q fd97: ${DAEMON}"\n' >/run/systemd/system/docker.service.d/picky.conf
      systemctl daemon-reload
      sed -i 's/"fd[0-9a-f]*:/"fd97:/' ${ULA}`);
    const { code, stderr } = await script(lab, "apply.sh");
    expect(stderr).toContain(
      "Docker doesn't start with the merged daemon.json",
    );
    expect(code).toBe(1);
    expect(await lab.host.read(DAEMON)).toBe(was);
    expect(await lab.host.sh("systemctl is-active docker")).toBe("active\n");
    await lab.host.sh(
      "rm -r /run/systemd/system/docker.service.d; systemctl daemon-reload",
    );
    await script(lab, "rollback.sh");
    await lab.host.sh("rm -rf /var/lib/kong-ipv6");
    await lab.host.write(DAEMON, OWNERS[DAEMON], "600");
    expect(await state(lab)).toBe(before);
  });

  test("apply.sh fails and restores the network if an address that netplan doesn't know is lost", async () => {
    await lab.host.sh("ip addr add 203.0.113.77/24 dev ens3");
    const had = await lab.host.sh("ip -o -4 addr show dev ens3; ip route");
    const { code, stderr } = await script(lab, "apply.sh");
    expect(code).toBe(1);
    const has = await lab.host.sh("ip -o -4 addr show dev ens3; ip route");
    expect(has).toBe(had);
    expect(stderr).toContain("203.0.113.77");
    await script(lab, "rollback.sh");
    await lab.host.sh("ip addr del 203.0.113.77/24 dev ens3");
    expect(await state(lab)).toBe(before);
  });
});
