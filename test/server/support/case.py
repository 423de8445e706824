"""What the tests share: a server that is removed again, and short ways to ask one resource."""

from __future__ import annotations

import unittest
from collections.abc import Callable
from typing import Any

from kong_ipv6.facts import Facts
from kong_ipv6.report import Change, Refusal, Result
from kong_ipv6.resources.base import Resource

from .copies import Copies
from .kernel import Address
from .server import Server

SLAAC = "2a03:2222:3333:4444:5054:ff:fe6b:6f6e"

_applied: dict[str, Copies] = {}


def applied(key: str, make: Callable[[], Server]) -> Server:
    """A server after apply.sh, which runs once for all that have the same key."""
    return _applied.setdefault(key, Copies(make)).copy()


class Case(unittest.TestCase):
    maxDiff = None

    def server(self, engine: str = "28.5.2", **plan: Any) -> Server:
        """A fresh server, before the first apply.sh."""
        made = Server(engine, **plan)
        self.addCleanup(made.close)
        return made

    def applied(self, engine: str = "28.5.2", **plan: Any) -> Server:
        """A server after apply.sh."""
        made = applied(repr((engine, plan)), lambda: Server(engine, **plan).applied())
        self.addCleanup(made.close)
        return made

    def kernel_ndp(self, engine: str = "28.5.2") -> Server:
        """The kernel answers for Kong, told so by networkd."""
        made = self.server(engine, ndp="kernel")
        made.programs.add("networkctl")
        folder = made.repository / "host/etc/systemd/network/10-netplan-ens3.network.d"
        folder.mkdir(parents=True)
        (folder / "60-kong-ndp.conf").write_text(f"[Network]\nIPv6ProxyNDP=yes\nIPv6ProxyNDPAddress={made.plan.kong}\n")
        for path in ("ndppd.conf", "systemd/system/ndppd.service"):
            (made.repository / "host/etc" / path).unlink()
        return made

    def kept(self, engine: str = "28.5.2", **plan: Any) -> Server:
        """A server with --host keep: router advertisements give it its address and route."""
        made = self.server(engine, **{"host": "keep", "gateway": "ra", **plan})
        (made.repository / "host/etc/netplan/60-kong-ipv6.yaml").unlink()
        made.kernel.addresses.append(Address("ens3", f"{SLAAC}/64", "global", ("dynamic",)))
        made.kernel.routes[6].append("default via fe80::1 dev ens3 proto ra metric 1024 expires 1797sec pref medium")
        return made

    def same_state(self, before: dict[str, Any], now: dict[str, Any]) -> None:
        """Shows only what differs."""

        def flat(tree: Any, at: str = "") -> dict[str, Any]:
            if not isinstance(tree, dict):
                return {at: tree}
            return {key: value for name, inner in tree.items() for key, value in flat(inner, f"{at} {name}").items()}

        was, has = flat(before), flat(now)
        differ = [key for key in sorted({*was, *has}) if was.get(key) != has.get(key)]
        self.assertEqual({key: was.get(key) for key in differ}, {key: has.get(key) for key in differ})

    def asked(self, server: Server, name: str, method: str) -> tuple[Any, Resource, Facts]:
        with server.patched():
            resource, facts = server.resource(name)
            return list(getattr(resource, method)(facts)), resource, facts

    def refusals(self, server: Server, name: str) -> list[Refusal]:
        found: list[Refusal] = self.asked(server, name, "refuse")[0]
        for one in found:
            self.assertTrue(one.remedy, f"no remedy: {one.cause}")
        return found

    def changes(self, server: Server, name: str) -> list[str]:
        found: list[Change] = self.asked(server, name, "changes")[0]
        return [f"{one.what}: {one.text}" for one in found]

    def results(self, server: Server, name: str) -> dict[str, Result]:
        """By check; of two with one name the worse."""
        order, found = ("ok", "warn", "fail"), dict[str, Result]()
        listed: list[Result] = self.asked(server, name, "verify")[0]
        for one in listed:
            if one.check not in found or order.index(one.level) > order.index(found[one.check].level):
                found[one.check] = one
        for one in listed:
            if one.level == "fail":
                self.assertTrue(one.remedy, f"no remedy: {one.detail}")
        return found

    def refused(self, server: Server, name: str, cause: str, remedy: str) -> None:
        """One refusal, which says why and what to do."""
        found = self.refusals(server, name)
        self.assertEqual(1, len(found), found)
        self.assertIn(cause, found[0].cause)
        self.assertIn(remedy, found[0].remedy)

    def fails(self, server: Server, name: str, check: str, text: str) -> Result:
        found = self.results(server, name)
        self.assertIn(check, found)
        self.assertEqual(("fail", True), (found[check].level, text in found[check].detail), found[check])
        return found[check]

    def happened(self, server: Server, *expected: str) -> None:
        """These changes, in this order; others may be between them."""
        shown = [f"{kind} {what}" for kind, what, _ in server.events]
        at = 0
        for one in expected:
            later = [index for index in range(at, len(shown)) if one in shown[index]]
            self.assertTrue(later, f"not (or not in this order): {one}\n" + "\n".join(shown))
            at = later[0] + 1
