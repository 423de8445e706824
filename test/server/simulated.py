"""A server that isn't there: a folder as its file system, recorded answers of programs and of Docker's API.

What is requested of it is written down, and takes effect as far as the program looks at it again: units run, netplan
gives addresses, ufw's files hold rules, Docker has networks and containers.
"""

from __future__ import annotations

import copy
import io
import ipaddress
import json
import os
import re
import shutil
import struct
import sys
import tempfile
import unittest
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Callable, Optional
from unittest.mock import patch

from kong_ipv6 import plan, run, solicit
from kong_ipv6.engine import Compose, Engine, EngineError
from kong_ipv6.facts import Context, Facts
from kong_ipv6.journal import Journal
from kong_ipv6.network_state import Network
from kong_ipv6.report import Change, Failure, Refusal, Report, Result
from kong_ipv6.resources import resources
from kong_ipv6.settings import Repository
from kong_ipv6.system import Ran, System

ROOT = Path(__file__).resolve().parents[2]

EXAMPLE = ROOT / "examples" / "recipe" / "repo"
FIXTURES = Path(__file__).parent / "fixtures"
PASSWORD = "correct-horse-5f1d"
HOST_IPV4 = "1.2.3.4"
DISTRIBUTION = """network:
  version: 2
  ethernets:
    ens3:
      accept-ra: false
      addresses: [1.2.3.4/22]
      routes: [{to: default, via: 1.2.0.1}]
"""
PROGRAMS = {"docker", "netplan", "ufw", "nft", "ndppd", "apt-get", "python3"}
TUPLE = "### tuple ### route:allow {} {} {} any {} {} comment=6b6f6e672d69707636"
TABLE = 'table inet kong_ipv6 {\n\tchain forward {\n\t\ttype filter hook forward;\n\t\toifname "ens3" accept\n\t}\n}\n'


class Killed(BaseException):
    """SIGKILL, as far as the program can tell: nothing of it runs after this."""


