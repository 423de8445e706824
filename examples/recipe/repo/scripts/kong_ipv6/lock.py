"""One run at a time: the lock, and how the revert gets it from a run that is still going on."""

import fcntl
import os
import signal
import time
from pathlib import Path
from typing import Optional

from .report import Failure

LOCK = "/run/kong-ipv6.lock"
# How long a run may take to stop at its next step, in seconds.
GRACE = 5


def _try(descriptor: int, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if time.monotonic() >= end:
                return False
            time.sleep(0.1)


def _open() -> int:
    return os.open(LOCK, os.O_RDWR | os.O_CREAT, 0o600)


def acquire() -> int:
    """Returns the descriptor that holds the lock. Raises Failure."""
    descriptor = _open()
    # The programs that a killed run started hold the lock until they end.
    if _try(descriptor, 5):
        return descriptor
    os.close(descriptor)
    raise Failure("another run is in progress", "wait until it ends")


def take_over() -> int:
    """Like acquire(), but ends the run that holds it: by SIGTERM at its next step, or by SIGKILL with its programs."""
    descriptor, end = _open(), time.monotonic() + GRACE
    while not _try(descriptor, 0.5):
        late = time.monotonic() >= end
        for pid in holders():
            if late or b"\0kong_ipv6\0" in (_read(pid) or b""):
                _kill(pid, signal.SIGKILL if late else signal.SIGTERM)
    return descriptor


def holders() -> list[int]:
    """The other processes that have the lock's file open."""
    found: list[int] = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            files = {os.readlink(one) for one in (process / "fd").iterdir()}
        except OSError:
            continue
        if os.path.realpath(LOCK) in files and int(process.name) != os.getpid():
            found.append(int(process.name))
    return found


def _read(pid: int) -> Optional[bytes]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return None


def _kill(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass
