"""The programs that are started: each has the answers and the effects that matter here. An unknown one fails."""

from __future__ import annotations

import re
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional, Union

from kong_ipv6 import confirm
from kong_ipv6.facts import Context
from kong_ipv6.system import Ran, System, sysctl_path

from . import compose, netplan, ufw

if TYPE_CHECKING:
    from .server import Server

FIREWALL, OVERLAP = "kong-ipv6-firewall.service", "kong-ipv6-overlap.service"
OK = Ran(0, "", "")
# Commands that change nothing.
READS = re.compile(r" (version|--validate|--show|--no-act|-S)( |$)")


class FakeSystem(System):
    """Files are real, below a temporary root. Programs, time and the kernel are not."""

    def __init__(self, server: Server, context: Any) -> None:
        super().__init__(context["report"], context["journal"], server.owner)
        self.server = server

    def have(self, program: str) -> bool:
        return program in self.server.programs

    def sleep(self, seconds: float) -> None:
        self.server.clock += seconds

    def wait(self, seconds: float, condition: Any, step: float = 0.05) -> bool:
        """Asks twice instead of for so many seconds."""
        return bool(condition() or condition())

    def write_sysctl(self, key: str, value: str) -> bool:
        self.server.happens("sysctl", key, value)
        if key in self.server.refused_sysctls or not self.exists(sysctl_path(key)):
            return False
        written = super().write_sysctl(key, value)
        self.server.kernel.follow(key)
        return written

    def run(
        self,
        *command: str,
        timeout: float = 1800,
        cwd: Union[str, Path, None] = None,
        env: Optional[dict[str, str]] = None,
        given: str = "",
        locked: bool = True,
    ) -> Ran:
        return self.server.programs_run.run(list(command), given)


