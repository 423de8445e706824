"""Fits the repository's netplan file to what the server has already.

netplan(5): files merge in the order of their names, lists append. One interface under two IDs gives two
.network files, and only the first applies.
"""

import copy
import fnmatch
import ipaddress
import re
from functools import cache
from typing import Any, NamedTuple

try:
    import yaml as pyyaml

    yaml: Any = pyyaml
except ImportError:  # apply.sh refuses a server with netplan and without it.
    yaml = None

NETPLAN_FILE = "/etc/netplan/60-kong-ipv6.yaml"
FOLDERS = ("/lib/netplan", "/etc/netplan", "/run/netplan")
# A match applies to the first kinds only: the others are made by netplan, under their ID.
PHYSICAL = ("ethernets", "modems", "wifis")
KINDS = (*PHYSICAL, "bonds", "bridges", "vlans", "dummy-devices", "virtual-ethernets", "tunnels", "vrfs")
HEAD = "# From host/etc/netplan/60-kong-ipv6.yaml, adapted to this server by scripts/apply.sh.\n"

Tree = dict[str, Any]
Key = tuple[str, str]


class Uplink(NamedTuple):
    """What netplan can tell an interface by."""

    name: str
    mac: str
    driver: str
    # Whether it is made of others (a bridge, say): no match finds it, though it may have a port's MAC.
    virtual: bool
    networkd_id: str
    # What router advertisements give the server: any of the words address, route, earlier.
    advertised: tuple[str, ...]


class Unmanaged(Exception):
    """netplan doesn't manage the uplink."""


class Fitted(NamedTuple):
    text: str
    notes: list[str]


def loader() -> Any:
    """YAML 1.1 takes 52:54:00:12:34:56 for a number in base 60; netplan doesn't."""

    class Loader(yaml.SafeLoader):
        yaml_implicit_resolvers = {
            first: [
                (tag, rule) for tag, rule in rules if tag not in ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")
            ]
            for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
        }

    Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^[-+]?(0|[1-9][0-9]*)$"), list("-+0123456789"))
    return Loader


@cache
def load(text: str) -> Tree:
    """Not to be changed: a run reads the same files many times, and parses them once."""
    tree = yaml.load(text, Loader=loader()) or {}
    return tree.get("network") or {}


def merged(texts: list[str]) -> dict[Key, Tree]:
    """Settings by kind and ID, as far as this program cares."""
    everything: dict[Key, Tree] = {}
    for network in map(load, texts):
        for kind in KINDS:
            for identity, settings in (network.get(kind) or {}).items():
                into = everything.setdefault((kind, str(identity)), {})
                for key, value in (settings or {}).items():
                    into[key] = into.get(key, []) + value if isinstance(value, list) else value
    return everything


def matches(kind: str, identity: str, settings: Tree, uplink: Uplink) -> bool:
    match: Tree = settings.get("match") or {}
    if settings.get("set-name") == uplink.name:
        return True
    if not match or kind not in PHYSICAL:
        return identity == uplink.name
    if uplink.virtual:
        return False
    drivers: Any = match.get("driver", uplink.driver)
    drivers = drivers if isinstance(drivers, list) else [drivers]
    if str(match.get("macaddress", uplink.mac)).lower() != uplink.mac.lower():
        return False
    named = fnmatch.fnmatch(uplink.name, str(match.get("name", "*")))
    return named and any(fnmatch.fnmatch(uplink.driver, str(one)) for one in drivers)


def find(theirs: dict[Key, Tree], uplink: Uplink) -> Key:
    """The one in force at networkd; else one with the interface's own name as its ID; else one that matches."""
    found = [key for key in theirs if uplink.networkd_id and key[1] == uplink.networkd_id]
    fit = [key for key in theirs if matches(*key, theirs[key], uplink)]
    found += sorted(fit, key=lambda key: key[1] != uplink.name)
    if not found:
        raise Unmanaged
    return found[0]


def with_length(address: Any) -> str:
    """An address that has options is a mapping with one key (netplan(5))."""
    return str(next(iter(address)) if isinstance(address, dict) else address)


def bare(address: Any) -> Any:
    return ipaddress.ip_interface(with_length(address)).ip


