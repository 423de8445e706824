"""ndppd and nftables, where they are needed and missing. Their configuration is in place by then."""

import hashlib
import re
from collections.abc import Iterator
from typing import Optional

from ..facts import Facts
from ..journal import Journal
from ..nft_table import OVERLAP
from ..report import Change, Failure, Refusal
from .base import NotUndone, Resource, Row

APT = ("apt-get", "--option", "DPkg::Lock::Timeout=60")
INSTALL = (*APT, "--option", "Dpkg::Options::=--force-confold", "--yes", "--no-install-recommends", "install")
QUIET = {"DEBIAN_FRONTEND": "noninteractive"}


class Packages(Resource):
    name = "packages"

    def needed(self, facts: Facts) -> list[str]:
        ndppd = self.plan.ndp == "ndppd" and not self.system.have("ndppd")
        tables = facts.filter == "table" or OVERLAP.file in facts.staged
        return ["ndppd"] * ndppd + ["nftables"] * (tables and not self.system.have("nft"))

    def refuse(self, facts: Facts) -> Iterator[Refusal]:
        for one in self.needed(facts) if not self.system.have("apt-get") else ():
            yield Refusal(f"{one} is not installed, and there is no apt-get to install it", f"install {one} by hand")

    def changes(self, facts: Facts) -> Iterator[Change]:
        self.lacking = self.needed(facts)
        for one in self.lacking:
            yield Change("package", f"{one} will be installed")

    def apply(self) -> None:
        for package in self.lacking:
            self.report.doing("package", package)
            # A purge would delete what the owner has of it, too.
            own = package == "nftables" and self.system.exists("/etc/nftables.conf")
            purge = not own and self._status(package) != "config-files"
            self.journal.record("package", package, "purge" if purge else "remove")
            # What dpkg writes beside a configuration that it finds there.
            self.journal.keep(f"/etc/{package}.conf.dpkg-dist")
            self._install(package)
            self.report.done("package", package)

    def _install(self, package: str) -> None:
        if self.system.run(*INSTALL, package, env=QUIET).code == 0:
            return
        # Its lists may be too old, or missing.
        updated = self.system.quietly("apt-get", "update")
        if not updated or not self.system.quietly(*INSTALL, package, env=QUIET):
            remedy = f"see apt's message above; when the network works: apt-get install {package}, then run this again"
            raise Failure(f"{package} can't be installed", remedy)

    def _status(self, package: str) -> str:
        return self.system.output("dpkg-query", "--show", "--showformat", "${db:Status-Status}", package)

    def _installed(self, package: str) -> bool:
        return self._status(package) not in ("", "not-installed")

    def undo(self, journal: Journal) -> Optional[NotUndone]:
        packages, left = journal.names("package"), list[str]()
        if not packages:
            return None
        self.report.doing("packages", "checking them")
        # It waits for what a run that was interrupted may have left running.
        broken = self.system.run(*APT, "check", env=QUIET).code != 0
        for package in packages:
            self.report.doing("package", package)
            why = self._why_stays(package)
            if why:
                self.report.note("package", self._stays(package, why))
            elif self._installed(package):
                # A purge would delete what was there before.
                how = "remove" if self._foreign_conffiles(package) else journal.fact("package", package) or "remove"
                if not self._remove(package, how):
                    left.append(package)
                    continue
            self.system.restore(f"/etc/{package}.conf.dpkg-dist")
            journal.forget("package", package)
        # What was to come with them and was interrupted, too.
        fix = ("install", "--fix-broken", "--no-remove", "--yes")
        if broken and not left and self.system.run(*APT, *fix, env=QUIET).code != 0:
            text = "apt-get check finds broken packages; to repair them: apt-get install --fix-broken"
            self.report.note("package", text)
        if not left:
            return None
        cause = f"everything else is undone, but apt-get and dpkg can't remove: {' '.join(left)}"
        remedy = "see dpkg's message above; repair it (dpkg --audit shows what is broken), then run this again"
        return NotUndone(Failure(cause, remedy), ("package",))

    def _remove(self, package: str, how: str) -> bool:
        """It alone."""
        if self.system.run(*APT, how, "--yes", "--no-auto-remove", package, env=QUIET).code == 0:
            return True
        # apt refuses all while the installation of one package is broken off half-way.
        self.system.run("dpkg", "--force-confold", "--configure", "-a", env=QUIET)
        return self.system.quietly("dpkg", "--force-remove-reinstreq", f"--{how}", package, env=QUIET)

    def undo_rows(self, journal: Journal) -> Iterator[Row]:
        for package in journal.names("package"):
            why = self._why_stays(package)
            if why:
                yield "note", "package", self._stays(package, why)
            elif self._installed(package):
                yield "remove", "package", package

    def _stays(self, package: str, why: list[str]) -> str:
        how = self.journal.fact("package", package)
        return f"{package} is kept: {', '.join(why)}; to remove it: apt-get {how} {package}"

    def _why_stays(self, package: str) -> list[str]:
        """Why the owner now needs it."""
        if not self._installed(package):
            return []
        journal = self.journal
        dry = self.system.run("dpkg", "--no-act", "--remove", package)
        users = sorted(set(re.findall(r"^ (\S+) (?:pre-)?depends on ", dry.out + dry.err, re.MULTILINE)))
        why = [f"{one} depends on it" for one in users if journal.fact("package", one) is None]
        for unit in self._units(package):
            # Ours: its link was made by start().
            if unit in journal.names("unit") or f"/etc/systemd/system/{unit}" in journal.names("file"):
                continue
            if self.system.run("systemctl", "is-enabled", unit).out.startswith("enabled"):
                why.append(f"{unit} is enabled")
            elif self.system.run("systemctl", "--quiet", "is-active", unit).code == 0:
                why.append(f"{unit} is active")
        # What was there before apply.sh stays anyway.
        if journal.fact("package", package) != "remove":
            mine = (path for path in self._foreign_conffiles(package) if journal.fact("file", path) is None)
            why += [f"{path} was edited" for path in mine]
        return why

    def _units(self, package: str) -> list[str]:
        """Those that it brings, and those in /etc that start its program."""
        listed = self.system.output("dpkg-query", "--listfiles", package)
        found = set(re.findall(r"/systemd/system/([^/\n]*\.service)$", listed, re.MULTILINE))
        program = "nft" if package == "nftables" else package
        for path in self.system.on("/etc/systemd/system").glob("*.service"):
            text = path.read_text(errors="replace") if path.is_file() else ""
            if re.search(rf"^Exec.*/s?bin/{program}( |$)", text, re.MULTILINE):
                found.add(path.name)
        return sorted(found)

    def _foreign_conffiles(self, package: str) -> list[str]:
        """Its configuration files that hold something else than the package brought."""
        listed = self.system.output("dpkg-query", "--show", "--showformat", "${Conffiles}\\n", package)
        found: list[str] = []
        for line in listed.splitlines():
            path, _, digest = line.strip().partition(" ")
            data = self.system.read(path) if path else None
            if data is not None and hashlib.md5(data).hexdigest() != digest.split(" ")[0]:
                found.append(path)
        return found
