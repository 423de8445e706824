"""ndppd and nftables: installed where they are missing, removed where nobody else uses them."""

from __future__ import annotations

from kong_ipv6.system import Ran
from support.case import Case
from support.server import Server


class Packages(Case):
    def test_what_is_missing_is_installed(self) -> None:
        server = self.server()
        self.assertEqual(
            ["package: ndppd will be installed", "package: nftables will be installed"],
            self.changes(server, "packages"),
        )
        server.run("apply")
        self.assertLess({"ndppd", "nftables"}, server.packages)
        self.assertEqual(["ndppd", "nftables"], server.context().journal.names("package"))

    def test_what_is_there_stays_after_a_rollback(self) -> None:
        server = self.server()
        server.install("ndppd")
        server.applied()
        server.run("rollback")
        self.assertIn("ndppd", server.packages)
        self.assertNotIn("nftables", server.packages)

    def test_only_what_the_plan_needs(self) -> None:
        self.assertEqual([], self.changes(self.server(ndp="none", firewall="none"), "packages"))
        with_ufw = self.server(ndp="none").with_ufw()
        self.assertEqual([], self.changes(with_ufw, "packages"))

    def test_a_server_without_apt(self) -> None:
        server = self.server(firewall="none")
        server.programs.discard("apt-get")
        self.refused(server, "packages", "ndppd is not installed, and there is no apt-get", "install ndppd by hand")

    def test_an_installation_that_fails(self) -> None:
        server = self.server()
        server.broken_packages.add("ndppd")
        self.assertEqual(1, server.run("apply"))
        self.assertIn("ndppd can't be installed", server.printed)
        self.assertIn("    | E: Unable to locate package ndppd", server.printed)
        self.assertIn("apt-get update", " ".join(server.commands))
        # It is on disk before apt-get begins.
        self.assertEqual(["ndppd"], server.context().journal.names("package"))

    def test_the_configuration_that_is_there_is_kept(self) -> None:
        server = self.server()
        server.run("apply")
        install = next(line for line in server.commands if line.startswith("apt-get") and "install" in line)
        self.assertIn("--force-confold", install)
        self.assertIn("--no-install-recommends", install)


class Removal(Case):
    def stays(self, server: Server, why: str) -> None:
        self.assertEqual(0, server.run("rollback"), server.printed)
        self.assertIn("ndppd is kept", server.printed)
        self.assertIn(why, server.printed)
        self.assertIn("ndppd", server.packages)

    def test_a_package_that_another_one_needs_stays(self) -> None:
        server = self.applied()
        server.programs_run.answers["dpkg --no-act --remove ndppd"] = Ran(1, "", " mine depends on ndppd; however:\n")
        self.stays(server, "mine depends on it")

    def test_a_package_that_a_unit_of_the_owners_uses_stays(self) -> None:
        server = self.applied()
        server.write("/etc/systemd/system/mine.service", "[Service]\nExecStart=/usr/sbin/ndppd -c /etc/mine.conf\n")
        server.active.add("mine.service")
        self.stays(server, "mine.service is active")

    def test_a_configuration_that_the_owner_has_written_since_keeps_the_package(self) -> None:
        server = self.applied()
        server.write("/etc/ndppd/own.conf", "mine\n")
        server.programs_run.answers["dpkg-query --show --showformat ${Conffiles}\\n ndppd"] = Ran(
            0, " /etc/ndppd/own.conf 0123\n", ""
        )
        self.stays(server, "/etc/ndppd/own.conf was edited")

    def test_one_that_cannot_be_removed_is_remembered(self) -> None:
        server = self.applied()
        server.programs_run.answers["apt-get --option DPkg::Lock::Timeout=60 purge"] = Ran(
            100, "", "E: dpkg was interrupted\n"
        )
        self.assertEqual(1, server.run("rollback"))
        self.assertIn(
            ["everything else is undone, but apt-get and dpkg can't remove", " nftables ndppd"][0], server.printed
        )
        self.assertEqual({"ndppd", "nftables"}, set(server.context().journal.names("package")))
        self.assertEqual([], server.context().journal.names("sysctl"))
        server.programs_run.answers.clear()
        self.assertEqual(0, server.run("rollback"))
        self.assertFalse({"ndppd", "nftables"} & server.packages)
