"""The commands: what they do, in which order, and the exit code that they end with."""

import json
from unittest import mock

import kong_ipv6.__main__ as program
from kong_ipv6.resources import resources
from support.case import Case
from support.server import Server


class Apply(Case):
    def test_a_dry_run_with_changes_ends_with_4_and_changes_nothing(self) -> None:
        server = self.server()
        before = server.state()
        self.assertEqual(4, server.run("apply", "--dry-run"))
        self.assertEqual([], server.events)
        self.same_state(before, server.state())
        self.assertFalse((server.repository / "data").exists())

    def test_a_dry_run_without_changes_ends_with_0(self) -> None:
        server = self.applied()
        self.assertEqual(0, server.run("apply", "--dry-run"))
        self.assertIn("Nothing to change.", server.printed)

    def test_the_second_run_changes_nothing(self) -> None:
        for engine in ("20.10.24", "26.1.5", "27.5.1", "28.5.2", "29.7.2", "29.7.2-nftables"):
            with self.subTest(engine):
                server = self.applied(engine)
                self.assertEqual(0, server.run("apply"))
                self.assertEqual([], server.events)
                self.assertIn("Nothing to change.", server.printed)

    def test_other_plans_are_applied_and_rolled_back(self) -> None:
        kernel = self.kernel_ndp()
        without = self.server(database="off", ipv4__published=False)
        routed = self.server(delivery="routed", ndp="none", firewall="none")
        routed.delivery = "routed"
        for server in (kernel, without, routed):
            with self.subTest(server.plan):
                before = server.state()
                self.assertEqual(0, server.run("apply"), server.printed)
                self.assertEqual(0, server.run("apply"), server.printed)
                self.assertEqual([], server.events)
                self.assertEqual(0, server.run("rollback"), server.printed)
                self.same_state(before, server.state())

    def test_the_resources_have_one_order(self) -> None:
        server = self.server()
        names = [one.name for one in resources(server.context())]
        expected = [
            "link",
            "secrets",
            "sysctl",
            "files",
            "packages",
            "firewall",
            "ufw",
            "uplink",
            "netplan",
            "ndp",
            "docker",
            "addresses",
        ]
        names_after = ["network", "compose", "filters", "overlap", "services", "kong", "handover", "expose"]
        self.assertEqual([*expected, "sysctl-file", *names_after], names)

    def test_the_changes_are_made_in_the_order_of_the_resources(self) -> None:
        server = self.server()
        server.run("apply")
        self.happened(
            server,
            "replace " + str(server.repository / "data/secrets/kong_pg_password"),
            "sysctl net.ipv6.conf.all.forwarding",
            "replace /etc/ndppd.conf",
            "run systemctl daemon-reload",
            "run apt-get --option DPkg::Lock::Timeout=60",
            "run systemctl restart kong-ipv6-firewall.service",
            "run netplan apply",
            "run systemctl restart ndppd.service",
            "replace /etc/docker/daemon.json",
            "run systemctl restart docker.service",
            "run scripts/network.sh",
            "run compose build kong",
            "run compose up --no-start",
            "run docker start",
        )

    def test_all_refusals_are_printed_and_nothing_is_changed(self) -> None:
        server = self.server()
        before = server.state()
        server.env(KONG_PG_PASSWORD="replace-me", KONG_DATA_DIR="")
        self.assertEqual(1, server.run("apply"))
        self.assertEqual(2, server.printed.count("Refused: "))
        self.assertEqual(2, server.printed.count("  Remedy: "))
        self.assertEqual([], server.events)
        self.same_state(before, server.state())

    def test_a_failure_in_the_middle_is_reported_and_the_next_run_goes_on(self) -> None:
        server = self.server()
        server.broken_units.add("ndppd.service")
        self.assertEqual(1, server.run("apply"))
        self.assertIn("ndppd.service doesn't start", server.printed)
        self.assertIn("Remedy: journalctl -u ndppd.service", server.printed)
        self.assertIn("Stopped at: ndp: ndppd.service", server.printed)
        self.assertIn(
            "Run ./scripts/apply.sh again to continue, or ./scripts/rollback.sh to undo everything.", server.printed
        )
        self.assertIn("What is marked ok above stays in effect", server.printed)
        journal = server.context().journal
        # What was done is done; this step and the later ones are to do.
        self.assertIsNone(journal.fact("todo", "netplan"))
        self.assertEqual("begun", journal.fact("todo", "ndp"))
        self.assertEqual("begun", journal.fact("todo", "compose"))
        self.assertEqual({}, server.docker.containers_by_id)
        server.broken_units.clear()
        self.assertEqual(0, server.run("apply"), server.printed)
        self.assertEqual(server.context().journal.names("todo"), [])

    def test_a_step_that_was_begun_is_done_again_though_nothing_differs(self) -> None:
        server = self.applied()
        with server.patched():
            server.context().journal.record("todo", "sysctl", "begun")
        self.assertEqual(4, server.run("apply", "--dry-run"))
        self.assertIn("an interrupted step will be repeated", server.printed)
        self.assertEqual(0, server.run("apply"), server.printed)
        self.assertEqual(0, server.run("apply", "--dry-run"))

    def test_a_failure_in_the_middle_can_be_rolled_back(self) -> None:
        server = self.server()
        before = server.state()
        server.broken_units.add("ndppd.service")
        server.run("apply")
        self.assertEqual(0, server.run("rollback"), server.printed)
        self.same_state(before, server.state())

    def test_what_is_wrong_after_all_changes_makes_apply_fail(self) -> None:
        server = self.server()
        server.outside.dead = {(server.plan.kong, 443)}
        self.assertEqual(1, server.run("apply"))

    def test_an_interruption_ends_with_130_and_sigterm_with_143(self) -> None:
        for ends, code in ((KeyboardInterrupt, 130), (program.Terminated, 143)):
            server = self.server()
            with mock.patch.object(program.run, "carry_out", side_effect=ends):
                self.assertEqual(code, server.run("apply"))


