"""What netplan and networkd make of the files in /etc/netplan: the uplink's static addresses and routes."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from kong_ipv6.system import Ran

from .kernel import Address

if TYPE_CHECKING:
    from .server import Server

CLOUD_INIT = """network:
  version: 2
  ethernets:
    ens3:
      addresses:
        - 1.2.3.4/22
      routes:
        - to: default
          via: 1.2.0.1
"""


@cache
def load(text: str) -> dict[str, Any]:
    return (yaml.safe_load(text) or {}).get("network", {})


def uplink_settings(server: Server) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for path in sorted((server.root / "etc/netplan").glob("*.yaml")):
        kinds = load(path.read_text())
        found += [one or {} for all_ in kinds.values() if isinstance(all_, dict) for one in all_.values()]
    return found


def address(uplink: str, given: Any) -> Address:
    """One with options is a mapping; lifetime: 0 deprecates it (netplan(5))."""
    text, options = next(iter(given.items())) if isinstance(given, dict) else (given, {})
    return Address(uplink, str(text), flags=("deprecated",) if str(options.get("lifetime")) == "0" else ())


def apply(server: Server) -> None:
    """networkd takes away from the uplink what netplan doesn't know; what comes by DHCP or advertisements stays."""
    kernel, uplink = server.kernel, server.plan.uplink
    settings = uplink_settings(server)
    addresses = [address(uplink, given) for one in settings for given in one.get("addresses", [])]
    kept = [one for one in kernel.addresses if one.dev != uplink or one.scope != "global" or "dynamic" in one.flags]
    kernel.addresses = kept + list(dict.fromkeys(addresses))
    for version in (4, 6):
        kernel.routes[version] = [
            line
            for line in kernel.routes[version]
            if f" dev {uplink} " not in line + " " or re.search(r" proto (kernel|ra|dhcp)", line)
        ]
    for one in settings:
        for route in one.get("routes", []):
            to, version = str(route["to"]), 6 if ":" in f"{route['to']}{route['via']}" else 4
            to = "default" if to in ("::/0", "0.0.0.0/0") else to
            line = f"{to} via {route['via']} dev {uplink} proto static"
            if line not in kernel.routes[version]:
                kernel.routes[version].append(line)
    proxies(server)


def proxies(server: Server) -> None:
    """networkd's IPv6ProxyNDPAddress; it leaves an entry that it has forgotten in the kernel."""
    kernel, uplink = server.kernel, server.plan.uplink
    for path in (server.root / "etc/systemd/network").glob("*.d/60-kong-ndp.conf"):
        kernel.sysctl(f"net.ipv6.conf.{uplink}.proxy_ndp", "1")
        for address in re.findall(r"^IPv6ProxyNDPAddress=(.*)$", path.read_text(), re.MULTILINE):
            if (address, uplink) not in kernel.proxied:
                kernel.proxied.append((address, uplink))


def says(server: Server, folder: Path) -> Ran:
    """What netplan generate says to our file."""
    has_ours = (folder / "etc/netplan/60-kong-ipv6.yaml").exists()
    return Ran(1, "", server.netplan_error) if server.netplan_error and has_ours else Ran(0, "", "")
