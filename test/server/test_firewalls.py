"""ufw's rules, our own table, packages, and the files of host/."""

from __future__ import annotations

import unittest
import unittest.mock

from kong_ipv6 import ufw_rules
from kong_ipv6.resources.compose import ComposeUp
from kong_ipv6.resources.ufw import as_read, wanted
from simulated import ROOT, Case, Failure, Ran, run

ACTIVE = Ran(0, "", "")


class Ufw(Case):
    def active(self) -> None:
        self.server.put("/etc/ufw/ufw.conf", "ENABLED=yes\nLOGLEVEL=low\n")
        self.server.answers["^iptables -w -n -L ufw-user-input"] = ACTIVE
        self.server.answers["^ip6tables -w -n -L ufw6-user-forward"] = ACTIVE

    def test_the_rules_are_those_of_ufw_sh(self) -> None:
        """In the order of the script, with the values of its plan."""
        script = (ROOT / "templates" / "scripts" / "ufw.sh.hbs").read_text()
        for name, value in (
            ("uplink.name", self.server.plan.uplink),
            ("exposed.bridge", self.server.plan.bridge),
            ("kong.address", self.server.plan.kong),
            ("exposed.subnet", self.server.plan.subnet),
            ("backend.subnet", self.server.plan.backend),
        ):
            script = script.replace("'{{" + name + "}}'", value)
        lines = [line.strip()[6:] for line in script.splitlines() if line.strip().startswith("allow ")]
        rules = {line.replace('"$port"', port) for line in lines for port in ("80", "443")}
        self.assertEqual(rules, set(wanted(self.server.plan, nftables=True)))
        self.assertEqual(lines[:3], wanted(self.server.plan, nftables=False))

    def test_ufw_s_files_say_what_was_added(self) -> None:
        text = (
            "### tuple ### route:allow tcp 443 2a03::8100 any ::/0 in_ens3!out_ipv6_exposed comment=6b6f6e672d69707636\n"
            "### tuple ### route:allow any any ::/0 any 2a03::/80 in_ipv6_exposed!out_ens3.7 comment=6b6f6e672d69707636\n"
            "### tuple ### route:allow any any ::/0 any ::/0 in_a!out_a comment=6b6f6e672d69707636\n"
            "### tuple ### route:allow tcp 80 ::/0 any ::/0 in_ens3!out_x comment=6d696e65\n"
            "### tuple ### allow tcp 22 ::/0 any ::/0 in\n"
        )
        inward = "in on ens3 out on ipv6_exposed to 2a03::8100 port 443 proto tcp"
        outward = "in on ipv6_exposed out on ens3.7 from 2a03::/80"
        self.assertEqual(ufw_rules.parse(6, text), [inward, outward, "in on a out on a"])
        text = "### tuple ### route:allow tcp 80 0.0.0.0/0 any 0.0.0.0/0 in_ens3!out_x comment=6b6f6e672d69707636\n"
        text += "### tuple ### route:allow any any 10.0.0.0/24 any 10.0.0.0/24 in comment=6b6f6e672d69707636\n"
        text += "### tuple ### route:allow any any 0.0.0.0/0 any 10.0.0.0/24 out_ens3 comment=6b6f6e672d69707636\n"
        four = [
            "in on ens3 out on x to 0.0.0.0/0 port 80 proto tcp",
            "from 10.0.0.0/24 to 10.0.0.0/24",
            "out on ens3 from 10.0.0.0/24",
        ]
        self.assertEqual(ufw_rules.parse(4, text), four)

    def test_what_is_wanted_is_what_is_read(self) -> None:
        """A rule that is there isn't added again, nor deleted."""
        for rule in wanted(self.server.plan, nftables=True):
            self.assertTrue(all(one.startswith(rule) for one in as_read(rule)))

    def test_with_docker_s_nftables_backend_ufw_has_to_accept_ipv4_too(self) -> None:
        self.server.docker.data["info"]["FirewallBackend"] = {"Driver": "nftables"}
        plan = self.planned("ufw")
        self.assertIn("in on ens3 out on ipv6_exposed to 0.0.0.0/0 port 80 proto tcp", plan)
        self.assertIn("out on ens3 from 172.30.0.0/16", plan)
        self.assertIn("from 172.30.0.0/16 to 172.30.0.0/16", plan)
        self.server.with_plan(ipv4_published=False)
        self.assertNotIn("0.0.0.0/0 port", self.planned("ufw"))

    def test_builds_get_a_way_out_only_while_they_build(self) -> None:
        self.active()
        self.server.docker.data["info"]["FirewallBackend"] = {"Driver": "nftables"}
        with self.assertRaises(Failure), unittest.mock.patch.object(ComposeUp, "_up", side_effect=Failure("no")):
            run.apply(self.again().context, False)
        calls = [" ".join(call) for call in self.server.calls]
        rule = "in on docker0 out on ens3 to 0.0.0.0/0"
        added, deleted = (
            calls.index(f"ufw route allow {rule} comment kong-ipv6"),
            calls.index(f"ufw route delete allow {rule}"),
        )
        built = next(at for at, call in enumerate(calls) if call.endswith("build kong"))
        self.assertEqual(sorted((added, built, deleted)), [added, built, deleted])

    def test_added_to_an_inactive_ufw_too_and_undone_byte_for_byte(self) -> None:
        before = [self.server.text(path) for path in ufw_rules.FILES.values()]
        self.applied()
        self.assertIn("they take effect when you enable ufw", self.server.stdout.getvalue())
        self.assertEqual(self.planned("ufw"), "")
        self.assertEqual(self.server.journal.fact("file", "/etc/ufw/user.rules"), "kept")
        self.assertEqual(self.server.journal.fact("file", "/etc/ufw/user6.rules"), "kept")
        run.rollback(self.again().context, False)
        self.assertEqual([self.server.text(path) for path in ufw_rules.FILES.values()], before)

    def test_ufw_s_files_are_synced(self) -> None:
        """ufw itself doesn't, and a power cut would leave empty files."""
        with unittest.mock.patch("kong_ipv6.resources.ufw.sync") as sync:
            self.applied()
        synced = {call.args[0].name for call in sync.call_args_list}
        self.assertEqual(synced, {"user.rules", "user6.rules"})

    def test_what_the_owner_changed_in_ufw_stays(self) -> None:
        self.applied()
        self.server.put("/etc/ufw/ufw.conf", "ENABLED=no\nLOGLEVEL=full\n")
        path = self.server.on("/etc/ufw/user6.rules")
        path.write_text(path.read_text() + "# LOG\n")
        run.rollback(self.again().context, False)
        self.assertIn("# LOG", path.read_text())
        self.assertNotIn("comment=", path.read_text())

    def test_a_rule_of_an_earlier_address_is_deleted(self) -> None:
        self.applied()
        self.server.add_tuple(6, "tcp", "80", "2a03::1", "::/0", "in_ens3!out_ipv6_exposed")
        self.assertEqual(
            self.planned("ufw"), "ufw: delete route allow in on ens3 out on ipv6_exposed to 2a03::1 port 80 proto tcp"
        )
        self.applied()
        deleted = [call for call in self.server.calls if call[:4] == ("ufw", "route", "delete", "allow")]
        self.assertEqual(
            deleted,
            [tuple("ufw route delete allow in on ens3 out on ipv6_exposed to 2a03::1 port 80 proto tcp".split())],
        )

    def test_rules_that_ufw_sh_added_by_hand(self) -> None:
        self.server.run("/x/scripts/ufw.sh")
        self.assertEqual(self.planned("ufw"), "")
        self.assertEqual(run.one(self.server.context, "ufw", True, True), 4)
        self.assertEqual(run.one(self.again().context, "ufw", False, True), 0)
        self.assertEqual(ufw_rules.read(self.server).rules, [])

    def test_ufw_that_cannot_run_is_not_forgotten(self) -> None:
        self.applied()
        self.server.answers["ufw route delete"] = Ran(127, "", "no python\n")
        with self.assertRaises(Failure) as raised:
            run.rollback(self.again().context, False)
        self.assertEqual(raised.exception.cause, "ufw can't delete Kong's rules")
        self.assertIn("then run this again", raised.exception.remedy)
        self.assertIsNotNone(self.server.journal.fact("ufw", "rules"))

    def test_firewall_none_deletes_them(self) -> None:
        self.applied()
        self.server.with_plan(firewall="none")
        self.assertIn("the rules with the comment kong-ipv6 will be deleted", self.planned("ufw"))
        self.applied()
        self.assertEqual(ufw_rules.read(self.server).rules, [])

    def test_verify(self) -> None:
        self.active()
        self.applied()
        self.assertEqual(self.verified("firewall"), "ok firewall: ufw has Kong's rules")
        self.server.put("/etc/default/ufw", 'IPV6=yes\nDEFAULT_FORWARD_POLICY="ACCEPT"\n')
        self.assertEqual(self.verified("firewall"), "fail firewall: ufw forwards all traffic by default")
        self.server.put("/etc/ufw/user6.rules", "")
        self.assertIn(
            "fail firewall: ufw is missing the rule in on ipv6_exposed out on ens3 from", self.verified("firewall")
        )

    def test_an_active_ufw_filters_alone(self) -> None:
        self.active()
        self.applied()
        self.assertFalse(self.server.exists("/etc/kong-ipv6/firewall.nft"))
        self.server.units["kong-ipv6-firewall.service"] = True
        self.assertIn("ufw is active now, but the table inet kong_ipv6 also still filters", self.verified("firewall"))


