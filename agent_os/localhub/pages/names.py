"""Logins by user id, each looked up once for a page."""

from agent_os.localhub import accounts
from agent_os.localhub.errors import Refusal
from agent_os.localhub.hub import Hub


class Names:
    """Only inside a transaction."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._known: dict[int, str] = {}

    def login(self, user_id: int | None) -> str:
        """The login, or "ghost" for nobody."""
        if user_id is None:
            return "ghost"
        if user_id not in self._known:
            try:
                self._known[user_id] = accounts.by_id(self._hub.db, user_id).login
            except Refusal:
                self._known[user_id] = "ghost"
        return self._known[user_id]
