"""The server's own address and route: netplan apply, and the network as it was where something gets lost."""

from __future__ import annotations

from kong_ipv6.system import Ran
from support import netplan
from support.case import Case
from support.kernel import Address
from support.server import Server

FILE = "/etc/netplan/60-kong-ipv6.yaml"
HOST = "2a03:2222:3333:4444::2"


class TheFiles(Case):
    def test_no_pyyaml(self) -> None:
        from unittest import mock

        with mock.patch("kong_ipv6.netplan_files.yaml", None):
            self.refused(self.server(), "netplan", "PyYAML is not installed", "apt-get install python3-yaml")

    def test_a_file_of_the_owners_that_cannot_be_read(self) -> None:
        server = self.server()
        server.write("/etc/netplan/90-mine.yaml", "network: [\n")
        found = self.refusals(server, "netplan")
        self.assertEqual(1, len(found))
        self.assertIn("netplan", found[0].cause)

    def test_netplan_refuses_ours(self) -> None:
        server = self.server()
        server.netplan_error = "** (generate:123): WARNING **: 12:00:00.1: conflicting default route\n"
        self.refused(
            server,
            "netplan",
            "netplan refuses the configuration: WARNING: conflicting default route",
            "correct the files in /etc/netplan",
        )

    def test_what_netplan_says_without_ours_too_is_no_refusal(self) -> None:
        server = self.server()
        server.programs_run._netplan = lambda words: Ran(0, "", "`gateway4` has been deprecated\n")  # type: ignore[method-assign]
        self.assertEqual([], self.refusals(server, "netplan"))

    def test_what_is_in_force_is_not_checked_again(self) -> None:
        server = self.applied()
        server.netplan_error = "anything\n"
        self.assertEqual([], self.refusals(server, "netplan"))

    def test_another_program_looks_after_the_uplink(self) -> None:
        server = self.server()
        server.programs.discard("netplan")
        self.refused(
            server,
            "netplan",
            f"netplan doesn't manage ens3, and ens3 does not have the address {HOST}",
            "/etc/network/interfaces",
        )
        server.kernel.addresses.append(Address("ens3", f"{HOST}/64"))
        self.refused(server, "netplan", "there is no IPv6 default route", "configure the default route via fe80::1")
        server.kernel.routes[6].append("default via fe80::1 dev ens3 metric 1024")
        self.assertEqual([], self.refusals(server, "netplan"))
        server.run("apply")
        self.assertIsNone(server.read(FILE))
        self.assertNotIn("netplan apply", server.commands)


