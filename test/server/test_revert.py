"""The revert of a change that was not confirmed: it loses nothing, and nothing stops it."""

from __future__ import annotations

import os
from unittest import mock

from kong_ipv6 import confirm, copies
from kong_ipv6.system import Ran
from support.case import Case
from support.trial import WITHIN, Trial

BUILD = "timeout --foreground 1800 docker compose build"


class Repository(Trial):
    def test_the_owners_edits_before_the_change_are_saved(self) -> None:
        """Bug: an edit made before apply.sh --confirm-within was lost."""
        server = self.applied()
        folder = server.repository
        (folder / "README.md").write_text("edited\n")
        (folder / "host/etc/sysctl.d/70-mine.conf").write_text("net.ipv6.conf.ens3.router_solicitation_delay = 7\n")
        os.symlink("nowhere", folder / "scripts/link")
        self.tried(server)
        self.time_is_up(server)
        edited = f"/var/lib/kong-ipv6/edited{folder}"
        self.assertEqual("edited\n", server.read(f"{edited}/README.md"))
        self.assertIn("router_solicitation_delay", server.read(f"{edited}/host/etc/sysctl.d/70-mine.conf") or "")
        self.assertEqual("nowhere", os.readlink(server.root / f"{edited}/scripts/link".lstrip("/")))
        self.assertIn(f"the files of the reverted change are saved in {edited}", server.printed)
        self.assertNotEqual("edited\n", (folder / "README.md").read_text())

    def test_a_copy_in_use_is_never_replaced(self) -> None:
        server = self.server()
        with server.patched():
            journal = server.context().journal
            journal.record("applied", "/opt/one", "a")
            journal.record("pending", "/opt/one", "b")
            self.assertEqual("c", copies.make(journal, server.repository))

    def test_the_previous_copy_stays_what_it_was(self) -> None:
        """Bug: a new file in the repository made the revert copy it over the copy that it ran from."""
        server = self.applied()
        name = server.context().journal.fact("applied", str(server.repository))
        self.tried(self.changed(server))
        (server.repository / "hook.log").write_text("new\n")
        self.time_is_up(server)
        journal = server.context().journal
        self.assertEqual(name, journal.fact("applied", str(server.repository)))
        self.assertFalse((copies.folder(journal, name or "") / "hook.log").exists())

    def test_every_file_but_the_data_is_restored(self) -> None:
        server = self.server()
        folder = server.repository
        for path in ("conf.d/own.conf", "big.bin", "node_modules/one/x", ".git/x"):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text("before\n" * (1 << 18))
        server.applied()
        names = {str(path) for path in copies.files_of(folder)}
        self.assertLessEqual({"conf.d/own.conf", "big.bin", ".env"}, names)
        self.assertEqual([], [one for one in names if one.startswith(("data/", ".git/", "node_modules/"))])
        files = self.files(server)
        # Data stays data under another setting.
        server.env(KONG_DATA_DIR="./other")
        self.assertEqual(names, {str(path) for path in copies.files_of(folder)})
        (folder / ".env").write_bytes(files[".env"])
        self.changed(server)
        (folder / "conf.d/own.conf").write_text("after\n")
        (folder / "new.d").mkdir()
        (folder / "new.d/x").write_text("new\n")
        self.tried(server)
        self.time_is_up(server)
        self.assertEqual(files, self.files(server))
        self.assertFalse((folder / "new.d").exists())

    def test_a_repository_that_is_too_large_for_a_copy(self) -> None:
        server = self.server()
        with mock.patch.object(copies, "MOST", 1000):
            self.assertEqual(1, server.run("apply", WITHIN))
            self.assertIn("has more than 64 MiB, without its data", server.printed)
            self.assertEqual([], server.events)
            server.applied()
        self.assertIn("--confirm-within can't be used", server.printed)
        self.assertEqual([], server.context().journal.names("applied"))


