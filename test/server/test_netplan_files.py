"""Our netplan file is fitted to the server's own files."""

from __future__ import annotations

import unittest
from typing import Any

import yaml
from kong_ipv6 import netplan_files
from kong_ipv6.netplan_files import Fitted, Unmanaged, Uplink

MAC = "52:54:00:6b:6f:6e"
OURS = """network:
  version: 2
  ethernets:
    "ens3":
      accept-ra: false
      addresses:
        - "2a03:2222:3333:4444::2/64"
      routes:
        - to: "::/0"
          via: "fe80::1"
"""


def uplink(**fields: Any) -> Uplink:
    base: dict[str, Any] = {
        "name": "ens3",
        "mac": MAC,
        "driver": "virtio_net",
        "virtual": False,
        "networkd_id": "",
        "advertised": (),
    }
    return Uplink(**{**base, **fields})


def fit(*theirs: str, **fields: Any) -> Fitted:
    return netplan_files.fit(OURS, [f"network:\n  version: 2\n{text}" for text in theirs], uplink(**fields))


def ours(found: Fitted) -> tuple[str, str, dict[str, Any]]:
    """Kind, ID and settings."""
    network = yaml.safe_load(found.text)["network"]
    kind = next(key for key in network if key != "version")
    identity = next(iter(network[kind]))
    return kind, identity, network[kind][identity]


class WhichInterface(unittest.TestCase):
    def identity(self, text: str, **fields: Any) -> str:
        kind, identity, _ = ours(fit(text, **fields))
        return f"{kind}/{identity}"

    def test_by_its_name(self) -> None:
        self.assertEqual("ethernets/ens3", self.identity("  ethernets:\n    ens3: {dhcp4: true}\n"))

    def test_by_its_mac_in_any_case(self) -> None:
        for mac in (MAC, MAC.upper(), f'"{MAC}"'):
            text = f"  ethernets:\n    wan:\n      match: {{macaddress: {mac}}}\n"
            self.assertEqual("ethernets/wan", self.identity(text), mac)

    def test_by_a_mac_that_yaml_takes_for_a_number(self) -> None:
        """52:54:00:12:34:56 without quotes is one in base 60."""
        text = "  ethernets:\n    wan:\n      match:\n        macaddress: 52:54:00:12:34:56\n"
        self.assertEqual("ethernets/wan", self.identity(text, mac="52:54:00:12:34:56"))

    def test_by_its_driver(self) -> None:
        for match in ("virtio_net", '"virtio*"', "[e1000, virtio_net]"):
            text = f"  ethernets:\n    wan:\n      match: {{driver: {match}}}\n"
            self.assertEqual("ethernets/wan", self.identity(text), match)
        with self.assertRaises(Unmanaged):
            fit("  ethernets:\n    wan:\n      match: {driver: e1000}\n")

    def test_by_a_pattern_of_its_name(self) -> None:
        self.assertEqual("ethernets/any", self.identity('  ethernets:\n    any:\n      match: {name: "en*"}\n'))

    def test_by_the_name_that_netplan_gives_it(self) -> None:
        text = f"  ethernets:\n    wan:\n      match: {{macaddress: {MAC}}}\n      set-name: ens3\n"
        self.assertEqual("ethernets/wan", self.identity(text))

    def test_what_is_in_force_at_networkd_wins(self) -> None:
        text = "  ethernets:\n    ens3: {}\n    wan:\n      match: {name: ens3}\n"
        self.assertEqual("ethernets/wan", self.identity(text, networkd_id="wan"))

    def test_its_own_name_wins_over_a_mac(self) -> None:
        """A bridge has the MAC of its port: the enslaved card must not get the address."""
        text = (
            f"  ethernets:\n    port:\n      match: {{macaddress: {MAC}}}\n"
            "  bridges:\n    ens3:\n      interfaces: [port]\n      dhcp4: true\n"
        )
        for virtual in (True, False):
            self.assertEqual("bridges/ens3", self.identity(text, virtual=virtual))
        two = f"  ethernets:\n    port:\n      match: {{macaddress: {MAC}}}\n    ens3: {{dhcp4: true}}\n"
        self.assertEqual("ethernets/ens3", self.identity(two))

    def test_a_match_finds_no_interface_that_is_made_of_others(self) -> None:
        with self.assertRaises(Unmanaged):
            fit(f"  ethernets:\n    port:\n      match: {{macaddress: {MAC}}}\n", name="ens3", virtual=True)

    def test_tunnels_and_the_other_kinds(self) -> None:
        for kind in ("tunnels", "bridges", "bonds", "vlans", "vrfs", "dummy-devices"):
            self.assertEqual(f"{kind}/ens3", self.identity(f"  {kind}:\n    ens3: {{dhcp4: true}}\n"), kind)

    def test_an_interface_that_netplan_does_not_have(self) -> None:
        with self.assertRaises(Unmanaged):
            fit("  ethernets:\n    eth9: {}\n")

    def test_the_owner_is_told_of_another_id(self) -> None:
        found = fit("  ethernets:\n    wan:\n      match: {name: ens3}\n")
        self.assertIn("in this server's netplan files the uplink is ethernets/wan", found.notes)


