"""The base of all data that is stored or handed on."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict


def storable(text: str) -> str:
    """Half of a surrogate pair is JSON, but no text that could be stored or sent."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


#: What comes from models and programs.
Text = Annotated[str, AfterValidator(storable)]


class Contract(BaseModel):
    """Strict and immutable: an unknown field means that the two sides disagree."""

    model_config = ConfigDict(extra="forbid", frozen=True)
