"""Docker's daemon.json: our keys merged in. Only a restart puts them in force, a reload doesn't."""

import json
from collections.abc import Iterator

from .. import daemon_keys
from ..engine import subnets_of
from ..facts import Facts
from ..journal import Journal, beside
from ..plan import inside
from ..report import Change, Failure, Refusal, Result
from ..staging import DAEMON_JSON
from .base import Resource, Row


class DaemonJson(Resource):
    name = "docker"

    @property
    def ours(self) -> bytes:
        return (self.repository.path / f"host{DAEMON_JSON}").read_bytes()

    def refuse(self, facts: Facts) -> Iterator[Refusal]:
        path, remedy = DAEMON_JSON, "correct the file; it was not changed"
        try:
            if self.system.on(path).is_dir():
                raise ValueError("it is a directory")
            daemon_keys.parse((self.system.read(path) or b"").decode())
            path, remedy = f"host{DAEMON_JSON}", "correct it"
            daemon_keys.parse(self.ours.decode())
        except ValueError as error:
            yield Refusal(f"{path} is not valid: {error}", remedy)
            return
        remedy = "remove that key; systemctl restart docker"
        if facts.daemon_settings.get("iptables") is False:
            why = "then Kong doesn't see the clients' IPv4 addresses, and containers can't connect to the outside"
            yield Refusal(f'{DAEMON_JSON} has "iptables": false: {why}', remedy)
        if facts.daemon_settings.get("bridge") == "none":
            why = "without Docker's default bridge Kong's image can't be built"
            yield Refusal(f'{DAEMON_JSON} has "bridge": "none": {why}', remedy)
        path = facts.daemon_json_path
        why = self._validate(facts.staged[path].data) if facts.generation >= 23 and facts.changed(path) else ""
        if why:
            cause = f"dockerd rejects the merged daemon.json: {why}"
            yield Refusal(cause, f"correct {path} or host{DAEMON_JSON}; {path} was not changed")

    def _validate(self, data: bytes) -> str:
        """What dockerd says against it; from engine 23 on."""
        file = self.system.on("/run/kong-ipv6-daemon.json")
        try:
            file.write_bytes(data)
            ran = self.system.run("dockerd", "--validate", "--config-file", str(file))
        finally:
            file.unlink(missing_ok=True)
        return "" if ran.code in (0, 127) else (ran.out + ran.err).strip().split("\n")[-1] or "no message"

    def changes(self, facts: Facts) -> Iterator[Change]:
        self.facts = facts
        if not facts.changed(facts.daemon_json_path) and not facts.begun(self.name):
            return
        if facts.live_containers:
            text = "live-restore is on: docker0 gets IPv6 only if Docker restarts while no container runs"
            self.report.note("docker", text)
        yield Change("docker", "will be restarted, for daemon.json")

    def apply(self) -> None:
        path, was = self.facts.daemon_json_path, self.system.read(self.facts.daemon_json_path)
        self.report.doing("docker", "restarting it")
        if self.facts.changed(path):
            self.journal.record("docker", path, "merged")
            self.system.write_file(path, *self.facts.staged[path])
        if not self.restart():
            line = "journalctl --unit docker.service --no-pager --output cat --lines 5"
            self.report.output_of(self.system.output(*line.split()))
            # As it was before this run; where an earlier one was interrupted, before that.
            if was is not None and self.journal.fact("file", path) is not None:
                self.system.write_file(path, was, self.facts.staged[path].attributes)
            else:
                self.system.restore(path)
            self.system.run("systemctl", "reset-failed", "docker.service")
            self.system.run("systemctl", "restart", "docker.service")
            remedy = "the previous daemon.json was restored; see Docker's messages above"
            raise Failure("Docker doesn't start with the merged daemon.json", remedy)
        self.system.write_state(daemon_keys.LAST, self.ours)
        self.report.done("docker", "restarted, with IPv6")

    def restart(self) -> bool:
        return self.system.restart("docker.service") and self.system.wait(20, self.engine.answers)

    def verify(self, facts: Facts) -> Iterator[Result]:
        if not facts.engine:
            remedy = "systemctl start docker; journalctl -u docker"
            yield Result("fail", "engine", f"Docker doesn't answer: {facts.engine_error}", remedy)
            return
        yield Result("ok", "engine", f"Docker {facts.engine}")
        wanted = str(json.loads(self.ours or b"{}").get("fixed-cidr-v6", ""))
        bridge = facts.network("bridge")
        if bridge and bridge.get("EnableIPv6") and any(same_subnet(one, wanted) for one in subnets_of(bridge)):
            yield Result("ok", "daemon", f"daemon.json is in effect: docker0 has {wanted}")
            return
        text = f"daemon.json is not in effect: docker0 does not have {wanted}"
        remedy = "systemctl restart docker (a reload is not enough), or run apply.sh"
        if facts.live_containers:
            remedy = "stopped=$(docker ps -q); docker stop $stopped; systemctl restart docker; docker start $stopped"
            text += ". With live-restore Docker does not change docker0 while containers run"
        yield Result("fail", "daemon", text, remedy)

    def changed_paths(self, journal: Journal) -> list[str]:
        return [path for path in journal.names("docker") if journal.differs(path)]

    def take_out(self, path: str) -> None:
        """Our keys as they were before, all others as they are now; else the file as it was."""
        text = daemon_keys.taken_out(self.system, path, self.ours)
        if text is None:
            self.system.restore(path)
            return
        now, merged = self.system.text(path), self.system.read(daemon_keys.LAST) or self.ours
        # Another value of one of our keys is lost with it.
        other = daemon_keys.merge(now, daemon_keys.parse(merged.decode())) != now
        self.system.replace_file(path, text.encode(), aside=other)
        self.report.note("file", f"your other changes to {path} since apply.sh are kept")

    def undo(self, journal: Journal) -> None:
        for path in journal.names("docker"):
            # Of a run that was ended before it moved it to its place.
            beside(self.system.on(path)).unlink(missing_ok=True)
        paths = self.changed_paths(journal)
        pending = journal.fact("todo", "undo-docker") is not None
        if not paths and not pending:
            return
        journal.record("todo", "undo-docker", "begun")
        for path in paths:
            self.take_out(path)
        # Without the command a later run puts it into effect.
        if self.system.have("docker"):
            self.report.doing("docker", "restarting it")
            if not self.system.restart("docker.service"):
                raise Failure("Docker doesn't start", "journalctl -u docker")
            self._flush_bridge()
            journal.forget("todo", "undo-docker")
            self.report.done("docker", "restarted with its original daemon.json")

    def _flush_bridge(self) -> None:
        """Docker leaves the bridge's address and route there."""
        self.system.wait(20, self.engine.answers)
        bridge = self.engine.network("bridge")
        if bridge is None or bridge.get("EnableIPv6"):
            return
        self.system.run("ip", "-6", "addr", "flush", "dev", "docker0", "scope", "global")
        for line in self.system.output("ip", "-6", "route", "show", "dev", "docker0").splitlines():
            route = line.split(" ")[0]
            if not route.startswith(("fe80::", "ff00::")):
                self.system.run("ip", "-6", "route", "del", route, "dev", "docker0")

    def undo_rows(self, journal: Journal) -> Iterator[Row]:
        if self.changed_paths(journal):
            yield "restart", "docker", "for daemon.json"


def same_subnet(one: str, other: str) -> bool:
    address, _, length = one.partition("/")
    return inside(address, other) and length == other.partition("/")[2]
