"""The owner's containers with a public address (--expose): whether each is there, listens, and is reached."""

from collections.abc import Iterator
from typing import Optional

from ..engine import Json, endpoint
from ..facts import Facts
from ..plan import Exposed, Port, same, spelled
from ..report import Result
from .base import Resource
from .kong import AGAIN, listeners, ports_of

HOW = 'see "Other public containers" in README.md'


class Expose(Resource):
    name = "expose"

    def verify(self, facts: Facts) -> Iterator[Result]:
        if facts.engine:
            for one in self.plan.expose:
                yield self._container(facts, one)

    def _container(self, facts: Facts, one: Exposed) -> Result:
        container = self._found(facts, one.address)
        how = AGAIN if one.sources else HOW
        if container is None:
            return Result("warn", one.name, f"not running: no container has {one.address}", how)
        hidden = [port for port in one.ports if facts.generation >= 27 and not published(container, port)]
        if hidden:
            text = f"{one.address}: Docker drops what is sent to {joined(hidden)}, because it is not published"
            return Result("fail", one.name, text, how)
        idle = [port for port in one.ports if not self._listens(container, one.address, port)]
        if idle:
            text = f"{one.address}: the container doesn't listen on {joined(idle)} (IPv6) yet"
            return Result("warn", one.name, text, f"docker logs {container['Name'].lstrip('/')}")
        if one.sources:
            text = f"{one.address}: listens on {joined(one.ports)}, for {len(one.sources)} addresses of data planes"
            return Result("ok", one.name, text)
        return self._reached(facts, one)

    def _found(self, facts: Facts, address: str) -> Optional[Json]:
        """The running container with an address of the exposed network."""
        for one in facts.containers:
            at = endpoint(one, self.plan.network) or {}
            if one["State"] == "running" and same(str(at.get("GlobalIPv6Address", "")), address):
                return self.engine.container(one["Id"])
        return None

    def _listens(self, container: Json, address: str, port: Port) -> bool:
        process = f"/proc/{container['State']['Pid']}/net/{port.protocol}"
        found = listeners(self.system.text(process), self.system.text(f"{process}6"), port.protocol)
        return any((own, port.port) in found for own in ("::", address))

    def _reached(self, facts: Facts, one: Exposed) -> Result:
        tcp = [port.port for port in one.ports if port.protocol == "tcp"]
        if facts.uplink is None or facts.outside.problem:
            text = f"{one.address}: listens on {joined(one.ports)}; not tested from outside"
            return Result("warn", one.name, text, "test from another machine")
        dead = [port for port in tcp if not facts.outside.connects(one.address, port)]
        if dead:
            text = f"a client outside doesn't reach {' and '.join(spelled(one.address, port) for port in dead)}"
            remedy = (
                "ufw status verbose; nft list ruleset; ip6tables -S FORWARD: what drops it? sudo ./scripts/apply.sh"
            )
            return Result("fail", one.name, text, remedy)
        # What answers a UDP packet depends on the service.
        udp = "; UDP is not tested from outside" if len(tcp) < len(one.ports) else ""
        return Result("ok", one.name, f"{one.address}: listens on {joined(one.ports)}{udp}")


def published(container: Json, port: Port) -> bool:
    return f"{port.port}/{port.protocol}" in ports_of(container)


def joined(ports: list[Port]) -> str:
    return ", ".join(map(str, ports))
