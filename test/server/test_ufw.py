"""ufw's rules: which are needed on which engine, how they are added, and how its files come back."""

from __future__ import annotations

from kong_ipv6 import ufw_rules
from kong_ipv6.resources.ufw import wanted
from kong_ipv6.system import Ran
from support import ufw
from support.case import Case
from support.disk import Killed
from support.server import Server

USER6 = "/etc/ufw/user6.rules"


class Rules(Case):
    def rules(self, server: Server) -> list[str]:
        with server.patched():
            return ufw_rules.read(server.context().system).rules

    def test_those_of_every_engine(self) -> None:
        plan = self.server().plan
        self.assertEqual(
            [
                f"in on ens3 out on ipv6_exposed to {plan.kong} port 80 proto tcp",
                f"in on ens3 out on ipv6_exposed to {plan.kong} port 443 proto tcp",
                f"in on ipv6_exposed out on ens3 from {plan.subnet}",
            ],
            wanted(plan, nftables=False),
        )

    def test_the_script_adds_exactly_the_wanted_ones(self) -> None:
        for engine, nftables in (("28.5.2", False), ("29.7.2", False), ("29.7.2-nftables", True)):
            server = self.server(engine)
            self.assertEqual(sorted(wanted(server.plan, nftables)), sorted(ufw.sh_rules(server)), engine)

    def test_dockers_nftables_backend_needs_more(self) -> None:
        """There ufw's drop is final: IPv4 to Kong, the way out of each bridge, and within a bridge."""
        server = self.server("29.7.2-nftables").with_ufw()
        rules = "\n".join(self.changes(server, "ufw"))
        plan = server.plan
        for rule in (
            "out on ipv6_exposed to 0.0.0.0/0 port 80 proto tcp",
            "out on ipv6_exposed to 0.0.0.0/0 port 443 proto tcp",
            f"to {plan.backend} port 80 proto tcp",
            "in on ipv6_exposed to 0.0.0.0/0",
            f"from {plan.backend}",
            "in on ipv6_exposed out on ipv6_exposed",
        ):
            self.assertIn(f"route allow {rule}\n", f"{rules}\n")

    def test_ipv4_may_come_by_another_interface_than_ipv6(self) -> None:
        for rule in wanted(self.server().plan, nftables=True):
            self.assertTrue("ens3" not in rule or ":" in rule, rule)
        server = self.server("29.7.2-nftables").with_ufw()
        server.kernel.routes[4] = ["default via 10.0.0.1 dev eth9 proto static"]
        server.run("apply")
        self.happened(server, "run ufw route allow in on docker0 out on eth9 to 0.0.0.0/0")

    def test_builds_have_a_way_out_as_long_as_they_build(self) -> None:
        """With Docker's nftables backend ufw drops what docker0 sends out."""
        rule = "in on docker0 out on ens3 to 0.0.0.0/0"
        server = self.server("29.7.2-nftables").with_ufw()
        self.assertEqual(0, server.run("apply"), server.printed)
        self.happened(
            server, f"run ufw route allow {rule}", "run compose build kong", f"run ufw route delete allow {rule}"
        )
        self.assertNotIn("docker0", server.read("/etc/ufw/user.rules") or "")
        server = self.server("29.7.2-nftables").with_ufw()
        server.programs_run.answers["timeout --foreground 1800 docker compose build"] = Ran(1, "", "no network\n")
        self.assertEqual(1, server.run("apply"))
        self.assertNotIn("docker0", server.read("/etc/ufw/user.rules") or "")
        for other in (self.server("29.7.2").with_ufw(), self.server("29.7.2-nftables")):
            other.run("apply")
            self.assertNotIn("docker0", " ".join(line for line in other.commands if line.startswith("ufw")))

    def test_the_owners_builds_have_a_way_out_too(self) -> None:
        """Bug: only Kong's own build had one; others hung."""
        server = self.server("29.7.2-nftables").with_ufw().applied()
        rule, build = "in on docker0 out on ens3 to 0.0.0.0/0", "compose build extra"
        with server.patched():
            resource, facts = server.resource("compose")
            list(resource.changes(facts))
            resource.others = {"pull": [], "build": ["extra"]}  # type: ignore[attr-defined]
            resource.apply()
        self.happened(server, f"run ufw route allow {rule}", f"run {build}", f"run ufw route delete allow {rule}")

    def test_a_build_that_was_killed_leaves_no_way_out_after_the_next_run(self) -> None:
        server = self.server("29.7.2-nftables").with_ufw()
        before = server.state()
        server.run("apply")
        moment = next(at for at, (_, what, _) in enumerate(server.events) if what == "compose build kong")
        for command in ("apply", "rollback"):
            server = self.server("29.7.2-nftables").with_ufw()
            with self.assertRaises(Killed):
                server.run("apply", kill_at=moment)
            self.assertIn("docker0", server.read("/etc/ufw/user.rules") or "")
            self.assertEqual(0, server.run(command), server.printed)
            self.assertNotIn("docker0", server.read("/etc/ufw/user.rules") or "")
        self.same_state(before, server.state())

    def test_nothing_for_ipv4_where_nothing_is_published_there(self) -> None:
        server = self.server("29.7.2-nftables", ipv4__published=False)
        self.assertEqual([], [rule for rule in wanted(server.plan, True) if "0.0.0.0/0 port" in rule])

    def test_they_are_added_once(self) -> None:
        for engine in ("26.1.5", "28.5.2", "29.7.2-nftables"):
            server = self.server(engine).with_ufw().applied()
            self.assertEqual([], self.changes(server, "ufw"), engine)
            self.assertIn(server.plan.kong, server.read(USER6) or "")

    def test_they_are_added_to_an_inactive_ufw_too(self) -> None:
        server = self.server().with_ufw(enabled=False).applied()
        self.assertEqual(3, len(self.rules(server)))
        self.assertNotIn("ufw enable", " ".join(server.commands))

    def test_rules_of_earlier_answers_go(self) -> None:
        server = self.server().with_ufw().applied()
        earlier = "in on ens3 out on ipv6_exposed to 2001:db8::9 port 80 proto tcp"
        ufw.rule(server, earlier.split(), delete=False)
        self.assertEqual([f"ufw: delete route allow {earlier}"], self.changes(server, "ufw"))
        server.run("apply")
        self.assertNotIn(earlier, self.rules(server))

    def test_the_owners_own_rules_stay(self) -> None:
        server = self.server().with_ufw()
        own = "### tuple ### route:allow tcp 22 ::/0 any ::/0 in_ens3 comment=6d696e65\n"
        server.write(USER6, f"*filter\n### RULES ###\n{own}### END RULES ###\nCOMMIT\n", 0o640)
        before = server.state()
        server.applied()
        self.assertIn(own, server.read(USER6) or "")
        server.run("rollback")
        self.same_state(before, server.state())

    def test_a_ufw_without_ipv6_that_is_off_gets_none_and_is_told(self) -> None:
        server = self.server().with_ufw(ipv6="no", enabled=False)
        server.run("apply")
        self.assertIn("IPV6=no, so no rules for Kong are added", server.printed)
        self.assertEqual([], self.rules(server))

    def test_the_firewall_is_the_owners_with_none(self) -> None:
        server = self.server(firewall="none").with_ufw()
        self.assertEqual([], self.changes(server, "ufw"))

    def test_rules_go_where_the_answers_are_none_by_now(self) -> None:
        server = self.server().with_ufw().applied()
        server.change_plan(firewall="none")
        self.assertEqual(["ufw: the rules with the comment kong-ipv6 will be deleted"], self.changes(server, "ufw"))
        server.run("apply")
        self.assertEqual([], self.rules(server))

    def test_every_kind_of_rule_is_read_as_it_was_given(self) -> None:
        server = self.server().with_ufw()
        for rule in wanted(server.plan, True):
            ufw.rule(server, rule.split(), delete=False)
        found = self.rules(server)
        for rule in wanted(server.plan, True):
            self.assertTrue(rule in found or f"{rule} to 0.0.0.0/0" in found, rule)


