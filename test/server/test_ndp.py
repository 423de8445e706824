"""Who answers Neighbor Solicitations for Kong: ndppd, the kernel, or nobody."""

from __future__ import annotations

from support.case import Case
from support.server import Server

DROP_IN = "/etc/systemd/network/10-netplan-ens3.network.d/60-kong-ndp.conf"


class Ndppd(Case):
    def test_it_starts_now_and_at_every_boot(self) -> None:
        server = self.server()
        self.assertEqual(
            ["ndp: ndppd.service will be started now, and started at every boot"], self.changes(server, "ndp")
        )
        server.run("apply")
        self.assertIn("ndppd.service", server.active)
        self.assertEqual([], self.changes(server, "ndp"))

    def test_it_is_restarted_for_another_configuration(self) -> None:
        server = self.applied()
        server.write("/etc/ndppd.conf", "edited\n")
        self.assertEqual(
            ["ndp: ndppd.service will be restarted now, and started at every boot"], self.changes(server, "ndp")
        )

    def test_it_is_started_where_it_stopped_or_is_not_enabled(self) -> None:
        server = self.applied()
        server.active.discard("ndppd.service")
        self.assertIn("will be started now", self.changes(server, "ndp")[0])
        server = self.applied()
        (server.root / "etc/systemd/system/multi-user.target.wants/ndppd.service").unlink()
        self.assertIn("started at every boot", self.changes(server, "ndp")[0])

    def test_it_stops_after_a_rollback(self) -> None:
        server = self.applied()
        server.run("rollback")
        self.assertNotIn("ndppd.service", server.active)


class TheKernel(Case):
    def test_networkd_must_manage_the_uplink(self) -> None:
        for state in ("unmanaged", "", "failed"):
            server = self.kernel_ndp()
            server.write("/run/systemd/netif/links/2", f"ADMIN_STATE={state}\n")
            self.refused(server, "ndp", "systemd-networkd doesn't manage ens3", "--ndp ndppd")
        server = self.kernel_ndp()
        server.active.discard("systemd-networkd")
        self.refused(server, "ndp", "systemd-networkd doesn't manage ens3", "--ndp ndppd")
        self.assertEqual([], self.refusals(self.kernel_ndp(), "ndp"))

    def test_it_answers_after_apply(self) -> None:
        server = self.kernel_ndp()
        server.run("apply")
        self.assertEqual([(server.plan.kong, "ens3")], server.kernel.proxied)
        self.assertEqual([], self.changes(server, "ndp"))

    def test_the_drop_in_is_put_where_netplans_id_says(self) -> None:
        server = self.kernel_ndp()
        server.write(
            "/run/systemd/netif/links/2",
            "ADMIN_STATE=configured\nNETWORK_FILE=/run/systemd/network/10-netplan-wan.network\n",
        )
        server.write(
            "/etc/netplan/50-cloud-init.yaml",
            (server.read("/etc/netplan/50-cloud-init.yaml") or "").replace(
                "ens3:", 'wan:\n      match: {name: "ens3"}'
            ),
        )
        self.assertEqual(0, server.run("apply"), server.printed)
        self.assertIsNotNone(server.read(DROP_IN.replace("ens3", "wan")))

    def test_an_entry_that_is_gone_is_made_again(self) -> None:
        server = self.kernel_ndp()
        server.applied()
        server.kernel.proxied = []
        self.assertEqual(
            [f"ndp: networkd will let the kernel answer for {server.plan.kong} on ens3"], self.changes(server, "ndp")
        )
        self.assertEqual(0, server.run("apply"), server.printed)
        self.assertEqual([(server.plan.kong, "ens3")], server.kernel.proxied)

    def renumbered(self, server: Server) -> str:
        """A hard cut to another address for Kong."""
        old, new = server.plan.kong, "2a03:2222:3333:4444:300::9100"
        server.applied()
        path = server.repository / f"host{DROP_IN}"
        path.write_text(path.read_text().replace(old, new))
        server.change_plan(kong=new)
        server.env(KONG_BIND_IPV6=new)
        text = server.docker.recording
        for one in (text["kong"], *text["containers"]):
            at = one["NetworkSettings"]["Networks"].get("ipv6_exposed")
            if at:
                at["GlobalIPv6Address"] = at["IPAMConfig"]["IPv6Address"] = new
        server.hashes["kong"] = "renumbered"
        for one in text["containers"]:
            if one["Labels"]["com.docker.compose.service"] == "kong":
                one["Labels"]["com.docker.compose.config-hash"] = "renumbered"
        return old

    def test_the_entry_of_the_replaced_plan_goes(self) -> None:
        server = self.kernel_ndp()
        self.renumbered(server)
        self.assertEqual(0, server.run("apply"), server.printed)
        self.assertEqual([(server.plan.kong, "ens3")], server.kernel.proxied)

    def test_the_entry_goes_where_ndppd_takes_over(self) -> None:
        server = self.kernel_ndp()
        server.applied()
        old = server.plan.kong
        for path in ("ndppd.conf", "systemd/system/ndppd.service"):
            (server.repository / "host/etc" / path).write_text("[Unit]\n")
        (server.repository / f"host{DROP_IN}").unlink()
        server.change_plan(ndp="ndppd")
        self.assertEqual(0, server.run("apply"), server.printed)
        self.assertNotIn((old, "ens3"), server.kernel.proxied)
        # Bug: networkd kept it in memory, and set it again when the link came up.
        self.happened(server, "run networkctl reload", "run networkctl reconfigure ens3")

    def test_rollback_takes_the_entry_and_the_setting_back(self) -> None:
        server = self.kernel_ndp()
        before = server.state()
        server.applied()
        self.assertEqual("1", server.kernel.sysctl("net.ipv6.conf.ens3.proxy_ndp"))
        server.run("rollback")
        self.same_state(before, server.state())

    def test_entries_of_the_owners_own_stay(self) -> None:
        server = self.kernel_ndp()
        server.kernel.sysctl("net.ipv6.conf.ens3.proxy_ndp", "1")
        server.kernel.proxied.append(("2a03:2222:3333:4444:9::1", "ens3"))
        server.applied()
        server.run("rollback")
        self.assertEqual([("2a03:2222:3333:4444:9::1", "ens3")], server.kernel.proxied)


class Verify(Case):
    def test_each_kind(self) -> None:
        for server in (self.applied(), self.kernel_ndp().applied()):
            self.assertEqual("ok", self.results(server, "ndp")["ndp"].level)
            server.outside.answered = False
            self.fails(server, "ndp", "ndp", f"doesn't answer a Neighbor Solicitation for {server.plan.kong}")
            server.outside.problem = "no tc"
            self.assertEqual("warn", self.results(server, "ndp")["ndp"].level)

    def test_nobody_has_to_where_the_prefix_is_routed(self) -> None:
        self.assertEqual("ok", self.results(self.server(ndp="none", delivery="routed"), "ndp")["ndp"].level)
        self.assertEqual("warn", self.results(self.server(ndp="none"), "ndp")["ndp"].level)
