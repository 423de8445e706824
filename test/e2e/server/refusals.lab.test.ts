import { afterAll, beforeAll, expect, test } from "vitest";
import type { Lab } from "../lab/lab.ts";
import { HOST, KONG, openServer, REPOSITORY, script, state } from "./server.ts";

/** Each refusal: exit 1, cause and remedy printed, the server unchanged. */
interface Refusal {
  /** Changes the server or the repository so that apply.sh must refuse it. */
  spoil: string;
  mend: string;
  says: string | RegExp;
}

const plan = `${REPOSITORY}/scripts/plan.json`;
const answer = (from: string, to: string): string =>
  `cp -a ${plan} /root/plan.json; sed -i 's|${from}|${to}|' ${plan}`;
const answered = `mv /root/plan.json ${plan}`;
const setting = (name: string, value: string): string =>
  `cp -a ${REPOSITORY}/.env /root/env; sed -i "s|^${name}=.*|${name}=${value}|" ${REPOSITORY}/.env`;
const set = `mv /root/env ${REPOSITORY}/.env`;

const REFUSALS: Record<string, Refusal> = {
  "another interface": {
    spoil: answer('"name": "ens3"', '"name": "eth9"'),
    mend: answered,
    says: /there is no interface eth9[^]*NAME is one of: ens3/,
  },
  "a gateway that doesn't exist": {
    spoil: answer("fe80::1", "fe80::99"),
    mend: answered,
    says: "the gateway fe80::99 doesn't answer on ens3",
  },
  "a prefix that the router doesn't deliver here": {
    spoil: `cp -a ${REPOSITORY}/.env /root/env; cp -a ${plan} /root/plan.json; sed -i s/2001:db8:1:2:/2001:db8:1:7:/ ${plan} ${REPOSITORY}/.env`,
    mend: `${answered}; ${set}`,
    says: "the router fe80::1 doesn't deliver 2001:db8:1:7::/64 on ens3",
  },
  "routed in the answers, but really on-link": {
    spoil: answer('"on-link"', '"routed"'),
    mend: answered,
    says: "the router solicits its addresses on the link",
  },
  "a syntax error in daemon.json": {
    spoil: `printf '{"log-driver": "local",}\n' >/etc/docker/daemon.json`,
    mend: "rm /etc/docker/daemon.json",
    says: "/etc/docker/daemon.json is not valid",
  },
  "daemon.json without iptables": {
    spoil: `printf '{"iptables": false}\n' >/etc/docker/daemon.json`,
    mend: "rm /etc/docker/daemon.json",
    says: '/etc/docker/daemon.json has "iptables": false',
  },
  "daemon.json without a default bridge": {
    spoil: `printf '{"bridge": "none"}\n' >/etc/docker/daemon.json`,
    mend: "rm /etc/docker/daemon.json",
    says: '/etc/docker/daemon.json has "bridge": "none"',
  },
  "a syntax error in /etc/netplan": {
    spoil: `printf 'network:\n  ethernets:\n    ens3:\n   x: 1\n' >/etc/netplan/90.yaml`,
    mend: "rm /etc/netplan/90.yaml",
    says: "the files in /etc/netplan can't be read",
  },
  "no password": {
    spoil: setting("KONG_PG_PASSWORD", "replace-me"),
    mend: set,
    says: "KONG_PG_PASSWORD in .env is not set",
  },
  "Kong's address outside the exposed subnet": {
    spoil: setting("KONG_BIND_IPV6", "2001:db8:1:2:400::1"),
    mend: set,
    says: `not inside the exposed subnet 2001:db8:1:2:300::/80\n  Remedy: set KONG_BIND_IPV6=${KONG}`,
  },
  "Kong's address differs from the plan": {
    spoil: setting("KONG_BIND_IPV6", "2001:db8:1:2:300::9"),
    mend: set,
    says: "regenerate --kong 2001:db8:1:2:300::9",
  },
  "an IPv4 that the server doesn't have": {
    spoil: setting("KONG_BIND_IP", "192.0.2.1"),
    mend: set,
    says: /192.0.2.1 in .env is not an address of this server[^]*203.0.113.10/,
  },
  "port 80 in use": {
    spoil:
      "systemd-run --quiet --unit=other python3 -m http.server 80; until ss -Hltn | grep -q :80; do sleep 0.1; done",
    mend: "systemctl stop other",
    says: "0.0.0.0:80 (python3)",
  },
  "Docker not running": {
    spoil: "systemctl stop docker.service docker.socket",
    mend: "systemctl start docker",
    says: /Docker doesn't answer[^]*systemctl start docker/,
  },
  "no Docker": {
    spoil: "mv /usr/bin/docker /usr/bin/not-docker",
    mend: "mv /usr/bin/not-docker /usr/bin/docker",
    says: "Docker is not installed",
  },
  "the kernel's proxy without networkd": {
    spoil: `${answer('"ndppd"', '"kernel"')}; systemctl stop systemd-networkd.socket systemd-networkd`,
    mend: `${answered}; systemctl start systemd-networkd`,
    says: "systemd-networkd doesn't manage ens3",
  },
  "Docker as a snap": {
    spoil:
      "mv /usr/bin/docker /usr/bin/not-docker; install -D /bin/true /snap/bin/docker",
    mend: "mv /usr/bin/not-docker /usr/bin/docker; rm -r /snap",
    says: /Docker is installed as a snap[^]*snap remove docker/,
  },
  "an error in docker-compose.yml": {
    spoil: `cp -a ${REPOSITORY}/docker-compose.yml /root; sed -i s/cap_drop:/cap_dropped:/ ${REPOSITORY}/docker-compose.yml`,
    mend: `mv /root/docker-compose.yml ${REPOSITORY}`,
    says: /docker-compose.yml or .env has an error: .*cap_dropped/,
  },
  "a full disk": {
    spoil: `mkdir -p ${REPOSITORY}/data; mount -t tmpfs -o size=1m full ${REPOSITORY}/data`,
    mend: `umount ${REPOSITORY}/data; rmdir ${REPOSITORY}/data`,
    says: `only 1 MB are free below ${REPOSITORY}/data`,
  },
};

