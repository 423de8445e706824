"""Docker's API over a unix socket."""

from __future__ import annotations

import http.server
import socketserver
import tempfile
import threading
import unittest
from pathlib import Path
from typing import Any

from kong_ipv6.engine import Engine, EngineError, message, state_of, where
from kong_ipv6.report import Failure

ANSWERS: dict[str, tuple[int, str]] = {
    "/version": (200, '{"Version": "29.7.2"}'),
    "/networks/missing": (404, '{"message": "network missing not found"}'),
    "/networks/broken": (500, '{"message": "it is broken"}'),
    "/networks/text": (500, "no JSON\n"),
    "/containers/x/stop": (204, ""),
}


class Server(socketserver.UnixStreamServer):
    seen: list[tuple[str, str, bytes]]


class Handler(http.server.BaseHTTPRequestHandler):
    def answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        assert isinstance(self.server, Server)
        self.server.seen.append((self.command, self.path, self.rfile.read(length)))
        code, text = ANSWERS.get(self.path, (200, "[]"))
        self.send_response(code)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    do_GET = do_POST = do_DELETE = answer

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def address_string(self) -> str:
        return "socket"


class Requests(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory(prefix="kong-ipv6-")
        self.addCleanup(folder.cleanup)
        path = str(Path(folder.name) / "docker.sock")
        self.server = Server(path, Handler)
        self.server.seen = []
        thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(thread.join)
        self.addCleanup(self.server.shutdown)
        self.engine = Engine(path)

    def test_what_it_answers(self) -> None:
        self.assertEqual("29.7.2", self.engine.version())
        self.assertEqual([], self.engine.networks())
        self.assertIsNone(self.engine.network("missing"))
        self.assertIsNone(self.engine.change("POST", "/containers/x/stop"))

    def test_an_error_is_in_dockers_words(self) -> None:
        for name, words in (("broken", "it is broken"), ("text", "no JSON")):
            with self.assertRaises(EngineError) as raised:
                self.engine.network(name)
            self.assertEqual(words, str(raised.exception))

    def test_a_change_that_fails_is_a_failure_with_dockers_words_as_remedy(self) -> None:
        for method, path, words in (
            ("DELETE", "/networks/broken", "it is broken"),
            ("POST", "/networks/missing", "network missing not found"),
        ):
            with self.assertRaises(Failure) as raised:
                self.engine.change(method, path, cause="Docker can't")
            self.assertEqual(("Docker can't", words), (raised.exception.cause, raised.exception.remedy))

    def test_what_is_gone_needs_no_removal(self) -> None:
        """Bug: rollback.sh failed over a container that ended by itself while it was stopped."""
        self.assertIsNone(self.engine.change("DELETE", "/networks/missing"))

    def test_the_body_is_json(self) -> None:
        self.engine.change("POST", "/networks/x/connect", {"Container": "y"})
        self.assertEqual([("POST", "/networks/x/connect", b'{"Container": "y"}')], self.server.seen)

    def test_nobody_listens(self) -> None:
        engine = Engine("/nonexistent/docker.sock")
        self.assertFalse(engine.answers())
        with self.assertRaises(EngineError):
            engine.version()

    def test_names_are_quoted(self) -> None:
        self.engine.image("kong-ipv6:local")
        self.engine.network("a b/c")
        self.assertEqual(
            ["/images/kong-ipv6:local/json", "/networks/a%20b/c"], [path for _, path, _ in self.server.seen]
        )


class Reading(unittest.TestCase):
    def test_states(self) -> None:
        for state, word in (
            (None, "missing"),
            ({"Status": "running", "Health": {"Status": "healthy"}}, "running/healthy"),
            ({"Status": "running", "Health": None}, "running/"),
            ({"Status": "exited", "ExitCode": 137}, "exited/137"),
            ({"Status": "created"}, "created/"),
        ):
            self.assertEqual(word, state_of({"State": state} if state else None))

    def test_messages(self) -> None:
        self.assertEqual("x", message('{"message": "x"}'))
        self.assertEqual("[]", message("[]"))
        self.assertEqual("text", message("text\n"))

    def test_filters(self) -> None:
        self.assertEqual("?filters=%7B%22label%22%3A%20%5B%22a%3Db%22%5D%7D", where({"label": ["a=b"]}))
