"""The password is in .env and in one file that Docker mounts: never in output, arguments, requests or the journal."""

from __future__ import annotations

import re

from kong_ipv6.copies import COPIES
from kong_ipv6.journal import STATE
from kong_ipv6.system import Ran
from support.case import Case
from support.disk import tree
from support.server import PASSWORD, Server

CHANGED = "another-password-77aa"


class ThePassword(Case):
    def nowhere(self, server: Server, password: str = PASSWORD) -> None:
        """Not in what was printed, run, handed over, asked of Docker, or written outside of the repository."""
        self.assertNotIn(password, server.printed)
        for event in server.events:
            self.assertNotIn(password, " ".join(event))
        for text in server.commands + server.inputs:
            self.assertNotIn(password, text)
        for path, (_, mode, data) in tree(server.root).items():
            # A change is reverted to the copy of what was applied before, and .env is part of it.
            if re.fullmatch(rf"{COPIES}/[ab]/\.env", path):
                self.assertEqual((0o600, 0o700), (mode, (server.root / STATE.lstrip("/")).stat().st_mode & 0o7777))
            else:
                self.assertNotIn(password.encode(), data, path)
        held = [
            path for path in server.repository.rglob("*") if path.is_file() and password.encode() in path.read_bytes()
        ]
        allowed = {server.repository / ".env", server.repository / "data/secrets/kong_pg_password"}
        self.assertLessEqual(set(held), allowed)

    def test_a_whole_life_of_a_server(self) -> None:
        server = self.server()
        for command in (
            "apply --dry-run",
            "apply",
            "verify",
            "verify --json",
            "apply",
            "rollback --dry-run",
            "rollback",
        ):
            server.run(*command.split())
            self.nowhere(server)

    def test_runs_that_are_refused_or_fail(self) -> None:
        server = self.server()
        server.compose_error = "yaml: line 3: mapping values are not allowed in this context\n"
        self.assertEqual(1, server.run("apply"))
        self.nowhere(server)
        server.compose_error = ""
        for beginning in ("netplan apply", "timeout --foreground 180 docker compose up", "docker start"):
            server.programs_run.answers = {beginning: Ran(1, "", "it fails\n")}
            self.assertEqual(1, server.run("apply"), server.printed)
            self.assertIn("it fails", server.printed)
            self.nowhere(server)

    def test_a_line_of_env_that_compose_quotes(self) -> None:
        """Bug: compose's message held the line that it could not read, with the password in it."""
        for words in (
            f'unexpected character " " in variable name "KONG PG_PASSWORD={PASSWORD}"',
            f'unexpected character " " in variable name near "KONG PG_PASSWORD={PASSWORD}\\nKONG_DATA_DIR=./data"',
            f'line 3: unterminated quoted value "{PASSWORD}',
        ):
            server = self.server()
            server.compose_error = f"failed to read /srv/.env: {words}\n"
            self.assertEqual(1, server.run("apply"))
            self.assertIn("failed to read /srv/.env", server.printed)
            self.nowhere(server)
            server.compose_error = ""
            server.programs_run.answers["timeout --foreground 180 docker compose up"] = Ran(1, "", f"{words}\n")
            self.assertEqual(1, server.run("apply"))
            self.nowhere(server)

    def test_a_changed_password_is_told_to_the_database_through_its_own_file(self) -> None:
        server = self.applied()
        (server.repository / "data/postgres/PG_VERSION").write_text("17\n")
        server.env(KONG_PG_PASSWORD=CHANGED)
        self.assertEqual(0, server.run("apply"), server.printed)
        self.assertIn("the password is the one in .env", server.printed)
        self.nowhere(server, CHANGED)
        self.nowhere(server)
        self.assertEqual(1, len(server.inputs))
        self.assertIn("cat /run/secrets/kong_pg_password", server.inputs[0])
        self.assertIn("--force-recreate", " ".join(server.commands))
        self.assertEqual(CHANGED, (server.repository / "data/secrets/kong_pg_password").read_text())

    def test_a_database_that_does_not_take_it_is_told_again_by_the_next_run(self) -> None:
        """The file has the new one by then: only the journal knows what is still to do."""
        server = self.applied()
        (server.repository / "data/postgres/PG_VERSION").write_text("17\n")
        server.env(KONG_PG_PASSWORD=CHANGED)
        server.programs_run.answers["docker exec --interactive"] = Ran(1, "", "psql: error\n")
        self.assertEqual(1, server.run("apply"))
        self.assertIn("the database did not accept the new password", server.printed)
        self.nowhere(server, CHANGED)
        server.programs_run.answers.clear()
        self.assertEqual(0, server.run("apply"), server.printed)
        self.assertIn("the password is the one in .env", server.printed)
        self.assertIsNone(server.context().journal.fact("todo", "password"))

    def test_a_random_one_is_made_where_there_is_no_env(self) -> None:
        server = self.server()
        (server.repository / ".env").unlink()
        self.assertEqual(0, server.run("apply"), server.printed)
        found = re.search(r"^KONG_PG_PASSWORD=([0-9a-f]{64})$", (server.repository / ".env").read_text(), re.MULTILINE)
        self.assertIsNotNone(found)
        self.nowhere(server, found[1] if found else "")
        self.assertEqual(0o600, (server.repository / ".env").stat().st_mode & 0o777)

    def test_the_modes_of_what_holds_it(self) -> None:
        server = self.applied()
        data = server.repository / "data"
        self.assertEqual(0o700, (data / "secrets").stat().st_mode & 0o777)
        self.assertEqual(0o700, (data / "postgres").stat().st_mode & 0o777)
        # The user in the container reads it; on the server the folder is root's.
        self.assertEqual(0o444, (data / "secrets/kong_pg_password").stat().st_mode & 0o777)
        self.assertEqual(0o600, (server.repository / ".env").stat().st_mode & 0o777)

    def test_the_folder_is_closed_again_where_it_is_open(self) -> None:
        server = self.server()
        folder = server.repository / "data/secrets"
        folder.mkdir(parents=True)
        folder.chmod(0o755)
        server.applied()
        self.assertEqual(0o700, folder.stat().st_mode & 0o777)

    def test_the_journal_and_its_copies_are_roots_only(self) -> None:
        server = self.applied()
        self.assertEqual(0o700, (server.root / STATE[1:]).stat().st_mode & 0o777)
        self.assertEqual(0o600, (server.root / STATE[1:] / "manifest").stat().st_mode & 0o777)
