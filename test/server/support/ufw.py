"""ufw: what it writes into its files, and the rules of the repository's ufw.sh."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from kong_ipv6 import ufw_rules

if TYPE_CHECKING:
    from .server import Server


def rule(server: Server, words: Sequence[str], delete: bool) -> None:
    """ufw writes its files itself, a rule in each family that it holds for."""
    rule = " ".join(words).replace(" comment kong-ipv6", "")
    given = dict(re.findall(r"(in on|out on|from|to|port|proto) (\S+)", rule))
    families = [6] if ":" in rule else [4] if re.search(r"(to|from) \d", rule) else [4, 6]
    ways = "!".join(f"{way.split()[0]}_{given[way]}" for way in ("in on", "out on") if way in given)
    for family in families:
        path, anywhere = ufw_rules.FILES[family], ufw_rules.ANY[family]
        fields = [
            given.get("proto", "any"),
            given.get("port", "any"),
            given.get("to", anywhere),
            "any",
            given.get("from", anywhere),
            ways,
        ]
        line = f"### tuple ### route:allow {' '.join(fields)} {ufw_rules.IN_FILES}\n"
        text = server.read(path) or ""
        text = text.replace(line, "")
        server.write(path, text if delete else text.replace("### END RULES ###\n", line + "### END RULES ###\n"), 0o640)


def sh_rules(server: Server) -> list[str]:
    """The rules that the repository's ufw.sh has, for this engine."""
    text, nftables = (
        (server.repository / "scripts/ufw.sh").read_text(),
        "nftables" in json.dumps(server.docker.recording["info"].get("FirewallBackend")),
    )
    rules = re.findall(r"^(\t*)allow (.*)$", text, re.MULTILINE)
    found = [rule.replace("'", "") for indent, rule in rules if nftables or not indent]
    return [rule.replace('"$port"', port) for rule in found for port in (("80", "443") if "$port" in rule else ("",))]
