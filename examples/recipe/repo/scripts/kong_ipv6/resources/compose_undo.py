"""Removes the containers, their networks and the image; the data stays. Without Docker nothing of it can be undone."""

from pathlib import Path
from typing import Optional

from ..facts import Context
from ..journal import Journal
from ..report import Failure
from . import previous_image
from .base import NotUndone
from .compose import projects
from .daemon_json import DaemonJson
from .handover import end
from .previous_image import IMAGE

# What a later run needs, when Docker is installed again.
KINDS = ("repository", "project", "network", "member", "docker", "todo", "sysctl")


def undo(context: Context, journal: Journal) -> Optional[NotUndone]:
    report, names = context.report, projects(journal)
    if not context.system.have("docker"):
        report.note("docker", "Docker is not installed: its containers and network are kept")
        if not names and not journal.names("network"):
            return None
        cause = "the containers and the network couldn't be removed: Docker is not installed"
        remedy = f"install Docker and run this again; or, if you no longer use Docker: rm -r /{journal.state.relative_to(journal.root)}"
        return NotUndone(Failure(cause, remedy), KINDS)
    if not context.engine.answers():
        report.doing("docker", "starting it")
        start(context, journal)
        report.done("docker", "started: it was not running")
    end(context)
    for name in names:
        report.doing("compose", "removing the containers")
        data = remove(context, name)
        report.done("compose", f"the containers of {name} are removed; the data is kept in {data}")
    # Only now: the containers of all projects are made from it.
    if names and context.engine.image(IMAGE):
        context.system.quietly("docker", "image", "rm", IMAGE)
    previous_image.drop(context)
    journal.forget_all("repository")
    journal.forget_all("project")
    return None


def start(context: Context, journal: Journal) -> None:
    docker = DaemonJson(context)
    if docker.restart():
        return
    # Perhaps it is what was merged into daemon.json that stops it.
    changed = docker.changed_paths(journal)
    if changed:
        journal.record("todo", "undo-docker", "begun")
        for path in changed:
            docker.take_out(path)
    if not changed or not docker.restart():
        cause = "Docker is not running, and without it the containers and the network can't be removed"
        raise Failure(cause, "systemctl start docker; journalctl -u docker; then run this again")


def remove(context: Context, project: str) -> Path:
    """Returns where the data is: that of another clone is elsewhere."""
    engine, data = context.engine, context.repository.data
    mine = f"com.docker.compose.project={project}"
    containers = engine.containers(mine)
    sources = [Path(one.get("Source", "")) for container in containers for one in container.get("Mounts") or []]
    data = next((path.parent for path in sources if path.name in ("postgres", "logs")), data)
    engine.remove_containers([one["Id"] for one in containers])
    for network in engine.networks(label=[mine]):
        try:
            engine.change("DELETE", f"/networks/{network['Id']}")
        except Failure as failure:
            context.report.note("network", f"{network['Name']} is kept: it is still in use ({failure.remedy})")
    return data
