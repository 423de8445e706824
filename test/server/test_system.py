"""How programs are run: what they print, their time, and what keeps other runs out."""

from __future__ import annotations

import io
import os
import signal
import time
import unittest

from kong_ipv6.__main__ import Terminated, terminate
from kong_ipv6.journal import Journal
from kong_ipv6.report import Report
from kong_ipv6.system import Ran, System


class Programs(unittest.TestCase):
    def setUp(self) -> None:
        self.system = System(Report(io.StringIO(), io.StringIO()), Journal(lambda *_: None))

    def test_what_it_is_given_prints_and_ends_with(self) -> None:
        ran = self.system.run("sh", "-c", "cat; echo no >&2; exit 3", given="text")
        self.assertEqual(Ran(3, "text", "no\n"), ran)
        self.assertEqual(127, self.system.run("/nonexistent/program").code)

    def test_its_time_is_up(self) -> None:
        begun = time.monotonic()
        ran = self.system.run("sh", "-c", "echo first; exec sleep 30", timeout=0.2)
        self.assertEqual((124, "first\n", "its time was up\n"), ran)
        self.assertLess(time.monotonic() - begun, 10)

    def test_a_daemon_that_it_leaves_is_not_waited_for(self) -> None:
        """Bug: a hook that started a daemon kept apply.sh waiting without end."""
        begun = time.monotonic()
        ran = self.system.run("sh", "-c", "sleep 30 & echo $!")
        os.kill(int(ran.out), 9)
        self.assertLess(time.monotonic() - begun, 10)
        self.assertEqual(0, ran.code)

    def test_what_it_starts_holds_the_lock_but_a_hook_does_not(self) -> None:
        """Bug: after kill -9 of a run its compose went on, beside the next run's."""
        read, write = os.pipe()
        self.addCleanup(os.close, read)
        self.addCleanup(os.close, write)
        self.system.held = (write,)
        holds = ("sh", "-c", f"test -e /proc/self/fd/{write}")
        self.assertEqual(0, self.system.run(*holds).code)
        self.assertEqual(1, self.system.run(*holds, locked=False).code)

    def test_an_interruption_of_an_uninterrupted_step_arrives_at_its_end(self) -> None:
        """Bug: it was lost, and the run went on to its end. What the step starts isn't interrupted either."""
        self.addCleanup(signal.signal, signal.SIGTERM, signal.signal(signal.SIGTERM, terminate))
        done: list[str] = []
        with self.assertRaises(Terminated), self.system.uninterrupted():
            os.kill(os.getpid(), signal.SIGTERM)
            done.append(self.system.run("sh", "-c", "kill -TERM $$; echo whole").out)
        self.assertEqual(["whole\n"], done)
