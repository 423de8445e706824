"""Tracked connections are forgotten, by netlink."""

from __future__ import annotations

import socket
import struct
import unittest
from unittest import mock

from kong_ipv6 import conntrack
from kong_ipv6.packets import packed

CLIENT, OLD, NEW = "2001:db8:c::2", "2001:db8:1::8100", "2001:db8:9::8100"
# From a kernel 6: UDP from CLIENT to port 53 of OLD; from port 4000 untranslated, from 4001 to NEW.
DUMP = bytes.fromhex(
    "d40000000001220000000000213000000a0000004c0001802c0001801400030020010db8000c000000000000000000021400040020010db8"
    "0001000000000000000081001c0002800500010011000000060002000fa0000006000300003500004c0002802c0001801400030020010db8"
    "0001000000000000000081001400040020010db8000c000000000000000000021c0002800500010011000000060002000035000006000300"
    "0fa00000080003000000000a080008000000000008000c00036de55908000b0000000001080007000000001dd40000000001220000000000"
    "213000000a0000004c0001802c0001801400030020010db8000c000000000000000000021400040020010db8000100000000000000008100"
    "1c0002800500010011000000060002000fa1000006000300003500004c0002802c0001801400030020010db8000900000000000000008100"
    "1400040020010db8000c000000000000000000021c00028005000100110000000600020000350000060003000fa1000008000300000001a8"
    "080008000000000008000c002740a78308000b0000000002080007000000001d"
)


def of_tcp(state: int) -> bytes:
    """The two connections as TCP ones, in this state of linux/netfilter/nf_conntrack_tcp.h."""
    info = struct.pack("=HHHHHHBxxx", 16, 0x8004, 12, 0x8001, 5, 1, state)
    return b"".join(struct.pack("=I", len(one) + 16) + one[4:] + info for one in (DUMP[:212], DUMP[212:]))


DONE = bytes.fromhex("1400000003000200000000002130000000000000")
DELETE = "02 01 05 00"


class Kernel:
    def __init__(self, *answers: bytes) -> None:
        self.answers, self.sent = list(answers), list[bytes]()
        self.settimeout = self.close = lambda *_: None

    def send(self, message: bytes) -> None:
        self.sent.append(message)

    def recv(self, _: int) -> bytes:
        if not self.answers:
            raise TimeoutError
        return self.answers.pop(0)


class Forget(unittest.TestCase):
    def deleted(self, address: str, answers: str, *dump: bytes, also_open: bool = True) -> list[bytes]:
        kernel = Kernel(*dump, b"acknowledged")
        with mock.patch.object(socket, "socket", lambda *_: kernel):
            conntrack.forget_connections(address, answers, also_open)
        for message in kernel.sent:
            self.assertEqual(len(message), int.from_bytes(message[:4], "little"))
        return kernel.sent[1:]

    def test_only_those_with_these_replies(self) -> None:
        for answers, port in ((OLD, 4000), (NEW, 4001)):
            (message,) = self.deleted(OLD, answers, DUMP, DONE)
            self.assertIn(packed(CLIENT), message)
            self.assertIn(port.to_bytes(2, "big"), message)
            self.assertEqual(bytes.fromhex(DELETE), message[4:8])
            # The tuple and the id: never all connections.
            self.assertEqual({1, 12}, set(conntrack.attributes(message[20:])))

    def test_open_ones_of_tcp_may_stay(self) -> None:
        established, close_wait, time_wait = 3, 5, 7
        for state in (established, close_wait):
            self.assertEqual([], self.deleted(OLD, NEW, of_tcp(state), DONE, also_open=False), state)
            self.assertEqual(1, len(self.deleted(OLD, NEW, of_tcp(state), DONE)), state)
        self.assertEqual(1, len(self.deleted(OLD, NEW, of_tcp(time_wait), DONE, also_open=False)))
        # UDP has no state: the next packet may go to the new address, from the same port.
        self.assertEqual(1, len(self.deleted(OLD, NEW, DUMP, DONE, also_open=False)))

    def test_those_to_others_stay(self) -> None:
        self.assertEqual([], self.deleted(NEW, NEW, DUMP, DONE))
        self.assertEqual([], self.deleted(OLD, CLIENT, DUMP + DONE))
        self.assertEqual([], self.deleted(OLD, OLD, DONE))

    def test_a_kernel_that_does_not_answer(self) -> None:
        with self.assertRaises(OSError):
            self.deleted(OLD, OLD, DUMP)