class Docker(Engine):
    """Answers as a recorded engine, and keeps what is requested."""

    def __init__(self, server: Server, recording: str = "26.1.5") -> None:
        super().__init__()
        self.server, self.runs = server, True
        self.data: dict[str, Any] = json.loads((FIXTURES / "engine" / f"{recording}.json").read_text())
        self.inspected: dict[str, Any] = {self.data["kong"]["Id"]: self.data["kong"]}
        self.requests: list[tuple[str, str, Any]] = []
        self.refuse: Callable[[str, str, Any], Optional[str]] = lambda method, path, body: None

    def empty(self) -> Docker:
        """As on a fresh server, with the base images."""
        self.data["networks"] = [one for one in self.data["networks"] if one["Name"] in ("bridge", "host", "none")]
        self.data["containers"], self.inspected = [], {}
        self.data["images"] = [one for one in self.data["images"] if "kong-ipv6:local" not in (one["RepoTags"] or [])]
        return self

    def request(self, method: str, path: str, body: Any = None, timeout: float = 60) -> Any:
        if not self.runs:
            raise EngineError("connection refused")
        if method == "GET":
            return copy.deepcopy(self._get(path))
        self.requests.append((method, path, body))
        refusal = self.refuse(method, path, body)
        if refusal:
            raise EngineError(refusal)
        if path.endswith("/stop"):
            # In a thread of its own.
            return None
        self.server.tick()
        self.change_state(method, path, body)
        self.server.tick()
        return None

    def _get(self, path: str) -> Any:
        path, _, query = path.partition("?")
        kind, _, name = path.lstrip("/").partition("/")
        if kind in ("version", "info"):
            return self.data[kind]
        labels = re.findall(r"%22([a-z.-]+)%3D([^%]*)%22", query)
        if kind == "networks" and not name:
            return [one for one in self.data["networks"] if all(one["Labels"].get(k) == v for k, v in labels)]
        if kind == "networks":
            return self.find_network(name)
        if kind == "images":
            name = name[: -len("/json")]
            return next((one for one in self.data["images"] if name in (one["RepoTags"] or [])), None)
        if name == "json":
            paused = "paused" in query
            found = [one for one in self.data["containers"] if all(one["Labels"].get(k) == v for k, v in labels)]
            return [one for one in found if (one["State"] == "paused" or not paused)]
        return self.inspect(name[: -len("/json")])

    def find_network(self, name: str) -> Any:
        return next((one for one in self.data["networks"] if name in (one["Name"], one["Id"])), None)

    def listed(self, identity: str) -> Any:
        return next((one for one in self.data["containers"] if one["Id"] == identity), None)

    def inspect(self, identity: str) -> Any:
        one = self.listed(identity)
        if one is None or identity in self.inspected:
            return self.inspected.get(identity) if one else None
        health = {} if "kong-migration" in one["Names"][0] else {"Health": {"Status": "healthy"}}
        state = {"Status": one["State"], "ExitCode": 0, "Pid": 4711, **health}
        return {**one, "Name": one["Names"][0], "State": state, "Config": {"Labels": one["Labels"]}}

    def change_state(self, method: str, path: str, body: Any) -> None:
        path = path.partition("?")[0]
        parts = path.strip("/").split("/")
        if method == "DELETE" and parts[0] == "containers":
            self.data["containers"] = [one for one in self.data["containers"] if one["Id"] != parts[1]]
            self.inspected.pop(parts[1], None)
            shutil.rmtree(self.server.on("/proc/4711"), ignore_errors=True)
        elif method == "DELETE":
            bridge = self.server.plan.bridge if parts[1] == self.server.plan.network else "none"
            shutil.rmtree(self.server.on(f"/proc/sys/net/ipv6/conf/{bridge}"), ignore_errors=True)
            self.data["networks"] = [one for one in self.data["networks"] if parts[1] not in (one["Name"], one["Id"])]
        elif parts[-1] == "disconnect":
            for one in (self.listed(body["Container"]), self.inspected.get(body["Container"])):
                if one:
                    one["NetworkSettings"]["Networks"].pop(parts[1], None)
        elif parts[-1] == "connect":
            config = body["EndpointConfig"]
            at = {"IPAMConfig": config["IPAMConfig"], "Aliases": config["Aliases"], "GlobalIPv6Address": "2a03::abcd"}
            for one in (self.listed(body["Container"]), self.inspected.get(body["Container"])):
                if one:
                    one["NetworkSettings"]["Networks"][parts[1]] = at

    def add_network(self, name: str, subnet: str, **more: Any) -> None:
        self.data["networks"].append(
            {
                "Name": name,
                "Id": f"{len(self.data['networks']):012d}" * 5,
                "Driver": "bridge",
                "EnableIPv6": False,
                "IPAM": {"Config": [{"Subnet": subnet}]},
                "Options": {},
                "Labels": {},
                "Containers": {},
                **more,
            }
        )

    def add_container(self, service: str, networks: dict[str, Any], project: str = "kong-ipv6", **more: Any) -> str:
        identity = f"{service.encode().hex()}{len(self.data['containers'])}".ljust(64, "0")
        labels = {"project": project, "service": service, "config-hash": f"hash-{service}", "oneoff": "False"}
        one = {
            "Id": identity,
            "Names": [f"/{project}-{service}-1"],
            "Labels": {f"com.docker.compose.{key}": value for key, value in labels.items()} if project else {},
            "State": "exited" if service == "kong-migration" else "running",
            "Status": "Exited (0) 1 second ago" if service == "kong-migration" else "Up 1 second (healthy)",
            "HostConfig": {"NetworkMode": next(iter(networks), "bridge")},
            "NetworkSettings": {"Networks": networks, "Ports": {}},
            "Ports": [],
            "Mounts": [],
            **more,
        }
        self.data["containers"].append(one)
        return identity


