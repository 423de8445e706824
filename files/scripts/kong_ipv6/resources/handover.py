"""A second Kong answers while Kong's container is recreated: Docker can't change a network under a container.

It is made from the first one: the same image, environment, files and networks, but a network of its own instead of
the exposed one. The tables ip and ip6 kong_ipv6_handover translate what arrives for Kong to it. Open connections stay
where they are, and both containers end theirs before they stop. Its network is created first and removed last: as long
as it is there, something is left to remove.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Optional

from .. import ufw_rules
from ..conntrack import forget_connections
from ..engine import BRIDGE_NAME, EngineError, Json, endpoint, state_of
from ..facts import Context, Facts
from ..report import Change, Failure, Result
from .base import Resource
from .containers import explained, identity_of
from .kong import http_status
from .previous_image import IMAGE
from .ufw import HANDOVER, remember

NAME, TABLE = "kong-ipv6-handover", "kong_ipv6_handover"
# The first network by name has the default routes, and published ports are open there (libnetwork's order).
NETWORK = f"0-{NAME}"
# Docker 20.10 needs an IPv6 subnet. This one was drawn at random (RFC 4193); it is the same on all servers.
SUBNET = "fd8c:51d7:e2b0:6f::/64"
PORTS = "{ 80, 443 }"
RULES = (("in", "on", HANDOVER), ("out", "on", HANDOVER, "to", "any", "port", "80,443", "proto", "tcp"))
# The second Kong may take so long to start. Meanwhile deploy's timer is running.
SECONDS = 40


class Handover(Resource):
    """Removes the second Kong once Kong is healthy. begin() starts it before Kong's container is removed."""

    name = "handover"
    follows = ("compose",)

    def changes(self, facts: Facts) -> Iterator[Change]:
        if facts.network(NETWORK):
            yield Change("handover", "the second Kong of an interrupted run will be removed")

    def apply(self) -> None:
        if self.engine.network(NETWORK) is None:
            return
        self.report.doing("handover", "waiting until Kong is ready")
        kong = identity_of(self.context, "kong")
        if not self.system.wait(SECONDS, lambda: ready(self.context, kong, self.plan.kong)):
            raise explained(self.context, "Kong did not become healthy; a second Kong answers until the next run")
        end(self.context)
        self.report.done("handover", "Kong answers itself")

    def verify(self, facts: Facts) -> Iterator[Result]:
        if facts.network(NETWORK):
            yield Result("warn", "handover", "a second Kong answers instead of Kong", "sudo ./scripts/apply.sh")


def begin(context: Context, kong: Optional[Json]) -> None:
    """Before Kong's container is removed: it is stopped when a second one answers. A second one that fails does not end
    the run: Kong then doesn't answer for some seconds."""
    if (
        kong is None
        or not nothing_else_changes(context, kong)
        or not ready(context, kong["Id"], context.plan.backend_kong)
    ):
        return
    end(context)
    context.report.doing("handover", "starting a second Kong")
    try:
        if not _fits(context, kong):
            raise Failure("there is not enough memory for a second one")
        _start(context, kong)
    except (EngineError, Failure) as problem:
        cause = problem.cause if isinstance(problem, Failure) else str(problem)
        context.report.note("handover", f"Kong will not answer for some seconds: {cause}")
        end(context)
        return
    _stop(context, kong)
    context.report.done("handover", "a second Kong answers while Kong is recreated")


def _stop(context: Context, container: Json) -> None:
    """Waits until clients have received what nginx has sent, then stops the container: Docker drops data that is still
    unsent. Each takes at most the time in docker-compose.yml, or 10 seconds while a timer is running."""
    timer, process = context.journal.names("pending"), container["State"]["Pid"]
    seconds = 10 if timer else container["Config"].get("StopTimeout") or 10
    late = behind(context, process)

    def sent() -> bool:
        late.intersection_update(behind(context, process))
        return not late

    context.system.wait(seconds, sent)
    cause = "Docker can't stop Kong"
    context.engine.change("POST", f"/containers/{container['Id']}/stop?t={seconds}", cause=cause)


