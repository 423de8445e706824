"""A change that is reverted unless it is confirmed: --confirm-within, --confirm and --revert."""

from __future__ import annotations

import json
from typing import Any
from unittest import mock

from kong_ipv6 import confirm, run
from kong_ipv6.report import Failure
from kong_ipv6.system import Ran
from support.disk import Killed
from support.server import Server
from support.trial import WITHIN, Trial


class Confirmed(Trial):
    def test_a_confirmed_change_stays(self) -> None:
        server = self.tried(self.server())
        self.assertEqual((confirm.UNIT, 60), server.timer)
        self.assertIn("Unless it is confirmed, the server reverts this change in", server.printed)
        self.assertEqual(0, server.run("apply", "--confirm"), server.printed)
        self.no_trace(server)
        state = server.state()
        # The timer can end at the same moment.
        self.time_is_up(server)
        self.same_state(state, server.state())
        self.assertEqual(0, server.run("apply"), server.printed)
        self.assertEqual([], server.events)

    def test_the_state_is_that_of_apply_alone(self) -> None:
        server, alone = self.tried(self.server()), self.applied()
        server.run("apply", "--confirm")
        self.same_state(alone.state(), server.state())

    def test_nothing_to_change_needs_no_confirmation(self) -> None:
        server = self.tried(self.applied())
        self.assertEqual([], server.events)
        self.no_trace(server)
        self.assertEqual(1, server.run("apply", "--confirm"))
        self.assertIn("no change waits for a confirmation", server.printed)
        self.assertEqual(1, server.run("apply", "--revert"))

    def test_a_second_confirmation_says_so(self) -> None:
        server = self.tried(self.server())
        server.run("apply", "--confirm")
        state = server.state()
        self.assertEqual(0, server.run("apply", "--confirm", "--json"), server.printed)
        self.assertIn("the change is already confirmed", server.printed)
        self.assertEqual({"outcome": "confirmed", "code": 0}, json.loads(server.printed.splitlines()[-1]))
        self.same_state(state, server.state())
        # A later run without a timer leaves nothing to confirm.
        self.changed(server)
        server.run("apply")
        self.assertEqual(1, server.run("apply", "--confirm"))

    def test_after_a_revert_there_is_nothing_to_confirm(self) -> None:
        for server, cause in ((self.server(), "no change waits"), (self.applied(), "the last change was reverted")):
            self.tried(self.changed(server))
            self.time_is_up(server)
            self.assertEqual(1, server.run("apply", "--confirm"))
            self.assertIn(cause, server.printed)
            self.assertIn("journalctl -u kong-ipv6-revert", server.printed)

    def test_a_half_reverted_change_cannot_be_confirmed(self) -> None:
        server = self.tried(self.server())
        with mock.patch.object(run, "undo", side_effect=Failure("it is stuck", "pull it")):
            server.run("revert")
        self.assertEqual(1, server.run("apply", "--confirm"))
        self.assertIn("can't be confirmed", server.printed)
        self.assertEqual(0, server.run("apply", "--revert"), server.printed)

    def test_a_hook_is_a_change(self) -> None:
        server = self.applied()
        self.hook(server, "after-apply")
        self.tried(server)
        self.assertEqual(60, server.timer[1])

    def test_another_run_is_refused_with_the_way_out(self) -> None:
        server = self.tried(self.server())
        for arguments in (["apply"], ["apply", "--dry-run"], ["apply", WITHIN], ["network"], ["ufw", "--remove"]):
            self.assertEqual(1, server.run(*arguments), arguments)
            self.assertEqual([], server.events)
            self.assertIn(f"by {server.repository}, is not confirmed yet", server.printed)
            self.assertIn("apply.sh --confirm, or sudo ./scripts/apply.sh --revert", server.printed)

    def test_what_is_not_applied_completely_cannot_be_confirmed(self) -> None:
        server = self.server()
        before = server.state()
        with mock.patch.object(run, "apply_all", side_effect=Killed), self.assertRaises(Killed):
            server.run("apply", WITHIN)
        self.assertEqual(1, server.run("apply", "--confirm"))
        self.assertIn("can't be confirmed", server.printed)
        self.time_is_up(server)
        self.same_state(before, server.state())

    def test_the_arguments(self) -> None:
        server = self.server()
        for arguments in (["--confirm-within"], ["--confirm-within", "4"], ["--confirm-within=x"], ["--confirm=1"]):
            self.assertEqual(1, server.run("apply", *arguments), arguments)
        self.assertEqual(1, server.run("apply", "--confirm", "--revert"))
        self.assertIn("can't be combined: --confirm --revert", server.printed)
        self.assertEqual([], server.events)

    def test_the_json_says_that_it_waits(self) -> None:
        server = self.server()
        server.run("apply", "--json", WITHIN)
        last = json.loads(server.printed.splitlines()[-1])
        self.assertEqual(("applied", 0), (last["outcome"], last["code"]))
        self.assertIn(last["confirm_within"], range(50, 61))
        server.run("apply", "--json", "--confirm")
        self.assertEqual({"outcome": "confirmed", "code": 0}, json.loads(server.printed.splitlines()[-1]))

    def test_the_timer_starts_after_the_images_and_before_every_change(self) -> None:
        server = self.server()
        self.hook(server, "before-apply")
        self.tried(server)
        self.happened(server, "compose build kong", "systemd-run", "hooks/before-apply", "sysctl net.", "netplan apply")
        self.assertEqual(1, sum("compose build" in what for _, what, _ in server.events))

    def test_an_image_that_cannot_be_built_changes_nothing(self) -> None:
        server = self.server()
        before = server.state()
        for command in ("docker compose build", "timeout --foreground 1800 docker compose build"):
            server.programs_run.answers[command] = Ran(1, "", "no network\n")
        self.assertEqual(1, server.run("apply", WITHIN))
        self.no_trace(server)
        self.same_state(before, server.state())


