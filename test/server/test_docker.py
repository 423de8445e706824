"""The exposed network and daemon.json, on the recorded answers of six engines."""

from __future__ import annotations

import json
import unittest
import unittest.mock
from typing import Any

from kong_ipv6 import daemon_keys
from kong_ipv6.engine import endpoint, images_in, state_of
from kong_ipv6.plan import parse
from kong_ipv6.resources.network import arguments, connection, difference, endpoint_config, has_address
from simulated import EXAMPLE, FIXTURES, Case, Failure, Ran, run

ENGINES = ("20.10.24", "26.1.5", "27.5.1", "28.5.2", "29.7.2", "29.7.2-nftables")
RECORDED = {
    "subnet": "2a02:c207:0:1:300::/80",
    "subnet_gateway": "2a02:c207:0:1:300::1",
    "subnet_range": "2a02:c207:0:1:300:0:8000:0/97",
    "kong": "2a02:c207:0:1:300::8100",
    "backend": "10.83.81.0/24",
}


def recorded(engine: str) -> dict[str, Any]:
    return json.loads((FIXTURES / "engine" / f"{engine}.json").read_text())


def network_of(data: dict[str, Any]) -> dict[str, Any]:
    return next(one for one in data["networks"] if one["Name"] == "ipv6_exposed")


def with_plan() -> Any:
    import dataclasses

    return dataclasses.replace(parse((EXAMPLE / "scripts" / "plan.json").read_text()), **RECORDED)


class Recorded(unittest.TestCase):
    """What each engine says of a network that scripts/network.sh made."""

    def test_it_is_as_planned(self) -> None:
        for engine in ENGINES:
            with self.subTest(engine=engine):
                data = recorded(engine)
                self.assertEqual(difference(network_of(data), with_plan(), data["version"]["Version"]), "")
                self.assertTrue(has_address(data["kong"], with_plan()))

    def test_the_arguments_that_make_it_have_no_unset_address(self) -> None:
        for engine in ENGINES:
            with self.subTest(engine=engine):
                words = arguments(network_of(recorded(engine)))
                self.assertIn("--ip-range=2a02:c207:0:1:300:0:8000:0/97", words)
                self.assertIn("--opt=com.docker.network.bridge.gateway_mode_ipv6=routed", words)
                self.assertNotIn("invalid", " ".join(words))
                self.assertFalse([word for word in words if word.endswith("=")])

    def test_a_container_s_connection_goes_there_and_back(self) -> None:
        for engine in ENGINES:
            with self.subTest(engine=engine):
                words = connection(recorded(engine)["kong"], "ipv6_exposed").split()
                self.assertIn("--ip6=2a02:c207:0:1:300::8100", words)
                config = endpoint_config(words)
                self.assertEqual(config["IPAMConfig"], {"IPv6Address": "2a02:c207:0:1:300::8100"})
                self.assertIn("kong", config["Aliases"])
                self.assertFalse([one for one in config["Aliases"] if recorded(engine)["kong"]["Id"].startswith(one)])

    def test_what_differs(self) -> None:
        base = json.dumps(network_of(recorded("28.5.2")))
        for old, new, why in (
            ('"Driver": "bridge"', '"Driver": "macvlan"', "it is not an IPv6 bridge network"),
            ('"EnableIPv6": true', '"EnableIPv6": false', "it is not an IPv6 bridge network"),
            ("8000:0/97", "4000:0/98", "its subnet isn't 2a02:c207:0:1:300::/80, with dynamic addresses from"),
            ('bridge.name": "ipv6_exposed"', 'bridge.name": "br0"', "its bridge isn't ipv6_exposed"),
            ('"routed"', '"nat"', "its IPv6 gateway mode isn't routed"),
            ('"com.docker.network.bridge.gateway_mode_ipv6": "routed", ', "", "its IPv6 gateway mode isn't routed"),
            (
                "28.5.2+dfsg4",
                "26.1.5",
                "it was created by an engine that ignores the routed mode (26.1.5); this engine is 28",
            ),
            ('"kong-ipv6.made-on": "28.5.2+dfsg4"', "", "ignores the routed mode (unknown)"),
        ):
            with self.subTest(why=why):
                self.assertIn(old, base)
                self.assertIn(why, difference(json.loads(base.replace(old, new)), with_plan(), "28.5.2"))
        self.assertEqual(difference(None, with_plan(), "28.5.2"), "it doesn't exist")

    def test_an_old_engine_s_network_is_left_alone_there(self) -> None:
        network = network_of(recorded("26.1.5"))
        self.assertEqual(difference(network, with_plan(), "26.1.5"), "")
        self.assertIn("ignores the routed mode", difference(network, with_plan(), "27.5.1"))

    def test_state(self) -> None:
        self.assertEqual(state_of(None), "missing")
        self.assertEqual(state_of({"State": {"Status": "exited", "ExitCode": 3}}), "exited/3")
        self.assertEqual(
            state_of({"State": {"Status": "running", "Health": {"Status": "starting"}}}), "running/starting"
        )
        self.assertEqual(state_of({"State": {"Status": "created"}}), "created/")

    def test_images_in_what_compose_prints(self) -> None:
        config = 'name: x\nservices:\n  kong:\n    build:\n      context: x\n    image: "kong-ipv6:local"\n  own:\n    build: .\n'
        config += "  db:\n    image: 'postgres:17'\nnetworks:\n  kong-net:\n    name: y\n"
        wanted = [("kong", "build", "kong-ipv6:local"), ("own", "build", "x-own"), ("db", "pull", "postgres:17")]
        self.assertEqual(images_in(config, "x-"), wanted)


