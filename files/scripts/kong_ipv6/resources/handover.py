"""A second Kong answers while Kong's container is recreated.

It is started from the image and settings of the running one, on a network of its own. An nftables table sends new
connections to it; open ones complete at the first. When the new Kong is healthy, all of this is removed again. One
fact of the journal stands for it, from before it begins: the container, the network and the table have fixed names.
"""

import os
from collections.abc import Iterator

from ..engine import BRIDGE_NAME, GATEWAY_MODE, EngineError, Json, endpoint, state_of
from ..facts import Context, Facts
from ..journal import Journal
from ..report import Change, Failure
from .base import Resource, Row
from .compose import ComposeUp
from .compose_undo import start
from .containers import explained, identity_of
from .network import QUICK, Network

# The container, the network, and the comment of the rules.
NAME = "kong-ipv6-handover"
# Docker names its own bridges br-…: the snapshots of the server's network don't have them.
BRIDGE = "br-handover"
TABLE = ("inet", "kong_ipv6_handover")
# Only Kong itself may have these listeners: their addresses are its own.
OFF = ("KONG_ADMIN_LISTEN", "KONG_ADMIN_GUI_LISTEN")
# Of one container alone: labels of compose's, and names.
OWN = ("Labels", "Hostname", "Domainname", "MacAddress")


def tcp_ports(kong: Json) -> dict[str, list[dict[str, str]]]:
    """What is published, by the container's port."""
    bindings = kong["HostConfig"].get("PortBindings") or {}
    return {port[:-4]: at or [] for port, at in bindings.items() if port.endswith("/tcp")}


def second(kong: Json, generation: int) -> Json:
    """The body that creates the second Kong: like the first, but without its names, addresses and admin listener. Docker
    makes its accept rules for published ports only; on loopback they are in nobody's way."""
    # Docker 27 alone refuses a host address in the publication of a routed network.
    loopback = ("127.0.0.1", "::" if generation == 27 else "::1")
    ports = {f"{port}/tcp": [{"HostIp": one, "HostPort": ""} for one in loopback] for port in tcp_ports(kong)}
    config = {key: value for key, value in kong["Config"].items() if key not in OWN}
    env = [one for one in config.get("Env") or [] if one.split("=")[0] not in OFF]
    # In nanoseconds: nobody waits for the next turn of it.
    often = {**(config.get("Healthcheck") or {}), "Interval": 10**9, "StartInterval": 10**9}
    changed = {"NetworkMode": NAME, "PortBindings": ports, "RestartPolicy": {"Name": "no"}, "AutoRemove": False}
    return {
        **config,
        # Its name may be that of the next image by now.
        "Image": kong["Image"],
        "Healthcheck": often,
        "Env": [*env, *(f"{name}=off" for name in OFF)],
        "HostConfig": {**kong["HostConfig"], **changed},
        "NetworkingConfig": {"EndpointsConfig": {NAME: {"GwPriority": 1}}},
    }


def network() -> Json:
    """Its IPv6 subnet is a random ULA (RFC 4193). Docker chooses the one for IPv4."""
    digits = os.urandom(7).hex()
    subnet = f"fd{digits[:2]}:{digits[2:6]}:{digits[6:10]}:{digits[10:]}::/64"
    return {
        "Name": NAME,
        "Driver": "bridge",
        "EnableIPv6": True,
        "IPAM": {"Config": [{"Subnet": subnet}]},
        "Options": {BRIDGE_NAME: BRIDGE, GATEWAY_MODE: "routed"},
    }


def table(kong: Json, planned: str, ipv4: str, ipv6: str) -> str:
    """Sends new connections to Kong's published ports and public addresses to the second Kong's addresses. Only the first
    packet of a connection passes a nat chain; ours comes before Docker's."""
    networks = kong["NetworkSettings"]["Networks"].values()
    own = sorted({planned, *(at["GlobalIPv6Address"] for at in networks if at.get("GlobalIPv6Address"))})
    public, rules = "{ " + ", ".join(own) + " }", list[str]()
    for port, bindings in tcp_ports(kong).items():
        for one in bindings:
            address, host = one["HostIp"] or "0.0.0.0", one["HostPort"]
            if ":" not in address and host.isdigit():
                at = "meta nfproto ipv4 fib daddr type local" if address == "0.0.0.0" else f"ip daddr {address}"
                rules.append(f"{at} tcp dport {host} dnat ip to {ipv4}:{port}")
        rules.append(f"ip6 daddr {public} tcp dport {port} dnat ip6 to [{ipv6}]:{port}")
    lines = "\n\t\t".join(rules)
    name = " ".join(TABLE)
    return f"""table {name}
delete table {name}
table {name} {{
	chain prerouting {{
		type nat hook prerouting priority dstnat - 10; policy accept;
		{lines}
	}}
	chain postrouting {{
		type nat hook postrouting priority srcnat - 10; policy accept;
		ip6 saddr {ipv6} oifname != "{BRIDGE}" masquerade
	}}
}}
"""


