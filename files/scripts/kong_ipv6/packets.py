"""Ethernet frames by hand: Neighbor Discovery (RFC 4861), TCP's first packet, and reading what comes back."""

import ipaddress
import select
import socket
import struct
import time
from collections.abc import Iterator
from typing import NamedTuple, Optional

IPV4, IPV6 = 0x0800, 0x86DD
TCP, UDP, ICMPV6 = 6, 17, 58
SOLICITATION, ADVERTISEMENT, ECHO, ECHO_REPLY = 135, 136, 128, 129
# ARPHRD_ETHER of linux/if_arp.h.
ETHERNET = 1
SYN, RST, SYN_ACK = 0x02, 0x04, 0x12


class Packet(NamedTuple):
    """What is in a frame; the addresses are packed."""

    frame: bytes
    source: bytes
    target: bytes
    protocol: int
    payload: bytes


def packed(text: str) -> bytes:
    return ipaddress.ip_address(text).packed


def checksum(data: bytes) -> int:
    """RFC 1071."""
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def checked(source: bytes, target: bytes, protocol: int, payload: bytes, at: int) -> bytes:
    """The payload with its checksum, which covers the addresses, at this offset."""
    if len(source) == 16:
        pseudo = source + target + struct.pack("!II", len(payload), protocol)
    else:
        pseudo = source + target + struct.pack("!HH", protocol, len(payload))
    return payload[:at] + struct.pack("!H", checksum(pseudo + payload)) + payload[at + 2 :]


def frame(to: bytes, own: bytes, source: bytes, target: bytes, protocol: int, payload: bytes) -> bytes:
    if len(source) == 16:
        header = struct.pack("!IHBB", 6 << 28, len(payload), protocol, 255) + source + target
        return to + own + struct.pack("!H", IPV6) + header + payload
    header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), 0, 0x4000, 64, protocol, 0) + source + target
    header = header[:10] + struct.pack("!H", checksum(header)) + header[12:]
    return to + own + struct.pack("!H", IPV4) + header + payload


def icmp(to: bytes, own: bytes, source: bytes, target: bytes, kind: int, body: bytes) -> bytes:
    message = checked(source, target, ICMPV6, struct.pack("!BBH", kind, 0, 0) + body, 2)
    return frame(to, own, source, target, ICMPV6, message)


def solicitation(own: bytes, source: bytes, target: bytes) -> bytes:
    group = packed("ff02::1:ff00:0")[:13] + target[13:]
    return icmp(b"\x33\x33" + group[12:], own, source, group, SOLICITATION, bytes(4) + target + b"\x01\x01" + own)


def segment(source: bytes, target: bytes, ports: tuple[int, int], sequence: int, flags: int) -> bytes:
    """A TCP segment without data."""
    empty = struct.pack("!HHIIBBHHH", *ports, sequence, 0, 5 << 4, flags, 64240, 0, 0)
    return checked(source, target, TCP, empty, 16)


def parse(data: bytes) -> Optional[Packet]:
    """None where it is neither IPv6 nor IPv4."""
    kind = data[12:14]
    if kind == b"\x86\xdd" and len(data) > 54:
        return Packet(data, data[22:38], data[38:54], data[20], data[54:])
    if kind == b"\x08\x00" and len(data) > 34:
        return Packet(data, data[26:30], data[30:34], data[23], data[14 + 4 * (data[14] & 15) :])
    return None


def advertisement_target(packet: Packet) -> bytes:
    """The target of a Neighbor Advertisement; else empty."""
    return packet.payload[8:24] if packet.protocol == ICMPV6 and packet.payload[0] == ADVERTISEMENT else b""


def solicited(packet: Packet) -> bytes:
    """The target of a Neighbor Solicitation; else empty."""
    return packet.payload[8:24] if packet.protocol == ICMPV6 and packet.payload[0] == SOLICITATION else b""


class RawLink:
    """A raw socket on one interface."""

    def __init__(self, interface: str) -> None:
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0003))
        self.socket.bind((interface, 0x0003))
        self.mac: bytes = self.socket.getsockname()[4]
        self.ethernet = self.socket.getsockname()[3] == ETHERNET

    def send(self, data: bytes) -> None:
        self.socket.send(data)

    def wait(self, seconds: float, outgoing: bool = False) -> Iterator[Packet]:
        """The packets that come in (or go out) within so many seconds."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if not select.select([self.socket], [], [], left)[0]:
                return
            data, sender = self.socket.recvfrom(2048)
            # A tunnel's packets have no Ethernet header.
            packet = parse(data if self.ethernet else bytes(12) + struct.pack("!H", sender[1]) + data)
            if packet and (sender[2] == socket.PACKET_OUTGOING) == outgoing:
                yield packet

    def close(self) -> None:
        self.socket.close()
