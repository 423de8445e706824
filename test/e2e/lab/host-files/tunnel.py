"""One end of a tunnel: IP packets of a tun interface in UDP. tunnel.py INTERFACE PEER"""

import fcntl
import os
import select
import socket
import struct
import sys

TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
PORT = 5555

name, peer = sys.argv[1:]
tun = os.open("/dev/net/tun", os.O_RDWR)
fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH", name.encode(), IFF_TUN | IFF_NO_PI))
wire = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
wire.bind(("0.0.0.0", PORT))
while True:
    ready = select.select([tun, wire], [], [], 5)[0]
    try:
        if tun in ready:
            wire.sendto(os.read(tun, 2000), (peer, PORT))
        if wire in ready:
            packet = wire.recv(2000)
            if packet:
                os.write(tun, packet)
        if not ready:
            # A firewall lets answers in: it must not forget that this end has asked.
            wire.sendto(b"", (peer, PORT))
    except OSError:
        pass  # No route yet, or the interface is down.
