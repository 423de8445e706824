"""A second Kong answers while Kong's container is recreated."""

from __future__ import annotations

import json
from typing import Any

from kong_ipv6.resources import handover as module
from support.case import Case
from support.disk import Killed
from support.recorded import ENGINES
from support.server import Server

NAME = module.NAME
SECRET = "TOKEN=not-to-be-printed"


class Handover(Case):
    def edited(self, engine: str = "28.5.2", **plan: Any) -> Server:
        """A server whose Kong has to be recreated: its environment was edited."""
        server = self.applied(engine, **plan)
        server.install("nftables")
        server.hashes["kong"] = "edited"
        kong: Any = server.docker.service("kong")
        check = {"Test": ["CMD", "ready"], "Interval": 10 * 10**9, "Retries": 10}
        kong["_inspected"]["Config"].update(
            Env=[SECRET, "KONG_ADMIN_LISTEN=127.0.0.1:8001"], StopSignal="SIGQUIT", Healthcheck=check
        )
        return server

    def body(self, server: Server, path: str) -> Any:
        return next(json.loads(detail) for _, what, detail in server.events if path in what)

    def left(self, server: Server) -> None:
        """Nothing of it is left."""
        self.assertEqual("", server.handover)
        self.assertNotIn(NAME, server.docker.containers_by_id)
        self.assertNotIn(NAME, server.docker.networks_by_name)
        self.assertNotIn("handover", server.forward_policy + server.forward_policy6)
        self.assertEqual([], server.context().journal.names("handover"))

    def test_the_second_answers_before_the_first_stops_until_the_new_one_is_healthy(self) -> None:
        for engine in ENGINES:
            server = self.edited(engine)
            first: Any = server.docker.service("kong")
            self.assertEqual(0, server.run("apply"), server.printed)
            new: Any = server.docker.service("kong")
            self.assertNotEqual(first["Id"], new["Id"])
            self.happened(
                server,
                "engine POST /networks/create",
                f"engine POST /containers/create?name={NAME}",
                "engine POST /networks/kong-ipv6_kong-net/connect",
                f"engine POST /containers/{NAME}/start",
                "run nft -f -",
                f"engine POST /containers/{first['Id']}/stop",
                "run compose up --no-start",
                f"run docker start {new['Id']}",
                "run nft flush chain inet kong_ipv6_handover prerouting",
                f"engine POST /containers/{NAME}/stop",
                f"engine DELETE /containers/{NAME}?force=1&v=1",
                f"engine DELETE /networks/{NAME}",
                "run nft delete table inet kong_ipv6_handover",
            )
            self.left(server)

    def test_a_network_that_is_recreated(self) -> None:
        server = self.applied()
        server.install("nftables")
        kong: Any = server.docker.service("kong")
        server.docker.networks_by_name["ipv6_exposed"]["Options"].clear()
        self.assertEqual(0, server.run("apply"), server.printed)
        self.happened(
            server,
            "run nft -f -",
            f"engine POST /containers/{kong['Id']}/stop",
            f"engine DELETE /containers/{kong['Id']}",
            "engine DELETE /networks/ipv6_exposed",
            "run nft flush",
        )
        self.left(server)

    def test_an_image_is_built_before_the_second_is_started(self) -> None:
        server = self.applied()
        server.install("nftables")
        with (server.repository / "kong-build/Dockerfile").open("a") as file:
            file.write("# edited\n")
        self.assertEqual(0, server.run("apply"), server.printed)
        self.happened(server, "run compose build kong", "engine POST /networks/create", "run compose up --no-start")

    def test_the_second_is_like_the_first_but_for_its_names_addresses_and_admin_listener(self) -> None:
        for engine in ENGINES:
            server = self.edited(engine)
            server.run("apply")
            body, first = self.body(server, "/containers/create"), server.docker.recording["kong"]
            self.assertEqual(first["Image"], body["Image"])
            self.assertEqual("SIGQUIT", body["StopSignal"])
            check = {"Test": ["CMD", "ready"], "Interval": 10**9, "StartInterval": 10**9, "Retries": 10}
            self.assertEqual(check, body["Healthcheck"])
            self.assertEqual([SECRET, "KONG_ADMIN_LISTEN=off", "KONG_ADMIN_GUI_LISTEN=off"], body["Env"])
            self.assertNotIn("Labels", body)
            host, loopback = body["HostConfig"], "::" if engine.startswith("27.") else "::1"
            at = [{"HostIp": "127.0.0.1", "HostPort": ""}, {"HostIp": loopback, "HostPort": ""}]
            self.assertEqual({"80/tcp": at, "443/tcp": at}, host["PortBindings"])
            self.assertEqual(({"Name": "no"}, NAME), (host["RestartPolicy"], host["NetworkMode"]))
            self.assertEqual((["ALL"], False), (host["CapDrop"], host["AutoRemove"]))
            network = self.body(server, "/networks/create")
            self.assertEqual("routed", network["Options"]["com.docker.network.bridge.gateway_mode_ipv6"])
            self.assertRegex(network["IPAM"]["Config"][0]["Subnet"], r"^fd..:....:....:....::/64$")

    def test_the_table_sends_present_and_planned_addresses_to_the_second(self) -> None:
        server = self.edited()
        kong, old = server.docker.recording["kong"], server.plan.kong
        text = module.table(kong, "2001:db8::8100", "172.19.0.2", "fd00:9::2")
        for port in (80, 443):
            self.assertIn(f"ip daddr 1.2.3.4 tcp dport {port} dnat ip to 172.19.0.2:{port}\n", text)
            to = f"tcp dport {port} dnat ip6 to [fd00:9::2]:{port}\n"
            self.assertIn(f"ip6 daddr {{ 2001:db8::8100, {old} }} {to}", text)
        kong["HostConfig"]["PortBindings"] = {
            "80/tcp": [{"HostIp": "", "HostPort": "8080"}, {"HostIp": "127.0.0.1", "HostPort": ""}],
            "53/udp": None,
        }
        text = module.table(kong, old, "172.19.0.2", "fd00:9::2")
        self.assertIn("fib daddr type local tcp dport 8080 dnat ip to 172.19.0.2:80\n", text)
        self.assertEqual(2, text.count("tcp dport"))

    def test_connections_that_are_not_accepted_yet(self) -> None:
        head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n"
        idle, full = "00004000:00000000", "00004000:00000003"
        for state, queues, expected in (
            ("0A", idle, False),
            ("0A", full, True),
            ("01", full, False),
            ("03", idle, True),
        ):
            line = f"   0: 00000000:0050 00000000:0000 {state} {queues} 00:00000000 00000000 0\n"
            self.assertEqual(expected, module.queued(head + line), line)

    def test_the_server_is_renumbered_while_the_second_answers(self) -> None:
        server = self.applied()
        server.install("nftables")
        server.change_plan(kong="2a03:2222:3333:4444:300::8200")
        server.env(KONG_BIND_IPV6="2a03:2222:3333:4444:300::8200")
        server.hashes["kong"] = "moved"
        with (server.repository / "host/etc/ndppd.conf").open("a") as file:
            file.write("# moved\n")
        server.run("apply")
        self.assertIn("ip6 daddr { 2a03:2222:3333:4444:300::8100, 2a03:2222:3333:4444:300::8200 }", server.inputs[-1])
        self.happened(server, "run nft -f -", "run systemctl restart ndppd.service", "run compose up", "run nft flush")

    def test_none_where_docker_restarts(self) -> None:
        server = self.edited()
        server.write("/etc/docker/daemon.json", "{}\n")
        self.assertEqual([], self.changes(server, "handover"))

    def test_where_forwarding_is_denied_it_is_accepted_for_the_second_alone(self) -> None:
        server = self.edited("26.1.5")
        server.programs |= {"ip6tables"}
        server.forward_policy6 = "-P FORWARD DROP\n"
        self.assertEqual(0, server.run("apply"), server.printed)
        end = f"-m comment --comment {NAME} -j ACCEPT"
        from_, to = "-s fd00:9::2", "-d fd00:9::2 -m conntrack --ctstate DNAT"
        for match in (from_, to):
            self.happened(
                server,
                f"run ip6tables -w -I FORWARD {match} {end}",
                "run nft -f -",
                f"run ip6tables -w -D FORWARD {match} {end}",
            )
        self.assertEqual("-P FORWARD DROP\n", server.forward_policy6)

    def test_a_kong_that_is_not_well_is_recreated_as_it_is(self) -> None:
        for status in ("Up 1 hour (unhealthy)", "exited"):
            server = self.edited()
            kong: Any = server.docker.service("kong")
            kong.update({"State": "exited"} if status == "exited" else {"Status": status})
            self.assertEqual([], self.changes(server, "handover"))
            self.assertEqual(0, server.run("apply"), server.printed)
            self.assertNotIn("run nft -f -", [f"{kind} {what}" for kind, what, _ in server.events])

    def test_none_while_the_password_is_changed_or_kong_net_moves(self) -> None:
        server = self.edited()
        (server.repository / "data/postgres").mkdir(parents=True, exist_ok=True)
        (server.repository / "data/postgres/PG_VERSION").write_text("17\n")
        server.env(KONG_PG_PASSWORD="another")
        self.assertEqual([], self.changes(server, "handover"))
        moved = self.edited()
        moved.docker.networks_by_name["kong-ipv6_kong-net"]["IPAM"]["Config"][0]["Subnet"] = "10.9.0.0/24"
        self.assertEqual([], self.changes(moved, "handover"))

    def test_none_where_nothing_recreates_kong(self) -> None:
        server = self.edited()
        server.hashes.clear()
        self.assertEqual([], self.changes(server, "handover"))
        server.docker.service("kong-database")["State"] = "exited"  # type: ignore[index]
        self.assertEqual([], self.changes(server, "handover"))

    def away(self, server: Server, why: str) -> None:
        """The run goes on as without it."""
        self.assertEqual(0, server.run("apply"), server.printed)
        self.assertIn(f"Kong will be away for some seconds. No second Kong could be started: {why}", server.printed)
        self.left(server)

    def test_a_second_that_cannot_be_started_is_noted(self) -> None:
        for refused in ("/networks/create", f"/containers/create?name={NAME}", f"/containers/{NAME}/start"):
            server = self.edited()
            server.docker.refuses[f"POST {refused}"] = "no space left on device"
            self.away(server, "no space left on device")

    def test_a_second_that_does_not_become_healthy_is_noted(self) -> None:
        server = self.edited()
        start = server.docker.start

        def ill(identity: str) -> None:
            start(identity)
            if identity == NAME:
                server.docker.containers_by_id[NAME]["Status"] = "Up 1 minute (unhealthy)"

        server.docker.start = ill  # type: ignore[method-assign]
        self.away(server, "it did not become healthy: it is running/unhealthy")
        self.happened(server, f"engine DELETE /containers/{NAME}", "run compose up --no-start")

    def test_without_nft_it_is_noted(self) -> None:
        server = self.edited("26.1.5").with_ufw()
        server.uninstall("nftables")
        self.away(server, "nftables is not installed")

    def test_as_long_as_the_new_kong_is_not_healthy_the_second_answers(self) -> None:
        server = self.edited()
        recreate = server.docker.start

        def ill(identity: str) -> None:
            recreate(identity)
            if identity != NAME:
                server.docker.containers_by_id[identity]["Status"] = "Up 1 minute (unhealthy)"

        server.docker.start = ill  # type: ignore[method-assign]
        self.assertEqual(1, server.run("apply"))
        self.assertIn("Kong did not become healthy: until it is, a second Kong answers", server.printed)
        self.assertEqual("running", server.docker.containers_by_id[NAME]["State"])
        self.assertIn("dnat", server.handover)
        server.docker.start = recreate  # type: ignore[method-assign]
        server.docker.service("kong")["Status"] = "Up 1 minute (healthy)"  # type: ignore[index]
        self.assertEqual(0, server.run("apply"), server.printed)
        self.left(server)

    def test_a_run_that_is_killed_anywhere_leaves_nothing_to_the_next_one_or_to_a_rollback(self) -> None:
        server = self.edited()
        server.run("apply")
        finished = server.state()
        words = ("handover", "/networks/create", "/connect", "/stop", "nft", "compose up", "docker start")
        moments = [at for at, one in enumerate(server.events) if any(word in one[1] for word in words)]
        self.assertGreater(len(moments), 10)
        for moment in moments:
            for command in ("apply", "rollback"):
                with self.subTest(before=server.events[moment][1], then=command):
                    killed = self.edited()
                    with self.assertRaises(Killed):
                        killed.run("apply", kill_at=moment)
                    self.assertEqual(0, killed.run(command), killed.printed)
                    self.left(killed)
                    if command == "apply":
                        self.same_state(finished, killed.state())

    def test_an_interrupted_run_continues_with_its_second_kong(self) -> None:
        server = self.edited()
        server.run("apply")
        steps = [what for _, what, _ in server.events]
        killed = self.edited()
        with self.assertRaises(Killed):
            killed.run("apply", kill_at=next(at for at, what in enumerate(steps) if what.endswith("/stop")))
        self.assertEqual(0, killed.run("apply"), killed.printed)
        self.assertEqual([], [what for _, what, _ in killed.events if "create?name" in what])
        self.assertEqual(1, len([what for _, what, _ in killed.events if what == "nft -f -"]))
        self.left(killed)

    def test_what_kongs_environment_holds_is_in_no_output_and_no_argument(self) -> None:
        server = self.edited()
        server.run("apply")
        self.assertIn(SECRET, self.body(server, "/containers/create")["Env"])
        self.assertNotIn(SECRET, server.printed + "\n".join(server.commands))
