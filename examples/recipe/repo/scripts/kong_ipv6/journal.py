"""What was on this server before: recorded and synced before each change, so that rollback.sh can undo it.

STATE/manifest has one fact a line: KIND, NAME, VALUE and a final dot, with tabs between. A line without
the dot was cut short by a crash, before its change: it doesn't count. The first fact about a thing stays,
whatever later runs change. STATE/before holds the previous files, STATE/edited what the owner edited since.
"""

import filecmp
import hashlib
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Optional

STATE = "/var/lib/kong-ipv6"

# ufw and dpkg write these while we use them; the ufw and packages resources restore them.
NOT_OURS = re.compile(r"^/etc/ufw/|\.dpkg-dist$")

Entry = tuple[str, str, str]
# Mode, user, group.
Attributes = tuple[int, int, int]


def sync(path: Path) -> None:
    """fsync(2) of a file or directory."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_synced(path: Path, data: bytes, mode: int = 0o600, user: int = -1, group: int = -1) -> None:
    """Writes a new file with this mode from its first byte on, and syncs it."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        os.fchown(descriptor, user, group)
        os.fchmod(descriptor, mode)
        file.write(data)
        file.flush()
        os.fsync(descriptor)


def move(source: Path, target: Path) -> None:
    """rename(2) that is on disk when it returns."""
    os.replace(source, target)
    sync(target.parent)


def beside(path: Path) -> Path:
    """What becomes the file at this path is written here first."""
    return path.with_name(f".{path.name}.kong-ipv6")


def replace(target: Path, data: bytes, mode: int = 0o600, user: int = -1, group: int = -1) -> None:
    """All of it or nothing."""
    write_synced(beside(target), data, mode, user, group)
    move(beside(target), target)


def copy(source: Path, target: Path) -> None:
    """Like cp --archive --no-dereference, by way of a file beside the target."""
    new, was = beside(target), source.lstat()
    new.unlink(missing_ok=True)
    shutil.copy2(source, new, follow_symlinks=False)
    os.chown(new, was.st_uid, was.st_gid, follow_symlinks=False)
    if not new.is_symlink():
        new.chmod(was.st_mode & 0o7777)
        sync(new)
    move(new, target)


def same_content(one: Path, other: Path) -> bool:
    if one.is_symlink() or other.is_symlink():
        return one.is_symlink() and other.is_symlink() and os.readlink(one) == os.readlink(other)
    return one.is_file() and other.is_file() and filecmp.cmp(one, other, shallow=False)


def attributes(path: Path) -> Attributes:
    status = path.stat()
    return status.st_mode & 0o7777, status.st_uid, status.st_gid


