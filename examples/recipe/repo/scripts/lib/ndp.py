"""Neighbor Discovery (RFC 4861) with raw sockets.

ndp.py used UPLINK ADDRESS...          prints the addresses that another machine answers for
ndp.py delivery UPLINK GATEWAY SOURCE  prints how the router delivers to SOURCE
ndp.py proxy UPLINK NAMESPACE ADDRESS  solicits through NAMESPACE's veth, prints whether UPLINK answers
"""

import ctypes
import ipaddress
import os
import select
import socket
import struct
import sys
import time

IPV6 = 0x86DD
SOLICITATION, ADVERTISEMENT, ECHO, ECHO_REPLY = 135, 136, 128, 129


def packed(text):
    return ipaddress.IPv6Address(text).packed


def link_local(interface):
    with open("/proc/net/if_inet6") as file:
        for address, _, _, scope, _, name in map(str.split, file):
            if name == interface and scope == "20":
                return bytes.fromhex(address)
    sys.exit(f"{interface} has no link-local address")


def checksum(source, target, message):
    data = source + target + struct.pack("!II", len(message), 58) + message
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def frame(to, own, source, target, kind, body):
    message = struct.pack("!BBH", kind, 0, 0) + body
    message = message[:2] + struct.pack("!H", checksum(source, target, message)) + message[4:]
    header = struct.pack("!IHBB", 6 << 28, len(message), 58, 255) + source + target
    return to + own + struct.pack("!H", IPV6) + header + message


def solicitation(own, source, target):
    group = packed("ff02::1:ff00:0")[:13] + target[13:]
    body = bytes(4) + target + b"\x01\x01" + own
    return frame(b"\x33\x33" + group[12:], own, source, group, SOLICITATION, body)


def icmp(data):
    """Returns source, target, kind and body of an ICMPv6 frame; None for other frames."""
    if len(data) < 58 or data[12:14] != b"\x86\xdd" or data[20] != 58:
        return None
    return data[22:38], data[38:54], data[54], data[58:]


class Link:
    def __init__(self, interface):
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0003))
        self.socket.bind((interface, 0x0003))
        self.mac = self.socket.getsockname()[4]

    def send(self, data):
        self.socket.send(data)

    def wait(self, seconds, outgoing=False):
        """Yields the ICMPv6 frames that arrive (or leave) within the given seconds."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if not select.select([self.socket], [], [], left)[0]:
                return
            data, sender = self.socket.recvfrom(2048)
            if (sender[2] == socket.PACKET_OUTGOING) != outgoing:
                continue
            message = icmp(data)
            if message:
                yield data, *message


def used(uplink, *addresses):
    link, source = Link(uplink), link_local(uplink)
    targets, taken = {packed(address): address for address in addresses}, []
    for _ in range(2):
        for target in targets:
            link.send(solicitation(link.mac, source, target))
        for _, _, _, kind, body in link.wait(0.25):
            address = targets.get(body[4:20]) if kind == ADVERTISEMENT else None
            if address and address not in taken:
                taken.append(address)
    print(*taken, sep="\n", end="\n" if taken else "")


def delivery(uplink, gateway, source):
    """Pings the router from an address that this server does not have yet. Prints:

    no-gateway  the router does not answer a solicitation
    on-link     it solicits the address: it looks for the address on the link
    routed      it sends the echo reply straight away
    elsewhere   it answers only pings from the link-local address
    unknown     it answers no ping at all
    """
    link, local = Link(uplink), link_local(uplink)
    own, router, address = link.mac, packed(gateway), packed(source)
    to = None
    for _ in range(8):
        link.send(solicitation(own, local, router))
        for data, _, _, kind, body in link.wait(0.5):
            if kind == ADVERTISEMENT and body[4:20] == router:
                to = data[6:12]
                break
        if to:
            break
    if not to:
        return print("no-gateway")
    ping = struct.pack("!HH", os.getpid() & 0xFFFF, 1) + b"kong-ipv6"[:8]
    answers = False
    # A router that just got no answer waits before it solicits again (RFC 4861 7.2.2).
    # So try for some seconds: a wrong "elsewhere" would refuse a good server.
    for _ in range(8):
        link.send(frame(to, own, local, router, ECHO, ping))
        link.send(frame(to, own, address, router, ECHO, ping))
        for _, _, target, kind, body in link.wait(0.7):
            if kind == SOLICITATION and body[4:20] == address:
                return print("on-link")
            if kind == ECHO_REPLY and target == address:
                return print("routed")
            if kind == ECHO_REPLY and target == local:
                answers = True
    print("elsewhere" if answers else "unknown")


def enter(namespace):
    """Enters a network namespace (setns(2)). Open sockets stay in the old one."""
    with open(f"/run/netns/{namespace}") as file:
        if ctypes.CDLL(None, use_errno=True).setns(file.fileno(), 0x40000000):
            sys.exit(f"setns: {os.strerror(ctypes.get_errno())}")


def proxy(uplink, namespace, address):
    """Sends solicitations from a simulated neighbor, and answers for that neighbor.

    ndppd sends its answers through the kernel, which has to find the neighbor first.
    """
    listen = Link(uplink)
    enter(namespace)
    link = Link("peer")
    own, target, source = link.mac, packed(address), packed("fe80::")[:10] + link.mac
    for _ in range(3):
        link.send(solicitation(own, source, target))
        for _, asking, _, kind, body in listen.wait(1, outgoing=True):
            if kind == SOLICITATION and body[4:20] == source:
                answer = b"\x60\x00\x00\x00" + source + b"\x02\x01" + own
                link.send(frame(listen.mac, own, source, asking, ADVERTISEMENT, answer))
            if kind == ADVERTISEMENT and body[4:20] == target:
                return print("yes")
    print("no")


{"used": used, "delivery": delivery, "proxy": proxy}[sys.argv[1]](*sys.argv[2:])