class Table(Case):
    def test_it_comes_where_ufw_is_inactive_and_goes_where_it_is_active(self) -> None:
        self.assertIn(
            "the table inet kong_ipv6 will be loaded, now and at every boot (ufw is inactive)", self.planned("firewall")
        )
        self.applied()
        self.assertTrue(self.server.units["kong-ipv6-firewall.service"])
        self.assertEqual(self.verified("firewall"), "ok firewall: table inet kong_ipv6")
        Ufw.active(self)  # type: ignore[arg-type]
        self.assertIn("kong-ipv6-firewall.service belongs to earlier answers", self.planned("files"))
        self.applied()
        self.assertFalse(self.server.units["kong-ipv6-firewall.service"])

    def test_a_flushed_table_filters_nothing(self) -> None:
        self.applied()
        empty = "table inet kong_ipv6 {\n\tchain forward {\n\t\ttype filter hook forward priority -10; policy accept;\n\t}\n}\n"
        self.server.answers["nft list table"] = Ran(0, empty, "")
        self.assertIn("has lost its rules: nothing is filtered", self.verified("firewall"))
        self.assertIn("the table inet kong_ipv6 will be loaded", self.planned("firewall"))
        self.server.answers["nft list table"] = Ran(1, "", "")
        self.assertIn("fail firewall: the table inet kong_ipv6 is not loaded", self.verified("firewall"))

    def test_other_bridges_are_left_alone(self) -> None:
        self.server.extra_links = [
            {"ifname": "virbr9", "linkinfo": {"info_kind": "bridge"}},
            {"ifname": "docker0", "linkinfo": {"info_kind": "bridge"}},
        ]
        self.assertIn("traffic to bridges that are not Docker's will not be filtered: virbr9", self.planned("firewall"))
        self.applied()
        self.assertIn('others { "virbr9" }', self.server.text("/etc/kong-ipv6/firewall.nft"))
        self.assertNotIn("docker0", self.server.text("/etc/kong-ipv6/firewall.nft"))

    def test_firewall_none_says_what_it_opens(self) -> None:
        self.server.with_plan(firewall="none")
        self.assertEqual(self.planned("firewall"), "")
        self.assertIn("Docker 26.1.5+dfsg1 opens every port of every container", self.server.stdout.getvalue())
        self.assertIn("warn firewall: none: every port of every container", self.verified("firewall"))
        self.server.docker.data["version"]["Version"] = "28.5.2"
        self.assertIn("warn firewall: these scripts set up no firewall", self.verified("firewall"))
        self.server.put("/etc/docker/daemon.json", '{"ip6tables": false}')
        self.assertIn("warn firewall: none: every port of every container", self.verified("firewall"))

    def test_what_docker_s_previous_backend_leaves(self) -> None:
        """Its FORWARD policy stays until a boot, and drops all IPv4 of containers."""
        self.applied()
        self.server.answers["^iptables -w -S FORWARD"] = Ran(0, "-P FORWARD DROP\n", "")
        self.assertNotIn("FORWARD policy", self.verified("firewall"))
        self.server.docker.data["info"]["FirewallBackend"] = {"Driver": "nftables"}
        self.assertIn("fail firewall: iptables' FORWARD policy is still DROP", self.verified("firewall"))

    def test_ping_on_docker_27(self) -> None:
        self.applied()
        self.assertEqual(self.verified("ping"), "")
        self.server.docker.data["version"]["Version"] = "27.5.1"
        self.assertIn("warn ping: Docker 27 drops ping to Kong", self.verified("ping"))

    def test_undo_removes_a_table_that_is_left(self) -> None:
        self.applied()
        self.server.answers["nft list table"] = Ran(0, "table", "")
        run.rollback(self.again().context, False)
        self.assertIn(("nft", "delete", "table", "inet", "kong_ipv6"), self.server.calls)


