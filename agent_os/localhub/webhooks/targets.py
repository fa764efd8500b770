"""Where deliveries may go: to this machine only."""

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from agent_os.localhub.errors import Refusal

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Target:
    """`host` is a loopback address, never a name."""

    host: str
    port: int
    path: str


def target(url: str) -> Target:
    """Where to send; 422 for what is not plain HTTP to this machine."""
    try:
        parts = urlsplit(url)
        port = parts.port or 80
    except ValueError as error:
        raise _refused(url) from error
    host = parts.hostname or ""
    # A name is never looked up: it could lead off this machine.
    address = LOOPBACK if host == "localhost" else host
    if parts.scheme != "http" or not _is_loopback(address) or not url.isascii():
        raise _refused(url)
    if any(character.isspace() or not character.isprintable() for character in url):
        raise _refused(url)
    path = parts.path or "/"
    return Target(address, port, f"{path}?{parts.query}" if parts.query else path)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _refused(url: str) -> Refusal:
    message = f"url is not supported: this hub sends to http://127.0.0.1 only, not to {url!r}"
    entry = {"resource": "Hook", "code": "custom", "message": message}
    return Refusal(422, "Validation Failed", [entry])
