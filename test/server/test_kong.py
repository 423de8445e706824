"""Whether Kong is well and reached: what verify.sh must not miss."""

from __future__ import annotations

import unittest
from typing import Any
from unittest import mock

from kong_ipv6.resources import kong as module
from support.case import SLAAC, Case
from support.compose import kong_process
from support.kernel import Address
from support.recorded import ENGINES

CHECKS = ("kong", "database", "address", "gateway", "admin", "listeners", "own", "IPv6", "IPv4", "outgoing")


class Well(Case):
    def test_every_check_on_every_engine(self) -> None:
        for engine in ENGINES:
            found = self.results(self.applied(engine), "kong")
            self.assertEqual(dict.fromkeys(CHECKS, "ok"), {name: one.level for name, one in found.items()}, engine)

    def test_without_a_database(self) -> None:
        server = self.applied(database="off")
        self.assertNotIn("database", self.results(server, "kong"))

    def test_it_says_nothing_where_docker_does_not_answer(self) -> None:
        server = self.applied()
        server.docker.down = "connection refused"
        self.assertEqual({}, self.results(server, "kong"))


class TheContainers(Case):
    def test_there_is_none(self) -> None:
        self.fails(self.server(), "kong", "kong", "Kong has no container")

    def test_each_state(self) -> None:
        for state, status, text in (
            ("exited", "Exited (1)", "the container is exited/0"),
            ("running", "Up (unhealthy)", "the container is running/unhealthy"),
            ("paused", "Up (Paused)", "the container is paused/"),
            ("created", "Created", "the container is created/"),
        ):
            server = self.applied()
            container: Any = server.docker.service("kong")
            container.update(State=state, Status=status)
            self.fails(server, "kong", "kong", text)

    def test_the_database_is_ill_or_gone(self) -> None:
        server = self.applied()
        database: Any = server.docker.service("kong-database")
        database.update(Status="Up (unhealthy)")
        self.fails(server, "kong", "database", "the container is running/unhealthy")
        del server.docker.containers_by_id[database["Id"]]
        self.fails(server, "kong", "database", "the container is missing")

    def test_kong_does_not_reach_its_database(self) -> None:
        """With br_netfilter a filter may drop what passes within the bridge."""
        server = self.applied()
        database: Any = server.docker.service("kong-database")
        address = database["NetworkSettings"]["Networks"]["kong-ipv6_kong-net"]["IPAddress"]
        server.outside.unreachable.add(address)
        found = self.fails(server, "kong", "database", f"Kong doesn't reach it at {address}:5432")
        self.assertIn("iptables -S FORWARD", found.remedy)

    def test_a_database_that_is_published(self) -> None:
        server = self.applied()
        database: Any = server.docker.service("kong-database")
        database["_inspected"] = {
            "NetworkSettings": {"Ports": {"5432/tcp": [{"HostIp": "0.0.0.0", "HostPort": "5432"}], "80/tcp": None}},
            "Mounts": [],
        }
        self.fails(
            server, "kong", "database", "the database's port is published on the server: 5432/tcp -> 0.0.0.0:5432"
        )

    def test_another_address(self) -> None:
        server = self.applied()
        container: Any = server.docker.service("kong")
        container["NetworkSettings"]["Networks"]["ipv6_exposed"]["GlobalIPv6Address"] = "2a03:2222:3333:4444:300::8"
        self.fails(server, "kong", "address", "Kong has 2a03:2222:3333:4444:300::8 on ipv6_exposed, not")
        del container["NetworkSettings"]["Networks"]["ipv6_exposed"]
        self.fails(server, "kong", "address", "Kong has no address on ipv6_exposed")

    def test_another_way_out(self) -> None:
        for gateway, text in (("fd00::1", "via fd00::1"), ("", "is missing")):
            server = self.applied()
            server.kong_gateway = gateway
            kong_process(server)
            self.fails(server, "kong", "gateway", text)


