"""Adapts the repository's netplan file to the server's existing netplan files.

netplan.py OURS DIRECTORY INTERFACE MAC NETWORKD_ID ROUTER_ADVERTISEMENTS
prints the file for DIRECTORY/etc/netplan, and one line on stderr for each thing
that it changed. Exits 3 if netplan does not manage the interface.

netplan(5): files are merged in the order of their names, and lists are joined.
One interface under two IDs gives two .network files; only the first applies.
"""

import fnmatch
import glob
import ipaddress
import os
import sys

import yaml

NAME = "60-kong-ipv6.yaml"
KINDS = ("ethernets", "bonds", "bridges", "vlans", "wifis", "dummy-devices", "virtual-ethernets")


def load(path):
    with open(path) as file:
        return (yaml.safe_load(file) or {}).get("network") or {}


def files(root):
    found = {}
    for folder in ("lib", "etc", "run"):
        for path in glob.glob(f"{root}/{folder}/netplan/*.yaml"):
            found[os.path.basename(path)] = path
    found.pop(NAME, None)
    return [found[name] for name in sorted(found)]


def merged(paths):
    """Returns {(kind, ID): settings} of all files, with lists joined."""
    all_of_them = {}
    for network in map(load, paths):
        for kind in KINDS:
            for identity, settings in (network.get(kind) or {}).items():
                into = all_of_them.setdefault((kind, str(identity)), {})
                for key, value in (settings or {}).items():
                    if isinstance(value, list):
                        into[key] = into.get(key, []) + value
                    else:
                        into[key] = value
    return all_of_them


def is_it(identity, settings, interface, mac):
    match = settings.get("match") or {}
    if settings.get("set-name") == interface:
        return True
    if "macaddress" in match and str(match["macaddress"]).lower() != mac:
        return False
    if "name" in match and not fnmatch.fnmatch(interface, match["name"]):
        return False
    return bool(match.keys() & {"macaddress", "name"}) or identity == interface


def bare(address):
    text = next(iter(address)) if isinstance(address, dict) else address
    return ipaddress.ip_interface(text).ip


def family(route):
    """Returns 4 or 6 for a default route of the main table, else 0."""
    to, via = str(route.get("to", "")), route.get("via")
    if route.get("table", 254) != 254 or to not in ("default", "0.0.0.0/0", "::/0", "0::0/0", "::0/0"):
        return 0
    if to == "default":
        return ipaddress.ip_address(via).version if via else 0
    return 6 if ":" in to else 4


def main(ours, root, interface, mac, networkd, advertised):
    def say(text):
        print(text, file=sys.stderr)

    with open(ours) as file:
        text = file.read()
    mine = yaml.safe_load(text)["network"]["ethernets"][interface]
    theirs = merged(files(root))
    found = [key for key in theirs if key[1] == networkd]
    found += [key for key in theirs if is_it(key[1], theirs[key], interface, mac)]
    if not found:
        sys.exit(3)
    kind, identity = found[0]
    had, changed = theirs[found[0]], False

    if (kind, identity) != ("ethernets", interface):
        say(f"in this server's netplan files the uplink is {kind}/{identity}")
        changed = True

    present = [bare(address) for address in had.get("addresses", [])]
    for address in list(mine["addresses"]):
        if bare(address) in present:
            say(f"{address} is already configured")
            mine["addresses"].remove(address)
            changed = True

    defaults = {family(route): str(route.get("via")) for route in had.get("routes", [])}
    for version in (4, 6):
        if had.get(f"gateway{version}"):
            defaults[version] = str(had[f"gateway{version}"])
    for route in list(mine["routes"]):
        version = family(route)
        if version in defaults:
            say(f"the IPv{version} default route is already configured, via {defaults[version]}")
        elif version == 6 and "route" in advertised:
            say("the IPv6 default route comes from router advertisements")
        else:
            continue
        mine["routes"].remove(route)
        changed = True

    wanted = True if advertised or had.get("dhcp6") else mine["accept-ra"]
    if "accept-ra" in had and had["accept-ra"] != mine["accept-ra"]:
        del mine["accept-ra"]
        say(f"accept-ra is already configured: {str(had['accept-ra']).lower()}")
        changed = True
    elif "accept-ra" not in had and wanted != mine["accept-ra"]:
        mine["accept-ra"] = wanted
        say("router advertisements are still accepted: the server needs them")
        changed = True

    if changed:
        mine = {key: value for key, value in mine.items() if value != []}
        head = f"# From host/etc/netplan/{NAME}, adapted to this server by scripts/apply.sh.\n"
        tree = {"network": {"version": 2, kind: {identity: mine}}}
        text = head + yaml.safe_dump(tree, sort_keys=False)
    sys.stdout.write(text)


main(*sys.argv[1:])
