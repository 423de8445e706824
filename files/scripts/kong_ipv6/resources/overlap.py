"""The overlap of a renumbering (RFC 4192): the old addresses lead to the containers, which have only the new ones.

Our table ip6 kong_ipv6_overlap translates the destination of what arrives for an old address. It is loaded and removed
after the containers have been changed:

before → overlap   until then the containers themselves have the old addresses.
overlap → before   until then the old addresses lead to the new ones; then the containers have them again.
overlap → after    no container changes. Open connections go on; new ones are no longer translated.
before → after     there is no table.
"""

import re
from collections.abc import Iterator
from contextlib import suppress

from ..conntrack import forget_connections
from ..facts import Facts
from ..journal import Journal
from ..nft_table import OVERLAP
from ..plan import Moved
from ..report import Change, Result
from ..staging import OVERLAP_FILES
from . import kong
from .base import Resource
from .files import Files

AGAIN = "sudo ./scripts/apply.sh"
# An element of the map, as nft lists it.
PAIR = re.compile(r"([0-9a-f]*:[0-9a-f:]+) : ([0-9a-f]*:[0-9a-f:]+)")


class Overlap(Resource):
    name = "overlap"

    def changes(self, facts: Facts) -> Iterator[Change]:
        self.facts = facts
        if OVERLAP.file in facts.staged:
            if facts.begun(self.name) or not facts.overlap_table or not facts.lasts(OVERLAP):
                yield Change("overlap", f"the old addresses will lead to the new ones: {self._pairs()}")
        elif facts.overlap_table or self._left():
            yield Change("overlap", f"the {OVERLAP} will be removed: it translated the old addresses")

    def _pairs(self) -> str:
        return ", ".join(f"{one.address} → {one.to}" for one in self.plan.moved)

    def _left(self) -> list[str]:
        return [path for path in OVERLAP_FILES if self.journal.differs(path)]

    def apply(self) -> None:
        self.report.doing("overlap", f"the {OVERLAP}")
        if OVERLAP.file in self.facts.staged:
            self.system.start(OVERLAP.unit)
            # Packets that were sent meanwhile went nowhere; so would all that follow in the same connection.
            for one in self.plan.moved:
                self._forget(one.address, one.address)
            self.report.done("overlap", self._pairs())
            return
        OVERLAP.unload(self.system)
        # If a container has its old address again, all connections are forgotten. Otherwise only closed ones: a client
        # may use their port again for the new address. Both have the same replies, and the kernel drops the second.
        for address, to in PAIR.findall(self.facts.overlap_table):
            self._forget(address, to, also_open=address in self.plan.public)
        for path in self._left():
            Files(self.context).drop(path)
        self.system.run("systemctl", "daemon-reload")
        self.report.done("overlap", f"{OVERLAP} removed")

    def _forget(self, address: str, answers: str, also_open: bool = True) -> None:
        # Without netlink they time out.
        with suppress(OSError):
            forget_connections(address, answers, also_open)

    def verify(self, facts: Facts) -> Iterator[Result]:
        if self.plan.previous is None:
            if facts.overlap_table:
                yield Result("fail", "overlap", f"the {OVERLAP} is loaded, but no overlap is planned", AGAIN)
            return
        if self.plan.moved and not facts.overlap_table:
            text = f"the {OVERLAP} is not loaded: the old addresses don't answer"
            yield Result("fail", "overlap", text, f"{AGAIN}. Possible cause: nft flush ruleset")
            return
        dead = [one for one in self.plan.moved if one.name == "kong" and not self._answers(one)]
        dead += [one for one in self.plan.moved if one not in dead and not self._reached(facts, one)]
        for one in dead:
            text = f"the old address {one.address} of {one.name} doesn't answer; {one.to} is its new one"
            yield Result("fail", "overlap", text, f"nft list ruleset: what drops or translates it? {AGAIN}")
        if self.plan.moved and not dead:
            yield Result("ok", "overlap", f"the old addresses lead to the new ones: {self._pairs()}")

    def _answers(self, one: Moved) -> bool:
        """To this server itself."""
        return kong.http_status(one.address, 80, "/") != "" or kong.http_status(one.to, 80, "/") == ""

    def _reached(self, facts: Facts, one: Moved) -> bool:
        """From outside, as far as the new address is: what else is wrong there has a row of its own."""
        if facts.uplink is None or facts.outside.problem:
            return True
        ports = next((c.ports for c in self.plan.containers if c.name == one.name), [])
        tcp = [port.port for port in ports if port.protocol == "tcp"]
        connects = facts.outside.connects
        return all(connects(one.address, port) or not connects(one.to, port) for port in tcp)

    def undo(self, journal: Journal) -> None:
        if journal.fact("unit", OVERLAP.unit) is not None:
            self.report.doing("overlap", "removing the table")
        OVERLAP.unload(self.system)
