"""Undoes one change that was not confirmed: back to what was applied before it, or to the server before the first run.

It always runs as the unit in confirm.py, from the copy of the repository whose change it reverts.
"""

import sys
from pathlib import Path

from . import confirm, copies, run
from .facts import Context, Facts
from .report import Failure
from .resources.daemon_json import DaemonJson

# A hook that hangs must not keep the server from being reverted, in seconds.
HOOK = 60
LOG = "journalctl -u kong-ipv6-revert"


def revert(context: Context) -> int:
    """Each part may be done again: a power cut can end it anywhere."""
    journal, path = context.journal, confirm.pending(context)
    if not path:
        confirm.clear(context)
        context.report.say("Nothing to revert.")
        return 0
    context.report.changing = True
    # What is reverted in part can't be confirmed any more.
    journal.record("todo", "apply", "begun")
    # Kong's own minute for open responses is too long for a server that can't be reached.
    context.engine.grace = "?t=2"
    changed = copies.folder(journal, journal.fact("pending", path) or "")
    previous = next((value for kind, _, value in journal.entries if kind == "applied"), None)
    _hook(context, "before-rollback", changed)
    if previous:
        _back_to(context, copies.folder(journal, previous), changed, Path(path))
    else:
        run.undo(context)
    _hook(context, "after-rollback", changed)
    if previous:
        journal.replace_kinds({"pending", "decided"}, ("decided", path, "reverted"))
        journal.forget("todo", "apply")
        confirm.clear(context)
        confirm.tidy(context)
    else:
        # Without the journal the unit does nothing; without the unit the journal's change could not be reverted.
        journal.close()
        confirm.clear(context)
    context.report.say("The change is reverted.")
    return 0


def _hook(context: Context, name: str, repository: Path) -> None:
    """What a hook of the change did, its counterpart undoes; where a hook fails, the rest is reverted all the same."""
    try:
        run.hook(context, name, repository, HOOK)
    except Failure as failure:
        context.report.failure(failure)


def _back_to(context: Context, previous: Path, changed: Path, path: Path) -> None:
    """By the program that the previous state was applied with."""
    context.report.doing("revert", f"restoring {path}")
    copies.restore(context.journal, previous, changed, path)
    context.report.done("revert", f"{path} is as it was applied before")
    command = (sys.executable, "-B", "-m", "kong_ipv6", "reapply")
    context.report.doing("revert", "applying it")
    ran = context.system.run(*command, cwd=previous / "scripts", timeout=900)
    context.report.say((ran.out + ran.err).rstrip("\n"))
    context.journal.reload()
    if ran.code != 0:
        raise Failure(
            "the previous state can't be applied", f"see above ({LOG}); then: sudo ./scripts/apply.sh --revert"
        )


def reapply(context: Context) -> int:
    """Applies the repository whose change is being reverted, as it was before."""
    if not context.engine.answers():
        # Perhaps a daemon.json of the reverted change stops it. Without Docker everything else would be refused.
        docker = DaemonJson(context)
        list(docker.changes(Facts(context)))
        docker.apply()
    _, planned = run.survey(context, None, reverting=True)
    _hook(context, "before-apply", context.repository.path)
    run.apply_all(context, planned)
    _hook(context, "after-apply", context.repository.path)
    run.verify(context, False)
    return 0


def now(context: Context) -> int:
    if not confirm.pending(context):
        raise Failure("no change waits for a confirmation", "scripts/rollback.sh undoes everything")
    by_unit(context)
    return 0


def by_unit(context: Context) -> None:
    """Raises Failure where the change isn't reverted. The lock must be free."""
    report = context.report
    report.doing("revert", "reverting the change", long=True)
    confirm.allow_start(context)
    ran = context.system.run("systemctl", "start", confirm.UNIT)
    context.journal.reload()
    left = context.journal.exists and not context.journal.names("applied")
    if confirm.pending(context) or left:
        report.output_of(ran.out + ran.err + context.system.output(*LOG.split(), "--no-pager", "--output=cat"))
        remedy = "sudo ./scripts/rollback.sh" if left else "sudo ./scripts/apply.sh --revert, or rollback.sh"
        raise Failure("the change can't be reverted", f"see above; then {remedy}")
    report.outcome, report.step = "reverted", ""
    report.done("revert", "the server is as it was before this change")
