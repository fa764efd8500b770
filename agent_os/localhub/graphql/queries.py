"""Where every query begins."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from agent_os.localhub import repositories
from agent_os.localhub.calls import Call
from agent_os.localhub.errors import Refusal
from agent_os.localhub.graphql import actors, nodes
from agent_os.localhub.graphql.failures import Failure, not_found
from agent_os.localhub.graphql.repositories import Repository


@dataclass(frozen=True)
class RateLimit:
    """The user's hour, this query counted."""

    cost: int
    limit: int
    remaining: int
    reset_at: str
    used: int


@dataclass(frozen=True)
class Query:
    """The root."""

    call: Call

    def viewer(self) -> actors.Actor:
        # A bot too: the field's type in the schema is User.
        return actors.User(self.call, self.call.user)

    def rate_limit(self, dry_run: bool | None = None) -> RateLimit:
        window = self.call.hub.rates.window(self.call.user.login, self.call.hub.clock.epoch())
        reset = datetime.fromtimestamp(window.reset, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        cost = 0 if dry_run else 1
        used = min(window.used + cost, window.limit)
        return RateLimit(cost, window.limit, window.limit - used, reset, used)

    def repository(self, owner: str, name: str, follow_renames: bool | None = True) -> Repository:
        find = repositories.follow if follow_renames else repositories.get
        try:
            return Repository(self.call, find(self.call.hub, owner, name))
        except (Refusal, repositories.Moved) as error:
            raise not_found(f"a Repository with the name '{owner}/{name}'.") from error

    def node(self, id: str) -> Any:
        return nodes.find(self.call, id)

    def nodes(self, ids: list[str]) -> list[Any]:
        return [self._found(node) for node in ids]

    def _found(self, node: str) -> Any:
        """What is not there fails for itself and leaves the others."""
        try:
            return nodes.find(self.call, node)
        except Failure as failure:
            return failure
