"""Who answers the router's Neighbor Solicitations for Kong: ndppd, the kernel through networkd, or nobody."""

from __future__ import annotations

from ..facts import Facts
from ..journal import Journal
from ..netplan_files import NETPLAN_FILE
from ..network_state import paths, readable
from ..report import Change, Failure, Refusal, Result
from ..staging import drop_in
from .base import NotUndone, Resource
from .files import NDP_DROP_IN, proxied_in

UNIT = "ndppd.service"
NDPPD_FILES = ("/etc/ndppd.conf", f"/etc/systemd/system/{UNIT}")


class Ndp(Resource):
    name = "ndp"

    def refuse(self, facts: Facts) -> list[Refusal]:
        """networkd sets the kernel's proxy: what else manages the uplink would wipe it."""
        if self.plan.ndp != "kernel" or not facts.usable or self._networkd_manages():
            return []
        cause = f"systemd-networkd doesn't manage {self.plan.uplink}: --ndp kernel needs it to set the proxy entry"
        return [Refusal(cause, "create-kong-ipv6 regenerate --ndp ndppd")]

    def _networkd_manages(self) -> bool:
        running = self.system.run("systemctl", "--quiet", "is-active", "systemd-networkd").code == 0
        return running and self.context.network.networkd_setup() in ("configured", "configuring")

    def changes(self, facts: Facts) -> list[Change]:
        self.facts = facts
        self.stale = [one for one in self._known(facts) if one != self.plan.kong or self.plan.ndp != "kernel"]
        if self.plan.ndp == "ndppd":
            active, changed = facts.active(UNIT), any(facts.changed(path) for path in NDPPD_FILES)
            if facts.begun(self.name) or changed or not active or not facts.enabled(UNIT):
                now = "restarted" if active else "started"
                return [Change("ndp", f"{UNIT} will be {now} now, and started at every boot")]
        if self.plan.ndp == "kernel":
            changed = facts.changed(drop_in(facts.netplan_id) + NDP_DROP_IN)
            if facts.begun(self.name) or changed or self.plan.kong not in self.context.network.proxy_entries():
                return [
                    Change("ndp", f"networkd will let the kernel answer for {self.plan.kong} on {self.plan.uplink}")
                ]
        if self.stale:
            return [Change("ndp", f"the kernel no longer answers for {', '.join(self.stale)}")]
        return []

    def _known(self, facts: Facts) -> list[str]:
        """What earlier plans had the kernel answer for."""
        texts = (self.system.text(path) for path in self.journal.our_files() if path.endswith(NDP_DROP_IN))
        return list(dict.fromkeys([*self.journal.names("proxy"), *(one for text in texts for one in proxied_in(text))]))

    def apply(self) -> None:
        if self.plan.ndp == "ndppd":
            self.report.doing("ndp", UNIT)
            self.system.start(UNIT)
            self.report.done("ndp", f"ndppd answers for {self.plan.kong}")
        elif self.plan.ndp == "kernel":
            self.report.doing("ndp", "networkd")
            # netplan apply has made networkd read the drop-in, too.
            applied = self.journal.fact("todo", "addresses") is not None
            if not applied or not self.system.wait(1, self._proxied):
                self._reconfigure()
            self.report.done("ndp", f"the kernel answers for {self.plan.kong}")
        if self.stale and self.plan.ndp != "kernel":
            self._reconfigure()
        self._forget_proxied(self.stale)

    def _proxied(self) -> bool:
        return self.plan.kong in self.context.network.proxy_entries()

    def _forget_proxied(self, addresses: list[str]) -> None:
        """networkd forgets its proxy entries, but leaves them in the kernel."""
        for address in addresses:
            uplink = self.journal.fact("proxy", address) or self.plan.uplink
            self.system.run("ip", "-6", "neigh", "del", "proxy", address, "dev", uplink)
            self.journal.forget("proxy", address)

    def _reconfigure(self) -> None:
        """What networkd has of the uplink, again."""
        network = self.context.network
        before = network.snapshot()
        with self.system.uninterrupted():
            self._networkctl()
            # It takes away what it doesn't know.
            network.restore_unknown(paths(before))
            if not self.system.wait(5, lambda: network.kept(before)):
                network.restore_missing(before)
        lost = network.lost(before)
        if lost:
            raise Failure(
                f"networkd removed {', '.join(readable(lost))}", "add it to /etc/netplan, then run this again"
            )

    def _networkctl(self) -> bool:
        reloaded = self.system.run("networkctl", "reload").code == 0
        # Up to systemd 257 a reload alone leaves a link's proxy addresses as they are.
        done = reloaded and self.system.run("networkctl", "reconfigure", self.plan.uplink).code == 0
        self.system.sleep(0.2)
        self.system.wait(10, self.context.network.networkd_done)
        return done

    def verify(self, facts: Facts) -> list[Result]:
        plan = self.plan
        if plan.ndp == "none":
            if plan.delivery == "routed":
                return [Result("ok", "ndp", "no NDP proxy is needed: the prefix is routed to this server")]
            text = "nothing answers Neighbor Solicitations for Kong (--ndp none)"
            return [Result("warn", "ndp", text, "create-kong-ipv6 regenerate --ndp ndppd")]
        if facts.uplink is None:
            return []
        what = "systemctl status ndppd" if plan.ndp == "ndppd" else "ip -6 neigh show proxy"
        remedy = f"{what}; sudo ./scripts/apply.sh"
        if facts.outside.problem:
            text = f"not tested: the test needs tc and the kernel module act_mirred ({facts.outside.problem})"
            return [Result("warn", "ndp", text, "test from another machine")]
        if facts.outside.answers_for(plan.kong):
            return [Result("ok", "ndp", f"{plan.ndp} answers a Neighbor Solicitation for {plan.kong}")]
        return [Result("fail", "ndp", f"{plan.ndp} doesn't answer a Neighbor Solicitation for {plan.kong}", remedy)]

    def undo(self, journal: Journal) -> list[NotUndone]:
        if journal.fact("unit", UNIT) is not None:
            self.report.doing("ndp", f"stopping {UNIT}")
            self.system.run("systemctl", "--quiet", "stop", UNIT)
        drop_ins = [path for path in journal.our_files() if path.endswith(NDP_DROP_IN)]
        differ = [path for path in drop_ins if journal.differs(path)]
        if not differ and journal.fact("todo", "undo-ndp") is None and not journal.names("proxy"):
            return []
        network = self.context.network
        self.report.doing("ndp", "networkd")
        before = network.snapshot()
        journal.record("todo", "undo-ndp", "begun")
        for path in differ:
            for address in proxied_in(self.system.text(path)):
                journal.record("proxy", address, self.plan.uplink)
        with self.system.uninterrupted():
            for path in differ:
                self.system.restore(path)
            self._forget_proxied(journal.names("proxy"))
            # netplan apply, which is next, does the same.
            if not journal.differs(NETPLAN_FILE):
                if not self._networkctl():
                    self.report.note("ndp", "networkd doesn't answer: its settings disappear at the next boot")
                network.restore_unknown(paths(before))
                if not self.system.wait(10, lambda: network.kept(before)):
                    network.restore_missing(before)
                self._forget_proxied(journal.names("proxy"))
        journal.forget("todo", "undo-ndp")
        return []
