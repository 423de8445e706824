"""The exposed Docker network; scripts/network.sh makes it. A network can't be changed in place: its containers are
taken off, it is removed and made, and they are put back. How each was connected is on disk before it is taken off.
"""

import re
from collections.abc import Iterator
from typing import Optional

from ..engine import BRIDGE_NAME, GATEWAY_MODE, MADE_ON, EngineError, Json, endpoint
from ..facts import Facts, label
from ..journal import Journal
from ..plan import Plan, inside, same
from ..report import Change, Failure, Refusal, Result
from .base import Resource, Row
from .compose_refusals import OURS, docker
from .handover import begin

BEFORE = "/var/lib/kong-ipv6/network.before."
QUICK = ("dad_transmits", "router_solicitation_delay")
# Options of `docker network connect`, and what the API calls them.
FIXED = {"ip": "IPv4Address", "ip6": "IPv6Address"}


def stale(maker: str, generation: int) -> bool:
    """Engines up to 26 take gateway_mode_ipv6 and ignore it, and what they store lacks it: after an upgrade such a
    network drops all that is sent to Kong (moby 27 and later). It looks like any other, so its maker is written on
    it."""
    found = re.match(r"(\d+)\.", maker)
    return generation >= 27 and (found is None or int(found[1]) < 27)


def difference(network: Optional[Json], plan: Plan, engine: str) -> str:
    """Why the network isn't as planned; empty where it is."""
    if network is None:
        return "it doesn't exist"
    options, labels = network.get("Options") or {}, network.get("Labels") or {}
    config = (network.get("IPAM") or {}).get("Config") or []
    if network["Driver"] != "bridge" or not network.get("EnableIPv6"):
        return "it is not an IPv6 bridge network"
    want = (plan.subnet, plan.subnet_gateway)
    subnet = next((one for one in config if (one.get("Subnet"), one.get("Gateway")) == want), None)
    if subnet is None:
        return f"its subnet isn't {plan.subnet} with the gateway {plan.subnet_gateway}"
    # Another range than planned is not worth an interruption, as long as Docker gives no planned address away.
    dynamic = subnet.get("IPRange") or plan.subnet
    for address in plan.solicited:
        if inside(address, dynamic):
            return f"Docker may give {address} to another container: its dynamic addresses are {dynamic}, not {plan.subnet_range}"
    if options.get(BRIDGE_NAME) != plan.bridge:
        return f"its bridge isn't {plan.bridge}"
    if options.get(GATEWAY_MODE) != "routed":
        return "its IPv6 gateway mode isn't routed"
    maker = labels.get(MADE_ON, "")
    if stale(maker, int(engine.split(".")[0])):
        made = f"it was created by an engine that ignores the routed mode ({maker or 'unknown'})"
        return f"{made}; this engine is {engine}"
    return ""


def arguments(network: Json) -> list[str]:
    """What makes the network as it is now, for `docker network create`."""
    found = [f"--driver={network['Driver']}"]
    found += [f"--{key.lower()}" for key in ("Internal", "Attachable") if network.get(key)]
    found += ["--ipv6"] if network.get("EnableIPv6") else []
    for one in (network.get("IPAM") or {}).get("Config") or []:
        for key, option in (("Subnet", "subnet"), ("Gateway", "gateway"), ("IPRange", "ip-range")):
            found += [f"--{option}={one[key]}"] if one.get(key) else []
    found += [f"--opt={key}={value}" for key, value in (network.get("Options") or {}).items()]
    return found + [f"--label={key}={value}" for key, value in (network.get("Labels") or {}).items()]


def connection(container: Json, network: str) -> str:
    """How a container is connected, as `docker network connect` takes it."""
    at = endpoint(container, network) or {}
    config, aliases = at.get("IPAMConfig") or {}, at.get("Aliases") or []
    words = [f"--{option}={config[key]}" for option, key in FIXED.items() if config.get(key)]
    return " ".join([*words, *(f"--alias={one}" for one in aliases if not container["Id"].startswith(one))])


def endpoint_config(words: list[str]) -> Json:
    values = [word[2:].split("=", 1) for word in words]
    ipam = {FIXED[option]: value for option, value in values if option in FIXED}
    return {"IPAMConfig": ipam, "Aliases": [value for option, value in values if option == "alias"]}


