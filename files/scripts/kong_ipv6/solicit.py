"""Asks the link, and tests from outside: packets from a temporary namespace that come in by the uplink."""

import ctypes
import os
import re
import socket
import struct
from collections.abc import Generator
from contextlib import closing, contextmanager
from typing import Optional

from . import packets
from .packets import RawLink, packed
from .system import System

# Nobody has these: TEST-NET-1 (RFC 5737), the discard prefix (RFC 6666).
NOBODY = {4: "192.0.2.77", 6: "100::77"}
SOLICITOR = "fe80::26b:6f6e:6736"
SOLICITOR_MAC, TUNNEL_MAC = "02:6b:6f:6e:67:36", "02:6b:6f:6e:67:37"
CLONE_NEWNET = 0x40000000


def used(uplink: str, source: str, addresses: list[str]) -> list[str]:
    """Those that another machine answers Neighbor Solicitations for."""
    targets, found = {packed(address): address for address in addresses}, list[str]()
    with closing(RawLink(uplink)) as link:
        for _ in range(2):
            for target in targets:
                link.send(packets.solicitation(link.mac, packed(source), target))
            answers = map(packets.advertisement_target, link.wait(0.25))
            found += [targets[one] for one in answers if one in targets]
    return list(dict.fromkeys(found))


def router_mac(link: RawLink, router: bytes, sources: list[bytes]) -> Optional[bytes]:
    """Some routers answer link-local sources only, some global ones only: each is tried."""
    for attempt in range(8):
        link.send(packets.solicitation(link.mac, sources[attempt % len(sources)], router))
        for packet in link.wait(0.5):
            if packets.advertisement_target(packet) == router:
                return packet.frame[6:12]
    return None


def delivery(uplink: str, gateway: str, address: str, own: list[str], known: str = "") -> str:
    """How the router delivers to an address that this server doesn't have (yet): it is pinged from there.

    own: this server's addresses, the link-local one first. known: the router's MAC, where the kernel reaches it.
    A router that looks for the address on the link solicits it: on-link. One that routes it here sends the reply
    straight away: routed. One that answers pings from our own addresses only delivers it elsewhere. no-gateway: it
    answers no solicitation. unknown: silence says nothing.
    """
    router, foreign, sources = packed(gateway), packed(address), [packed(one) for one in own]
    ping, answers = struct.pack("!HH", os.getpid() & 0xFFFF, 1) + b"kong-ipv", False
    with closing(RawLink(uplink)) as link:
        to = bytes.fromhex(known.replace(":", "")) if known else router_mac(link, router, sources)
        if not to:
            return "no-gateway"
        # A router that has just asked in vain asks again only after a while (RFC 4861 7.2.2): a wrong "elsewhere" would
        # refuse a good server.
        for _ in range(8):
            for source in (*sources, foreign):
                link.send(packets.icmp(to, link.mac, source, router, packets.ECHO, ping))
            for packet in link.wait(0.7):
                reply = packet.protocol == packets.ICMPV6 and packet.payload[0] == packets.ECHO_REPLY
                if packets.solicited(packet) == foreign or (reply and packet.target == foreign):
                    return "routed" if reply else "on-link"
                answers = answers or (reply and packet.target in sources)
    return "elsewhere" if answers else "unknown"


@contextmanager
def namespace(path: str) -> Generator[None, None, None]:
    """Sockets that are made inside stay in that network namespace (setns(2))."""
    setns = ctypes.CDLL(None, use_errno=True).setns
    with open("/proc/self/ns/net") as here, open(path) as there:
        if setns(there.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), f"setns: {os.strerror(ctypes.get_errno())}")
        try:
            yield
        finally:
            if setns(here.fileno(), CLONE_NEWNET):
                # To go on in a container's namespace would be worse than to stop.
                os._exit(1)


