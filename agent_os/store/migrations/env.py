"""Alembic's entry: migrations run on the connection that `database.upgrade` hands over."""

from __future__ import annotations

from alembic import context

from agent_os.store.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
