"""What only earlier answers gave the uplink goes; what the owner uses stays."""

from __future__ import annotations

from unittest import mock

from kong_ipv6.system import Ran
from support import netplan
from support.case import Case
from support.disk import Killed
from support.server import Server

FILE = "/etc/netplan/60-kong-ipv6.yaml"
HOST = "2a03:2222:3333:4444::2"


class EarlierAnswers(Case):
    def renumber(self, server: Server, old: str, new: str) -> None:
        """The repository's files have other addresses now."""
        path = server.repository / f"host{FILE}"
        path.write_text(path.read_text().replace(old, new))

    def test_a_route_that_only_the_replaced_file_described_goes(self) -> None:
        server = self.applied()
        self.renumber(server, "fe80::1", "fe80::9")
        server.change_plan(gateway="fe80::9")
        self.assertEqual(0, server.run("apply"), server.printed)
        defaults = [line for line in server.kernel.routes[6] if line.startswith("default")]
        self.assertEqual(["default via fe80::9 dev ens3 proto static"], defaults)

    def test_another_route_of_the_replaced_file_goes_too(self) -> None:
        server = self.server()
        path = server.repository / f"host{FILE}"
        text = path.read_text()
        path.write_text(text + '        - to: "2001:db8:77::/48"\n          via: "fe80::1"\n')
        server.applied()
        self.assertTrue(any("2001:db8:77::/48" in line for line in server.kernel.routes[6]))
        path.write_text(text)
        self.assertEqual(0, server.run("apply"), server.printed)
        self.assertFalse(any("2001:db8:77::/48" in line for line in server.kernel.routes[6]))

    def test_a_route_that_only_the_replaced_file_described_goes_after_a_kill_too(self) -> None:
        """Bug: killed between the write and netplan apply, the next run gave back a route that the owner had added to the
        earlier file."""
        server = self.applied()
        new, text = "2a03:2222:3333:4444::3", server.read(FILE) or ""
        own = text.replace("routes:\n", "routes:\n      - to: 2001:db8:77::/48\n        via: fe80::1\n")
        server.write(FILE, own, 0o600)
        netplan.apply(server)
        self.renumber(server, f"{HOST}/", f"{new}/")
        server.change_plan(host=new)

        def killed(words: list[str]) -> Ran:
            if words[0] == "apply":
                raise Killed
            return Ran(0, "", "")

        with mock.patch.object(server.programs_run, "_netplan", killed), self.assertRaises(Killed):
            server.run("apply")
        self.assertTrue(any("2001:db8:77::/48" in line for line in server.kernel.routes[6]))
        self.assertEqual(0, server.run("apply"), server.printed)
        self.assertFalse(any("2001:db8:77::/48" in line for line in server.kernel.routes[6]))

    def test_an_address_that_only_the_replaced_file_gave_goes(self) -> None:
        server = self.applied()
        new = "2a03:2222:3333:4444::3"
        self.renumber(server, f"{HOST}/", f"{new}/")
        server.change_plan(host=new)
        self.assertEqual(0, server.run("apply"), server.printed)
        has = [one.text for one in server.kernel.addresses if one.dev == "ens3"]
        self.assertIn(f"{new}/64", has)
        self.assertNotIn(f"{HOST}/64", has)

    def test_an_address_that_the_server_had_before_stays(self) -> None:
        server = self.server()
        server.write(
            "/etc/netplan/55-mine.yaml", f'network: {{ethernets: {{ens3: {{addresses: ["{HOST}/64"]}}}}}}\n', 0o600
        )
        netplan.apply(server)
        server.applied()
        new = "2a03:2222:3333:4444::3"
        self.renumber(server, f"{HOST}/", f"{new}/")
        server.change_plan(host=new)
        self.assertEqual(0, server.run("apply"), server.printed)
        self.assertIn(f"{HOST}/64", [one.text for one in server.kernel.addresses])

    def test_one_that_a_connection_runs_through_stays_until_the_next_boot(self) -> None:
        server = self.applied()
        server.connections = f"0 0 [{HOST}]:22 [2001:db8::5]:51000\n"
        new = "2a03:2222:3333:4444::3"
        self.renumber(server, f"{HOST}/", f"{new}/")
        server.change_plan(host=new)
        self.assertEqual(0, server.run("apply"), server.printed)
        self.assertIn(f"{HOST}/64 is kept until the next boot: a connection uses it", server.printed)
