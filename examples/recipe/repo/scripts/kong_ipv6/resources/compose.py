"""The containers: Kong, its database, and what the owner has added to docker-compose.yml."""

from collections.abc import Iterator
from pathlib import Path
from typing import Optional

from ..engine import endpoint, images_in
from ..facts import Context, Facts, label
from ..journal import Journal
from ..report import Change, Failure, Refusal
from . import migrations, previous_image
from .base import NotUndone, Resource, Row, short_of_space
from .compose_refusals import OURS, backend_in_use, other_backend, refusals
from .containers import explained, identity_of, kongs, read_at_start, sum_at_start
from .handover import begin
from .network import Network, difference, has_address
from .previous_image import BUILT, IMAGE, recipe
from .secrets import Secrets, make_directory
from .ufw import builds_reach_outside

LOADED = "/var/lib/kong-ipv6/kong.yml.sha256"
# By its own socket, where it asks for no password. psql reads the new one from the mounted file.
SET_PASSWORD = "\\set password `cat /run/secrets/kong_pg_password`\nALTER USER kong PASSWORD :'password';\n"
READY = ("pg_isready", "--quiet", "--host=127.0.0.1", "--username=kong", "--dbname=kong")
NEEDS = "see above; this needs a network connection, and free space in Docker's directory"


