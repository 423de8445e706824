"""What verify.sh says of Kong, how the containers are brought up, and the owner's .env."""

from __future__ import annotations

import json
import unittest
import unittest.mock
from pathlib import Path
from typing import Any

from kong_ipv6 import settings
from kong_ipv6.resources.kong import default_gateway, listeners
from simulated import HOST_IPV4, PASSWORD, Case, Failure, Outside, Ran, listening, run

TCP6 = "/proc/4711/net/tcp6"


class Deployed(Case):
    def setUp(self) -> None:
        super().setUp()
        self.applied()

    def with_outside(self, **values: Any) -> Any:
        return unittest.mock.patch.multiple(Outside, **values)

    def test_all_is_well(self) -> None:
        self.assertNotIn("fail", self.verified())
        self.assertNotIn("warn", self.verified())

    def test_a_listener_on_loopback_does_not_serve(self) -> None:
        self.server.put(TCP6, listening("::1", 80) + listening("::", 443))
        self.assertIn("fail listeners: Kong doesn't listen on [::]:80", self.verified("listeners"))
        self.assertNotIn("[::]:443", self.verified("listeners"))

    def test_admin_ports(self) -> None:
        self.server.put(TCP6, listening("::", 80) + listening("::", 443) + listening("::", 8001))
        self.assertEqual(self.verified("admin"), "fail admin: Kong's admin ports listen on [::]:8001")

    def test_a_published_admin_port(self) -> None:
        identity = self.server.docker.data["containers"][2]["Id"]
        self.server.docker.listed(identity)["NetworkSettings"]["Ports"] = {
            "8001/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8001"}]
        }
        self.assertEqual(self.verified("admin"), "fail admin: an admin port is published on the server")

    def test_a_published_database(self) -> None:
        identity = self.server.docker.data["containers"][0]["Id"]
        self.server.docker.listed(identity)["NetworkSettings"]["Ports"] = {
            "5432/tcp": [{"HostIp": "127.0.0.1", "HostPort": "5432"}]
        }
        self.assertIn(
            "fail database: the database's port is published on the server: 5432/tcp -> 127.0.0.1:5432",
            self.verified("database"),
        )

    def test_a_database_that_kong_does_not_reach(self) -> None:
        with unittest.mock.patch("kong_ipv6.resources.kong.reaches", lambda *_: False):
            self.assertIn("fail database: Kong doesn't reach it at 172.30.0.2:5432", self.verified("database"))

    def test_docker_proxy_on_the_server_s_own_ipv6(self) -> None:
        line = 'LISTEN 0 5 {} {}:* users:(("docker-proxy",pid=1,fd=3))\n'
        self.server.answers["ss -Hltnp"] = Ran(0, line.format("[::]:80", "[::]"), "")
        self.assertEqual(
            self.verified("own"), "fail own: docker-proxy exposes Kong on the server's own IPv6 address: [::]:80"
        )
        self.server.answers["ss -Hltnp"] = Ran(0, line.format("[::1]:80", "[::]"), "")
        self.assertEqual(
            self.verified("own"), "ok own: docker-proxy does not expose Kong on the server's own IPv6 address"
        )

    def test_what_a_client_outside_finds_dead_is_never_ok(self) -> None:
        with self.with_outside(dead={(HOST_IPV4, 80), (HOST_IPV4, 443)}):
            self.assertEqual(
                self.verified("IPv4"), f"fail IPv4: a client outside doesn't reach {HOST_IPV4}:80 and {HOST_IPV4}:443"
            )
            self.assertIn("ok IPv6", self.verified("IPv6"))
            self.assertEqual(run.verify(self.again().context, False), 1)
        with self.with_outside(dead={(self.server.plan.kong, 443)}):
            self.assertIn(
                f"fail IPv6: a client outside doesn't reach [{self.server.plan.kong}]:443", self.verified("IPv6")
            )
        with self.with_outside(problem="no tc"):
            self.assertIn("warn outside: it can't be tested here", self.verified())

    def test_kong_s_way_out(self) -> None:
        with self.with_outside(sources={4: ""}):
            self.assertEqual(self.verified("outgoing"), "fail outgoing: Kong's IPv4 has no way out")
        with self.with_outside(sources={6: "2001:db8::2"}):
            self.assertIn(
                "fail outgoing: Kong's IPv6 leaves the server as 2001:db8::2, not as", self.verified("outgoing")
            )

    def test_the_address_and_the_gateway(self) -> None:
        self.server.docker.data["containers"][2]["NetworkSettings"]["Networks"].pop("ipv6_exposed")
        self.server.put("/proc/4711/net/ipv6_route", "")
        self.assertIn("fail address: Kong has no address on ipv6_exposed", self.verified("address"))
        self.assertIn("fail gateway: Kong's IPv6 default route is missing", self.verified("gateway"))

    def test_a_container_that_is_not_well(self) -> None:
        self.server.docker.data["containers"][2]["State"] = "restarting"
        self.assertIn("fail kong: the container is restarting/", self.verified("kong"))
        self.server.docker.data["containers"].clear()
        self.assertEqual(self.verified("kong"), "fail kong: Kong has no container")

    def test_json(self) -> None:
        self.server.stdout.truncate(0)
        self.server.stdout.seek(0)
        self.assertEqual(run.verify(self.again().context, True), 0)
        printed = json.loads(self.server.stdout.getvalue())
        self.assertTrue(printed["ok"])
        self.assertGreater(len(printed["checks"]), 10)
        self.assertEqual(set(printed["checks"][0]), {"check", "result", "detail", "remedy"})
        self.assertIn(
            f"-sS -o /dev/null -w '%{{http_code}}\\n' 'http://[{self.server.plan.kong}]/'", printed["outside"]
        )

    # The containers.

    def test_a_service_that_is_not_as_it_should_be(self) -> None:
        self.assertEqual(self.planned(), "")
        for state, status in (("paused", "Up (Paused)"), ("running", "Up (unhealthy)"), ("exited", "Exited (1)")):
            self.server.docker.data["containers"][2].update(State=state, Status=status)
            self.assertEqual(self.planned(), "compose: the services will be started", state)

    def test_kong_off_its_network_is_made_again(self) -> None:
        identity = self.server.docker.data["containers"][2]["Id"]
        self.server.docker.data["containers"][2]["NetworkSettings"]["Networks"].pop("ipv6_exposed")
        self.assertIn("compose: Kong is not connected to a network", self.planned())
        self.applied()
        self.assertIn(("DELETE", f"/containers/{identity}?force=1", None), self.server.docker.requests)

    def test_another_backend_subnet(self) -> None:
        self.server.docker.find_network("kong-ipv6_kong-net")["IPAM"]["Config"] = [{"Subnet": "10.83.82.0/24"}]
        self.assertIn(
            "kong-ipv6_kong-net and all its containers will be recreated: its subnet is 10.83.82.0/24, not",
            self.planned(),
        )
        self.applied()
        self.assertEqual(self.planned(), "")
        compose = self.server.repository.path / "docker-compose.yml"
        self.server.write(compose, compose.read_text() + "# 10.83.82.0/24\n")
        self.server.docker.find_network("kong-ipv6_kong-net")["IPAM"]["Config"] = [{"Subnet": "10.83.82.0/24"}]
        self.assertEqual(self.planned(), "")

    def test_an_image_that_is_not_here(self) -> None:
        self.server.docker.data["images"] = [
            one for one in self.server.docker.data["images"] if "postgres:17" not in (one["RepoTags"] or [])
        ]
        self.server.docker.data["containers"].pop()
        self.assertIn("image: postgres:17 will be pulled", self.planned())
        self.applied()
        pulled = next(call for call in self.server.calls if "pull" in call)
        self.assertEqual(" ".join(pulled), "timeout --foreground 1800 docker compose pull kong-database")

    def test_a_changed_recipe_is_built(self) -> None:
        self.server.write(self.server.repository.path / "kong-build" / "Dockerfile", "FROM x\n")
        self.assertIn("image: kong-ipv6:local will be built", self.planned())

    def test_a_new_password(self) -> None:
        self.server.write(self.server.repository.data / "postgres" / "PG_VERSION", "17")
        self.write_env(self.server.env(KONG_PG_PASSWORD="new"))
        self.assertIn(
            "database: its password will be set to the one in .env; the containers will be recreated", self.planned()
        )
        self.server.answers["psql"] = Ran(1, "", "no\n")
        with self.assertRaises(Failure):
            run.apply(self.again().context, False)
        # The file is written by now: only the journal knows what is still to be done.
        self.assertIn("database: its password will be set to the one in .env", self.planned())
        del self.server.answers["psql"]
        self.applied()
        self.assertIsNone(self.server.journal.fact("todo", "password"))
        self.assertIn("--force-recreate", str(self.server.calls))

    def test_paused_containers_are_stopped_first(self) -> None:
        self.server.docker.data["containers"][2]["State"] = "paused"
        identity = self.server.docker.data["containers"][2]["Id"]
        run.apply(self.again().context, False)
        acts = [path for _, path, _ in self.server.docker.requests if identity in path]
        self.assertEqual(acts, [f"/containers/{identity}/unpause", f"/containers/{identity}/stop"])

    def test_kong_that_does_not_get_well(self) -> None:
        self.server.docker.data["containers"].pop()
        with (
            unittest.mock.patch("kong_ipv6.resources.kong.http_status", lambda *_: ""),
            self.assertRaises(Failure) as raised,
        ):
            run.apply(self.again().context, False)
        self.assertEqual(raised.exception.cause, "Kong did not become healthy")

    def test_after_docker_s_restart_it_waits_for_kong(self) -> None:
        self.server.put("/etc/docker/daemon.json", "{}")
        self.server.stdout.truncate(0)
        self.applied()
        self.assertRegex(
            self.server.stdout.getvalue(),
            r"ok +docker +restarted[^]*ok +compose +Kong answers".replace("[^]", r"[\s\S]"),
        )
        self.assertNotIn("starting the services", self.server.stdout.getvalue())

    def test_undo_without_docker(self) -> None:
        self.server.programs.remove("docker")
        with self.assertRaises(Failure) as raised:
            run.rollback(self.again().context, False)
        self.assertIn("Docker is not installed", raised.exception.cause)
        self.assertFalse(self.server.exists("/etc/ndppd.conf"))
        self.assertEqual(self.again().journal.names("network"), ["ipv6_exposed"])
        self.server.programs.add("docker")
        self.server.calls.clear()
        self.assertEqual(run.rollback(self.again().context, False), 0)
        self.assertEqual(self.server.docker.data["containers"], [])
        # The daemon.json of the first run isn't in effect before.
        self.assertIn(("systemctl", "restart", "docker.service"), self.server.calls)
        self.assertIn(tuple("ip -6 addr flush dev docker0 scope global".split()), self.server.calls)

    def test_undo_while_docker_is_down(self) -> None:
        self.server.docker.runs = False
        with self.assertRaises(Failure) as raised:
            run.rollback(self.again().context, False)
        self.assertIn("Docker is not running, and without it the containers", raised.exception.cause)
        self.assertIsNotNone(self.again().journal.fact("repository", str(self.server.repository.path)))

    def test_the_data_stays(self) -> None:
        self.server.write(self.server.repository.data / "postgres" / "PG_VERSION", "17")
        run.rollback(self.again().context, False)
        self.assertTrue((self.server.repository.data / "postgres" / "PG_VERSION").exists())
        self.assertIn(
            f"Everything is undone. The data is kept: {self.server.repository.data}", self.server.stdout.getvalue()
        )


