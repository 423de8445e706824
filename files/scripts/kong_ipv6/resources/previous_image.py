"""What Kong's image is built from; and the image before the last build, until the change is confirmed: a revert needs it,
and perhaps without a network."""

import hashlib
from pathlib import Path

from ..engine import Json
from ..facts import Context

IMAGE = "kong-ipv6:local"
PREVIOUS = "kong-ipv6:previous"
# What the image was built from, and its id.
BUILT = "/var/lib/kong-ipv6/built"
BUILT_BEFORE = f"{BUILT}.before"


def recipe(repository: Path) -> str:
    """What the image is built from."""
    folder, total = repository / "kong-build", hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        total.update(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  ./{path.relative_to(folder)}\n".encode())
    return total.hexdigest()


def identity(context: Context, image: str) -> str:
    found: Json = context.engine.image(image) or {}
    return str(found.get("Id", "none"))


def keep(context: Context) -> None:
    if context.engine.image(IMAGE):
        _tag(context, IMAGE, PREVIOUS)
        context.system.write_state(BUILT_BEFORE, f"{context.system.text(BUILT)}\n".encode())


def is_from(context: Context) -> bool:
    """Whether it is built from what the repository has now."""
    wanted = f"{recipe(context.repository.path)} {identity(context, PREVIOUS)}"
    return context.system.text(BUILT_BEFORE) == wanted


def use(context: Context) -> None:
    _tag(context, PREVIOUS, IMAGE)


def drop(context: Context) -> None:
    if context.system.exists(BUILT_BEFORE):
        context.system.run("docker", "image", "rm", PREVIOUS)
        context.system.on(BUILT_BEFORE).unlink()


def _tag(context: Context, image: str, other: str) -> None:
    repository, tag = other.split(":")
    cause = f"Docker can't tag {image} as {other}"
    context.engine.change("POST", f"/images/{image}/tag?repo={repository}&tag={tag}", cause=cause)
