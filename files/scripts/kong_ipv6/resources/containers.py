"""The containers of this repository's services, and why one of them isn't well."""

import hashlib
from pathlib import Path

from ..engine import state_of
from ..facts import Context
from ..report import Failure


def identity_of(context: Context, service: str) -> str:
    """The service's container, now; empty where there is none."""
    project = context.repository.project
    labels = (f"com.docker.compose.project={project}", f"com.docker.compose.service={service}")
    found = context.engine.containers(*labels, "com.docker.compose.oneoff=False")
    return str(found[0]["Id"]) if found else ""


CONTROL_PLANE = "kong-control-plane"


def kongs(context: Context) -> list[str]:
    """The services that run Kong, in the order in which they start."""
    return [CONTROL_PLANE, "kong"] if context.plan.control_plane else ["kong"]


def read_at_start(context: Context) -> list[Path]:
    """What Kong reads only when it starts."""
    if context.plan.cluster:
        return [given for given, _ in context.repository.cluster_files]
    return [] if context.plan.database == "postgres" else [context.repository.path / "kong.yml"]


def sum_at_start(context: Context) -> str:
    found = [path.read_bytes() for path in read_at_start(context) if path.is_file()]
    return hashlib.sha256(b"".join(found)).hexdigest() if found else "none"


def explained(context: Context, cause: str) -> Failure:
    """Prints the last words of the services that aren't well."""
    for service in ("kong-database", "kong-migration", CONTROL_PLANE, "kong"):
        identity = identity_of(context, service)
        state = state_of(context.engine.container(identity)) if identity else ""
        if state not in ("", "running/healthy", "exited/0", "created/"):
            ran = context.system.run("docker", "logs", "--tail", "10", identity)
            context.report.output_of(f"{service} is {state}:\n{ran.out}{ran.err}")
    return Failure(cause, "see above; docker ps --all")
