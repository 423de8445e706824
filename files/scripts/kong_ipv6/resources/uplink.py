"""Checks the server's own address and its IPv6 default route. It changes nothing."""

from collections.abc import Iterator

from ..facts import Facts
from ..plan import same
from ..report import Refusal, Result
from .base import Resource
from .link import other_interface

WHERE = "where the server's network is configured"


class Uplink(Resource):
    name = "uplink"

    def refuse(self, facts: Facts) -> Iterator[Refusal]:
        """With --host keep nothing here gives the server an address or a route."""
        plan = self.plan
        if not plan.kept or not facts.usable:
            return
        if not facts.lasting:
            cause = f"{plan.uplink} has no global IPv6 address of its own, and --host keep configures none"
            remedy = "npx create-kong-ipv6 regenerate --host ADDRESS, with the address that the provider's control panel shows"
            yield Refusal(cause, f"configure it {WHERE}; or {remedy}")
        if not facts.gateways:
            cause = f"there is no IPv6 default route through {plan.uplink}, and --host keep configures none"
            yield Refusal(cause, f"configure {plan.default_route} {WHERE}, then run this again")
        elif self._other_gateway(facts):
            yield Refusal(*self._other_gateway(facts))

    def _other_gateway(self, facts: Facts) -> tuple[str, ...]:
        """Cause and remedy if no default route is as the answers say; with ra any will do."""
        gateway, uplink = self.plan.gateway, self.plan.uplink
        if gateway == "ra" or any(same(has, gateway) or (not has and gateway == "none") for has in facts.gateways):
            return ()
        has = facts.gateways[0]
        said = f"not via {gateway}" if ":" in gateway else "but the answers say --gateway none"
        cause = f"the IPv6 default route through {uplink} goes {f'via {has}' if has else 'to no gateway'}, {said}"
        return cause, f"npx create-kong-ipv6 regenerate --gateway {has or 'none'}"

    def verify(self, facts: Facts) -> Iterator[Result]:
        plan, apply = self.plan, "sudo ./scripts/apply.sh; netplan get"
        if facts.uplink is None:
            yield Result("fail", "uplink", f"there is no interface {plan.uplink}", other_interface(facts))
        elif not facts.has_host:
            lacks = "a global IPv6 address" if plan.kept else f"the address {plan.host}"
            remedy = f"configure it {WHERE}" if plan.kept else apply
            yield Result("fail", "uplink", f"{plan.uplink} does not have {lacks}", remedy)
        elif self.context.network.duplicate():
            remedy = f"ip -6 addr show dev {plan.uplink} dadfailed"
            yield Result("fail", "uplink", f"another machine uses the same address as {plan.uplink}", remedy)
        elif not facts.gateways:
            text = f"there is no IPv6 default route through {plan.uplink}"
            yield Result("fail", "uplink", text, "ip -6 route; netplan get")
        elif plan.kept and self._other_gateway(facts):
            yield Result("fail", "uplink", *self._other_gateway(facts))
        else:
            has = ", ".join(facts.lasting) if plan.kept else plan.host
            yield Result("ok", "uplink", f"{plan.uplink} has {has} and a default route")
            yield from self._previous(facts)
            yield from self._advertisements(facts)

    def _previous(self, facts: Facts) -> Iterator[Result]:
        """In an overlap open connections go on through the old address, and new ones use the other."""
        address, apply = self.plan.previous_host, "sudo ./scripts/apply.sh; netplan get"
        if not address:
            return
        infos = (facts.uplink or {}).get("addr_info", [])
        found = next((one for one in infos if same(str(one.get("local", "")), address)), None)
        if found is None:
            text = f"{self.plan.uplink} does not have the old address {address}"
            yield Result("fail", "previous", text, apply)
        elif not found.get("deprecated"):
            text = f"the old address {address} is not deprecated: outgoing connections may still use it"
            yield Result(
                "warn",
                "previous",
                text,
                f"remove it {WHERE}, then sudo ./scripts/apply.sh: netplan apply alone would cut connections to it",
            )
        else:
            yield Result("ok", "previous", f"{self.plan.uplink} still has {address}, deprecated")

    def _advertisements(self, facts: Facts) -> Iterator[Result]:
        """Where the kernel itself takes router advertisements, with forwarding on it does so only with 2."""
        key = f"net.ipv6.conf.{self.plan.uplink_sysctl}.accept_ra"
        managed = facts.netplan_manages or facts.networkd_manages
        if facts.advertised and not managed and self.system.sysctl(key) == "1":
            text = f"{key} is 1: with forwarding on, the route from router advertisements will run out"
            yield Result("fail", "uplink", text, "sudo ./scripts/apply.sh")
