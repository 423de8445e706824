"""What the tests of --confirm-within share: a change on trial, and another repository in the place of the first."""

from __future__ import annotations

from kong_ipv6 import confirm
from kong_ipv6.copies import COPIES
from kong_ipv6.system import Ran

from .case import Case
from .server import Server

WITHIN = "--confirm-within=60"


class Trial(Case):
    def tried(self, server: Server) -> Server:
        self.assertEqual(0, server.run("apply", WITHIN), server.printed)
        return server

    def time_is_up(self, server: Server) -> None:
        self.assertEqual(0, server.run("revert"), server.printed)

    def changed(self, server: Server) -> Server:
        """Another repository in the place of the one that was applied: a sysctl and a hook more, one file less."""
        folder = server.repository
        (folder / "host/etc/sysctl.d/70-mine.conf").write_text("net.ipv6.conf.ens3.router_solicitation_delay = 7\n")
        (folder / "host/etc/ndppd.conf").write_text("proxy ens3 {}\n")
        (folder / "README.md").unlink()
        self.hook(server, "before-rollback")
        self.hook(server, "after-rollback")
        return server

    def hook(self, server: Server, name: str, code: int = 0) -> None:
        """The program's stand-in answers for the hook of the repository and for that of its copy."""
        path = server.repository / "scripts/hooks" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("#!/bin/sh\n")
        path.chmod(0o755)
        for folder in (server.repository, *(server.root / f"{COPIES}/{copy}".lstrip("/") for copy in "ab")):
            server.programs_run.answers[str(folder / "scripts/hooks" / name)] = Ran(code, "", "")

    def files(self, server: Server) -> dict[str, bytes]:
        return {
            str(path.relative_to(server.repository)): path.read_bytes()
            for path in server.repository.rglob("*")
            if path.is_file() and "data" not in path.parts
        }

    def no_trace(self, server: Server) -> None:
        """No timer, no unit; nothing is pending."""
        self.assertEqual(("", 0), server.timer)
        self.assertIsNone(server.read(confirm.UNIT_FILE))
        self.assertFalse((server.root / confirm.WANTS.lstrip("/")).is_symlink())
        self.assertEqual([], server.context().journal.names("pending"))