class Outside:
    """What comes in from a router, without one: frames made in a namespace of their own are handed to the uplink.

    A filter on the veth's end redirects them to the uplink's ingress. The uplink itself isn't changed. A macvlan
    doesn't reach its parent; and the kernel's proxy answers only what comes in, not what is sent out.
    """

    def __init__(self, system: System, uplink: str, version: int = 6) -> None:
        self.system, self.uplink = system, uplink
        self.name, self.end = f"kong-ipv6-{version}-{os.getpid()}", f"kp{version}{os.getpid()}"
        self.problem = ""

    def open(self) -> "Outside":
        """Opens the namespace. If that is impossible here, problem says why."""
        mac = self.system.text(f"/sys/class/net/{self.uplink}/address")
        # A tunnel has none. What isn't sent to the veth's own address would not count as this server's.
        mac = mac if re.fullmatch("(..:){5}..", mac) else TUNNEL_MAC
        self.mac = bytes.fromhex(mac.replace(":", ""))
        veth = f"ip link add {self.end} address {mac} type veth peer name peer netns {self.name}"
        self._remove_leftovers()
        redirect = "ingress protocol all u32 match u32 0 0 action mirred ingress redirect dev"
        try:
            for line in (
                f"ip netns add {self.name}",
                f"{veth} address {SOLICITOR_MAC}",
                f"sysctl -qw net.ipv6.conf.{self.end}.disable_ipv6=1",
                f"ip -n {self.name} link set peer addrgenmode none up",
                f"ip link set {self.end} up",
                f"tc qdisc add dev {self.end} clsact",
                f"tc filter add dev {self.end} {redirect} {self.uplink}",
            ):
                ran = self.system.run(*line.split())
                if ran.code != 0:
                    self.problem = (ran.err or ran.out).strip().split("\n")[-1] or line
                    return self
            with namespace(f"/run/netns/{self.name}"):
                self.inward = RawLink("peer")
            self.outward = RawLink(self.uplink)
        except OSError as error:
            self.problem = str(error)
        except BaseException:
            self.close()
            raise
        return self

    def _remove_leftovers(self) -> None:
        """Namespaces of runs that were killed."""
        for path in self.system.on("/run/netns").glob("kong-ipv6-*"):
            if not self.system.exists(f"/proc/{path.name.rsplit('-', 1)[1]}"):
                self.system.run("ip", "netns", "del", path.name)

    def close(self) -> None:
        """The veth goes with its namespace."""
        self.system.run("ip", "netns", "del", self.name)
        self.system.run("ip", "-6", "neigh", "del", SOLICITOR, "dev", self.uplink)

    def answers_for(self, address: str) -> bool:
        """Whether a Neighbor Solicitation for the address is answered. ndppd leaves the sending to the kernel, which has
        to find the solicitor first: it is answered for."""
        own, target, source = self.inward.mac, packed(address), packed(SOLICITOR)
        for _ in range(3):
            self.inward.send(packets.solicitation(own, source, target))
            for packet in self.outward.wait(1, outgoing=True):
                if packets.solicited(packet) == source:
                    answer = b"\x60\x00\x00\x00" + source + b"\x02\x01" + own
                    self.inward.send(packets.icmp(self.mac, own, source, packet.source, packets.ADVERTISEMENT, answer))
                if packets.advertisement_target(packet) == target:
                    return True
        return False

    def connects(self, address: str, port: int) -> bool:
        """Whether a TCP connection from outside would be accepted: its first packet gets an answer."""
        target = packed(address)
        source, own, to = packed(NOBODY[4 if len(target) == 4 else 6]), self.inward.mac, self.mac
        sequence = int.from_bytes(os.urandom(3), "big")
        ports = (32768 + int.from_bytes(os.urandom(2), "big") // 4, port)
        for _ in range(3):
            first = packets.segment(source, target, ports, sequence, packets.SYN)
            self.inward.send(packets.frame(to, own, source, target, packets.TCP, first))
            for packet in self.outward.wait(0.7, outgoing=True):
                here = (packet.source, packet.target, packet.protocol) == (target, source, packets.TCP)
                if here and packet.payload[:4] == struct.pack("!HH", port, ports[0]):
                    if packet.payload[13] & packets.SYN_ACK != packets.SYN_ACK:
                        return False
                    last = packets.segment(source, target, ports, sequence + 1, packets.RST)
                    self.inward.send(packets.frame(to, own, source, target, packets.TCP, last))
                    return True
        return False

    def leaves(self, process: int, version: int) -> str:
        """The source address of what a process's namespace sends out by the uplink; empty where nothing comes out."""
        family = socket.AF_INET if version == 4 else socket.AF_INET6
        with namespace(f"/proc/{process}/ns/net"):
            sender = socket.socket(family, socket.SOCK_DGRAM)
        with sender:
            for _ in range(3):
                try:
                    sender.sendto(b"kong-ipv6", (NOBODY[version], 9))
                except OSError:
                    return ""
                for packet in self.outward.wait(0.5, outgoing=True):
                    if packet.target == packed(NOBODY[version]) and packet.protocol == packets.UDP:
                        return socket.inet_ntop(family, packet.source)
        return ""


def reaches(process: int, address: str, port: int) -> bool:
    """Whether a TCP connection from a process's namespace is accepted."""
    with namespace(f"/proc/{process}/ns/net"):
        connection = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
    connection.settimeout(2)
    with connection:
        return connection.connect_ex((address, port)) == 0
