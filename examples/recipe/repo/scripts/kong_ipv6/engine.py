"""Docker's Engine API over its unix socket, and the two compose commands.

The paths have no version: each engine from 20.10 to 29 then answers in its own latest one, and the fields
that are read here have been the same in all of them. An address that isn't set is an empty string.
"""

import contextlib
import json
import re
import shlex
import socket
from pathlib import Path
from typing import Any, Optional, cast

from .report import Failure
from .settings import Repository
from .system import Ran, System

SOCKET = "/var/run/docker.sock"
MADE_ON = "kong-ipv6.made-on"
BRIDGE_NAME = "com.docker.network.bridge.name"
GATEWAY_MODE = "com.docker.network.bridge.gateway_mode_ipv6"

Json = dict[str, Any]


class EngineError(Exception):
    """Docker refuses a request, or doesn't answer."""


def exchange(path: str, request: bytes, timeout: float) -> tuple[int, str]:
    """Status and body of one HTTP/1.0 request: the answer ends with the connection, and is never chunked. Python's own
    client would take longer to load than all requests of a run. Raises OSError or ValueError."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(timeout)
        connection.connect(path)
        connection.sendall(request)
        answer = b"".join(iter(lambda: connection.recv(1 << 16), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    found = re.match(rb"HTTP/1\.[01] (\d{3})", head)
    if not found:
        raise ValueError("the connection was closed without an answer")
    return int(found[1]), body.decode(errors="replace")


def quote(text: str) -> str:
    """For a path or a query (RFC 3986)."""
    return re.sub(rb"[^A-Za-z0-9._~/-]", lambda found: b"%%%02X" % found[0][0], text.encode()).decode()


class Engine:
    """Reads and changes Docker's state."""

    def __init__(self, path: str = SOCKET) -> None:
        self.path = path
        # How long a container that is stopped may take; empty: as long as docker-compose.yml says.
        self.grace = ""

    def request(self, method: str, path: str, body: Optional[Json] = None, timeout: float = 60) -> Any:
        """The answer's JSON; None where there is no such object. Raises EngineError."""
        content = json.dumps(body).encode() if body is not None else b""
        kind = f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n" if body is not None else ""
        head = f"{method} {path} HTTP/1.0\r\nHost: docker\r\n{kind}\r\n"
        try:
            status, text = exchange(self.path, head.encode() + content, timeout)
        except (OSError, ValueError) as error:
            raise EngineError(str(error) or type(error).__name__) from error
        # An object that is already gone needs no removal.
        if status == 404 and method in ("GET", "DELETE"):
            return None
        if status >= 400:
            raise EngineError(message(text))
        return json.loads(text) if text.strip() else None

    def version(self) -> str:
        found = self.request("GET", "/version", timeout=20)
        version = str(found["Version"]) if found else ""
        if not re.match(r"\d+\.", version):
            raise EngineError(f"its version is {version or 'unknown'}")
        return version

    def answers(self) -> bool:
        with contextlib.suppress(EngineError):
            return bool(self.version())
        return False

    def network(self, name: str) -> Optional[Json]:
        return self.request("GET", f"/networks/{quote(name)}")

    def networks(self, **filters: list[str]) -> list[Json]:
        return self.request("GET", f"/networks{where(filters)}") or []

    def containers(self, *labels: str, **filters: list[str]) -> list[Json]:
        if labels:
            filters = {**filters, "label": list(labels)}
        return self.request("GET", f"/containers/json{where(filters)}&all=1") or []

    def container(self, identity: str) -> Optional[Json]:
        return self.request("GET", f"/containers/{quote(identity)}/json")

    def image(self, name: str) -> Optional[Json]:
        return self.request("GET", f"/images/{name}/json")

    def change(self, method: str, path: str, body: Optional[Json] = None, cause: str = "") -> Any:
        """A request that has to succeed."""
        try:
            return self.request(method, path, body, timeout=180)
        except EngineError as error:
            raise Failure(cause or f"Docker refuses {method} {path}", str(error)) from error

    def remove_containers(self, identities: list[str]) -> None:
        """Stops them first, all at once, each in its own way."""
        import threading

        def stop(identity: str) -> None:
            with contextlib.suppress(EngineError):
                self.request("POST", f"/containers/{identity}/stop{self.grace}", timeout=180)

        threads = [threading.Thread(target=stop, args=(identity,)) for identity in identities]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for identity in identities:
            self.change("DELETE", f"/containers/{identity}?force=1", cause="Docker can't remove the containers")


