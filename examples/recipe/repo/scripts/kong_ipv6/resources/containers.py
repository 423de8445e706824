"""The containers of this repository's services, and why one of them isn't well."""

from ..engine import state_of
from ..facts import Context
from ..report import Failure


def identity_of(context: Context, service: str) -> str:
    """The service's container, now; empty where there is none."""
    project = context.repository.project
    labels = (f"com.docker.compose.project={project}", f"com.docker.compose.service={service}")
    found = context.engine.containers(*labels, "com.docker.compose.oneoff=False")
    return str(found[0]["Id"]) if found else ""


def explained(context: Context, cause: str) -> Failure:
    """Prints the last words of the services that aren't well."""
    for service in ("kong-database", "kong-migration", "kong"):
        identity = identity_of(context, service)
        state = state_of(context.engine.container(identity)) if identity else ""
        if state not in ("", "running/healthy", "exited/0", "created/"):
            ran = context.system.run("docker", "logs", "--tail", "10", identity)
            context.report.output_of(f"{service} is {state}:\n{ran.out}{ran.err}")
    return Failure(cause, "see above; docker ps --all")
