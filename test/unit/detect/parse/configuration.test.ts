import { describe, expect, test } from "vitest";
import {
  readManager,
  readNetplan,
  readUfw,
} from "../../../../src/detect/parse/configuration.ts";
import { readDaemonJson } from "../../../../src/detect/parse/docker.ts";
import { readNeighbours } from "../../../../src/detect/parse/network.ts";
import type { ServerFile } from "../../../../src/detect/parse/parts.ts";

const file = (path: string, text: string | undefined): ServerFile => ({
  path,
  text,
});

describe("netplan's files", () => {
  const read = (text: string | undefined): ReturnType<typeof readNetplan> =>
    readNetplan(file("/etc/netplan/a.yaml", text));

  test("IDs and renderer", async () => {
    const text =
      "network:\n  renderer: networkd\n  ethernets:\n    wan: {}\n    lan: {}\n";
    expect(await read(text)).toMatchObject({
      unread: undefined,
      ids: ["wan", "lan"],
      renderer: "networkd",
    });
  });

  test("bridges, bonds, VLANs and tunnels have IDs too", async () => {
    const text = `network:
  version: 2
  ethernets: { eno1: {} }
  vlans: { vlan4000: { id: 4000, link: bond0 } }
  bonds: { bond0: { interfaces: [eno1] } }
  bridges: { br0: { interfaces: [bond0] } }
  tunnels: { he-ipv6: { mode: sit } }
`;
    expect((await read(text)).ids).toEqual([
      "eno1",
      "bond0",
      "br0",
      "vlan4000",
      "he-ipv6",
    ]);
  });

  test.each([
    [undefined, "not readable without root"],
    ["a: [", "not valid YAML"],
    ["a: &x 1\nb: *x\n", "not valid YAML"],
    ["[".repeat(20000), "not valid YAML"],
    ["a: b\n".repeat(20000), "too large"],
  ])("that can't be told: %.12s", async (text, unread) => {
    expect(await read(text)).toMatchObject({ unread, ids: [] });
  });

  test.each(["", "5", "- a", "network: [1]", "network: {ethernets: x}"])(
    "without ethernets: %s",
    async (text) => {
      expect(await read(text)).toMatchObject({ unread: undefined, ids: [] });
    },
  );
});

describe("who looks after an interface", () => {
  const link = "/run/systemd/netif/links/2";
  const device = "/run/NetworkManager/devices/2";
  const network = "NETWORK_FILE=/run/systemd/network/10-netplan-wan.network";

  test("networkd, by the file that netplan made, even beside NetworkManager", () => {
    expect(
      readManager(
        2,
        [file(link, `A=b\n${network}\n`)],
        [file(device, "connection-uuid=x\n")],
      ),
    ).toEqual({ renderer: "networkd", id: "wan", path: link });
  });

  test("NetworkManager, where it has a connection for it", () => {
    expect(
      readManager(2, [], [file(device, "[device]\nconnection-uuid=x\n")]),
    ).toEqual({ renderer: "NetworkManager", id: undefined, path: device });
    expect(
      readManager(2, [], [file(device, "[device]\nmanaged=false\n")]),
    ).toBeUndefined();
  });

  test("nobody of the two, or of another interface", () => {
    expect(
      readManager(2, [file(link, "ADMIN_STATE=unmanaged\n")], []),
    ).toBeUndefined();
    expect(readManager(12, [file(link, network)], [])).toBeUndefined();
  });
});

test.each([
  ["ENABLED=yes\n", true],
  ['# x\n enabled = "Yes"\n', true],
  ["ENABLED=no\n", false],
  ["#ENABLED=yes\n", undefined],
  ["", undefined],
])("ufw.conf: %j", (text, expected) => {
  expect(readUfw(file("/etc/ufw/ufw.conf", text))).toBe(expected);
});

describe("daemon.json", () => {
  const read = (text: string | undefined): ReturnType<typeof readDaemonJson> =>
    readDaemonJson(file("/etc/docker/daemon.json", text));

  test("what it says of networks, and nothing else of it", () => {
    const text = JSON.stringify({
      "fixed-cidr-v6": "fd00:1::/64",
      "default-address-pools": [{ base: "10.0.0.0/8", size: 24 }, { base: 3 }],
      "http-proxies": { password: "secret" },
    });
    expect(read(text)).toEqual({
      path: "/etc/docker/daemon.json",
      unread: undefined,
      keys: ["fixed-cidr-v6", "default-address-pools", "http-proxies"],
      fixedCidrV6: "fd00:1::/64",
      pools: [{ version: 4, network: 10n << 24n, length: 8 }],
    });
  });

  test.each([
    [undefined, "not readable without root"],
    ["[]", "not a JSON object"],
    ["{ # x", "not a JSON object"],
  ])("that can't be told: %j", (text, unread) => {
    expect(read(text)).toMatchObject({ unread, keys: [] });
  });

  test("empty, as Docker takes it", () => {
    expect(read("\n")).toMatchObject({ unread: undefined, keys: [] });
  });
});

test("a neighbour that never answered is nobody", () => {
  const entry = { dst: "::5", dev: "ens3" };
  expect(readNeighbours([{ ...entry, state: ["FAILED"] }])).toEqual([]);
  expect(readNeighbours([{ ...entry, lladdr: "52:54:00:00:00:01" }])).toEqual([
    { device: "ens3", value: 5n },
  ]);
});