class AsJson(Case):
    def ended(self, server: Server, *arguments: str) -> tuple[int, str]:
        """The exit code and the outcome; every line must be JSON."""
        code = server.run("apply", "--json", *arguments)
        *rows, last = [json.loads(line) for line in server.printed.splitlines()]
        self.assertTrue(all(set(row) - {"remedy"} == {"step", "status", "detail"} for row in rows), rows)
        self.assertEqual(code, last["code"])
        return code, last["outcome"]

    def test_the_last_line_has_the_outcome(self) -> None:
        server = self.server()
        self.assertEqual((4, "planned"), self.ended(server, "--dry-run"))
        self.assertEqual((0, "applied"), self.ended(server))
        self.assertEqual((0, "unchanged"), self.ended(server))
        self.assertEqual((0, "unchanged"), self.ended(server, "--dry-run"))
        self.assertEqual((1, "refused"), self.ended(server, "--nonsense"))
        server.outside.dead = {(server.plan.kong, 443)}
        self.assertEqual((1, "failed"), self.ended(server))
        server.env(KONG_DATA_DIR="")
        self.assertEqual((1, "refused"), self.ended(server))

    def test_a_failed_step_is_named(self) -> None:
        server = self.server()
        server.broken_units.add("ndppd.service")
        self.assertEqual((1, "failed"), self.ended(server))
        self.assertIn('{"step": "ndp", "status": "failed", "detail": "ndppd.service doesn\'t start"', server.printed)

    def test_an_unexpected_error_has_an_outcome_too(self) -> None:
        server = self.server()
        with mock.patch.object(program.run, "carry_out", side_effect=ValueError), self.assertRaises(ValueError):
            server.run("apply", "--json")
        self.assertEqual({"outcome": "failed", "code": 1}, json.loads(server.printed.splitlines()[-1]))

    def test_the_help_is_plain_text(self) -> None:
        server = self.server()
        self.assertEqual(0, server.run("apply", "--json", "--help"))
        self.assertIn("usage: sudo ./scripts/apply.sh", server.printed)


