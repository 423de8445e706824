"""Questions to the link: frames out, answers in, without a socket."""

from __future__ import annotations

import struct
import unittest
from collections.abc import Callable, Iterator
from typing import Optional
from unittest import mock

from kong_ipv6 import packets, solicit
from kong_ipv6.packets import Packet, packed

OWN, ROUTER_MAC = bytes.fromhex("52540000000a"), bytes.fromhex("52540000000b")
LOCAL, HOST, ROUTER, KONG = "fe80::a", "2a03::2", "fe80::1", "2a03:300::8100"
Answer = Callable[[Packet], list[bytes]]


class FakeLink:
    """Every frame that is sent is handed to a router, which may answer."""

    def __init__(self, answer: Answer) -> None:
        self.answer, self.mac = answer, OWN
        self.sent: list[Packet] = []
        self.queue: list[bytes] = []

    def send(self, data: bytes) -> None:
        packet = packets.parse(data)
        assert packet
        self.sent.append(packet)
        self.queue += self.answer(packet)

    def wait(self, seconds: float, outgoing: bool = False) -> Iterator[Packet]:
        queue, self.queue = self.queue, []
        for data in queue:
            packet = packets.parse(data)
            if packet:
                yield packet

    def close(self) -> None:
        pass


def advertisement(target: bytes, to: bytes) -> bytes:
    body = b"\x60\x00\x00\x00" + target + b"\x02\x01" + ROUTER_MAC
    return packets.icmp(OWN, ROUTER_MAC, target, to, packets.ADVERTISEMENT, body)


def reply(packet: Packet) -> bytes:
    return packets.icmp(OWN, ROUTER_MAC, packet.target, packet.source, packets.ECHO_REPLY, packet.payload[4:])


class Router:
    """delivery: on-link, routed, elsewhere or silent. sources: the addresses that it answers solicitations from."""

    def __init__(self, delivery: str, sources: Optional[list[str]] = None) -> None:
        self.delivery, self.sources = delivery, [packed(one) for one in sources] if sources is not None else None

    def __call__(self, packet: Packet) -> list[bytes]:
        if packets.solicited(packet) == packed(ROUTER):
            known = self.sources is None or packet.source in self.sources
            return [advertisement(packed(ROUTER), packet.source)] if known else []
        if packet.protocol != packets.ICMPV6 or packet.payload[0] != packets.ECHO or self.delivery == "silent":
            return []
        if packet.source != packed(KONG):
            return [reply(packet)]
        if self.delivery == "routed":
            return [reply(packet)]
        if self.delivery == "on-link":
            return [packets.solicitation(ROUTER_MAC, packed(ROUTER), packed(KONG))]
        return []


class Delivery(unittest.TestCase):
    def verdict(self, router: Router, known: str = "", own: Optional[list[str]] = None) -> str:
        self.link = FakeLink(router)
        with mock.patch.object(solicit, "RawLink", lambda _: self.link):
            return solicit.delivery("ens3", ROUTER, KONG, own or [LOCAL, HOST], known)

    def test_each_kind(self) -> None:
        for kind, verdict in (
            ("on-link", "on-link"),
            ("routed", "routed"),
            ("elsewhere", "elsewhere"),
            ("silent", "unknown"),
        ):
            self.assertEqual(verdict, self.verdict(Router(kind)), kind)

    def test_a_router_that_answers_nobody(self) -> None:
        self.assertEqual("no-gateway", self.verdict(Router("on-link", [])))

    def test_a_router_that_answers_one_kind_of_source_only(self) -> None:
        for source in (LOCAL, HOST):
            self.assertEqual("on-link", self.verdict(Router("on-link", [source])), source)

    def test_a_router_that_the_kernel_reaches_is_not_asked(self) -> None:
        self.assertEqual("on-link", self.verdict(Router("on-link", []), known="52:54:00:00:00:0b"))
        self.assertEqual([], [one for one in self.link.sent if packets.solicited(one) == packed(ROUTER)])

    def test_the_frames_go_to_the_router(self) -> None:
        self.verdict(Router("routed"))
        pings = [one for one in self.link.sent if one.payload[0] == packets.ECHO]
        self.assertEqual({ROUTER_MAC}, {one.frame[:6] for one in pings})


class TheCallers(unittest.TestCase):
    """What the resources ask with."""

    def test_a_server_without_its_address_asks_from_the_link_local_one(self) -> None:
        from support.server import Server

        for has_host in (False, True):
            server = Server()
            self.addCleanup(server.close)
            if has_host:
                from support.kernel import Address

                server.kernel.addresses.append(Address("ens3", f"{server.plan.host}/64"))
            server.neighbour = "fe80::1 lladdr 52:54:00:00:00:0b router REACHABLE\n"
            with server.patched(), mock.patch.object(solicit, "delivery", return_value="on-link") as asked:
                resource, facts = server.resource("link")
                list(resource.refuse(facts))
            _, gateway, kong, own, known = asked.call_args.args
            self.assertEqual(("fe80::1", server.plan.kong), (gateway, kong))
            self.assertEqual(["fe80::5054:ff:fe6b:6f6e"] + [server.plan.host] * has_host, own)
            self.assertEqual("52:54:00:00:00:0b", known)

    def test_a_neighbour_that_is_stale_is_asked_again(self) -> None:
        from support.server import Server

        for state, known in (("STALE", ""), ("FAILED", ""), ("REACHABLE", "52:54:00:00:00:0b")):
            server = Server()
            self.addCleanup(server.close)
            server.neighbour = f"fe80::1 lladdr 52:54:00:00:00:0b router {state}\n"
            with server.patched(), mock.patch.object(solicit, "delivery", return_value="on-link") as asked:
                resource, facts = server.resource("link")
                list(resource.refuse(facts))
            self.assertEqual(known, asked.call_args.args[4], state)


