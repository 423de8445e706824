"""ufw's rules, read from its own files: `ufw show added` starts Python for it, and takes a fifth of a second.

A rule is written as `ufw show added` prints it, between "route allow" and the comment: that is what
`ufw route allow` and `ufw route delete allow` take. One for IPv4 alone names 0.0.0.0/0.
"""

import re
from typing import NamedTuple

from .system import System

COMMENT = "kong-ipv6"
IN_FILES = f"comment={COMMENT.encode().hex()}"
FILES = {4: "/etc/ufw/user.rules", 6: "/etc/ufw/user6.rules"}
ANY = {4: "0.0.0.0/0", 6: "::/0"}


class UfwState(NamedTuple):
    """installed: the command. enabled: whether it filters. active: whether it filters IPv6 too. rules: ours."""

    installed: bool
    ipv6: bool
    enabled: bool
    active: bool
    rules: list[str]


def parse(version: int, text: str) -> list[str]:
    """Our route rules in user.rules (4) or user6.rules (6)."""
    found: list[str] = []
    for line in text.splitlines():
        if not line.startswith("### tuple ### route:allow ") or not line.endswith(IN_FILES):
            continue
        fields = line.split()[4:]
        protocol, port, to, from_port, source, direction = *fields[:5], fields[-2]
        words = " ".join(f"{way.replace('_', ' on ', 1)}" for way in direction.split("!") if "_" in way)
        anywhere = to == source == ANY[version]
        if source != ANY[version]:
            words += f" from {source}"
        if from_port != "any":
            words += f" port {from_port}"
        if to != ANY[version] or (anywhere and version == 4) or port != "any":
            words += f" to {to}"
        if port != "any":
            words += f" port {port}"
        found.append((words + (f" proto {protocol}" if protocol != "any" else "")).strip())
    return found


def read(system: System) -> UfwState:
    installed = system.have("ufw")
    rules = [rule for version, path in FILES.items() for rule in parse(version, system.text(path))]
    if not installed:
        return UfwState(False, False, False, False, rules)
    ipv6 = re.search(r'^IPV6="?yes', system.text("/etc/default/ufw"), re.MULTILINE | re.IGNORECASE) is not None
    configured = re.search(r"^ENABLED=yes", system.text("/etc/ufw/ufw.conf"), re.MULTILINE) is not None
    enabled = configured and system.run("iptables", "-w", "-n", "-L", "ufw-user-input").code == 0
    # With IPV6=no it has no rules for IPv6: apply.sh refuses that.
    active = ipv6 and enabled and system.run("ip6tables", "-w", "-n", "-L", "ufw6-user-forward").code == 0
    return UfwState(True, ipv6, enabled, active, rules)


def logging(system: System) -> str:
    """What ufw's files depend on besides the rules."""
    return "\n".join(line for line in system.text("/etc/ufw/ufw.conf").splitlines() if line.startswith("LOGLEVEL="))