def behind(context: Context, process: int) -> set[str]:
    """The connections with data to be sent (tx_queue in proc_net_tcp(5))."""
    text = "\n".join(context.system.text(f"/proc/{process}/net/{name}") for name in ("tcp", "tcp6"))
    return set(re.findall(r"^ *\d+: (\S+ \S+) \S+ (?!0+:)\S+:", text, re.MULTILINE))


def _fits(context: Context, kong: Json) -> bool:
    """Whether as much memory is available as Kong uses now, and half of it again (proc_meminfo(5), in kB)."""
    stats = context.engine.request("GET", f"/containers/{kong['Id']}/stats?stream=false&one-shot=true") or {}
    used = (stats.get("memory_stats") or {}).get("usage", 0)
    available = re.search(r"^MemAvailable:\s+(\d+)", context.system.text("/proc/meminfo"), re.MULTILINE)
    return available is None or int(available[1]) * 1024 >= 1.5 * used


def nothing_else_changes(context: Context, kong: Json) -> bool:
    """Whether nothing but the exposed network changes: a second Kong of another version, or with another password or
    network of the database, would be of no use."""
    # Two data planes can't share data/config: LMDB's locks go by process ids, and each container has its own.
    if context.plan.cluster:
        return False
    at, image = endpoint(kong, context.repository.backend_network) or {}, context.engine.image(IMAGE) or {}
    same = at.get("IPAddress") == context.plan.backend_kong and image.get("Id") == kong["Image"]
    return same and context.system.have("nft") and context.journal.fact("todo", "password") is None


def _start(context: Context, kong: Json) -> None:
    engine, plan = context.engine, context.plan
    options = {BRIDGE_NAME: HANDOVER}
    network = {"Name": NETWORK, "Driver": "bridge", "EnableIPv6": True, "Options": options}
    engine.request("POST", "/networks/create", {**network, "IPAM": {"Config": [{"Subnet": SUBNET}]}})
    # Duplicate address detection would make the bridge unusable for a second.
    context.system.write_sysctl(f"net.ipv6.conf.{HANDOVER}.dad_transmits", "0")
    if _filtered(context):
        remember(context)
        for rule in RULES:
            command = ("ufw", "route", "allow", *rule, "comment", ufw_rules.COMMENT)
            context.system.must(command, "ufw rejected the rule for a second Kong")
    identity = engine.request("POST", f"/containers/create?name={NAME}", copy_of(kong, plan.backend_kong))["Id"]
    for name in kong["NetworkSettings"]["Networks"]:
        if name not in _exposed(context):
            engine.request("POST", f"/networks/{name}/connect", {"Container": identity})
    engine.request("POST", f"/containers/{identity}/start")
    at = endpoint(engine.container(identity) or kong, NETWORK)
    if at is None:
        raise Failure("a second Kong did not start", f"docker logs {NAME}")
    if not context.system.wait(SECONDS, lambda: ready(context, identity, at["GlobalIPv6Address"])):
        raise Failure("a second Kong did not become healthy", f"docker logs {NAME}")
    command = ("nft", "-f", "-")
    context.system.must(command, "nft can't translate to a second Kong", given=tables(context, kong, at))
    # conntrack remembers connections to addresses that did not exist yet, and NAT skips what it remembers.
    for address in addresses(context, kong)[1]:
        with suppress(OSError):
            forget_connections(address, address)


def _filtered(context: Context) -> bool:
    return context.plan.firewall != "none" and ufw_rules.read(context.system).enabled