let lab: Lab;
let before: string;
beforeAll(async () => {
  lab = await openServer("trixie");
  before = await state(lab);
});
afterAll(() => lab?.close());

test.each(Object.entries(REFUSALS))("%s", async (_, { spoil, mend, says }) => {
  await lab.host.sh(spoil);
  const { code, stdout, stderr } = await script(lab, "apply.sh");
  await lab.host.sh(mend);
  expect(stderr).toMatch(says);
  expect(stderr).toContain("Remedy: ");
  expect(stdout).not.toContain("Planned changes");
  expect(code).toBe(1);
  expect(await state(lab)).toBe(before);
});

const INDEX = `
for name in ndppd nftables; do
  dpkg-deb --field $name.deb
  printf 'Filename: ./%s\\nSize: %s\\nSHA256: %s\\n\\n' $name.deb $(stat -c %s $name.deb) $(sha256sum <$name.deb | cut -d ' ' -f 1)
done >Packages
`;

/** Repacks the installed ndppd and nftables into a local apt repository on the server, then purges both. */
const PACKAGES = `
mkdir /var/local/repository; cd /var/local/repository
for name in ndppd nftables; do
  mkdir -p /root/$name/DEBIAN
  dpkg -L $name | while read -r path; do
    [ ! -f "$path" ] || cp --parents -a "$path" /root/$name
  done
  dpkg -s $name | grep -E '^(Package|Version|Architecture|Maintainer|Depends|Description):' >/root/$name/DEBIAN/control
  for part in preinst postinst prerm postrm conffiles; do
    cp /var/lib/dpkg/info/$name.$part /root/$name/DEBIAN/$part 2>/dev/null || :
  done
  dpkg-deb --build /root/$name $name.deb >/dev/null
done
${INDEX}dpkg --purge ndppd nftables
rm -rf /etc/apt/sources.list.d/*; : >/etc/apt/sources.list
`;

