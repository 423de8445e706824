"""The containers: what changes, the image, the password, and the order in which they start."""

from __future__ import annotations

from typing import Any

from kong_ipv6.system import Ran
from support.case import Case
from support.recorded import ENGINES
from support.server import Server


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

    def test_an_edited_kong_yml_restarts_kong(self) -> None:
        """Bug: apply.sh said that nothing changed, and the new routes never appeared."""
        server = self.server(database="off")
        path = server.repository / "kong.yml"
        path.write_text("services: []\n")
        server.applied()
        kong: Any = server.docker.service("kong")
        self.assertEqual([], self.changes(server, "compose"))
        path.write_text("services: [a]\n")
        row = "kong: Kong will be restarted: it has not loaded the present kong.yml"
        self.assertEqual([row], self.changes(server, "compose"))
        self.assertEqual(0, server.run("apply"), server.printed)
        self.happened(server, f"engine POST /containers/{kong['Id']}/restart")
        self.assertEqual([], self.changes(server, "compose"))

    def test_a_new_container_is_not_restarted_for_kong_yml(self) -> None:
        server = self.server(database="off")
        (server.repository / "kong.yml").write_text("services: []\n")
        server.applied()
        (server.repository / "kong.yml").write_text("services: [a]\n")
        server.hashes["kong"] = "edited"
        self.assertEqual(0, server.run("apply"), server.printed)
        self.assertEqual([], [what for _, what, _ in server.events if "/restart" in what])
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
        names: dict[str, str] = {}
        for one in (*server.docker.recording["containers"], *server.docker.containers_by_id.values()):
            names[one["Id"]] = one["Labels"]["com.docker.compose.service"]
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

    def test_a_new_image_brings_new_migrations(self) -> None:
        server = self.applied()
        with (server.repository / "kong-build/Dockerfile").open("a") as file:
            file.write("# edited\n")
        self.assertEqual(0, server.run("apply"), server.printed)
        self.assertEqual(["kong-database", "kong-migration", "kong"], self.starts(server))
        self.assertEqual([], self.changes(server, "compose"))

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

    def test_kong_that_does_not_get_well(self) -> None:
        server = self.server()
        server.outside.statuses[(server.plan.backend_kong, 8001)] = "HTTP/1.1 500 Internal Server Error "
        self.assertEqual(1, server.run("apply"))
        self.assertIn("Remedy: see above; docker ps --all", server.printed)