class Server(System):
    """The primitives, on a folder. tick() is called around each: it may kill."""

    def __init__(self, recording: str = "26.1.5", fresh: bool = True) -> None:
        # In memory: a real disk takes its time to sync.
        memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        self.folder = Path(tempfile.mkdtemp(prefix="kong-ipv6-server-", dir=memory))
        self.root, repository = self.folder / "root", self.folder / "gw"
        shutil.copytree(EXAMPLE, repository, ignore=shutil.ignore_patterns("kong_ipv6"))
        self.stdout, self.stderr = io.StringIO(), io.StringIO()
        self.ticks, self.dies_at = 0, 0
        self.calls: list[tuple[str, ...]] = []
        self.answers: dict[str, Ran] = {}
        self.programs, self.units = set(PROGRAMS), {"docker.service": True, "systemd-networkd": True}
        self.addresses = [{"family": "inet", "local": HOST_IPV4, "prefixlen": 22, "scope": "global"}]
        self.addresses.append({"family": "inet6", "local": "fe80::5", "prefixlen": 64, "scope": "link"})
        self.extra_links: list[dict[str, Any]] = []
        self.neighbours: list[str] = []
        self.default_route = ""
        self.docker = Docker(self, recording)
        if fresh:
            self.docker.empty()
        self.restart_program(repository)
        self._file_system()
        self.write(self.repository.path / ".env", self.env())

    def restart_program(self, repository: Path) -> None:
        """A new process: what it has in memory is gone."""
        report = Report(self.stdout, self.stderr)
        journal = Journal(report.note, self.root)
        super().__init__(report, journal, (os.getuid(), os.getgid()))
        self.repository = Repository(repository)
        self.plan = plan.parse(self.repository.plan_json.read_text())
        compose, network = Compose(self, repository), Network(self, self.plan, report)
        self.context = Context(self.plan, self.repository, report, journal, self, self.docker, compose, network)

    def with_plan(self, **values: Any) -> None:
        """Other answers."""
        import dataclasses

        self.plan = dataclasses.replace(self.plan, **values)
        self.context = self.context._replace(plan=self.plan, network=Network(self, self.plan, self.report))

    def _file_system(self) -> None:
        for name in ("run", "var/lib", "lib/netplan", "run/netplan", "run/systemd/netif/links", "etc/docker"):
            (self.root / name).mkdir(parents=True)
        self.put("/etc/netplan/50-cloud-init.yaml", DISTRIBUTION)
        self.put("/etc/default/ufw", 'IPV6=yes\nDEFAULT_FORWARD_POLICY="DROP"\n')
        self.put("/etc/ufw/ufw.conf", "ENABLED=no\nLOGLEVEL=low\n")
        for name in ("user.rules", "user6.rules"):
            self.put(f"/etc/ufw/{name}", "*filter\n### RULES ###\n### END RULES ###\nCOMMIT\n")
        self.put("/proc/net/if_inet6", "")
        self.put("/proc/sys/net/ipv4/ip_forward", "1")
        for link in ("all", "default", "ens3", "own9"):
            for key, value in (("forwarding", "0"), ("disable_ipv6", "0"), ("accept_ra", "0"), ("proxy_ndp", "0")):
                self.put(f"/proc/sys/net/ipv6/conf/{link}/{key}", value)
        self.put("/sys/class/net/ens3/ifindex", "2")
        self.put("/sys/class/net/ens3/flags", "0x1003")
        self.put("/sys/class/net/ens3/address", "52:54:00:12:34:56")
        self.link_state()

    def link_state(self, setup: str = "configured", identity: str = "ens3") -> None:
        file = f"NETWORK_FILE=/run/systemd/network/10-netplan-{identity}.network" if identity else ""
        self.put("/run/systemd/netif/links/2", f"ADMIN_STATE={setup}\n{file}")

    def put(self, path: str, text: str) -> None:
        self.write(self.on(path), text)

    @staticmethod
    def write(path: Path, text: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o600 if path.name == ".env" else 0o644)

    def env(self, **values: str) -> str:
        text = (EXAMPLE / ".env.example").read_text().replace("replace-me", PASSWORD)
        for key, value in values.items():
            text = re.sub(rf"^{key}=.*$", f"{key}={value}", text, flags=re.MULTILINE)
        return text

    def close(self) -> None:
        shutil.rmtree(self.folder)

    # What the program does.

    def tick(self) -> None:
        self.ticks += 1
        if self.ticks == self.dies_at:
            raise Killed

    def have(self, program: str) -> bool:
        return program in self.programs

    def sleep(self, seconds: float) -> None:
        pass

    def wait(self, seconds: float, condition: Callable[[], bool], step: float = 0.05) -> bool:
        return any(condition() for _ in range(3))

    @contextmanager
    def uninterrupted(self) -> Generator[None, None, None]:
        yield

    def write_sysctl(self, key: str, value: str) -> bool:
        """For all, it is written to each interface, as the kernel does."""
        self.tick()
        if not super().write_sysctl(key, value):
            return False
        if key == "net.ipv6.conf.all.forwarding":
            for path in self.on("/proc/sys/net/ipv6/conf").glob("*/forwarding"):
                path.write_text(value)
        self.tick()
        return True

    def run(self, *command: str, **options: Any) -> Ran:
        line = " ".join(command)
        self.calls.append(command)
        for pattern, ran in self.answers.items():
            if re.search(pattern, line):
                return ran
        changes = self._changes(line)
        if changes:
            self.tick()
        try:
            return self._does(line, options)
        finally:
            if changes and not isinstance(sys.exc_info()[1], Killed):
                self.tick()

    def _changes(self, line: str) -> bool:
        return not re.search(r" (show|is-active|is-enabled|config|version|--validate|generate|list|cat)\b", line)

    def _does(self, line: str, options: dict[str, Any]) -> Ran:
        for pattern, act in ACTS:
            found = re.match(pattern, line)
            if found:
                answer = act(self, found)
                return answer if isinstance(answer, Ran) else Ran(0, answer or "", "")
        return Ran(0, "", "")

    # The programs that it starts.

    def links(self, _: re.Match[str]) -> str:
        own = {"ifname": "ens3", "address": "52:54:00:12:34:56", "linkinfo": {"info_kind": "veth"}}
        return json.dumps([{**own, "addr_info": self.addresses}, *self.extra_links])

    def global_addresses(self, _: re.Match[str]) -> str:
        lines = (
            f"2: ens3    {i['family']} {i['local']}/{i['prefixlen']} scope global ens3"
            for i in self.addresses
            if i["scope"] == "global"
        )
        return "\n".join(lines)

    def routes(self, found: re.Match[str]) -> str:
        return "default via 1.2.0.1 dev ens3 proto static\n" if found[1] == "4" else self.default_route

    def netplan_apply(self, _: re.Match[str]) -> str:
        file = self.on("/etc/netplan/60-kong-ipv6.yaml")
        text = file.read_text() if file.exists() else ""
        found = re.findall(r"([0-9a-f:]{8,})/(\d+)", text)
        self.addresses = [one for one in self.addresses if one["family"] == "inet" or one["scope"] == "link"]
        for address, length in found:
            self.addresses.append({"family": "inet6", "local": address, "prefixlen": int(length), "scope": "global"})
        self.default_route = "default via fe80::1 dev ens3 proto static metric 1024 pref medium\n" if found else ""
        return ""

    def add_address(self, found: re.Match[str]) -> str:
        family = "inet6" if ":" in found[1] else "inet"
        self.addresses.append({"family": family, "local": found[1], "prefixlen": int(found[2]), "scope": "global"})
        return ""

    def is_active(self, found: re.Match[str]) -> Ran:
        active = self.units.get(found[2], False)
        return Ran(0 if active else 3, "active\n" if active else "inactive\n", "")

    def start_unit(self, found: re.Match[str]) -> str:
        self.units[found[1]] = True
        if found[1] == "docker.service":
            file = self.on("/etc/docker/daemon.json")
            keys = json.loads(file.read_text()) if file.exists() else {}
            bridge = self.docker.find_network("bridge")
            bridge["EnableIPv6"] = keys.get("ipv6", False)
            bridge["IPAM"]["Config"] = [{"Subnet": "172.17.0.0/16"}]
            bridge["IPAM"]["Config"] += [{"Subnet": keys["fixed-cidr-v6"]}] if "fixed-cidr-v6" in keys else []
        return ""

    def stop_unit(self, found: re.Match[str]) -> str:
        self.units[found[1]] = False
        return ""

    def table(self, _: re.Match[str]) -> Ran:
        loaded = self.units.get("kong-ipv6-firewall.service", False)
        return Ran(0 if loaded else 1, TABLE if loaded else "", "")

    def ufw_rules(self, _: re.Match[str]) -> str:
        answers = self.plan
        for port in ("80", "443"):
            self.add_tuple(6, "tcp", port, answers.kong, "::/0", f"in_{answers.uplink}!out_{answers.bridge}")
        self.add_tuple(6, "any", "any", "::/0", answers.subnet, f"in_{answers.bridge}!out_{answers.uplink}")
        return ""

    def add_tuple(self, version: int, *fields: str) -> None:
        path = self.on(f"/etc/ufw/user{'6' if version == 6 else ''}.rules")
        line = TUPLE.format(*fields)
        if line not in path.read_text():
            path.write_text(path.read_text().replace("### END", f"{line}\n### END"))

    def ufw_delete(self, found: re.Match[str]) -> str:
        words = found[1].split()
        for path in (self.on("/etc/ufw/user.rules"), self.on("/etc/ufw/user6.rules")):
            lines = path.read_text().splitlines(keepends=True)
            mine = [one for one in lines if "kong" in one or "comment=" in one]
            gone = {one for one in mine if all(word in one or word in KEYWORDS for word in words)}
            path.write_text("".join(one for one in lines if one not in gone))
        return ""

    def make_network(self, _: re.Match[str]) -> str:
        answers = self.plan
        config = {"Subnet": answers.subnet, "Gateway": answers.subnet_gateway, "IPRange": answers.subnet_range}
        options = {"com.docker.network.bridge.name": answers.bridge}
        options["com.docker.network.bridge.gateway_mode_ipv6"] = "routed"
        labels = {"kong-ipv6.made-on": self.docker.data["version"]["Version"]}
        for key in ("forwarding", "dad_transmits", "router_solicitation_delay"):
            self.put(f"/proc/sys/net/ipv6/conf/{answers.bridge}/{key}", self.sysctl(f"net.ipv6.conf.all.{key}") or "1")
        self.docker.add_network(
            answers.network, answers.subnet, EnableIPv6=True, IPAM={"Config": [config]}, Options=options, Labels=labels
        )
        return ""

    def compose_up(self, _: re.Match[str]) -> str:
        answers, backend = self.plan, self.repository.backend_network
        if not self.docker.find_network(backend):
            labels = {"com.docker.compose.project": self.repository.project}
            self.docker.add_network(backend, answers.backend, Labels=labels)
        there = {one["Labels"].get("com.docker.compose.service") for one in self.docker.data["containers"]}
        for service in ("kong-database", "kong-migration", "kong"):
            if service in there:
                continue
            networks: dict[str, Any] = {backend: {"IPAMConfig": {}, "IPAddress": "172.30.0.2"}}
            if service == "kong":
                at = {"IPAMConfig": {"IPv6Address": answers.kong}, "GlobalIPv6Address": answers.kong}
                networks[answers.network] = at
            self.docker.add_container(service, networks, self.repository.project)
        gateway = ipaddress.ip_address(answers.subnet_gateway).packed.hex()
        route = f"{'0' * 32} 00 {'0' * 32} 00 {gateway} 00000400 00000001 00000000 00000003 eth0\n"
        self.put("/proc/4711/net/ipv6_route", route)
        self.put("/proc/4711/net/tcp", listening("127.0.0.1", 8001) + listening("127.0.0.1", 8007))
        self.put("/proc/4711/net/tcp6", listening("::", 80) + listening("::", 443))
        return ""

    def compose_build(self, _: re.Match[str]) -> str:
        self.docker.data["images"].append({"Id": "sha256:built", "RepoTags": ["kong-ipv6:local"]})
        return ""

    def install(self, found: re.Match[str]) -> str:
        self.programs = {*self.programs, "nft" if found[1] == "nftables" else found[1]}
        return ""

    def remove_image(self, _: re.Match[str]) -> str:
        images = self.docker.data["images"]
        self.docker.data["images"] = [one for one in images if "kong-ipv6:local" not in (one["RepoTags"] or [])]
        return ""


