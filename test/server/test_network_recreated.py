"""The exposed network made again: its containers are put back."""

from __future__ import annotations

import copy
from typing import Any
from urllib.parse import quote

from kong_ipv6.resources import network as module
from support.case import Case
from support.other import EXPOSED, Other
from support.recorded import ENGINES
from support.server import Server


class MadeAgain(Case):
    def stale(self, engine: str = "28.5.2") -> Server:
        """A network that has to be made again."""
        server = self.applied(engine)
        server.docker.networks_by_name[EXPOSED]["Options"][module.GATEWAY_MODE] = "nat"
        return server

    def test_a_service_of_the_owners_own_is_put_back(self) -> None:
        """Bug: compose made it again, without what was written in it."""
        server = self.stale()
        other = Other(server, mode=EXPOSED)
        labels = {"com.docker.compose.project": "kong-ipv6", "com.docker.compose.service": "web"}
        server.docker.containers_by_id[other.id]["Labels"] = labels
        self.assertEqual(0, server.run("apply"), server.printed)
        self.assertIn(other.id, server.docker.containers_by_id)
        self.assertEqual("2a03:2222:3333:4444:300::9", other.at["GlobalIPv6Address"])

    def test_its_containers_are_back_with_their_addresses(self) -> None:
        for engine in ENGINES:
            server = self.stale(engine)
            others = [Other(server), Other(server, "second", "2a03:2222:3333:4444:300::a")]
            self.assertEqual(
                [f"network: {EXPOSED} will be set up: its IPv6 gateway mode isn't routed"],
                self.changes(server, "network"),
            )
            self.assertEqual(0, server.run("apply"), server.printed)
            self.assertEqual(
                ["2a03:2222:3333:4444:300::9", "2a03:2222:3333:4444:300::a"],
                [one.at["GlobalIPv6Address"] for one in others],
            )
            self.assertEqual(["web"], others[0].at["Aliases"])
            self.assertEqual("routed", server.docker.networks_by_name[EXPOSED]["Options"][module.GATEWAY_MODE])
            self.assertEqual([], server.context().journal.names("member"))

    def test_how_all_were_connected_is_on_disk_before_the_first_is_taken_off(self) -> None:
        server = self.stale()
        Other(server)
        Other(server, "second", "2a03:2222:3333:4444:300::a")
        server.run("apply")
        steps = [f"{kind} {what}" for kind, what, _ in server.events]
        first = next(index for index, step in enumerate(steps) if "/disconnect" in step)
        self.assertEqual(2, len([step for step in steps if "/disconnect" in step]))
        self.assertLess(steps.index("fsync /var/lib/kong-ipv6/manifest"), first)

    def test_one_that_cannot_be_put_back_fails_the_run_and_is_remembered(self) -> None:
        server = self.stale()
        other, second = Other(server), Other(server, "second", "2a03:2222:3333:4444:300::a")
        server.docker.refuses[f"POST /networks/{EXPOSED}/connect"] = "Address already in use"
        self.assertEqual(1, server.run("apply"))
        self.assertIn(
            f"not connected to {EXPOSED} again: mine (Address already in use), second (Address already in use)",
            server.printed,
        )
        self.assertEqual({other.id, second.id}, set(server.context().journal.names("member")))
        self.assertEqual("fail", self.results(server, "network")["network"].level)
        server.docker.refuses.clear()
        self.assertEqual(0, server.run("apply"), server.printed)
        self.assertEqual("2a03:2222:3333:4444:300::9", other.at["GlobalIPv6Address"])

    def test_a_connection_that_docker_only_claims_fails_the_run(self) -> None:
        server = self.stale()
        other = Other(server)
        post = server.docker.post

        def claims(parts: list[str], filters: Any, body: Any) -> Any:
            return None if parts[-1] == "connect" else post(parts, filters, body)

        server.docker.post = claims
        self.assertEqual(1, server.run("apply"))
        self.assertIn("not connected to ipv6_exposed again: mine", server.printed)
        self.assertEqual([other.id], server.context().journal.names("member"))

    def test_one_that_was_made_for_this_very_network_is_refused_before_anything_is_taken_off(self) -> None:
        server = self.stale()
        other = Other(server, mode=server.docker.networks_by_name[EXPOSED]["Id"])
        before = server.state()
        self.refused(server, "network", "mine can't be connected to ipv6_exposed", "docker rm --force mine")
        self.assertEqual(1, server.run("apply"))
        self.same_state(before, server.state())
        self.assertIsNotNone(other.at)

    def test_an_address_out_of_a_new_subnet_becomes_another_one_and_is_told(self) -> None:
        server = self.applied()
        other = Other(server, address="2a03:2222:3333:4444:900::9")
        server.docker.networks_by_name[EXPOSED]["IPAM"]["Config"] = [{"Subnet": "2a03:2222:3333:4444:900::/80"}]
        network = quote(EXPOSED)
        post = server.docker.post

        def subnet_only(parts: list[str], filters: Any, body: Any) -> Any:
            ipam = ((body or {}).get("EndpointConfig") or {}).get("IPAMConfig") or {}
            if parts[-1] == "connect" and ":900:" in ipam.get("IPv6Address", ""):
                from kong_ipv6.engine import EngineError

                raise EngineError(f"no configured subnet of {network} contains it")
            return post(parts, filters, body)

        server.docker.post = subnet_only
        self.assertEqual(0, server.run("apply"), server.printed)
        self.assertIn("mine can't keep 2a03:2222:3333:4444:900::9 on ipv6_exposed", server.printed)
        self.assertIsNotNone(other.at)

    def test_kongs_own_container_is_made_again(self) -> None:
        server = self.stale()
        self.assertEqual(0, server.run("apply"), server.printed)
        kong = server.docker.service("kong")
        self.assertIn(EXPOSED, (kong or {})["NetworkSettings"]["Networks"])

    def test_the_bridge_asks_nobody_whether_its_addresses_are_free(self) -> None:
        server = self.applied()
        for key in ("dad_transmits", "router_solicitation_delay"):
            self.assertEqual("0", server.kernel.sysctl(f"net.ipv6.conf.ipv6_exposed.{key}"))


