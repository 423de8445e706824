"""The revert of a change that was not confirmed: it loses nothing, and nothing stops it."""

from __future__ import annotations

import os

from kong_ipv6.system import Ran
from support.case import Case
from support.trial import WITHIN, Trial


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