class Deployed(Case):
    """A server as each engine was recorded: apply.sh finds the network as it should be."""

    recording, fresh = "29.7.2", False

    def setUp(self) -> None:
        super().setUp()
        self.server.with_plan(**RECORDED)

    def test_nothing_to_change_for_the_network(self) -> None:
        for engine in ENGINES:
            self.server.docker.data = recorded(engine)
            self.assertEqual(self.planned("network"), "", engine)
            self.assertIn("ok network: ipv6_exposed: bridge ipv6_exposed", self.verified("network"), engine)

    def member(self, address: str = "2a02:c207:0:1:300::77") -> str:
        """Another container on the exposed network, with a fixed address."""
        at = {"IPAMConfig": {"IPv6Address": address}, "Aliases": ["mine", "called"], "GlobalIPv6Address": address}
        name = {"Names": ["/mine"]}
        return self.server.docker.add_container("mine", {"ipv6_exposed": at}, "", **name)

    def made_again(self) -> str:
        """apply() of the network alone, which differs."""
        self.server.with_plan(subnet_range="2a02:c207:0:1:300:0:4000:0/98")
        run.one(self.server.context, "network", False, False)
        return self.server.stdout.getvalue()

    def test_a_second_container_is_put_back_with_its_address(self) -> None:
        identity = self.member()
        self.made_again()
        requests = [(method, path.split("?")[0]) for method, path, _ in self.server.docker.requests]
        self.assertLess(
            requests.index(("DELETE", "/networks/ipv6_exposed")),
            requests.index(("POST", "/networks/ipv6_exposed/connect")),
        )
        body = next(body for _, path, body in self.server.docker.requests if path.endswith("/connect"))
        self.assertEqual(body["Container"], identity)
        self.assertEqual(body["EndpointConfig"]["IPAMConfig"], {"IPv6Address": "2a02:c207:0:1:300::77"})
        self.assertEqual(body["EndpointConfig"]["Aliases"], ["mine", "called"])
        self.assertEqual(self.server.journal.names("member"), [])

    def test_where_docker_does_not_put_it_back_the_run_fails_and_the_next_one_does(self) -> None:
        identity = self.member()
        self.server.docker.refuse = lambda method, path, body: "no" if path.endswith("/connect") else None
        with self.assertRaises(Failure) as raised:
            self.made_again()
        self.assertIn("not connected to ipv6_exposed again: mine (no)", raised.exception.cause)
        self.assertEqual(self.server.journal.names("member"), [identity])
        self.server.docker.refuse = lambda method, path, body: None
        self.assertIn(
            "containers that an interrupted run disconnected will be connected again", self.planned("network")
        )
        run.one(self.again().context, "network", False, False)
        self.assertIsNotNone(endpoint(self.server.docker.inspect(identity), "ipv6_exposed"))
        self.assertEqual(self.server.journal.names("member"), [])

    def test_one_that_docker_says_it_connected_and_did_not(self) -> None:
        identity = self.member()
        change = self.server.docker.change_state

        def lying(method: str, path: str, body: Any) -> None:
            if not path.endswith("/connect"):
                change(method, path, body)

        with unittest.mock.patch.object(self.server.docker, "change_state", lying), self.assertRaises(Failure):
            self.made_again()
        self.assertEqual(self.server.journal.names("member"), [identity])

    def test_an_address_out_of_the_new_subnet_becomes_another(self) -> None:
        self.member("2a02:c207:0:9::77")
        self.server.docker.refuse = lambda method, path, body: "not in the subnet" if "0:9::77" in str(body) else None
        said = self.made_again()
        self.assertIn("mine can't keep 2a02:c207:0:9::77 on ipv6_exposed: its address is now 2a03::abcd", said)

    def test_kong_s_own_container_is_removed_and_compose_made_to_do_its_part(self) -> None:
        said = self.made_again()
        self.assertIn("Kong's container was removed with it. To recreate it: sudo ./scripts/apply.sh", said)
        self.assertEqual(self.server.journal.fact("todo", "compose"), "begun")

    def test_how_it_was_connected_is_on_disk_before_it_is_taken_off(self) -> None:
        identity = self.member()
        seen: list[Any] = []

        def look(method: str, path: str, body: Any) -> None:
            if path.endswith("/disconnect"):
                seen.append(self.server.journal.manifest.read_text())

        self.server.docker.refuse = look
        self.made_again()
        self.assertIn(f"member\t{identity}\t--ip6=2a02:c207:0:1:300::77 --alias=mine --alias=called\t.", seen[0])

    def test_undo_brings_back_the_network_as_it_was(self) -> None:
        self.made_again()
        self.server.answers["docker network create"] = Ran(0, "", "")
        run.one(self.again().context, "network", False, True)
        made = next(call for call in self.server.calls if call[:3] == ("docker", "network", "create"))
        self.assertIn("--ip-range=2a02:c207:0:1:300:0:8000:0/97", made)
        self.assertEqual(made[-1], "ipv6_exposed")
        self.assertEqual(self.server.journal.names("network"), [])

    def test_what_docker_29_s_command_line_had_stored_is_left_out(self) -> None:
        self.server.journal.record("network", "old", "kept")
        self.server.write_state(
            "/var/lib/kong-ipv6/network.before.old", b"--driver=bridge\n--ip-range=invalid Prefix\n--ipv6\n"
        )
        run.one(self.again().context, "network", False, True)
        made = next(call for call in self.server.calls if call[:3] == ("docker", "network", "create"))
        self.assertEqual(made[3:], ("--driver=bridge", "--ipv6", "old"))

    def test_earlier_answers_network_is_removed(self) -> None:
        self.server.journal.record("network", "old", "absent")
        self.server.docker.add_network("old", "2a03::/80", Labels={"kong-ipv6.made-on": "26.1.5"})
        self.assertIn("old will be removed: the answers now name ipv6_exposed", self.planned("network"))
        run.one(self.server.context, "network", False, False)
        self.assertIsNone(self.server.docker.find_network("old"))

    def test_the_flags_of_network_sh(self) -> None:
        self.assertEqual(run.one(self.again().context, "network", True, False), 0)
        self.assertEqual(self.server.stdout.getvalue(), "")
        self.server.docker.data["networks"].remove(self.server.docker.find_network("ipv6_exposed"))
        self.assertEqual(run.one(self.again().context, "network", True, False), 4)
        self.assertEqual(
            self.server.stdout.getvalue(), "  change  network     ipv6_exposed will be set up: it doesn't exist\n"
        )
        self.assertEqual(run.one(self.again().context, "network", True, True), 0)


