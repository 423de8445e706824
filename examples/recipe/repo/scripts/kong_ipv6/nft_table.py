"""Our nftables tables: each has a file, and a unit that loads the file now and at every boot."""

from typing import NamedTuple

from .report import Failure
from .system import System


class NftTable(NamedTuple):
    family: str
    name: str
    unit: str
    file: str

    def __str__(self) -> str:
        return f"table {self.family} {self.name}"

    @property
    def unit_file(self) -> str:
        return f"/etc/systemd/system/{self.unit}"

    def loaded(self, system: System) -> str:
        """As nft lists it; empty where it isn't loaded."""
        return system.output("nft", "list", "table", self.family, self.name) if system.have("nft") else ""

    def unload(self, system: System) -> None:
        """By its unit; and where the unit is gone or was stopped, by hand."""
        if system.exists(self.unit_file):
            system.run("systemctl", "--quiet", "stop", self.unit)
        if self.loaded(system):
            delete = ("nft", "delete", "table", self.family, self.name)
            if not system.quietly(*delete):
                raise Failure(f"nft can't remove the {self}", " ".join(delete))


FILTER = NftTable("inet", "kong_ipv6", "kong-ipv6-firewall.service", "/etc/kong-ipv6/firewall.nft")
OVERLAP = NftTable("ip6", "kong_ipv6_overlap", "kong-ipv6-overlap.service", "/etc/kong-ipv6/overlap.nft")
