"""The uplink, and whether the answers are true on it: nothing here changes the server."""

import re
from collections.abc import Iterator
from ipaddress import IPv6Network

from .. import solicit
from ..engine import BRIDGE_NAME, endpoint
from ..facts import Facts
from ..netplan_files import NETPLAN_FILE, described
from ..plan import Plan, inside, same
from ..report import Refusal
from .base import Resource


class Link(Resource):
    name = "link"

    def refuse(self, facts: Facts) -> Iterator[Refusal]:
        if facts.uplink is None:
            yield Refusal(f"there is no interface {self.plan.uplink}", other_interface(facts))
        elif facts.ipv6_off:
            remedy = "remove net.ipv6.conf.*.disable_ipv6=1 from /etc/sysctl.d, and ipv6.disable=1 from the kernel's command line"
            yield Refusal(f"IPv6 is disabled on {self.plan.uplink}", remedy)
        else:
            yield from self._tunnel(facts)
            yield from self._inside(facts)
            yield from self._other_links(facts)
            yield from self._link(facts)

    def _tunnel(self, facts: Facts) -> Iterator[Refusal]:
        if facts.tunnel and (self.plan.delivery == "on-link" or self.plan.ndp != "none"):
            cause = f"{self.plan.uplink} has no link-layer addresses, like a tunnel: an NDP proxy can't work there, so the prefix has to be routed to this server"
            yield Refusal(cause, "npx create-kong-ipv6 regenerate --delivery routed --ndp none")

    def _inside(self, facts: Facts) -> Iterator[Refusal]:
        """The exposed bridge would take over the uplink's own addresses, and those of a gateway that only this server
        knows."""
        plan, ours = self.plan, described(self.system.text(NETPLAN_FILE))
        has = [f"{one.address}/{one.length}" for one in facts.addresses("inet6", plan.uplink)]
        for one in (one for one in has if one not in ours and inside(one.split("/")[0], plan.subnet)):
            cause = f"{plan.uplink} has {one}, which is inside the exposed subnet {plan.subnet}"
            yield Refusal(cause, self._other_subnet(facts))
        for gateway in (one for one in facts.gateways if plan.kept and inside(one, plan.subnet)):
            cause = f"the gateway {gateway} is inside the exposed subnet {plan.subnet}"
            yield Refusal(cause, self._other_subnet(facts))

    def _other_subnet(self, facts: Facts) -> str:
        """With an exposed subnet that holds no address of this server and no gateway."""
        plan = self.plan
        # An interface with a /64 or more has its address there, not all of it.
        links = [f"{address}/{length if length > 64 else 128}" for _, address, length in facts.addresses("inet6")]
        others = [one for one in (plan.host, plan.gateway, *facts.gateways) if ":" in one]
        networks = [IPv6Network(one, strict=False) for one in links + others]
        free = free_subnet(plan, networks)
        if free:
            return f"npx create-kong-ipv6 regenerate --exposed {free}"
        return f"no subnet of {plan.prefix} is free of these addresses: ask the provider for a larger prefix"

    def _other_links(self, facts: Facts) -> Iterator[Refusal]:
        """The prefix may be on a bridge of virtual machines too: its subnet is wider than the exposed one."""
        plan, networks = self.plan, set(self.journal.names("network"))
        ours = {(n.get("Options") or {}).get(BRIDGE_NAME) for n in facts.networks if n["Name"] in networks}
        for name, address, length in facts.addresses("inet6"):
            if name in ours or name in (plan.uplink, plan.bridge) or re.match(r"docker|br-|veth", name):
                continue
            subnet = f"{address}/{length}"
            if inside(address, plan.subnet):
                cause = f"{name} has {subnet}, which is inside the exposed subnet {plan.subnet}"
                yield Refusal(cause, self._other_subnet(facts))
                continue
            # A bridge that has the uplink as a port is not one for virtual machines.
            bridge = ((facts.link(name) or {}).get("linkinfo") or {}).get("info_kind") == "bridge"
            if facts.has_host or (bridge and (facts.uplink or {}).get("master") != name):
                continue
            # A routed prefix may be on any link of this server.
            wide = plan.delivery == "on-link" and (inside(plan.host, subnet) or inside(plan.kong, subnet))
            if same(address, plan.host) or wide:
                cause = f"the prefix {plan.prefix} is on {name} ({subnet}), not on {plan.uplink}"
                remedy = f"npx create-kong-ipv6 regenerate --interface {name}, or regenerate with another --prefix"
                yield Refusal(cause, remedy)

    def _link(self, facts: Facts) -> Iterator[Refusal]:
        """Asks the link itself: for addresses that nothing here has yet, and before the first deployment for the
        prefix."""
        plan = self.plan
        locals_ = [one.address for one in facts.addresses("inet6", plan.uplink, "link")]
        if not locals_ or facts.tunnel or not facts.engine:
            return
        new = self._without_container(facts) + [plan.host] * (not facts.has_host)
        gateway = self._gateway(facts)
        try:
            taken = solicit.used(plan.uplink, locals_[0], new) if new else []
            if taken:
                yield Refusal(f"another machine on {plan.uplink} answers for {' and '.join(taken)}", self._moved(taken))
                return
            if facts.exposed or self.journal.names("network"):
                return
            own = locals_[:1] + [one.address for one in facts.addresses("inet6", plan.uplink)]
            verdict = gateway and solicit.delivery(plan.uplink, gateway, plan.kong, own, self._mac_of(gateway))
        except OSError:
            return
        yield from self._delivery(verdict, gateway)

    def _without_container(self, facts: Facts) -> list[str]:
        """The plan's public addresses that no container of this server has."""
        ends = [endpoint(one, self.plan.network) or {} for one in facts.containers]
        has = [str(end.get("GlobalIPv6Address", "")) for end in ends]
        return [address for address in self.plan.public if not any(same(one, address) for one in has)]

    def _moved(self, taken: list[str]) -> str:
        """The flags for other addresses. --expose replaces the whole list, so it names every container."""
        plan = self.plan
        flags = ["--host ADDRESS"] * (plan.host in taken) + ["--kong ADDRESS"] * (plan.kong in taken)
        if any(one.address in taken for one in plan.expose):
            for one in plan.expose:
                address = "ADDRESS" if one.address in taken else one.address
                flags.append(f"--expose {one.name}@[{address}]:{','.join(map(str, one.ports))}")
        return f"choose another address: npx create-kong-ipv6 regenerate {' '.join(flags)}"

    def _gateway(self, facts: Facts) -> str:
        """Its address; empty where none is known."""
        return self.plan.gateway if ":" in self.plan.gateway else next((one for one in facts.gateways if one), "")

    def _mac_of(self, gateway: str) -> str:
        shown = self.system.output("ip", "-6", "neigh", "show", gateway, "dev", self.plan.uplink)
        found = re.search(r"lladdr (\S+).* REACHABLE", shown)
        return found[1] if found else ""

    def _delivery(self, verdict: str, gateway: str) -> Iterator[Refusal]:
        prefix, uplink = self.plan.prefix, self.plan.uplink
        if verdict == "no-gateway":
            remedy = "npx create-kong-ipv6 regenerate --gateway ADDRESS; ip -6 route shows the gateway in use"
            if ":" not in self.plan.gateway:
                remedy = f"it is the gateway of the server's default route: ping -6 {gateway}%{uplink}; ip -6 route"
            yield Refusal(f"the gateway {gateway} doesn't answer on {uplink}", remedy)
        elif verdict == "elsewhere":
            cause = f"the router {gateway} doesn't deliver {prefix} on {uplink}: it answers this server's own addresses, but not an address of this prefix"
            remedy = "compare the prefix with the provider's control panel; then npx create-kong-ipv6 regenerate --prefix PREFIX"
            yield Refusal(cause, remedy)
        elif (verdict, self.plan.delivery) == ("on-link", "routed"):
            cause = f"the answers say that {prefix} is routed to this server, but the router solicits its addresses on the link"
            yield Refusal(cause, "npx create-kong-ipv6 regenerate --delivery on-link --ndp ndppd")


def other_interface(facts: Facts) -> str:
    """The remedy for an uplink that isn't there."""
    names = (link["ifname"] for link in facts.links)
    here = " ".join(sorted(name for name in names if not re.match(r"lo$|docker|br-|veth", name)))
    return f"npx create-kong-ipv6 regenerate --interface NAME; NAME is one of: {here}"


def free_subnet(plan: Plan, taken: list[IPv6Network]) -> str:
    """The next subnet after the exposed one, in the same /64 or longer prefix, that overlaps none of these; if
    necessary a smaller one. Empty where there is none."""
    exposed = IPv6Network(plan.subnet)
    whole = exposed.supernet(new_prefix=max(64, IPv6Network(plan.prefix).prefixlen))
    start, first = int(whole.network_address), int(exposed.network_address)
    for length in range(exposed.prefixlen, 127):
        size = 1 << (128 - length)
        for nth in range(min(whole.num_addresses // size, 1024)):
            one = IPv6Network((start + (first - start + nth * size) % whole.num_addresses, length))
            if not any(one.overlaps(other) for other in taken):
                return str(one)
    return ""
