"""The owner's .env, the data directory, and the database's password in a file of its own.

The password is in no argument, no output and no log: files carry it. The data is never deleted.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from ..facts import Facts
from ..journal import move, write_synced
from ..plan import Exposed, inside, same
from ..report import Change, Refusal
from ..settings import ASSIGNMENT
from .base import Resource, short_of_space

PASSWORD = "KONG_PG_PASSWORD"
UNSET = ("", "replace-me", "<secret>")
PUBLISH = "\n# Docker 27 accepts no other value for IPv6 (later versions ignore it).\nKONG_PUBLISH_IPV6=[::]\n"


class Secrets(Resource):
    name = "secrets"

    def refuse(self, facts: Facts) -> Iterator[Refusal]:
        setting = self.repository.setting
        for one in self.plan.containers:
            yield from self._address(one, setting(one.variable))
        if self.postgres and self.repository.env.exists() and setting(PASSWORD) in UNSET:
            yield Refusal("KONG_PG_PASSWORD in .env is not set", "set it to the output of: openssl rand -hex 32")
        if self.plan.ipv4_published:
            yield from self._ipv4(facts, setting("KONG_BIND_IP"))
        for given, _ in self.repository.cluster_files if self.plan.cluster else []:
            if not given.is_file():
                cause = f"cluster/{given.name} is missing: without it Kong can't connect to its control plane"
                yield Refusal(cause, "apply with the fleet's playbook, which copies it")
        if not setting("KONG_DATA_DIR"):
            yield Refusal("KONG_DATA_DIR in .env is not set", "set KONG_DATA_DIR=./data")
        yield from short_of_space(str(self.repository.data), 64)

    def _address(self, one: Exposed, address: str) -> Iterator[Refusal]:
        """The container gets the address of .env; everything else on the server is made for the plan's."""
        given, planned = f"{one.variable}={address} in .env", f"set {one.variable}={one.address}"
        if not inside(address, self.plan.subnet):
            yield Refusal(f"{given} is not inside the exposed subnet {self.plan.subnet}", planned)
        elif not same(address, one.address):
            other = f"; or npx create-kong-ipv6 regenerate --kong {address}" if one.name == "kong" else ""
            yield Refusal(f"{given} is not the planned address, {one.address}", planned + other)

    @property
    def postgres(self) -> bool:
        return self.plan.database == "postgres"

    def _ipv4(self, facts: Facts, bind: str) -> Iterator[Refusal]:
        has = [one.address for scope in ("global", "host", "link") for one in facts.addresses("inet", scope=scope)]
        if not bind:
            remedy = "set it to the server's IPv4 address, or to 0.0.0.0 for all addresses"
            yield Refusal("KONG_BIND_IP in .env is not set", remedy)
        elif bind not in ("0.0.0.0", self.plan.ipv4_netplan.split("/")[0], *has):
            here = " ".join(one.address for one in facts.addresses("inet", facts.ipv4_uplink or self.plan.uplink))
            cause = f"KONG_BIND_IP={bind} in .env is not an address of this server"
            yield Refusal(cause, f"set KONG_BIND_IP=0.0.0.0, or one of: {here}")

    def changes(self, facts: Facts) -> Iterator[Change]:
        env, data = self.repository.env, self.repository.data
        if not env.exists():
            extra = ", with a random KONG_PG_PASSWORD" if self.postgres else ""
            yield Change(".env", f"will be created from .env.example{extra}")
        elif env.stat().st_mode & 0o7:
            yield Change(".env", "will get mode 600: now every user of this server can read its password")
        # Docker 27 alone refuses a host address in the publication of a routed network.
        self.publish = facts.generation == 27 and self.repository.setting("KONG_PUBLISH_IPV6") != "[::]"
        if self.publish:
            yield Change(".env", "KONG_PUBLISH_IPV6=[::] will be added: Docker 27 accepts no other value")
        if not data.is_dir():
            yield Change("data", f"{data} will be created")
        if self.postgres and self.secret_differs():
            yield Change("secret", f"{self.repository.password_file} will be written, from .env")

        for _, file in self._cluster_changes():
            yield Change("secret", f"{file} will be written, from cluster/")

    def _cluster_changes(self) -> list[tuple[Path, Path]]:
        files = self.repository.cluster_files if self.plan.cluster else []
        return [(given, file) for given, file in files if read_secret(given) != read_secret(file)]

    def secret_differs(self) -> bool:
        file, setting = self.repository.password_file, self.repository.setting(PASSWORD)
        return not (self.repository.env.exists() and file.is_file() and read_secret(file) == setting)

    def new_password(self) -> bool:
        """Whether a database that was made with another one has to be told."""
        made = (self.repository.data / "postgres" / "PG_VERSION").exists()
        return self.postgres and made and self.secret_differs()

    def apply(self) -> None:
        env = self.repository.env
        if self.new_password():
            self.journal.record("todo", "password", "begun")
        if not env.exists():
            self.report.doing(".env", "creating it")
            self._make_env()
            self.report.done(".env", "created")
        elif env.stat().st_mode & 0o7:
            env.chmod(0o600)
            self.report.done(".env", "mode 600")
        if self.publish:
            with env.open("a") as file:
                file.write(PUBLISH)
                file.flush()
                os.fsync(file.fileno())
            self.report.done(".env", "KONG_PUBLISH_IPV6=[::]")
        self._make_data()

    def _make_env(self) -> None:
        # The one that the database was made with, where its file is still there.
        known = read_secret(self.repository.password_file)
        password = known or os.urandom(32).hex()
        lines = self.repository.example.read_text(errors="surrogateescape").splitlines()
        ours = [found is not None and found[1] == PASSWORD for found in map(ASSIGNMENT.match, lines)]
        if self.postgres:
            lines = [f"{PASSWORD}={password}" if our else line for our, line in zip(ours, lines)]
            lines += [] if any(ours) else [f"{PASSWORD}={password}"]
        text = "".join(f"{line}\n" for line in lines)
        new, whose = self.repository.env.with_name(".env.new"), self.repository.path.stat()
        write_synced(new, text.encode(errors="surrogateescape"), 0o600, whose.st_uid, whose.st_gid)
        move(new, self.repository.env)

    def _make_data(self) -> None:
        data, file = self.repository.data, self.repository.password_file
        make_directory(data, 0o755)
        for given, cluster_file in self._cluster_changes():
            self._write(cluster_file, given.read_bytes())
        if not self.postgres:
            return
        make_directory(data / "postgres", 0o700)
        if self.secret_differs():
            self._write(file, self.repository.setting(PASSWORD).encode(errors="surrogateescape"))

    def _write(self, file: Path, content: bytes) -> None:
        self.report.doing("secret", str(file))
        make_directory(file.parent, 0o700)
        file.parent.chmod(0o700)
        # Docker mounts the file itself: user kong reads it, on the server only root can.
        new = file.with_name(".new")
        write_synced(new, content, 0o444)
        move(new, file)
        self.report.done("secret", str(file))


def read_secret(file: Path) -> str:
    try:
        return file.read_text(errors="surrogateescape")
    except OSError:
        return ""


def make_directory(path: Path, mode: int, user: int = -1) -> None:
    """The directory gets its mode and owner before its name, so a killed run leaves none with the wrong ones."""
    if not path.is_dir():
        new = path.with_name(f"{path.name}.new")
        new.mkdir(parents=True, exist_ok=True)
        os.chmod(new, mode)
        os.chown(new, user, -1)
        move(new, path)
