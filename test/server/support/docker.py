"""Docker's Engine API and compose, as far as the program uses them. Objects look as the engine recorded them."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any, Optional
from urllib.parse import parse_qs, unquote, urlsplit

from kong_ipv6.engine import Engine, EngineError

from . import compose

if TYPE_CHECKING:
    from .server import Server

Json = dict[str, Any]
EXPOSED, BACKEND = "ipv6_exposed", "kong-ipv6_kong-net"
# What Docker says of Kong's container besides what is recorded.
KONG: Json = {
    "Hostname": "f9983926cfc3",
    "Env": ["KONG_ADMIN_LISTEN=127.0.0.1:8001, 172.30.0.100:8001", "KONG_DATABASE=postgres"],
    "ExposedPorts": {"80/tcp": {}, "443/tcp": {}, "8000/tcp": {}},
    "Healthcheck": {"Test": ["CMD", "perl", "-e", "exit 0"], "Interval": 10**10},
    "StopTimeout": 60,
}


class FakeEngine(Engine):
    """A Docker that has nothing but its own networks, until it is told to make something."""

    def __init__(self, server: Server, recording: Json) -> None:
        super().__init__("/nonexistent")
        self.server, self.recording = server, recording
        # Why it doesn't answer.
        self.down = ""
        self.memory = 1 << 20
        # Paths of requests that it refuses, with its reason.
        self.refuses: dict[str, str] = {}
        self.networks_by_name: dict[str, Json] = {
            name: one for name, one in copy.deepcopy(recording["networks"]).items() if name not in (EXPOSED, BACKEND)
        }
        self.containers_by_id: dict[str, Json] = {}
        self.images: dict[str, str] = {}
        # What was built, in this order.
        self.recipes: dict[str, int] = {}
        self.default_bridge(ipv6=False)

    def default_bridge(self, ipv6: bool) -> None:
        """docker0 gets its IPv6 from daemon.json, when Docker starts."""
        bridge = copy.deepcopy(self.recording["networks"]["bridge"])
        if not ipv6:
            bridge["EnableIPv6"] = False
            bridge["IPAM"]["Config"] = [one for one in bridge["IPAM"]["Config"] if ":" not in one["Subnet"]]
        self.networks_by_name["bridge"] = bridge

    def request(self, method: str, path: str, body: Optional[Json] = None, timeout: float = 60) -> Any:
        if method != "GET":
            self.server.happens("engine", f"{method} {path}", json.dumps(body) if body else "")
        if self.down:
            raise EngineError(self.down)
        if f"{method} {path}" in self.refuses:
            raise EngineError(self.refuses[f"{method} {path}"])
        url = urlsplit(path)
        parts = [unquote(part) for part in url.path.strip("/").split("/")]
        query = parse_qs(url.query)
        filters = json.loads(query.get("filters", ["{}"])[0]) | {"name": query.get("name", [""])[0]}
        answer = {"GET": self.get, "POST": self.post, "DELETE": self.delete}[method]
        return copy.deepcopy(answer(parts, filters, body))

    def get(self, parts: list[str], filters: Json, body: Optional[Json]) -> Any:
        if parts == ["version"]:
            return self.recording["version"]
        if parts == ["info"]:
            return self.recording["info"]
        if parts == ["networks"]:
            found = [one for one in self.networks_by_name.values() if matches(one.get("Labels") or {}, filters)]
            return [{key: value for key, value in one.items() if key != "Containers"} for one in found]
        if parts[0] == "networks":
            return self.find_network(parts[1])
        if parts == ["containers", "json"]:
            listed = [self.listed(one) for one in self.containers_by_id.values()]
            states = filters.get("status")
            return [
                one
                for one in listed
                if matches(one["Labels"] or {}, filters) and (not states or one["State"] in states)
            ]
        if parts[0] == "containers" and parts[2] == "stats":
            return {"memory_stats": {"usage": self.memory}}
        if parts[0] == "containers":
            return self.inspected(parts[1])
        if parts[0] == "images":
            name = "/".join(parts[1:-1])
            return {"Id": self.images[name]} if name in self.images else None
        raise AssertionError(f"unexpected question to Docker: {parts}")

    def post(self, parts: list[str], filters: Json, body: Optional[Json]) -> Any:
        if parts == ["networks", "create"]:
            self.create_network({"Id": body["Name"].encode().hex().ljust(64, "0"), "Labels": {}, **(body or {})})  # type: ignore[index]
            return None
        if parts == ["containers", "create"]:
            return self.create_container(filters["name"], body or {})
        if parts[0] == "networks" and body:
            network = self.find_network(parts[1])
            if network is None:
                raise EngineError(f"network {parts[1]} not found")
            container = self.containers_by_id[body["Container"]]
            networks = container["NetworkSettings"]["Networks"]
            if parts[2] == "disconnect":
                networks.pop(network["Name"], None)
                return None
            config = body.get("EndpointConfig") or {}
            ranges = [one["IPRange"] for one in network["IPAM"]["Config"] if ":" in one["Subnet"]]
            ipam = config.get("IPAMConfig") or {}
            networks[network["Name"]] = {
                "IPAMConfig": ipam,
                "Aliases": config.get("Aliases"),
                "NetworkID": network["Id"],
                "GlobalIPv6Address": ipam.get("IPv6Address", next(iter(ranges), "").split("/")[0]),
                "IPAddress": ipam.get("IPv4Address", "172.18.0.9"),
            }
            return None
        if parts[0] == "images":
            self.images["kong-ipv6:previous" if parts[1].endswith(":local") else "kong-ipv6:local"] = self.images[
                parts[1]
            ]
            return None
        container = self.containers_by_id[parts[1]]
        container["State"] = {"stop": "exited"}.get(parts[2], "running")
        return None

    def delete(self, parts: list[str], filters: Json, body: Optional[Json]) -> Any:
        if parts[0] == "containers":
            if self.containers_by_id.pop(parts[1], None) is None:
                raise EngineError(f"No such container: {parts[1]}")
            return None
        network = self.find_network(parts[1])
        if network is None:
            raise EngineError(f"network {parts[1]} not found")
        on = [
            one["Names"][0]
            for one in self.containers_by_id.values()
            if network["Name"] in one["NetworkSettings"]["Networks"] and one["State"] == "running"
        ]
        if on:
            raise EngineError(f"network {network['Name']} has active endpoints: {on}")
        del self.networks_by_name[network["Name"]]
        self.server.kernel.remove_link(
            (network.get("Options") or {}).get("com.docker.network.bridge.name") or f"br-{network['Id'][:12]}"
        )
        return None

    def find_network(self, name: str) -> Optional[Json]:
        found = next((one for one in self.networks_by_name.values() if name in (one["Name"], one["Id"])), None)
        if found is None:
            return None
        on = {
            one["Id"]: {"Name": one["Names"][0].lstrip("/")}
            for one in self.containers_by_id.values()
            if found["Name"] in one["NetworkSettings"]["Networks"]
        }
        return {**found, "Containers": on}

    def listed(self, container: Json) -> Json:
        return {key: value for key, value in container.items() if not key.startswith("_")}

    def inspected(self, identity: str) -> Optional[Json]:
        named = [one for one in self.containers_by_id.values() if one["Names"][0] == f"/{identity}"]
        listed = self.containers_by_id.get(identity, next(iter(named), None))
        if listed is None:
            return None
        identity = listed["Id"]
        base: Json = copy.deepcopy(
            listed.get("_inspected") or {"NetworkSettings": {"Ports": {}}, "Mounts": listed["Mounts"]}
        )
        base["Id"], base["Name"] = identity, listed["Names"][0]
        base["Image"] = listed.get("_image") or base.get("Image")
        base["NetworkSettings"]["Networks"] = copy.deepcopy(listed["NetworkSettings"]["Networks"])
        health = "unhealthy" if "(unhealthy)" in listed["Status"] else "healthy"
        base["State"] = {"Status": listed["State"], "ExitCode": listed.get("_code", 0), "Pid": listed.get("_pid", 4000)}
        base["RestartCount"] = listed.get("_restarts", 0)
        if listed["State"] == "running":
            base["State"]["Health"] = {"Status": health}
        return base

    # What docker's and compose's command lines do.

    def create_network(self, network: Json) -> None:
        self.networks_by_name[network["Name"]] = copy.deepcopy(network)
        bridge = (network.get("Options") or {}).get("com.docker.network.bridge.name") or f"br-{network['Id'][:12]}"
        self.server.kernel.add_link(bridge, "02:42:00:00:00:01", "bridge")

    def build(self) -> None:
        """The first image is sha256:built. Another recipe gives another image."""
        recipe = (self.server.repository / "kong-build/Dockerfile").read_text()
        number = self.recipes.setdefault(recipe, len(self.recipes))
        self.images["kong-ipv6:local"] = f"sha256:built{number or ''}"

    def image_of(self, service: str) -> Optional[str]:
        return self.images.get("postgres:17" if service == "kong-database" else "kong-ipv6:local")

    def create_service(self, service: str) -> None:
        """As compose up --no-start does it."""
        if BACKEND not in self.networks_by_name:
            self.create_network(self.recording["networks"][BACKEND])
        found = next(
            one for one in self.recording["containers"] if service == one["Labels"]["com.docker.compose.service"]
        )
        container: Json = copy.deepcopy(found)
        container |= {"State": "created", "Status": "Created", "_image": self.image_of(service)}
        if service == "kong":
            container["_inspected"], container["_pid"] = copy.deepcopy(self.recording["kong"]), 2768
            container["_inspected"]["Config"] |= copy.deepcopy(KONG)
        self.containers_by_id[container["Id"]] = container

    def create_container(self, name: str, body: Json) -> Json:
        """Not by compose: it is on the one network that its mode names."""
        network = self.networks_by_name[body["HostConfig"]["NetworkMode"]]
        six = network["IPAM"]["Config"][0]["Subnet"].split("/")[0] + "2"
        identity = name.encode().hex().ljust(64, "0")
        networks = {network["Name"]: {"IPAddress": "172.19.0.2", "GlobalIPv6Address": six}}
        host = body["HostConfig"]
        config = {key: value for key, value in body.items() if key != "HostConfig"}
        self.containers_by_id[identity] = {
            "Id": identity,
            "Names": [f"/{name}"],
            "Labels": {},
            "State": "created",
            "Status": "Created",
            "Mounts": [],
            "Ports": [],
            "NetworkSettings": {"Networks": networks},
            "_image": body["Image"],
            "_inspected": {"Config": config, "HostConfig": host, "Mounts": [], "NetworkSettings": {"Ports": {}}},
        }
        return {"Id": identity, "Warnings": []}

    def recreate_service(self, service: str) -> None:
        """As compose does it after an edit, or for a new image: the new container has another id."""
        before: Any = self.service(service)
        del self.containers_by_id[before["Id"]]
        self.create_service(service)
        container = self.containers_by_id.pop(self.service(service)["Id"])  # type: ignore[index]
        container["Id"] = before["Id"][::-1]
        labels = container["Labels"]
        labels["com.docker.compose.config-hash"] = self.server.hashes.get(
            service, before["Labels"]["com.docker.compose.config-hash"]
        )
        self.containers_by_id[container["Id"]] = container

    def service(self, name: str) -> Optional[Json]:
        """Its container in this fake's own form: change it to vary a test."""
        return next(
            (one for one in self.containers_by_id.values() if one["Labels"].get("com.docker.compose.service") == name),
            None,
        )

    def start(self, identity: str) -> None:
        container = self.containers_by_id[identity]
        ends = container["Labels"].get("com.docker.compose.service") == "kong-migration"
        container["State"], container["Status"] = (
            ("exited", "Exited (0) 1 second ago") if ends else ("running", "Up 1 second (healthy)")
        )
        if container.get("_pid"):
            compose.kong_process(self.server)


def matches(labels: dict[str, str], filters: Json) -> bool:
    return all(
        f"{key}={value}" in filters["label"]
        for key, value in labels.items()
        if any(one.split("=")[0] == key for one in filters.get("label", []))
    ) and all(one.split("=")[0] in labels for one in filters.get("label", []))
