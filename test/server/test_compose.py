"""The containers: refusals, the image, the password, and the order in which they start."""

from __future__ import annotations

from typing import Any
from unittest import mock

from kong_ipv6.engine import Compose, images_in
from kong_ipv6.report import Report
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

    def test_an_error_in_docker_compose_yml(self) -> None:
        server = self.server()
        server.compose_error = 'time="2026" level=warning msg="a warning"\nyaml: line 3: did not find expected key\n'
        found = self.refusals(server, "compose")[0]
        self.assertIn("yaml: line 3: did not find expected key", found.cause)
        self.assertNotIn("a warning", found.cause)
        self.assertIn("docker compose config shows the details", found.remedy)

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
        self.assertIn("docker compose --project-name kong-ipv6 down", found[0].remedy)


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


class Changes(Case):
    def test_a_fresh_server(self) -> None:
        self.assertEqual(
            [
                "image: kong-ipv6:local will be built",
                "image: postgres:17 will be pulled",
                "network: kong-ipv6_kong-net will be created, for Kong and its other services",
                "compose: the services will be started",
            ],
            self.changes(self.server(), "compose"),
        )

    def test_an_applied_one(self) -> None:
        for engine in ENGINES:
            self.assertEqual([], self.changes(self.applied(engine), "compose"), engine)

    def changed(self, change: Any) -> list[str]:
        server = self.applied()
        change(server)
        return self.changes(server, "compose")

    def test_what_brings_the_services_up_again(self) -> None:
        up = "compose: the services will be started"
        self.assertIn(up, self.changed(lambda one: one.hashes.update(kong="edited")))
        self.assertIn(
            up, self.changed(lambda one: one.docker.service("kong").update(State="exited", Status="Exited (1)"))
        )
        self.assertIn(up, self.changed(lambda one: one.docker.service("kong").update(Status="Up 1 hour (unhealthy)")))
        self.assertIn(
            up,
            self.changed(lambda one: one.docker.service("kong-database").update(State="paused", Status="Up (Paused)")),
        )
        self.assertIn(
            up, self.changed(lambda one: one.docker.service("kong-migration").update(Status="Exited (1) 1 hour ago"))
        )
        self.assertIn(up, self.changed(lambda one: one.docker.containers_by_id.pop(one.docker.service("kong")["Id"])))

    def test_an_own_service_that_did_its_work_once(self) -> None:
        server = self.applied()
        server.hashes["backup"] = "b"
        server.docker.containers_by_id["b" * 64] = {
            "Id": "b" * 64,
            "Names": ["/b"],
            "State": "exited",
            "Status": "Exited (0) 1 day ago",
            "Mounts": [],
            "Ports": [],
            "NetworkSettings": {"Networks": {}},
            "Labels": {
                "com.docker.compose.project": "kong-ipv6",
                "com.docker.compose.service": "backup",
                "com.docker.compose.config-hash": "b",
            },
        }
        self.assertEqual([], self.changes(server, "compose"))

    def test_another_recipe_is_built(self) -> None:
        server = self.applied()
        with (server.repository / "kong-build/Dockerfile").open("a") as file:
            file.write("# edited\n")
        self.assertEqual(
            ["image: kong-ipv6:local will be built", "compose: the services will be started"],
            self.changes(server, "compose"),
        )

    def test_an_image_that_somebody_removed_is_built(self) -> None:
        self.assertIn(
            "image: kong-ipv6:local will be built", self.changed(lambda one: one.docker.images.pop("kong-ipv6:local"))
        )

    def test_kong_that_lost_its_network_is_made_anew(self) -> None:
        def lose(server: Server) -> None:
            kong: Any = server.docker.service("kong")
            del kong["NetworkSettings"]["Networks"]["ipv6_exposed"]

        self.assertTrue(any("Kong is not connected to a network" in line for line in self.changed(lose)))
        server = self.applied()
        lose(server)
        self.assertEqual(0, server.run("apply"), server.printed)
        kong: Any = server.docker.service("kong")
        self.assertIn("ipv6_exposed", kong["NetworkSettings"]["Networks"])

    def test_another_subnet_for_kong_net_removes_it_with_its_containers(self) -> None:
        server = self.applied()
        server.docker.networks_by_name["kong-ipv6_kong-net"]["IPAM"]["Config"] = [{"Subnet": "172.99.0.0/16"}]
        found = self.changes(server, "compose")
        self.assertTrue(any("its subnet is 172.99.0.0/16, not 172.30.0.0/16" in line for line in found), found)
        self.assertEqual(0, server.run("apply"), server.printed)
        self.happened(
            server,
            "engine DELETE /containers/",
            "engine DELETE /networks/kong-ipv6_kong-net",
            "run compose up --no-start",
        )

    def test_a_subnet_of_the_owners_own_for_kong_net_stays(self) -> None:
        server = self.applied()
        server.docker.networks_by_name["kong-ipv6_kong-net"]["IPAM"]["Config"] = [{"Subnet": "172.99.0.0/16"}]
        with (server.repository / "docker-compose.yml").open("a") as file:
            file.write("# 172.99.0.0/16\n")
        self.assertEqual([], self.changes(server, "compose"))

    def test_a_foreign_container_on_kong_net_is_refused_then(self) -> None:
        server = self.applied()
        server.docker.networks_by_name["kong-ipv6_kong-net"]["IPAM"]["Config"] = [{"Subnet": "172.99.0.0/16"}]
        server.docker.containers_by_id["w" * 64] = {
            "Id": "w" * 64,
            "Names": ["/web"],
            "Labels": {},
            "State": "running",
            "Status": "",
            "Mounts": [],
            "Ports": [],
            "NetworkSettings": {"Networks": {"kong-ipv6_kong-net": {}}},
        }
        self.refused(
            server,
            "compose",
            "other containers are connected to it: web",
            "docker network disconnect kong-ipv6_kong-net NAME",
        )


