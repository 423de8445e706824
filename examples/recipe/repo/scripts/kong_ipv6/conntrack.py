"""Connections that the kernel tracks, by netlink (linux/netfilter/nfnetlink_conntrack.h): few servers have `conntrack`."""

import socket
import struct
from collections.abc import Iterator
from contextlib import closing

from .packets import packed

NETFILTER = 12
GET, DELETE = 0x101, 0x102
REQUEST, ACK, DUMP = 1, 4, 0x300
ERROR, DONE = 2, 3
ORIGINAL, REPLY, ADDRESSES, SOURCE, DESTINATION, PROTOCOL_INFO, ID, ZONE = 1, 2, 1, 3, 4, 4, 12, 18
TCP, STATE, LAST_ACK = 1, 1, 6
# What tells a connection from all others.
NAMES = (ORIGINAL, ID, ZONE)
IPV6 = struct.pack("=BBH", socket.AF_INET6, 0, 0)


def forget_connections(address: str, answers: str, also_open: bool = True) -> None:
    """Forgets the connections to an address whose replies come from `answers` (the same address if nothing was
    translated). The kernel applies NAT rules to the first packet of a connection only: the next packet is a first one
    again. also_open: also TCP connections that are not closed. Raises OSError."""
    with closing(socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETFILTER)) as kernel:
        kernel.settimeout(5)
        wanted = (packed(address), packed(answers))
        found = (entry for entry in _connections(kernel) if also_open or not _is_open(entry))
        # All are read before the first is deleted.
        for entry in [entry for entry in found if _ends(entry) == wanted]:
            kernel.send(_message(DELETE, REQUEST | ACK, b"".join(entry[key] for key in NAMES if key in entry)))
            kernel.recv(65536)


def _message(kind: int, flags: int, attributes: bytes = b"") -> bytes:
    return struct.pack("=IHHII", 20 + len(attributes), kind, flags, 0, 0) + IPV6 + attributes


def _connections(kernel: socket.socket) -> Iterator[dict[int, bytes]]:
    kernel.send(_message(GET, REQUEST | DUMP))
    while True:
        data = kernel.recv(1 << 20)
        while data:
            length, kind = struct.unpack_from("=IH", data)
            if kind in (DONE, ERROR):
                return
            yield attributes(data[20:length])
            data = data[(length + 3) & ~3 :]


def attributes(data: bytes) -> dict[int, bytes]:
    """By type; each with its header."""
    found = dict[int, bytes]()
    while len(data) >= 4:
        length, kind = struct.unpack_from("=HH", data)
        padded = max(4, (length + 3) & ~3)
        found[kind & 0x3FFF] = data[:padded]
        data = data[padded:]
    return found


def _ends(entry: dict[int, bytes]) -> tuple[bytes, bytes]:
    return _address(entry, ORIGINAL, DESTINATION), _address(entry, REPLY, SOURCE)


def _address(entry: dict[int, bytes], direction: int, end: int) -> bytes:
    addresses = attributes(entry.get(direction, b"")[4:]).get(ADDRESSES, b"")
    return attributes(addresses[4:]).get(end, b"")[4:]


def _is_open(entry: dict[int, bytes]) -> bool:
    """Whether it is a TCP connection that is not closed; UDP has no state."""
    tcp = attributes(entry.get(PROTOCOL_INFO, b"")[4:]).get(TCP, b"")
    state = attributes(tcp[4:]).get(STATE, b"")[4:5]
    return state != b"" and state[0] < LAST_ACK
