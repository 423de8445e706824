"""What a run prints."""

from __future__ import annotations

import io
import json
import os
import unittest
from unittest import mock

from kong_ipv6.report import Change, Failure, JsonReport, Refusal, Report, Result


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Gone(io.StringIO):
    def write(self, _: str) -> int:
        raise OSError("Input/output error")


class Printing(unittest.TestCase):
    def setUp(self) -> None:
        self.out, self.err = io.StringIO(), io.StringIO()
        self.report = Report(self.out, self.err, "apply.sh")

    def test_rows(self) -> None:
        self.report.done("sysctl", "forwarding")
        self.report.note("network", "a note")
        self.assertEqual("  ok      sysctl      forwarding\n  note    network     a note\n", self.out.getvalue())

    def test_refusals_and_failures_go_to_the_error_stream_with_their_remedy(self) -> None:
        self.report.refusal(Refusal("too old", "upgrade"))
        self.report.failure(Failure("it broke", "mend it"))
        self.report.failure(Failure("no remedy"))
        self.assertEqual(
            "Refused: too old\n  Remedy: upgrade\napply.sh: it broke\n  Remedy: mend it\napply.sh: no remedy\n",
            self.err.getvalue(),
        )
        self.assertEqual("", self.out.getvalue())

    def test_where_a_run_stopped(self) -> None:
        self.report.stopped("again")
        self.assertEqual("", self.err.getvalue())
        self.report.doing("docker", "restarting it")
        self.report.stopped("again")
        self.assertEqual(
            "Stopped at: docker: restarting it\n  again\n  This run has changed nothing.\n", self.err.getvalue()
        )

    def test_a_long_step_is_announced(self) -> None:
        self.report.doing("image", "building it", long=True)
        self.assertEqual("  ...     image       building it: this may take minutes\n", self.out.getvalue())

    def test_the_last_fifteen_lines_of_a_program(self) -> None:
        self.report.output_of("".join(f"line {number}\n" for number in range(20)))
        lines = self.err.getvalue().splitlines()
        self.assertEqual(("    | line 5", "    | line 19", 15), (lines[0], lines[-1], len(lines)))

    def test_a_terminal_that_is_gone_stops_nothing(self) -> None:
        report = Report(Gone(), Gone())
        report.done("sysctl", "forwarding")
        report.refusal(Refusal("a", "b"))
        report.stopped("again")


class Json(unittest.TestCase):
    def test_one_object_a_line_on_standard_output(self) -> None:
        out, err = io.StringIO(), io.StringIO()
        report = JsonReport(out, err, "apply.sh")
        report.heading("Planned changes:")
        report.planned(Change("sysctl", "forwarding 0 → 1"))
        report.doing("image", "building", long=True)
        report.output_of("step 1\nstep 2\n")
        report.failure(Failure("no space", "free some"))
        report.stopped("run it again")
        report.result(Result("fail", "ndp", "silent", "start it"))
        report.refusal(Refusal("too old", "upgrade"))
        report.outcome = "failed"
        report.end(1)
        self.assertEqual("", err.getvalue())
        self.assertEqual(
            [
                {"step": "sysctl", "status": "planned", "detail": "forwarding 0 → 1"},
                {"step": "image", "status": "...", "detail": "building: this may take minutes"},
                {"step": "image", "status": "output", "detail": "step 1"},
                {"step": "image", "status": "output", "detail": "step 2"},
                {"step": "image", "status": "failed", "detail": "no space", "remedy": "free some"},
                {"step": "image", "status": "stopped", "detail": "building", "remedy": "run it again"},
                {"step": "ndp", "status": "fail", "detail": "silent", "remedy": "start it"},
                {"step": "apply.sh", "status": "refused", "detail": "too old", "remedy": "upgrade"},
                {"outcome": "failed", "code": 1},
            ],
            [json.loads(line) for line in out.getvalue().splitlines()],
        )


class Colours(unittest.TestCase):
    def coloured(self, **environment: str) -> bool:
        with mock.patch.dict(os.environ, environment, clear=True):
            out = Terminal()
            Report(out, out).done("a", "b")
            return "\x1b[32m" in out.getvalue()

    def test_on_a_terminal_only(self) -> None:
        self.assertTrue(self.coloured(TERM="xterm"))
        self.assertFalse(self.coloured(TERM="dumb"))
        self.assertFalse(self.coloured(TERM="xterm", NO_COLOR="1"))
        with mock.patch.dict(os.environ, {"TERM": "xterm"}, clear=True):
            out = io.StringIO()
            Report(out, out).done("a", "b")
            self.assertNotIn("\x1b", out.getvalue())
