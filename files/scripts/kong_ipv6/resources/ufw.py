"""The forwarding rules for ufw; scripts/ufw.sh adds them. ufw is never enabled here.

They are added to an inactive ufw too, for it drops what is forwarded to Kong as soon as it is enabled.
"""

import re
from collections.abc import Generator, Iterator
from contextlib import contextmanager

from .. import ufw_rules
from ..facts import Context, Facts
from ..journal import Journal, sync
from ..plan import Plan
from ..report import Change, Refusal, Result
from .base import Resource, Row

# The bridge of a second Kong (handover.py), which has rules for as long as it is there.
HANDOVER = "kong_handover"


def wanted(plan: Plan, nftables: bool) -> list[str]:
    """nftables: Docker's backend is nftables. Then its accept and ufw's drop are in different tables, and a drop is
    final: ufw has to accept IPv4 too, whatever interface it comes by. The rules are those of scripts/ufw.sh."""
    inward = f"in on {plan.uplink} out on {plan.bridge}"
    rules = [
        f"{inward} {source}to {one.address} port {port.port} proto {port.protocol}"
        for one in plan.containers
        for port in one.ports
        for source in [f"from {address} " for address in one.sources] or [""]
    ]
    rules.append(f"in on {plan.bridge} out on {plan.uplink} from {plan.subnet}")
    if not nftables:
        return rules
    if plan.ipv4_published:
        rules += [f"out on {plan.bridge} to 0.0.0.0/0 port {port} proto tcp" for port in (80, 443)]
        rules += [f"to {plan.backend} port {port} proto tcp" for port in (80, 443)]
    rules.append(f"in on {plan.bridge} to 0.0.0.0/0")
    rules.append(f"from {plan.backend}")
    # With br_netfilter what passes within a bridge is filtered too.
    rules.append(f"in on {plan.bridge} out on {plan.bridge}")
    return rules


def remember(context: Context) -> None:
    """What ufw's files say before the first rule is added."""
    context.journal.record("ufw", "rules", ufw_rules.logging(context.system))
    for path in ufw_rules.FILES.values():
        context.journal.keep(path)


@contextmanager
def builds_reach_outside(context: Context, facts: Facts, builds: bool) -> Generator[None, None, None]:
    """With Docker's nftables backend ufw drops what docker0 sends out: only while an image is built it may. The rule has
    our comment, so that a run that was killed leaves nothing that the next one doesn't delete."""
    plan, system = context.plan, context.system
    rule = ("in", "on", "docker0", "out", "on", facts.ipv4_uplink or plan.uplink, "to", "0.0.0.0/0")
    needed = builds and facts.nftables_backend and facts.ufw.enabled and plan.firewall != "none"
    if needed:
        remember(context)
        system.must(("ufw", "route", "allow", *rule, "comment", ufw_rules.COMMENT), "ufw rejected the rule")
    try:
        yield
    finally:
        if needed:
            system.quietly("ufw", "route", "delete", "allow", *rule)


def as_read(rule: str) -> list[str]:
    """What ufw's files say for it: a rule without an address is one for each family."""
    if " from " in f" {rule}" or " to " in f" {rule}":
        return [rule]
    return [f"{rule} to 0.0.0.0/0", rule]


