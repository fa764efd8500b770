"""Whoever acts: users, bots and organizations."""

from dataclasses import dataclass

from agent_os.localhub import accounts
from agent_os.localhub.calls import Call
from agent_os.localhub.render.view import node_id


@dataclass(frozen=True)
class Actor:
    """What all of them have. A bot's login is without the suffix that REST shows."""

    call: Call
    row: accounts.User

    def id(self) -> str:
        return node_id(self.row.type, self.row.id)

    def database_id(self) -> int:
        return self.row.id

    def login(self) -> str:
        return self.row.login

    def url(self) -> str:
        return f"{self.call.base}/{self.login()}"


class User(Actor):
    """A person."""


class Organization(Actor):
    """An owner of repositories."""


class Bot(Actor):
    """An app's account."""

    def login(self) -> str:
        return self.row.login.removesuffix(accounts.BOT_SUFFIX)

    def url(self) -> str:
        return f"{self.call.base}/apps/{self.login()}"


_KINDS: dict[str, type[Actor]] = {"User": User, "Organization": Organization, "Bot": Bot}


def actor(call: Call, user_id: int | None) -> Actor | None:
    """The account with this id; None for none."""
    return None if user_id is None else of_row(call, accounts.by_id(call.hub.db, user_id))


def of_row(call: Call, row: accounts.User) -> Actor:
    """The account as what it is."""
    return _KINDS[row.type](call, row)
