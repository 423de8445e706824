"""The server's network as lines that can be compared and given back."""

from __future__ import annotations

import unittest

from kong_ipv6 import network_state
from kong_ipv6.network_state import missing, route_lines, rule_lines
from support.case import Case


class Lines(unittest.TestCase):
    def test_addresses(self) -> None:
        text = (
            "2: ens3    inet 1.2.3.4/22 brd 1.2.3.255 scope global ens3\\       valid_lft forever\n"
            "2: ens3    inet6 2a03::2/64 scope global \\       valid_lft forever preferred_lft forever\n"
            "2: ens3    inet6 2a03::3/64 scope global temporary dynamic \\       valid_lft 3sec preferred_lft 2sec\n"
            "2: ens3    inet6 2a03::4/64 scope global deprecated \\       valid_lft forever preferred_lft 0sec\n"
            "3: docker0    inet 172.17.0.1/16 scope global docker0\\       valid_lft forever\n"
            "4: br-123    inet 172.30.0.1/16 scope global br-123\\       valid_lft forever\n"
            "5: kong0    inet6 2a03:300::1/80 scope global \\       valid_lft forever\n"
        )
        self.assertEqual(["addr ens3 1.2.3.4/22", "addr ens3 2a03::2/64"], network_state.address_lines(text, "kong0"))

    def test_default_routes(self) -> None:
        lines = route_lines(6, "default via fe80::1 dev ens3 proto static metric 1024 pref medium\n", "kong0")
        self.assertEqual(["route6 default via fe80::1 dev ens3 proto static metric 1024 pref medium"], lines)

    def test_a_second_default_route_with_a_metric_of_its_own_counts_by_itself(self) -> None:
        lines = route_lines(4, "default via 1.2.0.9 dev eth1 metric 500\n", "kong0")
        self.assertEqual(["route4", "path4"], [line.split()[0] for line in lines])

    def test_what_comes_by_itself_is_not_in_it(self) -> None:
        for words in ("proto kernel", "proto ra", "proto dhcp", "proto bird", "proto bgp", "proto ospf"):
            self.assertEqual(
                [], route_lines(6, f"2001:db8::/32 via fe80::1 dev ens3 {words} metric 1\n", "kong0"), words
            )
        for line in (
            "2001:db8::/32 dev ens3 metric 1 expires 300sec",
            "2001:db8::/32 dev docker0 metric 1",
            "2001:db8::/32 dev kong0 metric 1",
            "local ::1 dev lo table local metric 0",
            "multicast ff00::/8 dev ens3 table local",
        ):
            self.assertEqual([], route_lines(6, f"{line}\n", "kong0"), line)

    def test_volatile_words_are_left_out(self) -> None:
        lines = route_lines(4, "10.0.0.0/8 via 1.2.0.9 dev ens3 proto static linkdown\n", "kong0")
        self.assertEqual(["path4 10.0.0.0/8 via 1.2.0.9 dev ens3 proto static"], lines)

    def test_rules(self) -> None:
        self.assertEqual(["rule6 pref 100 from 2a03::2 lookup 7"], rule_lines(6, "100:\tfrom 2a03::2 lookup 7\n"))

    def test_any_default_route_of_a_family_will_do(self) -> None:
        self.assertEqual([], missing(["route6 default via fe80::1 dev ens3"], ["route6 default via fe80::2 dev ens3"]))
        self.assertEqual(
            ["route6 default via fe80::1 dev ens3"],
            missing(["route6 default via fe80::1 dev ens3"], ["route4 default via 1.2.0.1"]),
        )

    def test_whatever_put_a_route_there(self) -> None:
        self.assertEqual(
            [],
            missing(
                ["path4 10.0.0.0/8 via 1.2.0.9 dev ens3 proto static"],
                ["path4 10.0.0.0/8 via 1.2.0.9 dev ens3 proto boot"],
            ),
        )

    def test_as_a_person_reads_them(self) -> None:
        shown = network_state.readable(
            ["addr ens3 1.2.3.4/22", "route6 default via fe80::1", "path4 10.0.0.0/8 dev ens3", "rule6 pref 1 from all"]
        )
        self.assertEqual(
            ["1.2.3.4/22 on ens3", "default via fe80::1", "10.0.0.0/8 dev ens3", "rule pref 1 from all"], shown
        )


class Network(Case):
    def test_what_is_gone_is_given_back(self) -> None:
        server = self.server()
        kernel = server.kernel
        kernel.routes[4].append("10.0.0.0/8 via 1.2.0.9 dev ens3 proto static")
        kernel.rules[6].append("100:\tfrom 2a03::2 lookup 7")
        with server.patched():
            network = server.context().network
            before = network.snapshot()
            kernel.addresses = [one for one in kernel.addresses if one.text != "1.2.3.4/22"]
            kernel.routes[4], kernel.rules[6] = [], kernel.rules[6][:1]
            self.assertEqual(4, len(network.lost(before)))
            network.restore_missing(before)
            self.assertEqual([], network.lost(before))

    def test_a_connection_keeps_the_address_that_leaves(self) -> None:
        for shown, held in (
            ("[2a03::9]:22", True),
            ("[::ffff:2a03::9]:22", False),
            ("[2a03::8]:22", False),
            ("[2a03::9%ens3]:22", True),
        ):
            server = self.server()
            server.connections = f"0 0 {shown} [2001:db8::5]:51000\n"
            with server.patched():
                server.context().network.keep_connected(["2a03::9/64"])
            self.assertEqual(held, any("preferred_lft 0" in line for line in server.commands), shown)

    def test_an_ipv4_connection_of_a_program_that_listens_on_both(self) -> None:
        server = self.server()
        server.connections = "0 0 [::ffff:1.2.3.4]:22 [::ffff:192.0.2.5]:51000\n"
        with server.patched():
            self.assertTrue(server.context().network.connected("1.2.3.4"))
