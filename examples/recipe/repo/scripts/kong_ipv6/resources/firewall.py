"""The product's own nftables table: filters where ufw doesn't. A drop in it is final (nft(8))."""

from collections.abc import Iterator

from ..facts import Context, Facts
from ..journal import Journal
from ..nft_table import FILTER
from ..report import Change, Refusal, Result
from .base import Resource

LATE = "filters"


class Firewall(Resource):
    name = "firewall"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        # Whether the table is there and is replaced later, by Filters.
        self.late = False

    def refuse(self, facts: Facts) -> Iterator[Refusal]:
        """ufw with IPV6=no drops all IPv6 that comes in, goes out or is forwarded."""
        if facts.ufw.enabled and not facts.ufw.ipv6:
            cause = "ufw is active with IPV6=no: it drops all IPv6 traffic of this server"
            yield Refusal(cause, "set IPV6=yes in /etc/default/ufw, then: ufw reload")

    def changes(self, facts: Facts) -> Iterator[Change]:
        self.facts, self.reason, self.late = facts, "", False
        if facts.filter == "none":
            self.report.row("open", "firewall", "these scripts set up no firewall (--firewall none)")
            if facts.opens_all:
                text = f"Docker {facts.engine} opens every port of every container with an IPv6 address to the world"
                self.report.row("open", "firewall", text)
        if facts.filter == "table" and self.plan.firewall == "ufw" and not facts.ufw.active:
            self.reason = f" (ufw is {'inactive' if facts.ufw.installed else 'not installed'})"
        if facts.filter != "table" or self._in_force(facts):
            return
        self.late = facts.table_filters and facts.active(FILTER.unit)
        yield Change("firewall", f"the table inet kong_ipv6 will be loaded, now and at every boot{self.reason}")
        if facts.other_bridges:
            names = " ".join(facts.other_bridges)
            yield Change("firewall", f"traffic to bridges that are not Docker's will not be filtered: {names}")

    def _in_force(self, facts: Facts) -> bool:
        begun = facts.begun(self.name) or facts.begun(LATE)
        return not begun and facts.table_filters and facts.lasts(FILTER)

    def apply(self) -> None:
        # An interrupted run may have begun it for other answers.
        if self.facts.filter == "table" and not self.late:
            self.load()

    def load(self) -> None:
        self.report.doing("firewall", f"the {FILTER}")
        self.system.start(FILTER.unit)
        self.report.done("firewall", f"{FILTER}{self.reason}")

    def verify(self, facts: Facts) -> Iterator[Result]:
        if facts.nftables_backend and not facts.ufw.enabled:
            yield from self._left_behind()
        # Docker 28 accepts it again.
        if facts.generation == 27 and not facts.ufw.enabled:
            rule = f"-i {self.plan.uplink} -d {self.plan.kong} -p icmpv6 --icmpv6-type echo-request -j ACCEPT"
            text = "Docker 27 drops ping to Kong; 80 and 443 are not affected"
            yield Result("warn", "ping", text, f"upgrade Docker, or: ip6tables -I DOCKER-USER {rule}")
        if facts.filter == "table":
            yield self._table(facts)
        elif facts.filter == "ufw":
            if facts.table:
                text = "ufw is active, and the table inet kong_ipv6 is still loaded"
                yield Result("warn", "firewall", text, "sudo ./scripts/apply.sh removes the table")
        elif facts.opens_all and not facts.ufw.active:
            text = "none: every port of every container with an IPv6 address is open to the world"
            remedy = "filter this traffic elsewhere, or npx create-kong-ipv6 regenerate --firewall nftables"
            yield Result("warn", "firewall", text, remedy)
        elif not facts.ufw.active:
            yield Result("warn", "firewall", "these scripts set up no firewall (--firewall none)")

    def _left_behind(self) -> Iterator[Result]:
        """Docker leaves the policy of its iptables backend when it is told to use nftables."""
        for program, what in (("iptables", "IPv4"), ("ip6tables", "IPv6")):
            if "-P FORWARD DROP" in self.system.output(program, "-w", "-S", "FORWARD"):
                text = f"{program}' FORWARD policy is still DROP, from Docker's previous firewall backend: it drops all {what} of containers"
                yield Result("fail", "firewall", text, f"reboot (until then: {program} -P FORWARD ACCEPT)")

    def _table(self, facts: Facts) -> Result:
        if facts.table_filters:
            return Result("ok", "firewall", "table inet kong_ipv6")
        if facts.table:
            text = "the table inet kong_ipv6 has lost its rules: nothing is filtered"
            return Result("fail", "firewall", text, "sudo ./scripts/apply.sh. Possible cause: nft flush table")
        why = "Possible causes: ufw was disabled, the unit was stopped, or nft flush ruleset"
        return Result("fail", "firewall", "the table inet kong_ipv6 is not loaded", f"sudo ./scripts/apply.sh. {why}")

    def undo(self, journal: Journal) -> None:
        if journal.fact("unit", FILTER.unit) is not None:
            self.report.doing("firewall", "removing the table")
        FILTER.unload(self.system)
