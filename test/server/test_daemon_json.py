"""Docker's daemon.json: our keys merged in, taken out again, and what the owner has there kept."""

from __future__ import annotations

import json
import unittest

from kong_ipv6 import daemon_keys
from kong_ipv6.system import Ran
from support.case import Case

FILE = "/etc/docker/daemon.json"
OURS = {"ipv6": True, "fixed-cidr-v6": "fd5e:9c41:27d3::/64"}


class Merging(unittest.TestCase):
    def test_other_keys_stay_in_their_order_and_indentation(self) -> None:
        text = '{\n    "log-driver": "local",\n    "dns": ["9.9.9.9"]\n}\n'
        merged = daemon_keys.merge(text, OURS)
        self.assertEqual(["log-driver", "dns", "ipv6", "fixed-cidr-v6"], list(json.loads(merged)))
        self.assertIn('\n    "log-driver"', merged)

    def test_a_text_that_has_them_is_left_byte_for_byte(self) -> None:
        text = '{"ipv6":true,   "fixed-cidr-v6":"fd5e:9c41:27d3::/64"}'
        self.assertEqual(text, daemon_keys.merge(text, OURS))

    def test_keys_that_only_the_last_run_had_go_or_become_what_they_were(self) -> None:
        now = '{"a": 1, "b": 2, "ipv6": true}'
        self.assertEqual(
            {"a": 0, "ipv6": True},
            json.loads(daemon_keys.merge(now, {"ipv6": True}, last={"a": 1, "b": 2, "ipv6": True}, before={"a": 0})),
        )

    def test_what_is_no_object_is_an_error(self) -> None:
        for text in ("[]", "1", "{", '{"a": }'):
            with self.assertRaises(ValueError, msg=text):
                daemon_keys.parse(text)
        self.assertEqual({}, daemon_keys.parse(""))


class Refusals(Case):
    def test_a_file_that_is_not_valid(self) -> None:
        for text in ("{", "[]", '{"a": 1,}', '{"ipv6": true} # a comment'):
            server = self.server()
            server.write(FILE, text)
            self.refused(server, "docker", f"{FILE} is not valid", "correct the file; it was not changed")

    def test_ours_is_not_valid(self) -> None:
        server = self.server()
        (server.repository / f"host{FILE}").write_text("{")
        self.refused(server, "docker", f"host{FILE} is not valid", "correct it")

    def test_settings_that_the_gateway_cannot_work_with(self) -> None:
        for key, value in (("iptables", False), ("bridge", "none")):
            server = self.server()
            server.write(FILE, json.dumps({key: value}))
            self.refused(server, "docker", f'"{key}": ', "remove that key; systemctl restart docker")

    def test_dockerd_refuses_the_merged_file(self) -> None:
        server = self.server()
        server.programs_run.answers["dockerd --validate"] = Ran(
            1, "", "the following directives don't match any option: foo\n"
        )
        self.refused(server, "docker", "dockerd rejects the merged daemon.json", FILE)

    def test_an_engine_without_validate_is_not_asked(self) -> None:
        server = self.server("20.10.24")
        server.programs_run.answers["dockerd --validate"] = Ran(125, "", "unknown flag: --validate\n")
        self.assertEqual([], self.refusals(server, "docker"))


