"""The owner's executables in scripts/hooks: before-apply, after-apply, before-rollback, after-rollback."""

from __future__ import annotations

from kong_ipv6.system import Ran
from support.case import Case
from support.server import Server


class Hooks(Case):
    def hook(self, server: Server, name: str, code: int = 0, out: str = "", err: str = "", mode: int = 0o755) -> None:
        path = server.repository / "scripts/hooks" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("#!/bin/sh\n")
        path.chmod(mode)
        server.programs_run.answers[str(path)] = Ran(code, out, err)

    def ran(self, server: Server) -> list[str]:
        return [line.rsplit("/", 1)[1] for line in server.commands if "/scripts/hooks/" in line]

    def test_they_run_around_the_changes(self) -> None:
        server = self.server()
        for name in ("before-apply", "after-apply", "before-rollback", "after-rollback"):
            self.hook(server, name, out=f"{name} says this\n")
        self.assertEqual(0, server.run("apply"))
        self.assertEqual(["before-apply", "after-apply"], self.ran(server))
        changes = [f"{kind} {what}" for kind, what, _ in server.events]
        self.assertIn("hooks/before-apply", changes[0])
        # After it only the copy of the repository is made.
        last = [one for one in changes if "/var/lib/kong-ipv6" not in one][-1]
        self.assertIn("hooks/after-apply", last)
        self.assertIn("before-apply says this", server.printed)
        self.assertEqual(0, server.run("rollback"))
        self.assertEqual(["before-rollback", "after-rollback"], self.ran(server))

    def test_a_failed_before_hook_stops_before_any_change(self) -> None:
        server = self.server()
        before = server.state()
        self.hook(server, "before-apply", code=3, err="not today\n")
        self.assertEqual(1, server.run("apply"))
        self.assertEqual(1, len(server.events))
        self.same_state(before, server.state())
        self.assertIn("the hook scripts/hooks/before-apply failed with exit code 3", server.printed)
        self.assertIn("    | not today", server.printed)
        self.assertIn("This run has changed nothing.", server.printed)
        self.assertFalse(server.context().journal.exists)

    def test_a_failed_before_rollback_hook_takes_nothing_back(self) -> None:
        server = self.applied()
        before = server.state()
        self.hook(server, "before-rollback", code=1)
        self.assertEqual(1, server.run("rollback"))
        self.assertIn("This run has changed nothing.", server.printed)
        self.same_state(before, server.state())
        self.assertTrue(server.context().journal.exists)

    def test_a_failed_after_hook_fails_the_run(self) -> None:
        server = self.server()
        self.hook(server, "after-apply", code=1)
        self.assertEqual(1, server.run("apply"))
        self.assertIn("Kong answers", server.printed)

    def test_a_failed_after_rollback_hook_runs_again(self) -> None:
        """Bug: the next rollback said that there is nothing to undo."""
        server = self.applied()
        self.hook(server, "after-rollback", code=1)
        self.assertEqual(1, server.run("rollback"))
        self.hook(server, "after-rollback")
        self.assertEqual(0, server.run("rollback"))
        self.assertIn("Everything is undone.", server.printed)
        self.assertFalse(server.context().journal.exists)

    def test_a_dry_run_and_verify_run_none(self) -> None:
        server = self.server()
        for name in ("before-apply", "after-apply", "before-rollback", "after-rollback"):
            self.hook(server, name)
        server.run("apply", "--dry-run")
        self.assertEqual([], self.ran(server))
        server.run("verify")
        self.assertEqual([], self.ran(server))
        server.applied()
        server.run("rollback", "--dry-run")
        self.assertEqual([], self.ran(server))

    def test_a_refused_run_runs_none(self) -> None:
        server = self.server()
        self.hook(server, "before-apply")
        server.env(KONG_PG_PASSWORD="replace-me")
        self.assertEqual(1, server.run("apply"))
        self.assertEqual([], self.ran(server))

    def test_a_file_that_is_not_executable_is_no_hook(self) -> None:
        server = self.server()
        self.hook(server, "before-apply", code=1, mode=0o644)
        self.assertEqual(0, server.run("apply"))
