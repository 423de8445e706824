"""Kong's database migrations: the container kong-migration has to end with exit code 0."""

from ..engine import state_of
from ..facts import Context
from .containers import explained, identity_of


def complete(context: Context) -> bool:
    identity = identity_of(context, "kong-migration")
    return bool(identity) and state_of(context.engine.container(identity)) == "exited/0"


def retried(context: Context) -> bool:
    container = context.engine.container(identity_of(context, "kong-migration"))
    return bool(container and container.get("RestartCount"))


def wait(context: Context) -> None:
    """Docker restarts the container until `kong migrations list` succeeds: an interrupted migration keeps its lock for
    60 seconds, and the pauses between the restarts grow. Raises Failure."""
    system, report = context.system, context.report
    report.doing("database", "waiting for the migrations")
    system.wait(180, lambda: complete(context) or retried(context))
    if not complete(context) and retried(context):
        cause = "an interrupted one blocks the next for up to a minute"
        report.row("...", "database", f"the migrations are not complete; Docker runs them again ({cause})")
    if not system.wait(180, lambda: complete(context)):
        raise explained(context, "the database migrations failed")
