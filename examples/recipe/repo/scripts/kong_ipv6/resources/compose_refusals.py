"""Why the containers can't be brought up: Docker, compose, another repository's containers, ports in use."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from ..engine import Json, subnets_of
from ..facts import Context, Facts, label
from ..plan import spelled
from ..report import Refusal
from ..settings import Repository

OURS = ("kong", "kong-control-plane", "kong-migration", "kong-database")


def refusals(context: Context, facts: Facts) -> Iterator[Refusal]:
    yield from docker(context, facts)
    if context.system.have("docker"):
        yield from compose(facts)
    if facts.engine:
        found = list(project(context, facts))
        yield from found or ports(context, facts)


def docker(context: Context, facts: Facts) -> Iterator[Refusal]:
    if not context.system.have("docker") and context.system.exists("/snap/bin/docker"):
        cause = "Docker is installed as a snap, which doesn't read /etc/docker/daemon.json"
        yield Refusal(cause, "snap remove docker; apt-get install docker.io")
    elif not context.system.have("docker"):
        remedy = "apt-get install docker.io docker-compose, or install Docker's own packages"
        yield Refusal("Docker is not installed", remedy)
    elif not facts.engine:
        remedy = "systemctl start docker; if that fails: journalctl -u docker"
        yield Refusal(f"Docker doesn't answer: {facts.engine_error}", remedy)
    elif [int(part) for part in re.findall(r"\d+", facts.engine)[:2]] < [20, 10]:
        yield Refusal(f"Docker {facts.engine} is too old: this gateway needs 20.10 or newer", "upgrade Docker")


def compose(facts: Facts) -> Iterator[Refusal]:
    command = facts.compose
    if not command.version:
        remedy = "apt-get install docker-compose (or docker-compose-plugin)"
        yield Refusal("neither docker compose 2 nor docker-compose 1.29 is installed", remedy)
    elif facts.compose_error:
        cause = f"docker-compose.yml or .env has an error: {facts.compose_error}"
        yield Refusal(cause, f"correct it; details: {command.by_hand('config')}")
    # Compose 5 builds by it, and only recommends it.
    if command.major >= 5:
        shown = re.search(r"(\d+)\.(\d+)", facts.context.system.output("docker", "buildx", "version"))
        if not shown or (int(shown[1]), int(shown[2])) < (0, 17):
            has = f"there is {shown[0]}" if shown else "it is missing"
            cause = f"docker compose {command.version} builds with buildx 0.17 or newer, and {has}"
            yield Refusal(cause, "apt-get install docker-buildx-plugin (Debian's own: docker-buildx)")


def project(context: Context, facts: Facts) -> Iterator[Refusal]:
    """Under another name compose would create a second set of containers, and find ports and addresses taken. Under the
    same name it would take over the other repository's containers."""
    here, name = context.repository.path, context.repository.project
    folders = sorted({label(one, "project.working_dir") for one in facts.of_project()} - {""})
    for other in folders:
        if Repository(Path(other)).compose_file.is_file() and not os.path.samefile(other, here):
            remedy = (
                f"run apply.sh there; or remove that gateway first: sudo {other}/scripts/rollback.sh; "
                f"or, if this directory with its .env and data replaces it: mv {other} {other}.old"
            )
            yield Refusal(f"the gateway on this server belongs to {other}, which still exists", remedy)
            return
    for earlier in context.journal.names("project"):
        if earlier == name or context.journal.fact("project", earlier) != str(here) or not facts.of_project(earlier):
            continue
        down = facts.compose.by_hand("--project-name", earlier, "down")
        cause = f"COMPOSE_PROJECT_NAME={name} in .env is not the project name of the existing containers: {earlier}"
        remedy = f"set COMPOSE_PROJECT_NAME={earlier}; or remove the containers first (the data is kept): {down}"
        yield Refusal(cause, remedy)
        return


def in_the_way(address: str, bind: str) -> bool:
    """Whether what listens at this address on 80 or 443 takes a port from Kong."""
    address = re.sub(r"%.*", "", address).strip("[]")
    four = address != "" and ":" not in address and address != "*"
    if address in ("", "*", "::", "::1"):
        return True
    return (bind == "0.0.0.0" and four) or (bind != "" and address == "0.0.0.0") or address == bind


def ports(context: Context, facts: Facts) -> Iterator[Refusal]:
    bind, taken = context.repository.setting("KONG_BIND_IP"), list[str]()
    for line in context.system.output("ss", "-Hltnp", "( sport = :80 or sport = :443 )").splitlines():
        at = line.split()[3]
        program = re.search(r'users:\(\("([^"]*)"', line)
        if '"docker-proxy"' not in line and in_the_way(at.rsplit(":", 1)[0], bind):
            taken.append(f"{at} ({program[1]})" if program else at)
    if taken:
        cause = f"ports that Kong needs are in use on this server: {', '.join(taken)}"
        yield Refusal(cause, "stop that program, or let it listen on other addresses")
    for one in facts.containers:
        at = published(one, bind) if one["State"] == "running" else []
        if at and label(one, "project") != context.repository.project:
            cause = f"the container {one['Names'][0].lstrip('/')} publishes port 80 or 443: {' '.join(at)}"
            yield Refusal(cause, "stop it, or publish it on another address")


def published(container: Json, bind: str) -> list[str]:
    """Where a container publishes 80 or 443 in Kong's way."""
    ports = [one for one in container.get("Ports") or [] if one.get("Type") == "tcp"]
    found = [(str(one.get("IP", "")), one["PublicPort"]) for one in ports if one.get("PublicPort") in (80, 443)]
    return [spelled(ip, port) for ip, port in found if in_the_way(ip, bind)]


def other_backend(context: Context, facts: Facts) -> str:
    """The subnet that kong-net has instead of the plan's; empty where it is the plan's, or the owner's own."""
    now = next(iter(subnets_of(facts.backend)), "")
    compose = context.repository.compose_file.read_text()
    return "" if now in ("", context.plan.backend) or now in compose else now


def backend_in_use(context: Context, facts: Facts) -> Iterator[Refusal]:
    """kong-net can't be moved from under other containers."""
    now, name = other_backend(context, facts), context.repository.backend_network
    here = ((facts.backend or {}).get("Containers") or {}).keys()
    others = [one for one in facts.containers if label(one, "project") != context.repository.project]
    on = " ".join(one["Names"][0].lstrip("/") for one in others if one["Id"] in here)
    if now and on:
        cause = f"{name} must be recreated with {context.plan.backend} instead of {now}, but other containers are connected to it: {on}"
        yield Refusal(cause, f"docker network disconnect {name} NAME, for each of them")