def message(text: str) -> str:
    try:
        return str(json.loads(text)["message"])
    except (ValueError, KeyError, TypeError):
        return text.strip()


def where(filters: dict[str, list[str]]) -> str:
    return "?filters=" + quote(json.dumps(filters))


def state_of(container: Optional[Json]) -> str:
    """running/healthy, restarting/unhealthy, exited/1 …; missing where there is none."""
    if container is None:
        return "missing"
    state = cast(Json, container["State"])
    if state["Status"] == "exited":
        return f"exited/{state['ExitCode']}"
    return f"{state['Status']}/{(state.get('Health') or {}).get('Status', '')}"


def bridge_of(network: Json) -> str:
    return (network.get("Options") or {}).get(BRIDGE_NAME) or f"br-{network['Id'][:12]}"


def subnets_of(network: Optional[Json]) -> list[str]:
    config = ((network or {}).get("IPAM") or {}).get("Config") or []
    return [str(one.get("Subnet", "")) for one in config]


def endpoint(container: Json, network: str) -> Optional[Json]:
    return cast(Optional[Json], (container["NetworkSettings"]["Networks"] or {}).get(network))


class Compose:
    """docker compose 2 or 5, or docker-compose 1.29, in the repository's folder."""

    def __init__(self, system: System, folder: Path) -> None:
        self.system, self.folder = system, folder
        self.command: tuple[str, ...] = ()
        self.version = ""

    def find(self) -> bool:
        for command, pattern in (
            (("docker", "compose"), r"v?([2-9]|[1-9]\d)\."),
            (("docker-compose",), r"v?(1\.29|[2-9]|[1-9]\d)(\.|$)"),
        ):
            version = self.system.output(*command, "version", "--short").strip()
            if re.match(pattern, version):
                self.command, self.version = command, version
                return True
        return False

    @property
    def major(self) -> int:
        found = re.match(r"v?(\d+)", self.version)
        return int(found[1]) if found else 0

    def line(self, seconds: int, *arguments: str) -> tuple[str, ...]:
        return ("timeout", "--foreground", str(seconds), *self.command, *arguments)

    def files(self) -> dict[str, str]:
        return {"COMPOSE_FILE": Repository(self.folder).compose_files}

    def by_hand(self, *arguments: str) -> str:
        """As the owner can type it in any directory. Without its files compose may read the owner's compose.yaml."""
        files = [shlex.quote(str(self.folder / one)) for one in self.files()["COMPOSE_FILE"].split(":")]
        named = [word for one in files for word in ("-f", one)]
        return " ".join(["sudo", *(self.command or ("docker", "compose")), *named, *arguments])

    def run(self, *arguments: str, seconds: int = 1800) -> Ran:
        return self.system.run(*self.line(seconds, *arguments), cwd=self.folder, env=self.files(), timeout=seconds + 30)

    def quietly(self, *arguments: str, seconds: int = 1800) -> bool:
        line, env = self.line(seconds, *arguments), self.files()
        return self.system.quietly(*line, cwd=self.folder, env=env, timeout=seconds + 30)


def images_in(config: str, built: str) -> list[tuple[str, str, str]]:
    """SERVICE, pull or build, IMAGE of each service in what `compose config` prints; built is the prefix of the
    names that compose gives. config --images came with compose 2 only."""
    found: list[tuple[str, str, str]] = []
    service, how, image, inside = "", "pull", "", False
    for line in [*config.replace('"', "").replace("'", "").split("\n"), "end:"]:
        starts = re.match(r"^  (\S[^:]*):$", line) if inside else None
        if service and (starts or re.match(r"^\S", line)):
            found.append((service, how, image or built + service))
            service = ""
        if re.match(r"^\S", line):
            inside = line == "services:"
        elif starts:
            service, how, image = starts[1], "pull", ""
        elif inside and line.startswith("    build:"):
            how = "build"
        elif inside and line.startswith("    image: "):
            image = line.split()[1]
    return found
