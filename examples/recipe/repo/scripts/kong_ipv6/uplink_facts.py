"""What is known of the uplink, and of what configures it."""

import json
import os
import re
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, Optional

from . import netplan_files
from .engine import Json
from .network_state import Snapshot
from .plan import Plan, same
from .staging import RA_DROP_IN, SYSCTL_FILE
from .system import System

if TYPE_CHECKING:
    from .facts import Context


NOARP = 0x80


class Address(NamedTuple):
    """One of the server's global addresses."""

    link: str
    address: str
    length: int


class UplinkFacts:
    """A part of Facts."""

    context: "Context"
    plan: Plan
    system: System

    @cached_property
    def links(self) -> list[Json]:
        return json.loads(self.system.output("ip", "-j", "-d", "addr", "show") or "[]")

    @cached_property
    def uplink(self) -> Optional[Json]:
        return self.link(self.plan.uplink)

    def link(self, name: str) -> Optional[Json]:
        return next((link for link in self.links if link.get("ifname") == name), None)

    @cached_property
    def ipv6_off(self) -> bool:
        off = self.system.sysctl(f"net.ipv6.conf.{self.plan.uplink_sysctl}.disable_ipv6") == "1"
        return off or not self.system.exists("/proc/net/if_inet6")

    @property
    def usable(self) -> bool:
        return self.uplink is not None and not self.ipv6_off

    def addresses(self, family: str, link: Optional[str] = None, scope: str = "global") -> list[Address]:
        """family is inet or inet6."""
        return [
            Address(one["ifname"], info["local"], info["prefixlen"])
            for one in self.links
            if link in (None, one.get("ifname"))
            for info in one.get("addr_info", [])
            if info.get("family") == family and info.get("scope") == scope and "local" in info
        ]

    def on_uplink(self, address: str) -> bool:
        return any(same(one.address, address) for one in self.addresses("inet6", self.plan.uplink))

    @cached_property
    def lasting(self) -> list[str]:
        """The uplink's global IPv6 addresses that stay: no temporary ones (RFC 8981), and none that our netplan file of
        earlier answers gave."""
        ours = netplan_files.described(self.system.text(netplan_files.NETPLAN_FILE))
        return [
            info["local"]
            for info in (self.uplink or {}).get("addr_info", [])
            if (info.get("family"), info.get("scope")) == ("inet6", "global") and "local" in info
            if not info.get("temporary") and not info.get("dadfailed")
            if f"{info['local']}/{info['prefixlen']}" not in ours
        ]

    @property
    def has_host(self) -> bool:
        return bool(self.lasting) if self.plan.kept else self.on_uplink(self.plan.host)

    @cached_property
    def tunnel(self) -> bool:
        """Whether the uplink has no link-layer addresses: nothing is solicited there."""
        return bool(int(self.system.text(f"/sys/class/net/{self.plan.uplink}/flags") or "0", 16) & NOARP)

    @cached_property
    def gateways(self) -> list[str]:
        """Those of the IPv6 default routes through the uplink, in any table; empty for a route without a gateway. With
        --host keep a route that our netplan file of earlier answers gave doesn't count."""
        text, found = self.system.text(netplan_files.NETPLAN_FILE), list[str]()
        ours = netplan_files.described(text) if self.plan.kept else set()
        for line in self.system.output("ip", "-6", "-o", "route", "show", "table", "all", "default").splitlines():
            vias = [via for via, link in re.findall(r"(?:via (\S+) )?dev (\S+)", line) if link == self.plan.uplink]
            found += [via for via in vias if " proto static" not in line or f"default,{via}" not in ours]
        return found

    @cached_property
    def ipv4_uplink(self) -> str:
        """The interface of the IPv4 default route."""
        found = re.search(r" dev (\S+)", self.system.output("ip", "-4", "route", "show", "default"))
        return found[1] if found else ""

    @cached_property
    def advertised(self) -> tuple[str, ...]:
        """What router advertisements give this server: any of the words address, route, earlier."""
        words: list[str] = []
        routes = self.system.output("ip", "-6", "route", "show", "default", "dev", self.plan.uplink)
        infos = (self.uplink or {}).get("addr_info", [])
        if " proto ra" in routes:
            words.append("route")
        infos = [one for one in infos if (one["family"], one["scope"]) == ("inet6", "global")]
        if any(one.get("dynamic") and not one.get("deprecated") for one in infos):
            words.append("address")
        ours = self.system.text(netplan_files.NETPLAN_FILE)
        # Once true it stays: an advertisement may just have run out.
        setting = f"{self.plan.uplink_sysctl}.accept_ra = 2"
        taken = self.system.exists(self.drop_in + RA_DROP_IN) or setting in self.system.text(SYSCTL_FILE)
        if taken or "accept-ra: true" in ours:
            words.append("earlier")
        if "accept-ra: true" in ours and not re.search(r"""to: ["']?::/0""", ours):
            words.append("route")
        return tuple(words)

    @cached_property
    def snapshot(self) -> Snapshot:
        return self.context.network.snapshot()

    @cached_property
    def fitted(self) -> netplan_files.Fitted:
        """Raises Unmanaged, or another exception where the server's files can't be read."""
        if self.plan.kept or not self.system.have("netplan"):
            raise netplan_files.Unmanaged
        link, name = self.uplink or {}, self.plan.uplink
        driver = self.system.on(f"/sys/class/net/{name}/device/driver")
        uplink = netplan_files.Uplink(
            name=name,
            mac=str(link.get("address", "")),
            driver=driver.resolve().name if driver.exists() else "",
            virtual=(link.get("linkinfo") or {}).get("info_kind") in ("bridge", "bond", "vlan", "team", "vrf"),
            networkd_id=self.context.network.networkd_id(),
            advertised=self.advertised,
        )
        ours = self.context.repository.path / f"host{netplan_files.NETPLAN_FILE}"
        return netplan_files.fit(ours.read_text(), list(self.netplan_texts.values()), uplink)

    @cached_property
    def netplan_texts(self) -> dict[str, str]:
        """The server's own files by name, in the order in which netplan merges them."""
        folders = [self.system.on(folder) for folder in netplan_files.FOLDERS]
        found = {path.name: path.read_text() for folder in folders for path in sorted(folder.glob("*.yaml"))}
        found.pop(os.path.basename(netplan_files.NETPLAN_FILE), None)
        return dict(sorted(found.items()))

    @cached_property
    def netplan_manages(self) -> bool:
        """Whether netplan has the uplink, in files that can be read."""
        try:
            return bool(self.fitted)
        except Exception:
            return False

    @cached_property
    def drop_in(self) -> str:
        """The folder that networkd reads beside the uplink's own .network file."""
        return f"/etc/systemd/network/{self.context.network.networkd_file()}.d"
