"""The three commands: refuse → plan → (end of a dry run) → apply → verify; and undo. No resource is known by name."""

import contextlib
import json
import os
import time
from pathlib import Path
from typing import Optional

from . import confirm
from .facts import Context, Facts
from .report import Change, Failure, Refusal, Result
from .resources import resources
from .resources.base import Resource

CHANGES = 4
# For sh and zsh; it says why where there is no answer.
CURL = "curl -g -sS -o /dev/null -w '%{http_code}\\n' "
Planned = list[tuple[Resource, list[Change]]]


def hook_path(repository: Path, name: str) -> Optional[Path]:
    path = repository / "scripts" / "hooks" / name
    return path if os.access(path, os.X_OK) and path.is_file() else None


def hook(context: Context, name: str, repository: Optional[Path] = None, timeout: float = 1800) -> None:
    """The owner's own step: an executable in scripts/hooks. Raises Failure where it fails."""
    path = hook_path(repository or context.repository.path, name)
    if path is None:
        return
    # A copy of the repository has no data: hooks run in the repository itself.
    where = next((one for one in context.journal.names("pending") if Path(one).is_dir()), path.parents[2])
    context.report.doing("hook", name)
    ran = context.system.run(str(path), cwd=where, locked=False, timeout=timeout)
    if ran.out.strip():
        context.report.output("hook", ran.out.rstrip("\n"))
    if ran.code != 0:
        context.report.output_of(ran.err or ran.out)
        raise Failure(f"the hook scripts/hooks/{name} failed with exit code {ran.code}", "see its message above")
    context.report.done("hook", name)


def survey(context: Context, only: Optional[str], reverting: bool = False) -> tuple[Facts, Planned]:
    """Raises Refused after printing the refusals; a revert prints them as notes, and does what can be done."""
    facts = Facts(context)
    if only is None:
        facts.begin()
    chosen = [one for one in resources(context) if only in (None, one.name, *one.follows)]
    refused = [refusal for resource in chosen if only for refusal in resource.needs(facts)]
    refused = refused or [refusal for resource in chosen for refusal in resource.refuse(facts)]
    if reverting:
        for refusal in refused:
            context.report.note("revert", f"{refusal.cause}; {refusal.remedy}")
    else:
        refuse(context, refused)
    planned = [(resource, list(resource.changes(facts))) for resource in chosen]
    for resource, changes in planned:
        if facts.begun(resource.name) and not changes and not resource.follows:
            changes.append(Change(resource.name, "an interrupted step will be repeated"))
    return facts, planned


class Refused(Exception):
    """The run doesn't begin, and the report says why."""


def refuse(context: Context, refusals: list[Refusal]) -> None:
    for refusal in refusals:
        context.report.refusal(refusal)
    if refusals:
        raise Refused


def carry_out(context: Context, planned: Planned) -> None:
    """The changes, between the owner's hooks."""
    hook(context, "before-apply")
    if any(changes for _, changes in planned):
        context.report.heading("Applying the changes:")
        apply_all(context, planned)
    hook(context, "after-apply")
    context.report.step = ""


def prepare_all(context: Context, planned: Planned) -> None:
    """Where it fails, the server is as it was, and Kong answers: no file is written yet, and no network recreated."""
    context.report.heading("Preparing:")
    # From here on rollback.sh has something to undo.
    context.journal.record("repository", str(context.repository.path), context.repository.project)
    for resource, changes in planned:
        if changes:
            resource.prepare()


def apply_all(context: Context, planned: Planned) -> None:
    """Each resource that has changes, or follows one that had some. What was begun and not ended is done again by the
    next run, so all of it is on disk before the first change."""
    applied, due = set[str](), list[Resource]()
    for resource, changes in planned:
        if changes or applied & set(resource.follows) or context.journal.fact("todo", resource.name) is not None:
            applied.add(resource.name)
            due.append(resource)
    context.report.changing = True
    context.report.doing("journal", "recording the plan")
    context.journal.record("repository", str(context.repository.path), context.repository.project)
    for resource in due:
        context.journal.record("todo", resource.name, "begun")
    for resource in due:
        resource.apply()
        context.journal.forget("todo", resource.name)
    context.report.step = ""


