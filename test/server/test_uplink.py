"""The server's own address and default route: those that are kept are there, and last."""

from __future__ import annotations

from support import netplan
from support.case import SLAAC, Case
from support.kernel import Address
from support.server import Server

FILE = "/etc/netplan/60-kong-ipv6.yaml"
HOST = "2a03:2222:3333:4444::2"
DROP_IN = "/etc/systemd/network/10-netplan-ens3.network.d/60-kong-ra.conf"
SYSCTLS = "/etc/sysctl.d/60-kong-ipv6.conf"


def route(server: Server, *lines: str) -> None:
    server.kernel.routes[6] = [line for line in server.kernel.routes[6] if not line.startswith("default")]
    server.kernel.routes[6] += lines


class Kept(Case):
    def test_apply_gives_the_server_nothing_and_rollback_restores_it(self) -> None:
        server = self.kept()
        before = server.state()
        server.applied()
        self.assertIsNone(server.read(FILE))
        self.assertNotIn("netplan apply", server.commands)
        self.assertIn(f"ens3 has {SLAAC} and a default route", server.printed)
        self.assertEqual(0, server.run("apply", "--dry-run"), server.printed)
        self.assertEqual(0, server.run("rollback"), server.printed)
        self.same_state(before, server.state())

    def test_no_address(self) -> None:
        server = self.kept()
        server.kernel.addresses = [one for one in server.kernel.addresses if not one.text.startswith(SLAAC)]
        self.refused(
            server, "uplink", "ens3 has no global IPv6 address of its own", "--host ADDRESS, with the address that"
        )
        for flag in ("temporary", "dadfailed"):
            server.kernel.addresses.append(Address("ens3", f"{SLAAC}/64", "global", (flag,)))
            self.refused(server, "uplink", "ens3 has no global IPv6 address", "--host ADDRESS")
        # Hetzner Cloud's Debian image: valid for ever, but deprecated.
        server.kernel.addresses.append(Address("ens3", f"{HOST}/64", "global", ("deprecated",)))
        self.assertEqual([], self.refusals(server, "uplink"))

    def test_no_route_through_the_uplink(self) -> None:
        server = self.kept()
        route(server, "default via fe80::9 dev eth1 proto ra metric 1024")
        self.refused(server, "uplink", "no IPv6 default route through ens3", "from router advertisements")
        server = self.kept(gateway="fe80::7")
        route(server)
        self.refused(server, "uplink", "no IPv6 default route through ens3", "configure the default route via fe80::7")

    def test_another_gateway(self) -> None:
        server = self.kept(gateway="fe80::7")
        self.refused(server, "uplink", "ens3 goes via fe80::1, not via fe80::7", "regenerate --gateway fe80::1")
        server = self.kept(gateway="none", delivery="routed", ndp="none")
        self.refused(server, "uplink", "goes via fe80::1, but the answers say --gateway none", "--gateway fe80::1")
        route(server, "default dev ens3 proto static metric 1024 pref medium")
        self.assertEqual([], self.refusals(server, "uplink"))
        server.change_plan(gateway="fe80::7")
        self.refused(server, "uplink", "ens3 goes to no gateway, not via fe80::7", "regenerate --gateway none")

    def test_any_of_several_routes_will_do(self) -> None:
        hops = "nexthop via fe80::1 dev ens3 weight 1 \\	nexthop via fe80::7 dev ens3 weight 1"
        for lines in (
            ["default via fe80::1 dev ens3 proto ra metric 1024", "default via fe80:0::7 dev ens3 metric 2048"],
            [f"default proto ra metric 1024 pref medium \\	{hops}"],
            # wg-quick's own table.
            ["default via fe80::7 dev ens3 table 51820 metric 1024 pref medium"],
        ):
            server = self.kept(gateway="fe80::7")
            route(server, *lines)
            self.assertEqual([], self.refusals(server, "uplink"), lines)

    def test_what_goes_missing_later(self) -> None:
        server = self.kept().applied()
        route(server)
        self.fails(server, "uplink", "uplink", "there is no IPv6 default route through ens3")
        server.change_plan(gateway="fe80::7")
        route(server, "default via fe80::1 dev ens3 proto static metric 1024")
        self.fails(server, "uplink", "uplink", "goes via fe80::1, not via fe80::7")
        server.kernel.addresses = [one for one in server.kernel.addresses if not one.text.startswith(SLAAC)]
        self.fails(server, "uplink", "uplink", "ens3 does not have a global IPv6 address")


