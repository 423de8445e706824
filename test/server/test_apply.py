"""apply.sh, verify.sh and rollback.sh as a whole: plan, order, exit codes, failures in the middle, and kills."""

from __future__ import annotations

import os
import unittest
import unittest.mock
from pathlib import Path

from simulated import PASSWORD, Case, Failure, Killed, Ran, Server, changes, run, world

SKIP = ("/var/lib/kong-ipv6", "/run")


def tree(server: Server) -> dict[str, str]:
    """Every file with its mode; what the kernel has; units, rules, networks and containers."""
    found: dict[str, str] = {}
    for path in sorted(server.root.rglob("*")):
        name = "/" + str(path.relative_to(server.root))
        if not name.startswith(SKIP):
            text = os.readlink(path) if path.is_symlink() else path.read_text().rstrip("\n") if path.is_file() else ""
            found[name] = f"{path.lstat().st_mode:o} {text}"
    found["units"] = str(sorted(unit for unit, active in server.units.items() if active))
    found["addresses"] = str(server.addresses) + server.default_route
    found["docker"] = str([one["Name"] for one in server.docker.data["networks"]]) + str(
        server.docker.data["containers"]
    )
    return found


class Whole(Case):
    def test_apply_twice_then_rollback(self) -> None:
        before = tree(self.server)
        self.assertEqual(run.apply(self.server.context, False), 0, self.server.stdout.getvalue())
        self.assertNotEqual(tree(self.server), before)
        self.assertEqual(changes(self.again()), [])
        self.assertEqual(run.apply(self.again().context, True), 0)
        self.assertEqual(run.rollback(self.again().context, False), 0)
        self.assertEqual(tree(self.server), before)
        self.assertFalse(self.server.on("/var/lib/kong-ipv6").exists())

    def test_dry_run_changes_nothing_and_exits_with_4(self) -> None:
        before, calls = tree(self.server), len(self.server.docker.requests)
        self.assertEqual(run.apply(self.server.context, True), 4)
        self.assertEqual(tree(self.server), before)
        self.assertEqual(len(self.server.docker.requests), calls)
        self.assertFalse(self.server.on("/var/lib/kong-ipv6").exists())

    def test_rollback_dry_run_changes_nothing_and_exits_with_4(self) -> None:
        run.apply(self.server.context, False)
        before = tree(self.server)
        self.assertEqual(run.rollback(self.again().context, True), 4)
        self.assertEqual(tree(self.server), before)
        self.assertIn(
            "remove  compose     the containers of kong-ipv6; its data is kept", self.server.stdout.getvalue()
        )

    def test_rollback_of_nothing(self) -> None:
        self.assertEqual(run.rollback(self.server.context, False), 0)
        self.assertIn("Nothing to undo", self.server.stdout.getvalue())

    def test_order(self) -> None:
        run.apply(self.server.context, False)
        calls = [" ".join(call) for call in self.server.calls]

        def at(text: str) -> int:
            return next(index for index, call in enumerate(calls) if text in call)

        order = [
            "daemon-reload",
            "restart kong-ipv6-firewall.service",
            "scripts/ufw.sh",
            "netplan apply",
            "restart ndppd.service",
            "restart docker.service",
            "scripts/network.sh",
            "build kong",
            "up --no-start",
            "docker start",
        ]
        self.assertEqual([at(text) for text in order], sorted(at(text) for text in order))

    def test_a_failure_in_the_middle_is_done_again(self) -> None:
        self.server.answers["scripts/network.sh"] = Ran(1, "", "no pool left\n")
        with self.assertRaises(Failure) as raised:
            run.apply(self.server.context, False)
        self.assertEqual(raised.exception.cause, "Docker can't create the network ipv6_exposed")
        self.assertIn("    | no pool left", self.server.stderr.getvalue())
        self.assertEqual(self.server.report.step, "network: ipv6_exposed")
        self.assertEqual(self.server.journal.names("todo"), ["network", "compose", "kong"])
        del self.server.answers["scripts/network.sh"]
        self.assertEqual(run.apply(self.again().context, False), 0)
        self.assertEqual(self.server.journal.names("todo"), [])

    def test_what_was_begun_is_done_again_though_nothing_differs(self) -> None:
        run.apply(self.server.context, False)
        self.server.journal.record("todo", "docker", "begun")
        self.assertEqual([change.what for change in changes(self.again())], ["docker"])
        self.server.journal.forget("todo", "docker")
        self.server.journal.record("todo", "sysctl", "begun")
        self.assertEqual(run.apply(self.again().context, True), 4)
        self.assertIn("a step that was interrupted is done again", self.server.stdout.getvalue())

    def test_the_password_is_in_no_output_and_no_argument(self) -> None:
        run.apply(self.server.context, False)
        (self.server.repository.path / ".env").write_text(self.server.env(KONG_PG_PASSWORD="another-9c"))
        self.server.write(self.server.repository.data / "postgres" / "PG_VERSION", "17")
        run.apply(self.again().context, False)
        run.rollback(self.again().context, False)
        said = self.server.stdout.getvalue() + self.server.stderr.getvalue() + str(self.server.calls)
        said += str(self.server.docker.requests)
        self.assertIn("the password is the one in .env", said)
        for secret in (PASSWORD, "another-9c"):
            self.assertNotIn(secret, said)

    def test_hooks(self) -> None:
        hooks = self.server.repository.path / "scripts" / "hooks"
        self.server.write(hooks / "before-apply", "#!/bin/sh\n")
        (hooks / "before-apply").chmod(0o755)
        self.server.write(hooks / "after-apply", "not executable")
        before = tree(self.server)
        self.server.answers["hooks/before-apply"] = Ran(3, "", "not today\n")
        with self.assertRaises(Failure) as raised:
            run.apply(self.server.context, False)
        self.assertIn("before-apply failed with exit code 3", raised.exception.cause)
        self.assertEqual(tree(self.server), before)
        self.server.answers["hooks/before-apply"] = Ran(0, "ready\n", "")
        self.assertEqual(run.apply(self.again().context, False), 0)
        self.assertIn("ready\n", self.server.stdout.getvalue())
        self.assertNotIn("after-apply", str(self.server.calls))

    def test_a_dry_run_starts_no_hook(self) -> None:
        hook = self.server.repository.path / "scripts" / "hooks" / "before-apply"
        self.server.write(hook, "#!/bin/sh\n")
        hook.chmod(0o755)
        run.apply(self.server.context, True)
        self.assertNotIn("hooks", str(self.server.calls))

    def test_a_failing_before_rollback_hook_stops_it(self) -> None:
        run.apply(self.server.context, False)
        hook = self.server.repository.path / "scripts" / "hooks" / "before-rollback"
        self.server.write(hook, "#!/bin/sh\n")
        hook.chmod(0o755)
        self.server.answers["hooks/before-rollback"] = Ran(1, "", "")
        before = tree(self.server)
        with self.assertRaises(Failure):
            run.rollback(self.again().context, False)
        self.assertEqual(tree(self.server), before)

    def test_verify_exits_with_1_where_something_fails(self) -> None:
        run.apply(self.server.context, False)
        self.assertEqual(run.verify(self.again().context, False), 0)
        self.server.units["kong-ipv6-firewall.service"] = False
        self.assertEqual(run.verify(self.again().context, True), 1)


