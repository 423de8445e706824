"""What this server is and what differs from the repository: each fact is read once, when it is first needed."""

import re
import threading
from functools import cached_property
from typing import NamedTuple, Optional

from . import daemon_keys, staging, ufw_rules
from .engine import Compose, Engine, EngineError, Json, bridge_of
from .journal import Journal
from .network_state import HostNetwork
from .nft_table import FILTER, OVERLAP, NftTable
from .plan import Plan
from .report import Report, redacted
from .settings import Repository
from .solicit import Outside
from .system import System
from .uplink_facts import UplinkFacts


class Context(NamedTuple):
    """What a run has at hand."""

    plan: Plan
    repository: Repository
    report: Report
    journal: Journal
    system: System
    engine: Engine
    compose: Compose
    network: HostNetwork


class Facts(UplinkFacts):
    """Reads through the context's system and engine; unit tests give recorded answers to both."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.plan, self.system, self.journal = context.plan, context.system, context.journal

    def begin(self) -> None:
        """Compose's command line takes longest to answer: it is asked while everything else is read."""
        self._asking = threading.Thread(target=lambda: self.services)
        self._asking.start()

    def begun(self, name: str) -> bool:
        """A step that was begun and not ended is done again, whatever else the server says."""
        return self.journal.fact("todo", name) is not None

    # Docker.

    @cached_property
    def engine(self) -> str:
        """Its version; empty where it doesn't answer, for a reason that engine_error has."""
        try:
            return self.context.engine.version()
        except EngineError as error:
            self.engine_error = str(error)
            return ""

    @property
    def generation(self) -> int:
        return int(self.engine.split(".")[0]) if self.engine else 0

    @cached_property
    def info(self) -> Json:
        return self.context.engine.request("GET", "/info") or {} if self.engine else {}

    @property
    def nftables_backend(self) -> bool:
        return (self.info.get("FirewallBackend") or {}).get("Driver", "").startswith("nftables")

    @cached_property
    def networks(self) -> list[Json]:
        return self.context.engine.networks() if self.engine else []

    @cached_property
    def exposed(self) -> Optional[Json]:
        return self.network(self.plan.network)

    @cached_property
    def backend(self) -> Optional[Json]:
        return self.network(self.context.repository.backend_network)

    def network(self, name: str) -> Optional[Json]:
        """With its containers, which the list doesn't have."""
        if not any(one["Name"] == name for one in self.networks):
            return None
        return self.context.engine.network(name)

    @cached_property
    def containers(self) -> list[Json]:
        return self.context.engine.containers() if self.engine else []

    def of_project(self, project: Optional[str] = None) -> list[Json]:
        name = project or self.context.repository.project
        return [one for one in self.containers if label(one, "project") == name and label(one, "oneoff") != "True"]

    def container(self, service: str) -> Optional[Json]:
        """The service's container, inspected."""
        found = next((one for one in self.of_project() if label(one, "service") == service), None)
        return self.context.engine.container(found["Id"]) if found else None

    @cached_property
    def daemon_settings(self) -> Json:
        """The keys of daemon.json; none where it isn't valid."""
        try:
            return daemon_keys.parse(self.system.text(staging.DAEMON_JSON))
        except ValueError:
            return {}

    @property
    def opens_all(self) -> bool:
        """Whether Docker leaves IPv6 to others to filter: by default up to 26."""
        return self.generation < 27 or self.daemon_settings.get("ip6tables") is False

    @property
    def live_containers(self) -> bool:
        """As long as a container outlives Docker's restart, Docker leaves docker0 as it is."""
        live = self.daemon_settings.get("live-restore") is True
        return live and any(one["State"] == "running" for one in self.containers)

    @cached_property
    def services(self) -> dict[str, str]:
        """The hash of each service, as compose reads docker-compose.yml."""
        self.compose_error = ""
        compose, repository = self.context.compose, self.context.repository
        if not compose.find():
            return {}
        # Before .env is made from it.
        example = () if repository.env.exists() else ("--env-file", ".env.example")
        ran = compose.run(*example, "config", "--hash", "*")
        if ran.code != 0:
            lines = [line for line in ran.err.split("\n") if line and not re.match(r"time=.*level=warning", line)]
            self.compose_error = " ".join(redacted(line) for line in lines[-5:]) or "compose config fails"
        return dict(line.split()[:2] for line in ran.out.splitlines() if len(line.split()) > 1)

    @property
    def compose(self) -> Compose:
        if hasattr(self, "_asking"):
            self._asking.join()
        _ = self.services
        return self.context.compose

    # Filters.

    @cached_property
    def ufw(self) -> ufw_rules.UfwState:
        return ufw_rules.read(self.system)

    @property
    def filter(self) -> str:
        """Who filters what is forwarded: ufw, table or none. Docker 27 and later accepts a published port before ufw is
        asked. Only a drop of our table keeps others out of a port that is for some addresses only."""
        restricted = any(one.sources for one in self.plan.containers)
        if self.plan.firewall == "ufw" and self.ufw.active and not restricted:
            return "ufw"
        return "none" if self.plan.firewall == "none" else "table"

    @cached_property
    def table(self) -> str:
        """Our filter as it is loaded; empty where it isn't."""
        return FILTER.loaded(self.system)

    @cached_property
    def overlap_table(self) -> str:
        return OVERLAP.loaded(self.system)

    def lasts(self, table: NftTable) -> bool:
        """Whether the table's files are the staged ones, and its unit is active now and enabled at boot."""
        changed = self.changed(table.file) or self.changed(table.unit_file)
        return not changed and self.active(table.unit) and self.enabled(table.unit)

    @property
    def table_filters(self) -> bool:
        """A flush leaves empty chains, which let everything through."""
        empty = re.compile(r"chain [^ ]+ \{\n(\t\ttype [^\n]*\n)?\t\}")
        return bool(self.table) and not empty.search(self.table)

    @cached_property
    def other_bridges(self) -> list[str]:
        """Bridges that no network of Docker's has."""
        dockers = {bridge_of(one) for one in self.networks if one["Driver"] == "bridge"}
        names = (link["ifname"] for link in self.links if (link.get("linkinfo") or {}).get("info_kind") == "bridge")
        return sorted(set(names) - dockers - {self.plan.uplink, self.ipv4_uplink, self.plan.bridge})

    # The outside.

    @cached_property
    def outside(self) -> Outside:
        return Outside(self.system, self.plan.uplink).open()

    @cached_property
    def outside4(self) -> Outside:
        """The same where IPv4 comes in, which may be another interface."""
        if self.ipv4_uplink in ("", self.plan.uplink):
            return self.outside
        return Outside(self.system, self.ipv4_uplink, 4).open()

    def close(self) -> None:
        for name in ("outside", "outside4"):
            if name in vars(self):
                vars(self)[name].close()

    # Files.

    @cached_property
    def daemon_json_path(self) -> str:
        """The owner's daemon.json may be a link: it stays one, and its target is written."""
        return "/" + str(self.system.on("/etc/docker/daemon.json").resolve().relative_to(self.journal.root.resolve()))

    @cached_property
    def staged(self) -> dict[str, staging.File]:
        """Every file of host/ as it belongs on this server."""
        return staging.stage(self)

    def changed(self, path: str) -> bool:
        """Whether the server's file isn't the staged one."""
        file = self.staged.get(path)
        if file is None:
            return False
        return self.system.read(path) != file.data or self.system.attributes(path) != file.attributes

    def enabled(self, unit: str) -> bool:
        return self.system.on(f"/etc/systemd/system/multi-user.target.wants/{unit}").is_symlink()

    def active(self, unit: str) -> bool:
        return self.system.run("systemctl", "--quiet", "is-active", unit).code == 0

    @cached_property
    def networkd_manages(self) -> bool:
        """Whether networkd configures the uplink."""
        setup = self.context.network.networkd_setup()
        return setup in ("configured", "configuring") and self.active("systemd-networkd")

    @cached_property
    def sysctls(self) -> dict[str, str]:
        """What the staged files of sysctl.d set."""
        return {key: value for key, value in staging.sysctls(self.staged).items() if self.system.sysctl(key) != ""}


def label(container: Json, name: str) -> str:
    """A label of compose's on a container of the list."""
    return str((container.get("Labels") or {}).get(f"com.docker.compose.{name}", ""))
