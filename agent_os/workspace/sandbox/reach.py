"""What a program may reach through its door, and the way there."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from agent_os.domain.errors import AgentOSError

_CONNECT_SECONDS = 20.0
_HTTPS = 443
#: Where a network of IPv6 alone shows what has an IPv4 address only.
_TRANSLATED = ipaddress.IPv6Network("64:ff9b::/96")

Address = tuple[str, int]


class Refused(AgentOSError):
    """What is asked for is not within reach. The message says why."""

    code = "refused_by_profile"


@dataclass(frozen=True)
class Reach:
    """`named`: as profiles have them; a name there never leads into a private network, unless it
    is that network's own address. `own`: where the owner sends the agent, wherever that is."""

    named: tuple[str, ...] = ()
    own: tuple[str, ...] = ()
    """`HOST:PORT`."""
    resolve: Callable[[str, int], list[Address]] = field(default=lambda h, p: _resolve(h, p))

    @property
    def local(self) -> tuple[str, ...]:
        """`HOST:PORT` of those on this machine's loopback: the sandbox has another one."""
        found = (split_place(place) for place in (*self.own, *self.named))
        local = (f"[{h}]:{p}" if ":" in h else f"{h}:{p}" for h, p in found if _is_loopback(h))
        return tuple(dict.fromkeys(local))

    def __bool__(self) -> bool:
        return bool(self.named or self.own)

    def addresses(self, host: str, port: int) -> list[Address]:
        """Where that is, all of it allowed; Refused, or OSError when it can't be found."""
        host = _plain(host)
        if any((host, port) == split_place(place) for place in self.own):
            return self.resolve(host, port)
        if not any(_matches(rule, host, port) for rule in self.named):
            raise Refused(f"{host}:{port} is not in the `network` of this profile.")
        found = self.resolve(host, port)
        if _literal(host) is None and not _is_loopback(host):
            found = [address for address in found if _is_public(address[0])]
            if not found:
                raise Refused(f"{host} leads into a private network.")
        return found


def connect(addresses: Sequence[Address]) -> socket.socket:
    """To the first that answers; OSError of the last when none does."""
    problem: OSError = OSError("no address")
    for address in addresses:
        try:
            return socket.create_connection(address, timeout=_CONNECT_SECONDS)
        except OSError as error:
            problem = error
    raise problem


def split_place(place: str) -> Address:
    """`HOST`, `HOST:PORT` or `[V6]:PORT` as (host, port); 443 where none is named."""
    host, colon, port = place.rpartition(":")
    if colon and port.isdigit() and (not host.count(":") or host.startswith("[")):
        return _plain(host), int(port)
    return _plain(place), _HTTPS


def _plain(host: str) -> str:
    return host.strip("[]").rstrip(".").lower()


def _matches(rule: str, host: str, port: int) -> bool:
    wanted, its_port = split_place(rule)
    if port != its_port:
        return False
    if wanted.startswith("*."):
        return host.endswith(wanted[1:]) and _literal(host) is None
    return host == wanted


def _resolve(host: str, port: int) -> list[Address]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys((str(item[4][0]), port) for item in found))


def _literal(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None


def _is_public(address: str) -> bool:
    found = _literal(address)
    if isinstance(found, ipaddress.IPv6Address):
        found = _carried(found)
    if found is None or found.is_multicast or found.is_reserved:
        return False
    return found.is_global and not getattr(found, "is_site_local", False)


def _carried(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """The IPv4 address that a network may make of it; else itself."""
    if address in _TRANSLATED:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour or address


def _is_loopback(host: str) -> bool:
    found = _literal(host)
    return host == "localhost" or (found is not None and found.is_loopback)
