"""Between Docker's clients and its socket.

docker-proxy.py version X    says that the engine's version is X
docker-proxy.py kill REGEX   kills the process that /root/pid names as soon as Docker has answered a request
                             whose first line matches; then it ends
"""

import os
import re
import signal
import socket
import sys
import threading

SOCKET, REAL = "/run/docker.sock", "/run/docker-real.sock"
MODE, WHAT = sys.argv[1:]


def version(data: bytes) -> bytes:
    """As long as before: blanks after a value are JSON too."""

    def other(found: re.Match) -> bytes:
        return (found[1] + WHAT.encode() + b'"').ljust(len(found[0]))

    return re.sub(rb'("(?:Server)?Version":")2\d\.[^"]*"', other, data)


def kill() -> None:
    os.rename(REAL, SOCKET)
    os.kill(int(open("/root/pid").read()), signal.SIGKILL)
    os._exit(0)


def relay(source: socket.socket, target: socket.socket, armed: threading.Event, requests: bool) -> None:
    while data := source.recv(1 << 20):
        if MODE == "kill" and requests and re.search(WHAT, data.split(b"\r\n")[0].decode(errors="replace")):
            armed.set()
        elif MODE == "kill" and not requests and armed.is_set():
            kill()
        target.sendall(version(data) if MODE == "version" and not requests else data)
    target.shutdown(socket.SHUT_WR)


def serve(client: socket.socket) -> None:
    real, armed = socket.socket(socket.AF_UNIX), threading.Event()
    real.connect(REAL)
    threads = [
        threading.Thread(target=relay, args=(client, real, armed, True)),
        threading.Thread(target=relay, args=(real, client, armed, False)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    client.close()
    real.close()


os.rename(SOCKET, REAL)
listener = socket.socket(socket.AF_UNIX)
listener.bind(SOCKET)
listener.listen(50)
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
