"""The exposed Docker network: compared, checked, and restored at rollback."""

from __future__ import annotations

import copy
from typing import Any

from kong_ipv6.resources import network as module
from kong_ipv6.resources.network import difference, stale
from support.case import Case
from support.other import EXPOSED, Other
from support.recorded import ENGINES
from support.server import Server


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
                (
                    lambda one: [at.pop("IPRange", None) for at in one["IPAM"]["Config"]],
                    "Docker may give 2a03:2222:3333:4444:300::8100 to another container: its dynamic addresses are 2a03:2222:3333:4444:300::/80",
                ),
            ]
            for change, why in changes:
                server, network, version = self.recorded(engine)
                change(network)
                self.assertIn(why, difference(network, server.plan, version), engine)

    def test_another_range_of_dynamic_addresses(self) -> None:
        """Bug: regenerate --finish frees addresses, so the range changed, and apply.sh recreated the network."""
        for engine in ENGINES:
            server, network, version = self.recorded(engine)
            server.change_plan(exposed__range="2a03:2222:3333:4444:300::/97", kong="2a03:2222:3333:4444:300::9100")
            self.assertEqual("", difference(network, server.plan, version), engine)
            moved = [{"name": "kong", "address": "2a03:2222:3333:4444:300:0:8000:1", "to": server.plan.kong}]
            server.change_plan(previous={"host": None, "containers": moved})
            self.assertIn("may give 2a03:2222:3333:4444:300:0:8000:1", difference(network, server.plan, version))
            server.change_plan(previous=None, kong="2a03:2222:3333:4444:300:0:8000:2")
            self.assertIn("may give 2a03:2222:3333:4444:300:0:8000:2", difference(network, server.plan, version))

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