def family(route: Tree) -> int:
    """4 or 6 for a default route of the main table, else 0."""
    to, via = str(route.get("to", "")), route.get("via")
    if str(route.get("table", 254)) != "254" or to not in ("default", "0.0.0.0/0", "::/0", "0::0/0", "::0/0"):
        return 0
    if to == "default":
        return ipaddress.ip_address(str(via)).version if via else 0
    return 6 if ":" in to else 4


def fit_addresses(mine: Tree, had: Tree, notes: list[str]) -> None:
    present = [bare(address) for address in had.get("addresses", [])]
    for address in list(mine["addresses"]):
        if bare(address) in present:
            notes.append(f"{with_length(address)} is already configured")
            mine["addresses"].remove(address)


def fit_routes(mine: Tree, had: Tree, advertised: tuple[str, ...], notes: list[str]) -> None:
    defaults = {family(route): str(route.get("via")) for route in had.get("routes", [])}
    for version in (4, 6):
        if had.get(f"gateway{version}"):
            defaults[version] = str(had[f"gateway{version}"])
    for route in list(mine.get("routes", [])):
        version = family(route)
        if version and version in defaults:
            via = f", via {defaults[version]}" if defaults[version] != "None" else ""
            notes.append(f"the IPv{version} default route is already configured{via}")
        elif version == 6 and "route" in advertised:
            notes.append("the IPv6 default route comes from router advertisements")
        else:
            continue
        mine["routes"].remove(route)


def fit_advertisements(mine: Tree, had: Tree, advertised: tuple[str, ...], notes: list[str]) -> None:
    # By --gateway ra: the last file in the order of their names wins.
    if mine["accept-ra"]:
        return
    wanted = bool(advertised or had.get("dhcp6"))
    if "accept-ra" in had and had["accept-ra"] != mine["accept-ra"]:
        del mine["accept-ra"]
        notes.append(f"accept-ra is already configured: {str(had['accept-ra']).lower()}")
    elif "accept-ra" not in had and wanted != mine["accept-ra"]:
        mine["accept-ra"] = wanted
        notes.append("router advertisements are still accepted: the server needs them")


def fit(ours: str, texts: list[str], uplink: Uplink) -> Fitted:
    """ours is the repository's file, texts the server's own in their order. Raises Unmanaged, yaml.YAMLError, or
    ValueError where a file can't be read."""
    theirs = merged(texts)
    kind, identity = find(theirs, uplink)
    had, notes = theirs[kind, identity], list[str]()
    mine: Tree = copy.deepcopy(load(ours)["ethernets"][uplink.name])
    if (kind, identity) != ("ethernets", uplink.name):
        notes.append(f"in this server's netplan files the uplink is {kind}/{identity}")
    fit_addresses(mine, had, notes)
    fit_routes(mine, had, uplink.advertised, notes)
    fit_advertisements(mine, had, uplink.advertised, notes)
    if not notes:
        return Fitted(ours, notes)
    mine = {key: value for key, value in mine.items() if value != []}
    tree = {"network": {"version": 2, kind: {identity: mine}}}
    return Fitted(HEAD + yaml.safe_dump(tree, sort_keys=False), notes)


def described(text: str) -> set[str]:
    """What our netplan file gives the uplink: addresses with prefix lengths, and routes as DESTINATION,GATEWAY, as `ip`
    writes them."""
    found = set(re.findall(r"^ *- \"?'?([0-9a-f:.]+/[0-9]+)'?\"?(?::.*)?$", text, re.MULTILINE))
    for settings in merged([text]).values() if text and yaml else ():
        for route in settings.get("routes", []):
            found.add(f"{'default' if family(route) else route.get('to', '')},{route.get('via', '')}")
    return found


def deprecated(text: str) -> set[str]:
    """The addresses that our netplan file gives the uplink for open connections only (lifetime: 0)."""
    listed = [one for settings in merged([text]).values() for one in settings.get("addresses", [])] if yaml else []
    options = [(with_length(one), next(iter(one.values())) or {}) for one in listed if isinstance(one, dict)]
    return {address for address, values in options if str(values.get("lifetime")) == "0"}


def without_routes(snapshot: list[str], routes: set[str], uplink: str) -> list[str]:
    """The snapshot without what only these routes describe."""

    def matches(line: str) -> bool:
        words = line.split()
        if not words[0].startswith(("route", "path")) or f" dev {uplink} " not in f"{line} ":
            return False
        return f"{words[1]},{words[3] if words[2:3] == ['via'] else ''}" in routes

    return [line for line in snapshot if not matches(line)]
