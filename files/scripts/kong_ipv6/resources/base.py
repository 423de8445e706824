"""The shape that all resources share."""

from __future__ import annotations

import os
from typing import ClassVar, NamedTuple

from ..facts import Context, Facts
from ..journal import Journal
from ..report import Change, Failure, Refusal, Result


class NotUndone(NamedTuple):
    """What undo() couldn't undo, and the kinds of facts that a later run needs for it."""

    failure: Failure
    kinds: tuple[str, ...]


class Resource:
    """One thing on the server. Each method may be called again after an interruption."""

    name: ClassVar[str] = ""
    # apply() is also called after these have been applied.
    follows: ClassVar[tuple[str, ...]] = ()

    def __init__(self, context: Context) -> None:
        self.context = context
        self.plan, self.repository, self.report = context.plan, context.repository, context.report
        self.journal, self.system, self.engine = context.journal, context.system, context.engine

    def refuse(self, facts: Facts) -> list[Refusal]:
        """Why apply.sh must not begin. Changes nothing."""
        return []

    def needs(self, facts: Facts) -> list[Refusal]:
        """Why network.sh or ufw.sh must not begin alone: in apply.sh another resource refuses it, or it is optional."""
        return []

    def changes(self, facts: Facts) -> list[Change]:
        """What apply() is going to do; empty where the server is as it should be."""
        return []

    def apply(self) -> None:
        """Does what changes() has found. Raises Failure."""

    def verify(self, facts: Facts) -> list[Result]:
        """What can be seen from the inside."""
        return []

    def undo(self, journal: Journal) -> list[NotUndone]:
        """Undoes what the journal has. Raises Failure where nothing else may be undone before it."""
        return []

    def undo_rows(self, journal: Journal) -> list[tuple[str, str, str]]:
        """The rows that rollback.sh --dry-run prints for it: word, what, text."""
        return []


def short_of_space(path: str, megabytes: int) -> list[Refusal]:
    """Checks the file system that the path is on, or will be."""
    while not os.path.isdir(path):
        path = os.path.dirname(path) or "/"
    status = os.statvfs(path)
    free = status.f_bavail * status.f_frsize // (1 << 20)
    if free >= megabytes:
        return []
    return [Refusal(f"only {free} MB are free below {path}: {megabytes} MB are needed", "free some space there")]
