"""One server: a base that each test varies in one place."""

from __future__ import annotations

import contextlib
import functools
import io
import json
import os
import re
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Generator
from pathlib import Path
from typing import Any, Optional
from unittest import mock

import kong_ipv6.__main__ as program
from kong_ipv6 import conntrack, lock, packets, solicit, ufw_rules
from kong_ipv6.engine import Compose
from kong_ipv6.facts import Context, Facts
from kong_ipv6.journal import STATE, Journal
from kong_ipv6.network_state import HostNetwork
from kong_ipv6.plan import parse
from kong_ipv6.report import JsonReport, Report
from kong_ipv6.resources import kong, resources
from kong_ipv6.resources.base import Resource
from kong_ipv6.settings import Repository

from . import TOP, netplan, order
from .disk import Disk, Killed, tree
from .docker import FakeEngine
from .kernel import Kernel
from .outside import FakeOutside
from .programs import FIREWALL, OVERLAP, FakeSystem, Programs
from .recorded import recorded

PASSWORD = "not-to-be-printed-5f1d"
NETWORKD = "ADMIN_STATE=configured\nNETWORK_FILE=/run/systemd/network/10-netplan-ens3.network\n"


@functools.cache
def places(value: Any, modules: tuple[str, ...]) -> list[tuple[Any, str]]:
    """Where these modules have it, under whatever name: looked for once, not at each run."""
    return [
        (sys.modules[name], attribute)
        for name in modules
        for attribute, found in vars(sys.modules[name]).items()
        if found is value
    ]