class NothingStopsIt(Trial):
    def test_a_hook_that_fails(self) -> None:
        server = self.server()
        self.hook(server, "before-apply")
        self.hook(server, "after-apply")
        server.applied()
        before = server.state()
        self.tried(self.changed(server))
        self.hook(server, "before-apply", code=1)
        self.hook(server, "after-apply", code=1)
        self.time_is_up(server)
        self.assertIn("the hook scripts/hooks/after-apply failed with exit code 1", server.outputs[-1])
        self.same_state(before, server.state())

    def test_a_refusal(self) -> None:
        server = self.applied()
        before = server.state()
        self.tried(self.changed(server))
        server.free = {"/": 10}
        self.time_is_up(server)
        self.assertIn("note    revert      only 10 MB are free", server.outputs[-1])
        self.same_state(before, server.state())

    def test_the_limit_of_starts(self) -> None:
        server, reset = self.tried(self.server()), f"systemctl reset-failed {confirm.UNIT}"
        self.assertIn(reset, server.commands)
        server.run("apply", "--revert")
        self.assertLess(server.commands.index(reset), server.commands.index(f"systemctl start {confirm.UNIT}"))

    def test_what_cannot_be_undone_is_a_failure(self) -> None:
        """Bug: --revert said that the server is as it was."""
        server = self.tried(self.server())
        server.broken_packages.add("ndppd")
        self.assertEqual(1, server.run("apply", "--revert"), server.printed)
        self.assertIn("see above; then sudo ./scripts/rollback.sh", server.printed)

    def test_the_unit_is_removed_last(self) -> None:
        server = self.tried(self.server())
        self.time_is_up(server)
        self.happened(server, "unlink /var/lib/kong-ipv6/manifest", f"unlink {confirm.UNIT_FILE}")

    def test_rollback_stops_the_timer_first(self) -> None:
        server = self.tried(self.server())
        self.assertEqual(0, server.run("rollback"), server.printed)
        self.happened(server, f"systemctl --quiet stop {confirm.TIMER}", "engine DELETE /containers/")


class Refused(Trial):
    def test_nothing_complete_to_revert_to(self) -> None:
        """Bug: after an apply.sh that ended with an error, a revert removed the whole gateway."""
        server = self.server()
        server.broken_units.add("ndppd.service")
        server.run("apply")
        server.broken_units.clear()
        self.assertEqual(1, server.run("apply", WITHIN))
        self.assertIn("run sudo ./scripts/apply.sh once without --confirm-within", server.printed)
        self.assertEqual([], server.events)
        self.assertEqual(0, server.run("apply"))
        self.tried(self.changed(server))

    def test_a_failed_preparation_is_no_change(self) -> None:
        server = self.server("29.7.2-nftables").with_ufw()
        server.programs_run.answers[BUILD] = Ran(1, "", "no network\n")
        self.assertEqual(1, server.run("apply", WITHIN))
        del server.programs_run.answers[BUILD]
        self.tried(server)

    def test_without_systemd_run_nothing_is_prepared(self) -> None:
        server = self.server()
        server.programs.discard("systemd-run")
        # deploy asks before the plan is agreed to.
        for arguments in (["apply", WITHIN], ["apply", WITHIN, "--dry-run"]):
            self.assertEqual(1, server.run(*arguments))
            self.assertIn("Refused: --confirm-within needs systemd-run", server.printed)
            self.assertEqual([], server.events)
        self.assertEqual(4, server.run("apply", "--dry-run"), server.printed)

    def test_a_dry_run_with_a_time_limit_changes_nothing(self) -> None:
        server = self.server()
        self.assertEqual(4, server.run("apply", WITHIN, "--dry-run"), server.printed)
        self.assertEqual([], server.events)
        self.assertEqual(1, server.run("apply", "--confirm", "--dry-run"))


class Images(Case):
    def test_an_image_that_was_built_is_used_by_the_next_run(self) -> None:
        """Bug: Kong kept its old image where the run ended after the build."""
        server = self.applied()
        (server.repository / "kong-build/Dockerfile").write_text("FROM other\n")
        server.programs_run.answers["systemd-run"] = Ran(1, "", "no bus\n")
        self.assertEqual(1, server.run("apply", WITHIN))
        self.assertEqual(4, server.run("apply", "--dry-run"), server.printed)
        self.assertEqual(0, server.run("apply"), server.printed)
        self.happened(server, "compose up --no-start")
        self.assertEqual(0, server.run("apply", "--dry-run"), server.printed)
