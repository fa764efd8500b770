"""How the accounts at model vendors are, as last seen."""

from __future__ import annotations

import sqlalchemy as sa

from agent_os.domain.events import Event
from agent_os.domain.health import Health
from agent_os.store import schema
from agent_os.store.database import Store

_p = schema.providers.c
_LISTED = sa.select(schema.providers)


def listed(tx: sa.Connection) -> dict[str, Health]:
    """By name: a provider, or a model of it as `provider/model`."""
    return {row.name: Health.model_validate_json(row.data) for row in tx.execute(_LISTED)}


def project(store: Store, tx: sa.Connection, event: Event) -> None:
    """The newest word on a provider replaces the older one."""
    health = Health.model_validate(event.data)
    values = {"data": health.model_dump_json(), "installation": store.installation}
    update = schema.providers.update().where(_p.name == health.name)
    if tx.execute(update.values(values)).rowcount == 0:
        tx.execute(schema.providers.insert().values({**values, "name": health.name}))
