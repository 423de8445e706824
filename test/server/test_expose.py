"""The owner's containers with a public address: what is set up for them, and what verify.sh says."""

from __future__ import annotations

import sys
from typing import Any

from kong_ipv6 import packets
from kong_ipv6.plan import Exposed, Port
from kong_ipv6.resources.ufw import wanted
from support.case import Case
from support.server import Server

DNS = "2a03:2222:3333:4444:300::53"
PORTS = [{"port": 53, "protocol": "tcp"}, {"port": 53, "protocol": "udp"}]
EXPOSE = [{"name": "dns", "address": DNS, "ports": PORTS, "variable": "EXPOSE_DNS_IPV6"}]
BOTH = {"53/tcp": [{"HostIp": "::1", "HostPort": "1"}], "53/udp": [{"HostIp": "::1", "HostPort": "2"}]}


def dns(server: Server, ports: dict[str, Any]) -> dict[str, Any]:
    """Its container, with the published ports."""
    return {
        "Id": "d" * 64,
        "Names": ["/dns"],
        "State": "running",
        "Status": "Up",
        "Labels": {},
        "NetworkSettings": {"Networks": {server.plan.network: {"GlobalIPv6Address": DNS}}},
        "_inspected": {"NetworkSettings": {"Ports": ports}, "Mounts": []},
        "_pid": 53,
    }


def listens(server: Server, protocol: str, state: str, address: str = "::") -> None:
    """proc_net_tcp(5): words in the byte order of this machine."""
    raw = packets.packed(address)
    words = "".join(f"{int.from_bytes(raw[at : at + 4], sys.byteorder):08X}" for at in range(0, 16, 4))
    server.write(f"/proc/53/net/{protocol}6", f"header\n 0: {words}:0035 0:0 {state} 0\n")
    server.write(f"/proc/53/net/{protocol}", "header\n")


class Rules(Case):
    def test_kong_and_each_container_have_their_ports_in_ufw(self) -> None:
        plan = self.server(expose=EXPOSE).plan
        self.assertEqual([Exposed("dns", DNS, [Port(53, "tcp"), Port(53, "udp")], "EXPOSE_DNS_IPV6")], plan.expose)
        inward = "in on ens3 out on ipv6_exposed to"
        self.assertEqual(
            [
                f"{inward} {plan.kong} port 80 proto tcp",
                f"{inward} {plan.kong} port 443 proto tcp",
                f"{inward} {DNS} port 53 proto tcp",
                f"{inward} {DNS} port 53 proto udp",
                f"in on ipv6_exposed out on ens3 from {plan.subnet}",
            ],
            wanted(plan, nftables=False),
        )

    def test_the_kernel_answers_for_each_address(self) -> None:
        server = self.kernel_ndp()
        server.change_plan(expose=EXPOSE)
        drop_in = server.repository / "host/etc/systemd/network/10-netplan-ens3.network.d/60-kong-ndp.conf"
        drop_in.write_text(drop_in.read_text() + f"IPv6ProxyNDPAddress={DNS}\n")
        server.applied()
        self.assertEqual({(server.plan.kong, "ens3"), (DNS, "ens3")}, set(server.kernel.proxied))
        server.kernel.proxied = [(server.plan.kong, "ens3")]
        text = f"ndp: networkd will let the kernel answer for {server.plan.kong}, {DNS} on ens3"
        self.assertEqual([text], self.changes(server, "ndp"))
        # Once it is no longer exposed, nobody answers for it.
        self.assertEqual(0, server.run("apply"), server.printed)
        drop_in.write_text(drop_in.read_text().replace(f"IPv6ProxyNDPAddress={DNS}\n", ""))
        server.change_plan(expose=[])
        self.assertEqual(0, server.run("apply"), server.printed)
        self.assertEqual([(server.plan.kong, "ens3")], server.kernel.proxied)

    def test_verify_asks_for_each_address(self) -> None:
        server = self.applied(expose=EXPOSE)
        server.outside.silent.add(DNS)
        found = self.fails(server, "ndp", "ndp", f"doesn't answer a Neighbor Solicitation for {DNS}")
        self.assertNotIn(server.plan.kong, found.detail)


class Verify(Case):
    def running(self, engine: str = "28.5.2", ports: dict[str, Any] = BOTH) -> Server:
        """dns runs, and listens on [::]:53."""
        server = self.applied(engine, expose=EXPOSE)
        server.docker.containers_by_id["d" * 64] = dns(server, ports)
        listens(server, "tcp", "0A")
        listens(server, "udp", "07")
        return server

    def row(self, server: Server, level: str, text: str) -> None:
        found = self.results(server, "expose")
        self.assertEqual(["dns"], list(found))
        self.assertEqual((level, True), (found["dns"].level, text in found["dns"].detail), found)

    def test_without_expose_there_is_no_row(self) -> None:
        self.assertEqual({}, self.results(self.applied(), "expose"))

    def test_all_is_well(self) -> None:
        self.row(self.running(), "ok", f"{DNS}: listens on 53, 53/udp; UDP is not tested from outside")

    def test_a_container_that_is_not_there_is_no_failure(self) -> None:
        self.row(self.applied(expose=EXPOSE), "warn", f"not running: no container has {DNS}")
        server = self.running()
        server.docker.containers_by_id["d" * 64]["State"] = "exited"
        self.row(server, "warn", "not running")

    def test_ports_that_are_not_published_are_dropped_since_docker_27(self) -> None:
        for engine, level in (("27.5.1", "fail"), ("29.7.2", "fail"), ("26.1.5", "ok")):
            server = self.running(engine, {"53/tcp": BOTH["53/tcp"], "53/udp": None})
            self.row(server, level, "53/udp")
        self.row(self.running(ports={}), "fail", "Docker drops what is sent to 53, 53/udp")

    def test_a_port_without_a_listener_on_ipv6(self) -> None:
        server = self.running()
        listens(server, "udp", "07", "::1")
        self.row(server, "warn", "doesn't listen on 53/udp (IPv6) yet")
        # A connection is no listener.
        server = self.running()
        listens(server, "tcp", "01")
        self.row(server, "warn", "doesn't listen on 53 (IPv6) yet")
        listens(server, "tcp", "0A", DNS)
        self.row(server, "ok", "listens on 53")

    def test_a_firewall_in_between(self) -> None:
        server = self.running()
        server.outside.dead.add((DNS, 53))
        self.row(server, "fail", f"a client outside doesn't reach [{DNS}]:53")
        server.outside.problem = "no tc"
        self.row(server, "warn", "not tested from outside")