class Apply(Case):
    def test_it_is_restarted_only_for_another_file(self) -> None:
        server = self.server()
        self.assertEqual(["docker: will be restarted, for daemon.json"], self.changes(server, "docker"))
        server.run("apply")
        self.assertEqual([], self.changes(server, "docker"))
        self.assertEqual(OURS, json.loads(server.read(FILE) or ""))

    def test_kong_is_waited_for_after_the_restart_and_nothing_is_brought_up(self) -> None:
        server = self.applied()
        server.write(FILE, "{}\n")
        self.assertEqual(0, server.run("apply"), server.printed)
        self.assertRegex(server.printed, r"ok +docker +restarted, with IPv6[\s\S]*ok +compose +Kong answers")
        self.assertNotIn("compose up", " ".join(server.commands))

    def test_live_restore_is_told(self) -> None:
        server = self.applied()
        server.write(FILE, '{"live-restore": true}')
        server.run("apply", "--dry-run")
        self.assertIn(
            "live-restore is on: docker0 gets IPv6 only if Docker restarts while no container runs", server.printed
        )

    def test_a_docker_that_does_not_start_gets_its_old_file_back(self) -> None:
        for before in (None, '{\n  "log-driver": "local"\n}\n'):
            server = self.server()
            if before:
                server.write(FILE, before)
            server.broken_units.add("docker.service")
            self.assertEqual(1, server.run("apply"))
            self.assertIn("Docker doesn't start with the merged daemon.json", server.printed)
            self.assertIn("    | dockerd: its last words", server.printed)
            self.assertEqual(before, server.read(FILE))

    def test_a_link_stays_one(self) -> None:
        server = self.server()
        server.write("/etc/docker/real.json", "{}\n")
        (server.root / FILE[1:]).symlink_to("real.json")
        before = server.state()
        server.applied()
        self.assertTrue((server.root / FILE[1:]).is_symlink())
        self.assertEqual(OURS, json.loads(server.read("/etc/docker/real.json") or ""))
        server.run("rollback")
        self.same_state(before, server.state())


class Verify(Case):
    def test_docker_does_not_answer(self) -> None:
        server = self.applied()
        server.docker.down = "connection refused"
        self.fails(server, "docker", "engine", "Docker doesn't answer: connection refused")

    def test_the_file_is_not_in_force(self) -> None:
        server = self.applied()
        self.assertEqual("ok", self.results(server, "docker")["daemon"].level)
        server.docker.default_bridge(ipv6=False)
        found = self.fails(server, "docker", "daemon", "daemon.json is not in effect")
        self.assertIn("systemctl restart docker", found.remedy)

    def test_live_restore_keeps_it_out_of_force(self) -> None:
        server = self.applied()
        server.write(FILE, json.dumps({**OURS, "live-restore": True}))
        server.docker.default_bridge(ipv6=False)
        self.assertIn("docker stop", self.fails(server, "docker", "daemon", "live-restore").remedy)


class Undo(Case):
    def test_keys_that_the_owner_has_added_since_stay(self) -> None:
        server = self.server()
        server.write(FILE, '{\n  "log-driver": "local"\n}\n')
        server.applied()
        server.write(FILE, json.dumps({"log-driver": "local", **OURS, "dns": ["9.9.9.9"]}, indent=2) + "\n")
        self.assertEqual(0, server.run("rollback"), server.printed)
        self.assertEqual({"log-driver": "local", "dns": ["9.9.9.9"]}, json.loads(server.read(FILE) or ""))
        self.assertIn("since apply.sh are kept", server.printed)

    def test_another_value_of_a_key_of_ours_is_kept_aside(self) -> None:
        server = self.applied()
        text = json.dumps({**OURS, "fixed-cidr-v6": "fd00::/64", "dns": ["9.9.9.9"]}, indent=2) + "\n"
        server.write(FILE, text)
        server.run("rollback")
        self.assertEqual({"dns": ["9.9.9.9"]}, json.loads(server.read(FILE) or ""))
        self.assertEqual(text, server.read(f"/var/lib/kong-ipv6/edited{FILE}"))

    def test_docker_is_restarted_and_docker0_loses_its_ipv6(self) -> None:
        server = self.applied()
        server.kernel.routes[6].append("fd5e:9c41:27d3::/64 dev docker0 proto kernel metric 256")
        server.run("rollback")
        self.assertIn("systemctl restart docker.service", server.commands)
        self.assertIn("ip -6 addr flush dev docker0 scope global", server.commands)
        self.assertFalse([line for line in server.kernel.routes[6] if "docker0" in line])

    def test_a_docker_that_does_not_start_stops_the_rollback_before_more_is_undone(self) -> None:
        server = self.applied()
        server.broken_units.add("docker.service")
        self.assertEqual(1, server.run("rollback"))
        self.assertIn("Docker doesn't start\n  Remedy: journalctl -u docker", server.printed)
        self.assertIn("ndppd.service", server.active)
        server.broken_units.clear()
        self.assertEqual(0, server.run("rollback"), server.printed)
        self.assertIsNone(server.read(FILE))
