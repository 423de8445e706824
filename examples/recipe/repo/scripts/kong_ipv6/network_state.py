"""How the server reaches others and is reached: compared before and after each change, and given back.

A snapshot has a line for each address, default route (route4, route6), other route (path4, path6) and policy
rule, in the words that `ip` takes to add it. Not in it: routes of the kernel's and Docker's; those of DHCP,
router advertisements and routing daemons, which come by themselves; and what expires.
"""

import re
from collections.abc import Callable, Iterable
from typing import Optional

from .plan import Plan
from .report import Report
from .system import System

Snapshot = list[str]

OWN_LINK = re.compile(r"(docker|br-|veth)")
VOLATILE = re.compile(r" (expires|error) -?\d+(sec)?| (dead|linkdown|offload|trap|rt_offload|rt_trap)\b| \[[a-z]+\]")
BY_ITSELF = re.compile(r" proto (kernel|ra|dhcp|redirect|babel|bgp|bird|eigrp|isis|openr|ospf|rip|zebra)( |$)")
NOT_UNICAST = re.compile(r"(local|broadcast|multicast|anycast) ")


def address_lines(text: str, bridge: str) -> Snapshot:
    """Of what `ip -o addr show scope global` prints."""
    found: Snapshot = []
    for line in text.splitlines():
        name, address = line.split()[1], line.split()[3]
        passing = " temporary" in line or " deprecated" in line
        if not OWN_LINK.match(name) and name != bridge and not passing:
            found.append(f"addr {name} {address}")
    return found


def route_lines(version: int, text: str, bridge: str) -> Snapshot:
    """Of what `ip -o route show table all` prints."""
    found: Snapshot = []
    for line in text.splitlines():
        line = re.sub(r"[\\ \t]+", " ", line).strip()
        passing = " expires " in line
        line = VOLATILE.sub("", line).rstrip()
        if line.startswith("default ") and " table " not in line:
            found.append(f"route{version} {line}")
            # A second one beside netplan's has a metric of its own.
            metric = re.search(r" metric (\d+)( |$)", line)
            if not metric or metric[1] == "1024":
                continue
        dockers = re.search(r" dev (docker|br-|veth)", line) or f" dev {bridge} " in f"{line} "
        if not (passing or NOT_UNICAST.match(line) or dockers or BY_ITSELF.search(line)):
            found.append(f"path{version} {line}")
    return found


def rule_lines(version: int, text: str) -> Snapshot:
    """Of what `ip rule show` prints."""
    lines = (re.sub(r"\s+", " ", line).strip() for line in text.splitlines())
    return [f"rule{version} pref {VOLATILE.sub('', line.replace(':', '', 1))}" for line in lines if line]


def missing(before: Snapshot, now: Snapshot) -> Snapshot:
    """The lines that are gone, whatever put them there. One default route per family is enough."""

    def plain(line: str) -> str:
        return line.split()[0] if line.startswith("route") else re.sub(r" proto [^ ]+", "", line)

    has = {plain(line) for line in now}
    return [line for line in before if line and plain(line) not in has]


def without_addresses(snapshot: Snapshot, addresses: Iterable[str], link: str) -> Snapshot:
    """addresses: with their prefix lengths."""
    gone = {f"addr {link} {one}" for one in addresses}
    return [line for line in snapshot if line not in gone]


def paths(snapshot: Snapshot) -> Snapshot:
    """What is neither an address nor a default route."""
    return [line for line in snapshot if line.startswith(("path", "rule"))]


def readable(snapshot: Snapshot) -> list[str]:
    """The lines as a person reads them."""
    lines = (re.sub(r"^addr ([^ ]*) (.*)", r"\2 on \1", line) for line in snapshot)
    return [re.sub(r"^rule[46] ", "rule ", re.sub(r"^(route|path)[46] ", "", line)) for line in lines]


