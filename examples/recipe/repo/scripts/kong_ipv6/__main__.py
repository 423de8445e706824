"""argv → command; signals and exit codes: 0 done, 1 failed or refused, 4 --dry-run with changes, 130 and 143 ended."""

import fcntl
import os
import re
import signal
import sys
import time
from pathlib import Path
from types import FrameType
from typing import NoReturn, Optional

from . import plan, run
from .engine import Compose, Engine, EngineError
from .facts import Context
from .journal import Journal
from .network_state import HostNetwork
from .report import Failure, JsonReport, Report
from .settings import Repository
from .system import PATH, System

LOCK = "/run/kong-ipv6.lock"
USAGE = {
    "apply": """usage: sudo ./scripts/apply.sh [--dry-run] [--json]

Brings this server to the state that the repository describes, then checks it.
A second run changes nothing. scripts/rollback.sh undoes everything.
--dry-run prints what would change. Exit status: 4 if something would, else 0.
--json prints one JSON object per line; the last one has the outcome.""",
    "verify": """usage: sudo ./scripts/verify.sh [--json]

Checks everything that can be checked on this server, and explains what does not
work. Only a test from another machine proves that Kong is reachable from
outside: the command for it is printed at the end.
--json prints the results as JSON. Exit status: 0 if no check failed, else 1.""",
    "rollback": """usage: sudo ./scripts/rollback.sh [--dry-run]

Undoes everything that apply.sh did on this server: files with content, mode and
owner, units, packages, sysctls, firewall, network, containers. It never deletes
the data of Kong and its database, and no package that you now use yourself.
--dry-run prints what would be undone. Exit status: 4 if something would, else 0.""",
    "network": """usage: sudo ./scripts/network.sh [--dry-run] [--remove]

Without options it creates the exposed Docker network, whose containers have
public IPv6 addresses. With options it does what apply.sh and rollback.sh do for
this network.
--remove restores what was there before apply.sh.
--dry-run prints what would change. Exit status: 4 if something would, else 0.""",
    "ufw": """usage: sudo ./scripts/ufw.sh [--dry-run] [--remove]

Without options it adds ufw rules that forward traffic to Kong's ports 80 and
443, and from the exposed subnet to the outside. It never enables ufw: the rules
take effect when you enable ufw.
--remove deletes all rules with the comment kong-ipv6.
--dry-run prints what would change. Exit status: 4 if something would, else 0.""",
}


class Terminated(BaseException):
    """SIGTERM."""


def terminate(number: int, frame: Optional[FrameType]) -> NoReturn:
    raise Terminated


def options(command: str, arguments: list[str]) -> set[str]:
    known = set(re.findall(r"\[(--[a-z-]+)\]", USAGE[command]))
    for argument in arguments:
        if argument not in known:
            raise Failure(f"unknown argument: {argument}", f"{command}.sh --help")
    return set(arguments)


def lock() -> int:
    """One run at a time."""
    descriptor = os.open(LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    # The programs that a killed run started hold the lock until they end.
    for _ in range(50):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return descriptor
        except BlockingIOError:
            time.sleep(0.1)
    raise Failure("another run is in progress", "wait until it ends")


def context_for(report: Report) -> Context:
    repository = Repository(Path(__file__).resolve().parents[2])
    try:
        answers = plan.parse(repository.plan_json.read_text())
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Failure(f"scripts/plan.json can't be read: {error}", "create-kong-ipv6 regenerate") from error
    journal = Journal(report.note)
    system = System(report, journal)
    compose, network = Compose(system, repository.path), HostNetwork(system, answers, report)
    return Context(answers, repository, report, journal, system, Engine(), compose, network)


def prepare() -> None:
    """A lost connection must not stop a run half-way. What programs write must be readable for others: with 077 netplan's
    files aren't for networkd. The owner's shell must not override what .env says."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, terminate)
    os.umask(0o022)
    for name in list(os.environ):
        if re.match(r"COMPOSE_|KONG_(DATA|BIND|PG|PUBLISH)|DOCKER_(HOST|CONTEXT)$", name):
            del os.environ[name]
    os.environ.update(PATH=PATH, LC_ALL="C.UTF-8")


def command(name: str, given: set[str], report: Report) -> int:
    dry = "--dry-run" in given
    held = () if dry or name == "verify" else (lock(),)
    try:
        context = context_for(report)
        context.system.held = held
        if name == "verify":
            return run.verify(context, "--json" in given)
        if name == "rollback":
            return run.rollback(context, dry)
        if name == "apply":
            return run.apply(context, dry)
        return run.one(context, name, dry, "--remove" in given)
    finally:
        for descriptor in held:
            os.close(descriptor)


def main(name: str, arguments: list[str]) -> int:
    as_json = name == "apply" and "--json" in arguments and not {"-h", "--help"} & set(arguments)
    report, code = (JsonReport if as_json else Report)(program=f"{name}.sh"), 1
    try:
        code = attempt(name, arguments, report)
    finally:
        if code == 1 and report.outcome != "refused":
            report.outcome = "failed"
        report.end(code)
    return code


def attempt(name: str, arguments: list[str], report: Report) -> int:
    again = f"Run ./scripts/{name}.sh again to continue"
    again += "." if name == "rollback" else ", or ./scripts/rollback.sh to undo everything."
    try:
        if {"-h", "--help"} & set(arguments):
            report.say(USAGE[name])
            return 0
        given = options(name, arguments)
        if os.geteuid() != 0:
            raise Failure("this script must run as root", f"sudo ./scripts/{name}.sh")
        prepare()
        return command(name, given, report)
    except run.Refused:
        report.outcome = "refused"
        return 1
    except (Failure, EngineError) as error:
        remedy = "systemctl status docker; then run this again"
        # Before the first step, nothing can have failed.
        report.outcome = "failed" if report.step else "refused"
        report.failure(error if isinstance(error, Failure) else Failure(f"Docker doesn't answer: {error}", remedy))
        report.stopped(again)
        return 1
    except (KeyboardInterrupt, Terminated) as ended:
        report.outcome = "failed"
        report.stopped(again)
        return 130 if isinstance(ended, KeyboardInterrupt) else 143
    except Exception:
        report.stopped(again)
        raise


if __name__ == "__main__":
    code = main(sys.argv[1], sys.argv[2:])
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    sys.exit(code)
