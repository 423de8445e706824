"""The files of host/: which differ, how they are written, and how they come back."""

from __future__ import annotations

from support.case import Case

CONF, UNIT = "/etc/ndppd.conf", "/etc/systemd/system/ndppd.service"


class Refusals(Case):
    def test_conflict_markers_in_any_file_that_the_server_reads(self) -> None:
        for path in ("host/etc/ndppd.conf", "docker-compose.yml", ".env", "kong-build/Dockerfile"):
            server = self.server()
            with (server.repository / path).open("a") as file:
                file.write("<<<<<<< yours\n=======\n>>>>>>> new\n")
            self.refused(server, "files", f"{path} still has conflict markers", "create-kong-ipv6 check")

    def test_a_line_of_equal_signs_is_no_conflict(self) -> None:
        server = self.server()
        with (server.repository / "host/etc/ndppd.conf").open("a") as file:
            file.write("# Title\n=======\n")
        self.assertEqual([], self.refusals(server, "files"))

    def test_a_full_disk(self) -> None:
        server = self.server()
        server.free["/etc"] = 15
        self.refused(server, "files", "only 15 MB are free below /etc", "free some space there")


class Changes(Case):
    def test_a_fresh_server(self) -> None:
        found = self.changes(self.server(), "files")
        self.assertIn(f"file: {CONF} will be created", found)
        self.assertEqual(found, sorted(found))

    def test_an_applied_one(self) -> None:
        self.assertEqual([], self.changes(self.applied(), "files"))

    def test_what_is_beside_a_file_is_none(self) -> None:
        server = self.server()
        for name in ("ndppd.conf.new", "ndppd.conf.orig", "ndppd.conf.rej", "ndppd.conf~", ".ndppd.conf.swp"):
            (server.repository / "host/etc" / name).write_text("x\n")
        self.assertEqual([], [line for line in self.changes(server, "files") if ".conf." in line or "~" in line])

    def test_a_file_that_the_server_had(self) -> None:
        server = self.server()
        server.write(CONF, "# nothing\n")
        self.assertIn(
            f"file: {CONF} will be replaced; rollback.sh restores the current file", self.changes(server, "files")
        )

    def test_ndppds_rules_for_other_addresses_are_named(self) -> None:
        server = self.server()
        server.write(CONF, "proxy ens3 {\n  rule 2001:db8::/64 { static }\n}\n")
        text = next(line for line in self.changes(server, "files") if CONF in line)
        self.assertIn("It has rules for other addresses", text)

    def test_an_edit_on_the_server_is_named(self) -> None:
        server = self.applied()
        server.write(CONF, "mine\n")
        self.assertIn("your edit will be saved in", self.changes(server, "files")[0])

    def test_another_mode(self) -> None:
        server = self.applied()
        (server.root / UNIT[1:]).chmod(0o600)
        self.assertEqual([f"file: {UNIT} will get mode 644"], self.changes(server, "files"))


class Apply(Case):
    def test_modes(self) -> None:
        server = self.applied()
        for path, mode in (
            ("/etc/netplan/60-kong-ipv6.yaml", 0o600),
            (CONF, 0o644),
            (UNIT, 0o644),
            ("/etc/docker/daemon.json", 0o644),
        ):
            self.assertEqual(mode, (server.root / path[1:]).stat().st_mode & 0o777, path)

    def test_a_file_of_earlier_answers_goes(self) -> None:
        server = self.applied()
        (server.repository / "host/etc/ndppd.conf").unlink()
        self.assertIn(
            f"file: {CONF} belongs to earlier answers: its original state will be restored",
            self.changes(server, "files"),
        )
        server.run("apply")
        self.assertIsNone(server.read(CONF))
        self.assertIsNone(server.context().journal.fact("file", CONF))

    def test_a_unit_of_earlier_answers_is_stopped_and_no_longer_enabled(self) -> None:
        server = self.applied()
        (server.repository / "host/etc/systemd/system/ndppd.service").unlink()
        server.change_plan(ndp="none")
        server.run("apply")
        self.assertNotIn("ndppd.service", server.active)
        self.assertFalse((server.root / "etc/systemd/system/multi-user.target.wants/ndppd.service").is_symlink())

    def test_an_edit_is_kept_before_the_file_is_written_again(self) -> None:
        server = self.applied()
        server.write(CONF, "mine\n")
        self.assertEqual(0, server.run("apply"))
        self.assertEqual("mine\n", server.read(f"/var/lib/kong-ipv6/edited{CONF}"))
        self.assertIn("your version is saved in /var/lib/kong-ipv6/edited/etc/ndppd.conf", server.printed)

    def test_a_unit_of_the_same_name_that_runs_is_stopped_its_own_way_and_starts_again_after_rollback(self) -> None:
        server = self.server()
        server.install("ndppd")
        server.active.add("ndppd.service")
        server.applied()
        self.assertEqual("active", server.context().journal.fact("unit", "ndppd.service"))
        server.run("rollback")
        self.assertIn("ndppd.service ran before apply.sh", server.printed)


class Undo(Case):
    def test_what_the_owner_edited_since_is_kept_and_named(self) -> None:
        server = self.server()
        server.write(CONF, "before\n")
        server.applied()
        server.write(CONF, "mine, edited after apply.sh\n")
        self.assertEqual(0, server.run("rollback"))
        self.assertEqual("before\n", server.read(CONF))
        self.assertEqual("mine, edited after apply.sh\n", server.read(f"/var/lib/kong-ipv6/edited{CONF}"))
        self.assertIn("your edits of these files are saved in /var/lib/kong-ipv6/edited", server.printed)

    def test_a_file_that_the_owner_deleted_comes_back_as_it_was(self) -> None:
        server = self.server()
        server.write(CONF, "before\n", 0o640)
        before = server.state()
        server.applied()
        (server.root / CONF[1:]).unlink()
        self.assertEqual(0, server.run("rollback"))
        self.same_state(before, server.state())
