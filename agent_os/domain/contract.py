"""The base of all data that is stored or handed on."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Contract(BaseModel):
    """Strict and immutable: an unknown field means that the two sides disagree."""

    model_config = ConfigDict(extra="forbid", frozen=True)
