"""Compose: what it reads, what it makes, and the process of Kong that then runs."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from kong_ipv6 import packets
from kong_ipv6.system import Ran

if TYPE_CHECKING:
    from .server import Server


def config(server: Server, hashes: bool) -> Any:
    if server.compose_error:
        return Ran(15, "", server.compose_error)
    labels = [one["Labels"] for one in server.docker.recording["containers"]]
    made = {one["com.docker.compose.service"]: one["com.docker.compose.config-hash"] for one in labels}
    made = {service: digest for service, digest in made.items() if service in server.services}
    if hashes:
        return "".join(
            f"{service} {server.hashes.get(service, digest)}\n" for service, digest in {**made, **server.hashes}.items()
        )
    image = "    image: kong-ipv6:local\n"
    kong_ = f"    build:\n      context: .\n{image}"
    rest = f"  kong-migration:\n{kong_}  kong-database:\n    image: postgres:17\n" if len(server.services) > 1 else ""
    return f"name: kong-ipv6\nservices:\n  kong:\n{kong_}{rest}networks:\n"


def up(server: Server, words: list[str]) -> None:
    for service in server.services:
        there = server.docker.service(service)
        if there and "--force-recreate" in words:
            del server.docker.containers_by_id[there["Id"]]
        label = there and there["Labels"]["com.docker.compose.config-hash"]
        # Compose also recreates the containers of an image that was replaced.
        edited = label and server.hashes.get(service, label) != label
        if there and (edited or there["_image"] != server.docker.image_of(service)):
            server.docker.recreate_service(service)
        if server.docker.service(service) is None:
            server.docker.create_service(service)
        named = [word for word in words if not word.startswith("-")]
        if "--detach" in words and service in named:
            server.docker.start(server.docker.service(service)["Id"])  # type: ignore[index]


def kong_process(server: Server) -> None:
    """/proc of Kong's process, in the byte order of this machine (proc_net_tcp(5))."""

    def hexadecimal(address: str) -> str:
        raw = packets.packed(address)
        return "".join(f"{int.from_bytes(raw[at : at + 4], sys.byteorder):08X}" for at in range(0, len(raw), 4))

    for name, six in (("tcp", False), ("tcp6", True)):
        lines = [f"   0: {hexadecimal(one)}:{port:04X} 0:0 0A 0" for one, port in server.listens if (":" in one) == six]
        server.write(f"/proc/2768/net/{name}", "\n".join(["  sl  local_address rem_address   st", *lines, ""]))
    gateway = packets.packed(server.kong_gateway).hex() if server.kong_gateway else "0" * 32
    server.write(
        "/proc/2768/net/ipv6_route",
        f"{'0' * 32} 00 {'0' * 32} 00 {gateway} 00000400 00000001 00000000 00450003     eth0\n",
    )