class Secrets(Case):
    def mode(self, path: Path) -> int:
        return path.stat().st_mode & 0o777

    def test_the_password_s_file(self) -> None:
        self.applied()
        file = self.server.repository.password_file
        self.assertEqual((file.read_text(), self.mode(file)), (PASSWORD, 0o444))
        self.assertEqual(self.mode(file.parent), 0o700)
        self.assertEqual(self.mode(self.server.repository.data / "postgres"), 0o700)

    def test_env_is_made_with_a_random_password(self) -> None:
        self.server.repository.env.unlink()
        self.assertIn(
            ".env: will be created from .env.example, with a random KONG_PG_PASSWORD", self.planned("secrets")
        )
        self.applied()
        self.assertRegex(self.server.repository.setting("KONG_PG_PASSWORD"), r"^[0-9a-f]{64}$")
        self.assertEqual(self.mode(self.server.repository.env), 0o600)

    def test_env_is_made_with_the_password_that_the_database_has(self) -> None:
        self.server.repository.env.unlink()
        self.server.write(self.server.repository.path / "data" / "secrets" / "kong_pg_password", "known")
        self.applied()
        self.assertEqual(self.server.repository.setting("KONG_PG_PASSWORD"), "known")

    def test_an_env_that_others_can_read(self) -> None:
        self.server.repository.env.chmod(0o644)
        self.assertIn(
            ".env: will get mode 600: now every user of this server can read its password", self.planned("secrets")
        )
        self.applied()
        self.assertEqual(self.mode(self.server.repository.env), 0o600)

    def test_docker_27_takes_no_host_address(self) -> None:
        self.server.docker.data["version"]["Version"] = "27.5.1"
        self.assertIn(
            ".env: KONG_PUBLISH_IPV6=[::] will be added: Docker 27 accepts no other value", self.planned("secrets")
        )
        self.applied()
        self.assertEqual(self.server.repository.setting("KONG_PUBLISH_IPV6"), "[::]")
        self.assertEqual(self.planned("secrets"), "")

    def test_without_a_database(self) -> None:
        self.server.with_plan(database="off")
        self.assertNotIn("secret", self.planned("secrets"))

    def test_dotenv(self) -> None:
        text = "A=1\nexport B = 'two words' # c\nC: three\nD=\"4\"\nA=5 # last\nE=a#b\r\n# F=6\nG=\n"
        wanted = {"A": "5", "B": "two words", "C": "three", "D": "4", "E": "a#b", "G": ""}
        self.assertEqual(settings.parse(text), wanted)


class Parsed(unittest.TestCase):
    def test_listeners(self) -> None:
        tcp = "  sl  local_address rem_address   st\n" + listening("127.0.0.1", 8001)
        tcp += listening("10.83.81.100", 8001).replace(" 0A ", " 01 ")
        self.assertEqual(
            listeners(tcp, listening("::", 80) + listening("::1", 443)), {("127.0.0.1", 8001), ("::", 80), ("::1", 443)}
        )

    def test_the_default_gateway(self) -> None:
        here = "2a020000000000000000000000000000 50 00000000000000000000000000000000 00 00000000000000000000000000000000 0 0 0 0 eth0\n"
        gone = "0" * 32 + " 00 " + "0" * 32 + " 00 " + "0" * 32 + " ffffffff 1 0 00200200 lo\n"
        via = (
            "0" * 32
            + " 00 "
            + "0" * 32
            + " 00 2a03222233334444030000000000 0001 0 0 0 3 eth0\n".replace(" 0001", "0001")
        )
        self.assertEqual(default_gateway(here + gone), "")
        self.assertEqual(default_gateway(here + via), "2a03:2222:3333:4444:300::1")


if __name__ == "__main__":
    unittest.main()
