"""The containers at rollback: removed, with the network and the image; the data stays."""

from __future__ import annotations

from support.case import Case


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
