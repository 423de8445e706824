"""A container of the owner's on the exposed network."""

from __future__ import annotations

from typing import Any

from .server import Server

EXPOSED = "ipv6_exposed"


class Other:
    """A container of the owner's on the exposed network."""

    def __init__(
        self, server: Server, name: str = "mine", address: str = "2a03:2222:3333:4444:300::9", mode: str = "bridge"
    ) -> None:
        self.server, self.id = server, (name.encode().hex() + "0" * 64)[:64]
        network = server.docker.networks_by_name.get(EXPOSED, {"Id": "x"})
        at = {
            "IPAMConfig": {"IPv6Address": address} if address else None,
            "Aliases": ["web"],
            "GlobalIPv6Address": address,
            "NetworkID": network["Id"],
        }
        server.docker.containers_by_id[self.id] = {
            "Id": self.id,
            "Names": [f"/{name}"],
            "Labels": {},
            "State": "running",
            "Status": "Up",
            "Mounts": [],
            "Ports": [],
            "HostConfig": {"NetworkMode": mode},
            "NetworkSettings": {"Networks": {EXPOSED: at}},
        }

    @property
    def at(self) -> Any:
        return self.server.docker.containers_by_id[self.id]["NetworkSettings"]["Networks"].get(EXPOSED)
