"""The journal and the primitives: what was there is recorded and on disk before it changes."""

from __future__ import annotations

import os
import unittest
from pathlib import Path
from typing import Any
from unittest.mock import patch

from kong_ipv6.journal import Journal
from simulated import Case


class Order(Case):
    def events(self) -> list[str]:
        """Syncs, moves and records, in their order, while write_file replaces a file of the owner's."""
        events: list[str] = []
        replace, fsync, record = os.replace, os.fsync, Journal.record

        def moved(source: Path, target: Path) -> None:
            events.append(f"move {target.name}")
            replace(source, target)

        def synced(descriptor: int) -> None:
            events.append(f"sync {Path(os.readlink(f'/proc/self/fd/{descriptor}')).name}")
            fsync(descriptor)

        def recorded(journal: Journal, kind: str, name: str, value: str) -> None:
            record(journal, kind, name, value)
            events.append(f"recorded {kind} {name} {value}")

        self.server.put("/etc/mine.conf", "the owner's\n")
        with patch("os.replace", moved), patch("os.fsync", synced), patch.object(Journal, "record", recorded):
            self.server.write_file("/etc/mine.conf", b"ours\n")
        return events

    def test_the_previous_file_is_kept_and_synced_before_the_new_one_is_moved(self) -> None:
        events = self.events()
        copied, recorded = events.index("sync mine.conf.kong-ipv6"), events.index("recorded file /etc/mine.conf kept")
        written, moved = events.index("sync .mine.conf.kong-ipv6"), len(events) - 2
        self.assertEqual(events[moved : moved + 2], ["move mine.conf", "sync etc"])
        self.assertLess(copied, events.index("move mine.conf"))
        self.assertLess(recorded, written)
        self.assertLess(written, moved)
        self.assertEqual(events[recorded - 1], "sync manifest")

    def test_a_sysctl_is_recorded_before_it_is_written(self) -> None:
        seen: list[Any] = []
        write = type(self.server).write_sysctl

        def writing(server: Any, key: str, value: str) -> bool:
            seen.append(Journal(lambda *_: None, server.root).fact("sysctl", key))
            return write(server, key, value)

        with patch.object(type(self.server), "write_sysctl", writing):
            self.server.set_sysctl("net.ipv6.conf.all.forwarding", "1")
        self.assertEqual(seen, ["0"])

    def test_a_unit_is_recorded_before_it_is_started(self) -> None:
        self.server.units["x.service"] = True
        self.server.start("x.service")
        self.assertEqual(self.server.journal.fact("unit", "x.service"), "active")
        self.assertTrue(self.server.on("/etc/systemd/system/multi-user.target.wants/x.service").is_symlink())


class Facts(Case):
    def test_the_first_fact_stays_and_is_on_disk(self) -> None:
        journal = self.server.journal
        journal.record("sysctl", "a", "0")
        journal.record("sysctl", "a", "1")
        journal.record("unit", "b", "active")
        journal.forget("unit", "b")
        self.assertEqual(Journal(lambda *_: None, self.server.root).entries, [("sysctl", "a", "0")])

    def test_a_line_that_was_cut_short_does_not_count(self) -> None:
        self.server.journal.record("sysctl", "a", "0")
        with self.server.journal.manifest.open("a") as file:
            file.write("sysctl\tb\t1")
        journal = Journal(lambda *_: None, self.server.root)
        self.assertIsNone(journal.fact("sysctl", "b"))
        journal.record("sysctl", "c", "2")
        self.assertEqual(Journal(lambda *_: None, self.server.root).names("sysctl"), ["a", "c"])

    def test_it_is_the_owner_s_alone(self) -> None:
        self.server.journal.record("sysctl", "a", "0")
        modes = [path.stat().st_mode & 0o777 for path in (self.server.journal.state, self.server.journal.manifest)]
        self.assertEqual(modes, [0o700, 0o600])


class Files(Case):
    def read(self, path: str) -> str:
        return self.server.on(path).read_text()

    def test_restore_brings_back_content_and_mode(self) -> None:
        self.server.put("/etc/mine.conf", "the owner's\n")
        self.server.on("/etc/mine.conf").chmod(0o640)
        self.server.write_file("/etc/mine.conf", b"ours\n")
        self.server.restore("/etc/mine.conf")
        self.assertEqual(self.read("/etc/mine.conf"), "the owner's\n")
        self.assertEqual(self.server.attributes("/etc/mine.conf")[0], 0o640)

    def test_restore_puts_the_owner_s_edit_aside(self) -> None:
        self.server.write_file("/etc/new.conf", b"ours\n")
        self.server.put("/etc/new.conf", "ours\n# mine\n")
        self.server.restore("/etc/new.conf")
        self.assertFalse(self.server.exists("/etc/new.conf"))
        self.assertEqual(self.read("/var/lib/kong-ipv6/edited/etc/new.conf"), "ours\n# mine\n")
        self.assertIn("your version is saved in /var/lib/kong-ipv6/edited/etc/new.conf", self.server.stdout.getvalue())

    def test_a_second_edit_does_not_replace_the_first(self) -> None:
        for number in ("1", "2", "2"):
            self.server.write_file("/etc/new.conf", b"ours\n")
            self.server.put("/etc/new.conf", f"# {number}\n")
        self.server.write_file("/etc/new.conf", b"ours\n")
        self.assertEqual(self.read("/var/lib/kong-ipv6/edited/etc/new.conf"), "# 1\n")
        self.assertEqual(self.read("/var/lib/kong-ipv6/edited/etc/new.conf.2"), "# 2\n")
        self.assertFalse(self.server.exists("/var/lib/kong-ipv6/edited/etc/new.conf.3"))

    def test_what_a_run_wrote_is_no_edit(self) -> None:
        self.server.write_file("/etc/new.conf", b"1\n")
        self.server.write_file("/etc/new.conf", b"2\n")
        self.server.restore("/etc/new.conf")
        self.assertFalse(self.server.exists("/var/lib/kong-ipv6/edited"))

    def test_directories_that_were_made_go_and_those_with_files_stay(self) -> None:
        self.server.write_file("/etc/one/two/new.conf", b"ours\n")
        self.server.put("/etc/one/mine", "the owner's\n")
        self.server.restore("/etc/one/two/new.conf")
        self.server.remove_directories()
        self.assertTrue(self.server.exists("/etc/one/mine"))
        self.assertFalse(self.server.exists("/etc/one/two"))

    def test_a_link_is_restored_as_one(self) -> None:
        self.server.on("/etc/link").symlink_to("elsewhere")
        self.server.link("/etc/link", "ours")
        self.assertTrue(self.server.journal.differs("/etc/link"))
        self.server.restore("/etc/link")
        self.assertEqual(os.readlink(self.server.on("/etc/link")), "elsewhere")
        self.assertFalse(self.server.journal.differs("/etc/link"))


if __name__ == "__main__":
    unittest.main()