class Network(Resource):
    name = "network"

    def why(self, facts: Facts) -> str:
        return difference(facts.exposed, self.plan, facts.engine) if facts.engine else ""

    def earlier(self, facts: Facts) -> list[Json]:
        """The networks that earlier answers named, and that are still there."""
        names = set(self.journal.names("network")) - {self.plan.network}
        return [one for one in facts.networks if one["Name"] in names and ours(one)]

    def leaving(self, facts: Facts) -> list[Json]:
        """The networks that are going to be removed."""
        return self.earlier(facts) + ([facts.exposed] if facts.exposed and self.why(facts) else [])

    def members(self, network: str, containers: list[Json]) -> list[Json]:
        return [one for one in containers if network in ((one.get("NetworkSettings") or {}).get("Networks") or {})]

    def _recreated(self, container: Json, network: Json) -> bool:
        """Whether compose makes it again: Kong's, and those of the same project that Docker can't put back."""
        if label(container, "project") != self.repository.project:
            return False
        return label(container, "service") in OURS or self._bound(container, network)

    def _bound(self, container: Json, network: Json) -> bool:
        """Docker puts no container back that was made for a network of another name, or for this very one by its id."""
        mode, renamed = (container.get("HostConfig") or {}).get("NetworkMode", ""), network["Name"] != self.plan.network
        return mode == network["Id"] or (renamed and mode == network["Name"])

    def needs(self, facts: Facts) -> Iterator[Refusal]:
        yield from docker(self.context, facts)

    def refuse(self, facts: Facts) -> Iterator[Refusal]:
        for network in self.leaving(facts):
            for one in self.members(network["Name"], facts.containers):
                if self._recreated(one, network) or not self._bound(one, network):
                    continue
                called = one["Names"][0].lstrip("/")
                cause = f"{called} can't be connected to {self.plan.network}: it was created for {network['Name']}, which has to be removed"
                yield Refusal(cause, f"recreate the container on another network, first: docker rm --force {called}")

    def changes(self, facts: Facts) -> Iterator[Change]:
        self.facts, why, network = facts, self.why(facts), self.plan.network
        for one in self.earlier(facts):
            yield Change("network", f"{one['Name']} will be removed: the answers now name {network}")
        if why:
            yield Change("network", f"{network} will be set up: {why}")
        elif self.journal.names("member"):
            text = f"{network}: containers that an interrupted run disconnected will be connected again"
            yield Change("network", text)

    def apply(self) -> None:
        plan, network = self.plan, self.engine.network(self.plan.network)
        self.report.doing("network", plan.network)
        self._remember(network)
        kong = self.facts.container("kong")
        if kong and any(endpoint(kong, one["Name"]) for one in self.leaving(self.facts)):
            begin(self.context, kong)
        for one in self.earlier(self.facts):
            self.take_off(one)
            # One that was there before us comes back with rollback.sh: until then it would overlap.
            if self.journal.fact("network", one["Name"]) != "kept":
                self.journal.forget("network", one["Name"])
        if difference(network, plan, self.facts.engine):
            if network:
                self.take_off(network)
            script = str(self.repository.path / "scripts" / "network.sh")
            self.system.must((script,), f"Docker can't create the network {plan.network}")
        # At a boot they come from sysctl.d, which says why.
        for key in QUICK:
            self.system.write_sysctl(f"net.ipv6.conf.{plan.bridge}.{key}", "0")
        self.put_back(plan.network)
        self.report.done("network", f"{plan.network} on {plan.bridge}, {plan.subnet}, routed")

    def _remember(self, network: Optional[Json]) -> None:
        """What is there under the network's name before the first change of it."""
        name = self.plan.network
        if self.journal.fact("network", name) is None:
            if network:
                self.system.write_state(BEFORE + name, "\n".join(arguments(network)).encode())
            self.journal.record("network", name, "kept" if network else "absent")

    def take_off(self, network: Json) -> None:
        name, members = network["Name"], self.members(network["Name"], self.engine.containers())
        own = [one["Id"] for one in members if self._recreated(one, network)]
        others = [one["Id"] for one in members if one["Id"] not in own]
        for identity in others:
            container = self.engine.container(identity)
            self.journal.record("member", identity, connection(container, name) if container else "")
        for identity in others:
            body, cause = {"Container": identity, "Force": True}, f"Docker can't disconnect {identity[:12]} from {name}"
            self.engine.change("POST", f"/networks/{name}/disconnect", body, cause)
        if own and self.journal.fact("todo", "compose") is None:
            self.journal.record("todo", "compose", "begun")
            self.report.note("network", "Kong's container was removed with it. To recreate it: sudo ./scripts/apply.sh")
        for identity in own:
            cause = "Docker can't remove Kong's container"
            self.engine.change("DELETE", f"/containers/{identity}?force=1", cause=cause)
        self.engine.change("DELETE", f"/networks/{name}", cause=f"Docker can't remove the network {name}")

    def put_back(self, name: str) -> None:
        """The containers that were taken off; without a network it says which have lost theirs."""
        failed: list[str] = []
        for identity in self.journal.names("member"):
            container = self.engine.container(identity)
            called = container["Name"].lstrip("/") if container else ""
            if container and not name:
                self.report.note("network", f"{called} is no longer connected: its network was removed")
            elif container and endpoint(container, name) is None:
                why = self._connect(name, identity, called, (self.journal.fact("member", identity) or "").split())
                if why:
                    failed.append(f"{called} ({why})")
                    continue
            self.journal.forget("member", identity)
        if failed:
            remedy = f"docker network connect {name} NAME, or recreate the container there; then run this again"
            raise Failure(f"not connected to {name} again: {', '.join(failed)}", remedy)

    def _connect(self, name: str, identity: str, called: str, words: list[str]) -> str:
        """Why it isn't connected; empty where it is. The address that it had may be out of the new subnet: then it gets
        another."""
        fixed = [word.split("=", 1)[1] for word in words if word.startswith("--ip")]
        fitting = [word for word in words if not word.startswith("--ip6=") or inside(word[6:], self.plan.subnet)]
        why = ""
        for attempt in (words, fitting, [word for word in words if not word.startswith("--ip")]):
            try:
                body = {"Container": identity, "EndpointConfig": endpoint_config(attempt)}
                self.engine.request("POST", f"/networks/{name}/connect", body)
            except EngineError as error:
                why = str(error)
                continue
            container = self.engine.container(identity)
            at = endpoint(container, name) if container else None
            if at is None:
                return "Docker doesn't say that it is there"
            if attempt != words:
                has, how = at.get("GlobalIPv6Address", ""), f"docker network disconnect {name} {called}"
                text = f"{called} can't keep {' and '.join(fixed)} on {name}: its address is now {has}. For a fixed one: {how}"
                self.report.note("network", f"{text}; docker network connect --ip6 ADDRESS {name} {called}")
            return ""
        return why

    def verify(self, facts: Facts) -> Iterator[Result]:
        if not facts.engine:
            return
        plan, changes = self.plan, list(self.changes(facts))
        if changes:
            yield Result("fail", "network", self.why(facts) or changes[-1].text, "sudo ./scripts/apply.sh")
        else:
            routed = ", routed" if facts.generation >= 27 else ""
            yield Result("ok", "network", f"{plan.network}: bridge {plan.bridge}, {plan.subnet}{routed}")

    def undo(self, journal: Journal) -> None:
        """What there was before: nothing, or the network in another shape."""
        recorded, back = journal.names("network"), ""
        if not recorded or not self.system.have("docker"):
            return
        self.report.doing("network", self.plan.network)
        for name in recorded:
            network = self.engine.network(name)
            if network and (journal.fact("network", name) == "absent" or ours(network)):
                self.take_off(network)
        for name in recorded:
            if journal.fact("network", name) == "kept":
                if self.engine.network(name) is None:
                    self._make_again(name)
                back = name
        self.put_back(back)
        journal.forget_all("network")
        self.report.done("network", "restored")

    def _make_again(self, name: str) -> None:
        lines = self.system.text(BEFORE + name).split("\n")
        # Docker 29's command line printed what isn't set as "invalid Prefix".
        words = [line for line in lines if line and "=invalid " not in line]
        self.system.must(("docker", "network", "create", *words, name), f"Docker can't create the network {name}")

    def undo_rows(self, journal: Journal) -> Iterator[Row]:
        for name in journal.names("network"):
            yield "restore", "network", f"{name}: {journal.fact('network', name)}"


def ours(network: Json) -> bool:
    """Whether scripts/network.sh made it: then it carries its label."""
    return bool((network.get("Labels") or {}).get(MADE_ON))


def has_address(container: Json, plan: Plan) -> bool:
    """Whether Kong's container is on the exposed network, with the plan's address."""
    at = endpoint(container, plan.network)
    return at is not None and same(((at.get("IPAMConfig") or {}).get("IPv6Address") or ""), plan.kong)
