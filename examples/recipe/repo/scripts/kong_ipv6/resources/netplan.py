"""The server's own address and default route, by a netplan file beside the distribution's.

The server stays reachable: what it had before is there after netplan apply, or the network becomes as it was.
"""

from __future__ import annotations

import base64
import re
import shutil
from pathlib import Path
from typing import Optional

from .. import netplan_files
from ..facts import Context, Facts
from ..journal import Journal
from ..netplan_files import NETPLAN_FILE
from ..network_state import Snapshot, paths
from ..report import Change, Failure, Refusal, Result
from .base import NotUndone, Resource
from .sysctl import Sysctl


def recorded_snapshot(journal: Journal) -> Optional[Snapshot]:
    """The network before the first run."""
    text = journal.fact("snapshot", "network")
    return base64.b64decode(text).decode().split("\n") if text else None


class Netplan(Resource):
    name = "netplan"

    def __init__(self, context: Context, sysctl: Sysctl) -> None:
        super().__init__(context)
        self.sysctl = sysctl

    def refuse(self, facts: Facts) -> list[Refusal]:
        return self._files(facts) if facts.usable else []

    def _files(self, facts: Facts) -> list[Refusal]:
        if self.system.have("netplan") and netplan_files.yaml is None:
            return [
                Refusal(
                    "PyYAML is not installed: it is needed to read the files in /etc/netplan",
                    "apt-get install python3-yaml",
                )
            ]
        try:
            text = facts.fitted.text
        except netplan_files.Unmanaged:
            return self._unmanaged(facts)
        except Exception as error:
            cause = f"the files in /etc/netplan can't be read: {str(error).strip().splitlines()[-1]}"
            return [Refusal(cause, "correct them; netplan generate shows the details")]
        # What isn't to be applied is not checked.
        if self.system.text(NETPLAN_FILE) == text.rstrip("\n") and not facts.begun(self.name):
            return []
        errors = self._validate(facts, text)
        if not errors:
            return []
        cause = f"netplan refuses the configuration: {' '.join(errors)}"
        return [Refusal(cause, f"correct the files in /etc/netplan, or host{NETPLAN_FILE}")]

    def _unmanaged(self, facts: Facts) -> list[Refusal]:
        """Another program looks after the uplink: fine if it has done what netplan would do."""
        plan = self.plan
        if not facts.on_uplink(plan.host):
            remedy = (
                f"configure {plan.host} and the default route via {plan.gateway} where the server's network is configured "
                "(/etc/network/interfaces?), then run this again"
            )
            return [
                Refusal(
                    f"netplan doesn't manage {plan.uplink}, and {plan.uplink} does not have the address {plan.host}",
                    remedy,
                )
            ]
        if not facts.default_route:
            remedy = f"configure the route via {plan.gateway} where the server's network is configured"
            return [Refusal(f"netplan doesn't manage {plan.uplink}, and there is no IPv6 default route", remedy)]
        self.report.note(
            "netplan", f"netplan doesn't manage {plan.uplink}; its address and route exist, so nothing is changed"
        )
        return []

    def _validate(self, facts: Facts, text: str) -> list[str]:
        """What netplan says to our file that it doesn't say without it."""
        # Loaded only where it is needed: most runs change nothing.
        import tempfile

        with tempfile.TemporaryDirectory(prefix="kong-ipv6.", dir=self.system.on("/run")) as folder:
            for source in netplan_files.FOLDERS:
                if self.system.on(source).is_dir():
                    shutil.copytree(self.system.on(source), f"{folder}{source}", symlinks=True)
            ours = Path(folder + NETPLAN_FILE)
            ours.parent.mkdir(parents=True, exist_ok=True)
            ours.unlink(missing_ok=True)
            ours.touch(0o600)
            ours.write_text(text)
            ran = self.system.run("netplan", "generate", "--root-dir", folder)
            said = generated(ran.out + ran.err)
            if ran.code != 0:
                return said or ["netplan generate fails"]
            if not said:
                return []
            ours.unlink()
            without = self.system.run("netplan", "generate", "--root-dir", folder)
            return [line for line in said if line not in generated(without.out + without.err)]

    def changes(self, facts: Facts) -> list[Change]:
        self.facts, found = facts, list[Change]()
        self.previous = self.system.read(NETPLAN_FILE)
        if facts.changed(NETPLAN_FILE):
            found += [Change("netplan", note) for note in facts.fitted.notes]
        elif facts.netplan_manages:
            # What it gave the uplink may have been taken away since.
            if not facts.on_uplink(self.plan.host):
                found.append(Change("netplan", f"{self.plan.uplink} does not have the address {self.plan.host}"))
            if not facts.default_route:
                found.append(Change("netplan", "there is no IPv6 default route"))
        dropped = NETPLAN_FILE not in facts.staged and self.journal.differs(NETPLAN_FILE)
        if found or facts.changed(NETPLAN_FILE) or facts.begun(self.name) or facts.begun(Settled.name) or dropped:
            text = "will be applied, and reverted if the server loses an address or default route"
            found.append(Change("netplan", text))
        return found

    def apply(self) -> None:
        network, new = self.context.network, True
        self.report.doing("netplan", "applying it")
        text, old = self.system.text(NETPLAN_FILE), (self.previous or b"").decode()
        wanted = self.facts.fitted.text if self.facts.netplan_manages else ""
        leaving = self._leaving(wanted) if NETPLAN_FILE in self.facts.staged else []
        gone = {f"addr {self.plan.uplink} {one}" for one in leaving}
        self.before = [line for line in self.facts.snapshot if line not in gone]
        # What only the replaced file described must go.
        routes = netplan_files.routes_in(old) - netplan_files.routes_in(wanted)
        self.before = netplan_files.without_routes(self.before, routes, self.plan.uplink)
        with self.system.uninterrupted():
            self.journal.record("snapshot", "network", base64.b64encode("\n".join(self.before).encode()).decode())
            if self.facts.changed(NETPLAN_FILE):
                # Both, until the new one is in force: what leaves is ours, also after an interruption.
                self.set_ours(text, wanted)
                file = self.facts.staged[NETPLAN_FILE]
                self.system.write_file(NETPLAN_FILE, file.data, 0o600)
            if self.facts.on_uplink(self.plan.host):
                new = False
            why = network.netplan_apply() or network.wait_until_restored(
                self.before, paths(self.before), lambda: self._configured(new)
            )
            if why:
                self.back_and_fail(why)
            network.keep_connected(leaving)

    def _configured(self, new: bool) -> bool:
        """Whether networkd has given the uplink all that it shall have. Where the server's address is new the kernel asks
        whether it is free, up to two seconds, and so long networkd isn't done: the next resource waits for that. To
        other addresses containers may be bound: those have to be there before."""
        network, host = self.context.network, self.plan.host
        if network.networkd_done():
            return True
        shown = self.system.output("ip", "-6", "-o", "addr", "show", "dev", self.plan.uplink, "to", f"{host}/128")
        return new and bool(shown.strip()) and not network.tentative(other_than=host)

    def _leaving(self, wanted: str) -> list[str]:
        """What earlier runs gave the uplink, and the file doesn't; what the server had before the first run stays."""
        ours = (self.journal.fact("ours", "netplan") or "").split()
        had = [line.split()[2] for line in recorded_snapshot(self.journal) or [] if line.startswith("addr ")]
        return sorted(set(ours) - set(netplan_files.addresses_in(wanted)) - set(had))

    def set_ours(self, *texts: str) -> None:
        addresses = {address for text in texts for address in netplan_files.addresses_in(text)}
        self.journal.replace("ours", "netplan", " ".join(sorted(addresses)))

    def back_and_fail(self, why: str, remedy: str = "") -> None:
        """The network as it was before this run."""
        if self.previous is None:
            self.system.restore(NETPLAN_FILE)
        elif self.previous != self.system.read(NETPLAN_FILE):
            self.system.write_file(NETPLAN_FILE, self.previous, 0o600)
        network = self.context.network
        self.sysctl.back()
        # If netplan never had our file, the owner's files may not be in force yet.
        if self.journal.fact("file", NETPLAN_FILE) is not None:
            network.netplan_apply()
        for name in (self.name, Settled.name):
            self.journal.forget("todo", name)
        self.system.wait(10, network.networkd_done)
        before = self.facts.snapshot
        if not self.system.wait(5, lambda: network.kept(before)):
            network.restore_missing(before)
        default = "netplan doesn't know what is missing: add it to /etc/netplan, then run this again"
        raise Failure(why, f"the network was restored; {remedy or default}")

    def verify(self, facts: Facts) -> list[Result]:
        plan, apply = self.plan, "sudo ./scripts/apply.sh; netplan get"
        if facts.uplink is None:
            remedy = "create-kong-ipv6 regenerate --interface NAME"
            return [Result("fail", "uplink", f"there is no interface {plan.uplink}", remedy)]
        if not facts.on_uplink(plan.host):
            return [Result("fail", "uplink", f"{plan.uplink} does not have the address {plan.host}", apply)]
        if self.context.network.duplicate():
            remedy = f"ip -6 addr show dev {plan.uplink} dadfailed"
            return [Result("fail", "uplink", f"another machine uses the same address as {plan.uplink}", remedy)]
        if not facts.default_route:
            return [Result("fail", "uplink", "there is no IPv6 default route", "ip -6 route; netplan get")]
        return [Result("ok", "uplink", f"{plan.uplink} has {plan.host} and a default route")]

    def undo(self, journal: Journal) -> list[NotUndone]:
        if not journal.differs(NETPLAN_FILE) and journal.fact("todo", "undo-netplan") is None:
            return []
        network = self.context.network
        self.report.doing("netplan", "applying it")
        before = self._not_ours(journal, network.snapshot())
        dynamic = {
            f"addr {line.split()[1]} {line.split()[3]}"
            for line in self.system.output("ip", "-o", "addr", "show", "dynamic").splitlines()
        }
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
        return []

    def _not_ours(self, journal: Journal, now: Snapshot) -> Snapshot:
        """Of what the server has now: what isn't there by apply.sh. Of a default route, the line before the first run."""
        first, text = recorded_snapshot(journal) or [], self.system.text(NETPLAN_FILE)
        ours = {*(journal.fact("ours", "netplan") or "").split(), *netplan_files.addresses_in(text)}
        ours = {f"addr {self.plan.uplink} {address}" for address in ours} - set(first)
        paths_ours = set(now) - set(netplan_files.without_routes(now, netplan_files.routes_in(text), self.plan.uplink))
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
                remedy = "choose another address: create-kong-ipv6 regenerate --host ADDRESS"
                self.netplan.back_and_fail(f"{taken} is in use by another machine on the link", remedy)
            # What else the server had may belong to a container that Docker has restarted.
            ours = re.compile(rf"addr {re.escape(uplink)} |route|rule|path.* dev ({re.escape(uplink)}|lo)( |$)")
            before = [line for line in self.netplan.before if ours.match(line)]
            why = network.wait_until_restored(before, paths(before), network.networkd_done)
            if why:
                self.netplan.back_and_fail(why)
            self.netplan.set_ours(self.system.text(NETPLAN_FILE))
        self.report.done("netplan", f"{uplink} has {self.plan.host}; no address or route was lost")

    def _dad_finished(self) -> bool:
        network = self.context.network
        return bool(network.duplicate()) or (network.networkd_done() and not network.tentative())


def generated(text: str) -> list[str]:
    """What netplan says, without process id and time."""
    lines = (re.sub(r"^\*\* \([^)]*\): ([A-Z]+) \*\*: [0-9:.]+: ", r"\1: ", line) for line in text.splitlines())
    return [line for line in lines if line]