class Journal:
    """root is / on a server; say(WHAT, TEXT) tells the owner what was put aside."""

    def __init__(self, say: Callable[[str, str], None], root: Path = Path("/")) -> None:
        self.root, self.say = root, say
        self.state = self.on(STATE)
        self.manifest = self.state / "manifest"
        self._entries: Optional[list[Entry]] = None

    def on(self, path: str) -> Path:
        return self.root / path.lstrip("/")

    @property
    def exists(self) -> bool:
        return self.manifest.exists()

    @property
    def entries(self) -> list[Entry]:
        if self._entries is None:
            text = self.manifest.read_text(errors="surrogateescape") if self.exists else ""
            fields = [line.split("\t") for line in text.split("\n")]
            self._entries = [(one[0], one[1], one[2]) for one in fields if len(one) == 4 and one[3] == "."]
        return self._entries

    def fact(self, kind: str, name: str) -> Optional[str]:
        return next((value for k, n, value in self.entries if (k, n) == (kind, name)), None)

    def names(self, kind: str) -> list[str]:
        """The names recorded for a kind, in order."""
        return list(dict.fromkeys(name for k, name, _ in self.entries if k == kind))

    def record(self, kind: str, name: str, value: str) -> None:
        """Unless it is recorded already. On disk when it returns."""
        self.open()
        if self.fact(kind, name) is not None:
            return
        self.entries.append((kind, name, value))
        # A line that an earlier run couldn't end stays apart from this one.
        cut = self.manifest.read_bytes()[-1:] not in (b"", b"\n")
        with self.manifest.open("a", errors="surrogateescape") as file:
            file.write("\n" * cut + f"{kind}\t{name}\t{value}\t.\n")
            file.flush()
            os.fsync(file.fileno())

    def replace(self, kind: str, name: str, value: str) -> None:
        self.open()
        self._rewrite([one for one in self.entries if one[:2] != (kind, name)] + [(kind, name, value)])

    def replace_kinds(self, kinds: set[str], *entries: Entry) -> None:
        """These facts instead of all of these kinds, at once."""
        self._rewrite([one for one in self.entries if one[0] not in kinds] + list(entries))

    def reload(self) -> None:
        """Another run may have written it."""
        self._entries = None

    def forget(self, kind: str, name: str) -> None:
        if self.fact(kind, name) is not None:
            self._rewrite([one for one in self.entries if one[:2] != (kind, name)])

    def forget_all(self, kind: str) -> None:
        if self.names(kind):
            self._rewrite([one for one in self.entries if one[0] != kind])

    def retain(self, kinds: set[str]) -> None:
        """Forgets all other facts. What dpkg wrote belongs to its package."""
        dpkg = "package" in kinds
        kept = [one for one in self.entries if one[0] in kinds or (dpkg and one[1].endswith(".dpkg-dist"))]
        self._rewrite(kept)

    def _rewrite(self, entries: list[Entry]) -> None:
        self._entries = entries
        text = "".join("\t".join((*entry, ".\n")) for entry in entries)
        replace(self.manifest, text.encode(errors="surrogateescape"))

    def open(self) -> None:
        if not self.state.is_dir():
            self.state.mkdir(mode=0o700, parents=True)
            sync(self.state.parent)
        if not self.manifest.exists():
            write_synced(self.manifest, b"")
            sync(self.state)

    def close(self) -> None:
        """Everything is undone. What the owner edited is kept. The manifest goes first: it names the other files."""
        self.manifest.unlink()
        sync(self.state)
        for path in self.state.iterdir():
            if path.name == "edited":
                continue
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        if not (self.state / "edited").exists():
            self.state.rmdir()
        self._entries = None

    def before(self, path: str) -> Path:
        """Where the previous file is."""
        return self.on(f"{STATE}/before{path}")

    def keep(self, path: str) -> None:
        """Records the file's content and attributes, or that it doesn't exist."""
        if self.fact("file", path) is not None:
            return
        self.keep_directory(os.path.dirname(path))
        if os.path.lexists(self.on(path)):
            self.before(path).parent.mkdir(parents=True, exist_ok=True)
            copy(self.on(path), self.before(path))
            self.record("file", path, "kept")
        else:
            self.record("file", path, "absent")

    def keep_directory(self, path: str) -> None:
        """Records the directories that are missing on the way to it."""
        if path not in ("", "/") and not self.on(path).is_dir():
            self.keep_directory(os.path.dirname(path))
            self.record("directory", path, "absent")

    def our_files(self) -> list[str]:
        return [path for path in self.names("file") if not NOT_OURS.search(path)]

    def edited(self, path: str) -> bool:
        """Whether it holds neither what was there before the first run nor what a run wrote."""
        here = self.on(path)
        if here.is_symlink() or not here.is_file() or NOT_OURS.search(path) or self.fact("file", path) is None:
            return False
        if digest(here) in (self.fact("wrote", path) or "").split():
            return False
        before = self.before(path)
        return not (before.is_file() and filecmp.cmp(here, before, shallow=False))

    def set_aside(self, path: str, here: Optional[Path] = None) -> None:
        """Keeps a copy of the owner's edit, and says where."""
        kept = self.save(path, here or self.on(path))
        if kept:
            self.say("file", f"{path} was edited: your version is saved in /{kept.relative_to(self.root)}")

    def save(self, path: str, here: Path) -> Optional[Path]:
        """Returns the new copy; None if there is one already. Earlier copies stay."""
        kept, number = self.on(f"{STATE}/edited{path}"), 1
        while os.path.lexists(kept):
            if same_content(here, kept):
                return None
            number += 1
            kept = self.on(f"{STATE}/edited{path}.{number}")
        kept.parent.mkdir(parents=True, exist_ok=True)
        copy(here, kept)
        return kept

    def differs(self, path: str) -> bool:
        """Whether the path differs from what keep() recorded."""
        was, here, before = self.fact("file", path), self.on(path), self.before(path)
        if was is None:
            return False
        if was == "absent":
            return os.path.lexists(here)
        if before.is_symlink() or not here.is_file():
            return not (here.is_symlink() and before.is_symlink() and os.readlink(here) == os.readlink(before))
        return attributes(here) != attributes(before) or not filecmp.cmp(here, before, shallow=False)


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
