"""The exposed Docker network: compared, made, and the containers on it put back."""

from __future__ import annotations

import copy
from typing import Any
from urllib.parse import quote

from kong_ipv6.resources import network as module
from kong_ipv6.resources.network import difference, stale
from support.case import Case
from support.recorded import ENGINES
from support.server import Server

EXPOSED = "ipv6_exposed"


class Comparison(Case):
    """Of what each engine's API says about the network that scripts/network.sh made on it."""

    def recorded(self, engine: str) -> tuple[Server, dict[str, Any], str]:
        server = self.server(engine)
        return (
            server,
            copy.deepcopy(server.docker.recording["networks"][EXPOSED]),
            server.docker.recording["version"]["Version"],
        )

    def test_it_is_as_planned_on_every_engine(self) -> None:
        for engine in ENGINES:
            server, network, version = self.recorded(engine)
            self.assertEqual("", difference(network, server.plan, version), engine)

    def test_each_difference(self) -> None:
        for engine in ENGINES:
            changes: list[tuple[Any, str]] = [
                (lambda one: one.update(Driver="macvlan"), "it is not an IPv6 bridge network"),
                (lambda one: one.update(EnableIPv6=False), "it is not an IPv6 bridge network"),
                (lambda one: one["Options"].update({module.GATEWAY_MODE: "nat"}), "its IPv6 gateway mode isn't routed"),
                (lambda one: one["Options"].pop(module.GATEWAY_MODE), "its IPv6 gateway mode isn't routed"),
                (lambda one: one["Options"].update({module.BRIDGE_NAME: "br0"}), "its bridge isn't ipv6_exposed"),
                (lambda one: one["IPAM"].update(Config=[]), "its subnet isn't"),
                (
                    lambda one: [at.update(Gateway="2a03:2222:3333:4444:300::9") for at in one["IPAM"]["Config"]],
                    "its subnet isn't",
                ),
                (lambda one: [at.pop("IPRange", None) for at in one["IPAM"]["Config"]], "its subnet isn't"),
            ]
            for change, why in changes:
                server, network, version = self.recorded(engine)
                change(network)
                self.assertIn(why, difference(network, server.plan, version), engine)

    def test_there_is_none(self) -> None:
        self.assertEqual("it doesn't exist", difference(None, self.server().plan, "28.5.2"))

    def test_one_that_an_older_engine_made_drops_everything_after_an_upgrade(self) -> None:
        server, network, _ = self.recorded("26.1.5")
        self.assertIn(
            "created by an engine that ignores the routed mode (26.1.5+dfsg1); this engine is 28.5.2",
            difference(network, server.plan, "28.5.2"),
        )
        self.assertTrue(stale("", 28))
        self.assertTrue(stale("<no value>", 28))
        self.assertFalse(stale("27.5.1", 29))
        self.assertFalse(stale("20.10.24", 26))


class Arguments(Case):
    """What brings a network back that was there before us."""

    def test_what_is_not_set_is_left_out(self) -> None:
        """Docker 29's command line printed `invalid Prefix` for it; the API leaves it out, or says ""."""
        for engine in ENGINES:
            network = self.server(engine).docker.recording["networks"][EXPOSED]
            words = module.arguments(network)
            self.assertNotIn("invalid", " ".join(words))
            self.assertFalse([word for word in words if word.endswith("=")], engine)
            self.assertIn("--subnet=2a03:2222:3333:4444:300::/80", words)
            self.assertIn("--ip-range=2a03:2222:3333:4444:300:0:8000:0/97", words)
            self.assertEqual(1, len([word for word in words if word.startswith("--ip-range")]))

    def test_what_an_earlier_release_stored_wrongly_is_passed_over(self) -> None:
        server = self.applied()
        server.write(
            f"{module.BEFORE}{EXPOSED}",
            "--driver=bridge\n--ipv6\n--subnet=2a03:2222:3333:4444:300::/80\n--ip-range=invalid Prefix\n",
        )
        with server.patched():
            server.context().journal.replace("network", EXPOSED, "kept")
        self.assertEqual(0, server.run("rollback"), server.printed)
        self.assertNotIn("invalid", " ".join(server.commands))
        self.assertIn(EXPOSED, server.docker.networks_by_name)

    def test_how_a_container_was_connected(self) -> None:
        for engine in ENGINES:
            kong = self.server(engine).docker.recording["kong"]
            words = module.connection(kong, EXPOSED)
            self.assertIn("--ip6=2a03:2222:3333:4444:300::8100", words)
            self.assertIn("--alias=kong", words)
            # The engine adds the short id itself.
            self.assertNotIn(kong["Id"][:12], words)
            self.assertNotIn("--ip=", words)
            self.assertNotIn("invalid", words)


class Other:
    """A container of the owner's on the exposed network."""

    def __init__(
        self, server: Server, name: str = "mine", address: str = "2a03:2222:3333:4444:300::9", mode: str = "bridge"
    ) -> None:
        self.server, self.id = server, (name.encode().hex() + "0" * 64)[:64]
        network = server.docker.networks_by_name.get(EXPOSED, {"Id": "x"})
        at = {
            "IPAMConfig": {"IPv6Address": address} if address else None,
            "Aliases": ["web"],
            "GlobalIPv6Address": address,
            "NetworkID": network["Id"],
        }
        server.docker.containers_by_id[self.id] = {
            "Id": self.id,
            "Names": [f"/{name}"],
            "Labels": {},
            "State": "running",
            "Status": "Up",
            "Mounts": [],
            "Ports": [],
            "HostConfig": {"NetworkMode": mode},
            "NetworkSettings": {"Networks": {EXPOSED: at}},
        }

    @property
    def at(self) -> Any:
        return self.server.docker.containers_by_id[self.id]["NetworkSettings"]["Networks"].get(EXPOSED)


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


class VerifyAndUndo(Case):
    def test_it_is_well(self) -> None:
        new, old = self.results(self.applied(), "network"), self.results(self.applied("26.1.5"), "network")
        self.assertIn(", routed", new["network"].detail)
        self.assertNotIn(", routed", old["network"].detail)

    def test_it_is_gone(self) -> None:
        server = self.applied()
        server.docker.containers_by_id.clear()
        del server.docker.networks_by_name[EXPOSED]
        self.fails(server, "network", "network", "it doesn't exist")

    def test_rollback_says_which_containers_have_lost_it(self) -> None:
        server = self.applied()
        other = Other(server)
        self.assertEqual(0, server.run("rollback"), server.printed)
        self.assertIn("mine is no longer connected", server.printed)
        self.assertIsNone(other.at)
        self.assertNotIn(EXPOSED, server.docker.networks_by_name)

    def test_without_docker_the_rollback_keeps_what_a_later_one_needs(self) -> None:
        server = self.applied()
        server.programs -= {"docker", "dockerd"}
        self.assertEqual(1, server.run("rollback"))
        self.assertIn("the containers and the network couldn't be removed: Docker is not installed", server.printed)
        journal = server.context().journal
        self.assertEqual([EXPOSED], journal.names("network"))
        self.assertEqual([], journal.names("package"))
        self.assertNotIn("ndppd.service", server.active)
        server.programs |= {"docker", "dockerd"}
        self.assertEqual(0, server.run("rollback"), server.printed)
        self.assertNotIn(EXPOSED, server.docker.networks_by_name)
