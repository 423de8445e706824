"""Watches the file system: what is synced, in which order; and ends the program at a given moment."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional

if TYPE_CHECKING:
    from .server import Server


class Killed(BaseException):
    """What kill -9 does to a run: nothing of it goes on."""


class Disk:
    def __init__(self, server: Server) -> None:
        self.server = server
        # What fsync(2) has put on disk, by inode.
        self.durable: dict[tuple[int, int], bytes] = {}
        self.originals = {name: getattr(os, name) for name in ("fsync", "replace", "unlink")}

    def patches(self) -> dict[str, Any]:
        return {
            "fsync": self.fsync,
            "replace": self.replace,
            "unlink": self.unlink,
            "statvfs": self.statvfs,
            "chown": lambda *_, **__: None,
            "fchown": lambda *_: None,
            "geteuid": lambda: 0,
        }

    def inside(self, path: Any) -> Optional[str]:
        """The path on the server; None outside of its root."""
        text, root = os.path.abspath(path), f"{self.server.root}/"
        return text[len(root) - 1 :] if text.startswith(root) else None

    def fsync(self, descriptor: int) -> None:
        path = os.readlink(f"/proc/self/fd/{descriptor}")
        self.server.happens("fsync", self.inside(path) or path)
        status = os.fstat(descriptor)
        if stat.S_ISREG(status.st_mode):
            self.durable[status.st_dev, status.st_ino] = Path(path).read_bytes()

    def replace(self, source: Any, target: Any) -> None:
        self.server.happens("replace", self.inside(target) or str(target))
        self.originals["replace"](source, target)

    def unlink(self, path: Any, **options: Any) -> None:
        if self.inside(path) and os.path.lexists(path):
            self.server.happens("unlink", self.inside(path) or "")
        self.originals["unlink"](path, **options)

    def statvfs(self, path: Any) -> Any:
        megabytes = next((free for folder, free in self.server.free.items() if str(path).startswith(folder)), 100_000)

        class Status:
            f_bavail, f_frsize = megabytes, 1 << 20

        return Status

    def synced(self, path: Path) -> bool:
        status = path.stat()
        return self.durable.get((status.st_dev, status.st_ino)) == path.read_bytes()


def tree(root: Path) -> dict[str, tuple[str, int, bytes]]:
    """Type, mode and content of everything that a rollback has to restore."""
    found: dict[str, tuple[str, int, bytes]] = {}

    def walk(folder: str) -> None:
        for entry in os.scandir(folder):
            name = entry.path[len(str(root)) :]
            mode = entry.stat(follow_symlinks=False).st_mode & 0o7777
            if entry.is_symlink():
                found[name] = ("link", 0, os.readlink(entry.path).encode())
            elif not entry.is_dir():
                found[name] = ("file", mode, Path(entry.path).read_bytes())
            else:
                found[name] = ("directory", mode, b"")
                if name not in ("/proc", "/sys", "/run"):
                    walk(entry.path)

    walk(str(root))
    return found