class Advertisements(Case):
    def test_networkd_takes_them_with_forwarding_too(self) -> None:
        """By default it ignores them from the next boot on."""
        server = self.kept().applied()
        self.assertIn("IPv6AcceptRA=yes", server.read(DROP_IN) or "")
        # One that has just run out.
        route(server, "default via fe80::1 dev ens3 proto static metric 1024")
        server.kernel.addresses.append(Address("ens3", f"{HOST}/64"))
        server.kernel.addresses = [one for one in server.kernel.addresses if "dynamic" not in one.flags]
        self.assertEqual([], self.changes(server, "files"))

    def test_static_settings_need_none(self) -> None:
        server = self.kept(gateway="fe80::1")
        server.kernel.addresses = [one for one in server.kernel.addresses if "dynamic" not in one.flags]
        server.kernel.addresses.append(Address("ens3", f"{HOST}/64"))
        route(server, "default via fe80::1 dev ens3 proto static metric 1024")
        server.applied()
        self.assertIsNone(server.read(DROP_IN))

    def test_the_kernel_takes_them_with_forwarding_too(self) -> None:
        server = self.kept()
        server.unmanaged()
        before = server.state()
        server.applied()
        self.assertEqual("2", server.kernel.sysctl("net.ipv6.conf.ens3.accept_ra"))
        self.assertIsNone(server.read(DROP_IN))
        self.assertIn("accept_ra = 2", server.read(SYSCTLS) or "")
        server.kernel.sysctl("net.ipv6.conf.ens3.accept_ra", "1")
        self.fails(server, "uplink", "uplink", "accept_ra is 1: with forwarding on")
        server.kernel.sysctl("net.ipv6.conf.ens3.accept_ra", "2")
        self.assertEqual(0, server.run("rollback"), server.printed)
        self.same_state(before, server.state())


class FromAnotherAnswer(Case):
    """An address that our netplan file gave goes with it."""

    def now_kept(self, server: Server) -> None:
        server.change_plan(host="keep", gateway="ra")
        (server.repository / "host/etc/netplan/60-kong-ipv6.yaml").unlink()

    def test_nothing_else_gives_an_address_and_a_route(self) -> None:
        server = self.applied()
        self.now_kept(server)
        causes = [one.cause for one in self.refusals(server, "uplink")]
        self.assertEqual(2, len(causes))
        self.assertIn("ens3 has no global IPv6 address of its own", causes[0])
        self.assertIn("there is no IPv6 default route through ens3", causes[1])

    def test_the_file_goes_and_what_else_the_server_has_stays(self) -> None:
        server = self.applied()
        mine = "      addresses:\n        - 1.2.3.4/22\n        - 2a03:2222:3333:4444::7/64\n"
        text = netplan.CLOUD_INIT.replace("      addresses:\n        - 1.2.3.4/22\n", mine)
        server.write("/etc/netplan/50-cloud-init.yaml", text + '        - {to: "::/0", via: "fe80::9"}\n', mode=0o600)
        netplan.apply(server)
        self.now_kept(server)
        self.assertEqual(0, server.run("apply"), server.printed)
        self.assertIsNone(server.read(FILE))
        self.happened(server, "run netplan apply")
        has = [one.text for one in server.kernel.addresses if one.dev == "ens3" and one.scope == "global"]
        self.assertEqual(["1.2.3.4/22", "2a03:2222:3333:4444::7/64"], has)
        self.assertEqual(0, server.run("apply", "--dry-run"), server.printed)


class Verify(Case):
    def test_each_thing_that_is_missing(self) -> None:
        server = self.applied()
        self.assertEqual("ok", self.results(server, "uplink")["uplink"].level)
        kept = server.kernel.addresses
        server.kernel.addresses = [one for one in kept if not one.text.startswith(HOST)]
        self.fails(server, "uplink", "uplink", f"ens3 does not have the address {HOST}")
        server.kernel.addresses = [
            one._replace(flags=("dadfailed",)) if one.text.startswith(HOST) else one for one in kept
        ]
        self.fails(server, "uplink", "uplink", "another machine uses the same address as ens3")
        server.kernel.addresses = kept
        server.kernel.routes[6] = []
        self.fails(server, "uplink", "uplink", "there is no IPv6 default route")
        server.change_plan(uplink__name="eth7")
        found = self.fails(server, "uplink", "uplink", "there is no interface eth7")
        self.assertIn("NAME is one of: ens3", found.remedy)