class Apply(Case):
    def starts(self, server: Server) -> list[str]:
        names = {
            one["Id"]: one["Labels"]["com.docker.compose.service"] for one in server.docker.recording["containers"]
        }
        return [names[line.split()[2]] for line in server.commands if line.startswith("docker start ")]

    def test_the_database_first_then_the_migrations_then_kong(self) -> None:
        server = self.server()
        server.run("apply")
        self.assertEqual(["kong-database", "kong-migration", "kong"], self.starts(server))

    def test_migrations_that_have_run_do_not_run_again(self) -> None:
        server = self.applied()
        server.hashes["kong"] = "edited"
        server.run("apply")
        self.assertEqual(["kong-database", "kong"], self.starts(server))

    def test_the_old_command_attaches_networks_only_when_it_starts(self) -> None:
        server = self.server("20.10.24")
        server.programs_run.answers["docker compose version"] = Ran(1, "", "not a docker command\n")
        server.compose_version = "1.29.2\n"
        self.assertEqual(0, server.run("apply"), server.printed)
        self.assertEqual([], self.starts(server))
        ups = [line.split(" docker-compose ")[1] for line in server.commands if " docker-compose up" in line]
        self.assertEqual([f"up --detach --no-deps {name}" for name in ("kong-database", "kong-migration", "kong")], ups)

    def test_paused_containers_are_stopped_first(self) -> None:
        server = self.applied()
        database: Any = server.docker.service("kong-database")
        database.update(State="paused", Status="Up (Paused)")
        self.assertEqual(0, server.run("apply"), server.printed)
        self.happened(
            server,
            f"engine POST /containers/{database['Id']}/unpause",
            f"engine POST /containers/{database['Id']}/stop",
            "run docker start",
        )

    def test_each_failure_and_its_remedy(self) -> None:
        for command, cause in (
            ("timeout --foreground 1800 docker compose build", "the image kong-ipv6:local can't be built"),
            (
                "timeout --foreground 1800 docker compose pull",
                "the images of these services can't be pulled: kong-database",
            ),
            ("timeout --foreground 180 docker compose up --no-start", "the containers can't be created"),
            ("docker start", "kong-database doesn't start"),
            ("docker exec", "the database did not become ready"),
        ):
            server = self.server()
            server.programs_run.answers[command] = Ran(1, "", "no space left on device\n")
            self.assertEqual(1, server.run("apply"))
            self.assertIn(f"apply.sh: {cause}", server.printed)
            self.assertIn("  Remedy: ", server.printed)

    def test_migrations_that_succeed_at_the_second_try(self) -> None:
        """Bug: after an interrupted bootstrap the migrations were never reported as not complete."""
        server, row = self.server(), Report.row
        start = server.docker.start

        def fails(identity: str) -> None:
            start(identity)
            container = server.docker.containers_by_id[identity]
            if container["State"] == "exited":
                container.update(State="restarting", Status="Restarting (5)", _restarts=1)

        def then_succeeds(report: Report, word: str, what: str, text: str) -> None:
            row(report, word, what, text)
            container: Any = server.docker.service("kong-migration")
            if "the migrations are not complete; Docker runs them again" in text:
                container.update(State="exited", Status="Exited (0)")

        server.docker.start = fails  # type: ignore[method-assign]
        with mock.patch.object(Report, "row", then_succeeds):
            self.assertEqual(0, server.run("apply"), server.printed)

    def test_migrations_that_succeed_are_not_called_incomplete(self) -> None:
        self.assertNotIn("not complete", self.applied().printed)

    def test_migrations_that_fail(self) -> None:
        server = self.server()
        start = server.docker.start

        def fails(identity: str) -> None:
            start(identity)
            container = server.docker.containers_by_id[identity]
            if container["State"] == "exited":
                container["_code"], container["Status"] = 1, "Exited (1)"

        server.docker.start = fails  # type: ignore[method-assign]
        self.assertEqual(1, server.run("apply"))
        self.assertIn("the database migrations failed", server.printed)
        self.assertIn("kong-migration is exited/1", server.printed)
        self.assertIn("    | the last words of the container", server.printed)

    def test_kong_that_does_not_get_well(self) -> None:
        server = self.server()
        server.outside.statuses[(server.plan.backend_kong, 8001)] = "HTTP/1.1 500 Internal Server Error "
        self.assertEqual(1, server.run("apply"))
        self.assertIn("Remedy: see above; docker ps --all", server.printed)