class TheListeners(Case):
    def listening(self, change: Any) -> Any:
        server = self.applied()
        change(server.listens)
        kong_process(server)
        return server

    def test_kong_does_not_listen_on_ipv6(self) -> None:
        for port in (80, 443):
            server = self.listening(lambda all_, port=port: all_.remove(("::", port)))
            self.fails(server, "kong", "listeners", f"Kong doesn't listen on [::]:{port}")

    def test_a_missing_listener_is_not_called_well_too(self) -> None:
        """Bug: beside "Kong doesn't listen on [::]:443" stood "Kong listens on 80 and 443"."""
        server = self.listening(lambda all_: all_.remove(("::", 443)))
        server.run("verify")
        self.assertNotIn("Kong listens on 80 and 443", server.printed)

    def test_a_listener_on_the_loopback_address_does_not_serve(self) -> None:
        def loopback(all_: Any) -> None:
            all_.remove(("::", 443))
            all_.append(("::1", 443))

        self.fails(self.listening(loopback), "kong", "listeners", "Kong doesn't listen on [::]:443")

    def test_each_admin_port_that_others_reach(self) -> None:
        for address, port in (
            ("0.0.0.0", 8001),
            ("::", 8001),
            ("::1", 8444),
            ("0.0.0.0", 8002),
            ("0.0.0.0", 8445),
            ("::", 8007),
        ):
            server = self.listening(lambda all_, one=(address, port): all_.append(one))
            self.fails(server, "kong", "admin", f":{port}")

    def test_an_admin_port_that_is_published(self) -> None:
        for port in ("8001/tcp", "8444/tcp"):
            server = self.applied()
            container: Any = server.docker.service("kong")
            container["_inspected"]["NetworkSettings"]["Ports"][port] = [{"HostIp": "127.0.0.1", "HostPort": "8001"}]
            self.fails(server, "kong", "admin", "an admin port is published on the server")

    def test_a_port_that_is_only_exposed_is_not_published(self) -> None:
        for engine in ENGINES:
            self.assertEqual("ok", self.results(self.applied(engine), "kong")["admin"].level, engine)

    def test_kong_does_not_answer_this_server(self) -> None:
        server = self.applied()
        server.outside.statuses[(server.plan.kong, 80)] = ""
        self.fails(server, "kong", "listeners", "]:80 doesn't answer this server")

    def test_docker_proxy_on_the_servers_own_address(self) -> None:
        for shown, level in (
            ("[::]:80", "fail"),
            ("*:443", "fail"),
            # Of this server, whatever the answers say.
            (f"[{SLAAC}]:80", "fail"),
            ("[::1]:80", "ok"),
            ("1.2.3.4:80", "ok"),
        ):
            server = self.kept().applied()
            server.listening = f'LISTEN 0 511 {shown} 0.0.0.0:* users:(("docker-proxy",pid=7,fd=3))\n'
            self.assertEqual(level, self.results(server, "kong")["own"].level, shown)