class Apply(Case):
    def test_an_applied_server_has_nothing_to_change(self) -> None:
        self.assertEqual([], self.changes(self.applied(), "netplan"))

    def test_what_the_server_has_already_is_not_given_twice(self) -> None:
        server = self.applied()
        self.assertNotIn("1.2.3.4", server.read(FILE) or "")
        self.assertIn(f"{HOST}/64", server.read(FILE) or "")

    def test_an_address_that_was_taken_away_comes_back(self) -> None:
        server = self.applied()
        server.kernel.addresses = [one for one in server.kernel.addresses if not one.text.startswith(HOST)]
        self.assertIn(f"netplan: ens3 does not have the address {HOST}", self.changes(server, "netplan"))
        self.assertEqual(0, server.run("apply"), server.printed)

    def test_what_netplan_does_not_know_is_given_back_and_named(self) -> None:
        server = self.server()
        server.kernel.routes[4].append("10.0.0.0/8 via 1.2.0.9 dev ens3")
        self.assertEqual(0, server.run("apply"), server.printed)
        self.assertIn("10.0.0.0/8 via 1.2.0.9 dev ens3", server.kernel.routes[4])
        self.assertIn("restored: 10.0.0.0/8 via 1.2.0.9 dev ens3", server.printed)

    def test_an_address_that_netplan_does_not_know_stops_apply(self) -> None:
        """The next boot would take it away."""
        server = self.server()
        server.kernel.addresses.append(Address("ens3", "203.0.113.9/24"))
        before = server.kernel.state()["addresses"]
        self.assertEqual(1, server.run("apply"))
        self.assertIn("after netplan apply the server is missing 203.0.113.9/24 on ens3", server.printed)
        self.assertIn("add it to /etc/netplan, then run this again", server.printed)
        self.assertEqual(before, server.kernel.state()["addresses"])

    def lost(self, server: Server) -> None:
        """netplan apply takes the IPv4 address away, whatever the files say, as long as ours is there."""

        def apply(words: list[str]) -> Ran:
            if words[0] == "generate":
                return Ran(0, "", "")
            server.happens("run", "netplan apply")
            netplan.apply(server)
            if (server.root / FILE[1:]).exists():
                server.kernel.addresses = [one for one in server.kernel.addresses if one.text != "1.2.3.4/22"]
            return Ran(0, "", "")

        server.programs_run._netplan = apply  # type: ignore[method-assign]

    def test_an_address_that_gets_lost_brings_the_network_back_as_it_was(self) -> None:
        server = self.server()
        before = server.kernel.state()
        self.lost(server)
        self.assertEqual(1, server.run("apply"))
        self.assertIn("after netplan apply the server is missing 1.2.3.4/22 on ens3", server.printed)
        self.assertIn("the network was restored", server.printed)
        self.assertIsNone(server.read(FILE))
        self.assertEqual(before["addresses"], server.kernel.state()["addresses"])
        self.assertEqual(before["routes"], server.kernel.state()["routes"])

    def test_netplan_apply_fails(self) -> None:
        server = self.server()
        server.programs_run.answers["netplan apply"] = Ran(1, "", "networkd is not running\n")
        self.assertEqual(1, server.run("apply"))
        self.assertIn("netplan apply failed: networkd is not running", server.printed)
        self.assertIsNone(server.read(FILE))

    def test_a_failed_netplan_apply_left_forwarding_on(self) -> None:
        """networkd ignores router advertisements then: the server lost its IPv6 at the next boot."""
        server = self.server()
        before = server.kernel.state()["sysctls"]
        server.programs_run.answers["netplan apply"] = Ran(1, "", "networkd is not running\n")
        self.assertEqual(1, server.run("apply"))
        self.assertEqual(before, server.kernel.state()["sysctls"])
        self.assertIsNone(server.read("/etc/sysctl.d/60-kong-ipv6.conf"))

    def test_another_machine_takes_the_address_while_we_wait(self) -> None:
        server = self.server()
        before = server.kernel.state()["addresses"]
        apply = netplan.apply

        def duplicate(words: list[str]) -> Ran:
            if words[0] == "apply":
                server.happens("run", "netplan apply")
                apply(server)
                server.kernel.addresses = [
                    one._replace(flags=("tentative", "dadfailed")) if one.text.startswith(HOST) else one
                    for one in server.kernel.addresses
                ]
            return Ran(0, "", "")

        server.programs_run._netplan = duplicate  # type: ignore[method-assign]
        self.assertEqual(1, server.run("apply"))
        self.assertIn(f"{HOST} is in use by another machine on the link", server.printed)
        self.assertIn("regenerate --host", server.printed)
        self.assertEqual(before, server.kernel.state()["addresses"])


class Undo(Case):
    def test_our_address_and_route_go_and_all_others_stay(self) -> None:
        server = self.server()
        server.kernel.routes[4].append("10.0.0.0/8 via 1.2.0.9 dev ens3")
        before = server.kernel.state()
        server.applied()
        server.kernel.addresses.append(Address("ens3", "203.0.113.9/24"))
        before["addresses"] = sorted([*before["addresses"], Address("ens3", "203.0.113.9/24")])
        self.assertEqual(0, server.run("rollback"), server.printed)
        after = server.kernel.state()
        self.assertEqual(before["addresses"], after["addresses"])
        self.assertEqual(before["routes"], after["routes"])

    def test_networkd_begins_after_netplan_apply_has_returned(self) -> None:
        """Bug: what the owner had added since was compared before networkd took it away, and was lost."""
        server = self.applied()
        server.kernel.addresses.append(Address("ens3", "203.0.113.9/24"))
        ip, asked = server.programs_run._ip, list[int]()  # type: ignore[attr-defined]

        def later(words: list[str]) -> str:
            if asked and words[:3] == ["-o", "addr", "show"] and "global" in words:
                asked.append(1)
                if len(asked) == 4:
                    netplan.apply(server)
            return ip(words)

        def begins(words: list[str]) -> Ran:
            asked.append(0)
            return Ran(0, "", "")

        server.programs_run._ip, server.programs_run._netplan = later, begins  # type: ignore[method-assign]
        self.assertEqual(0, server.run("rollback"), server.printed)
        self.assertIn("restored: 203.0.113.9/24 on ens3", server.printed)
        self.assertIn(Address("ens3", "203.0.113.9/24"), server.kernel.addresses)

    def test_addresses_of_dhcp_and_advertisements_come_by_themselves(self) -> None:
        server = self.server()
        server.kernel.addresses.append(
            Address("ens3", "2a03:2222:3333:4444:5054:ff:fe6b:6f6e/64", "global", ("dynamic",))
        )
        before = server.kernel.state()
        server.applied()
        server.run("rollback")
        self.assertEqual(before["addresses"], server.kernel.state()["addresses"])