class WhatIsThereAlready(unittest.TestCase):
    HAS = "  ethernets:\n    ens3:\n"

    def settings(self, text: str, **fields: Any) -> dict[str, Any]:
        return ours(fit(self.HAS + text, **fields))[2]

    def test_nothing(self) -> None:
        self.assertEqual(Fitted(OURS, []), fit(self.HAS + "      dhcp4: true\n"))

    def test_our_address_in_another_spelling_and_length(self) -> None:
        found = self.settings('      addresses: ["2A03:2222:3333:4444:0::2/128"]\n')
        self.assertNotIn("addresses", found)

    def test_our_address_with_options(self) -> None:
        found = self.settings('      addresses:\n        - "2a03:2222:3333:4444::2/64": {lifetime: 0}\n')
        self.assertNotIn("addresses", found)

    def test_a_default_route_in_each_spelling(self) -> None:
        for to in ("default", '"::/0"', '"0::0/0"'):
            found = self.settings(f'      routes:\n        - {{to: {to}, via: "fe80::9"}}\n')
            self.assertNotIn("routes", found, to)
        self.assertNotIn("routes", self.settings('      gateway6: "fe80::9"\n'))

    def test_an_ipv4_default_route_is_another_one(self) -> None:
        found = self.settings("      routes:\n        - {to: default, via: 1.2.0.1}\n")
        self.assertEqual("fe80::1", found["routes"][0]["via"])

    def test_a_route_in_another_table_is_another_one(self) -> None:
        found = self.settings('      routes:\n        - {to: default, via: "fe80::9", table: 100}\n')
        self.assertIn("routes", found)

    def test_a_default_route_by_router_advertisements(self) -> None:
        found = self.settings("      dhcp4: true\n", advertised=("route",))
        self.assertNotIn("routes", found)
        self.assertIs(True, found["accept-ra"])

    def test_an_address_by_router_advertisements(self) -> None:
        found = self.settings("      dhcp4: true\n", advertised=("address",))
        self.assertIs(True, found["accept-ra"])

    def test_dhcp6_needs_router_advertisements(self) -> None:
        self.assertIs(True, self.settings("      dhcp6: true\n")["accept-ra"])

    def test_the_owners_own_accept_ra_stays(self) -> None:
        self.assertNotIn("accept-ra", self.settings("      accept-ra: true\n"))

    def test_router_advertisements_by_the_answers(self) -> None:
        """With --gateway ra the file has no route, and overrides an installer's accept-ra: false."""
        wanted = OURS.split("      routes:")[0].replace("accept-ra: false", "accept-ra: true")
        for theirs in ("accept-ra: false", "dhcp4: true", 'routes: [{to: default, via: "fe80::9"}]'):
            text = f"network:\n  version: 2\n  ethernets:\n    ens3:\n      {theirs}\n"
            found = netplan_files.fit(wanted, [text], uplink())
            self.assertIs(True, ours(found)[2]["accept-ra"], theirs)
            self.assertNotIn("routes", ours(found)[2])

    def test_a_tunnel_without_a_gateway(self) -> None:
        wanted = OURS.replace('via: "fe80::1"', "scope: link")
        theirs = "network: {tunnels: {ens3: {mode: sit, local: 1.2.3.4, remote: 1.2.3.5}}}"
        found = netplan_files.fit(wanted, [theirs], uplink(virtual=True))
        self.assertEqual(("tunnels", "ens3"), ours(found)[:2])
        self.assertEqual([{"to": "::/0", "scope": "link"}], ours(found)[2]["routes"])
        self.assertEqual({"2a03:2222:3333:4444::2/64", "default,"}, netplan_files.described(found.text))
        lines = ["route6 default dev ens3 proto static metric 1024", "route6 default dev ens30 proto static"]
        self.assertEqual(lines[1:], netplan_files.without_routes(lines, {"default,"}, "ens3"))
        had = netplan_files.fit(wanted, [theirs[:-3] + ', routes: [{to: "::/0", scope: link}]}}}'], uplink())
        self.assertIn("the IPv6 default route is already configured", had.notes)

    def test_settings_of_several_files_count_together(self) -> None:
        found = netplan_files.fit(
            OURS,
            [
                "network: {ethernets: {ens3: {dhcp4: true}}}",
                'network: {ethernets: {ens3: {addresses: ["2a03:2222:3333:4444::2/64"]}}}',
            ],
            uplink(),
        )
        self.assertNotIn("addresses", ours(found)[2])

    def test_the_result_says_where_it_is_from(self) -> None:
        found = fit(self.HAS + "      accept-ra: true\n")
        self.assertTrue(found.text.startswith("# From host/etc/netplan/60-kong-ipv6.yaml"))


class WhatOurFileDescribes(unittest.TestCase):
    def test_addresses_and_routes(self) -> None:
        expected = {"2a03:2222:3333:4444::2/64", "default,fe80::1"}
        self.assertEqual(expected, netplan_files.described(OURS))
        self.assertEqual(expected, netplan_files.described(yaml.safe_dump(yaml.safe_load(OURS))))
        self.assertEqual(set(), netplan_files.described(""))

    def test_only_described_routes_are_taken_out_of_a_snapshot(self) -> None:
        lines = [
            "addr ens3 2a03:2222:3333:4444::2/64",
            "route6 default via fe80::1 dev ens3 proto static metric 1024",
            "path6 2001:db8::/32 via fe80::1 dev ens3 proto static",
            "path6 2001:db8::/32 via fe80::1 dev eth1 proto static",
            "path6 2001:db9::/32 via fe80::1 dev ens3 proto static",
        ]
        routes = {"default,fe80::1", "2001:db8::/32,fe80::1"}
        self.assertEqual([lines[0], lines[3], lines[4]], netplan_files.without_routes(lines, routes, "ens3"))
