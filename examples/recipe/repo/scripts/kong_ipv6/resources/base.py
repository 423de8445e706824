"""The shape that all resources share."""

import os
from collections.abc import Iterator
from typing import ClassVar, NamedTuple, Optional

from ..facts import Context, Facts
from ..journal import Journal
from ..report import Change, Failure, Refusal, Result

Row = tuple[str, str, str]


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

    def refuse(self, facts: Facts) -> Iterator[Refusal]:
        """Why apply.sh must not begin. Changes nothing."""
        yield from ()

    def needs(self, facts: Facts) -> Iterator[Refusal]:
        """Why network.sh or ufw.sh must not begin alone: in apply.sh another resource refuses it, or it is optional."""
        yield from ()

    def changes(self, facts: Facts) -> Iterator[Change]:
        """What apply() is going to do; nothing where the server is as it should be."""
        yield from ()

    def prepare(self) -> None:
        """The part of apply() that takes long and changes nothing for others. Raises Failure."""

    def apply(self) -> None:
        """Does what changes() has found. Raises Failure."""

    def verify(self, facts: Facts) -> Iterator[Result]:
        """What can be seen from the inside."""
        yield from ()

    def undo(self, journal: Journal) -> Optional[NotUndone]:
        """Undoes what the journal has. Raises Failure where nothing else may be undone before it."""

    def undo_rows(self, journal: Journal) -> Iterator[Row]:
        """The rows that rollback.sh --dry-run prints for it: word, what, text."""
        yield from ()


def short_of_space(path: str, megabytes: int) -> Iterator[Refusal]:
    """Checks the file system that the path is on, or will be."""
    while not os.path.isdir(path):
        path = os.path.dirname(path) or "/"
    status = os.statvfs(path)
    free = status.f_bavail * status.f_frsize // (1 << 20)
    if free < megabytes:
        yield Refusal(f"only {free} MB are free below {path}: {megabytes} MB are needed", "free some space there")