class Kills(unittest.TestCase):
    """Killed at each primitive: the next rollback.sh brings the server back, and the next apply.sh ends well."""

    def setUp(self) -> None:
        world_ = world()
        world_.__enter__()
        self.addCleanup(world_.__exit__, None, None, None)

    def killed(self, server: Server, tick: int, command: str = "apply") -> bool:
        """Whether the run was killed, at its tick-th primitive."""
        server.restart_program(server.repository.path)
        server.ticks, server.dies_at = 0, tick
        replace, fsync = os.replace, os.fsync

        def ticking(*arguments: Path) -> None:
            server.tick()
            replace(*arguments)
            server.tick()

        def syncing(descriptor: int) -> None:
            server.tick()
            fsync(descriptor)

        try:
            with unittest.mock.patch("os.replace", ticking), unittest.mock.patch("os.fsync", syncing):
                run.apply(server.context, False) if command == "apply" else run.rollback(server.context, False)
        except Killed:
            return True
        finally:
            server.dies_at = 0
            server.restart_program(server.repository.path)
        return False

    def test_apply(self) -> None:
        tick, step = 1, int(os.environ.get("KILL_STEP", "7"))
        while True:
            server = Server()
            try:
                before = tree(server)
                alive = not self.killed(server, tick)
                with self.subTest(tick=tick):
                    run.rollback(server.context, False)
                    after = tree(server)
                    self.assertEqual({k: v for k, v in after.items() if before.get(k) != v}, {})
                    self.assertEqual(after.keys(), before.keys())
            finally:
                server.close()
            if alive:
                break
            tick += step
        self.assertGreater(tick, 100)

    def test_apply_again(self) -> None:
        for tick in range(1, 400, 23):
            server = Server()
            try:
                self.killed(server, tick)
                with self.subTest(tick=tick):
                    self.assertEqual(run.apply(server.context, False), 0, server.stdout.getvalue())
                    server.restart_program(server.repository.path)
                    self.assertEqual(changes(server), [])
            finally:
                server.close()

    def test_rollback(self) -> None:
        tick = 1
        while True:
            server = Server()
            try:
                before = tree(server)
                run.apply(server.context, False)
                alive = not self.killed(server, tick, "rollback")
                with self.subTest(tick=tick):
                    run.rollback(server.context, False)
                    self.assertEqual(tree(server), before)
            finally:
                server.close()
            if alive:
                break
            tick += 11


if __name__ == "__main__":
    unittest.main()