class Handover(Resource):
    name = "handover"

    def __init__(self, context: Context, compose: ComposeUp) -> None:
        super().__init__(context)
        self.compose = compose
        self.kong = ""

    def changes(self, facts: Facts) -> Iterator[Change]:
        self.facts = facts
        kong = facts.container("kong")
        if kong is None or state_of(kong) != "running/healthy" or not self._recreated(facts, kong):
            return
        self.kong = str(kong["Id"])
        yield Change("handover", "a second Kong will answer while Kong's container is recreated")

    def _recreated(self, facts: Facts, kong: Json) -> bool:
        """Whether this run recreates or restarts it, while Docker, its database and kong-net stay as they are."""
        compose, labels = self.compose, kong["Config"].get("Labels") or {}
        docker = facts.changed(facts.daemon_json_path) or facts.begun("docker")
        if docker or not list(compose.changes(facts)) or compose.password or compose.move:
            return False
        hashed = labels.get("com.docker.compose.config-hash") != facts.services.get("kong")
        publish = facts.generation == 27 and self.repository.setting("KONG_PUBLISH_IPV6") != "[::]"
        restarted = bool(compose.build or compose.lost or compose.outdated or facts.begun("compose"))
        return restarted or hashed or publish or bool(Network(self.context).leaving(facts))

    def apply(self) -> None:
        if not self.kong:
            return
        # What takes minutes comes first.
        self.compose.prepare()
        self.report.doing("handover", "starting a second Kong")
        try:
            self._begin()
        except (Failure, EngineError) as error:
            remove(self.context)
            why = ": ".join(part for part in (str(error), getattr(error, "remedy", "")) if part)
            self.report.note("handover", f"Kong will be away for some seconds. No second Kong could be started: {why}")
            return
        self.report.done("handover", "a second Kong answers new requests")
        self.report.doing("handover", "Kong completes its open responses")
        stop(self.context, self.kong)

    def _begin(self) -> None:
        """Raises Failure or EngineError."""
        if not self.system.have("nft"):
            raise Failure("nftables is not installed")
        kong = self.engine.container(self.kong)
        if kong is None or state_of(kong) != "running/healthy":
            raise Failure("Kong is not healthy now")
        # One that an interrupted run has started may still answer.
        if state_of(self.engine.container(NAME)) != "running/healthy":
            remove(self.context)
            self._start(kong)
        at = endpoint(self.engine.container(NAME) or {}, NAME) or {}
        self._accept(at["IPAddress"], at["GlobalIPv6Address"])
        text = table(kong, self.plan.kong, at["IPAddress"], at["GlobalIPv6Address"])
        ran = self.system.run("nft", "-f", "-", given=text)
        if ran.code != 0:
            raise Failure("nft refuses its table", ran.err.strip().split("\n")[0])

    def _start(self, kong: Json) -> None:
        request = self.engine.request
        self.journal.record("handover", NAME, "begun")
        request("POST", "/networks/create", network())
        # Without it nothing is forwarded for up to two seconds.
        for key in QUICK:
            self.system.write_sysctl(f"net.ipv6.conf.{BRIDGE}.{key}", "0")
        request("POST", f"/containers/create?name={NAME}", second(kong, self.facts.generation))
        request("POST", f"/networks/{self.repository.backend_network}/connect", {"Container": NAME})
        request("POST", f"/containers/{NAME}/start", timeout=120)
        self.system.wait(60, lambda: state_of(self.engine.container(NAME)) != "running/starting", 0.2)
        state = state_of(self.engine.container(NAME))
        if state != "running/healthy":
            raise Failure("it did not become healthy", f"it is {state}")

    def _accept(self, ipv4: str, ipv6: str) -> None:
        """Where nothing else lets it through: ufw, and a policy of DROP."""
        for program, address in (("iptables", ipv4), ("ip6tables", ipv6)):
            if self.system.have(program) and "-P FORWARD DROP" in self.system.output(program, "-w", "-S", "FORWARD"):
                end = ("-m", "comment", "--comment", NAME, "-j", "ACCEPT")
                for match in (("-s", address), ("-d", address, "-m", "conntrack", "--ctstate", "DNAT")):
                    self.system.run(program, "-w", "-I", "FORWARD", *match, *end)


