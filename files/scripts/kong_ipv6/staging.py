"""The files below host/, each as it belongs on this server."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from .daemon_keys import merged_for
from .journal import Attributes
from .netplan_files import NETPLAN_FILE
from .nft_table import FILTER, OVERLAP

if TYPE_CHECKING:
    from .facts import Facts

DAEMON_JSON = "/etc/docker/daemon.json"
SYSCTL_FILE = "/etc/sysctl.d/60-kong-ipv6.conf"
# Beside the uplink's own .network file.
RA_DROP_IN = "/60-kong-ra.conf"
SYSCTL_FILES = re.compile(r"/etc/sysctl\.d/[^/]*\.conf")
OF_FILTER = re.compile(r"/kong-ipv6-firewall\.service$|/nftables\.service\.d/kong-ipv6\.conf$")
OVERLAP_DROP_IN = "/etc/systemd/system/nftables.service.d/kong-ipv6-overlap.conf"
OVERLAP_FILES = (OVERLAP.unit_file, OVERLAP_DROP_IN, OVERLAP.file)
# What editors and create-kong-ipv6 put beside a file.
BESIDE = re.compile(r"^\.|\.new$|\.orig$|\.rej$|~$")


NETWORKD_ADVERTISEMENTS = b"""\
# The default route or the address comes from router advertisements. With forwarding on, networkd ignores them by default.
[Network]
IPv6AcceptRA=yes
"""


class File(NamedTuple):
    data: bytes
    attributes: Attributes


def stage(facts: "Facts") -> dict[str, File]:
    """By the path on the server, sorted."""
    host, owner, files = facts.context.repository.path / "host", facts.system.owner, dict[str, File]()

    def put(path: str, data: bytes, attributes: Attributes = (0o644, *owner)) -> None:
        files[path] = File(data, attributes)

    for source in host_files(host):
        path, data = "/" + str(source.relative_to(host)), source.read_bytes()
        if path == NETPLAN_FILE:
            if facts.netplan_manages:
                put(path, facts.fitted.text.encode(), (0o600, *owner))
        elif path == DAEMON_JSON:
            target = facts.daemon_json_path
            now = facts.system.attributes(target) if facts.system.exists(target) else (0o644, *owner)
            put(target, merged_for(facts.system, data, target), now)
        elif path.startswith("/etc/systemd/network/"):
            # networkd reads it beside the file that netplan made: by netplan's ID.
            put(f"{facts.drop_in}/{source.name}", data)
        elif path == FILTER.file or OF_FILTER.search(path):
            if facts.filter == "table":
                put(path, data + elements(facts) if path == FILTER.file else data)
        elif path == SYSCTL_FILE:
            put(path, kernel_advertisements(facts) + data)
        else:
            put(path, data)
    if facts.plan.kept and facts.networkd_manages and set(facts.advertised):
        put(facts.drop_in + RA_DROP_IN, NETWORKD_ADVERTISEMENTS)
    return dict(sorted(files.items()))


def host_files(host: Path) -> list[Path]:
    found = (path for path in host.rglob("*") if path.is_file() and not path.is_symlink())
    return sorted(path for path in found if not BESIDE.search(path.name))


def elements(facts: "Facts") -> bytes:
    """The interface of IPv4 where it is another one, and the bridges that our table leaves alone."""
    uplinks = [one for one in (facts.ipv4_uplink,) if one not in ("", facts.plan.uplink)]
    found = [("uplinks", one) for one in uplinks] + [("others", one) for one in facts.other_bridges]
    return "".join(f"add element inet kong_ipv6 {name} " + '{ "' + one + '" }\n' for name, one in found).encode()


def kernel_advertisements(facts: "Facts") -> bytes:
    """With forwarding the kernel takes router advertisements only if told so twice. It matters where the kernel itself
    handles them, not networkd."""
    uplink = facts.plan.uplink_sysctl
    taken = facts.system.sysctl(f"net.ipv6.conf.{uplink}.accept_ra") not in ("", "0")
    if facts.netplan_manages or facts.networkd_manages or not taken or not facts.advertised:
        return b""
    # First: forwarding alone throws away what advertisements brought.
    return (
        "# The default route or the address comes from router advertisements.\n"
        f"net.ipv6.conf.{uplink}.accept_ra = 2\n\n"
    ).encode()


def sysctls(files: dict[str, File]) -> dict[str, str]:
    """What the files of sysctl.d set, in order; the last one counts."""
    values: dict[str, str] = {}
    for path, file in files.items():
        if not SYSCTL_FILES.fullmatch(path):
            continue
        for line in file.data.decode(errors="replace").splitlines():
            if re.match(r"[ \t]*([#;]|$)", line) or "=" not in line:
                continue
            key, value = line.split("=", 1)
            key = re.sub(r"[ \t]", "", key)
            if key.startswith("-"):
                # Ours on the bridge are set once the network is there.
                if path == SYSCTL_FILE:
                    continue
                key = key[1:]
            # sysctl.d(5): after a slash first, a dot is one.
            if re.match(r"[^.]*/", key):
                key = key.replace(".", "%").replace("/", ".").replace("%", "/")
            values[key] = re.sub(r"[ \t\r]+", " ", value).strip()
    return values
