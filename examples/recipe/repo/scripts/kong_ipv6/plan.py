"""scripts/plan.json as a record. Every address in it is in RFC 5952's form, as the generator writes it."""

import ipaddress
import json
from collections.abc import Sequence
from typing import Any, NamedTuple, Optional

from .report import GENERATOR


class Port(NamedTuple):
    port: int
    protocol: str

    def __str__(self) -> str:
        return str(self.port) if self.protocol == "tcp" else f"{self.port}/{self.protocol}"


class Exposed(NamedTuple):
    """A container with a public address, and the ports that can be reached there."""

    name: str
    address: str
    ports: list[Port]
    variable: str  # in .env
    sources: Sequence[str] = ()  # the only addresses that may connect; all where there is none


class Moved(NamedTuple):
    """A container's old address, and the one that it has now."""

    name: str
    address: str
    to: str


class Previous(NamedTuple):
    """The addresses from before the renumbering that still answer: only those that differ. host has its prefix
    length, and is empty if the server keeps its address."""

    host: str
    containers: list[Moved]


class Plan(NamedTuple):
    """What the answers became. Fields for addresses and subnets have their texts; host may also be keep, gateway ra
    or none."""

    generator: str  # how the owner calls it
    prefix: str
    uplink: str
    uplink_sysctl: str
    host: str
    gateway: str
    network: str
    bridge: str
    subnet: str
    subnet_gateway: str
    subnet_range: str
    kong: str
    backend: str
    backend_kong: str
    delivery: str
    ndp: str
    firewall: str
    database: str
    # Of a fleet's server: Kong is a data plane. control_plane is that container's address on kong-net, if it is here.
    cluster: bool
    control_plane: str
    ipv4_published: bool
    ipv4_netplan: str
    expose: list[Exposed]
    # Only during an overlap.
    previous: Optional[Previous]

    @property
    def containers(self) -> list[Exposed]:
        """Kong, and the owner's containers with a public address."""
        return [Exposed("kong", self.kong, [Port(80, "tcp"), Port(443, "tcp")], "KONG_BIND_IPV6"), *self.expose]

    @property
    def public(self) -> list[str]:
        """The addresses of these containers."""
        return [one.address for one in self.containers]

    @property
    def status(self) -> tuple[str, int]:
        """Where Kong says on kong-net how it is: a data plane has no admin API."""
        return self.backend_kong, 8007 if self.cluster else 8001

    @property
    def moved(self) -> list[Moved]:
        return self.previous.containers if self.previous else []

    @property
    def solicited(self) -> list[str]:
        """The addresses that Neighbor Solicitations are answered for: in an overlap the old ones too."""
        return self.public + [one.address for one in self.moved]

    @property
    def previous_host(self) -> str:
        """The server's old address without its length; empty where it has none."""
        return self.previous.host.partition("/")[0] if self.previous and not self.kept else ""

    @property
    def kept(self) -> bool:
        """Whether the server's address and default route stay as they are."""
        return self.host == "keep"

    @property
    def default_route(self) -> str:
        """The IPv6 default route in words."""
        if self.gateway == "ra":
            return "a default route from router advertisements"
        if self.gateway == "none":
            return f"a default route through {self.uplink} without a gateway"
        return f"the default route via {self.gateway}"


def parse(text: str) -> Plan:
    """Raises ValueError or KeyError where the text isn't a plan."""
    data: Any = {"generator": GENERATOR, **json.loads(text)}
    exposed, backend, ipv4 = data["exposed"], data["backend"], data["ipv4"]
    return Plan(
        generator=str(data["generator"]),
        prefix=data["prefix"],
        uplink=data["uplink"]["name"],
        uplink_sysctl=data["uplink"]["sysctl"],
        host=data["host"],
        gateway=data["gateway"],
        network=exposed["network"],
        bridge=exposed["bridge"],
        subnet=exposed["subnet"],
        subnet_gateway=exposed["gateway"],
        subnet_range=exposed["range"],
        kong=data["kong"],
        backend=backend["subnet"],
        backend_kong=backend["kong"],
        delivery=data["delivery"],
        ndp=data["ndp"],
        firewall=data["firewall"],
        database=data["database"],
        cluster="fleet" in data,
        control_plane=data.get("fleet", {}).get("here", ""),
        ipv4_published=ipv4["published"],
        ipv4_netplan=ipv4["netplan"],
        expose=[exposed_of(one) for one in data["expose"]],
        previous=previous_of(data),
    )


def exposed_of(data: Any) -> Exposed:
    ports = [Port(one["port"], one["protocol"]) for one in data["ports"]]
    return Exposed(data["name"], data["address"], ports, data["variable"], data.get("from", ()))


def previous_of(data: Any) -> Optional[Previous]:
    if data.get("previous") is None:
        return None
    found = data["previous"]
    moved = [Moved(one["name"], one["address"], one["to"]) for one in found["containers"]]
    return Previous(found["host"] or "", moved)


def inside(address: str, subnet: str) -> bool:
    """Whether the address (in any spelling) is inside the subnet; False where either isn't one."""
    try:
        return ipaddress.ip_address(address) in ipaddress.ip_network(subnet, strict=False)
    except ValueError:
        return False


def spelled(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def same(one: str, other: str) -> bool:
    """Whether two texts are the same address, in any spelling."""
    try:
        return ipaddress.ip_address(one) == ipaddress.ip_address(other)
    except ValueError:
        return False
