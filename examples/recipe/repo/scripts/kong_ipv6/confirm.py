"""A change that has to be confirmed: while the journal has it as pending, a timer and the next boot revert it."""

import sys
import time
from collections.abc import Iterator

from . import copies
from .facts import Context
from .journal import STATE, Journal, move, replace, sync
from .report import Failure, Refusal
from .resources import previous_image

UNIT = "kong-ipv6-revert.service"
TIMER = "kong-ipv6-revert.timer"
UNIT_FILE = f"/etc/systemd/system/{UNIT}"
WANTS = f"/etc/systemd/system/multi-user.target.wants/{UNIT}"
WAYS_OUT = "sudo ./scripts/apply.sh --confirm, or sudo ./scripts/apply.sh --revert"


def _unit(copy: str) -> bytes:
    """Without the journal there is nothing to revert. Docker is needed to undo its part."""
    return f"""[Unit]
Description=Reverts a change by apply.sh that was not confirmed
ConditionPathExists={STATE}/manifest
After=network.target docker.service
StartLimitIntervalSec=1h
StartLimitBurst=4

[Service]
Type=oneshot
TimeoutStartSec=infinity
Restart=on-failure
RestartSec=10
WorkingDirectory={STATE}/copies/{copy}/scripts
Environment=HOME=/root LC_ALL=C.UTF-8
ExecStart={sys.executable} -B -m kong_ipv6 revert
KillMode=process
""".encode()


def pending(context: Context) -> str:
    """The repository whose change waits for its confirmation; empty where none does."""
    return next(iter(context.journal.names("pending")), "")


def refusals(context: Context) -> list[Refusal]:
    path = pending(context)
    return [Refusal(f"the last change, by {path}, is not confirmed yet", WAYS_OUT)] if path else []


def trial_refusals(context: Context) -> Iterator[Refusal]:
    if not context.system.have("systemd-run"):
        yield Refusal("--confirm-within needs systemd-run", "apply without it, or on a server with systemd")
    yield from copies.too_large(context.repository.path)
    if _changed(context.journal) and not context.journal.names("applied"):
        cause = "earlier changes were not applied completely, or by an older version: a revert would undo them too"
        yield Refusal(cause, "run sudo ./scripts/apply.sh once without --confirm-within")


def _changed(journal: Journal) -> bool:
    """Whether the journal has more than what preparing a change records: with ufw, an image is built under a rule."""
    kinds = {kind for kind, _, _ in journal.entries} - {"repository", "todo", "ufw", "file"}
    return bool(kinds or journal.our_files())


def begin(context: Context, seconds: int) -> None:
    """Starts the timer. It runs on the monotonic clock."""
    journal, system, report = context.journal, context.system, context.report
    report.doing("timer", "starting it")
    journal.record("todo", "apply", "begun")
    copy = copies.make(journal, context.repository.path)
    _remove_units(context)
    unit, link = journal.on(UNIT_FILE), journal.on(WANTS)
    replace(unit, _unit(copy), 0o644)
    link.parent.mkdir(exist_ok=True)
    link.with_name(f".{UNIT}").unlink(missing_ok=True)
    link.with_name(f".{UNIT}").symlink_to(UNIT_FILE)
    move(link.with_name(f".{UNIT}"), link)
    system.run("systemctl", "daemon-reload")
    allow_start(context)
    # A daemon-reload would start the time of --on-active again.
    started = system.output("systemctl", "show", "--property=UserspaceTimestampMonotonic", "--value").strip()
    at = time.monotonic() - int(started or 0) / 1e6 + seconds
    timer = ("systemd-run", f"--unit={UNIT}", f"--on-startup={at:.1f}", "--timer-property=AccuracySec=100ms")
    system.must(timer, "systemd can't start the timer")
    # From here on the change is reverted unless it is confirmed.
    journal.replace("pending", str(context.repository.path), copy)
    report.done("timer", f"the server reverts this change in {seconds} seconds, unless it is confirmed")


def complete(context: Context) -> None:
    """The change is applied, and can be confirmed."""
    journal, path = context.journal, context.repository.path
    copies.update(copies.folder(journal, journal.fact("pending", str(path)) or ""), path)
    journal.forget("todo", "apply")


def confirm(context: Context) -> int:
    journal, path = context.journal, pending(context)
    if not path:
        return _decided_before(context)
    if journal.fact("todo", "apply") is not None:
        raise Failure(
            "the change is not applied completely, so it can't be confirmed", "sudo ./scripts/apply.sh --revert"
        )
    applied = ("applied", path, journal.fact("pending", path) or "")
    journal.replace_kinds({"pending", "applied", "decided"}, applied, ("decided", path, "confirmed"))
    clear(context)
    tidy(context)
    context.report.outcome = "confirmed"
    context.report.done("confirm", "the change is confirmed and stays")
    return 0


def _decided_before(context: Context) -> int:
    """The reply to an earlier --confirm may have been lost."""
    decision = _decision(context.journal)
    if decision == "confirmed":
        context.report.outcome = "confirmed"
        context.report.done("confirm", "the change is already confirmed")
        return 0
    cause = "the last change was reverted" if decision else "no change waits for a confirmation"
    raise Failure(cause, "if it was reverted, the reason is in: journalctl -u kong-ipv6-revert")


def _decision(journal: Journal) -> str:
    """What became of the last change that waited for a confirmation: confirmed or reverted."""
    return next((value for kind, _, value in journal.entries if kind == "decided"), "")


def keep(context: Context) -> None:
    """What was applied without a timer is what a later change is reverted to."""
    journal, path = context.journal, context.repository.path
    # An earlier run may have been killed before its timer started.
    journal.forget("todo", "apply")
    for refusal in copies.too_large(path):
        context.report.note("copy", f"--confirm-within can't be used: {refusal.cause}")
        journal.forget_all("applied")
        return
    applied = next((value for kind, _, value in journal.entries if kind == "applied"), None)
    if applied and copies.same(copies.folder(journal, applied), path):
        return
    journal.replace_kinds({"applied", "decided"}, ("applied", str(path), copies.make(journal, path)))
    tidy(context)


def tidy(context: Context) -> None:
    copies.remove_unused(context.journal)
    previous_image.drop(context)


def clear(context: Context) -> None:
    """Stops the timer and removes the unit."""
    if context.journal.on(UNIT_FILE).exists():
        _remove_units(context)
        context.system.run("systemctl", "daemon-reload")


def allow_start(context: Context) -> None:
    """Earlier reverts don't count for the limit of starts."""
    context.system.run("systemctl", "reset-failed", UNIT)


def stop_timer(context: Context) -> None:
    if context.journal.on(UNIT_FILE).exists():
        context.system.run("systemctl", "--quiet", "stop", TIMER)


def _remove_units(context: Context) -> None:
    context.system.run("systemctl", "--quiet", "stop", TIMER)
    for path in (WANTS, UNIT_FILE):
        here = context.journal.on(path)
        here.unlink(missing_ok=True)
        if here.parent.is_dir():
            sync(here.parent)