class Undo(Case):
    def test_a_docker_that_cannot_be_started_stops_the_rollback_before_more_is_undone(self) -> None:
        server = self.applied()
        server.docker.down = "connection refused"
        server.broken_units.add("docker.service")
        self.assertEqual(1, server.run("rollback"))
        self.assertIn(
            "Docker is not running, and without it the containers and the network can't be removed", server.printed
        )
        self.assertIn("ndppd.service", server.active)
        self.assertEqual([str(server.repository)], server.context().journal.names("repository"))
        server.docker.down = ""
        server.broken_units.clear()
        self.assertEqual(0, server.run("rollback"), server.printed)
        self.assertEqual({}, server.docker.containers_by_id)

    def test_the_containers_the_network_and_the_image_go(self) -> None:
        server = self.applied()
        server.run("rollback")
        self.assertEqual({}, server.docker.containers_by_id)
        self.assertEqual({"bridge", "host", "none"}, set(server.docker.networks_by_name))
        self.assertNotIn("kong-ipv6:local", server.docker.images)

    def test_other_containers_stay(self) -> None:
        server = self.applied()
        server.docker.containers_by_id["w" * 64] = {
            "Id": "w" * 64,
            "Names": ["/web"],
            "Labels": {},
            "State": "running",
            "Status": "",
            "Mounts": [],
            "Ports": [],
            "NetworkSettings": {"Networks": {}},
        }
        server.run("rollback")
        self.assertEqual(["w" * 64], list(server.docker.containers_by_id))

    def test_a_kong_net_that_the_owner_uses_stays_and_is_told(self) -> None:
        server = self.applied()
        server.docker.containers_by_id["w" * 64] = {
            "Id": "w" * 64,
            "Names": ["/web"],
            "Labels": {},
            "State": "running",
            "Status": "",
            "Mounts": [],
            "Ports": [],
            "NetworkSettings": {"Networks": {"kong-ipv6_kong-net": {}}},
        }
        self.assertEqual(0, server.run("rollback"), server.printed)
        self.assertIn("kong-ipv6_kong-net is kept: it is still in use", server.printed)

    def test_a_docker_that_does_not_run_is_started(self) -> None:
        server = self.applied()
        server.docker.down = "connection refused"
        start = server.start

        def starts(unit: str) -> bool:
            server.docker.down = "" if unit == "docker.service" else server.docker.down
            return start(unit)

        server.start = starts  # type: ignore[method-assign]
        self.assertEqual(0, server.run("rollback"), server.printed)
        self.assertIn("started: it was not running", server.printed)
        self.assertEqual({}, server.docker.containers_by_id)
