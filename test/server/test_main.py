"""argv, exit codes, the lock, and the files that are the same in every repository."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from unittest.mock import patch

from kong_ipv6 import __main__, packets, plan, solicit
from kong_ipv6.report import Failure
from simulated import EXAMPLE, ROOT

SCRIPTS = ROOT / "files" / "scripts"
HOST = ROOT / "files" / "host" / "etc"
TEMPLATES = ROOT / "templates"


class Main(unittest.TestCase):
    def test_help_needs_no_root(self) -> None:
        for command in ("apply", "verify", "rollback", "network", "ufw"):
            with patch.object(__main__.Report, "say") as say:
                self.assertEqual(__main__.main(command, ["--help"]), 0)
            self.assertIn(f"usage: sudo ./scripts/{command}.sh", say.call_args[0][0])

    def test_unknown_arguments(self) -> None:
        for command, argument in (
            ("apply", "--json"),
            ("verify", "--dry-run"),
            ("apply", "x"),
            ("rollback", "--remove"),
        ):
            with self.assertRaises(Failure) as raised:
                __main__.options(command, [argument])
            self.assertEqual(raised.exception.cause, f"unknown argument: {argument}")
        self.assertEqual(__main__.options("network", ["--dry-run", "--remove"]), {"--dry-run", "--remove"})

    def test_not_root(self) -> None:
        failures: list[Failure] = []
        with patch.object(__main__.Report, "failure", lambda _, failure: failures.append(failure)):
            with patch("os.geteuid", lambda: 65534):
                self.assertEqual(__main__.main("apply", []), 1)
        self.assertEqual(
            (failures[0].cause, failures[0].remedy), ("this script must run as root", "sudo ./scripts/apply.sh")
        )

    def test_exit_codes(self) -> None:
        for raised, code in (
            (Failure("x"), 1),
            (__main__.run.Refused(), 1),
            (KeyboardInterrupt(), 130),
            (__main__.Terminated(), 143),
        ):

            def fails(*_: object, error: BaseException = raised) -> int:
                raise error

            with (
                patch.object(__main__, "command", fails),
                patch.object(__main__, "prepare"),
                patch("os.geteuid", lambda: 0),
            ):
                with patch.object(__main__.Report, "_print", lambda *_: None):
                    self.assertEqual(__main__.main("apply", []), code)

    def test_a_second_run_waits_and_then_fails(self) -> None:
        with tempfile.NamedTemporaryFile() as file, patch.object(__main__, "LOCK", file.name), patch("time.sleep"):
            held = __main__.lock()
            with self.assertRaises(Failure) as raised:
                __main__.lock()
            self.assertEqual(raised.exception.cause, "another run is in progress")
            fcntl.flock(held, fcntl.LOCK_UN)
            os.close(held)
            os.close(__main__.lock())

    def test_the_owner_s_shell_does_not_override_env(self) -> None:
        with patch.dict("os.environ", {"COMPOSE_FILE": "x", "DOCKER_HOST": "y", "KONG_PG_PASSWORD": "z", "MINE": "1"}):
            with patch("signal.signal"), patch("os.umask") as umask:
                __main__.prepare()
            umask.assert_called_with(0o022)
            left = {"COMPOSE_FILE", "DOCKER_HOST", "KONG_PG_PASSWORD", "MINE"} & set(os.environ)
        self.assertEqual(left, {"MINE"})


class Scripts(unittest.TestCase):
    """The shell around the program."""

    def test_through_a_link_with_a_blank_in_the_path(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            scripts = Path(folder) / "my gateway" / "scripts"
            scripts.mkdir(parents=True)
            (scripts / "kong_ipv6").symlink_to(SCRIPTS / "kong_ipv6")
            for name in ("apply", "verify", "rollback"):
                (scripts / f"{name}.sh").write_text((SCRIPTS / f"{name}.sh").read_text())
                (scripts / f"{name}.sh").chmod(0o755)
                link = Path(folder) / name
                link.symlink_to(scripts / f"{name}.sh")
                ran = subprocess.run([str(link), "--help"], capture_output=True, text=True, cwd="/")
                self.assertEqual((ran.returncode, ran.stderr), (0, ""))
                self.assertIn(f"usage: sudo ./scripts/{name}.sh", ran.stdout)

    def test_without_python(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            for name in ("dirname", "readlink"):
                (Path(folder) / name).symlink_to(f"/usr/bin/{name}")
            ran = subprocess.run(
                ["/bin/sh", str(SCRIPTS / "apply.sh")], capture_output=True, text=True, env={"PATH": folder}
            )
        self.assertEqual(ran.returncode, 1)
        self.assertEqual(
            ran.stderr, "apply.sh: python3 is not installed\n  Remedy: apt-get install python3 python3-yaml\n"
        )

    def test_they_are_short(self) -> None:
        for path in (*SCRIPTS.glob("*.sh"), *(TEMPLATES / "scripts").glob("*.sh.hbs")):
            self.assertLess(len(path.read_text().splitlines()), 40, path.name)

    def test_the_program_runs_on_every_python_that_is_here(self) -> None:
        compiled = subprocess.run(
            [
                sys.executable,
                "-c",
                "import ast, pathlib, sys; [ast.parse(p.read_text(), feature_version=(3, 9)) for p in pathlib.Path(sys.argv[1]).rglob('*.py')]",
                str(SCRIPTS),
            ],
            capture_output=True,
            text=True,
        )
        self.assertEqual(compiled.stderr, "")

    def test_modules_and_functions_are_small(self) -> None:
        import ast

        for path in (SCRIPTS / "kong_ipv6").rglob("*.py"):
            text = path.read_text()
            self.assertLessEqual(len(text.splitlines()), 300, path.name)
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                    self.assertLessEqual((node.end_lineno or 0) - node.lineno + 1, 40, f"{path.name} {node.name}")


class Generated(unittest.TestCase):
    """What a later edit of a file must not lose, seen without a server."""

    def test_the_plan_of_each_example_is_read(self) -> None:
        plans = sorted((ROOT / "examples").glob("*/repo/scripts/plan.json"))
        self.assertTrue(plans)
        for path in plans:
            answers = plan.parse(path.read_text())
            self.assertTrue(plan.inside(answers.kong, answers.subnet), path)
            self.assertNotIn("{{", path.read_text())

    def test_a_plan_that_is_not_one(self) -> None:
        for text in ("", "{}", "[]", json.dumps({"prefix": 1})):
            with self.assertRaises((ValueError, KeyError, TypeError)):
                plan.parse(text)

    def test_ndppd_is_started_for_as_long_as_it_takes(self) -> None:
        unit = (HOST / "systemd/system/ndppd.service").read_text()
        for line in ("StartLimitIntervalSec=0", "Restart=always", "RestartSec=1", "After=network-online.target"):
            self.assertIn(f"\n{line}\n", unit)

    def test_the_table_is_loaded_before_the_network_and_docker(self) -> None:
        unit = (HOST / "systemd/system/kong-ipv6-firewall.service").read_text()
        before = next(line for line in unit.splitlines() if line.startswith("Before=")).split("=")[1].split()
        self.assertLessEqual({"network-pre.target", "docker.service"}, set(before))
        self.assertIn("\nWants=network-pre.target\n", unit)

    def test_packet_too_big_reaches_kong(self) -> None:
        table = (EXAMPLE / "host/etc/kong-ipv6/firewall.nft").read_text()
        rule = next(line for line in table.splitlines() if "icmpv6 type" in line)
        for kind in ("echo-request", "destination-unreachable", "packet-too-big", "time-exceeded", "parameter-problem"):
            self.assertIn(kind, rule)
        self.assertTrue(rule.rstrip().endswith("accept"))

    def test_compose(self) -> None:
        compose = (EXAMPLE / "docker-compose.yml").read_text()
        self.assertIn("  cap_drop:\n    - ALL\n", compose)
        self.assertIn("KONG_DNS_ORDER: LAST,SRV,A,AAAA,CNAME\n", compose)
        self.assertIn("      - no-new-privileges:true\n".replace("      ", "    "), compose)

    def test_gitignore(self) -> None:
        ignored = (EXAMPLE / ".gitignore").read_text().splitlines()
        self.assertIn(".env", [line.lstrip("/") for line in ignored])
        self.assertIn("*.new", ignored)

    def test_docker_starts_at_the_next_boot_with_its_nftables_backend(self) -> None:
        self.assertIn("\nnet.ipv4.ip_forward = 1\n", (EXAMPLE / "host/etc/sysctl.d/60-kong-ipv6.conf").read_text())


class Packets(unittest.TestCase):
    """Frames that are sent, read again."""

    MAC = b"\x02\x00\x00\x00\x00\x01"

    def test_a_solicitation(self) -> None:
        target = packets.packed("2001:db8::8100")
        packet = packets.parse(packets.solicitation(self.MAC, packets.packed("fe80::5"), target))
        assert packet
        self.assertEqual(packets.solicited(packet), target)
        self.assertEqual(packets.advertised(packet), b"")
        self.assertEqual(packet.target, packets.packed("ff02::1:ff00:8100"))
        self.assertEqual(packet.frame[:6], b"\x33\x33\xff\x00\x81\x00")

    def test_a_first_tcp_packet(self) -> None:
        for source, target in (("192.0.2.1", "203.0.113.10"), ("100::77", "2001:db8::8100")):
            source, target = packets.packed(source), packets.packed(target)
            segment = packets.segment(source, target, (40000, 80), 7, packets.SYN)
            packet = packets.parse(packets.frame(self.MAC, self.MAC, source, target, packets.TCP, segment))
            assert packet
            self.assertEqual((packet.source, packet.target, packet.protocol), (source, target, packets.TCP))
            self.assertEqual(packet.payload[:4], b"\x9c\x40\x00\x50")
            # A message with its own checksum sums up to nothing.
            pseudo = packets.checked(
                source, target, packets.TCP, packet.payload[:16] + b"\0\0" + packet.payload[18:], 16
            )
            self.assertEqual(pseudo, packet.payload)

    def test_the_router_is_asked_from_the_host_s_address_too(self) -> None:
        """Some routers answer global sources only."""

        class Link:
            mac, sent = self.MAC, list[bytes]()

            def send(self, data: bytes) -> None:
                self.sent.append(data)

            def wait(self, *_: object) -> list[packets.Packet]:
                packet = packets.parse(self.sent[-1])
                assert packet
                if packet.source != packets.packed("2001:db8::2"):
                    return []
                body = b"\0" * 4 + router
                answer = packets.icmp(
                    self.mac, b"\x02\x00\x00\x00\x00\x09", router, packet.source, packets.ADVERTISEMENT, body
                )
                found = packets.parse(answer)
                assert found
                return [found]

        router, link = packets.packed("fe80::1"), Link()
        sources = [packets.packed("fe80::5"), packets.packed("2001:db8::2")]
        self.assertEqual(solicit.router_mac(link, router, sources), b"\x02\x00\x00\x00\x00\x09")  # type: ignore[arg-type]
        self.assertIsNone(solicit.router_mac(link, router, sources[:1]))  # type: ignore[arg-type]


if __name__ == "__main__":
    unittest.main()
