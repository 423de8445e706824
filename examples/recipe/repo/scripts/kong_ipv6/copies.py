"""Copies of the repository in the journal's folder, which only root can read or write: what was applied last, and what
waits for its confirmation. Without the data."""

import os
import shutil
from pathlib import Path

from .journal import STATE, Journal, attributes, copy, same_content, sync
from .report import Failure, Refusal
from .settings import Repository

COPIES = f"{STATE}/copies"
SKIPPED = (".git", "node_modules", "__pycache__")
# What the directory of KONG_DATA_DIR has, also under an earlier setting.
DATA = ("secrets/kong_pg_password", "postgres/PG_VERSION")
# In bytes. More is data, and no configuration; deploy has the same limit.
MOST = 64 << 20


def files_of(folder: Path) -> list[Path]:
    """All files and links but the data, relative to the repository."""
    found, data = list[Path](), Repository(folder).data
    for name, folders, files in os.walk(folder):
        here = Path(name)
        links = [one for one in folders if (here / one).is_symlink()]
        folders[:] = [
            one for one in folders
            if one not in links and one not in SKIPPED and here / one != data
            and not any((here / one / mark).exists() for mark in DATA)
        ]  # fmt: skip
        found += [here / one for one in files + links if (here / one).is_symlink() or (here / one).is_file()]
    return sorted(path.relative_to(folder) for path in found)


def too_large(repository: Path) -> list[Refusal]:
    if sum((repository / path).lstat().st_size for path in files_of(repository)) <= MOST:
        return []
    cause = f"{repository} has more than 64 MiB, without its data: a revert needs a copy of it"
    return [Refusal(cause, "move large files out of it, or apply without --confirm-within")]


def same_file(one: Path, other: Path) -> bool:
    return same_content(one, other) and (one.is_symlink() or attributes(one) == attributes(other))


def same(one: Path, other: Path) -> bool:
    """Whether both hold the same files, with the same modes and owners."""
    names = files_of(one)
    return names == files_of(other) and all(same_file(one / name, other / name) for name in names)


def folder(journal: Journal, name: str) -> Path:
    return journal.on(f"{COPIES}/{name}")


def used(journal: Journal) -> set[str]:
    """The names of the copies that the journal has."""
    return {value for kind, _, value in journal.entries if kind in ("applied", "pending")}


def make(journal: Journal, repository: Path) -> str:
    """Copies the repository; returns the copy's name. No fact of the journal names it yet."""
    journal.open()
    # At most two are in use: one is applied, and one pending.
    name = next(one for one in "abc" if one not in used(journal))
    target = folder(journal, name)
    shutil.rmtree(target, ignore_errors=True)
    for path in files_of(repository):
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        copy(repository / path, target / path)
    sync(target.parent)
    return name


def update(copied: Path, repository: Path) -> None:
    """Takes over what apply.sh itself has written into the repository, such as .env."""
    for path in files_of(repository):
        if not same_file(copied / path, repository / path):
            (copied / path).parent.mkdir(parents=True, exist_ok=True)
            copy(repository / path, copied / path)


def remove_unused(journal: Journal) -> None:
    for path in journal.on(COPIES).glob("*"):
        if path.name not in used(journal):
            shutil.rmtree(path)


def restore(journal: Journal, previous: Path, changed: Path, repository: Path) -> None:
    """Brings the repository from one copy back to another. What is replaced or removed is saved first: the owner may have
    no other copy of the change. Files that neither copy has stay."""
    before, after, saved = files_of(previous), files_of(changed), False
    for path in [one for one in after if one not in before] + before:
        here = repository / path
        if here.parent.exists() and here.parent.resolve() != repository.resolve() / path.parent:
            raise Failure(f"{here.parent} is a link to another directory", f"replace it by a directory: {here.parent}")
        # Secrets are never deleted.
        if same_file(here, previous / path) or (path not in before and path.name == ".env"):
            continue
        if same_file(here, changed / path):
            saved = journal.save(str(here), here) is not None or saved
        elif os.path.lexists(here):
            journal.set_aside(str(here), here)
        if path in before:
            here.parent.mkdir(parents=True, exist_ok=True)
            copy(previous / path, here)
        elif os.path.lexists(here):
            here.unlink()
            for parent in here.parents:
                if parent == repository or any(parent.iterdir()):
                    break
                parent.rmdir()
    if saved:
        journal.say("revert", f"the files of the reverted change are saved in {STATE}/edited{repository}")
