"""Whether Kong is well, and reached: what a client outside would find, as far as this server can tell."""

import ipaddress
import re
import socket
import struct
from collections.abc import Iterator
from typing import Optional

from ..engine import Json, endpoint, state_of
from ..facts import Facts
from ..plan import same, spelled
from ..report import Result
from ..solicit import Outside, reaches
from .base import Resource
from .containers import CONTROL_PLANE, explained

ADMIN_PORTS = (8001, 8002, 8007, 8444, 8445)
# The control plane's, for data planes.
CLUSTER = "8005/tcp"
# The state of a socket that waits for clients (linux/net/tcp_states.h: TCP_LISTEN; TCP_CLOSE for UDP).
LISTENS = {"tcp": "0A", "udp": "07"}
AGAIN = "sudo ./scripts/apply.sh"


class Kong(Resource):
    name = "kong"
    follows = ("docker", "compose")

    def apply(self) -> None:
        """Docker starts it all by itself."""
        self.report.doing("compose", "waiting for Kong")
        if not self.system.wait(120, self._answers):
            raise explained(self.context, "Kong did not become healthy")
        self.report.done("compose", "Kong answers")

    def _answers(self) -> bool:
        return " 200 " in http_status(*self.plan.status, "/status")

    def verify(self, facts: Facts) -> Iterator[Result]:
        if not facts.engine:
            return
        kong = facts.container("kong")
        if kong is None:
            yield Result("fail", "kong", "Kong has no container", AGAIN)
            return
        health = self._health("kong", kong)
        yield health
        if health.level == "fail":
            return
        yield from self._database(facts, kong)
        if self.plan.control_plane:
            yield from self._control_plane(facts.container(CONTROL_PLANE))
        yield self._address(kong)
        yield self._gateway(kong)
        yield from self._listeners(kong)
        yield self._own(facts)
        yield from self._outside(facts, kong)

    def by_hand(self, *arguments: str) -> str:
        return self.context.compose.by_hand(*arguments)

    def _health(self, service: str, container: Optional[Json]) -> Result:
        logs = self.by_hand("logs", "--tail", "20", service)
        return service_health(service.replace("kong-", ""), state_of(container), logs)

    def _database(self, facts: Facts, kong: Json) -> Iterator[Result]:
        if self.plan.database != "postgres":
            return
        database = facts.container("kong-database")
        health = self._health("kong-database", database)
        if database is None:
            yield health
            return
        address = str((endpoint(database, self.repository.backend_network) or {}).get("IPAddress", ""))
        if health.level == "ok" and address and not reaches(kong["State"]["Pid"], address, 5432):
            remedy = "nft list ruleset; iptables -S FORWARD: what drops packets within the bridge of kong-net?"
            health = Result("fail", "database", f"Kong doesn't reach it at {address}:5432", remedy)
        yield health
        ports = ports_of(database).items()
        published = " ".join(f"{port} -> {at['HostIp']}:{at['HostPort']}" for port, all_ in ports for at in all_)
        if published:
            remedy = "remove ports: from kong-database in docker-compose.yml, then sudo ./scripts/apply.sh"
            text = f"the database's port is published on the server: {published}"
            yield Result("fail", "database", text, remedy)

    def _address(self, kong: Json) -> Result:
        has = str((endpoint(kong, self.plan.network) or {}).get("GlobalIPv6Address", ""))
        if same(has, self.plan.kong):
            return Result("ok", "address", f"Kong has {self.plan.kong}")
        text = f"Kong has {has or 'no address'} on {self.plan.network}, not {self.plan.kong}"
        return Result("fail", "address", text, AGAIN)

    def _gateway(self, kong: Json) -> Result:
        via = default_gateway(self.system.text(f"/proc/{kong['State']['Pid']}/net/ipv6_route"))
        if same(via, self.plan.subnet_gateway):
            return Result("ok", "gateway", f"Kong sends IPv6 traffic through {self.plan.network}")
        text = f"Kong's IPv6 default route is {f'via {via}' if via else 'missing'}"
        remedy = f"disconnect Kong from other IPv6 networks; {self.by_hand('up', '-d', '--force-recreate', 'kong')}"
        return Result("fail", "gateway", text, remedy)

    def _listeners(self, kong: Json) -> Iterator[Result]:
        process, backend = f"/proc/{kong['State']['Pid']}/net", self.plan.backend_kong
        listening = listeners(self.system.text(f"{process}/tcp"), self.system.text(f"{process}/tcp6"))
        lacking = [port for port in (80, 443) if ("::", port) not in listening]
        for port in lacking:
            remedy = f"check KONG_PROXY_LISTEN in docker-compose.yml; {self.by_hand('logs', 'kong')}"
            yield Result("fail", "listeners", f"Kong doesn't listen on [::]:{port}", remedy)
        yield self._admin(kong, backend, listening)
        line = http_status(self.plan.kong, 80, "/")
        if not line:
            text = f"[{self.plan.kong}]:80 doesn't answer this server"
            yield Result("fail", "listeners", text, self.by_hand("logs", "kong"))
        elif not lacking:
            text = f"Kong listens on 80 and 443; [{self.plan.kong}]:80 answers {line.split(' ', 1)[1].strip()}"
            yield Result("ok", "listeners", text)

    def _control_plane(self, container: Optional[Json]) -> Iterator[Result]:
        health = self._health(CONTROL_PLANE, container)
        yield health
        if container and health.level == "ok":
            process = f"/proc/{container['State']['Pid']}/net"
            listening = listeners(self.system.text(f"{process}/tcp"), self.system.text(f"{process}/tcp6"))
            yield self._admin(container, self.plan.control_plane, listening)

    def _admin(self, container: Json, backend: str, listening: set[tuple[str, int]]) -> Result:
        """Whether the admin API can be reached from this server only: on 127.0.0.1 and on kong-net."""
        is_data_plane = self.plan.cluster and backend == self.plan.backend_kong
        private = {("127.0.0.1", 8001), ("127.0.0.1", 8007), (backend, 8007 if is_data_plane else 8001)}
        open_ = sorted(one for one in listening if one[1] in ADMIN_PORTS and one not in private)
        if open_:
            text = "Kong's admin ports listen on " + " ".join(spelled(*one) for one in open_)
            remedy = (
                f"in docker-compose.yml let KONG_ADMIN_LISTEN and similar settings use only 127.0.0.1 and {backend}"
            )
            return Result("fail", "admin", text, remedy)
        if any(re.match(r"8\d{3}/", port) and port != CLUSTER for port in ports_of(container)):
            remedy = "remove it from ports: in docker-compose.yml"
            return Result("fail", "admin", "an admin port is published on the server", remedy)
        if is_data_plane:
            return Result("ok", "admin", "a data plane has no admin API")
        return Result("ok", "admin", f"reachable only from this server: http://{backend}:8001")

    def _own(self, facts: Facts) -> Result:
        shown = self.system.output("ss", "-Hltnp", "( sport = :80 or sport = :443 )").splitlines()
        own = [line.split()[3] for line in shown if "docker-proxy" in line]
        addresses = ["[::]", "*", *(f"[{one.address}]" for one in facts.addresses("inet6"))]
        proxies = [one for one in own if one.rsplit(":", 1)[0] in addresses]
        if not proxies:
            return Result("ok", "own", "docker-proxy does not expose Kong on the server's own IPv6 address")
        text = f"docker-proxy exposes Kong on the server's own IPv6 address: {' '.join(proxies)}"
        return Result("fail", "own", text, 'publish the ports as "[::1]:80:80" in docker-compose.yml')

    def _outside(self, facts: Facts, kong: Json) -> Iterator[Result]:
        """What comes in from outside passes other rules than what this server sends itself."""
        if facts.uplink is None:
            return
        for outside in (facts.outside, facts.outside4):
            if outside.problem:
                text = f"traffic from outside can't be simulated on {outside.uplink}: {outside.problem}"
                yield Result("warn", "outside", text, "test from another machine")
                return
        yield self._reached(facts.outside, "IPv6", [self.plan.kong])
        if self.plan.ipv4_published:
            yield self._ipv4(facts, kong)
        yield from self._leaves(facts, int(kong["State"]["Pid"]))

    def _reached(self, outside: Outside, what: str, addresses: list[str]) -> Result:
        dead = [(one, port) for one in addresses for port in (80, 443) if not outside.connects(one, port)]
        if not dead:
            return Result("ok", what, f"80 and 443 are reached through {outside.uplink}: {' '.join(addresses)}")
        text = f"a client outside doesn't reach {' and '.join(spelled(*one) for one in dead)}"
        remedy = "ufw status verbose; nft list ruleset; iptables -S FORWARD: what drops it? sudo ./scripts/apply.sh"
        return Result("fail", what, text, remedy)

    def _ipv4(self, facts: Facts, kong: Json) -> Result:
        ports = {port: at for port, all_ in ports_of(kong).items() for at in all_ if ":" not in at["HostIp"]}
        lacking = [port for port in ("80", "443") if f"{port}/tcp" not in ports]
        if lacking:
            remedy = f"{AGAIN}; is it missing in ports: of docker-compose.yml?"
            return Result("fail", "IPv4", f"Docker doesn't publish Kong's {' and '.join(lacking)} on IPv4", remedy)
        bind = self.repository.setting("KONG_BIND_IP")
        own = [one.address for one in facts.addresses("inet", facts.ipv4_uplink)] if facts.ipv4_uplink else []
        addresses = own[:1] if bind == "0.0.0.0" else [one for one in own if one == bind]
        if addresses:
            return self._reached(facts.outside4, "IPv4", addresses)
        where = f"KONG_BIND_IP isn't on {facts.ipv4_uplink}" if facts.ipv4_uplink else "there is no IPv4 default route"
        text = f"80 and 443 are not tested: {where}"
        return Result("warn", "IPv4", text, "test from another machine")

    def _leaves(self, facts: Facts, process: int) -> Iterator[Result]:
        source, here = facts.outside.leaves(process, 6), facts.ipv4_uplink != ""
        if source != self.plan.kong:
            text = "Kong's outgoing IPv6 packets do not leave the server"
            text = f"Kong's outgoing IPv6 packets come from {source}, not from {self.plan.kong}" if source else text
            yield Result("fail", "outgoing", text, "nft list ruleset; ip -6 route")
        if here and not facts.outside4.leaves(process, 4):
            remedy = "ufw status verbose; iptables -S FORWARD; sysctl net.ipv4.ip_forward: what drops it?"
            yield Result("fail", "outgoing", "Kong's IPv4 has no way out", remedy)
        elif source == self.plan.kong:
            text = "Kong's IPv6 packets leave the server; IPv4 is not tested: there is no IPv4 default route"
            yield Result("ok", "outgoing", "Kong's packets leave the server" if here else text)