class ComposeUp(Resource):
    name = "compose"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.compose = context.compose
        self.others: dict[str, list[str]] = {"pull": [], "build": []}

    def refuse(self, facts: Facts) -> Iterator[Refusal]:
        found = list(refusals(self.context, facts))
        yield from found
        if found or not facts.engine:
            return
        root = str(facts.info.get("DockerRootDir", "/var/lib/docker"))
        # Images are containerd's own with its store (the default of a fresh 29).
        if ["driver-type", "io.containerd.snapshotter.v1"] in (facts.info.get("DriverStatus") or []):
            root = "/var/lib/containerd"
        yield from short_of_space(root, 256)
        yield from backend_in_use(self.context, facts)

    def changes(self, facts: Facts) -> Iterator[Change]:
        self.facts, name = facts, self.repository.backend_network
        image = self.engine.image(IMAGE)
        self.build = self.system.text(BUILT) != f"{recipe(self.repository.path)} {image['Id'] if image else 'none'}"
        if self.build:
            yield Change("image", f"{IMAGE} will be built")
        self.password = facts.begun("password") or Secrets(self.context).new_password()
        if self.password:
            text = "its password will be set to the one in .env; the containers will be recreated"
            yield Change("database", text)
        self.move = other_backend(self.context, facts)
        if self.move:
            text = (
                f"{name} and all its containers will be recreated: its subnet is {self.move}, not {self.plan.backend}"
            )
            yield Change("network", text)
        self.lost = self._lost_container(facts)
        self.outdated = self._outdated_containers(facts)
        if self.outdated:
            what = "certificate" if self.plan.cluster else "kong.yml"
            yield Change("kong", f"Kong will be restarted: it has not loaded the present {what}")
        if not (self.build or self.password or self.move or self._due(facts)):
            return
        if self.lost:
            text = f"Kong is not connected to a network, or does not have {self.plan.kong} there: its container will be recreated"
            yield Change("compose", text)
        yield from self._images(facts.compose.version.startswith("1."))
        if facts.backend is None:
            yield Change("network", f"{name} will be created, for Kong and its other services")
        yield Change("compose", "the services will be started")

    def _due(self, facts: Facts) -> bool:
        """Whether compose has something to do, by what other resources change and what the containers are."""
        publish = facts.generation == 27 and self.repository.setting("KONG_PUBLISH_IPV6") != "[::]"
        replaced = bool(difference(facts.exposed, self.plan, facts.engine) or Network(self.context).earlier(facts))
        new = not self.repository.env.exists() or not all(path.is_dir() for path in self._folders())
        return publish or replaced or new or facts.begun(self.name) or self._differ(facts)

    def _lost_container(self, facts: Facts) -> str:
        """Kong's container, where it isn't on both of its networks with its address."""
        kong = facts.container("kong")
        if kong is None or (endpoint(kong, self.repository.backend_network) and has_address(kong, self.plan)):
            return ""
        return str(kong["Id"])

    def _outdated_containers(self, facts: Facts) -> dict[str, str]:
        """Kong's containers by service, if they started with another kong.yml or certificate: Kong reads it only then."""
        if not read_at_start(self.context) or self.system.text(LOADED) == sum_at_start(self.context):
            return {}
        found = {service: facts.container(service) for service in kongs(self.context)}
        return {service: str(one["Id"]) for service, one in found.items() if one}

    def _folders(self) -> list[Path]:
        """Kong's own in the data: a data plane also keeps its configuration."""
        return [self.repository.data / name for name in (["logs", "config"] if self.plan.cluster else ["logs"])]

    def _differ(self, facts: Facts) -> bool:
        """Whether a service has no container that is as it should be."""
        there = {(label(one, "service"), label(one, "config-hash")): one for one in facts.of_project()}
        for wanted in facts.services.items():
            service, one = wanted[0], there.get(wanted, {})
            state, status = one.get("State", ""), one.get("Status", "")
            runs = state == "running" and not (service in OURS and "(unhealthy)" in status)
            # The migrations, and a service of the owner's that does its work once.
            ended = service not in ("kong", "kong-database") and status.startswith("Exited (0)")
            if not ((runs and service != "kong-migration") or ended):
                return True
        return bool(self.lost)

    def _images(self, first: bool) -> list[Change]:
        """What compose would get on its own, within the time that it has for containers."""
        found: list[Change] = []
        self.others = {"pull": [], "build": []}
        example = () if self.repository.env.exists() else ("--env-file", ".env.example")
        config = self.compose.run(*example, "config").out
        for service, how, image in images_in(config, self.repository.project + ("_" if first else "-")):
            # Built above.
            if (how == "build" and image == IMAGE) or self.engine.image(image):
                continue
            self.others[how].append(service)
            change = Change("image", f"{image} will be {'pulled' if how == 'pull' else 'built'}")
            found += [change] if change not in found else []
        return found

    def prepare(self) -> None:
        """Gets the images, once. A run that ends after that leaves it to the next one to use them."""
        if self.build:
            self.journal.record("todo", self.name, "begun")
        self._get("pull", "pulling", "pulled")
        if self.build and previous_image.is_from(self.context):
            previous_image.use(self.context)
            self._built()
        with builds_reach_outside(self.context, self.facts, self.build or self.others["build"] != []):
            if self.build:
                self._build()
            self._get("build", "building", "built")

    def apply(self) -> None:
        # One server may have the containers of several: each is taken back.
        self.journal.record("project", self.repository.project, str(self.repository.path))
        self.prepare()
        if self.lost:
            self._remove_lost()
        self._unpause()
        if self.move:
            self._remove_backend()
        self.options = ("--force-recreate",) if self.password else ()
        self.report.doing("compose", "starting the services")
        # Creates all containers that differ in one go: with --no-deps, compose 2 would see a difference and recreate them.
        if self.compose.major > 1 and not self.compose.quietly("up", "--no-start", *self.options, seconds=180):
            raise self.failure("the containers can't be created")
        self._database()
        for service in kongs(self.context):
            self._up(service)
        self._load()

    def _load(self) -> None:
        """A new container has read it; the old one reads it when it starts again."""
        if not read_at_start(self.context):
            return
        loaded = sum_at_start(self.context)
        for service, outdated in self.outdated.items():
            if outdated == self.identity(service):
                self.report.doing("kong", f"restarting {service}")
                cause = f"Docker can't restart {service}"
                self.engine.change("POST", f"/containers/{outdated}/restart", cause=cause)
        self.system.write_state(LOADED, f"{loaded}\n".encode())

    def _remove_lost(self) -> None:
        self.report.doing("compose", "removing Kong's container")
        begin(self.context, self.engine.container(self.lost))
        if self.engine.container(self.lost):
            cause = "Docker can't remove Kong's container"
            self.engine.change("DELETE", f"/containers/{self.lost}?force=1", cause=cause)

    def _unpause(self) -> None:
        """Compose doesn't start a paused container. Its health checks have failed meanwhile, so it is stopped."""
        label_ = f"com.docker.compose.project={self.repository.project}"
        for one in self.engine.containers(label_, status=["paused"]):
            self.report.doing("compose", "stopping paused containers")
            for act in ("unpause", "stop"):
                cause = "Docker can't stop the paused containers"
                self.engine.change("POST", f"/containers/{one['Id']}/{act}", cause=cause)

    def _remove_backend(self) -> None:
        """Compose can't move a network from under its containers, or moves some of them only."""
        name = self.repository.backend_network
        self.report.doing("network", f"removing {name} and its containers")
        label_ = f"com.docker.compose.project={self.repository.project}"
        self.engine.remove_containers([one["Id"] for one in self.engine.containers(label_)])
        self.engine.change("DELETE", f"/networks/{name}", cause=f"Docker can't remove {name}")
        self.report.done("network", f"{name} and its containers are removed; both will be recreated")

    def _build(self) -> None:
        self.report.doing("image", f"building {IMAGE}", long=True)
        previous_image.keep(self.context)
        example = () if self.repository.env.exists() else ("--env-file", ".env.example")
        if not self.compose.quietly(*example, "build", "kong"):
            raise Failure(f"the image {IMAGE} can't be built", NEEDS)
        self._built()

    def _built(self) -> None:
        self.system.write_state(
            BUILT, f"{recipe(self.repository.path)} {previous_image.identity(self.context, IMAGE)}\n".encode()
        )
        self.build = False
        self.report.done("image", IMAGE)

    def _get(self, how: str, doing: str, done: str) -> None:
        """For the services that lack an image."""
        if not (lacking := self.others[how]):
            return
        # Before .env is made from it.
        example = () if self.repository.env.exists() else ("--env-file", ".env.example")
        names = " ".join(lacking)
        self.report.doing("image", f"{doing} {names}", long=True)
        if not self.compose.quietly(*example, how, *lacking):
            raise Failure(f"the images of these services can't be {done}: {names}", NEEDS)
        self.others[how] = []
        self.report.done("image", f"{names}: {done}")

    def identity(self, service: str) -> str:
        return identity_of(self.context, service)

    def _up(self, service: str) -> None:
        """Starts its container; one that is as it should be is left alone."""
        if self.compose.major == 1:
            # It attaches networks only when it starts a container itself.
            arguments = ("up", "--detach", "--no-deps", *self.options, service)
            if not self.compose.quietly(*arguments, seconds=180):
                raise self.failure(f"{service} doesn't start")
            return
        if not self.system.quietly("docker", "start", self.identity(service)):
            raise self.failure(f"{service} doesn't start")

    def _database(self) -> None:
        """In compose's own order, but without waiting for the next turn of its health checks: the first comes only after
        a whole interval."""
        if self.plan.database != "postgres":
            self._make_folders()
            return
        self._up("kong-database")
        self._make_folders()
        if not self.system.wait(120, self._ready):
            raise self.failure("the database did not become ready")
        if self.password:
            identity = self.identity("kong-database")
            psql = ("docker", "exec", "--interactive", identity, "psql", "--quiet", "--username=kong", "--dbname=kong")
            self.system.must(psql, "the database did not accept the new password", given=SET_PASSWORD)
            self.journal.forget("todo", "password")
            self.report.done("database", "the password is the one in .env")
        if self.compose.major == 1 or not migrations.complete(self.context):
            self._up("kong-migration")
        migrations.wait(self.context)

    def _ready(self) -> bool:
        """Asked again and again inside: docker exec takes much longer than the question."""
        identity, loop = self.identity("kong-database"), f"until {' '.join(READY)}; do sleep 0.1; done"
        inside = ("docker", "exec", identity, "timeout", "10", "sh", "-c", loop)
        # An image of the owner's may have no shell.
        ready = self.system.run(*inside, timeout=15).code == 0
        return ready or self.system.run("docker", "exec", identity, *READY).code == 0

    def _make_folders(self) -> None:
        missing = [path for path in self._folders() if not path.is_dir()]
        if missing:
            user = self.system.output(*f"docker run --rm --network none --entrypoint id {IMAGE} -u".split()).strip()
            for path in missing:
                make_directory(path, 0o755 if path.name == "logs" else 0o700, int(user or 0))

    def failure(self, cause: str) -> Failure:
        return explained(self.context, cause)

    def undo(self, journal: Journal) -> Optional[NotUndone]:
        from .compose_undo import undo

        return undo(self.context, journal)

    def undo_rows(self, journal: Journal) -> Iterator[Row]:
        for name in projects(journal):
            yield "remove", "compose", f"the containers of {name}; its data is kept"


def projects(journal: Journal) -> list[str]:
    """The names under which compose has made containers."""
    named = [journal.fact("repository", path) or "" for path in journal.names("repository")]
    return sorted({*journal.names("project"), *named} - {""})
