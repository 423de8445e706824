"""Answers to Neighbor Solicitations for the public containers: from ndppd, from the kernel through networkd, or none."""

from collections.abc import Iterator

from ..facts import Facts
from ..journal import Journal
from ..netplan_files import NETPLAN_FILE
from ..network_state import Snapshot, paths, readable
from ..report import Change, Failure, Refusal, Result
from .base import Resource
from .files import NDP_DROP_IN, Files, proxied_in

UNIT = "ndppd.service"
NDPPD_FILES = ("/etc/ndppd.conf", f"/etc/systemd/system/{UNIT}")


class Ndp(Resource):
    name = "ndp"

    def refuse(self, facts: Facts) -> Iterator[Refusal]:
        """networkd sets the kernel's proxy: what else manages the uplink would wipe it."""
        if self.plan.ndp == "kernel" and facts.usable and not facts.networkd_manages:
            cause = f"systemd-networkd doesn't manage {self.plan.uplink}: --ndp kernel needs it to set the proxy entry"
            yield Refusal(cause, "npx create-kong-ipv6 regenerate --ndp ndppd")

    def changes(self, facts: Facts) -> Iterator[Change]:
        self.stale = [one for one in self._known() if one not in self.plan.solicited or self.plan.ndp != "kernel"]
        if self.plan.ndp == "ndppd":
            active, changed = facts.active(UNIT), any(facts.changed(path) for path in NDPPD_FILES)
            if facts.begun(self.name) or changed or not active or not facts.enabled(UNIT):
                now = "restarted" if active else "started"
                yield Change("ndp", f"{UNIT} will be {now} now, and started at every boot")
                return
        if self.plan.ndp == "kernel":
            changed = facts.changed(facts.drop_in + NDP_DROP_IN)
            if facts.begun(self.name) or changed or not self._proxied():
                text = f"networkd will let the kernel answer for {self._addresses()} on {self.plan.uplink}"
                yield Change("ndp", text)
                return
        if self.stale:
            yield Change("ndp", f"the kernel no longer answers for {', '.join(self.stale)}")

    def _known(self) -> list[str]:
        """What earlier plans had the kernel answer for."""
        texts = (self.system.text(path) for path in self.journal.our_files() if path.endswith(NDP_DROP_IN))
        return list(dict.fromkeys([*self.journal.names("proxy"), *(one for text in texts for one in proxied_in(text))]))

    def apply(self) -> None:
        if self.plan.ndp == "ndppd":
            self.report.doing("ndp", UNIT)
            self.system.start(UNIT)
            self.report.done("ndp", f"ndppd answers for {self._addresses()}")
        elif self.plan.ndp == "kernel":
            self.report.doing("ndp", "networkd")
            # netplan apply has made networkd read the drop-in, too.
            applied = self.journal.fact("todo", "addresses") is not None
            if not applied or not self.system.wait(1, self._proxied):
                self._reconfigure()
            self.report.done("ndp", f"the kernel answers for {self._addresses()}")
        if self.stale and self.plan.ndp != "kernel":
            self._reconfigure()
        self._forget_proxied(self.stale)

    def _addresses(self) -> str:
        return ", ".join(self.plan.solicited)

    def _proxied(self) -> bool:
        return set(self.plan.solicited) <= set(self.context.network.proxy_entries())

    def _forget_proxied(self, addresses: list[str]) -> None:
        """networkd forgets its proxy entries, but leaves them in the kernel."""
        for address in addresses:
            uplink = self.journal.fact("proxy", address) or self.plan.uplink
            self.system.run("ip", "-6", "neigh", "del", "proxy", address, "dev", uplink)
            self.journal.forget("proxy", address)

    def _reconfigure(self) -> None:
        """What networkd has of the uplink, again."""
        before = self.context.network.snapshot()
        with self.system.uninterrupted():
            self._networkctl(before, 5)
        lost = self.context.network.lost(before)
        if lost:
            text = f"networkd removed {', '.join(readable(lost))}"
            raise Failure(text, "add it to /etc/netplan, then run this again")

    def _networkctl(self, before: Snapshot, seconds: int) -> bool:
        """Whether networkd has done it. It takes away what it doesn't know: that is given back."""
        network, wait = self.context.network, self.system.wait
        reloaded = self.system.run("networkctl", "reload").code == 0
        # Up to systemd 257 a reload alone leaves a link's proxy addresses as they are.
        done = reloaded and self.system.run("networkctl", "reconfigure", self.plan.uplink).code == 0
        self.system.sleep(0.2)
        wait(10, network.networkd_done)
        network.restore_unknown(paths(before))
        network.restore_unless_kept(before, seconds)
        return done

    def verify(self, facts: Facts) -> Iterator[Result]:
        plan = self.plan
        if plan.ndp == "none" and plan.delivery == "routed":
            yield Result("ok", "ndp", "no NDP proxy is needed: the prefix is routed to this server")
        elif plan.ndp == "none":
            text = "nothing answers Neighbor Solicitations for Kong (--ndp none)"
            yield Result("warn", "ndp", text, "npx create-kong-ipv6 regenerate --ndp ndppd")
        elif facts.uplink is None:
            return
        elif facts.outside.problem:
            text = f"not tested: the test needs tc and the kernel module act_mirred ({facts.outside.problem})"
            yield Result("warn", "ndp", text, "test from another machine")
        else:
            yield self._asked(facts)

    def _asked(self, facts: Facts) -> Result:
        silent = [one for one in self.plan.solicited if not facts.outside.answers_for(one)]
        if not silent:
            return Result("ok", "ndp", f"{self.plan.ndp} answers a Neighbor Solicitation for {self._addresses()}")
        what = "systemctl status ndppd" if self.plan.ndp == "ndppd" else "ip -6 neigh show proxy"
        text = f"{self.plan.ndp} doesn't answer a Neighbor Solicitation for {', '.join(silent)}"
        return Result("fail", "ndp", text, f"{what}; sudo ./scripts/apply.sh")

    def undo(self, journal: Journal) -> None:
        if journal.fact("unit", UNIT) is not None:
            self.report.doing("ndp", f"stopping {UNIT}")
            self.system.run("systemctl", "--quiet", "stop", UNIT)
        drop_ins = [path for path in journal.our_files() if path.endswith(NDP_DROP_IN)]
        differ = [path for path in drop_ins if journal.differs(path)]
        if not differ and journal.fact("todo", "undo-ndp") is None and not journal.names("proxy"):
            return
        self.report.doing("ndp", "networkd")
        before = self.context.network.snapshot()
        journal.record("todo", "undo-ndp", "begun")
        for path in differ:
            Files(self.context).record_proxied(path)
        with self.system.uninterrupted():
            for path in differ:
                self.system.restore(path)
            self._forget_proxied(journal.names("proxy"))
            # netplan apply, which is next, does the same.
            if not journal.differs(NETPLAN_FILE) and not self._networkctl(before, 10):
                self.report.note("ndp", "networkd doesn't answer: its settings disappear at the next boot")
        journal.forget("todo", "undo-ndp")
