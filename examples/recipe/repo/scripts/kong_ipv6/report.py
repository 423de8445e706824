"""What a run says: rows, colours, errors, JSON. Writing to a terminal that is gone never stops a run."""

import json
import os
import re
import sys
from typing import NamedTuple, TextIO, Union


class Failure(Exception):
    """Stops a run with exit code 1."""

    def __init__(self, cause: str, remedy: str = "") -> None:
        super().__init__(cause)
        self.cause, self.remedy = cause, remedy


class Refusal(NamedTuple):
    """Why apply.sh doesn't begin, and what the owner can do."""

    cause: str
    remedy: str


class Change(NamedTuple):
    """One line of the plan: what differs between the server and the repository."""

    what: str
    text: str


class Result(NamedTuple):
    """One check of verify.sh; level is ok, warn or fail."""

    level: str
    check: str
    detail: str
    remedy: str = ""


COLOURS = {"ok": "\x1b[32m", "fail": "\x1b[31m", "open": "\x1b[31m", "warn": "\x1b[33m", "note": "\x1b[33m"}
BOLD, RED, PLAIN = "\x1b[1m", "\x1b[31m", "\x1b[0m"

# How remedies call the generator. plan.json has the same with its version.
GENERATOR = "npx create-kong-ipv6"

# Compose quotes the line of .env that it can't read: it may be the password's.
QUOTES = re.compile(r"(variable name|unterminated quoted value)\b.*")


def redacted(line: str) -> str:
    return QUOTES.sub(r"\1", line)


class Report:
    """Prints to the two streams; keeps what the run does at the moment."""

    def __init__(self, out: TextIO = sys.stdout, err: TextIO = sys.stderr, program: str = "apply.sh") -> None:
        self.out, self.err, self.program = out, err, program
        self.step = ""
        self.generator = GENERATOR
        # Whether this run has begun to change the server.
        self.changing = False
        # How it ended, for --json.
        self.outcome = ""
        terminal = out.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM", "dumb") != "dumb"
        self.coloured = terminal

    def paint(self, colour: str, text: str) -> str:
        return f"{colour}{text}{PLAIN}" if self.coloured and colour else text

    def say(self, text: str) -> None:
        self._print(self.out, text)

    def heading(self, text: str) -> None:
        self.say(self.paint(BOLD, text))

    def planned(self, change: Change) -> None:
        self.say(f"  {change.what:<11} {change.text}")

    def output(self, what: str, text: str) -> None:
        """What a program of the owner's has printed."""
        self.say(text)

    def row(self, word: str, what: str, text: str) -> None:
        self.say(f"  {self.paint(COLOURS.get(word, BOLD), f'{word:<7}')} {what:<11} {text}")

    def note(self, what: str, text: str) -> None:
        self.row("note", what, text)

    def doing(self, what: str, text: str, long: bool = False) -> None:
        """Names the step, for an interruption; a long one is announced, as nothing else is seen for minutes."""
        self.step = f"{what}: {text}"
        if long:
            self.row("...", what, f"{text}: this may take minutes")

    def done(self, what: str, text: str) -> None:
        self.row("ok", what, text)

    def result(self, result: Result) -> None:
        self.row(result.level, result.check, result.detail)
        if result.remedy:
            self.say(f"  {'':<7} {'':<11} Remedy: {result.remedy}")

    def failure(self, failure: Failure) -> None:
        self._error(f"{self.program}: {failure.cause}", f"Remedy: {failure.remedy}" if failure.remedy else "")

    def refusal(self, refusal: Refusal) -> None:
        self._error(f"Refused: {refusal.cause}", f"Remedy: {refusal.remedy}")

    def stopped(self, hint: str) -> None:
        """Says in which state the server is, too."""
        done = "What is marked ok above stays in effect; what comes after this step was not begun."
        if self.step:
            self._error(f"Stopped at: {self.step}", hint)
            self._print(self.err, f"  {done if self.changing else 'This run has changed nothing.'}")

    def _error(self, text: str, hint: str) -> None:
        self._print(self.err, self.paint(RED, text))
        if hint:
            self._print(self.err, f"  {hint}")

    def waiting(self, seconds: int) -> None:
        """How long the server waits for the confirmation."""
        self.say(f"Unless it is confirmed, the server reverts this change in {seconds} seconds:")
        self.say("  sudo ./scripts/apply.sh --confirm")

    def end(self, code: int) -> None:
        """The last line of --json."""

    def output_of(self, text: str) -> None:
        """The last words of a program that failed."""
        for line in text.rstrip("\n").split("\n")[-15:]:
            self._print(self.err, f"    | {redacted(line)}")

    def _print(self, stream: TextIO, text: str) -> None:
        try:
            print(re.sub(rf"{GENERATOR}(?!@)", lambda _: self.generator, text), file=stream, flush=True)
        except (OSError, ValueError):
            pass


class JsonReport(Report):
    """One JSON object a line, all on standard output.

    {"step", "status", "detail"} and, if there is one, "remedy". step is what the row is about (sysctl, netplan, image …).
    status: planned, ok, warn, fail, note, open, ... (a long step begins), output, refused, failed or stopped.
    The last line has "outcome": planned, unchanged, applied, confirmed, reverted, refused or failed; "code", the exit
    code; and "confirm_within", the seconds that are left, if the change waits for its confirmation.
    """

    left = 0

    def waiting(self, seconds: int) -> None:
        self.left = seconds

    def say(self, text: str) -> None:
        pass

    def _write(self, **fields: Union[str, int, bool]) -> None:
        self._print(self.out, json.dumps(fields, ensure_ascii=False))

    def row(self, word: str, what: str, text: str, remedy: str = "") -> None:
        more = {"remedy": remedy} if remedy else {}
        self._write(step=what, status=word, detail=text, **more)

    def planned(self, change: Change) -> None:
        self.row("planned", *change)

    def output(self, what: str, text: str) -> None:
        self.row("output", what, text)

    def result(self, result: Result) -> None:
        self.row(result.level, result.check, result.detail, result.remedy)

    def failure(self, failure: Failure) -> None:
        self.row("failed", self.step.split(":")[0] or self.program, failure.cause, failure.remedy)

    def refusal(self, refusal: Refusal) -> None:
        self.row("refused", self.program, *refusal)

    def stopped(self, hint: str) -> None:
        if self.step:
            self.row("stopped", *self.step.split(": ", 1), remedy=hint)

    def output_of(self, text: str) -> None:
        for line in text.rstrip("\n").split("\n")[-15:]:
            self.row("output", self.step.split(":")[0] or self.program, redacted(line))

    def end(self, code: int) -> None:
        more = {"confirm_within": self.left} if self.left > 0 else {}
        self._write(outcome=self.outcome, code=code, **more)