def copy_of(kong: Json, backend: str) -> Json:
    """What Docker needs to create the second one. It can't have the first one's own address."""
    config, host = kong["Config"], kong["HostConfig"]
    own = rf"(?<![\d.]){re.escape(backend)}(?![\d.])"
    environment = [re.sub(own, "127.0.0.2", one) if "_LISTEN=" in one else one for one in config.get("Env") or []]
    # Any port of the server itself: Docker opens only ports that are published.
    published = [{"HostIp": "127.0.0.1", "HostPort": ""}, {"HostIp": "::1", "HostPort": ""}]
    bindings = dict.fromkeys(host.get("PortBindings") or {}, published)
    other = {"NetworkMode": NETWORK, "PortBindings": bindings, "RestartPolicy": {"Name": "always"}}
    changed = {"Image": kong["Image"], "Hostname": "", "Labels": {}, "Env": environment}
    return {**config, **changed, "HostConfig": {**host, **other}}


def ready(context: Context, identity: str, address: str) -> bool:
    """Runs the container's own health check now: Docker runs its first one only after a whole interval."""
    container = context.engine.container(identity) or {}
    if not state_of(container or None).startswith("running"):
        return False
    test = ((container.get("Config") or {}).get("Healthcheck") or {}).get("Test") or ["NONE"]
    command = test[1:] if test[0] == "CMD" else ["sh", "-c", *test[1:]]
    well = test[0] == "NONE" or context.system.run("docker", "exec", identity, *command, timeout=15).code == 0
    return well and http_status(address, 80, "/") != ""


def _exposed(context: Context) -> set[str]:
    """The names of the exposed network: the current one, and those of earlier answers."""
    return {context.plan.network, *context.journal.names("network")}


def addresses(context: Context, kong: Json) -> tuple[list[str], list[str]]:
    """Those that Kong's container has, and its others by the plan."""
    plan, networks = context.plan, kong["NetworkSettings"]["Networks"]
    has = [one["GlobalIPv6Address"] for name, one in networks.items() if name in _exposed(context)]
    planned = [plan.kong, *(one.address for one in plan.moved if one.name == "kong")]
    return has, [one for one in planned if one not in has]


def tables(context: Context, kong: Json, at: Json) -> str:
    """What arrives for Kong, before Docker's own rules see it; and what the second one requests itself comes from
    Kong's address."""
    four, six, (has, others) = at["IPAddress"], at["GlobalIPv6Address"], addresses(context, kong)
    arrives = [f"ip6 daddr {one} tcp dport {PORTS} dnat to {six}" for one in (*has, *others)]
    leaves = [f"ip6 saddr {six} oifname != {HANDOVER} snat to {context.plan.kong}"]
    published = []
    for port, bindings in (kong["HostConfig"].get("PortBindings") or {}).items():
        number, protocol = port.split("/")
        for one in bindings or []:
            if ":" not in one["HostIp"]:
                here = "fib daddr type local" if one["HostIp"] in ("", "0.0.0.0") else f"ip daddr {one['HostIp']}"
                published.append(f"{here} {protocol} dport {one['HostPort']} dnat to {four}:{number}")
    return _table("ip6", arrives, leaves) + _table("ip", published, [])


def _table(family: str, arrives: list[str], leaves: list[str]) -> str:
    into = ["chain prerouting {", "type nat hook prerouting priority -101;", *arrives, "}"]
    out = ["chain postrouting {", "type nat hook postrouting priority 99;", *leaves, "}"]
    return "\n".join([f"table {family} {TABLE} " + "{", *into, *out, "}", ""])


def end(context: Context) -> None:
    """Removes the second Kong, if there is one. It gets no new connections, and open ones may end first."""
    engine, system = context.engine, context.system
    if engine.network(NETWORK) is None:
        return
    context.report.doing("handover", "removing the second Kong")
    for family in ("ip", "ip6"):
        system.run("nft", "flush", "chain", family, TABLE, "prerouting")
    container = engine.container(NAME)
    if container:
        _stop(context, container)
        engine.change("DELETE", f"/containers/{container['Id']}?force=1", cause="Docker can't remove the second Kong")
    for family in ("ip", "ip6"):
        system.run("nft", "delete", "table", family, TABLE)
    if _filtered(context):
        for rule in RULES:
            system.quietly("ufw", "route", "delete", "allow", *rule)
    engine.change("DELETE", f"/networks/{NETWORK}", cause=f"Docker can't remove {NETWORK}")