class Ufw(Resource):
    name = "ufw"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.lacking, self.surplus = list[str](), list[str]()

    def _difference(self, facts: Facts) -> tuple[list[str], list[str]]:
        """The missing rules, and our rules that are no longer wanted."""
        want = wanted(self.plan, facts.nftables_backend)
        read = {line for rule in want for line in as_read(rule)}
        lacking = [rule for rule in want if not set(as_read(rule)) <= set(facts.ufw.rules)]
        return lacking, [rule for rule in facts.ufw.rules if rule not in read and HANDOVER not in rule]

    def needs(self, facts: Facts) -> Iterator[Refusal]:
        if not facts.ufw.installed:
            yield Refusal("ufw is not installed", "apt-get install ufw")
        elif not facts.ufw.ipv6:
            yield Refusal("ufw has IPV6=no", "set IPV6=yes in /etc/default/ufw, then run this again")

    def changes(self, facts: Facts) -> Iterator[Change]:
        self.facts, self.lacking, self.surplus = facts, list[str](), list[str]()
        if not facts.ufw.installed:
            return
        if self.plan.firewall == "none":
            if self.journal.fact("ufw", "rules") is not None:
                yield Change("ufw", "the rules with the comment kong-ipv6 will be deleted")
        elif not facts.ufw.ipv6:
            text = "ufw has IPV6=no, so no rules for Kong are added: set IPV6=yes, then run this again"
            self.report.note("ufw", text)
        else:
            self.lacking, self.surplus = self._difference(facts)
            for rule in self.lacking:
                yield Change("ufw", f"route allow {rule}")
            for rule in self.surplus:
                yield Change("ufw", f"delete route allow {rule}")

    def apply(self) -> None:
        if self.plan.firewall == "none":
            self.report.doing("ufw", "deleting the rules")
            self._delete_all(self.journal)
            self.report.done("ufw", "rules deleted")
            return
        self.report.doing("ufw", "setting the rules")
        if self.lacking:
            remember(self.context)
            script = str(self.repository.path / "scripts" / "ufw.sh")
            self.system.must((script,), "ufw rejected the rule")
            self._sync()
        active = "" if self.facts.ufw.active else " (they take effect when you enable ufw)"
        self.report.done("ufw", f"rules set{active}")

    def delete_surplus(self) -> None:
        """By Filters, later. A run that was interrupted before that sees them as a difference."""
        for rule in self.surplus:
            self._delete(rule)
        if self.surplus:
            self.report.done("ufw", "rules of earlier answers deleted")

    def _delete(self, rule: str) -> None:
        remedy = (
            "apt-get install ufw python3, so that ufw show added works, then run this again; "
            "or, if you no longer use ufw: apt-get purge ufw"
        )
        self.system.must(("ufw", "route", "delete", "allow", *rule.split()), "ufw can't delete Kong's rules", remedy)
        self._sync()

    def _sync(self) -> None:
        """ufw itself doesn't, and a power cut would leave empty files."""
        for path in ufw_rules.FILES.values():
            if self.system.exists(path):
                sync(self.system.on(path))

    def _delete_all(self, journal: Journal) -> None:
        """ufw writes its files in its own way: where rules and logging are the same as before, they get their old text
        back; where the owner has changed them, they stay."""
        for rule in ufw_rules.read(self.system).rules:
            self._delete(rule)
        same_logging = journal.fact("ufw", "rules") == ufw_rules.logging(self.system)
        for path in ufw_rules.FILES.values():
            kept = journal.fact("file", path) == "kept" and same_logging
            before = journal.before(path).read_text(errors="surrogateescape") if kept else ""
            if kept and tuples(self.system.text(path)) == tuples(before):
                self.system.restore(path)
            journal.forget("file", path)
        journal.forget("ufw", "rules")

    def verify(self, facts: Facts) -> Iterator[Result]:
        if not facts.ufw.active:
            return
        lacking, surplus = self._difference(facts)
        forward = self.system.text("/etc/default/ufw")
        accepts = re.search(r'^DEFAULT_FORWARD_POLICY="?accept', forward, re.MULTILINE | re.IGNORECASE)
        if (lacking or surplus) and facts.filter == "none":
            text = "ufw is active and has no rules for Kong: with Docker 26 and older it blocks Kong"
            yield Result("warn", "firewall", text, "sudo ./scripts/ufw.sh")
        elif lacking:
            yield Result("fail", "firewall", f"ufw is missing the rule {lacking[-1]}", "sudo ./scripts/apply.sh")
        elif surplus:
            text = f"ufw has a rule of earlier answers: {surplus[-1]}"
            yield Result("fail", "firewall", text, "sudo ./scripts/apply.sh")
        elif facts.filter == "ufw" and accepts:
            yield Result("fail", "firewall", "ufw forwards all traffic by default", "ufw default deny routed")
        else:
            yield Result("ok", "firewall", "ufw has Kong's rules")

    def _present(self, journal: Journal) -> bool:
        """Whether our rules exist: recorded, or added by scripts/ufw.sh by hand. Without the command its files
        may still have those that are recorded."""
        rules, recorded = ufw_rules.read(self.system).rules, journal.fact("ufw", "rules") is not None
        return bool(recorded or rules) if self.system.have("ufw") else bool(recorded and rules)

    def undo(self, journal: Journal) -> None:
        if self._present(journal):
            self.report.doing("ufw", "deleting the rules")
            self._delete_all(journal)
            self.report.done("ufw", "Kong's rules are deleted")

    def undo_rows(self, journal: Journal) -> Iterator[Row]:
        if self._present(journal):
            yield "remove", "ufw", "the rules with the comment kong-ipv6"


def tuples(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("### tuple ###")]