class Verify(Case):
    def test_a_lacking_rule(self) -> None:
        server = self.server().with_ufw().applied()
        server.write(USER6, "*filter\n### RULES ###\n### END RULES ###\n", 0o640)
        self.fails(server, "ufw", "firewall", "ufw is missing the rule in on ipv6_exposed out on ens3")

    def test_a_rule_of_earlier_answers(self) -> None:
        server = self.server().with_ufw().applied()
        ufw.rule(
            server,
            ["in", "on", "ens3", "out", "on", "ipv6_exposed", "to", "2001:db8::9", "port", "80", "proto", "tcp"],
            delete=False,
        )
        self.fails(server, "ufw", "firewall", "ufw has a rule of earlier answers")

    def test_every_spelling_of_a_ufw_that_forwards_everything(self) -> None:
        """Bug: without the quotes it was called well."""
        for value in ('"ACCEPT"', "ACCEPT", '"accept"'):
            server = self.server().with_ufw().applied()
            server.write("/etc/default/ufw", f"IPV6=yes\nDEFAULT_FORWARD_POLICY={value}\n")
            self.fails(server, "ufw", "firewall", "ufw forwards all traffic by default")

    def test_a_ufw_that_forwards_everything(self) -> None:
        server = self.server().with_ufw().applied()
        server.write("/etc/default/ufw", 'IPV6=yes\nDEFAULT_FORWARD_POLICY="ACCEPT"\n')
        self.fails(server, "ufw", "firewall", "ufw forwards all traffic by default")

    def test_a_server_that_is_well(self) -> None:
        server = self.server().with_ufw().applied()
        self.assertEqual("ok", self.results(server, "ufw")["firewall"].level)