class Packages(Case):
    def setUp(self) -> None:
        super().setUp()
        self.server.programs -= {"ndppd", "nft"}
        self.server.answers["dpkg-query --show --showformat .*Db:Status"] = Ran(1, "", "")

    def test_what_is_missing_is_installed(self) -> None:
        self.assertEqual(
            self.planned("packages"), "package: ndppd will be installed\npackage: nftables will be installed"
        )
        self.server.put("/etc/nftables.conf", "# mine\n")
        self.applied()
        installed = [call[-1] for call in self.server.calls if "install" in call]
        self.assertEqual(installed, ["ndppd", "nftables"])
        facts = [self.server.journal.fact("package", one) for one in ("ndppd", "nftables")]
        self.assertEqual(facts, ["purge", "remove"])

    def test_what_cannot_be_installed_is_named(self) -> None:
        self.server.answers["install ndppd"] = Ran(100, "", "E: Unable to locate package ndppd\n")
        with self.assertRaises(Failure) as raised:
            run.apply(self.again().context, False)
        self.assertEqual(raised.exception.cause, "ndppd can't be installed")
        self.assertIn("Unable to locate package ndppd", self.server.stderr.getvalue())
        self.assertIn(("apt-get", "update"), self.server.calls)

    def installed(self) -> None:
        self.applied()
        self.server.answers["showformat .*Status-Status. ndppd"] = Ran(0, "installed", "")
        self.server.calls.clear()

    def test_undo_removes_it(self) -> None:
        self.installed()
        self.assertEqual(run.rollback(self.again().context, False), 0)
        self.assertIn("purge --yes --no-auto-remove ndppd", str([" ".join(call) for call in self.server.calls]))

    def test_one_that_the_owner_uses_by_now_stays(self) -> None:
        self.installed()
        self.server.answers["dpkg --no-act --remove ndppd"] = Ran(1, "", " mine depends on ndppd.\n")
        self.assertEqual(run.rollback(self.again().context, False), 0)
        self.assertIn(
            "ndppd is kept: mine depends on it; to remove it: apt-get purge ndppd", self.server.stdout.getvalue()
        )
        self.assertNotIn("purge --yes", str([" ".join(call) for call in self.server.calls]))

    def test_one_that_cannot_be_removed_is_named_and_known_to_the_next_run(self) -> None:
        self.installed()
        for pattern in ("purge --yes --no-auto-remove ndppd", "--force-remove-reinstreq"):
            self.server.answers[pattern] = Ran(1, "", "stuck\n")
        with self.assertRaises(Failure) as raised:
            run.rollback(self.again().context, False)
        self.assertIn("everything else is undone, but apt-get and dpkg can't remove: ndppd", raised.exception.cause)
        self.assertEqual(self.again().journal.names("package"), ["ndppd"])
        self.assertFalse(self.server.exists("/etc/ndppd.conf"))
        self.server.answers = {"showformat .*Status-Status. ndppd": Ran(0, "installed", "")}
        self.assertEqual(run.rollback(self.again().context, False), 0)
        self.assertFalse(self.server.exists("/var/lib/kong-ipv6"))