test("apply.sh names a package that can't be installed, and rollback.sh doesn't try to remove it", async () => {
  await lab.host.sh(PACKAGES);
  before = await state(lab);
  const { code, stderr } = await script(lab, "apply.sh");
  expect(stderr).toMatch(
    /Unable to locate package ndppd[^]*ndppd can't be installed\n {2}Remedy: .*apt-get install ndppd/,
  );
  expect(code).toBe(1);
  const rolled = await script(lab, "rollback.sh");
  expect(rolled.stdout).not.toContain("can't be removed");
  expect(rolled).toMatchObject({ code: 0, stderr: "" });
  expect(await state(lab)).toBe(before);
});

test("apply.sh installs missing ndppd and nftables, and rollback.sh removes them", async () => {
  await lab.host.sh(
    "echo 'deb [trusted=yes] file:/var/local/repository ./' >/etc/apt/sources.list",
  );
  before = await state(lab);
  const { code, stdout, stderr } = await script(lab, "apply.sh");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toMatch(/ok +package +ndppd\n.*ok +package +nftables/);
  expect(await lab.host.sh("nft list tables; pidof ndppd")).toContain("kong");
  const rolled = await script(lab, "rollback.sh");
  expect(rolled).toMatchObject({ code: 0, stderr: "" });
  expect(await state(lab)).toBe(before);
});

test("rollback.sh removes nftables but keeps an earlier /etc/nftables.conf of the owner", async () => {
  await lab.host.write("/etc/nftables.conf", "# mine\n");
  // dpkg writes this file if it finds another configuration. rollback.sh must keep it too.
  await lab.host.write("/etc/nftables.conf.dpkg-dist", "# of 2021\n");
  before = await state(lab);
  // apt must not ask which of the two to use, and must not use its own.
  const { code, stderr } = await script(lab, "apply.sh");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(await lab.host.read("/etc/nftables.conf")).toBe("# mine\n");
  const rolled = await script(lab, "rollback.sh");
  expect(rolled).toMatchObject({ code: 0, stderr: "" });
  expect(await state(lab)).toBe(before);
  const left = await lab.host.run(["sh", "-c", "command -v nft"]);
  expect(left.stdout).toBe("");
});

test("rollback.sh keeps a package that the owner now uses, and packages that depend on it", async () => {
  await lab.host.sh(
    "dpkg --purge nftables; rm -f /etc/nftables.conf /etc/nftables.conf.dpkg-dist",
  );
  const { code, stderr } = await script(lab, "apply.sh");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const dry = async (make: string): Promise<string> => {
    await lab.host.sh(make);
    const { stdout } = await script(lab, "rollback.sh --dry-run");
    return /.* package .*nftables.*/.exec(stdout)![0];
  };
  const remedy = "to remove it: apt-get purge nftables";
  expect(await dry("true")).toMatch(/remove +package +nftables$/);
  expect(
    await dry(`mkdir -p /root/mine/DEBIAN; cd /root; printf 'Package: mine\\nVersion: 1\\nArchitecture: all\\nMaintainer: me <me@example.com>\\nDepends: nftables\\nDescription: mine\\n' >mine/DEBIAN/control
      dpkg-deb --build mine >/dev/null; dpkg --install mine.deb`),
  ).toMatch(`nftables is kept: mine depends on it; ${remedy}`);
  expect(
    await dry(`printf '[Service]\\nType=oneshot\\nRemainAfterExit=yes\\nExecStart=/usr/sbin/nft list tables\\n' >/etc/systemd/system/mine.service
      dpkg --purge mine; systemctl start mine`),
  ).toMatch(`nftables is kept: mine.service is active; ${remedy}`);
  expect(
    await dry(`systemctl stop mine; rm /etc/systemd/system/mine.service; systemctl daemon-reload
      dpkg --install /root/mine.deb; systemctl --quiet enable nftables; echo '# mine' >>/etc/nftables.conf`),
  ).toMatch(
    `nftables is kept: mine depends on it, nftables.service is enabled, /etc/nftables.conf was edited; ${remedy}`,
  );
  const rolled = await script(lab, "rollback.sh");
  expect(rolled).toMatchObject({ code: 0, stderr: "" });
  expect(rolled.stdout).toMatch(
    /note +package +nftables is kept: mine depends on it, nftables.service is enabled, /,
  );
  expect(
    await lab.host.sh(
      "dpkg-query --show --showformat '${db:Status-Abbrev}' mine nftables; systemctl is-enabled nftables; tail -n 1 /etc/nftables.conf; ls -d /var/lib/kong-ipv6 || :; command -v ndppd || :",
    ),
  ).toBe("ii ii enabled\n# mine\n");
  await lab.host.sh("dpkg --purge mine nftables");
});