class HostNetwork:
    """The server's network, now."""

    def __init__(self, system: System, plan: Plan, report: Report) -> None:
        self.system, self.plan, self.report = system, plan, report

    def snapshot(self) -> Snapshot:
        ip, bridge = self.system.output, self.plan.bridge
        lines = address_lines(ip("ip", "-o", "addr", "show", "scope", "global"), bridge)
        for version in (4, 6):
            lines += route_lines(version, ip("ip", f"-{version}", "-o", "route", "show", "table", "all"), bridge)
        for version in (4, 6):
            lines += rule_lines(version, ip("ip", f"-{version}", "rule", "show"))
        return lines

    def lost(self, before: Snapshot) -> Snapshot:
        return missing(before, self.snapshot())

    def kept(self, before: Snapshot) -> bool:
        return not self.lost(before)

    def restore_missing(self, before: Snapshot) -> None:
        """What is gone, one by one. Twice: a route may need another one."""
        for _ in range(2):
            for line in self.lost(before):
                kind, *rest = line.split()
                if kind == "addr":
                    # One that is only deprecated is there: replace gives it its lifetime back.
                    self.system.run("ip", "addr", "replace", rest[1], "dev", rest[0])
                else:
                    self.system.run("ip", f"-{kind[-1]}", "rule" if kind.startswith("rule") else "route", "add", *rest)

    def restore_unless_kept(self, before: Snapshot, seconds: float) -> None:
        """Gives back what is still gone after so many seconds."""
        if not self.system.wait(seconds, lambda: self.kept(before)):
            self.restore_missing(before)

    def restore_unknown(self, before: Snapshot) -> None:
        """What networkd removed because netplan doesn't know it is given back at once, and named."""
        gone = self.lost(before)
        # What netplan does know may still come: addresses, and what networkd made itself.
        if not self.networkd_done():
            gone = [line for line in gone if not line.startswith("addr") and " proto static" not in line]
        if not gone:
            return
        self.restore_missing(gone)
        still = set(self.lost(gone))
        back = [line for line in gone if line not in still]
        for line in readable(back):
            self.report.note("netplan", f"restored: {line}")
        if back:
            text = "netplan doesn't know these: the next netplan apply or boot removes them"
            self.report.note("netplan", f"{text}. To keep them, add them to /etc/netplan")

    def wait_until_restored(self, before: Snapshot, unknown: Snapshot, condition: Callable[[], bool]) -> str:
        """Waits for the condition, and then until the snapshot is back; unknown, a part of it, is given back at once.
        Returns what is wrong; empty where nothing is."""
        wait = self.system.wait
        # networkd begins a moment after netplan apply returns.
        wait(1, lambda: not self.networkd_done() or not self.kept(before))
        wait(10, condition)
        self.restore_unknown(unknown)
        if self.kept(before):
            return ""
        # By DHCP or router advertisements, say: networkd isn't done before that.
        wait(10, self.networkd_done)
        wait(10, lambda: self.kept(before))
        lost = ", ".join(readable(self.lost(before)))
        return f"after netplan apply the server is missing {lost}" if lost else ""

    def netplan_apply(self) -> str:
        """Returns what went wrong; empty where nothing did."""
        ran = self.system.run("netplan", "apply")
        said = " ".join((ran.out + ran.err).strip().split("\n")[-3:])
        return f"netplan apply failed: {said}" if ran.code != 0 else ""

    # networkd.

    def _link_state(self, key: str) -> str:
        index = self.system.text(f"/sys/class/net/{self.plan.uplink}/ifindex")
        text = self.system.text(f"/run/systemd/netif/links/{index}") if index else ""
        found = re.search(rf"^{key}=(.*)$", text, re.MULTILINE)
        return found[1] if found else ""

    def networkd_setup(self) -> str:
        """How far networkd is with the uplink: configuring, configured, unmanaged …"""
        return self._link_state("ADMIN_STATE")

    def networkd_file(self) -> str:
        """The name of the uplink's .network file in force; before there is one, of the one that netplan will make."""
        return self._link_state("NETWORK_FILE").rsplit("/", 1)[-1] or f"10-netplan-{self.plan.uplink}.network"

    def networkd_id(self) -> str:
        """The netplan ID that the uplink's configuration in force came from."""
        found = re.search(r"/10-netplan-(.*)\.network$", self._link_state("NETWORK_FILE"))
        return found[1] if found else ""

    def networkd_done(self) -> bool:
        return self.networkd_setup() not in ("configuring", "pending", "initialized")

    # The uplink's addresses.

    def _uplink(self, *flags: str) -> list[str]:
        return self.system.output("ip", "-6", "-o", "addr", "show", "dev", self.plan.uplink, *flags).splitlines()

    def tentative(self, other_than: Optional[str] = None) -> bool:
        """Whether the kernel still asks if an address is free (RFC 4862 5.4)."""
        lines = (line for line in self._uplink("tentative") if "dadfailed" not in line)
        return any(other_than is None or f" {other_than}/" not in line for line in lines)

    def duplicate(self) -> str:
        """An address of the uplink that another machine has."""
        return next((line.split()[3].split("/")[0] for line in self._uplink("dadfailed")), "")

    def connected(self, address: str) -> bool:
        """Whether a TCP connection of this server's has it."""
        for line in self.system.output("ss", "-Htn", "state", "established").splitlines():
            own = re.sub(r":\d+$", "", line.split()[2])
            own = re.sub(r"[][]|%.*", "", own)
            # An IPv4 connection of a program that listens on both.
            if (own.rsplit(":", 1)[-1] if "." in own else own) == address:
                return True
        return False

    def keep_connected(self, addresses: list[str]) -> list[str]:
        """One that leaves while a connection runs through it, perhaps the owner's, stays until the next boot. Returns
        these."""
        kept = [address for address in addresses if self.connected(address.split("/")[0])]
        for address in kept:
            self.system.run("ip", "addr", "add", address, "dev", self.plan.uplink, "preferred_lft", "0")
            self.report.note("netplan", f"{address} is kept until the next boot: a connection uses it")
        return kept

    def proxy_entries(self) -> list[str]:
        """What the kernel answers Neighbor Solicitations for on the uplink."""
        if self.system.sysctl(f"net.ipv6.conf.{self.plan.uplink_sysctl}.proxy_ndp") != "1":
            return []
        lines = self.system.output("ip", "-6", "neigh", "show", "proxy", "dev", self.plan.uplink).splitlines()
        return [line.split()[0] for line in lines if line.strip()]
