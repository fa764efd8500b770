"""What every drawing needs: the hub, and the base URL the client used."""

import base64
from dataclasses import dataclass

from agent_os.localhub.hub import Hub


@dataclass(frozen=True)
class View:
    """`base` is like http://127.0.0.1:8080, without a slash at the end."""

    hub: Hub
    base: str

    @property
    def api(self) -> str:
        """The REST root."""
        return f"{self.base}/api/v3"


def node_id(kind: str, number: int) -> str:
    """The GraphQL id of a row."""
    return base64.b64encode(f"{kind}:{number}".encode()).decode()


def parse_node_id(text: str) -> tuple[str, int] | None:
    """(kind, row id), or None when it is none of ours."""
    try:
        kind, _, number = base64.b64decode(text, validate=True).decode().partition(":")
        return kind, int(number)
    except ValueError:
        return None
