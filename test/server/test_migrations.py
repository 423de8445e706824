"""Kong's database migrations: apply.sh waits until they are complete."""

from __future__ import annotations

from typing import Any
from unittest import mock

from kong_ipv6.report import Report
from support.case import Case
from support.docker import FakeEngine
from support.programs import FakeSystem
from support.server import Server


class Migrations(Case):
    def test_migrations_that_succeed_at_the_second_try(self) -> None:
        """Bug: after an interrupted bootstrap the migrations were never reported as not complete."""
        server, row = self.server(), Report.row
        start = server.docker.start

        def fails(identity: str) -> None:
            start(identity)
            container = server.docker.containers_by_id[identity]
            if container["State"] == "exited":
                container.update(State="restarting", Status="Restarting (5)", _restarts=1)

        def then_succeeds(report: Report, word: str, what: str, text: str) -> None:
            row(report, word, what, text)
            container: Any = server.docker.service("kong-migration")
            if "the migrations are not complete; Docker runs them again" in text:
                container.update(State="exited", Status="Exited (0)")

        server.docker.start = fails  # type: ignore[method-assign]
        with mock.patch.object(Report, "row", then_succeeds):
            self.assertEqual(0, server.run("apply"), server.printed)

    def migrated(self, lock: float, takes: float) -> Server:
        """A server where an interrupted migration holds Kong's lock for so many seconds from the start of the next one,
        which runs for so many. Docker pauses between restarts: 0.1 seconds, doubled each time up to a minute (moby
        restartmanager.go)."""
        server, start = self.server(), FakeEngine.start
        ends = float("inf")

        def starts(engine: FakeEngine, identity: str) -> None:
            nonlocal ends
            start(engine, identity)
            container: Any = engine.containers_by_id[identity]
            if container["Labels"]["com.docker.compose.service"] != "kong-migration":
                return
            begins, pause = server.clock, 0.1
            while begins < server.clock + lock:
                begins, pause = begins + takes + pause, min(pause * 2, 60)
            ends = begins + takes
            container.update(State="restarting", Status="Restarting (4)", _restarts=1, _code=4)

        def wait(system: FakeSystem, seconds: float, condition: Any, step: float = 1) -> bool:
            until = server.clock + seconds
            while not condition():
                if server.clock >= until:
                    return False
                system.sleep(1)
                if server.clock >= ends:
                    done: Any = server.docker.service("kong-migration")
                    done.update(State="exited", Status="Exited (0)", _code=0)
            return True

        with mock.patch.object(FakeEngine, "start", starts), mock.patch.object(FakeSystem, "wait", wait):
            server.run("apply")
        return server

    def test_the_wait_outlasts_the_lock_of_an_interrupted_migration(self) -> None:
        """facts/kong.md: the lock expires after 60 seconds; until then `kong migrations list` ends with 3, 4 or 5."""
        for takes in (0.2, 0.9, 1, 3, 9):
            printed = self.migrated(60, takes).printed
            self.assertIn("the migrations are not complete; Docker runs them again", printed)
            self.assertIn("  ok      kong        healthy", printed, takes)

    def test_a_lock_that_does_not_expire_ends_the_wait(self) -> None:
        self.assertIn("the database migrations failed", self.migrated(3600, 3).printed)

    def test_migrations_that_succeed_are_not_called_incomplete(self) -> None:
        self.assertNotIn("not complete", self.applied().printed)

    def test_migrations_that_fail(self) -> None:
        server = self.server()
        start = server.docker.start

        def fails(identity: str) -> None:
            start(identity)
            container = server.docker.containers_by_id[identity]
            if container["State"] == "exited":
                container["_code"], container["Status"] = 1, "Exited (1)"

        server.docker.start = fails  # type: ignore[method-assign]
        self.assertEqual(1, server.run("apply"))
        self.assertIn("the database migrations failed", server.printed)
        self.assertIn("kong-migration is exited/1", server.printed)
        self.assertIn("    | the last words of the container", server.printed)
