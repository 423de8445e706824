"""The kernel's settings: forwarding above all. It can cost a route, so the network is compared."""

from collections.abc import Iterator

from ..facts import Context, Facts
from ..journal import Journal
from ..network_state import Snapshot, readable
from ..report import Change, Failure, Result
from ..staging import SYSCTL_FILE
from .base import Resource, Row

FORWARDING = "net.ipv6.conf.{}.forwarding"
ALL = {FORWARDING.format("all"): "net/ipv6/conf", "net.ipv4.ip_forward": "net/ipv4/conf"}


class Sysctl(Resource):
    name = "sysctl"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.values: dict[str, str] = {}
        self.before: Snapshot = []

    def changes(self, facts: Facts) -> Iterator[Change]:
        self.facts = facts
        differ = [(key, self.system.sysctl(key), value) for key, value in facts.sysctls.items()]
        differ = [one for one in differ if one[1] != one[2]]
        for key, now, value in differ:
            yield Change("sysctl", f"{key} {now} → {value}")
        # These follow net.ipv6.conf.all.forwarding, whenever it is written.
        for link in (self.plan.uplink, self.plan.bridge) if not differ else ():
            now = self.system.sysctl(FORWARDING.format(link.replace(".", "/")))
            if now not in ("", "1"):
                yield Change("sysctl", f"{FORWARDING.format(link)} {now} → 1")

    def apply(self) -> None:
        before, values = self.facts.snapshot, {key: self.system.sysctl(key) for key in self.facts.sysctls}
        self.report.doing("sysctl", SYSCTL_FILE)
        # All of it is on disk before the first change: a write for all sets each interface's.
        for key, value in values.items():
            self.journal.record("sysctl", key, value)
        for key, value in values.items():
            if key in ALL and value == self.journal.fact("sysctl", key):
                values = {**values, **self._exceptions(ALL[key], value)}
        self.values, self.before = values, before
        with self.system.uninterrupted():
            for key, value in self.facts.sysctls.items():
                if not self.system.set_sysctl(key, value):
                    self.back()
                    remedy = "the network was restored; correct it in host/etc/sysctl.d, then run this again"
                    raise Failure(f"the kernel rejects {key} = {value}", remedy)
            if not self.system.wait(3, lambda: self.context.network.kept(before)):
                lost = ", ".join(readable(self.context.network.lost(before)))
                self.back()
                remedy = "the network was restored; make the default route static, or set accept-ra to true, then run this again"
                raise Failure(f"turning forwarding on removed {lost}", remedy)
        self.report.done("sysctl", "forwarding is on")

    def _exceptions(self, folder: str, value: str) -> dict[str, str]:
        """The interfaces that have it otherwise than all have."""
        found: dict[str, str] = {}
        names = (path.parent.name for path in self.system.on(f"/proc/sys/{folder}").glob("*/forwarding"))
        for name in sorted({*names} - {"all", "default"}):
            key = f"{folder.replace('/', '.')}.{name.replace('.', '/')}.forwarding"
            now = self.system.sysctl(key)
            if now not in ("", value):
                self.journal.record("sysctl", key, now)
                found[key] = now
        return found

    def back(self) -> None:
        """Restores the values from before this run. With forwarding on, networkd ignores router advertisements unless
        netplan's file accepts them."""
        for key, value in self.values.items():
            self.system.write_sysctl(key, value)
        self.context.network.restore_unless_kept(self.before, 5)

    def verify(self, facts: Facts) -> Iterator[Result]:
        for name in ("all", self.plan.uplink, self.plan.bridge):
            if self.system.sysctl(FORWARDING.format(name.replace(".", "/"))) != "1":
                remedy = "sysctl --system; look for a file in /etc/sysctl.d that sets it to 0"
                yield Result("fail", "forwarding", f"{FORWARDING.format(name)} is not 1", remedy)
                return
        yield Result("ok", "forwarding", f"on, between {self.plan.uplink} and {self.plan.bridge}")

    def undo(self, journal: Journal) -> None:
        keys, before = journal.names("sysctl"), self.context.network.snapshot()
        if not keys:
            return
        self.report.doing("sysctl", "restoring the values")
        # Those for all first: they set each interface's.
        for_all = [key for key in keys if ".all." in key or key in ALL]
        self._restore(journal, for_all)
        self._restore(journal, [key for key in keys if key not in for_all])
        self.context.network.restore_unless_kept(before, 3)
        self.report.done("sysctl", "restored")

    def _restore(self, journal: Journal, keys: list[str]) -> None:
        """As recorded, or as a file that is left on the server says by now."""
        there = [key for key in keys if self.system.sysctl(key) != ""]
        if not there:
            return
        for key in there:
            self.system.write_sysctl(key, journal.fact("sysctl", key) or "")
        prefixes = [f"--prefix={key}" for key in there]
        self.system.run("/usr/lib/systemd/systemd-sysctl", *prefixes)
        for key in there:
            value = self.system.sysctl(key)
            if value != journal.fact("sysctl", key):
                self.report.note("sysctl", f"{key} is {value}: a file in sysctl.d sets it")

    def undo_rows(self, journal: Journal) -> Iterator[Row]:
        for key in journal.names("sysctl"):
            yield "restore", "sysctl", f"{key} {journal.fact('sysctl', key)}"


class SysctlFile(Resource):
    """Writes the same values for the next boot. netplan's file is in force by then: without it, a boot with forwarding
    on may have no default route."""

    name = "sysctl-file"
    follows = ("files",)

    def changes(self, facts: Facts) -> Iterator[Change]:
        self.facts = facts
        yield from ()

    def apply(self) -> None:
        if self.facts.changed(SYSCTL_FILE):
            self.system.write_file(SYSCTL_FILE, *self.facts.staged[SYSCTL_FILE])
            self.report.done("file", SYSCTL_FILE)
