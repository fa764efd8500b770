"""The hostile texts, as data, and where each one goes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

_TEXTS = Path(__file__).parent / "texts"


@dataclass(frozen=True)
class Hostile:
    """`hidden`: no agent may see it."""

    id: str
    where: str
    text: str
    path: str = ""
    hidden: bool = False

    def filled(self, **names: str) -> str:
        """With the names of this run in place of `@NAME@`."""
        text = self.text
        for name, value in names.items():
            text = text.replace(f"@{name}@", value)
        return text


def hostile(*wheres: str) -> list[Hostile]:
    """All texts, or those that go to these places."""
    found: list[Hostile] = []
    for path in sorted(_TEXTS.glob("*.yaml")):
        entries: list[dict[str, Any]] = yaml.safe_load(path.read_text("utf-8"))
        found += [Hostile(**entry) for entry in entries]
    return [one for one in found if not wheres or one.where in wheres]
