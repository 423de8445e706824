"""The files of host/. The resource that reads it writes netplan's, sysctl's and Docker's."""

import os
import re
from collections.abc import Iterator

from ..facts import Facts
from ..journal import Journal
from ..netplan_files import NETPLAN_FILE
from ..report import Change, Refusal
from ..staging import OVERLAP_FILES, SYSCTL_FILE, SYSCTL_FILES, File, sysctls
from .base import Resource, Row, short_of_space

UNITS = "/etc/systemd/system/"
WANTS = "/multi-user.target.wants/"
NDP_DROP_IN = "/60-kong-ndp.conf"
MARKERS = re.compile(rb"^(<<<<<<<|>>>>>>>) ", re.MULTILINE)


def proxied_in(text: str) -> list[str]:
    """The addresses that networkd's drop-in has the kernel answer for."""
    return re.findall(r"^IPv6ProxyNDPAddress=(.*)$", text, re.MULTILINE)


class Files(Resource):
    name = "files"

    def refuse(self, facts: Facts) -> Iterator[Refusal]:
        """A conflict that is left is for the owner to resolve, not for a server to run."""
        repository = self.repository.path
        tree = [path for folder in ("host", "kong-build") for path in sorted((repository / folder).rglob("*"))]
        for path in (*tree, self.repository.compose_file, repository / "kong.yml", repository / ".env"):
            if path.is_file() and MARKERS.search(path.read_bytes()):
                cause = f"{path.relative_to(repository)} still has conflict markers"
                remedy = "resolve the conflicts; npx create-kong-ipv6 check lists everything that is unresolved"
                yield Refusal(cause, remedy)
        yield from short_of_space("/etc", 16)
        yield from short_of_space(self.journal.state.as_posix(), 16)

    def changes(self, facts: Facts) -> Iterator[Change]:
        self.facts = facts
        for path in facts.staged:
            if facts.changed(path):
                yield Change("file", self._how(facts, path))
        for path in self.dropped(facts):
            yield Change("file", f"{path} belongs to earlier answers: its original state will be restored")

    def _how(self, facts: Facts, path: str) -> str:
        journal, known = self.journal, self.journal.fact("file", path) is not None
        now = self.system.read(path)
        if now is None:
            return f"{path} will be created"
        if now == facts.staged[path].data:
            return f"{path} will get mode {facts.staged[path].attributes[0]:o}"
        if path == facts.daemon_json_path:
            return f"{path}: ipv6 and fixed-cidr-v6 will be merged in"
        if journal.edited(path):
            return f"{path} will be changed; your edit will be saved in {journal.state}/edited"
        if path == "/etc/ndppd.conf" and not known and re.search(rb"^[^#/\n]*rule", now, re.MULTILINE):
            return f"{path} will be replaced. It has rules for other addresses: add those that you need to host{path}"
        return f"{path} will be changed" if known else f"{path} will be replaced; rollback.sh restores the current file"

    def dropped(self, facts: Facts) -> list[str]:
        """Files that the repository no longer has."""
        ours = (path for path in self.journal.our_files() if path not in facts.staged and WANTS not in path)
        # The overlap's table goes later, with its files.
        return [path for path in ours if self.journal.differs(path) and path not in OVERLAP_FILES]

    def apply(self) -> None:
        for path in self.dropped(self.facts):
            self.drop(path)
        for path, file in self.facts.staged.items():
            if path in (NETPLAN_FILE, SYSCTL_FILE, self.facts.daemon_json_path) or not self.facts.changed(path):
                continue
            self.report.doing("file", path)
            self._prepare(path)
            self.system.write_file(path, *file)
            self.report.done("file", path)
        self.report.doing("systemd", "daemon-reload")
        self.system.run("systemctl", "daemon-reload")

    def drop(self, path: str) -> None:
        self.report.doing("file", path)
        name = os.path.basename(path)
        if path.startswith(UNITS) and ".d/" not in path:
            self.system.run("systemctl", "--quiet", "stop", name)
            self.system.on(f"{UNITS}multi-user.target.wants/{name}").unlink(missing_ok=True)
        if path.endswith(NDP_DROP_IN):
            self.record_proxied(path)
        if SYSCTL_FILES.fullmatch(path):
            self._restore_sysctls(path)
        self.system.restore(path)
        # From now on it is the owner's own again.
        self.journal.forget("file", path)
        self.journal.forget("wrote", path)
        self.report.done("file", path)

    def _restore_sysctls(self, path: str) -> None:
        """The values that only this file has set."""
        file = File((self.system.read(path) or b""), (0o644, 0, 0))
        for key in sysctls({path: file}):
            value = self.journal.fact("sysctl", key)
            if value is not None and key not in self.facts.sysctls:
                self.system.write_sysctl(key, value)
                self.journal.forget("sysctl", key)

    def _prepare(self, path: str) -> None:
        """Records what this file will change, before it is written."""
        name = os.path.basename(path)
        new_unit = path.startswith(UNITS) and name.endswith(".service") and not self.system.exists(path)
        if new_unit and self.facts.active(name):
            # A unit of the same name (a package's SysV script) is stopped its own way.
            self.journal.record("unit", name, "active")
            self.system.quietly("systemctl", "stop", name)
        if path.endswith(NDP_DROP_IN):
            # networkd sets it once it has read the file, at the next netplan apply.
            key = f"net.ipv6.conf.{self.plan.uplink_sysctl}.proxy_ndp"
            self.journal.record("sysctl", key, self.system.sysctl(key))
            self.record_proxied(path)

    def record_proxied(self, path: str) -> None:
        """networkd forgets its proxy entries, but leaves them in the kernel: the ndp resource removes these."""
        for address in proxied_in(self.system.text(path)):
            self.journal.record("proxy", address, self.plan.uplink)

    def undo(self, journal: Journal) -> None:
        self.report.doing("files", "restoring them")
        with self.system.uninterrupted():
            for path in journal.our_files():
                # daemon.json is Docker's: what the owner has added to it stays.
                if path not in journal.names("docker"):
                    self.system.restore(path)
            self.system.remove_directories()
            self.report.done("files", "restored")
            self.system.run("systemctl", "daemon-reload")
            for unit in journal.names("unit"):
                if journal.fact("unit", unit) == "active":
                    self._restart(unit)

    def _restart(self, unit: str) -> None:
        # A newer systemd makes no unit of a SysV script.
        if self.system.run("systemctl", "cat", unit).code != 0:
            self.report.note("unit", f"{unit} ran before apply.sh, but no longer exists on this server")
        elif not self.system.restart(unit):
            self.report.note("unit", f"{unit} doesn't start: journalctl -u {unit}")

    def undo_rows(self, journal: Journal) -> Iterator[Row]:
        for unit in journal.names("unit"):
            yield "restore", "unit", f"{unit}: {journal.fact('unit', unit)}"
        for path in journal.our_files():
            if journal.differs(path):
                yield "restore", "file", f"{path}: {journal.fact('file', path)}"
