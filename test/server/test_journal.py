"""The journal and the primitives: the previous state is on disk before a change, and what the owner edits is kept."""

from __future__ import annotations

import os
import shutil
from unittest import mock

from kong_ipv6.journal import STATE, Journal
from kong_ipv6.system import sysctl_path
from support.case import Case
from support.disk import Killed, tree
from support.server import Server

CONF = "/etc/example.conf"


class TheManifest(Case):
    def setUp(self) -> None:
        self.on = self.server()
        self.said: list[str] = []
        self.journal = Journal(lambda _, text: self.said.append(text), self.on.root)

    def lines(self) -> list[str]:
        return self.journal.manifest.read_text().splitlines()

    def again(self) -> Journal:
        return Journal(lambda *_: None, self.on.root)

    def test_the_first_fact_about_a_thing_stays(self) -> None:
        self.journal.record("sysctl", "a.b", "0")
        self.journal.record("sysctl", "a.b", "1")
        self.assertEqual(["sysctl\ta.b\t0\t."], self.lines())
        self.assertEqual("0", self.again().fact("sysctl", "a.b"))

    def test_a_line_that_was_cut_short_does_not_count(self) -> None:
        self.journal.record("sysctl", "a.b", "0")
        with self.journal.manifest.open("a") as file:
            file.write("sysctl\tc.d\t17")
        journal = self.again()
        self.assertIsNone(journal.fact("sysctl", "c.d"))
        journal.record("sysctl", "c.d", "1")
        self.assertEqual("1", self.again().fact("sysctl", "c.d"))
        self.assertEqual("0", self.again().fact("sysctl", "a.b"))

    def test_each_record_is_synced_before_it_returns(self) -> None:
        with self.on.patched():
            for number in range(3):
                self.journal.record("sysctl", f"key{number}", "0")
                self.assertTrue(self.on.disk.synced(self.journal.manifest))
            self.journal.replace("wrote", "/x", "sum")
            self.assertTrue(self.on.disk.synced(self.journal.manifest))
            self.journal.forget("wrote", "/x")
            self.assertTrue(self.on.disk.synced(self.journal.manifest))

    def test_a_new_state_folder_is_synced_into_its_parent_and_private(self) -> None:
        with self.on.patched():
            self.journal.open()
        synced = [what for kind, what, _ in self.on.events if kind == "fsync"]
        self.assertIn("/var/lib", synced)
        self.assertIn(STATE, synced)
        self.assertEqual(0o700, self.journal.state.stat().st_mode & 0o777)

    def test_a_kill_while_it_is_closed_leaves_nothing_to_undo(self) -> None:
        """Bug: a manifest that outlived the files that it names made each later rollback fail."""
        journal = self.journal
        journal.open()
        (journal.state / "before").mkdir()
        with mock.patch.object(shutil, "rmtree", side_effect=Killed), self.assertRaises(Killed):
            journal.close()
        self.assertFalse(journal.exists)

    def test_retain_forgets_all_other_kinds(self) -> None:
        for kind in ("file", "package", "sysctl"):
            self.journal.record(kind, "name", "x")
        self.journal.retain({"package"})
        self.assertEqual([("package", "name", "x")], self.again().entries)

    def test_names_that_are_not_utf8_survive(self) -> None:
        self.journal.record("file", "/etc/\udcff", "absent")
        self.assertEqual("absent", self.again().fact("file", "/etc/\udcff"))


