"""Why the containers can't be brought up: Docker, compose, space, other repositories, ports."""

from __future__ import annotations

from typing import Any
from unittest import mock

from kong_ipv6.engine import Compose, images_in
from kong_ipv6.system import Ran
from support.case import Case
from support.recorded import ENGINES
from support.server import Server

SS = 'LISTEN 0 511 {} 0.0.0.0:* users:(("{}",pid=7,fd=3))\n'


class Docker(Case):
    def test_it_is_missing(self) -> None:
        server = self.server()
        server.programs -= {"docker"}
        self.refused(server, "compose", "Docker is not installed", "apt-get install docker.io docker-compose")

    def test_it_is_a_snap(self) -> None:
        server = self.server()
        server.programs -= {"docker"}
        server.write("/snap/bin/docker", "")
        self.refused(server, "compose", "Docker is installed as a snap", "snap remove docker")

    def test_it_does_not_answer(self) -> None:
        server = self.server()
        server.docker.down = "connection refused"
        self.refused(server, "compose", "Docker doesn't answer: connection refused", "systemctl start docker")

    def test_it_is_too_old(self) -> None:
        for version in ("19.03.15", "20.9.0", "1.13.1"):
            server = self.server()
            server.docker.recording["version"]["Version"] = version
            self.refused(server, "compose", f"Docker {version} is too old", "upgrade Docker")

    def test_each_recorded_engine_is_taken(self) -> None:
        for engine in ENGINES:
            self.assertEqual([], self.refusals(self.server(engine), "compose"), engine)


class TheCompose(Case):
    def test_it_is_missing_or_too_old(self) -> None:
        for version in ("", "1.28.6\n", "1.25.0\n"):
            server = self.server()
            server.compose_version = version
            self.refused(
                server,
                "compose",
                "neither docker compose 2 nor docker-compose 1.29 is installed",
                "apt-get install docker-compose",
            )

    def test_each_generation_is_found(self) -> None:
        for version, major in (("2.26.1", 2), ("v2.40.3", 2), ("5.5.0", 5), ("10.0.0", 10)):
            server = self.server()
            server.compose_version = f"{version}\n"
            with server.patched():
                compose = Compose(server.context().system, server.repository)
                self.assertTrue(compose.find())
            self.assertEqual((("docker", "compose"), major), (compose.command, compose.major))

    def test_the_old_command_is_found_where_there_is_no_plugin(self) -> None:
        server = self.server()
        server.programs_run.answers["docker compose version"] = Ran(
            1, "", "docker: 'compose' is not a docker command\n"
        )
        server.compose_version = "1.29.2\n"
        with server.patched():
            compose = Compose(server.context().system, server.repository)
            self.assertTrue(compose.find())
        self.assertEqual((("docker-compose",), 1), (compose.command, compose.major))

    def test_it_names_its_file_and_the_owners_override(self) -> None:
        server = self.server()
        folder = server.repository
        (folder / "compose.yaml").write_text("services: {}\n")

        def files() -> str:
            """What a compose process gets."""
            given = Ran(0, "", "")
            with server.patched():
                compose = Compose(server.context().system, folder)
                with mock.patch.object(compose.system, "run", return_value=given) as run:
                    compose.run("config")
            return str(run.call_args.kwargs["env"]["COMPOSE_FILE"])

        self.assertEqual("docker-compose.yml", files())
        (folder / "compose.override.yaml").write_text("services: {}\n")
        self.assertEqual("docker-compose.yml:compose.override.yaml", files())
        (folder / "docker-compose.override.yml").write_text("services: {}\n")
        self.assertEqual("docker-compose.yml:docker-compose.override.yml", files())
        (folder / "docker-compose.yml").unlink()
        self.assertEqual("compose.yaml:docker-compose.override.yml", files())
        with (folder / ".env").open("a") as env:
            env.write("COMPOSE_FILE=compose.yaml:/srv/my own.yml\n")
        self.assertEqual("compose.yaml:/srv/my own.yml", files())
        # What a remedy says can be typed in any directory.
        with server.patched():
            said = Compose(server.context().system, folder).by_hand("logs", "kong")
        self.assertEqual(f"sudo docker compose -f {folder}/compose.yaml -f '/srv/my own.yml' logs kong", said)

    def test_an_error_in_docker_compose_yml(self) -> None:
        server = self.server()
        server.compose_error = 'time="2026" level=warning msg="a warning"\nyaml: line 3: did not find expected key\n'
        found = self.refusals(server, "compose")[0]
        self.assertIn("yaml: line 3: did not find expected key", found.cause)
        self.assertNotIn("a warning", found.cause)
        self.assertIn(f"sudo docker compose -f {server.repository}/docker-compose.yml config", found.remedy)

    def test_compose_5_builds_by_buildx(self) -> None:
        for shown, has in (
            ("", "it is missing"),
            ("github.com/docker/buildx v0.13.1 0.13.1+ds1-1\n", "there is 0.13"),
            ("garbage\n", "it is missing"),
        ):
            server = self.server("29.7.2")
            server.compose_version, server.buildx = "5.5.0\n", shown
            self.refused(server, "compose", f"builds with buildx 0.17 or newer, and {has}", "docker-buildx")
        for shown in (
            "github.com/docker/buildx v0.17.0 1234\n",
            "github.com/docker/buildx v0.34.1 1234\n",
            "github.com/docker/buildx v1.0.0 1\n",
        ):
            server.buildx = shown
            self.assertEqual([], self.refusals(server, "compose"), shown)

    def test_compose_2_does_not_need_it(self) -> None:
        self.assertEqual([], self.refusals(self.server(), "compose"))

    def test_the_images_of_a_configuration(self) -> None:
        config = (
            "name: kong-ipv6\nservices:\n  kong:\n    build:\n      context: /x\n    image: kong-ipv6:local\n"
            '  "web":\n    image: "nginx:1"\n    build:\n      image: not-this\n'
            "  own:\n    build:\n      context: .\nnetworks:\n  x:\n    image: no\n"
        )
        self.assertEqual(
            [("kong", "build", "kong-ipv6:local"), ("web", "build", "nginx:1"), ("own", "build", "kong-ipv6-own")],
            images_in(config, "kong-ipv6-"),
        )


