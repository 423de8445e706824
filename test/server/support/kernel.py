"""The server's links, addresses, routes and sysctls, as `ip` prints them and as /proc/sys has them."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any, NamedTuple, Optional

from kong_ipv6.system import sysctl_path

FORWARDING = {"net.ipv6.conf.all.forwarding": "ipv6", "net.ipv4.ip_forward": "ipv4"}


class Address(NamedTuple):
    dev: str
    text: str
    scope: str = "global"
    # Words of `ip`: dynamic, tentative, dadfailed, deprecated, temporary.
    flags: tuple[str, ...] = ()

    @property
    def family(self) -> str:
        return "inet6" if ":" in self.text else "inet"


class Kernel:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.links: dict[str, dict[str, Any]] = {}
        self.addresses: list[Address] = [Address("lo", "127.0.0.1/8", "host"), Address("lo", "::1/128", "host")]
        # Lines of `ip -o route show table all`.
        self.routes: dict[int, list[str]] = {4: [], 6: ["fe80::/64 dev ens3 proto kernel metric 256 pref medium"]}
        self.rules = {
            4: ["0:\tfrom all lookup local", "32766:\tfrom all lookup main"],
            6: ["0:\tfrom all lookup local"],
        }
        # Addresses that the kernel answers Neighbor Solicitations for, by interface.
        self.proxied: list[tuple[str, str]] = []
        # What `ip -6 neigh flush` was given.
        self.flushed: list[str] = []
        for name in ("all", "default"):
            self.settings(name)
        self.sysctl("net.ipv4.ip_forward", "1")
        self.add_link("lo", "00:00:00:00:00:00")
        self.add_link("ens3", "52:54:00:6b:6f:6e")
        self.add_link("docker0", "02:42:2a:22:97:6c", "bridge")
        self.addresses.append(Address("ens3", "fe80::5054:ff:fe6b:6f6e/64", "link"))
        self.addresses.append(Address("docker0", "172.17.0.1/16"))
        self.routes[4] += ["172.17.0.0/16 dev docker0 proto kernel scope link src 172.17.0.1 linkdown"]
        self.file("/proc/net/if_inet6", "present\n")

    def file(self, path: str, text: str) -> None:
        here = self.root / path.lstrip("/")
        here.parent.mkdir(parents=True, exist_ok=True)
        here.write_text(text)

    def settings(self, name: str) -> None:
        def of_all(version: int) -> str:
            path = self.root / f"proc/sys/net/ipv{version}/conf/default/forwarding"
            return path.read_text().strip() if path.exists() else str(int(version == 4))

        values = {"forwarding": of_all(6), "disable_ipv6": "0", "accept_ra": "1", "proxy_ndp": "0"}
        for key, value in {**values, "dad_transmits": "1", "router_solicitation_delay": "1"}.items():
            self.file(f"/proc/sys/net/ipv6/conf/{name}/{key}", f"{value}\n")
        self.file(f"/proc/sys/net/ipv4/conf/{name}/forwarding", f"{of_all(4)}\n")
        self.file(f"/proc/sys/net/ipv6/neigh/{name}/proxy_delay", "80\n")

    def add_link(self, name: str, mac: str, kind: str = "") -> None:
        info = {"linkinfo": {"info_kind": kind}} if kind else {}
        self.links[name] = {"ifindex": len(self.links) + 1, "ifname": name, "address": mac, **info}
        self.settings(name)
        self.file(f"/sys/class/net/{name}/ifindex", f"{len(self.links)}\n")
        self.file(f"/sys/class/net/{name}/flags", "0x1003\n")
        self.file(f"/sys/class/net/{name}/address", f"{mac}\n")

    def remove_link(self, name: str) -> None:
        self.links.pop(name, None)
        self.addresses = [one for one in self.addresses if one.dev != name]
        for folder in ("ipv6/conf", "ipv4/conf", "ipv6/neigh"):
            shutil.rmtree(self.root / "proc/sys/net" / folder / name, ignore_errors=True)
        for version in (4, 6):
            self.routes[version] = [line for line in self.routes[version] if f" dev {name} " not in line + " "]

    def sysctl(self, key: str, value: Optional[str] = None) -> str:
        """Reads or sets, as the kernel does it: forwarding for all sets each interface's."""
        path = self.root / sysctl_path(key).lstrip("/")
        if value is not None:
            self.file(sysctl_path(key), f"{value}\n")
            self.follow(key)
        return path.read_text().strip() if path.exists() else ""

    def follow(self, key: str) -> None:
        value = (self.root / sysctl_path(key).lstrip("/")).read_text()
        if key in FORWARDING:
            for path in (self.root / f"proc/sys/net/{FORWARDING[key]}/conf").glob("*/forwarding"):
                path.write_text(value)

    def sysctls(self) -> dict[str, str]:
        root = str(self.root / "proc/sys")
        paths = [os.path.join(folder, name) for folder, _, names in os.walk(root) for name in names]
        return {path[len(root) + 1 :]: Path(path).read_text() for path in sorted(paths)}

    def state(self) -> dict[str, Any]:
        """What has to be the same after a rollback."""
        return {
            "addresses": sorted(self.addresses),
            "routes": {version: sorted(lines) for version, lines in self.routes.items()},
            "rules": self.rules,
            "links": sorted(self.links),
            "proxied": sorted(self.proxied),
            "sysctls": self.sysctls(),
        }

    # What `ip` prints.

    def ip(self, words: list[str]) -> str:
        flags = [word for word in words if word.startswith("-")]
        kind, act, *rest = [word for word in words if not word.startswith("-")]
        version = 6 if "-6" in flags else 4
        if act in ("add", "del", "flush", "replace"):
            self._change(version, kind, act, rest)
            return ""
        if kind == "addr":
            return self._json() if "-j" in flags else self._addresses(version if "-6" in flags else 0, rest)
        if kind == "rule":
            return "\n".join(self.rules[version])
        if kind == "neigh":
            return "".join(f"{address} dev {dev} proxy\n" for address, dev in self.proxied) if "proxy" in rest else ""
        return self._routes(version, rest)

    def _json(self) -> str:
        def info(one: Address) -> dict[str, Any]:
            address, _, length = one.text.partition("/")
            return {
                "family": one.family,
                "local": address,
                "prefixlen": int(length),
                "scope": one.scope,
                **dict.fromkeys(one.flags, True),
            }

        return json.dumps(
            [
                {**link, "addr_info": [info(one) for one in self.addresses if one.dev == name]}
                for name, link in self.links.items()
            ]
        )

    def _addresses(self, version: int, rest: list[str]) -> str:
        found = [one for one in self.addresses if not version or one.family == "inet6"]
        wanted = dict(zip(rest, rest[1:]))
        if "dev" in wanted:
            found = [one for one in found if one.dev == wanted["dev"]]
        if "scope" in wanted:
            found = [one for one in found if one.scope == wanted["scope"]]
        if "to" in wanted:
            found = [one for one in found if one.text.split("/")[0] == wanted["to"].split("/")[0]]
        for flag in ("tentative", "dadfailed", "dynamic"):
            if flag in rest:
                found = [one for one in found if flag in one.flags]

        def words(one: Address) -> str:
            return " ".join(one.flags)

        index = {name: link["ifindex"] for name, link in self.links.items()}
        return "".join(
            f"{index[one.dev]}: {one.dev}    {one.family} {one.text} scope {one.scope} {words(one)}\\       valid_lft"
            " forever\n"
            for one in found
        )

    def _routes(self, version: int, rest: list[str]) -> str:
        lines, wanted = self.routes[version], dict(zip(rest, rest[1:]))
        if "default" in rest:
            lines = [line for line in lines if line.startswith("default ")]
        if "dev" in wanted:
            lines = [line for line in lines if f" dev {wanted['dev']} " in line + " "]
        return "".join(f"{line}\n" for line in lines)

    def _change(self, version: int, kind: str, act: str, rest: list[str]) -> None:
        wanted = dict(zip(rest, rest[1:]))
        if kind == "neigh" and "proxy" in rest:
            self.proxied = [one for one in self.proxied if one != (wanted["proxy"], wanted["dev"])]
        elif kind == "addr" and act in ("add", "replace"):
            if act == "replace":
                self.addresses = [one for one in self.addresses if one[:2] != (wanted["dev"], rest[0])]
            if rest[0] not in [one.text for one in self.addresses if one.dev == wanted["dev"]]:
                self.addresses.append(Address(wanted["dev"], rest[0]))
        elif kind == "neigh":
            self.flushed.append(" ".join(rest))
        elif kind == "addr" and act == "flush":
            self.addresses = [
                one
                for one in self.addresses
                if one.dev != wanted["dev"] or one.family != "inet6" or one.scope != "global"
            ]
        elif kind == "route" and act == "add":
            self.routes[version].append(" ".join(rest))
        elif kind == "route" and act == "del":
            self.routes[version] = [
                line
                for line in self.routes[version]
                if line.split()[0] != rest[0] or f" dev {wanted['dev']} " not in line + " "
            ]
        elif kind == "rule" and act == "add":
            self.rules[version].append(f"{wanted['pref']}:\t{' '.join(rest[2:])}")