class DaemonJson(Case):
    PATH = "/etc/docker/daemon.json"
    OWNERS = '{\n    "log-driver": "local"\n}\n'

    def keys(self) -> dict[str, Any]:
        return json.loads(self.server.text(self.PATH))

    def test_the_owner_s_keys_stay_with_the_file_s_mode(self) -> None:
        self.server.put(self.PATH, self.OWNERS)
        self.server.on(self.PATH).chmod(0o640)
        self.assertIn("daemon.json: ipv6 and fixed-cidr-v6 will be merged in", self.planned("files"))
        self.applied()
        self.assertEqual(list(self.keys()), ["log-driver", "ipv6", "fixed-cidr-v6"])
        self.assertEqual(self.server.attributes(self.PATH)[0], 0o640)
        self.assertIn("\n    ", self.server.text(self.PATH))

    def test_only_a_change_restarts_docker(self) -> None:
        self.applied()
        calls = len(self.server.calls)
        self.applied()
        self.assertNotIn("restart", str(self.server.calls[calls:]))

    def test_it_stays_a_link(self) -> None:
        self.server.put("/opt/docker.json", self.OWNERS)
        self.server.on(self.PATH).symlink_to(self.server.on("/opt/docker.json"))
        self.applied()
        self.assertTrue(self.server.on(self.PATH).is_symlink())
        self.assertIn("ipv6", self.server.text("/opt/docker.json"))

    def test_undo_keeps_what_the_owner_added_since(self) -> None:
        self.server.put(self.PATH, self.OWNERS)
        self.applied()
        self.server.put(self.PATH, self.server.text(self.PATH).replace("{", '{ "debug": true,', 1))
        run.rollback(self.again().context, False)
        self.assertEqual(self.keys(), {"debug": True, "log-driver": "local"})
        self.assertIn("since apply.sh are kept", self.server.stdout.getvalue())

    def test_undo_without_an_edit_is_byte_for_byte(self) -> None:
        self.server.put(self.PATH, self.OWNERS)
        self.applied()
        run.rollback(self.again().context, False)
        self.assertEqual(self.server.on(self.PATH).read_text(), self.OWNERS)

    def test_where_docker_does_not_start_it_gets_the_old_one(self) -> None:
        self.server.put(self.PATH, self.OWNERS)
        self.server.answers["systemctl restart docker.service"] = Ran(1, "", "failed\n")
        with self.assertRaises(Failure) as raised:
            run.apply(self.again().context, False)
        self.assertEqual(raised.exception.cause, "Docker doesn't start with the merged daemon.json")
        self.assertEqual(self.server.on(self.PATH).read_text(), self.OWNERS)

    def test_verify(self) -> None:
        self.applied()
        self.assertIn("ok daemon: daemon.json is in effect: docker0 has ", self.verified("daemon"))
        self.server.docker.find_network("bridge")["IPAM"]["Config"].pop()
        self.assertIn("fail daemon: daemon.json is not in effect", self.verified("daemon"))
        self.server.docker.runs = False
        self.assertIn("fail engine: Docker doesn't answer: connection refused", self.verified("engine"))

    def test_live_restore(self) -> None:
        self.server.docker.add_container("web", {}, "")
        self.server.put(self.PATH, '{"live-restore": true}')
        self.planned("docker")
        self.assertIn("note    docker      live-restore is on: docker0 gets IPv6 only", self.server.stdout.getvalue())

    def test_one_that_is_not_utf_8_or_a_directory(self) -> None:
        self.server.on(self.PATH).write_bytes(b'{"x": "\xe9"}')
        self.assertIn("daemon.json is not valid: 'utf-8' codec can't decode byte 0xe9", self.refused())
        self.server.on(self.PATH).unlink()
        self.server.on(self.PATH).mkdir()
        self.assertIn("daemon.json is not valid: it is a directory", self.refused())

    def test_merge(self) -> None:
        before, last = {"a": 1}, {"a": 2, "b": 3}
        self.assertEqual(json.loads(daemon_keys.merge('{"a": 2, "b": 3, "c": 4}', {}, last, before)), {"a": 1, "c": 4})
        self.assertEqual(json.loads(daemon_keys.merge('{"c": 4}', {"b": 5}, last, before)), {"c": 4, "a": 1, "b": 5})
        self.assertEqual(
            json.loads(daemon_keys.merge('{"ipv6": true}', {}, {"ipv6": True}, {"ipv6": False})), {"ipv6": False}
        )
        same = '{"ipv6":true}'
        self.assertEqual(daemon_keys.merge(same, {"ipv6": True}), same)


if __name__ == "__main__":
    unittest.main()
