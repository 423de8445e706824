"""Watches the file system: what is synced, in which order; and ends the program at a given moment."""

from __future__ import annotations

import os
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
        path = str(Path(f"/proc/self/fd/{descriptor}").readlink())
        self.server.happens("fsync", self.inside(path) or path)
        status = os.fstat(descriptor)
        if Path(path).is_file():
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
    for path in sorted(root.rglob("*")):
        name = "/" + str(path.relative_to(root))
        if name.startswith(("/proc/", "/sys/", "/run/")):
            continue
        if path.is_symlink():
            found[name] = ("link", 0, str(path.readlink()).encode())
        elif path.is_dir():
            found[name] = ("directory", path.stat().st_mode & 0o7777, b"")
        else:
            found[name] = ("file", path.stat().st_mode & 0o7777, path.read_bytes())
    return found
