"""The command line, and one resource alone by the flags of network.sh and ufw.sh."""

import fcntl
import io
import os
import unittest
from unittest import mock

import kong_ipv6.__main__ as program
from kong_ipv6.report import JsonReport, Refusal, Report
from support.case import Case
from support.server import Server


class Arguments(Case):
    def declined(self, *arguments: str, server: Server) -> str:
        self.assertEqual(1, server.run(*arguments))
        self.assertEqual([], server.events)
        return server.printed

    def test_an_unknown_argument_is_refused(self) -> None:
        self.assertIn("unknown argument: --force", self.declined("apply", "--force", server=self.server()))

    def test_help_needs_no_root(self) -> None:
        for command in ("apply", "verify", "rollback", "network", "ufw"):
            with mock.patch.object(Report, "say") as say:
                self.assertEqual(0, program.main(command, ["--help"]))
            self.assertIn(f"scripts/{command}.sh", say.call_args.args[0])

    def test_a_user_other_than_root_is_refused(self) -> None:
        server, out = self.server(), io.StringIO()
        report = mock.patch.object(program, "Report", lambda program: Report(out, out, program))
        with server.patched(), report, mock.patch.object(os, "geteuid", lambda: 1000):
            self.assertEqual(1, program.main("apply", []))
        self.assertIn("this script must run as root\n  Remedy: sudo ./scripts/apply.sh", out.getvalue())

    def test_each_command_knows_its_own_arguments(self) -> None:
        for command, argument in (
            ("apply", "--remove"),
            ("rollback", "--json"),
            ("verify", "--dry-run"),
            ("rollback", "--remove"),
            ("apply", "x"),
        ):
            self.assertIn(f"unknown argument: {argument}", self.declined(command, argument, server=self.server()))

    def test_a_second_run_at_the_same_time_is_refused(self) -> None:
        server = self.applied()
        with (server.folder / "lock").open("w") as held, mock.patch("time.sleep"):
            fcntl.flock(held, fcntl.LOCK_EX)
            for command in ("apply", "rollback"):
                self.assertIn("another run is in progress", self.declined(command, server=server))
            # These change nothing, and needn't wait.
            self.assertEqual(0, server.run("apply", "--dry-run"))
            self.assertEqual(0, server.run("verify"))

    def test_a_plan_that_cannot_be_read_is_refused(self) -> None:
        out = io.StringIO()
        for text in ("{", "{}", "[]"):
            with mock.patch("pathlib.Path.read_text", return_value=text), self.assertRaises(program.Failure) as raised:
                program.context_for(Report(out, out))
            self.assertIn("scripts/plan.json can't be read", raised.exception.cause)

    def test_a_remedy_names_the_version_in_the_plan(self) -> None:
        server = self.server()
        server.change_plan(generator="npx create-kong-ipv6@9.8.7")
        text, remedy = server.repository.joinpath("scripts/plan.json").read_text(), "npx create-kong-ipv6 check"
        for kind in (Report, JsonReport):
            out = io.StringIO()
            report = kind(out, out)
            with mock.patch("pathlib.Path.read_text", return_value=text):
                program.context_for(report)
            report.refusal(Refusal("a", remedy))
            self.assertIn("npx create-kong-ipv6@9.8.7 check", out.getvalue())
            # A revert prints what an older program has printed.
            report.refusal(Refusal("b", "npx create-kong-ipv6@1.0.0 check"))
            self.assertIn("npx create-kong-ipv6@1.0.0 check", out.getvalue())

    def test_the_owners_shell_does_not_override_what_env_says(self) -> None:
        with mock.patch.dict(
            os.environ, {"COMPOSE_PROJECT_NAME": "x", "KONG_BIND_IPV6": "x", "DOCKER_HOST": "x", "HOME": "/root"}
        ):
            with mock.patch("signal.signal"), mock.patch("os.umask"):
                program.prepare()
            self.assertFalse({"COMPOSE_PROJECT_NAME", "KONG_BIND_IPV6", "DOCKER_HOST"} & set(os.environ))
            self.assertEqual("/root", os.environ["HOME"])


class OneResource(Case):
    def test_the_network_alone(self) -> None:
        server = self.server()
        self.assertEqual(4, server.run("network", "--dry-run"))
        self.assertEqual([], server.events)
        self.assertEqual(0, server.run("network"))
        self.assertIn("ipv6_exposed", server.docker.networks_by_name)
        self.assertEqual(0, server.run("network", "--dry-run"))
        self.assertEqual(4, server.run("network", "--dry-run", "--remove"))
        self.assertEqual(0, server.run("network", "--remove"))
        self.assertNotIn("ipv6_exposed", server.docker.networks_by_name)

    def test_ufws_rules_alone(self) -> None:
        server = self.server().with_ufw()
        self.assertEqual(4, server.run("ufw", "--dry-run"))
        self.assertEqual(0, server.run("ufw"))
        self.assertIn("80 2a03:2222:3333:4444:300::8100", server.read("/etc/ufw/user6.rules") or "")
        # A rule of earlier answers goes too.
        server.change_plan(kong="2a03:2222:3333:4444:300::9100")
        script = server.repository / "scripts/ufw.sh"
        script.write_text(script.read_text().replace("300::8100", "300::9100"))
        self.assertEqual(0, server.run("ufw"))
        self.assertNotIn("8100", server.read("/etc/ufw/user6.rules") or "")
        self.assertEqual(0, server.run("ufw", "--remove"))
        self.assertNotIn("9100", server.read("/etc/ufw/user6.rules") or "")

    def test_what_they_need_is_asked_for(self) -> None:
        """Bug: without Docker or ufw they ended with 0, and had done nothing."""
        server = self.server()
        server.docker.down = "connection refused"
        self.assertEqual(1, server.run("network", "--dry-run"))
        self.assertIn("Docker doesn't answer: connection refused", server.printed)
        server.context().journal.record("network", "ipv6_exposed", "absent")
        self.assertEqual(1, server.run("network", "--remove"))
        self.assertIn("Docker doesn't answer: connection refused", server.printed)
        self.assertEqual(1, self.server().run("ufw", "--dry-run"))
        server = self.server().with_ufw()
        server.write("/etc/default/ufw", "IPV6=no\n")
        self.assertEqual(1, server.run("ufw", "--dry-run"))
        self.assertIn("ufw has IPV6=no", server.printed)


if __name__ == "__main__":
    unittest.main()