test("apply.sh stopped while dpkg unpacks says so, and rollback.sh removes the half-installed package", async () => {
  before = await state(lab);
  // Unpacking this package never ends.
  await lab.host.sh(`cd /var/local/repository; cp Packages nftables.deb /root
    printf '#!/bin/sh\\necho $PPID $$ >/tmp/unpacks; exec sleep 60\\n' >/root/nftables/DEBIAN/preinst; chmod 755 /root/nftables/DEBIAN/preinst
    dpkg-deb --build /root/nftables nftables.deb >/dev/null
    ${INDEX}apt-get update -qq`);
  const said = await lab.host.sh(
    `setsid ./scripts/apply.sh >/tmp/out 2>/tmp/err & p=$!; until [ -s /tmp/unpacks ] || ! kill -0 $p; do sleep 0.1; done
    kill -- -$p $(cat /tmp/unpacks) || cat /tmp/out; wait $p || cat /tmp/err`,
    { cwd: REPOSITORY },
  );
  expect(said).toMatch(
    /^Stopped at: package: nftables\n {2}Run \.\/scripts\/apply\.sh again/m,
  );
  const status =
    "dpkg-query --show --showformat '${Package} ${db:Status-Abbrev}\\n' ndppd nftables 2>/dev/null || :";
  expect(await lab.host.sh(status)).toMatch(/nftables iHR/);
  // Removing this package fails.
  await lab.host.sh(`cd /var/lib/dpkg/info; cp -a ndppd.prerm /root
    printf '#!/bin/sh\\necho stuck; exit 1\\n' >ndppd.prerm`);
  const first = await script(lab, "rollback.sh");
  expect(first.stderr).toMatch(
    /stuck[^]*everything else is undone, but apt-get and dpkg can't remove: ndppd\n {2}Remedy: /,
  );
  expect(first.stdout).not.toContain("Everything is undone");
  expect(first.code).toBe(1);
  expect(await lab.host.sh(status)).toMatch(/^ndppd .i *\n(nftables un *\n)?$/);
  await lab.host.sh("mv /root/ndppd.prerm /var/lib/dpkg/info");
  const second = await script(lab, "rollback.sh");
  expect(second).toMatchObject({ code: 0, stderr: "" });
  expect(await lab.host.sh(status)).toMatch(/^(\w+ un *\n)*$/);
  expect(await state(lab)).toBe(before);
  await lab.host.sh(
    "mv /root/Packages /root/nftables.deb /var/local/repository; apt-get check",
  );
});

test.each([HOST, KONG])("another machine has %s", async (address) => {
  const neighbour = await lab.topology.addNeighbour(`${address}/64`);
  const { code, stderr } = await script(lab, "apply.sh");
  expect(stderr).toContain(`another machine on ens3 answers for ${address}`);
  expect(code).toBe(1);
  expect(await state(lab)).toBe(before);
  await neighbour.ip(["link set eth0 down"]);
});

test("not root", async () => {
  await lab.host.sh(`chmod o+rx ${REPOSITORY}`);
  const { code, stderr } = await script(lab, "apply.sh --help");
  expect(stderr).toBe("");
  expect(code).toBe(0);
  const nobody = ["setpriv", "--reuid=65534", "./scripts/apply.sh"];
  const refused = await lab.host.run(nobody, { cwd: REPOSITORY });
  expect(refused.stderr).toContain("sudo ./scripts/apply.sh");
  expect(refused.code).toBe(1);
});
