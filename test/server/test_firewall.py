"""The product's own nftables table, where ufw doesn't filter."""

from __future__ import annotations

from kong_ipv6.system import Ran
from support import TOP
from support.case import Case
from support.programs import FIREWALL


class Firewall(Case):
    def test_it_is_loaded_where_ufw_is_missing_or_inactive(self) -> None:
        self.assertIn("(ufw is not installed)", self.changes(self.server(), "firewall")[0])
        self.assertIn("(ufw is inactive)", self.changes(self.server().with_ufw(enabled=False), "firewall")[0])
        self.assertEqual([], self.changes(self.server().with_ufw(), "firewall"))

    def test_it_is_loaded_now_and_at_every_boot(self) -> None:
        server = self.applied()
        self.assertIn(FIREWALL, server.active)
        self.assertTrue((server.root / f"etc/systemd/system/multi-user.target.wants/{FIREWALL}").is_symlink())
        self.assertIn("table inet kong_ipv6 {", server.table)

    def test_bridges_of_others_are_left_alone(self) -> None:
        server = self.server()
        server.kernel.add_link("vmbr0", "52:54:00:00:00:02", "bridge")
        self.assertIn(
            "firewall: traffic to bridges that are not Docker's will not be filtered: vmbr0",
            self.changes(server, "firewall"),
        )
        server.run("apply")
        self.assertIn('add element inet kong_ipv6 others { "vmbr0" }', server.read("/etc/kong-ipv6/firewall.nft") or "")

    def test_where_ipv4_comes_in_is_outside_too(self) -> None:
        """Bug: what came in by a bridge that only IPv4 uses counted as this server's own."""
        server = self.server()
        server.kernel.add_link("br0", "52:54:00:00:00:03", "bridge")
        server.kernel.routes[4] = ["default via 10.0.0.1 dev br0 proto static"]
        self.assertNotIn("br0", "\n".join(self.changes(server, "firewall")))
        self.assertEqual(0, server.run("apply"), server.printed)
        text = server.read("/etc/kong-ipv6/firewall.nft") or ""
        self.assertIn('add element inet kong_ipv6 uplinks { "br0" }', text)
        self.assertNotIn('others { "br0" }', text)

    def test_dockers_bridges_are_none_of_others(self) -> None:
        server = self.applied()
        self.assertNotIn("add element", server.read("/etc/kong-ipv6/firewall.nft") or "")

    def test_it_does_not_refuse_without_a_filter_but_says_so(self) -> None:
        server = self.server("26.1.5", firewall="none")
        server.run("apply", "--dry-run")
        self.assertIn("open    firewall    these scripts set up no firewall", server.printed)
        self.assertIn("opens every port of every container", server.printed)

    def test_ufw_without_ipv6_is_refused(self) -> None:
        server = self.server().with_ufw(ipv6="no")
        self.refused(server, "firewall", "ufw is active with IPV6=no", "IPV6=yes in /etc/default/ufw")

    def test_a_ufw_that_is_off_may_have_no_ipv6(self) -> None:
        self.assertEqual([], self.refusals(self.server().with_ufw(ipv6="no", enabled=False), "firewall"))


class Verify(Case):
    def test_a_table_that_is_gone(self) -> None:
        server = self.applied()
        server.table = ""
        self.fails(server, "firewall", "firewall", "is not loaded")

    def test_a_table_that_was_flushed(self) -> None:
        server = self.applied()
        rule = "type filter hook forward priority filter - 10; policy accept;"
        server.table = f"table inet kong_ipv6 {{\n\tchain forward {{\n\t\t{rule}\n\t}}\n}}\n"
        self.fails(server, "firewall", "firewall", "has lost its rules")
        self.assertEqual(
            ["firewall: the table inet kong_ipv6 will be loaded, now and at every boot (ufw is not installed)"],
            self.changes(server, "firewall"),
        )

    def test_nothing_filters(self) -> None:
        old, new = self.server("26.1.5", firewall="none"), self.server("28.5.2", firewall="none")
        self.assertIn("open to the world", self.results(old, "firewall")["firewall"].detail)
        self.assertEqual("warn", self.results(new, "firewall")["firewall"].level)

    def test_an_interrupted_run_for_other_answers_is_no_reason_to_fail(self) -> None:
        """Bug: the begun step started a unit that the new answers had removed, in each run."""
        server = self.applied()
        server.context().journal.record("todo", "firewall", "begun")
        server.change_plan(firewall="none")
        for path in ("kong-ipv6/firewall.nft", f"systemd/system/{FIREWALL}"):
            (server.repository / "host/etc" / path).unlink()
        self.assertEqual(0, server.run("apply"), server.printed)
        self.assertNotIn(FIREWALL, server.active)

    def test_ufw_was_enabled_since(self) -> None:
        server = self.applied().with_ufw()
        self.assertEqual("warn", self.results(server, "firewall")["firewall"].level)
        self.assertEqual(0, server.run("apply"), server.printed)
        self.assertNotIn(FIREWALL, server.active)


