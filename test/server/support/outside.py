"""What a client outside, the link and Kong itself answer; nothing is sent anywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .server import Server


class FakeOutside:
    """Everything works; a test names what doesn't."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.problem, self.uplink = "", server.plan.uplink
        self.answered = True
        # Addresses that nobody answers solicitations for.
        self.silent: set[str] = set()
        # (address, port) that is dead from outside; addresses that Kong's container doesn't reach.
        self.dead: set[tuple[str, int]] = set()
        self.unreachable: set[str] = set()
        # The source address of what Kong sends, by IP version.
        self.sources: dict[int, str] = {}
        self.statuses: dict[tuple[str, int], str] = {}

    def open(self) -> FakeOutside:
        return self

    def close(self) -> None:
        pass

    def answers_for(self, address: str) -> bool:
        return self.answered and address not in self.silent

    def connects(self, address: str, port: int) -> bool:
        return (address, port) not in self.dead

    def leaves(self, process: int, version: int) -> str:
        return self.sources.get(version, self.server.plan.kong if version == 6 else "1.2.3.4")

    def reaches(self, process: int, address: str, port: int) -> bool:
        return address not in self.unreachable

    def http_status(self, address: str, port: int, path: str, seconds: float = 5) -> str:
        container = self.server.docker.service("kong")
        if container is None or container["State"] != "running":
            return ""
        return self.statuses.get((address, port), "HTTP/1.1 200 OK " if port == 8001 else "HTTP/1.1 404 Not Found ")

    def used(self, uplink: str, source: str, addresses: list[str]) -> list[str]:
        return [one for one in addresses if one in self.server.uses]

    def delivered(self, *_: Any) -> str:
        return self.server.delivery