def service_health(check: str, state: str, remedy: str) -> Result:
    if state == "running/healthy":
        return Result("ok", check, "healthy")
    if state == "running/starting":
        return Result("ok", check, "running; Docker has not completed its first health check yet")
    return Result("fail", check, f"the container is {state}", remedy)


def ports_of(container: Json) -> dict[str, list[dict[str, str]]]:
    """What is published, by port; nothing for a port that is only exposed."""
    ports = container["NetworkSettings"].get("Ports") or {}
    return {port: at for port, at in ports.items() if at}


def listeners(ipv4: str, ipv6: str, protocol: str = "tcp") -> set[tuple[str, int]]:
    """Of /proc/PID/net/tcp and tcp6, or udp and udp6: in words of the machine's own byte order (proc_net_tcp(5))."""
    found: set[tuple[str, int]] = set()
    for line in (ipv4 + "\n" + ipv6).splitlines():
        fields = line.split()
        if len(fields) > 3 and fields[3] == LISTENS[protocol]:
            words, port = fields[1].split(":")
            raw = b"".join(struct.pack("=I", int(words[at : at + 8], 16)) for at in range(0, len(words), 8))
            found.add((str(ipaddress.ip_address(raw)), int(port, 16)))
    return found


def default_gateway(ipv6_route: str) -> str:
    """Of /proc/PID/net/ipv6_route; empty where there is no default route by a gateway."""
    for line in ipv6_route.splitlines():
        fields = line.split()
        if fields[:2] == ["0" * 32, "00"] and fields[4] != "0" * 32 and fields[9] != "lo":
            return str(ipaddress.ip_address(bytes.fromhex(fields[4])))
    return ""


def http_status(address: str, port: int, path: str, seconds: float = 5) -> str:
    """The first line of an HTTP answer; empty where there is none."""
    try:
        with socket.create_connection((address, port), timeout=seconds) as connection:
            connection.sendall(f"GET {path} HTTP/1.0\r\n\r\n".encode())
            line = connection.makefile("rb").readline().decode(errors="replace").strip()
    except OSError:
        return ""
    return line + " " if line.startswith("HTTP/") else ""