class Files(Case):
    def test_editors_files_are_left_out(self) -> None:
        for name in (".ndppd.conf.swp", "ndppd.conf.new", "ndppd.conf.orig", "ndppd.conf.rej", "ndppd.conf~"):
            self.server.write(self.server.repository.path / "host" / "etc" / name, "x")
        self.assertEqual(self.planned("files").count("ndppd.conf"), 1)

    def test_the_plan_says_what_becomes_of_each(self) -> None:
        self.server.put("/etc/ndppd.conf", "proxy ens3 {\n  rule 2a03::77/128 { static }\n}\n")
        self.assertIn("ndppd.conf will be replaced. It has rules for other addresses", self.planned("files"))
        self.server.put("/etc/ndppd.conf", "# empty\n")
        self.assertIn("/etc/ndppd.conf will be replaced; rollback.sh restores the current file", self.planned("files"))
        self.applied()
        self.server.on("/etc/ndppd.conf").chmod(0o600)
        self.assertIn("/etc/ndppd.conf will get mode 644", self.planned("files"))
        self.server.put("/etc/ndppd.conf", "# mine\n")
        self.assertIn("your edit will be saved in", self.planned("files"))

    def test_a_unit_of_the_same_name_is_stopped_its_own_way_and_runs_again_afterwards(self) -> None:
        self.server.units["ndppd.service"] = True
        self.applied()
        self.assertIn(("systemctl", "stop", "ndppd.service"), self.server.calls)
        self.server.calls.clear()
        run.rollback(self.again().context, False)
        self.assertIn(("systemctl", "restart", "ndppd.service"), self.server.calls)
        self.assertTrue(self.server.units["ndppd.service"])

    def test_a_unit_that_the_new_release_does_not_have(self) -> None:
        self.server.units["ndppd.service"] = True
        self.applied()
        self.server.answers["systemctl cat ndppd"] = Ran(1, "", "")
        run.rollback(self.again().context, False)
        self.assertIn(
            "ndppd.service ran before apply.sh, but no longer exists on this server", self.server.stdout.getvalue()
        )


if __name__ == "__main__":
    unittest.main()