class DeployReads(Trial):
    """What deploy reads after its connection broke (src/deploy/change-state.ts)."""

    def facts(self, server: Server) -> set[str]:
        if not server.context().journal.exists:
            return set()
        lines = (server.root / "var/lib/kong-ipv6/manifest").read_text().replace(str(server.repository), "PATH")
        kinds = ("pending\t", "applied\t", "decided\t", "todo\tapply\t")
        return {line for line in lines.splitlines() if line.startswith(kinds)}

    def deployed(self, server: Server, text: str) -> None:
        (server.repository / ".kong-ipv6.deployed").write_text(text)

    def copied(self, server: Server, name: str) -> str:
        return (server.root / f"var/lib/kong-ipv6/copies/{name}/.kong-ipv6.deployed").read_text()

    def test_a_confirmed_change_and_a_reverted_one(self) -> None:
        server = self.server()
        self.deployed(server, "first")
        self.tried(server)
        self.assertEqual({"pending\tPATH\ta\t."}, self.facts(server))
        self.assertEqual("first", self.copied(server, "a"))
        server.run("apply", "--confirm")
        self.assertEqual({"applied\tPATH\ta\t.", "decided\tPATH\tconfirmed\t."}, self.facts(server))
        self.deployed(server, "second")
        self.tried(self.changed(server))
        self.assertEqual({"applied\tPATH\ta\t.", "pending\tPATH\tb\t."}, self.facts(server))
        self.assertEqual(("first", "second"), (self.copied(server, "a"), self.copied(server, "b")))
        self.time_is_up(server)
        self.assertEqual({"applied\tPATH\ta\t.", "decided\tPATH\treverted\t."}, self.facts(server))
        # A revert restores it too.
        self.assertEqual("first", (server.repository / ".kong-ipv6.deployed").read_text())

    def test_the_same_files_again_without_a_change(self) -> None:
        server = self.server()
        for text in ("first", "second"):
            self.deployed(server, text)
            self.tried(server)
            server.run("apply", "--confirm")
            name = next(line.split("\t")[2] for line in self.facts(server) if line.startswith("applied"))
            self.assertEqual(text, self.copied(server, name))

    def test_a_run_that_was_killed(self) -> None:
        server = self.server()
        with mock.patch.object(run, "apply_all", side_effect=Killed), self.assertRaises(Killed):
            server.run("apply", WITHIN)
        self.assertEqual({"todo\tapply\tbegun\t.", "pending\tPATH\ta\t."}, self.facts(server))
        self.time_is_up(server)
        self.assertEqual(set(), self.facts(server))

    def test_a_run_that_ended_before_its_first_change(self) -> None:
        server = self.tried(self.server())
        server.run("apply", "--confirm")
        self.changed(server)
        server.programs_run.answers["systemd-run"] = Ran(1, "", "no bus\n")
        self.assertEqual(1, server.run("apply", WITHIN))
        self.assertEqual({"applied\tPATH\ta\t.", "todo\tapply\tbegun\t."}, self.facts(server))