class Space(Case):
    def test_where_the_images_are(self) -> None:
        """containerd's own store, the default of a fresh 29, isn't below Docker's root."""
        for engine, folder in (("28.5.2", "/var/lib/docker"), ("29.7.2", "/var/lib/containerd")):
            server = self.server(engine)
            # The nearest folder that is there stands for one that isn't.
            from unittest import mock

            with mock.patch("kong_ipv6.resources.compose.short_of_space", return_value=[]) as asked:
                self.refusals(server, "compose")
            self.assertEqual(folder, asked.call_args_list[0].args[0])

    def test_too_little(self) -> None:
        server = self.server()
        server.free["/"] = 255
        found = [one for one in self.refusals(server, "compose") if "255 MB are free" in one.cause]
        self.assertEqual(1, len(found))


class OtherRepositories(Case):
    def test_another_clone_that_still_exists(self) -> None:
        server = self.applied()
        other = server.folder / "other"
        other.mkdir()
        (other / "docker-compose.yml").write_text("services: {}\n")
        for one in server.docker.containers_by_id.values():
            one["Labels"]["com.docker.compose.project.working_dir"] = str(other)
        self.refused(
            server,
            "compose",
            f"the gateway on this server belongs to {other}, which still exists",
            f"sudo {other}/scripts/rollback.sh",
        )

    def test_the_same_one_by_another_path(self) -> None:
        server = self.applied()
        link = server.folder / "link"
        link.symlink_to(server.repository)
        for one in server.docker.containers_by_id.values():
            one["Labels"]["com.docker.compose.project.working_dir"] = str(link)
        self.assertEqual([], self.refusals(server, "compose"))

    def test_another_project_name(self) -> None:
        server = self.applied()
        server.env(COMPOSE_PROJECT_NAME="other")
        found = self.refusals(server, "compose")
        self.assertIn(
            "COMPOSE_PROJECT_NAME=other in .env is not the project name of the existing containers: kong-ipv6",
            found[0].cause,
        )
        self.assertIn("docker-compose.yml --project-name kong-ipv6 down", found[0].remedy)


class Ports(Case):
    def taken(self, address: str, program: str = "nginx", bind: str = "1.2.3.4") -> bool:
        server = self.server()
        server.env(KONG_BIND_IP=bind)
        server.listening = SS.format(address, program)
        found = self.refusals(server, "compose")
        return any(f"{address} ({program})" in one.cause and "stop that program" in one.remedy for one in found)

    def test_each_listener_that_is_in_the_way(self) -> None:
        for address in ("0.0.0.0:80", "*:443", "[::]:80", "[::1]:443", "1.2.3.4:80"):
            self.assertTrue(self.taken(address), address)
        self.assertTrue(self.taken("127.0.0.1:80", bind="0.0.0.0"))

    def test_each_that_is_not(self) -> None:
        for address in ("127.0.0.1:80", "192.0.2.1:443", "[2001:db8::5]:80"):
            self.assertFalse(self.taken(address), address)
        self.assertFalse(self.taken("0.0.0.0:80", program="docker-proxy"))

    def test_another_container_publishes_one(self) -> None:
        for port, cause in (
            ({"IP": "0.0.0.0", "PublicPort": 80, "PrivatePort": 8080, "Type": "tcp"}, "0.0.0.0:80"),
            ({"IP": "::", "PublicPort": 443, "PrivatePort": 443, "Type": "tcp"}, "[::]:443"),
        ):
            server = self.server()
            self.add(server, port)
            self.refused(
                server,
                "compose",
                f"the container web publishes port 80 or 443: {cause}",
                "publish it on another address",
            )

    def add(self, server: Server, port: dict[str, Any], state: str = "running") -> None:
        server.docker.containers_by_id["w" * 64] = {
            "Id": "w" * 64,
            "Names": ["/web"],
            "Labels": {},
            "State": state,
            "Status": "",
            "Mounts": [],
            "Ports": [port],
            "NetworkSettings": {"Networks": {}},
        }

    def test_one_that_is_not_in_the_way(self) -> None:
        for port, state in (
            ({"IP": "127.0.0.1", "PublicPort": 80, "PrivatePort": 80, "Type": "tcp"}, "running"),
            ({"IP": "0.0.0.0", "PublicPort": 443, "PrivatePort": 443, "Type": "udp"}, "running"),
            ({"IP": "0.0.0.0", "PublicPort": 8080, "PrivatePort": 80, "Type": "tcp"}, "running"),
            ({"IP": "0.0.0.0", "PublicPort": 80, "PrivatePort": 80, "Type": "tcp"}, "exited"),
            # What is only exposed has no public port; 29 says "" for its address.
            ({"IP": "", "PrivatePort": 80, "Type": "tcp"}, "running"),
        ):
            server = self.server()
            self.add(server, port, state)
            self.assertEqual([], self.refusals(server, "compose"), port)

    def test_our_own_containers_are_not_in_the_way(self) -> None:
        for engine in ENGINES:
            self.assertEqual([], self.refusals(self.applied(engine), "compose"), engine)