class Programs:
    def __init__(self, server: Server) -> None:
        self.server = server
        # Answers of a test's own, by the beginning of the command: they come first.
        self.answers: dict[str, Ran] = {}

    def run(self, command: list[str], given: str = "") -> Ran:
        line = " ".join(command)
        self.server.commands.append(line)
        if given:
            self.server.inputs.append(given)
        for beginning, answer in self.answers.items():
            if line.startswith(beginning):
                if not READS.search(line):
                    self.server.happens("run", line)
                return answer
        if command[1:4] == ["-B", "-m", "kong_ipv6"]:
            return Ran(self.server.nested(command[4]), self.server.outputs[-1], "")
        if command[0].startswith((str(self.server.repository), str(self.server.root / "var"))):
            name = "script " + command[0].rsplit("/", 1)[1]
        else:
            name = command[0].rsplit("/", 1)[1] if command[0].startswith("/") else command[0]
        handler = getattr(self, "_" + re.sub(r"[ .-]", "_", name), None)
        if handler is None:
            raise AssertionError(f"unexpected program: {line}")
        result = handler(command[1:])
        return result if isinstance(result, Ran) else Ran(0, result or "", "")

    def changes(self, *line: str) -> None:
        self.server.happens("run", " ".join(line))

    # The network.

    def _ip(self, words: list[str]) -> str:
        if {"add", "del", "flush", "replace"} & set(words):
            self.changes("ip", *words)
        if words[:3] == ["-6", "neigh", "show"] and "proxy" not in words:
            return self.server.neighbour
        return self.server.kernel.ip(words)

    def _ss(self, words: list[str]) -> str:
        return self.server.connections if "established" in words else self.server.listening

    def _netplan(self, words: list[str]) -> Ran:
        if words[0] == "generate":
            return netplan.says(self.server, Path(words[2]))
        self.changes("netplan", *words)
        netplan.apply(self.server)
        return OK

    def _networkctl(self, words: list[str]) -> Ran:
        self.changes("networkctl", *words)
        netplan.proxies(self.server)
        return OK

    # systemd and packages.

    def _systemctl(self, words: list[str]) -> Ran:
        act, *units = [word for word in words if not word.startswith("--")]
        server, unit = self.server, units[0] if units else ""
        if act in ("is-active", "is-enabled", "cat"):
            good = {"is-active": server.active, "is-enabled": server.enabled, "cat": server.units()}[act]
            return Ran(0 if unit in good else 3, f"{act[3:] if unit in good else 'inactive'}\n", "")
        if act == "show":
            # systemd has just started.
            return Ran(0, f"{int(time.monotonic() * 1e6)}\n", "")
        if act != "reset-failed":
            self.changes("systemctl", *words)
        if act == "stop":
            server.stop(unit)
            if unit == confirm.TIMER:
                server.timer = ("", 0)
        elif act == "start" and unit == confirm.UNIT:
            return Ran(self.server.nested("revert"), "", "")
        elif act == "restart" and (unit in server.broken_units or not server.start(unit)):
            return Ran(1, "", f"Job for {unit} failed.\n")
        return OK

    def _systemd_run(self, words: list[str]) -> Ran:
        """Starts a timer; a test says when its time is up."""
        self.changes("systemd-run", *words)
        given = dict(word[2:].split("=", 1) for word in words)
        self.server.timer = (given["unit"], round(float(given["on-startup"])))
        return OK

    def _systemd_sysctl(self, words: list[str]) -> Ran:
        """Applies the files in /etc/sysctl.d again, for these keys."""
        self.changes("systemd-sysctl", *words)
        for path in sorted((self.server.root / "etc/sysctl.d").glob("*.conf")):
            for line in path.read_text().splitlines():
                key, _, value = line.partition("=")
                if f"--prefix={key.strip()}" in words:
                    self.server.kernel.sysctl(key.strip(), value.strip())
        return OK

    def _journalctl(self, words: list[str]) -> str:
        return "dockerd: its last words\n"

    def _apt_get(self, words: list[str]) -> Ran:
        self.changes("apt-get", *words)
        if "check" in words or "update" in words:
            return OK
        package = words[-1]
        if package in self.server.broken_packages:
            return Ran(100, "", f"E: Unable to locate package {package}\n")
        if "install" in words and package in ("ndppd", "nftables"):
            self.server.install(package)
        elif "purge" in words or "remove" in words:
            self.server.uninstall(package)
        return OK

    def _dpkg(self, words: list[str]) -> Ran:
        return OK if "--no-act" in words else Ran(1, "", "dpkg: error\n")

    def _dpkg_query(self, words: list[str]) -> Ran:
        if "${db:Status-Status}" in words:
            there = words[-1] in self.server.packages
            return Ran(0, "installed", "") if there else Ran(1, "", "no packages found\n")
        return OK

    # Filters.

    def _nft(self, words: list[str]) -> Ran:
        if words == ["-f", "-"]:
            self.changes("nft", *words)
            self.server.handover = self.server.inputs[-1]
            return OK
        if words[0] == "flush":
            self.changes("nft", *words)
            return OK
        if words[0] == "delete":
            self.changes("nft", *words)
            setattr(self.server, self._table(words), "")
            return OK
        found = getattr(self.server, self._table(words))
        return Ran(0, found, "") if found else Ran(1, "", "No such file or directory\n")

    def _table(self, words: list[str]) -> str:
        return {"kong_ipv6": "table", "kong_ipv6_overlap": "overlap", "kong_ipv6_handover": "handover"}[words[-1]]

    def _iptables(self, words: list[str]) -> Ran:
        return self._policy(words, self.server.forward_policy)

    def _ip6tables(self, words: list[str]) -> Ran:
        return self._policy(words, self.server.forward_policy6)

    def _policy(self, words: list[str], policy: str) -> Ran:
        return Ran(0, policy, "") if "-S" in words else Ran(0 if self.server.ufw_enabled else 1, "", "")

    def _ufw(self, words: list[str]) -> Ran:
        """Keeps our rules in its files, in its own words."""
        self.changes("ufw", *words)
        ufw.rule(self.server, words[2:] if words[1] == "allow" else words[3:], delete="delete" in words)
        return OK

    def _script_ufw_sh(self, words: list[str]) -> Ran:
        self.changes("scripts/ufw.sh")
        for rule in ufw.sh_rules(self.server):
            ufw.rule(self.server, rule.split(), delete=False)
        return OK

    # Docker.

    def _script_network_sh(self, words: list[str]) -> Ran:
        self.changes("scripts/network.sh")
        self.server.docker.create_network(self.server.docker.recording["networks"]["ipv6_exposed"])
        return OK

    def _dockerd(self, words: list[str]) -> Ran:
        return OK

    def _timeout(self, words: list[str]) -> Any:
        """timeout --foreground SECONDS COMMAND …"""
        return self._docker(words[3:]) if words[2] == "docker" else self._compose(words[3:])

    def _docker(self, words: list[str]) -> Any:
        docker = self.server.docker
        if words[0] == "compose":
            return self._compose(words[1:])
        if words[0] == "buildx":
            return self.server.buildx or Ran(1, "", "docker: 'buildx' is not a docker command\n")
        if words[0] == "logs":
            return "the last words of the container\n"
        self.changes("docker", *words)
        if words[0] == "start":
            docker.start(words[1])
        elif words[:2] == ["network", "create"]:
            name, options = words[-1], dict(word[2:].split("=", 1) for word in words[2:-1] if "=" in word)
            subnet = {
                "Subnet": options.get("subnet", ""),
                "Gateway": options.get("gateway", ""),
                "IPRange": options.get("ip-range", ""),
            }
            docker.create_network(
                {
                    "Name": name,
                    "Id": "f" * 64,
                    "Driver": options.get("driver", "bridge"),
                    "EnableIPv6": "--ipv6" in words,
                    "IPAM": {"Config": [subnet]},
                    "Options": dict(word[6:].split("=", 1) for word in words if word.startswith("--opt=")),
                    "Labels": {},
                }
            )
        elif words[:2] == ["image", "rm"]:
            docker.images.pop(words[2], None)
        elif words[0] == "run":
            return "1000\n"
        elif words[0] != "exec":
            raise AssertionError(f"unexpected docker command: {words}")
        return OK

    def _compose(self, words: list[str]) -> Any:
        server = self.server
        if words[:2] == ["--env-file", ".env.example"]:
            words = words[2:]
        if words[0] == "version":
            return server.compose_version or Ran(1, "", "")
        if words[0] == "config":
            return compose.config(server, "--hash" in words)
        self.changes("compose", *words)
        if words[0] == "build":
            server.docker.build()
        elif words[0] == "pull":
            server.docker.images["postgres:17"] = "sha256:pulled"
        elif words[0] == "up":
            compose.up(server, words[1:])
        return OK

    _docker_compose = _compose

    # The owner's hooks.

    def _script_hook(self, words: list[str]) -> Ran:
        return OK


def remove_tree(path: Path) -> None:
    shutil.rmtree(path, ignore_errors=True)


__all__ = ["FIREWALL", "OK", "OVERLAP", "Context", "FakeSystem", "Programs", "remove_tree"]
