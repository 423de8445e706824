"""What a run prints."""

from __future__ import annotations

import io
import os
import unittest
from unittest import mock

from kong_ipv6.report import Failure, Refusal, Report


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