class OtherEngines(Case):
    def test_what_dockers_previous_backend_left_behind(self) -> None:
        """After a live switch to nftables the policy of the iptables backend stays until a boot: all IPv4 is dead."""
        for engine, left in (("29.7.2-nftables", True), ("29.7.2", False)):
            server = self.applied(engine)
            self.assertEqual("ok", self.results(server, "firewall")["firewall"].level)
            server.forward_policy = "-P FORWARD DROP\n-A FORWARD -j DOCKER-USER\n"
            found = self.results(server, "firewall")["firewall"]
            self.assertEqual("fail" if left else "ok", found.level, engine)
            self.assertEqual(int(left), server.run("verify"), server.printed)
            if left:
                self.assertIn("FORWARD policy is still DROP", found.detail)
                self.assertIn("reboot", found.remedy)

    def test_each_program_is_asked_for_what_the_previous_backend_left(self) -> None:
        """Bug: only iptables was asked, and dockerd sets ip6tables' policy too."""
        for attribute, text in (("forward_policy", "all IPv4"), ("forward_policy6", "all IPv6")):
            server = self.applied("29.7.2-nftables")
            setattr(server, attribute, "-P FORWARD DROP\n")
            self.assertIn(text, self.results(server, "firewall")["firewall"].detail)

    def test_the_policy_of_ufw_itself_is_no_leftover(self) -> None:
        server = self.server("29.7.2-nftables").with_ufw().applied()
        server.forward_policy = "-P FORWARD DROP\n"
        self.assertNotIn(
            "firewall", [name for name, one in self.results(server, "firewall").items() if one.level == "fail"]
        )

    def test_docker_27_drops_ping_without_ufw(self) -> None:
        for engine, warns in (("26.1.5", False), ("27.5.1", True), ("28.5.2", False)):
            server = self.applied(engine)
            found = self.results(server, "firewall")
            self.assertEqual(warns, "ping" in found, engine)
            if warns:
                self.assertEqual("warn", found["ping"].level)
                rule = f"-I DOCKER-USER -i ens3 -d {server.plan.kong} -p icmpv6 --icmpv6-type echo-request -j ACCEPT"
                self.assertIn(rule, found["ping"].remedy)
        self.assertNotIn("ping", self.results(self.server("27.5.1").with_ufw().applied(), "firewall"))


class Undo(Case):
    def test_the_table_goes(self) -> None:
        server = self.applied()
        server.run("rollback")
        self.assertEqual("", server.table)
        self.assertNotIn(FIREWALL, server.active)

    def test_a_table_that_cannot_be_deleted_stops_the_rollback(self) -> None:
        server = self.applied()
        server.programs_run.answers = {
            "systemctl --quiet stop kong": Ran(0, "", ""),
            "nft delete": Ran(1, "", "Device or resource busy\n"),
        }
        self.assertEqual(1, server.run("rollback"))
        self.assertIn(
            "nft can't remove the table inet kong_ipv6\n  Remedy: nft delete table inet kong_ipv6", server.printed
        )


class TheUnits(Case):
    """What the generated units have to say."""

    def unit(self, name: str) -> dict[str, str]:
        text = (TOP / "files/host/etc/systemd/system" / name).read_text()
        lines = [line.split("=", 1) for line in text.splitlines() if "=" in line and not line.startswith("#")]
        return dict(lines)

    def test_the_table_is_there_before_the_network(self) -> None:
        unit = self.unit(FIREWALL)
        before = unit["Before"].split()
        self.assertIn("network-pre.target", before)
        self.assertIn("docker.service", before)
        self.assertEqual("network-pre.target", unit["Wants"])
        self.assertEqual("no", unit["DefaultDependencies"])
        self.assertNotIn("network", unit["After"])

    def test_the_table_comes_back_after_nftables_flushes_all(self) -> None:
        self.assertEqual("nftables.service", self.unit(FIREWALL)["After"])
        unit = self.unit("nftables.service.d/kong-ipv6.conf")
        for key in ("ExecStartPost", "ExecReload", "ExecStopPost"):
            self.assertIn("-f /etc/kong-ipv6/firewall.nft", unit[key])

    def test_ndppd_is_tried_for_as_long_as_it_takes(self) -> None:
        unit = self.unit("ndppd.service")
        self.assertEqual("0", unit["StartLimitIntervalSec"])
        self.assertEqual("always", unit["Restart"])
        self.assertEqual("network-online.target", unit["After"])
