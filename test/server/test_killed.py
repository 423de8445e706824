"""A run that is ended at any moment (kill -9, a power failure) leaves a journal that the next run goes on from."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from kong_ipv6.copies import COPIES
from kong_ipv6.journal import STATE
from support.case import Case
from support.copies import Copies
from support.disk import Killed, tree
from support.server import Server


def busy(case: Case) -> Server:
    """A server that has files of its own in the places where ours go, and ufw."""
    server = case.server().with_ufw()
    server.write("/etc/ndppd.conf", "proxy eth9 {}\n", 0o640)
    server.write("/etc/docker/daemon.json", '{\n  "log-driver": "local"\n}\n')
    server.kernel.add_link("ens9", "52:54:00:00:00:09")
    server.kernel.sysctl("net.ipv6.conf.ens9.forwarding", "1")
    return server


class KilledAnywhere(Case):
    def prepare(self, make: Callable[[], Server]) -> None:
        self.make = make
        # The server as each command finds it.
        self.starts = {"apply": Copies(make), "rollback": Copies(lambda: make().applied())}
        server = self.starts["apply"].copy()
        self.before = server.state()
        server.close()

    # What matters of the changes; empty: all.
    words: tuple[str, ...] = ()

    def moments(self, command: str, journal: bool = False) -> dict[int, str]:
        """Before each change that this command makes; journal: before each of the journal's own file, too."""
        server = self.starts[command].copy()
        server.run(command)
        # One file of the repository's copy stands for all.
        copied = re.compile(rf"^{COPIES}/./(?!README.md)")
        found = {
            index: f"{kind} {what}" for index, (kind, what, _) in enumerate(server.events)
            if kind != "fsync" and not copied.search(what) and (journal or not what.endswith("/manifest"))
            and (not self.words or any(word in what for word in self.words))
        }  # fmt: skip
        self.assertGreaterEqual(len(found), 3)
        server.close()
        return found

    def killed(self, command: str, moment: int) -> Server:
        server = self.starts[command].copy()
        with self.assertRaises(Killed):
            server.run(command, kill_at=moment)
        return server

    def recorded(self, server: Server, before: dict[str, Any]) -> None:
        """What is changed on the server is in the journal, as it was before."""
        journal, now, sysctls = server.context().journal, tree(server.root), server.kernel.sysctls()
        for path, was in before["files"].items():
            if was[0] != "directory" and now.get(path) != was:
                self.assertEqual("kept", journal.fact("file", path), path)
                self.assertEqual(was[2], journal.before(path).read_bytes(), path)
        for path in set(now) - set(before["files"]):
            own = path.startswith(STATE) or path.endswith(".kong-ipv6")
            kinds = {journal.fact("file", path), journal.fact("directory", path)}
            self.assertTrue(own or "absent" in kinds, path)
        for key, value in before["kernel"]["sysctls"].items():
            name = key.replace("/", ".")
            of_all = (
                name.endswith(".forwarding") and journal.fact("sysctl", "net.ipv6.conf.all.forwarding") == value.strip()
            )
            if sysctls.get(key) != value and not of_all:
                self.assertEqual(value.strip(), journal.fact("sysctl", name))

    def goes_on(self) -> None:
        server = self.make().applied()
        finished, facts = server.state(), server.context().journal.entries
        server.close()
        for moment, change in self.moments("apply").items():
            with self.subTest(before=change):
                server = self.killed("apply", moment)
                self.recorded(server, self.before)
                self.assertEqual(0, server.run("apply"), server.printed)
                self.same_state(finished, server.state())
                first = {
                    one for one in facts if one[0] in ("file", "sysctl", "directory", "package", "network", "snapshot")
                }
                self.assertEqual(
                    first, {one for one in server.context().journal.entries if one[0] in {kind for kind, _, _ in first}}
                )
                server.close()

    def rolled_back(self, command: str, journal: bool = False) -> None:
        for moment, change in self.moments(command, journal).items():
            with self.subTest(before=change):
                server = self.killed(command, moment)
                self.assertEqual(0, server.run("rollback"), server.printed)
                self.same_state(self.before, server.state())
                server.close()


class KilledOnABusyServer(KilledAnywhere):
    def setUp(self) -> None:
        self.prepare(lambda: busy(self))

    def test_apply_is_killed_and_run_again(self) -> None:
        self.goes_on()

    def test_apply_is_killed_and_rolled_back_byte_for_byte(self) -> None:
        self.rolled_back("apply", journal=True)

    def test_rollback_is_killed_and_run_again(self) -> None:
        self.rolled_back("rollback")


class KilledWithTheKernelsProxy(KilledAnywhere):
    words = ("netplan", "networkctl", "ndp")

    def setUp(self) -> None:
        self.prepare(self.kernel_ndp)

    def test_apply_is_killed_and_rolled_back_byte_for_byte(self) -> None:
        self.rolled_back("apply")