class Undo(Case):
    def test_user6_rules_gets_its_old_text_back(self) -> None:
        """ufw writes it in its own way: without the copy it would differ."""
        server = self.server().with_ufw()
        text = "*filter\n# a comment that ufw drops\n### RULES ###\n### END RULES ###\nCOMMIT\n"
        server.write(USER6, text, 0o640)
        server.applied()
        self.assertEqual("kept", server.context().journal.fact("file", USER6))
        server.write(USER6, (server.read(USER6) or "").replace("# a comment that ufw drops\n", ""), 0o640)
        self.assertEqual(0, server.run("rollback"))
        self.assertEqual(text, server.read(USER6))

    def test_rules_that_the_owner_has_added_since_stay(self) -> None:
        server = self.server().with_ufw().applied()
        own = "### tuple ### route:allow tcp 22 ::/0 any ::/0 in_ens3 comment=6d696e65\n"
        server.write(
            USER6, (server.read(USER6) or "").replace("### END RULES ###\n", own + "### END RULES ###\n"), 0o640
        )
        server.run("rollback")
        self.assertIn(own, server.read(USER6) or "")
        self.assertNotIn(server.plan.kong, server.read(USER6) or "")

    def test_a_ufw_that_cannot_run_is_not_forgotten(self) -> None:
        server = self.server().with_ufw().applied()
        server.programs_run.answers["ufw route delete"] = Ran(1, "", "No module named ufw\n")
        self.assertEqual(1, server.run("rollback"))
        self.assertIn("ufw can't delete Kong's rules", server.printed)
        self.assertIn("apt-get purge ufw", server.printed)
        self.assertIn(server.plan.kong, server.read(USER6) or "")
        server.programs_run.answers.clear()
        self.assertEqual(0, server.run("rollback"), server.printed)
        self.assertNotIn(server.plan.kong, server.read(USER6) or "")

    def test_logging_that_the_owner_has_changed_since_stays(self) -> None:
        server = self.server().with_ufw().applied()
        server.write("/etc/ufw/ufw.conf", "ENABLED=yes\nLOGLEVEL=high\n")
        server.run("rollback")
        self.assertIn("LOGLEVEL=high", server.read("/etc/ufw/ufw.conf") or "")
        self.assertNotIn(server.plan.kong, server.read(USER6) or "")