class Server:
    """Debian with netplan, networkd and Docker; the repository is that of examples/recipe."""

    def __init__(self, engine: str = "28.5.2", **plan: Any) -> None:
        # In memory where possible: a rename on a disk takes milliseconds.
        memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        self.folder = Path(tempfile.mkdtemp(prefix="kong-ipv6-", dir=memory))
        self.root, self.repository = self.folder / "root", self.folder / "gateway"
        shutil.copytree(
            TOP / "examples" / "recipe" / "repo", self.repository, ignore=shutil.ignore_patterns("kong_ipv6")
        )
        self.change_plan(**plan)
        self.env(KONG_PG_PASSWORD=PASSWORD)
        (self.repository / ".env").chmod(0o600)
        self.owner = (os.getuid(), os.getgid())
        self.kernel = Kernel(self.root)
        self.docker = FakeEngine(self, recorded(engine, self.plan, self.repository))
        self.programs_run = Programs(self)
        self.disk, self.outside, self.outside4 = Disk(self), FakeOutside(self), FakeOutside(self)
        self._base()
        # What the program did, in order: (kind, what, detail); every command, and what was handed to one.
        self.events: list[tuple[str, str, str]] = []
        self.commands: list[str] = []
        self.inputs: list[str] = []
        self.printed = ""
        self.watched = True
        self.kill_at: Optional[int] = None
        # The timer's unit and seconds; what the runs printed that it started.
        self.timer: tuple[str, int] = ("", 0)
        self.outputs: list[str] = []

    def _base(self) -> None:
        """The facts that a test varies."""
        self.clock, self.command = 0.0, ""
        self.programs = {"apt-get", "ip", "docker", "dockerd", "netplan", "ss", "systemd-run"}
        self.packages: set[str] = {"docker.io", "netplan.io"}
        self.broken_packages: set[str] = set()
        self.active, self.enabled = {"docker.service", "systemd-networkd"}, set[str]()
        self.broken_units: set[str] = set()
        self.refused_sysctls: set[str] = set()
        self.free: dict[str, int] = {}
        self.table = self.overlap = self.handover = ""
        self.neighbour = self.connections = self.listening = self.buildx = ""
        self.forward_policy = self.forward_policy6 = "-P FORWARD ACCEPT\n"
        self.ufw_enabled = False
        self.compose_version, self.compose_error = "2.40.3\n", ""
        self.hashes: dict[str, str] = {}
        self.netplan_error = ""
        self.uses: list[str] = []
        # What Kong's process listens on, and where its default route goes.
        plan = self.plan
        self.listens = [
            ("0.0.0.0", 80),
            ("0.0.0.0", 443),
            ("::", 80),
            ("::", 443),
            ("127.0.0.1", 8001),
            (plan.backend_kong, 8001),
            ("127.0.0.1", 8007),
        ]
        self.kong_gateway = plan.subnet_gateway
        self.delivery = "on-link"
        for folder in (
            "etc/netplan",
            "etc/docker",
            "etc/systemd/system/multi-user.target.wants",
            "etc/sysctl.d",
            "var/lib",
            "run",
            "lib/netplan",
        ):
            (self.root / folder).mkdir(parents=True, exist_ok=True)
        self.write("/etc/netplan/50-cloud-init.yaml", netplan.CLOUD_INIT, 0o600)
        self.write("/run/systemd/netif/links/2", NETWORKD)
        netplan.apply(self)

    # The repository.

    def change_plan(self, **fields: Any) -> None:
        """Fields of plan.json; exposed__subnet is the one in the object exposed."""
        path = self.repository / "scripts" / "plan.json"
        data = json.loads(path.read_text())
        for name, value in fields.items():
            outer, _, inner = name.partition("__")
            if inner:
                data[outer][inner] = value
            else:
                data[outer] = value
        path.write_text(json.dumps(data))
        self.plan = parse(path.read_text())
        if "expose" in fields:
            self.env(**{one.variable: one.address for one in self.plan.expose})

    def env(self, **settings: Optional[str]) -> None:
        path = self.repository / ".env"
        text = path.read_text()
        for key, value in settings.items():
            text = re.sub(rf"^{key}=.*\n", "", text, flags=re.MULTILINE) + (
                f"{key}={value}\n" if value is not None else ""
            )
        path.write_text(text)

    # The server.

    def write(self, path: str, text: str, mode: int = 0o644) -> None:
        here = self.root / path.lstrip("/")
        here.parent.mkdir(parents=True, exist_ok=True)
        here.write_text(text)
        here.chmod(mode)

    def read(self, path: str) -> Optional[str]:
        here = self.root / path.lstrip("/")
        return here.read_text() if here.exists() else None

    def units(self) -> set[str]:
        files = {path.name for path in (self.root / "etc/systemd/system").glob("*.service")}
        return files | {"docker.service", "systemd-networkd"}

    def start(self, unit: str) -> bool:
        if unit == "docker.service":
            self.docker.default_bridge("fixed-cidr-v6" in (self.read("/etc/docker/daemon.json") or ""))
        elif unit == FIREWALL:
            text = self.read("/etc/kong-ipv6/firewall.nft")
            if text is None or "nft" not in self.programs:
                return False
            self.table = text[text.rindex("table inet kong_ipv6 {") :]
        elif unit == OVERLAP:
            text = self.read("/etc/kong-ipv6/overlap.nft")
            if text is None or "nft" not in self.programs:
                return False
            self.overlap = text[text.rindex("table ip6 kong_ipv6_overlap {") :]
        elif unit == "ndppd.service" and "ndppd" not in self.programs:
            return False
        self.active.add(unit)
        return True

    def stop(self, unit: str) -> None:
        self.active.discard(unit)
        if unit == FIREWALL:
            self.table = ""
        elif unit == OVERLAP:
            self.overlap = ""

    def install(self, package: str) -> None:
        self.packages.add(package)
        self.programs.add({"nftables": "nft"}.get(package, package))

    def uninstall(self, package: str) -> None:
        self.packages.discard(package)
        self.programs.discard({"nftables": "nft"}.get(package, package))

    def with_ufw(self, ipv6: str = "yes", enabled: bool = True) -> Server:
        """Debian's ufw: on, with IPv6."""
        self.programs |= {"ufw"}
        self.ufw_enabled = enabled
        self.write("/etc/default/ufw", f'IPV6={ipv6}\nDEFAULT_FORWARD_POLICY="DROP"\n')
        self.write("/etc/ufw/ufw.conf", f"ENABLED={'yes' if enabled else 'no'}\nLOGLEVEL=low\n")
        for path in ufw_rules.FILES.values():
            self.write(path, "*filter\n### RULES ###\n### END RULES ###\nCOMMIT\n", 0o640)
        return self

    def unmanaged(self) -> None:
        """As with ifupdown: the kernel itself takes router advertisements."""
        self.programs.discard("netplan")
        self.active.discard("systemd-networkd")
        (self.root / "run/systemd/netif/links/2").unlink()

    # Compose.

    @property
    def services(self) -> tuple[str, ...]:
        return ("kong-database", "kong-migration", "kong") if self.plan.database == "postgres" else ("kong",)

    def _forget(self, address: str, answers: str, also_open: bool = True) -> None:
        self.happens("forget", f"{address} {answers}{'' if also_open else ', closed ones'}")

    # What happens.

    def happens(self, kind: str, what: str, detail: str = "") -> None:
        """Each step that changes something, before it does. A run that was killed does nothing more."""
        if not self.watched or what.startswith("/run/"):
            return
        if self.kill_at is not None and len(self.events) >= self.kill_at:
            raise Killed
        self.events.append((kind, what, detail))
        order.check(self, kind, what)

    @property
    def rolling(self) -> bool:
        return self.command in ("rollback", "revert")

    # Running it.

    def context(self, report: Optional[Report] = None, name: str = "") -> Context:
        report = report or Report(io.StringIO(), io.StringIO())
        journal = Journal(report.note, self.root)
        system = FakeSystem(self, {"report": report, "journal": journal})
        compose, network = Compose(system, self.repository), HostNetwork(system, self.plan, report)
        return Context(self.plan, Repository(self.repository), report, journal, system, self.docker, compose, network)

    def _outside(self, uplink: str, version: int) -> FakeOutside:
        found = self.outside if version == 6 else self.outside4
        found.uplink = uplink
        return found

    @contextlib.contextmanager
    def patched(self) -> Generator[None, None, None]:
        """While this lasts the program is on this server."""
        with contextlib.ExitStack() as stack:
            for name, value in self.disk.patches().items():
                stack.enter_context(mock.patch.object(os, name, value))
            replaced: list[tuple[Any, Any]] = [
                (solicit.Outside, lambda _, uplink, version=6: self._outside(uplink, version)),
                (solicit.reaches, self.outside.reaches),
                (solicit.used, self.outside.used),
                (solicit.delivery, self.outside.delivered),
                (conntrack.forget_connections, self._forget),
                (kong.http_status, self.outside.http_status),
            ]
            loaded = tuple(name for name in sys.modules if name.startswith("kong_ipv6"))
            for original, stand_in in replaced:
                for module, attribute in places(original, loaded):
                    stack.enter_context(mock.patch.object(module, attribute, stand_in))
            yield

    def run(self, command: str, *arguments: str, kill_at: Optional[int] = None) -> int:
        """The whole command, as __main__ runs it. Its output is in printed, what it did in events."""
        out, err = io.StringIO(), io.StringIO()
        self.events, self.commands, self.inputs, self.command = [], [], [], command
        self.kill_at = kill_at
        signals = {number: signal.getsignal(number) for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT)}
        mask = os.umask(0o022)
        try:
            with self.patched(), mock.patch.dict(os.environ), contextlib.ExitStack() as stack:
                for kind in (Report, JsonReport):
                    made = functools.partial(kind, out, err)
                    stack.enter_context(mock.patch.object(program, kind.__name__, made))
                stack.enter_context(mock.patch.object(program, "context_for", self.context))
                stack.enter_context(mock.patch.object(lock, "LOCK", str(self.folder / "lock")))
                if kill_at is not None:
                    stack.enter_context(mock.patch.object(threading, "excepthook", lambda _: None))
                return program.main(command, list(arguments))
        finally:
            os.umask(mask)
            for number, handler in signals.items():
                signal.signal(number, handler)
            self.printed, self.kill_at, self.command = out.getvalue() + err.getvalue(), None, ""

    def nested(self, command: str) -> int:
        """A run that this run, or systemd, has started."""
        before = (self.events, self.commands, self.inputs, self.command, self.kill_at, self.printed)
        code = self.run(command)
        self.outputs.append(self.printed)
        self.events, self.commands, self.inputs, self.command, self.kill_at, self.printed = before
        return code

    def applied(self) -> Server:
        """After a first apply.sh."""
        code = self.run("apply")
        assert code == 0, self.printed
        return self

    def resource(self, name: str) -> tuple[Resource, Facts]:
        """One resource and the facts, for a test of one method: within patched()."""
        context = self.context()
        return next(one for one in resources(context) if one.name == name), Facts(context)

    def state(self) -> dict[str, Any]:
        """All that a rollback has to restore; the data and what the owner edited are kept."""
        files = {path: what for path, what in tree(self.root).items() if not path.startswith(STATE)}
        bridges = {name: one["EnableIPv6"] for name, one in self.docker.networks_by_name.items()}
        return {
            "files": files,
            "kernel": self.kernel.state(),
            "networks": bridges,
            "containers": sorted(self.docker.containers_by_id),
            "packages": sorted(self.packages),
            "active": sorted(self.active),
            "table": self.table,
            "overlap": self.overlap,
            "handover": self.handover,
        }

    def close(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


__all__ = ["PASSWORD", "Killed", "Server", "packets"]