class FirstChangeReverted(Trial):
    def test_without_a_confirmation_the_server_is_as_before(self) -> None:
        for server in (self.server(), self.server().with_ufw(), self.kernel_ndp()):
            before = server.state()
            self.tried(server)
            self.time_is_up(server)
            self.same_state(before, server.state())
            self.no_trace(server)
            self.assertFalse((server.root / "var/lib/kong-ipv6").exists())

    def test_at_once(self) -> None:
        server = self.server()
        before = server.state()
        self.tried(server)
        self.assertEqual(0, server.run("apply", "--revert", "--json"), server.printed)
        self.assertEqual({"outcome": "reverted", "code": 0}, json.loads(server.printed.splitlines()[-1]))
        self.same_state(before, server.state())

    def test_a_failed_step_is_reverted_at_once(self) -> None:
        server = self.server()
        before = server.state()
        server.broken_units.add("ndppd.service")
        self.assertEqual(1, server.run("apply", WITHIN, "--json"))
        self.assertIn("ndppd.service doesn't start", server.printed)
        self.assertEqual({"outcome": "reverted", "code": 1}, json.loads(server.printed.splitlines()[-1]))
        self.same_state(before, server.state())
        self.no_trace(server)

    def test_a_failed_check_waits_for_the_decision(self) -> None:
        server = self.server()
        server.outside.dead = {(server.plan.kong, 443)}
        self.assertEqual(1, server.run("apply", WITHIN, "--json"))
        last = json.loads(server.printed.splitlines()[-1])
        self.assertEqual("failed", last["outcome"])
        self.assertGreater(last["confirm_within"], 0)
        self.assertEqual(0, server.run("apply", "--confirm"))

    def test_the_counterparts_of_the_hooks_run_and_stop_nothing(self) -> None:
        server = self.server()
        before = server.state()
        for name in ("after-apply", "before-rollback", "after-rollback"):
            self.hook(server, name, code=int(name != "after-apply"))
        self.tried(server)
        self.time_is_up(server)
        ran = [line.rsplit("/", 1)[1] for line in server.commands if "/hooks/" in line]
        self.assertEqual(["before-rollback", "after-rollback"], ran)
        self.assertIn("the hook scripts/hooks/before-rollback failed with exit code 1", server.printed)
        self.same_state(before, server.state())

    def test_a_revert_that_fails_says_so_and_can_be_repeated(self) -> None:
        server = self.server()
        before = server.state()
        self.tried(server)
        with mock.patch.object(run, "undo", side_effect=Failure("it is stuck", "pull it")):
            self.assertEqual(1, server.run("apply", "--revert"))
        self.assertIn("the change can't be reverted", server.printed)
        self.assertIsNotNone(server.read(confirm.UNIT_FILE))
        self.assertEqual(0, server.run("apply", "--revert"), server.printed)
        self.same_state(before, server.state())

    def test_rollback_removes_the_timer_too(self) -> None:
        server = self.server()
        before = server.state()
        self.tried(server)
        self.assertEqual(0, server.run("rollback"), server.printed)
        self.no_trace(server)
        self.same_state(before, server.state())