class Verify(Case):
    def test_a_server_that_is_well_gives_0(self) -> None:
        server = self.applied()
        self.assertEqual(0, server.run("verify"))
        self.assertEqual([], server.events)

    def test_one_failed_check_gives_1(self) -> None:
        server = self.applied()
        server.outside.answered = False
        self.assertEqual(1, server.run("verify"))
        self.assertIn("fail    ndp", server.printed)
        self.assertIn("Remedy: systemctl status ndppd", server.printed)

    def test_warnings_alone_give_0(self) -> None:
        server = self.applied()
        server.outside.problem = "no tc"
        self.assertEqual(0, server.run("verify"))
        self.assertIn("warn    outside", server.printed)

    def test_a_server_without_apply_gives_1(self) -> None:
        self.assertEqual(1, self.server().run("verify"))

    def test_json_has_the_checks_and_the_exit_code(self) -> None:
        server = self.applied()
        self.assertEqual(0, server.run("verify", "--json"))
        told = json.loads(server.printed)
        self.assertTrue(told["ok"])
        self.assertIn("address", [one["check"] for one in told["checks"]])
        server.outside.dead = {("1.2.3.4", 80)}
        self.assertEqual(1, server.run("verify", "--json"))
        told = json.loads(server.printed)
        self.assertFalse(told["ok"])
        failed = [one for one in told["checks"] if one["result"] == "fail"]
        self.assertEqual(["IPv4"], [one["check"] for one in failed])
        self.assertIn("1.2.3.4:80", failed[0]["detail"])

    def test_the_command_for_outside_can_be_pasted_into_any_shell(self) -> None:
        server = self.applied()
        server.run("verify")
        url = f"'http://[{server.plan.kong}]/'"
        lines = [line for line in server.printed.splitlines() if line.strip().startswith("curl ")]
        self.assertEqual(1, len(lines))
        # zsh takes [ for a pattern, curl takes it for a range; -s alone hides errors.
        self.assertIn(url, lines[0])
        self.assertIn(" -g ", lines[0])
        self.assertIn(" -sS ", lines[0])


class Rollback(Case):
    def test_a_server_without_apply_has_nothing_to_take_back(self) -> None:
        server = self.server()
        self.assertEqual(0, server.run("rollback"))
        self.assertEqual(0, server.run("rollback", "--dry-run"))
        self.assertEqual([], server.events)

    def test_a_dry_run_lists_and_ends_with_4(self) -> None:
        server = self.applied()
        before = server.state()
        self.assertEqual(4, server.run("rollback", "--dry-run"))
        self.assertEqual([], server.events)
        self.same_state(before, server.state())
        for text in (
            "/etc/ndppd.conf: absent",
            "remove  package     ndppd",
            "restart docker",
            "ipv6_exposed: absent",
            "sysctl      net.ipv6.conf.all.forwarding 0",
        ):
            self.assertIn(text, server.printed)

    def test_everything_is_as_it_was_on_every_engine(self) -> None:
        for engine in ("20.10.24", "26.1.5", "27.5.1", "28.5.2", "29.7.2", "29.7.2-nftables"):
            with self.subTest(engine):
                server = self.server(engine)
                before = server.state()
                server.applied()
                self.assertEqual(0, server.run("rollback"), server.printed)
                self.same_state(before, server.state())
                self.assertFalse((server.root / "var/lib/kong-ipv6").exists())
                self.assertTrue((server.repository / "data/postgres").is_dir())

    def test_everything_is_as_it_was_with_ufw(self) -> None:
        server = self.server().with_ufw()
        before = server.state()
        server.applied()
        self.assertEqual(0, server.run("rollback"), server.printed)
        self.same_state(before, server.state())

    def test_what_a_server_had_before_comes_back(self) -> None:
        server = self.server()
        server.write("/etc/ndppd.conf", "proxy eth9 {}\n", 0o640)
        server.write("/etc/docker/daemon.json", '{\n  "log-driver": "local"\n}\n')
        server.write("/etc/sysctl.d/60-kong-ipv6.conf", "# mine\n")
        server.kernel.sysctl("net.ipv6.conf.docker0.forwarding", "1")
        before = server.state()
        server.applied()
        self.assertEqual(0, server.run("rollback"), server.printed)
        self.same_state(before, server.state())

    def test_the_resources_are_undone_in_the_opposite_order(self) -> None:
        server = self.applied()
        server.run("rollback")
        self.happened(
            server,
            "engine POST /containers/",
            "engine DELETE /containers/",
            "engine DELETE /networks/ipv6_exposed",
            "run systemctl --quiet stop ndppd.service",
            "run netplan apply",
            "run systemctl --quiet stop kong-ipv6-firewall.service",
            "run apt-get --option DPkg::Lock::Timeout=60 purge --yes --no-auto-remove ndppd",
            "unlink /etc/ndppd.conf",
            "sysctl net.ipv6.conf.all.forwarding",
        )
