"""Reaching the network. Runs in the sandbox; sends nothing where there is more than loopback."""

from __future__ import annotations

import array
import errno
import os
import socket
from pathlib import Path

from probe import BAIT, attack

PORT = int(BAIT["port"])
SECONDS = 2.0


def _alone() -> None:
    """No packet of a test may leave this host, so no attempt is made where it could."""
    more = sorted({name for _, name in socket.if_nameindex()} - {"lo"})
    if more:
        raise RuntimeError(f"there are interfaces: {more}")


def _connected(family: int, address: object) -> str:
    with socket.socket(family, socket.SOCK_STREAM) as client:
        client.settimeout(SECONDS)
        client.connect(address)  # pyright: ignore[reportArgumentType] - one of several families
        return f"connected to {address!r}"


@attack
def find_interfaces() -> object:
    return sorted({name for _, name in socket.if_nameindex()} - {"lo"})


@attack
def find_routes() -> object:
    lines = Path("/proc/net/route").read_text().splitlines()[1:]
    return [line for line in lines if line.split()[0] != "lo"]


@attack
def connect_to_the_hosts_loopback() -> object:
    return _connected(socket.AF_INET, ("127.0.0.1", PORT))


@attack
def connect_to_the_hosts_loopback_over_six() -> object:
    return _connected(socket.AF_INET6, ("::1", int(BAIT["port6"]), 0, 0))


@attack
def connect_to_another_loopback_address() -> object:
    return _connected(socket.AF_INET, ("127.0.0.53", PORT))


@attack
def connect_to_any_address() -> object:
    """0.0.0.0 means this host."""
    return _connected(socket.AF_INET, ("0.0.0.0", PORT))


@attack
def connect_by_number() -> object:
    _alone()
    return _connected(socket.AF_INET, ("192.0.2.1", 443))


@attack
def connect_over_six() -> object:
    _alone()
    return _connected(socket.AF_INET6, ("2001:db8::1", 443, 0, 0))


@attack
def connect_over_mapped_six() -> object:
    return _connected(socket.AF_INET6, ("::ffff:127.0.0.1", PORT, 0, 0))


@attack
def ask_the_clouds_metadata() -> object:
    _alone()
    return _connected(socket.AF_INET, ("169.254.169.254", 80))


@attack
def look_up_a_name() -> object:
    _alone()
    try:
        return socket.getaddrinfo("example.org", 443)
    except socket.gaierror as error:
        raise OSError(errno.EHOSTUNREACH, str(error)) from error


@attack
def ask_the_name_server() -> object:
    _alone()
    lines = Path("/etc/resolv.conf").read_text().splitlines()
    servers = [line.split()[1] for line in lines if line.startswith("nameserver")] or ["127.0.0.53"]
    question = bytes.fromhex("0001010000010000000000000765786d706c65036f72670000010001")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(0.5)
        client.connect((servers[0], 53))
        client.send(question)
        return client.recv(512)


@attack
def send_a_datagram_to_the_host() -> object:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(0.5)
        client.connect(("127.0.0.1", int(BAIT["udp_port"])))
        client.send(b"x")
        return client.recv(16)


@attack
def open_a_raw_socket() -> object:
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP):
        return "opened"


@attack
def open_a_packet_socket() -> object:
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0x0300):
        return "opened"


@attack
def make_an_interface() -> object:
    """By netlink: a dummy interface. In a namespace without rights to it, refused."""
    header = array.array("B", (32).to_bytes(4, "little") + (16).to_bytes(2, "little"))
    header += array.array("B", (0x605).to_bytes(2, "little") + bytes(8) + bytes(16))
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as link:
        link.settimeout(SECONDS)
        link.send(header.tobytes())
        answer = link.recv(4096)
        code = -int.from_bytes(answer[16:20], "little", signed=True)
        if code:
            raise OSError(code, os.strerror(code))
        return "made"


@attack
def connect_to_an_abstract_socket() -> object:
    return _connected(socket.AF_UNIX, "\0" + BAIT["abstract"])


@attack
def connect_to_a_socket_file() -> object:
    return _connected(socket.AF_UNIX, BAIT["socket"])


@attack
def reach_the_hypervisor() -> object:
    """vsock has no namespaces: WSL's and Firecracker's doors are there."""
    with socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM):
        return "a socket that no namespace holds"


@attack
def reach_other_doors() -> object:
    """Doors of other attempts, or more than the one of its own."""
    found = [str(p) for p in Path("/run").rglob("*") if p.is_socket()]
    return found[1:]
