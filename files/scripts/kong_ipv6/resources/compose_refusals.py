"""Why the containers can't be brought up: Docker, compose, another repository's containers, ports in use."""

from __future__ import annotations

import os
import re

from ..engine import Json, subnets_of
from ..facts import Context, Facts, label
from ..report import Refusal


def refusals(context: Context, facts: Facts) -> list[Refusal]:
    found = docker(context, facts) + compose(facts)
    if not facts.engine:
        return found
    return found + (project(context, facts) or ports(context, facts))


def docker(context: Context, facts: Facts) -> list[Refusal]:
    if not context.system.have("docker"):
        if context.system.exists("/snap/bin/docker"):
            cause = "Docker is installed as a snap, which doesn't read /etc/docker/daemon.json"
            return [Refusal(cause, "snap remove docker; apt-get install docker.io")]
        return [
            Refusal(
                "Docker is not installed", "apt-get install docker.io docker-compose, or install Docker's own packages"
            )
        ]
    if not facts.engine:
        remedy = "systemctl start docker; if that fails: journalctl -u docker"
        return [Refusal(f"Docker doesn't answer: {facts.engine_error}", remedy)]
    numbers = [int(part) for part in re.findall(r"\d+", facts.engine)[:2]]
    if numbers < [20, 10]:
        return [Refusal(f"Docker {facts.engine} is too old: this gateway needs 20.10 or newer", "upgrade Docker")]
    return []


def compose(facts: Facts) -> list[Refusal]:
    if not facts.context.system.have("docker"):
        return []
    command = facts.compose
    if not command.version:
        remedy = "apt-get install docker-compose (or docker-compose-plugin)"
        return [Refusal("neither docker compose 2 nor docker-compose 1.29 is installed", remedy)]
    found = [
        Refusal(
            f"docker-compose.yml or .env has an error: {facts.compose_error}",
            "correct it; docker compose config shows the details",
        )
    ]
    return (found if facts.compose_error else []) + buildx(facts)


def buildx(facts: Facts) -> list[Refusal]:
    """Compose 5 builds by it, and only recommends it."""
    if facts.compose.major < 5:
        return []
    shown = facts.context.system.output("docker", "buildx", "version")
    numbers = [int(part) for part in re.findall(r"v?(\d+)\.(\d+)", shown)[0]] if re.search(r"\d+\.\d+", shown) else []
    if numbers >= [0, 17]:
        return []
    has = f"there is {'.'.join(map(str, numbers))}" if numbers else "it is missing"
    cause = f"docker compose {facts.compose.version} builds with buildx 0.17 or newer, and {has}"
    return [Refusal(cause, "apt-get install docker-buildx-plugin (Debian's own: docker-buildx)")]


def project(context: Context, facts: Facts) -> list[Refusal]:
    """Under another name compose would create a second set of containers, and find ports and addresses taken. Under the
    same name it would take over the other repository's containers."""
    here, name = context.repository.path, context.repository.project
    folders = sorted({label(one, "project.working_dir") for one in facts.of_project()} - {""})
    for other in folders:
        if os.path.isfile(f"{other}/docker-compose.yml") and not os.path.samefile(other, here):
            remedy = (
                f"run apply.sh there; or remove that gateway first: sudo {other}/scripts/rollback.sh; "
                f"or, if this directory with its .env and data replaces it: mv {other} {other}.old"
            )
            return [Refusal(f"the gateway on this server belongs to {other}, which still exists", remedy)]
    for earlier in context.journal.names("project"):
        if earlier == name or context.journal.fact("project", earlier) != str(here) or not facts.of_project(earlier):
            continue
        command = " ".join(facts.compose.command)
        cause = f"COMPOSE_PROJECT_NAME={name} in .env is not the project name of the existing containers: {earlier}"
        down = f"{command} --project-name {earlier} down"
        remedy = f"set COMPOSE_PROJECT_NAME={earlier}; or remove the containers first (the data is kept): {down}"
        return [Refusal(cause, remedy)]
    return []


def in_the_way(address: str, bind: str) -> bool:
    """Whether what listens at this address on 80 or 443 takes a port from Kong."""
    address = re.sub(r"%.*", "", address).strip("[]")
    four = address != "" and ":" not in address and address != "*"
    if address in ("", "*", "::", "::1"):
        return True
    return (bind == "0.0.0.0" and four) or (bind != "" and address == "0.0.0.0") or address == bind


def ports(context: Context, facts: Facts) -> list[Refusal]:
    bind = context.repository.setting("KONG_BIND_IP")
    found, taken = list[Refusal](), list[str]()
    for line in context.system.output("ss", "-Hltnp", "( sport = :80 or sport = :443 )").splitlines():
        at = line.split()[3]
        program = re.search(r'users:\(\("([^"]*)"', line)
        if '"docker-proxy"' not in line and in_the_way(at.rsplit(":", 1)[0], bind):
            taken.append(f"{at} ({program[1]})" if program else at)
    if taken:
        cause = f"ports that Kong needs are in use on this server: {', '.join(taken)}"
        found.append(Refusal(cause, "stop that program, or let it listen on other addresses"))
    for one in facts.containers:
        at = published(one, bind)
        if at and label(one, "project") != context.repository.project:
            cause = f"the container {one['Names'][0].lstrip('/')} publishes port 80 or 443: {' '.join(at)}"
            found.append(Refusal(cause, "stop it, or publish it on another address"))
    return found


def published(container: Json, bind: str) -> list[str]:
    """Where a running container publishes 80 or 443 in Kong's way."""
    if container["State"] != "running":
        return []
    found = [
        (str(one.get("IP", "")), int(one["PublicPort"]))
        for one in container.get("Ports") or []
        if one.get("PublicPort") in (80, 443) and one.get("Type") == "tcp"
    ]
    return [f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}" for ip, port in found if in_the_way(ip, bind)]


def other_backend(context: Context, facts: Facts) -> str:
    """The subnet that kong-net has instead of the plan's; empty where it is the plan's, or the owner's own."""
    now = next(iter(subnets_of(facts.backend)), "")
    compose = (context.repository.path / "docker-compose.yml").read_text()
    return "" if now in ("", context.plan.backend) or now in compose else now


def backend_in_use(context: Context, facts: Facts) -> list[Refusal]:
    """kong-net can't be moved from under other containers."""
    now, name = other_backend(context, facts), context.repository.backend_network
    ids = ((facts.backend or {}).get("Containers") or {}).keys()
    foreign = [
        one for one in facts.containers if one["Id"] in ids and label(one, "project") != context.repository.project
    ]
    if not now or not foreign:
        return []
    on = " ".join(one["Names"][0].lstrip("/") for one in foreign)
    cause = f"{name} must be recreated with {context.plan.backend} instead of {now}, but other containers are connected to it: {on}"
    return [Refusal(cause, f"docker network disconnect {name} NAME, for each of them")]
