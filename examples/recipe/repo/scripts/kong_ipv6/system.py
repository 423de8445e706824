"""The primitives: the only way in which the program changes the server.

Each records the previous state first, writes atomically, and syncs. Reading has no side effects.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import BinaryIO, NamedTuple, Optional, Union

from .journal import Attributes, Journal, attributes, beside, copy, digest, move, replace, sync, write_synced
from .report import Failure, Report

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
ABOVE = "see its message above"


class Ran(NamedTuple):
    """A program that has ended; 127 is one that isn't there, 124 one whose time was up."""

    code: int
    out: str
    err: str


def written(file: BinaryIO) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")


def sysctl_path(key: str) -> str:
    """In a dotted key a slash stands for a dot (sysctl.d(5))."""
    return "/proc/sys/" + key.replace(".", "%").replace("/", ".").replace("%", "/")


class System:
    """root is / on a server; owner is whom the files belong to that are written."""

    def __init__(self, report: Report, journal: Journal, owner: tuple[int, int] = (0, 0)) -> None:
        self.report, self.journal, self.owner = report, journal, owner
        # The lock's descriptor.
        self.held: tuple[int, ...] = ()
        self.on = journal.on

    # Reading.

    def have(self, program: str) -> bool:
        return shutil.which(program, path=PATH) is not None

    def exists(self, path: str) -> bool:
        return os.path.lexists(self.on(path))

    def read(self, path: str) -> Optional[bytes]:
        try:
            return self.on(path).read_bytes()
        except OSError:
            return None

    def text(self, path: str) -> str:
        """The file's text without the last line's end; empty where it can't be read."""
        return (self.read(path) or b"").decode(errors="surrogateescape").rstrip("\n")

    def sysctl(self, key: str) -> str:
        """Its value, with blanks as sysctl.d writes them; empty where the kernel has no such key."""
        return self.text(sysctl_path(key)).replace("\t", " ")

    def output(self, *command: str) -> str:
        """What a command that changes nothing prints; empty where it fails."""
        ran = self.run(*command)
        return ran.out if ran.code == 0 else ""

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def wait(self, seconds: float, condition: Callable[[], bool], step: float = 0.05) -> bool:
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() >= end:
                return False
            self.sleep(step)
        return True

    # Programs.

    def run(
        self,
        *command: str,
        timeout: float = 1800,
        cwd: Union[str, Path, None] = None,
        env: Optional[dict[str, str]] = None,
        given: str = "",
        locked: bool = True,
    ) -> Ran:
        """Waits for the end of the program even if this run is interrupted. The output goes to files in memory, because a
        pipe stays open as long as a daemon that a hook started has it. locked: the program holds this run's lock."""
        with contextlib.ExitStack() as stack:
            source, out, err = (stack.enter_context(os.fdopen(os.memfd_create(n), "w+b")) for n in ("in", "out", "err"))
            source.write(given.encode())
            source.seek(0)
            try:
                process = subprocess.Popen(
                    command, stdin=source, stdout=out, stderr=err, cwd=cwd, env={**os.environ, **(env or {})},
                    pass_fds=self.held if locked else (),
                )  # fmt: skip
            except OSError as error:
                return Ran(127, "", str(error))
            code = self._end(process, timeout)
            return Ran(code, written(out), written(err) + ("its time was up\n" if code == 124 else ""))

    def _end(self, process: subprocess.Popen[bytes], timeout: float) -> int:
        try:
            return process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            return 124
        except BaseException:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
            raise

    def quietly(self, *command: str, **options: object) -> bool:
        """Runs a program whose output is shown only if it fails."""
        ran = self.run(*command, **options)  # type: ignore[arg-type]
        if ran.code != 0:
            self.report.output_of(ran.out + ran.err)
        return ran.code == 0

    def must(self, command: tuple[str, ...], cause: str, remedy: str = ABOVE, **options: object) -> None:
        if not self.quietly(*command, **options):
            raise Failure(cause, remedy)

    def restart(self, unit: str) -> bool:
        """Tried twice: systemd may still be clearing away what it stopped."""
        # Runs that were interrupted are no reason to refuse the next start.
        self.run("systemctl", "reset-failed", unit)
        if self.run("systemctl", "restart", unit).code == 0:
            return True
        self.sleep(1)
        self.run("systemctl", "reset-failed", unit)
        return self.quietly("systemctl", "restart", unit)

    def start(self, unit: str) -> None:
        """Now and at every boot. The link is made here: systemctl enable would change a SysV script's links too."""
        self.journal.record("unit", unit, self.run("systemctl", "is-active", unit).out.strip())
        self.link(f"/etc/systemd/system/multi-user.target.wants/{unit}", f"/etc/systemd/system/{unit}")
        if not self.restart(unit):
            raise Failure(f"{unit} doesn't start", f"journalctl -u {unit}")

    @contextlib.contextmanager
    def uninterrupted(self) -> Generator[None, None, None]:
        """Between a change of the network and its check nothing may stop the run, nor what it has started."""
        # They arrive at the end of it.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM))
        try:
            yield
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    # Files.

    def write_file(self, path: str, data: bytes, attributes: Optional[Attributes] = None) -> None:
        """All of it or nothing; an edit of the owner's is put aside first."""
        here, journal = self.on(path), self.journal
        journal.keep(path)
        if journal.edited(path):
            journal.set_aside(path)
        here.parent.mkdir(parents=True, exist_ok=True)
        new = beside(here)
        write_synced(new, data, *(attributes or (0o644, *self.owner)))
        # What was written is known, so that a later edit is known as such: this, and until it is moved what is there.
        known = [digest(new)] + ([digest(here)] if here.is_file() else [])
        journal.replace("wrote", path, " ".join(known))
        move(new, here)

    def replace_file(self, path: str, data: bytes, aside: bool) -> None:
        """Content alone, for a file of the owner's that stays; aside: an edit of it is kept first."""
        here = self.on(path)
        if aside and self.journal.edited(path):
            self.journal.set_aside(path)
        replace(here, data, *attributes(here))

    def write_state(self, path: str, data: bytes) -> None:
        """A file of the journal's own folder."""
        self.journal.open()
        replace(self.on(path), data)

    def link(self, path: str, target: str) -> None:
        here = self.on(path)
        self.journal.keep(path)
        here.parent.mkdir(parents=True, exist_ok=True)
        if here.is_symlink() and os.readlink(here) == target:
            return
        beside(here).unlink(missing_ok=True)
        beside(here).symlink_to(target)
        move(beside(here), here)

    def restore(self, path: str) -> None:
        """What the journal has of it. An edit made since is put aside first."""
        was, here = self.journal.fact("file", path), self.on(path)
        if was is None:
            return
        beside(here).unlink(missing_ok=True)
        if self.journal.edited(path):
            self.journal.set_aside(path)
        if was == "kept":
            here.parent.mkdir(parents=True, exist_ok=True)
            copy(self.journal.before(path), here)
        elif os.path.lexists(here):
            here.unlink()
            sync(here.parent)

    def remove_directories(self) -> None:
        """Those that were made, as far as they are empty."""
        for path in reversed(self.journal.names("directory")):
            here = self.on(path)
            if here.is_dir() and not any(here.iterdir()):
                here.rmdir()

    def attributes(self, path: str) -> Attributes:
        return attributes(self.on(path))

    # The kernel.

    def set_sysctl(self, key: str, value: str) -> bool:
        self.journal.record("sysctl", key, self.sysctl(key))
        return self.write_sysctl(key, value)

    def write_sysctl(self, key: str, value: str) -> bool:
        """Without a record: for what gives back a recorded value."""
        try:
            self.on(sysctl_path(key)).write_text(f"{value}\n")
        except OSError:
            return False
        return True