class LaterChangeReverted(Trial):
    def reverted(self, server: Server, before: dict[str, Any], files: dict[str, bytes]) -> None:
        self.same_state(before, server.state())
        self.assertEqual(files, self.files(server))
        self.no_trace(server)
        # An earlier change isn't.
        self.assertEqual(0, server.run("apply", "--dry-run"), server.printed)

    def test_only_this_change_is_reverted(self) -> None:
        server = self.applied()
        before, files = server.state(), self.files(server)
        self.tried(self.changed(server))
        self.assertIn("70-mine.conf", str(server.state()["files"].keys()))
        self.time_is_up(server)
        self.reverted(server, before, files)

    def test_also_after_a_confirmed_change(self) -> None:
        server = self.tried(self.server())
        server.run("apply", "--confirm")
        before, files = server.state(), self.files(server)
        self.tried(self.changed(server))
        self.assertEqual(0, server.run("apply", "--revert"), server.printed)
        self.reverted(server, before, files)

    def test_a_failed_step_is_reverted_at_once(self) -> None:
        server = self.applied()
        before, files = server.state(), self.files(server)
        self.changed(server)
        server.broken_units.add("ndppd.service")
        with mock.patch.object(server, "nested", side_effect=lambda command: self.restored(server, command)):
            self.assertEqual(1, server.run("apply", WITHIN), server.printed)
        self.reverted(server, before, files)

    def restored(self, server: Server, command: str) -> int:
        server.broken_units.clear()
        return Server.nested(server, command)

    def test_the_image_that_was_there_is_used_again(self) -> None:
        server = self.applied()
        image = server.docker.images["kong-ipv6:local"] = "sha256:first"
        built = server.read("/var/lib/kong-ipv6/built") or ""
        server.write("/var/lib/kong-ipv6/built", built.replace("sha256:built", image), 0o600)
        (server.repository / "kong-build/Dockerfile").write_text("FROM other\n")
        self.tried(server)
        self.time_is_up(server)
        self.assertEqual(image, server.docker.images["kong-ipv6:local"])
        self.assertEqual(0, server.run("apply", "--dry-run"), server.printed)

    def test_a_docker_that_the_change_has_stopped_is_started_first(self) -> None:
        server = self.applied()
        before, files = server.state(), self.files(server)
        (server.repository / "host/etc/docker/daemon.json").write_text('{"ipv6": true}\n')
        # The fake Docker doesn't get these keys into effect.
        self.assertEqual(1, server.run("apply", WITHIN))
        server.docker.down = "connection refused"

        def restart(unit: str) -> bool:
            server.docker.down = ""
            return Server.start(server, unit)

        with mock.patch.object(server, "start", side_effect=restart):
            self.time_is_up(server)
        self.reverted(server, before, files)

    def test_an_edit_after_apply_is_saved(self) -> None:
        server = self.applied()
        self.tried(self.changed(server))
        path = server.repository / "host/etc/ndppd.conf"
        path.write_text("mine\n")
        (server.repository / "notes.txt").write_text("mine\n")
        self.time_is_up(server)
        self.assertEqual("mine\n", server.read(f"/var/lib/kong-ipv6/edited{path}"))
        self.assertEqual("mine\n", (server.repository / "notes.txt").read_text())

    def test_env_is_never_removed(self) -> None:
        server = self.server()
        env = (server.repository / ".env").read_bytes()
        (server.repository / ".env").unlink()
        (server.repository / ".env.example").write_bytes(env)
        self.tried(server)
        made = (server.repository / ".env").read_bytes()
        server.run("apply", "--confirm")
        self.tried(self.changed(server))
        self.time_is_up(server)
        self.assertEqual(made, (server.repository / ".env").read_bytes())