class Used(unittest.TestCase):
    def test_addresses_that_another_machine_answers_for(self) -> None:
        def neighbour(packet: Packet) -> list[bytes]:
            return [advertisement(packed(KONG), packet.source)] if packets.solicited(packet) == packed(KONG) else []

        with mock.patch.object(solicit, "RawLink", lambda _: FakeLink(neighbour)):
            self.assertEqual([KONG], solicit.used("ens3", LOCAL, [KONG, HOST]))
            self.assertEqual([], solicit.used("ens3", LOCAL, [HOST]))


class FromOutside(unittest.TestCase):
    """The frames of Outside, without its namespace."""

    def outside(self, inward: Answer, outward: list[bytes]) -> solicit.Outside:
        made = solicit.Outside.__new__(solicit.Outside)
        made.inward = FakeLink(inward)  # type: ignore[assignment]
        made.outward = FakeLink(lambda _: [])  # type: ignore[assignment]
        made.mac = made.outward.mac

        def answers(packet: Packet) -> list[bytes]:
            made.outward.queue += inward(packet)  # type: ignore[attr-defined]
            return []

        made.inward.answer = answers  # type: ignore[attr-defined]
        return made

    def test_a_solicitation_that_is_answered(self) -> None:
        def proxy(packet: Packet) -> list[bytes]:
            return [advertisement(packed(KONG), packet.source)] if packets.solicited(packet) == packed(KONG) else []

        self.assertTrue(self.outside(proxy, []).answers_for(KONG))
        self.assertFalse(self.outside(lambda _: [], []).answers_for(KONG))

    def test_a_proxy_that_looks_for_the_solicitor_first(self) -> None:
        asked: list[bool] = []

        def ndppd(packet: Packet) -> list[bytes]:
            if packets.solicited(packet) == packed(KONG) and not asked:
                asked.append(True)
                return [packets.solicitation(ROUTER_MAC, packed(HOST), packed(solicit.SOLICITOR))]
            if packets.advertisement_target(packet) == packed(solicit.SOLICITOR):
                return [advertisement(packed(KONG), packed(solicit.SOLICITOR))]
            return []

        self.assertTrue(self.outside(ndppd, []).answers_for(KONG))

    def tcp(self, flags: int, port: int = 443) -> Answer:
        def server(packet: Packet) -> list[bytes]:
            if packet.protocol != packets.TCP or packet.payload[13] != packets.SYN:
                return []
            from_port, to_port = struct.unpack("!HH", packet.payload[:4])
            segment = packets.segment(packet.target, packet.source, (to_port, from_port), 1, flags)
            return (
                [packets.frame(OWN, ROUTER_MAC, packet.target, packet.source, packets.TCP, segment)]
                if to_port == port
                else []
            )

        return server

    def test_a_connection_that_is_accepted(self) -> None:
        for address in (KONG, "1.2.3.4"):
            self.assertTrue(self.outside(self.tcp(packets.SYN_ACK), []).connects(address, 443), address)

    def test_a_connection_that_is_refused_or_dropped(self) -> None:
        for address in (KONG, "1.2.3.4"):
            self.assertFalse(self.outside(self.tcp(packets.RST | 0x10), []).connects(address, 443))
            self.assertFalse(self.outside(self.tcp(packets.SYN_ACK), []).connects(address, 80))


class Frames(unittest.TestCase):
    def test_checksums_add_up(self) -> None:
        packet = packets.parse(packets.solicitation(OWN, packed(LOCAL), packed(KONG)))
        assert packet
        pseudo = packet.source + packet.target + struct.pack("!II", len(packet.payload), packets.ICMPV6)
        self.assertEqual(0, packets.checksum(pseudo + packet.payload))

    def test_a_solicitation_goes_to_the_solicited_node_group(self) -> None:
        packet = packets.parse(packets.solicitation(OWN, packed(LOCAL), packed(KONG)))
        assert packet
        self.assertEqual(packed("ff02::1:ff00:8100"), packet.target)
        self.assertEqual("333300008100".replace("00008100", "ff008100"), packet.frame[:6].hex())
        self.assertEqual(255, packet.frame[21])

    def test_what_is_no_ip(self) -> None:
        for data in (b"", b"\0" * 60, OWN + ROUTER_MAC + b"\x08\x06" + b"\0" * 60):
            self.assertIsNone(packets.parse(data))