class Files(Case):
    def setUp(self) -> None:
        self.on = self.server()
        context = self.on.context()
        self.system, self.journal = context.system, context.journal
        patched = self.on.patched()
        patched.__enter__()
        self.addCleanup(patched.__exit__, None, None, None)

    def write(self, text: str, mode: int = 0o644) -> None:
        self.system.write_file(CONF, text.encode(), (mode, *self.system.owner))

    def edited(self) -> list[str]:
        folder = self.on.root / STATE.lstrip("/") / "edited"
        return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())

    def test_content_mode_and_time_come_back(self) -> None:
        self.on.write(CONF, "before\n", 0o640)
        os.utime(self.on.root / CONF[1:], (1, 1))
        before = tree(self.on.root)
        self.write("ours\n")
        self.assertEqual("ours\n", self.on.read(CONF))
        self.system.restore(CONF)
        after = {path: what for path, what in tree(self.on.root).items() if not path.startswith(STATE)}
        self.assertEqual(before, after)
        self.assertEqual(1, (self.on.root / CONF[1:]).stat().st_mtime)

    def test_a_link_comes_back_as_a_link(self) -> None:
        here = self.on.root / CONF[1:]
        here.symlink_to("elsewhere.conf")
        self.write("ours\n")
        self.assertFalse(here.is_symlink())
        self.system.restore(CONF)
        self.assertEqual("elsewhere.conf", str(here.readlink()))

    def test_a_file_that_was_not_there_is_removed_with_its_directories(self) -> None:
        self.system.write_file("/etc/one/two/three.conf", b"ours\n")
        self.system.restore("/etc/one/two/three.conf")
        self.system.remove_directories()
        self.assertFalse((self.on.root / "etc/one").exists())

    def test_a_directory_that_the_owner_uses_by_now_stays(self) -> None:
        self.system.write_file("/etc/one/two.conf", b"ours\n")
        self.on.write("/etc/one/mine.conf", "mine\n")
        self.system.restore("/etc/one/two.conf")
        self.system.remove_directories()
        self.assertEqual("mine\n", self.on.read("/etc/one/mine.conf"))

    def test_the_content_is_synced_before_the_file_gets_its_name(self) -> None:
        self.write("ours\n")
        steps = [f"{kind} {what}" for kind, what, _ in self.on.events]
        self.assertLess(steps.index("fsync /etc/.example.conf.kong-ipv6"), steps.index(f"replace {CONF}"))
        self.assertEqual("fsync /etc", steps[steps.index(f"replace {CONF}") + 1])

    def test_the_copy_of_the_previous_file_is_synced_first(self) -> None:
        self.on.write(CONF, "before\n")
        self.write("ours\n")
        steps = [f"{kind} {what}" for kind, what, _ in self.on.events]
        self.assertLess(steps.index(f"replace {STATE}/before{CONF}"), steps.index(f"replace {CONF}"))
        self.assertLess(steps.index(f"fsync {STATE}/before/etc"), steps.index(f"replace {CONF}"))

    def test_an_edit_of_the_owners_is_kept_when_a_run_writes_again(self) -> None:
        self.write("ours\n")
        self.on.write(CONF, "edited\n")
        self.write("ours, newer\n")
        self.assertEqual(["etc/example.conf"], self.edited())
        self.assertEqual("edited\n", self.on.read(f"{STATE}/edited{CONF}"))

    def test_an_edit_of_the_owners_is_kept_when_the_file_is_restored(self) -> None:
        self.on.write(CONF, "before\n")
        self.write("ours\n")
        self.on.write(CONF, "edited\n")
        self.system.restore(CONF)
        self.assertEqual("before\n", self.on.read(CONF))
        self.assertEqual("edited\n", self.on.read(f"{STATE}/edited{CONF}"))

    def test_earlier_edits_stay_beside_later_ones(self) -> None:
        self.write("ours\n")
        for text in ("one\n", "two\n", "two\n", "one\n"):
            self.on.write(CONF, text)
            self.write("ours\n")
        self.assertEqual(["etc/example.conf", "etc/example.conf.2"], self.edited())

    def test_what_a_run_wrote_itself_is_no_edit(self) -> None:
        self.write("ours\n")
        self.write("ours, newer\n")
        self.system.restore(CONF)
        self.assertEqual([], self.edited())

    def test_a_sysctl_is_recorded_before_it_is_set(self) -> None:
        self.system.set_sysctl("net.ipv6.conf.ens3.accept_ra", "2")
        self.assertEqual("1", self.journal.fact("sysctl", "net.ipv6.conf.ens3.accept_ra"))
        self.assertEqual("2", self.on.kernel.sysctl("net.ipv6.conf.ens3.accept_ra"))

    def test_a_dot_in_an_interfaces_name(self) -> None:
        self.assertEqual("/proc/sys/net/ipv6/conf/ens3.7/forwarding", sysctl_path("net.ipv6.conf.ens3/7.forwarding"))

    def test_a_unit_is_enabled_by_a_link_that_is_recorded(self) -> None:
        link = "/etc/systemd/system/multi-user.target.wants/kong-ipv6-firewall.service"
        self.on.programs.add("nft")
        self.on.write("/etc/kong-ipv6/firewall.nft", "table inet kong_ipv6 {\n}\n")
        self.system.start("kong-ipv6-firewall.service")
        self.assertTrue((self.on.root / link[1:]).is_symlink())
        self.assertEqual("absent", self.journal.fact("file", link))
        self.assertEqual("inactive", self.journal.fact("unit", "kong-ipv6-firewall.service"))


class TheRealOrder(Case):
    """The fake server checks at each change of a whole run that the journal has it. These prove that it does check."""

    def broken(self, server: Server, where: str, stand_in: object) -> str:
        with mock.patch(where, stand_in), self.assertRaises(AssertionError) as raised:
            server.run("apply")
        return str(raised.exception)

    def test_a_journal_that_is_not_synced_is_noticed(self) -> None:
        def record(journal: Journal, kind: str, name: str, value: str) -> None:
            journal.open()
            if journal.fact(kind, name) is None:
                journal.entries.append((kind, name, value))
                with journal.manifest.open("a") as file:
                    file.write(f"{kind}\t{name}\t{value}\t.\n")

        self.assertIn(
            "the journal isn't synced", self.broken(self.server(), "kong_ipv6.journal.Journal.record", record)
        )

    def test_a_change_without_a_record_is_noticed(self) -> None:
        def keep(journal: Journal, path: str) -> None:
            pass

        self.assertIn(
            "before its previous state is recorded", self.broken(self.server(), "kong_ipv6.journal.Journal.keep", keep)
        )
