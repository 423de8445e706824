"""A server that is made once, and copies of it: apply.sh takes five times as long as its result takes to copy."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .server import Server


class Copies:
    """Each copy is where the server was, so there is one at a time: until it is closed, others are made as the first."""

    def __init__(self, make: Callable[[], Server]) -> None:
        self.make = make
        self.server = b""
        self.folder = Path()
        # Folders first; with the mode, and a file's text or a link's target.
        self.folders: list[tuple[str, int]] = []
        self.files: list[tuple[str, int, bytes]] = []
        self.links: list[tuple[str, str]] = []
        # What was synced of them.
        self.durable: dict[str, bytes] = {}

    def copy(self) -> Server:
        if not self.server:
            made = self.make()
            self.keep(made)
            return made
        if self.folder.exists():
            return self.make()
        return self.restore()

    def keep(self, made: Server) -> None:
        self.folder = made.folder
        durable = made.disk.durable
        for folder, folders, files in os.walk(self.folder):
            self.folders.append((folder, os.stat(folder).st_mode))
            for path in (os.path.join(folder, name) for name in (*folders, *files)):
                status = os.lstat(path)
                if os.path.islink(path):
                    self.links.append((path, os.readlink(path)))
                elif os.path.isfile(path):
                    self.files.append((path, status.st_mode, Path(path).read_bytes()))
                    if (status.st_dev, status.st_ino) in durable:
                        self.durable[path] = durable[status.st_dev, status.st_ino]
        self.server = pickle.dumps(made)

    def restore(self) -> Server:
        for path, _ in self.folders:
            os.mkdir(path)
        made: Server = pickle.loads(self.server)
        made.disk.durable = {}
        for path, mode, content in self.files:
            with open(path, "wb") as file:
                file.write(content)
                os.fchmod(file.fileno(), mode & 0o7777)
                status = os.fstat(file.fileno())
            if path in self.durable:
                made.disk.durable[status.st_dev, status.st_ino] = self.durable[path]
        for path, target in self.links:
            os.symlink(target, path)
        for path, mode in self.folders:
            os.chmod(path, mode & 0o7777)
        return made
