"""What is changed must be on disk in the journal before."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from kong_ipv6.journal import STATE
from kong_ipv6.resources.ufw import HANDOVER

if TYPE_CHECKING:
    from .server import Server

# What begins with these belongs to the journal, or is made for a moment.
UNITS = "/etc/systemd/system"
REVERT = tuple(f"{UNITS}/{name}kong-ipv6-revert.service" for name in ("", "multi-user.target.wants/"))
OWN = (STATE, "/run/", *REVERT)


def check(server: Server, kind: str, what: str) -> None:
    manifest = server.root / STATE.lstrip("/") / "manifest"
    if not manifest.exists():
        own = kind == "fsync" or what.startswith((*OWN, str(server.repository)))
        assert own or server.rolling or not server.command, f"no journal yet: {kind} {what}"
        return
    if kind == "fsync":
        return
    if not what.startswith(OWN):
        assert server.disk.synced(manifest), f"the journal isn't synced before: {kind} {what}"
    if server.rolling:
        return
    if kind in ("replace", "unlink") and what.startswith(("/etc/", "/lib/")) and not what.startswith(REVERT):
        text = manifest.read_text()
        path = re.sub(r"/\.([^/]*)\.kong-ipv6$", r"/\1", what)
        assert f"file\t{path}\t" in text, f"{path} is changed before its previous state is recorded"
        if f"file\t{path}\tkept" in text:
            assert os.path.lexists(server.root / f"{STATE}/before{path}".lstrip("/")), f"{path} isn't kept"
    if kind == "sysctl" and not any(bridge in what for bridge in (server.plan.bridge, HANDOVER)):
        text = manifest.read_text()
        assert f"sysctl\t{what}\t" in text, f"{what} is changed before its previous value is recorded"