def listening(address: str, port: int) -> str:
    """A line of /proc/net/tcp or tcp6."""
    raw = ipaddress.ip_address(address).packed
    words = "".join(f"{struct.unpack('=I', raw[at : at + 4])[0]:08X}" for at in range(0, len(raw), 4))
    return f"   0: {words}:{port:04X} {'0' * len(words)}:0000 0A 00000000:00000000 00:00000000 00000000 0 0 1 1\n"


KEYWORDS = {"in", "on", "out", "to", "from", "port", "proto"}
SERVICES = "".join(f"{name} hash-{name}\n" for name in ("kong", "kong-migration", "kong-database"))
CONFIG = "services:\n  kong:\n    build:\n    image: kong-ipv6:local\n  kong-database:\n    image: postgres:17\n"

ACTS: list[tuple[str, Callable[[Server, re.Match[str]], Any]]] = [
    (r"ip -j -d addr show", Server.links),
    (r"ip -o addr show scope global", Server.global_addresses),
    (r"ip -(4|6) -o route show table all", Server.routes),
    (r"ip -(4|6) route show default$", Server.routes),
    (r"ip -6 neigh show proxy", lambda server, _: "".join(f"{one} proxy\n" for one in server.neighbours)),
    (r"ip addr add (\S+)/(\d+) dev", Server.add_address),
    (r"netplan apply", Server.netplan_apply),
    (r"systemctl (--quiet )?is-active (\S+)", Server.is_active),
    (r"systemctl restart (\S+)", Server.start_unit),
    (r"systemctl (?:--quiet )?stop (\S+)", Server.stop_unit),
    (r"nft list table", Server.table),
    (r".*/scripts/ufw\.sh$", Server.ufw_rules),
    (r"ufw route delete allow (.*)", Server.ufw_delete),
    (r".*/scripts/network\.sh$", Server.make_network),
    (r"docker compose version", lambda _, __: "2.26.1\n"),
    (r"timeout .* config --hash", lambda _, __: SERVICES),
    (r"timeout .* config$", lambda _, __: CONFIG),
    (r"timeout .* up ", Server.compose_up),
    (r"timeout .* build kong", Server.compose_build),
    (r"docker image rm", Server.remove_image),
    (r"docker run .* -u", lambda _, __: f"{os.getuid()}\n"),
    (r"apt-get .* install (\S+)$", Server.install),
    (r"dpkg-query", lambda _, __: Ran(1, "", "")),
    (r"iptables|ip6tables", lambda _, __: Ran(1, "", "")),
]


