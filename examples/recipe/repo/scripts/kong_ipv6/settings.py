"""The repository's files that the owner edits: .env as compose reads it, and what is derived from it."""

import re
from pathlib import Path

ASSIGNMENT = re.compile(r"^[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_.]*)[ \t]*[=:][ \t]*(.*)$")
QUOTED = re.compile(r"""^(?:"([^"]*)"|'([^']*)')[ \t]*(?:#.*)?$""")


def parse(text: str) -> dict[str, str]:
    """KEY=value and KEY: value, as compose's dotenv parser takes them; the last one counts."""
    values: dict[str, str] = {}
    for line in text.split("\n"):
        found = ASSIGNMENT.match(line.rstrip("\r"))
        if not found:
            continue
        key, value = found.groups()
        quoted = QUOTED.match(value)
        if quoted:
            values[key] = quoted[1] if quoted[1] is not None else quoted[2]
        else:
            # In a value without blanks a # means itself.
            values[key] = re.sub(r"[ \t]#.*$", "", value).strip()
    return values


# Ours first: compose itself looks for compose.yaml first.
COMPOSE = ("docker-compose.yml", "compose.yaml", "compose.yml", "docker-compose.yaml")
OVERRIDES = tuple(name.replace(".y", ".override.y") for name in COMPOSE)


class Repository:
    """The generated repository on this server."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.env = path / ".env"
        self.example = path / ".env.example"
        self.plan_json = path / "scripts" / "plan.json"

    def setting(self, key: str) -> str:
        """The value in .env; empty where it isn't set."""
        source = self.env if self.env.exists() else self.example
        if not source.exists():
            return ""
        return parse(source.read_text(encoding="utf-8", errors="surrogateescape")).get(key, "")

    @property
    def compose_file(self) -> Path:
        """docker-compose.yml, which the owner may have renamed."""
        paths = [self.path / name for name in COMPOSE]
        return next((path for path in paths if path.exists()), paths[0])

    @property
    def compose_files(self) -> str:
        """As in COMPOSE_FILE, with the owner's override. Without it compose reads the owner's compose.yaml instead."""
        override = next((name for name in OVERRIDES if (self.path / name).exists()), "")
        return self.setting("COMPOSE_FILE") or ":".join([self.compose_file.name] + [override] * (override != ""))

    @property
    def data(self) -> Path:
        """KONG_DATA_DIR as an absolute path."""
        return Path(self.path, re.sub(r"^\./", "", self.setting("KONG_DATA_DIR")))

    @property
    def password_file(self) -> Path:
        return self.data / "secrets" / "kong_pg_password"

    @property
    def cluster_files(self) -> list[tuple[Path, Path]]:
        """The certificate of the fleet's cluster and its key: as they were copied here, and as the containers see them."""
        names = ("cluster.crt", "cluster.key")
        return [(self.path / "cluster" / name, self.data / "secrets" / name) for name in names]

    @property
    def project(self) -> str:
        return self.setting("COMPOSE_PROJECT_NAME") or "kong-ipv6"

    @property
    def backend_network(self) -> str:
        return f"{self.project}_kong-net"