class FromOutside(Case):
    def test_each_address_and_port_that_is_dead(self) -> None:
        for address, check in (("2a03:2222:3333:4444:300::8100", "IPv6"), ("1.2.3.4", "IPv4")):
            for port in (80, 443):
                server = self.applied()
                server.outside.dead = {(address, port)}
                found = self.fails(server, "kong", check, f":{port}")
                self.assertIn(address, found.detail)

    def test_dockers_nftables_backend_behind_ufw(self) -> None:
        """Measured on 29.7.2: IPv4 is dead and has no way out, and verify.sh reported success."""
        server = self.server("29.7.2-nftables").with_ufw().applied()
        server.outside.dead = {("1.2.3.4", 80), ("1.2.3.4", 443)}
        server.outside.sources = {4: ""}
        self.assertEqual(1, server.run("verify"))
        self.assertIn("a client outside doesn't reach 1.2.3.4:80 and 1.2.3.4:443", server.printed)
        self.assertIn("Kong's IPv4 has no way out", server.printed)

    def test_ipv4_is_not_asked_for_where_it_is_not_published(self) -> None:
        server = self.applied(ipv4__published=False)
        self.assertNotIn("IPv4", self.results(server, "kong"))

    def test_ipv4_that_comes_in_elsewhere_is_never_called_well(self) -> None:
        server = self.applied()
        server.kernel.routes[4] = ["default via 10.0.0.1 dev eth9 proto static"]
        self.assertEqual("warn", self.results(server, "kong")["IPv4"].level)
        server = self.applied()
        server.env(KONG_BIND_IP="192.0.2.7")
        self.assertEqual("warn", self.results(server, "kong")["IPv4"].level)

    def test_ipv4_on_another_interface(self) -> None:
        """Bug: beside an IPv6 tunnel it was not tested."""
        server = self.applied()
        server.kernel.add_link("eth9", "52:54:00:00:00:09")
        server.kernel.addresses.append(Address("eth9", "192.0.2.7/24"))
        server.kernel.routes[4] = ["default via 192.0.2.1 dev eth9 proto static"]
        server.env(KONG_BIND_IP="0.0.0.0")
        self.assertIn("reached through eth9: 192.0.2.7", self.results(server, "kong")["IPv4"].detail)
        server.outside4.dead = {("192.0.2.7", 443)}
        self.fails(server, "kong", "IPv4", "doesn't reach 192.0.2.7:443")
        server.outside4.sources = {4: ""}
        self.fails(server, "kong", "outgoing", "Kong's IPv4 has no way out")
        server.outside4.problem = "no tc"
        self.assertIn("on eth9: no tc", self.results(server, "kong")["outside"].detail)

    def test_the_address_of_env_is_the_one_that_is_tried(self) -> None:
        server = self.applied()
        server.env(KONG_BIND_IP="0.0.0.0")
        self.assertIn("1.2.3.4", self.results(server, "kong")["IPv4"].detail)

    def test_what_leaves_as_another_address(self) -> None:
        for source, text in (
            ("2a03:2222:3333:4444::2", "come from 2a03:2222:3333:4444::2, not from"),
            ("", "do not leave"),
        ):
            server = self.applied()
            server.outside.sources = {6: source}
            self.fails(server, "kong", "outgoing", text)

    def test_ipv4_is_not_called_well_where_another_program_answers_on_it(self) -> None:
        """Bug: without ports: in docker-compose.yml another web server counted as Kong."""
        server = self.applied()
        container: Any = server.docker.service("kong")
        ports = container["_inspected"]["NetworkSettings"]["Ports"]
        ports["443/tcp"] = [at for at in ports["443/tcp"] if ":" in at["HostIp"]]
        self.fails(server, "kong", "IPv4", "Docker doesn't publish Kong's 443 on IPv4")

    def test_an_ipv4_way_out_that_is_not_tested_is_not_called_well(self) -> None:
        server = self.applied()
        server.kernel.routes[4] = []
        server.outside.sources = {**server.outside.sources, 4: ""}
        self.assertIn("IPv4 is not tested", self.results(server, "kong")["outgoing"].detail)

    def test_a_server_where_it_cannot_be_tested(self) -> None:
        server = self.applied()
        server.outside.problem = "RTNETLINK answers: Operation not supported"
        found = self.results(server, "kong")["outside"]
        self.assertEqual(("warn", "test from another machine"), (found.level, found.remedy))


class Parsing(unittest.TestCase):
    TCP = (
        "  sl  local_address rem_address   st\n"
        "   0: 0100007F:1F41 00000000:0000 0A 0\n"
        "   1: 00000000:0050 00000000:0000 0A 0\n"
        "   2: 0100007F:1F41 0100007F:9999 01 0\n"
    )
    TCP6 = (
        "  sl  local_address                         remote_address                        st\n"
        "   0: 00000000000000000000000000000000:01BB 00000000000000000000000000000000:0000 0A 0\n"
        "   1: 00000000000000000000000001000000:0050 00000000000000000000000000000000:0000 0A 0\n"
    )

    def test_listeners_of_proc(self) -> None:
        with mock.patch("struct.pack", side_effect=lambda _, word: word.to_bytes(4, "little")):
            found = module.listeners(self.TCP, self.TCP6)
        self.assertEqual({("127.0.0.1", 8001), ("0.0.0.0", 80), ("::", 443), ("::1", 80)}, found)

    def test_the_default_route_of_proc(self) -> None:
        zero, via = "0" * 32, "2a0322223333444403000000000000" + "01"
        self.assertEqual(
            "2a03:2222:3333:4444:300::1",
            module.default_gateway(f"{zero} 00 {zero} 00 {via} 00000400 1 0 00450003 eth0\n"),
        )
        for line in (
            f"{zero} 00 {zero} 00 {zero} ffffffff 1 0 00200200 lo",
            f"{zero} 40 {zero} 00 {via} 0 1 0 0 eth0",
            f"{via} 80 {zero} 00 {zero} 0 1 0 0 eth0",
        ):
            self.assertEqual("", module.default_gateway(line))

    def test_health(self) -> None:
        for state, level in (
            ("running/healthy", "ok"),
            ("running/starting", "ok"),
            ("running/unhealthy", "fail"),
            ("running/", "fail"),
            ("exited/1", "fail"),
        ):
            self.assertEqual(level, module.service_health("kong", state, "logs").level, state)
