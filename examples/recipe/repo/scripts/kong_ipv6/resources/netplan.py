"""The server's own address and default route, by a netplan file beside the distribution's.

The server stays reachable: what it had before is there after netplan apply, or the network becomes as it was.
"""

import base64
import re
import shutil
from collections.abc import Iterator
from ipaddress import ip_interface
from pathlib import Path
from typing import Optional

from .. import netplan_files
from ..facts import Context, Facts
from ..journal import Journal, write_synced
from ..netplan_files import NETPLAN_FILE, deprecated, described
from ..network_state import Snapshot, paths, without_addresses
from ..report import Change, Failure, Refusal
from .base import Resource
from .sysctl import Sysctl
from .uplink import WHERE


def recorded_snapshot(journal: Journal) -> Optional[Snapshot]:
    """The network before the first run."""
    text = journal.fact("snapshot", "network")
    return base64.b64decode(text).decode().split("\n") if text else None


class Netplan(Resource):
    name = "netplan"

    def __init__(self, context: Context, sysctl: Sysctl) -> None:
        super().__init__(context)
        self.sysctl = sysctl

    def refuse(self, facts: Facts) -> Iterator[Refusal]:
        if not facts.usable or self.plan.kept:
            return
        if self.system.have("netplan") and netplan_files.yaml is None:
            cause = "PyYAML is not installed: it is needed to read the files in /etc/netplan"
            yield Refusal(cause, "apt-get install python3-yaml")
            return
        try:
            text = facts.fitted.text
        except netplan_files.Unmanaged:
            yield from self._unmanaged(facts)
            return
        except Exception as error:
            cause = f"the files in /etc/netplan can't be read: {str(error).strip().splitlines()[-1]}"
            yield Refusal(cause, "correct them; netplan generate shows the details")
            return
        # What isn't to be applied is not checked.
        same = self.system.text(NETPLAN_FILE) == text.rstrip("\n") and not facts.begun(self.name)
        errors = [] if same else self._validate(text)
        if errors:
            yield self._refused(" ".join(errors))

    def _refused(self, said: str) -> Refusal:
        plan = self.plan
        # The lifetime of the old address (netplan 0.106 to 1.2).
        if plan.previous_host and "NetworkManager does not support address options" in said:
            cause = f"NetworkManager manages {plan.uplink}: netplan can't deprecate the old address {plan.previous_host} there, so an overlap is not possible"
            remedy = "npx create-kong-ipv6 undo, then regenerate without --overlap. Or let networkd manage it (renderer: networkd in /etc/netplan)"
            return Refusal(cause, remedy)
        cause = f"netplan refuses the configuration: {said}"
        return Refusal(cause, f"correct the files in /etc/netplan, or host{NETPLAN_FILE}")

    def _unmanaged(self, facts: Facts) -> Iterator[Refusal]:
        """Another program looks after the uplink: fine if it has done what netplan would do."""
        host, route, uplink = self.plan.host, self.plan.default_route, self.plan.uplink
        if not facts.on_uplink(host):
            cause = f"netplan doesn't manage {uplink}, and {uplink} does not have the address {host}"
            remedy = f"configure {host} and {route} {WHERE} (/etc/network/interfaces?), then run this again"
            yield Refusal(cause, remedy)
        elif not facts.gateways:
            cause = f"netplan doesn't manage {uplink}, and there is no IPv6 default route through it"
            yield Refusal(cause, f"configure {route} {WHERE}")
        else:
            text = f"netplan doesn't manage {uplink}; its address and route exist, so nothing is changed"
            self.report.note("netplan", text)

    def _validate(self, text: str) -> list[str]:
        """What netplan says to our file that it doesn't say without it."""
        # Loaded only where it is needed: most runs change nothing.
        import tempfile

        with tempfile.TemporaryDirectory(prefix="kong-ipv6.", dir=self.system.on("/run")) as folder:
            for source in netplan_files.FOLDERS:
                if self.system.on(source).is_dir():
                    shutil.copytree(self.system.on(source), f"{folder}{source}", symlinks=True)
            ours = Path(folder + NETPLAN_FILE)
            ours.parent.mkdir(parents=True, exist_ok=True)
            write_synced(ours, text.encode())
            ran = self.system.run("netplan", "generate", "--root-dir", folder)
            said = generated(ran.out + ran.err)
            if ran.code != 0 or not said:
                return said or ["netplan generate fails"] * (ran.code != 0)
            ours.unlink()
            without = self.system.run("netplan", "generate", "--root-dir", folder)
            return [line for line in said if line not in generated(without.out + without.err)]

    def changes(self, facts: Facts) -> Iterator[Change]:
        self.facts, changed, missing = facts, facts.changed(NETPLAN_FILE), list[str]()
        self.previous = self.system.read(NETPLAN_FILE)
        if changed:
            missing = facts.fitted.notes
        elif facts.netplan_manages:
            # What it gave the uplink may have been taken away since.
            host, uplink = self.plan.host, self.plan.uplink
            missing += [f"{uplink} does not have the address {host}"] * (not facts.on_uplink(host))
            previous = self.plan.previous_host
            if previous and not facts.on_uplink(previous):
                missing.append(f"{uplink} does not have the old address {previous}")
            missing += [f"there is no IPv6 default route through {uplink}"] * (not facts.gateways)
        for text in missing:
            yield Change("netplan", text)
        dropped = NETPLAN_FILE not in facts.staged and self.journal.differs(NETPLAN_FILE)
        if missing or changed or facts.begun(self.name) or facts.begun(Settled.name) or dropped:
            text = "will be applied, and reverted if the server loses an address or default route"
            yield Change("netplan", text)

    def apply(self) -> None:
        network, old = self.context.network, (self.previous or b"").decode()
        self.report.doing("netplan", "applying it")
        wanted = self.facts.fitted.text if self.facts.netplan_manages else ""
        # Until the new file is in force both are ours, also after an interruption.
        ours = self.ours(self.journal) | described(old) | described(wanted)
        leaving = self._leaving(ours, wanted) if self.plan.kept or NETPLAN_FILE in self.facts.staged else []
        # At the end of an overlap: what only our file still gave the uplink.
        leaving = sorted({*leaving, *(deprecated(old) - described(wanted))})
        had = without_addresses(self.facts.snapshot, leaving, self.plan.uplink)
        # What only a replaced file described must go.
        had = netplan_files.without_routes(had, ours - described(wanted), self.plan.uplink)
        # A snapshot has no deprecated address.
        self.before = without_addresses(had, deprecated(wanted), self.plan.uplink)
        with self.system.uninterrupted():
            self.journal.record("snapshot", "network", base64.b64encode("\n".join(had).encode()).decode())
            if self.facts.changed(NETPLAN_FILE):
                self.journal.replace("ours", "netplan", " ".join(sorted(ours)))
                self.system.write_file(NETPLAN_FILE, *self.facts.staged[NETPLAN_FILE])
            unknown = paths(self.before)
            why = network.netplan_apply() or network.wait_until_restored(self.before, unknown, self._configured)
            if why:
                self.back_and_fail(why)
            self._end(leaving, described(wanted))

    def _end(self, leaving: list[str], wanted: set[str]) -> None:
        """What was left of the addresses that go: networkd and the kernel leave neighbour entries."""
        kept = self.context.network.keep_connected(leaving)
        networks = {str(ip_interface(one).network) for one in leaving if ":" in one}
        for network in networks - {str(ip_interface(one).network) for one in [*kept, *wanted] if "," not in one}:
            self.system.run("ip", "-6", "neigh", "flush", "to", network, "dev", self.plan.uplink)

    def _configured(self) -> bool:
        """Whether networkd has given the uplink all that it shall have. Where the server's address is new the kernel asks
        whether it is free, up to two seconds, and so long networkd isn't done: the next resource waits for that. To
        other addresses containers may be bound: those have to be there before."""
        network, host = self.context.network, self.plan.host
        if network.networkd_done():
            return True
        shown = self.system.output("ip", "-6", "-o", "addr", "show", "dev", self.plan.uplink, "to", f"{host}/128")
        return not self.facts.on_uplink(host) and bool(shown.strip()) and not network.tentative(other_than=host)

    def ours(self, journal: Journal) -> set[str]:
        """What our files gave the uplink, as described() has it."""
        return set((journal.fact("ours", "netplan") or "").split())

    def _leaving(self, ours: set[str], wanted: str) -> list[str]:
        """What earlier runs gave the uplink, and the file doesn't; what the server had before the first run stays."""
        had = {line.split()[2] for line in recorded_snapshot(self.journal) or [] if line.startswith("addr ")}
        return sorted(one for one in ours - described(wanted) - had if "," not in one)

    def back_and_fail(self, why: str, remedy: str = "") -> None:
        """The network as it was before this run."""
        if self.previous is None:
            self.system.restore(NETPLAN_FILE)
        elif self.previous != self.system.read(NETPLAN_FILE):
            self.system.write_file(NETPLAN_FILE, self.previous, (0o600, *self.system.owner))
        network = self.context.network
        self.sysctl.back()
        # If netplan never had our file, the owner's files may not be in force yet.
        if self.journal.fact("file", NETPLAN_FILE) is not None:
            network.netplan_apply()
        for name in (self.name, Settled.name):
            self.journal.forget("todo", name)
        self.system.wait(10, network.networkd_done)
        network.restore_unless_kept(self.facts.snapshot, 5)
        default = "netplan doesn't know what is missing: add it to /etc/netplan, then run this again"
        raise Failure(why, f"the network was restored; {remedy or default}")

    def undo(self, journal: Journal) -> None:
        if not journal.differs(NETPLAN_FILE) and journal.fact("todo", "undo-netplan") is None:
            return
        network = self.context.network
        self.report.doing("netplan", "applying it")
        before = self._not_ours(journal, network.snapshot())
        shown = self.system.output("ip", "-o", "addr", "show", "dynamic").splitlines()
        dynamic = {f"addr {words[1]} {words[3]}" for words in map(str.split, shown)}
        # What has a time limit comes by DHCP or router advertisements.
        unknown = [line for line in before if not line.startswith("route") and line not in dynamic]
        journal.record("todo", "undo-netplan", "begun")
        with self.system.uninterrupted():
            self.system.restore(NETPLAN_FILE)
            why = network.netplan_apply() or network.wait_until_restored(before, unknown, network.networkd_done)
            if why:
                network.restore_missing(before)
                self.report.note("netplan", f"{why}: restored without netplan; netplan apply shows the details")
        journal.forget("todo", "undo-netplan")
        self.report.done("netplan", "restored")

    def _not_ours(self, journal: Journal, now: Snapshot) -> Snapshot:
        """Of what the server has now: what isn't there by apply.sh. Of a default route, the line before the first run."""
        first, text = recorded_snapshot(journal) or [], self.system.text(NETPLAN_FILE)
        words = self.ours(journal) | described(text)
        ours = {f"addr {self.plan.uplink} {word}" for word in words} - set(first)
        paths_ours = set(now) - set(netplan_files.without_routes(now, words, self.plan.uplink))
        found: Snapshot = []
        for line in now:
            if not line.startswith("route"):
                if line not in ours and not (line in paths_ours and line not in first):
                    found.append(line)
                continue
            had = next((one for one in first if one.startswith(line.split()[0] + " ")), None)
            # What netplan knows comes back by itself.
            if had or not re.search(r" proto (static|ra|dhcp)", line):
                found.append(had or line)
        return found