class Outside:
    """Stands for solicit.Outside: says what it is told to."""

    problem = ""
    dead: set[tuple[str, int]] = set()
    silent: set[str] = set()
    sources: dict[int, str] = {}

    def __init__(self, system: System, uplink: str) -> None:
        pass

    def __enter__(self) -> Outside:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def proxied(self, address: str) -> bool:
        return address not in self.silent

    def connects(self, address: str, port: int) -> bool:
        return (address, port) not in self.dead

    def leaves(self, process: int, version: int) -> str:
        return self.sources.get(version, HOST_IPV4 if version == 4 else "2a03:2222:3333:4444:300::8100")


LINK: dict[str, Any] = {"used": [], "delivery": "on-link"}


@contextmanager
def world() -> Generator[None, None, None]:
    """Nothing of the machine that the tests run on is asked or changed."""
    names = "kong_ipv6.resources."
    with (
        patch(f"{names}kong.Outside", Outside),
        patch(f"{names}ndp.Outside", Outside),
        patch(f"{names}kong.http_status", lambda *_: "HTTP/1.0 200 OK "),
        patch(f"{names}kong.reaches", lambda *_: True),
        patch.object(solicit, "used", lambda *_: LINK["used"]),
        patch.object(solicit, "delivery", lambda *_: LINK["delivery"]),
    ):
        yield