class HandoverEnd(Resource):
    name = "handover-end"
    follows = ("handover",)

    def changes(self, facts: Facts) -> Iterator[Change]:
        if self.journal.names("handover"):
            yield Change("handover", "the second Kong of an interrupted run will be removed")

    def apply(self) -> None:
        if not self.journal.names("handover"):
            return
        self.report.doing("handover", "waiting for Kong's health check")
        if not self.system.wait(120, self._healthy):
            raise explained(self.context, "Kong did not become healthy: until it is, a second Kong answers")
        self.report.doing("handover", "the second Kong completes its open responses")
        remove(self.context)
        self.report.done("handover", "Kong answers; the second Kong is removed")

    def _healthy(self) -> bool:
        return state_of(self.engine.container(identity_of(self.context, "kong"))) == "running/healthy"

    def undo(self, journal: Journal) -> None:
        if not journal.names("handover"):
            return
        self.report.doing("handover", "removing the second Kong")
        if self.system.have("docker") and not self.engine.answers():
            start(self.context, journal)
        remove(self.context)

    def undo_rows(self, journal: Journal) -> Iterator[Row]:
        for name in journal.names("handover"):
            yield "remove", "handover", f"the second Kong, {name}"


def remove(context: Context) -> None:
    """All of it, as far as it is there. Its open responses complete: the kernel translates their packets as long as
    there is a nat chain, even an empty one."""
    system, engine, loaded = context.system, context.engine, False
    if not context.journal.names("handover"):
        return
    if system.have("nft"):
        loaded = bool(system.output("nft", "list", "table", *TABLE))
    if loaded:
        system.run("nft", "flush", "chain", *TABLE, "prerouting")
    if system.have("docker"):
        if engine.container(NAME):
            stop(context, NAME)
            engine.change("DELETE", f"/containers/{NAME}?force=1&v=1", cause="Docker can't remove the second Kong")
        if engine.network(NAME):
            engine.change("DELETE", f"/networks/{NAME}", cause=f"Docker can't remove the network {NAME}")
    if loaded:
        system.run("nft", "delete", "table", *TABLE)
    drop_rules(context)
    context.journal.forget("handover", NAME)


def stop(context: Context, identity: str) -> None:
    """It completes its open responses first. Connections that are made and not yet accepted would be reset."""
    system, container = context.system, context.engine.container(identity) or {}
    process = f"/proc/{(container.get('State') or {}).get('Pid', 0)}/net"
    system.sleep(0.5)
    system.wait(10, lambda: not queued(system.text(f"{process}/tcp") + "\n" + system.text(f"{process}/tcp6")))
    cause = "Docker can't stop a Kong container"
    context.engine.change("POST", f"/containers/{identity}/stop{context.engine.grace}", cause=cause)


def queued(text: str) -> bool:
    """Whether a listening socket has connections that its program hasn't accepted (proc_net_tcp(5): its receive queue),
    or one is being made (linux/net/tcp_states.h: TCP_SYN_RECV)."""
    lines = [line.split() for line in text.splitlines() if len(line.split()) > 4]
    return any(one[3] == "03" or (one[3] == "0A" and one[4].partition(":")[2].strip("0")) for one in lines)


def drop_rules(context: Context) -> None:
    for program in ("iptables", "ip6tables"):
        listed = context.system.output(program, "-w", "-S", "FORWARD") if context.system.have(program) else ""
        for line in listed.replace('"', "").splitlines():
            if f"--comment {NAME} " in line:
                context.system.run(program, "-w", "-D", *line.split()[1:])