class Settled(Resource):
    """Waits until the kernel has found nobody else at our address (RFC 4862 5.4), while Docker restarts."""

    name = "addresses"
    follows = ("netplan",)

    def __init__(self, netplan: Netplan) -> None:
        super().__init__(netplan.context)
        self.netplan = netplan

    def apply(self) -> None:
        """Is all still there, and nobody else at our address?"""
        if not hasattr(self.netplan, "before"):
            return
        network, uplink = self.context.network, self.plan.uplink
        self.report.doing("netplan", "duplicate address detection")
        with self.system.uninterrupted():
            self.system.wait(10, self._dad_finished)
            taken = network.duplicate()
            if taken:
                remedy = "choose another address: npx create-kong-ipv6 regenerate --host ADDRESS"
                self.netplan.back_and_fail(f"{taken} is in use by another machine on the link", remedy)
            # What else the server had may belong to a container that Docker has restarted.
            ours = re.compile(rf"addr {re.escape(uplink)} |route|rule|path.* dev ({re.escape(uplink)}|lo)( |$)")
            before = [line for line in self.netplan.before if ours.match(line)]
            why = network.wait_until_restored(before, paths(before), network.networkd_done)
            if why:
                self.netplan.back_and_fail(why)
            words = described(self.system.text(NETPLAN_FILE))
            self.journal.replace("ours", "netplan", " ".join(sorted(words)))
        has = "" if self.plan.kept else f"{uplink} has {self.plan.host}; "
        self.report.done("netplan", f"{has}no address or route was lost")

    def _dad_finished(self) -> bool:
        network = self.context.network
        return bool(network.duplicate()) or (network.networkd_done() and not network.tentative())


def generated(text: str) -> list[str]:
    """What netplan says, without process id and time."""
    lines = (re.sub(r"^\*\* \([^)]*\): ([A-Z]+) \*\*: [0-9:.]+: ", r"\1: ", line) for line in text.splitlines())
    return [line for line in lines if line]