class Case(unittest.TestCase):
    """A test with a server of its own."""

    recording, fresh = "26.1.5", True

    def setUp(self) -> None:
        self.server = Server(self.recording, self.fresh)
        self.addCleanup(self.server.close)
        outside = world()
        outside.__enter__()
        self.addCleanup(outside.__exit__, None, None, None)

    def again(self) -> Server:
        """The next process on the same server."""
        answers = self.server.plan
        self.server.restart_program(self.server.repository.path)
        self.server.with_plan(**vars(answers))
        return self.server

    def refused(self) -> str:
        """The refusals, cause and remedy."""
        return "\n".join(f"{one.cause} | {one.remedy}" for one in refusals(self.again()))

    def planned(self, name: Optional[str] = None) -> str:
        return "\n".join(f"{one.what}: {one.text}" for one in changes(self.again(), name))

    def verified(self, *checks: str) -> str:
        """The results of these checks, one a line."""
        found = [one for one in results(self.again()) if not checks or one.check in checks]
        return "\n".join(f"{one.level} {one.check}: {one.detail}" for one in found)

    def applied(self) -> None:
        """Deployed, by a process that has ended."""
        code = run.apply(self.again().context, False)
        self.assertEqual(code, 0, self.server.stdout.getvalue() + self.server.stderr.getvalue())
        self.again()

    def write_env(self, text: str) -> None:
        self.server.write(self.server.repository.env, text)


def refusals(server: Server) -> list[Refusal]:
    facts = Facts(server.context)
    return [refusal for one in resources(server.context) for refusal in one.refuse(facts)]


def changes(server: Server, name: Optional[str] = None) -> list[Change]:
    facts = Facts(server.context)
    return [change for one in resources(server.context) for change in one.changes(facts) if name in (None, one.name)]


def results(server: Server) -> list[Result]:
    facts = Facts(server.context)
    return [result for one in resources(server.context) for result in one.verify(facts)]


__all__ = [
    "Case",
    "HOST_IPV4",
    "PASSWORD",
    "listening",
    "DISTRIBUTION",
    "EXAMPLE",
    "FIXTURES",
    "LINK",
    "Change",
    "Failure",
    "Killed",
    "Outside",
    "Ran",
    "ROOT",
    "Refusal",
    "Result",
    "Server",
    "changes",
    "refusals",
    "results",
    "run",
    "world",
]
