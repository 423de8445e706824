"""argv → command; signals and exit codes: 0 done, 1 failed or refused, 4 --dry-run with changes, 130 and 143 ended."""

import os
import re
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import NoReturn, Optional

from . import confirm, lock, plan, revert, run
from .engine import Compose, Engine, EngineError
from .facts import Context
from .journal import Journal
from .network_state import HostNetwork
from .report import Failure, JsonReport, Report
from .settings import Repository
from .system import PATH, System

USAGE = {
    "apply": """usage: sudo ./scripts/apply.sh [--dry-run] [--json] [--confirm-within SECONDS]
       sudo ./scripts/apply.sh [--confirm] | [--revert]

Brings this server to the state that the repository describes, then checks it.
A second run changes nothing. scripts/rollback.sh undoes everything.
--dry-run prints what would change. Exit status: 4 if something would, else 0.
--json prints one JSON object per line; the last one has the outcome.
--confirm-within: unless the change is confirmed within SECONDS, or if the
server reboots before that, the server reverts this change by itself.
--confirm confirms it. --revert reverts it at once.""",
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


# What ends a run without a defect of the program.
ENDS = (run.Refused, Failure, EngineError, KeyboardInterrupt, Terminated)


def terminate(number: int, frame: Optional[FrameType]) -> NoReturn:
    raise Terminated


def options(command: str, arguments: list[str]) -> dict[str, str]:
    """The given flags, and their values."""
    known, given = dict(re.findall(r"\[(--[a-z-]+)( [A-Z]+)?\]", USAGE.get(command, ""))), dict[str, str]()
    left = [part for argument in arguments for part in argument.split("=", 1)]
    while left:
        flag = left.pop(0)
        if flag not in known:
            raise Failure(f"unknown argument: {flag}", f"{command}.sh --help")
        given[flag] = left.pop(0) if known[flag] and left else ""
    seconds = given.get("--confirm-within")
    if seconds is not None and not (re.fullmatch(r"[0-9]{1,5}", seconds) and int(seconds) >= 5):
        raise Failure(f"--confirm-within {seconds}: not a number of seconds from 5 to 99999", "--confirm-within 120")
    one_of = {"--confirm", "--revert", "--dry-run", "--confirm-within"} & set(given)
    if len(one_of) > 1 and one_of != {"--dry-run", "--confirm-within"}:
        raise Failure(f"these can't be combined: {' '.join(given)}", f"{command}.sh --help")
    return given


def context_for(report: Report, name: str = "") -> Context:
    journal = Journal(report.note)
    here = Path(__file__).resolve().parents[2]
    # It runs from a copy of the repository.
    repository = Repository(Path(journal.names("pending")[0]) if name == "reapply" else here)
    try:
        answers = plan.parse(repository.plan_json.read_text())
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Failure(f"scripts/plan.json can't be read: {error}", "npx create-kong-ipv6 regenerate") from error
    report.generator = answers.generator
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


def command(name: str, given: dict[str, str], report: Report) -> int:
    context = context_for(report, name)
    if name == "verify":
        return run.verify(context, "--json" in given)
    # The revert, which it is a part of, has the lock.
    if name == "reapply":
        return revert.reapply(context)
    if "--revert" in given:
        return revert.now(context)
    held = (
        []
        if "--dry-run" in given
        else [lock.take_over() if name == "revert" and confirm.pending(context) else lock.acquire()]
    )
    context.system.held = tuple(held)
    # Another run may have written it meanwhile.
    context.journal.reload()
    try:
        return locked(context, name, given)
    except (Exception, KeyboardInterrupt, Terminated) as error:
        is_trial = "--confirm-within" in given and "--dry-run" not in given
        if not is_trial or isinstance(error, run.Refused) or not confirm.pending(context):
            raise
        code = explain(error, report, "The server reverts this change now.")
        context.system.held = ()
        while held:
            os.close(held.pop())
        revert.by_unit(context)
        if not isinstance(error, ENDS):
            raise
        # SIGTERM is how the revert ends a run whose time is up.
        return 130 if code == 130 else 1
    finally:
        for descriptor in held:
            os.close(descriptor)


def locked(context: Context, name: str, given: dict[str, str]) -> int:
    dry = "--dry-run" in given
    if name == "rollback":
        return run.rollback(context, dry)
    if name == "revert":
        return revert.revert(context)
    if "--confirm" in given:
        return confirm.confirm(context)
    run.refuse(context, confirm.refusals(context))
    if name == "apply":
        return run.apply(context, dry, int(given.get("--confirm-within", 0)))
    return run.one(context, name, dry, "--remove" in given)


def explain(error: BaseException, report: Report, hint: str) -> int:
    """Says why a run ended. Returns its exit code."""
    # Before the first step, nothing can have failed.
    report.outcome = "failed" if report.step or not isinstance(error, ENDS) else "refused"
    if isinstance(error, EngineError):
        error = Failure(f"Docker doesn't answer: {error}", "systemctl status docker; then run this again")
    if isinstance(error, Failure):
        report.failure(error)
    if not isinstance(error, run.Refused):
        report.stopped(hint)
    if isinstance(error, (KeyboardInterrupt, Terminated)):
        report.outcome = "failed"
    return 130 if isinstance(error, KeyboardInterrupt) else 143 if isinstance(error, Terminated) else 1


def main(name: str, arguments: list[str]) -> int:
    as_json = name == "apply" and "--json" in arguments and not {"-h", "--help"} & set(arguments)
    report, code = (JsonReport if as_json else Report)(program=f"{name if name in USAGE else 'apply'}.sh"), 1
    try:
        code = attempt(name, arguments, report)
    finally:
        if code == 1 and report.outcome not in ("refused", "reverted"):
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
    except ENDS as error:
        return explain(error, report, "sudo ./scripts/apply.sh --revert" if name == "revert" else again)
    except Exception as error:
        explain(error, report, again)
        raise


if __name__ == "__main__":
    code = main(sys.argv[1], sys.argv[2:])
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    sys.exit(code)