def apply(context: Context, dry_run: bool, within: int = 0) -> int:
    """within: the server reverts the change unless it is confirmed within so many seconds."""
    report = context.report
    _, planned = survey(context, None)
    lines = [change for _, changes in planned for change in changes]
    hooks = any(hook_path(context.repository.path, name) for name in ("before-apply", "after-apply"))
    trial = within > 0 and bool(lines or hooks)
    refuse(context, list(confirm.trial_refusals(context)) if trial else [])
    if lines:
        report.heading("Planned changes:")
        for change in lines:
            report.planned(change)
    else:
        report.say("Nothing to change.")
    report.outcome = "unchanged" if not lines else "planned" if dry_run else "applied"
    if dry_run:
        return CHANGES if lines else 0
    if trial:
        return on_trial(context, planned, within)
    # At the first run a build may need the IPv6 that daemon.json gives Docker.
    if lines and context.journal.names("applied"):
        prepare_all(context, planned)
    carry_out(context, planned)
    confirm.keep(context)
    return verify(context, False)


def on_trial(context: Context, planned: Planned, within: int) -> int:
    context.journal.forget_all("decided")
    prepare_all(context, planned)
    end = time.monotonic() + within
    confirm.begin(context, within)
    carry_out(context, planned)
    confirm.complete(context)
    context.report.outcome = "applied"
    code = verify(context, False)
    context.report.waiting(int(end - time.monotonic()))
    return code


def one(context: Context, name: str, dry_run: bool, remove: bool) -> int:
    """One resource alone, for the flags of network.sh and ufw.sh."""
    chosen = next(resource for resource in resources(context) if resource.name == name)
    if remove:
        rows = list(chosen.undo_rows(context.journal))
        if dry_run:
            for row in rows:
                context.report.row(*row)
        elif rows:
            context.report.changing = True
            chosen.undo(context.journal)
        context.report.step = ""
        return CHANGES if dry_run and rows else 0
    _, planned = survey(context, name)
    lines = [change for _, changes in planned for change in changes]
    for change in lines:
        context.report.row("change", *change)
    if lines and not dry_run:
        apply_all(context, planned)
    return CHANGES if lines and dry_run else 0


def verify(context: Context, as_json: bool) -> int:
    report, results = context.report, list[Result]()
    plan = context.plan
    outside = CURL + f"'http://[{plan.kong}]/'"
    if not as_json:
        report.heading("Checks on this server:")
    with contextlib.closing(Facts(context)) as facts:
        for resource in resources(context):
            for result in resource.verify(facts):
                results.append(result)
                if not as_json:
                    report.result(result)
    good = all(result.level != "fail" for result in results)
    if as_json:
        checks = [{"check": r.check, "result": r.level, "detail": r.detail, "remedy": r.remedy} for r in results]
        report.say(json.dumps({"ok": good, "checks": checks, "outside": outside}, ensure_ascii=False))
    else:
        text = "None of this proves that Kong is reachable from outside. Test it from another machine with IPv6"
        report.say(f"{text} (Kong without routes answers 404):")
        report.say(f"  {outside}")
        for old in (moved.address for moved in plan.moved if moved.name == "kong"):
            report.say(f"  {CURL}'http://[{old}]/'")
        if plan.previous:
            text = "An overlap is on. When nothing uses the old addresses any more, run on your own machine"
            report.say(f'{text} (README.md, "When the provider changes the prefix"):')
            report.say("  npx create-kong-ipv6 regenerate --finish")
    return 0 if good else 1


def rollback(context: Context, dry_run: bool) -> int:
    journal, report = context.journal, context.report
    if not journal.exists:
        report.say("Nothing to undo: apply.sh has changed nothing on this server.")
        return 0
    if dry_run:
        for resource in resources(context)[::-1]:
            for row in resource.undo_rows(journal):
                report.row(*row)
        return CHANGES
    # Its revert would end this run half-way. The next boot still reverts what this run leaves.
    confirm.stop_timer(context)
    hook(context, "before-rollback")
    undo(context)
    hook(context, "after-rollback")
    confirm.clear(context)
    journal.close()
    report.step = ""
    data = context.repository.data
    report.say("Everything is undone." + (f" The data is kept: {data}" if data.is_dir() else ""))
    return 0


def undo(context: Context) -> None:
    """All that the journal has. Raises Failure where something is left."""
    journal, report = context.journal, context.report
    report.changing = True
    left = [not_undone for resource in resources(context)[::-1] if (not_undone := resource.undo(journal))]
    report.step = ""
    if left:
        confirm.clear(context)
        journal.retain({kind for one in left for kind in one.kinds})
        for one in left[1:]:
            report.failure(one.failure)
        raise left[0].failure
    edited = journal.state / "edited"
    if edited.is_dir():
        report.note("file", f"your edits of these files are saved in /{edited.relative_to(journal.root)}")
