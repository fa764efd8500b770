"""What was last seen of each managed repository. Not derived: it is an observation."""

from __future__ import annotations

import functools
from datetime import datetime

import sqlalchemy as sa
from pydantic import Field

from agent_os.domain.contract import Contract
from agent_os.store import schema
from agent_os.store.database import Store

_r = schema.repositories.c
# Made once: to put a statement together takes longer than SQLite needs to run it.
_ONE = sa.select(_r.data).where(_r.repo_id == sa.bindparam("of_repo"))
_LISTED = sa.select(_r.data).order_by(_r.name)


class Repository(Contract):
    repo_id: int
    name: str
    clone_url: str
    default_branch: str
    empty: bool = False
    frozen: str = ""
    """Why nothing is done there (archived, gone, not in the config); empty: it is well."""
    owned: bool = False
    """It is known to be ours to work on."""
    owned_elsewhere: str = ""
    """Which other installation works on it; empty: none that we know of."""
    base_head: str = ""
    """The newest commit of the default branch, as last seen."""
    vendors: tuple[str, ...] | None = None
    """Whose models may see its code, by its own file on that commit; None: it does not say."""
    watermark: datetime | None = None
    """Everything updated on GitHub before this time has been looked at."""
    looked: dict[int, datetime] = Field(default_factory=dict[int, datetime])
    """Issues newer than the watermark's overlap, with the update that was looked at."""
    resynced_at: datetime | None = None
    not_before: datetime | None = None
    """No work there before this time (backoff after an error)."""
    errors: int = 0
    last_error: str = ""
    seen_at: datetime

    @property
    def address(self) -> str:
        """Of its pages, for people."""
        return self.clone_url.removesuffix(".git")


def put(store: Store, tx: sa.Connection, repository: Repository) -> None:
    values = {"name": repository.name, "data": repository.model_dump_json()}
    update = schema.repositories.update().where(_r.repo_id == repository.repo_id)
    if tx.execute(update.values(values)).rowcount == 0:
        values |= {"repo_id": repository.repo_id, "installation": store.installation}
        tx.execute(schema.repositories.insert().values(values))


def look_again(store: Store, tx: sa.Connection, repo_id: int) -> None:
    """Something is not as we know it: the next look asks for the repository and all its issues."""
    if found := get(tx, repo_id):
        put(store, tx, found.model_copy(update={"resynced_at": None}))


def taken_away(store: Store, tx: sa.Connection, repo_id: int, by: str) -> None:
    """Another installation works on it; with `by` empty: it no longer does, and nor do we yet."""
    if found := get(tx, repo_id):
        update = {"owned": False, "owned_elsewhere": by}
        put(store, tx, found.model_copy(update=update))


def taken(store: Store, tx: sa.Connection, repo_id: int) -> None:
    """It is ours to work on."""
    if found := get(tx, repo_id):
        update = {"owned": True, "owned_elsewhere": ""}
        put(store, tx, found.model_copy(update=update))


def get(tx: sa.Connection, repo_id: int) -> Repository | None:
    row = tx.execute(_ONE, {"of_repo": repo_id}).first()
    return _parsed(row.data) if row else None


def named(tx: sa.Connection, name: str) -> Repository | None:
    return next((r for r in listed(tx) if r.name.lower() == name.lower()), None)


def listed(tx: sa.Connection) -> list[Repository]:
    return [_parsed(r.data) for r in tx.execute(_LISTED)]


@functools.lru_cache(maxsize=64)
def _parsed(data: str) -> Repository:
    """It can't be changed, and the same ones are read in each turn of each job."""
    return Repository.model_validate_json(data)