class EarlierNames(Case):
    def renamed(self, server: Server) -> None:
        server.change_plan(exposed__network="public6")
        server.docker.recording["networks"][EXPOSED]["Name"] = "public6"
        for one in (server.docker.recording["kong"], *server.docker.recording["containers"]):
            networks = one["NetworkSettings"]["Networks"]
            if EXPOSED in networks:
                networks["public6"] = networks.pop(EXPOSED)

    def test_the_network_of_earlier_answers_goes(self) -> None:
        server = self.applied()
        self.renamed(server)
        self.assertIn(
            "network: ipv6_exposed will be removed: the answers now name public6", self.changes(server, "network")
        )
        self.assertEqual(0, server.run("apply"), server.printed)
        self.assertNotIn(EXPOSED, server.docker.networks_by_name)
        self.assertIn("public6", server.docker.networks_by_name)

    def test_a_container_that_was_made_for_the_earlier_name_is_refused(self) -> None:
        server = self.applied()
        Other(server, mode=EXPOSED)
        self.renamed(server)
        self.refused(
            server,
            "network",
            "mine can't be connected to public6: it was created for ipv6_exposed, which has to be removed",
            "docker rm --force mine",
        )

    def test_a_network_of_the_owners_own_that_has_the_name_comes_back(self) -> None:
        server = self.server()
        own: dict[str, Any] = {**copy.deepcopy(server.docker.recording["networks"][EXPOSED]), "Labels": {"mine": "1"}}
        own["IPAM"]["Config"] = [{"Subnet": "2001:db8:7::/64", "Gateway": "2001:db8:7::1"}]
        server.docker.create_network(own)
        server.applied()
        self.assertEqual("kept", server.context().journal.fact("network", EXPOSED))
        self.assertEqual(0, server.run("rollback"), server.printed)
        create = next(line for line in server.commands if line.startswith("docker network create"))
        self.assertIn("--subnet=2001:db8:7::/64 --gateway=2001:db8:7::1", create)
        self.assertIn("--label=mine=1", create)
