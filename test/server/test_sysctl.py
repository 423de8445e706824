"""Forwarding and what else the kernel is told."""

from __future__ import annotations

from support.case import Case

ALL = "net.ipv6.conf.all.forwarding"


class Changes(Case):
    def test_a_fresh_server(self) -> None:
        found = self.changes(self.server(), "sysctl")
        self.assertEqual([f"sysctl: {ALL} 0 → 1", "sysctl: net.ipv6.conf.default.forwarding 0 → 1"], found)

    def test_ipv4_is_forwarded_too(self) -> None:
        """Docker 29 with nftables doesn't turn it on, and doesn't start at the next boot without it."""
        server = self.server("29.7.2-nftables")
        server.kernel.sysctl("net.ipv4.ip_forward", "0")
        self.assertIn("sysctl: net.ipv4.ip_forward 0 → 1", self.changes(server, "sysctl"))
        server.run("apply")
        self.assertEqual("1", server.kernel.sysctl("net.ipv4.ip_forward"))
        self.assertIn("net.ipv4.ip_forward = 1", server.read("/etc/sysctl.d/60-kong-ipv6.conf") or "")
        server.run("rollback")
        self.assertEqual("0", server.kernel.sysctl("net.ipv4.ip_forward"))

    def test_an_interface_that_lost_it(self) -> None:
        server = self.applied()
        server.kernel.sysctl("net.ipv6.conf.ens3.forwarding", "0")
        self.assertEqual(["sysctl: net.ipv6.conf.ens3.forwarding 0 → 1"], self.changes(server, "sysctl"))
        self.assertEqual(0, server.run("apply"))
        self.assertEqual("1", server.kernel.sysctl("net.ipv6.conf.ens3.forwarding"))

    def test_what_the_owner_adds_to_our_file(self) -> None:
        server = self.server()
        path = server.repository / "host/etc/sysctl.d/60-kong-ipv6.conf"
        path.write_text(path.read_text() + "net/ipv6/conf/ens3/accept_ra = 0\n-net.ipv6.conf.missing.accept_ra = 0\n")
        self.assertIn("sysctl: net.ipv6.conf.ens3.accept_ra 1 → 0", self.changes(server, "sysctl"))

    def test_a_kernel_that_takes_router_advertisements_itself_goes_on(self) -> None:
        """With forwarding it takes them only where accept_ra is 2."""
        server = self.server()
        server.unmanaged()
        server.kernel.routes[6].append("default via fe80::1 dev ens3 proto ra metric 1024 expires 1797sec")
        self.assertIn("sysctl: net.ipv6.conf.ens3.accept_ra 1 → 2", self.changes(server, "sysctl"))


class Apply(Case):
    def test_every_value_is_recorded_before_the_first_one_is_set(self) -> None:
        server = self.server()
        server.run("apply")
        kinds = [kind for kind, _, _ in server.events if kind == "sysctl"]
        self.assertTrue(kinds)
        journal = server.context().journal
        self.assertEqual("0", journal.fact("sysctl", ALL))
        self.assertEqual("0", journal.fact("sysctl", "net.ipv6.conf.default.forwarding"))

    def test_a_route_that_forwarding_costs_is_given_back_and_apply_fails(self) -> None:
        server = self.server()
        route, follow = "default via fe80::9 dev ens3 proto static metric 50", server.kernel.follow
        server.kernel.routes[6].append(route)

        def loses(key: str) -> None:
            follow(key)
            if key == ALL and server.kernel.sysctl(ALL) == "1":
                server.kernel.routes[6].remove(route)

        server.kernel.follow = loses  # type: ignore[method-assign]
        before = server.kernel.sysctls()
        self.assertEqual(1, server.run("apply"))
        self.assertIn("turning forwarding on removed", server.printed)
        self.assertIn("the network was restored", server.printed)
        self.assertIn(route, server.kernel.routes[6])
        self.assertEqual(before, server.kernel.sysctls())

    def test_a_value_that_the_kernel_refuses(self) -> None:
        server = self.server()
        server.refused_sysctls.add("net.ipv6.conf.default.forwarding")
        before = server.kernel.sysctls()
        self.assertEqual(1, server.run("apply"))
        self.assertIn("the kernel rejects net.ipv6.conf.default.forwarding = 1", server.printed)
        self.assertEqual(before, server.kernel.sysctls())


class Verify(Case):
    def test_each_interface_that_counts(self) -> None:
        for name in ("all", "ens3", "ipv6_exposed"):
            server = self.applied()
            server.kernel.file(f"/proc/sys/net/ipv6/conf/{name}/forwarding", "0\n")
            self.fails(server, "sysctl", "forwarding", f"net.ipv6.conf.{name}.forwarding is not 1")

    def test_a_server_that_is_well(self) -> None:
        self.assertEqual("ok", self.results(self.applied(), "sysctl")["forwarding"].level)


class Undo(Case):
    def test_interfaces_that_had_another_value_than_all(self) -> None:
        """A write for all sets each interface's; only the record brings the exceptions back."""
        server = self.server()
        server.kernel.add_link("wg0", "", "wireguard")
        server.kernel.sysctl("net.ipv6.conf.wg0.forwarding", "1")
        before = server.kernel.sysctls()
        server.applied()
        self.assertNotEqual(before, server.kernel.sysctls())
        self.assertEqual(0, server.run("rollback"))
        self.assertEqual(before, server.kernel.sysctls())

    def test_a_name_with_a_dot(self) -> None:
        server = self.server()
        server.kernel.add_link("ens3.7", "52:54:00:6b:6f:6e", "vlan")
        server.kernel.sysctl("net.ipv6.conf.ens3/7.forwarding", "1")
        before = server.kernel.sysctls()
        server.applied()
        server.run("rollback")
        self.assertEqual(before, server.kernel.sysctls())

    def test_keys_other_than_those_for_all(self) -> None:
        server = self.kernel_ndp()
        path = server.repository / "host/etc/sysctl.d/60-kong-ipv6.conf"
        path.write_text(path.read_text() + "net.ipv6.conf.all.proxy_ndp = 1\nnet.ipv6.neigh.ens3.proxy_delay = 0\n")
        before = server.kernel.sysctls()
        server.applied()
        self.assertEqual("0", server.kernel.sysctl("net.ipv6.neigh.ens3.proxy_delay"))
        server.run("rollback")
        self.assertEqual(before, server.kernel.sysctls())

    def test_a_file_of_the_owners_decides_by_now(self) -> None:
        server = self.applied()
        server.write("/etc/sysctl.d/90-mine.conf", f"{ALL} = 1\n")
        self.assertEqual(0, server.run("rollback"))
        self.assertEqual("1", server.kernel.sysctl(ALL))
        self.assertIn(f"{ALL} is 1: a file in sysctl.d sets it", server.printed)
