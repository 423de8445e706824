"""What Docker engines answered after apply.sh (fixtures/engine), with this plan's addresses."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from kong_ipv6.plan import Plan

FOLDER = Path(__file__).resolve().parents[1] / "fixtures" / "engine"
ENGINES = ("20.10.24", "26.1.5", "27.5.1", "28.5.2", "29.7.2", "29.7.2-nftables")


@cache
def text(engine: str) -> str:
    return (FOLDER / f"{engine}.json").read_text()


def recorded(engine: str, plan: Plan, repository: Path) -> dict[str, Any]:
    """version, info, networks by name, containers, kong (inspected) and images."""
    found = text(engine)
    for before, after in (
        ("2a02:c207:0:1:", plan.prefix.split("::")[0] + ":"),
        ("fdac:8ca2:a141::/64", "fd5e:9c41:27d3::/64"),
        ("fdac:8ca2:a141::1", "fd5e:9c41:27d3::1"),
        ("10.83.81.0/24", plan.backend),
        ("10.83.81.", plan.backend_kong.rsplit(".", 1)[0] + "."),
        ("144.91.1.2", "1.2.3.4"),
        ("/root/gw", str(repository)),
    ):
        found = found.replace(before, after)
    return json.loads(found)
