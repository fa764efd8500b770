"""Patterns of paths in a repository as owners write them; refused where they match nothing."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

_ELSEWHERE = ("/", "./", "../", "~")


def _checked(pattern: str) -> str:
    parts = pattern.split("/")
    if not pattern.strip() or pattern.startswith(_ELSEWHERE) or {".", ".."} & set(parts):
        raise ValueError(f"`{pattern}`: a path pattern is relative to the repository: `deploy/**`")
    if pattern.endswith("/"):
        raise ValueError(f"`{pattern}`: write `{pattern}**` for all that is in a folder")
    if set(pattern) & set("\\[]{}!"):
        raise ValueError(f"`{pattern}`: a path pattern knows `*`, `**` and `?`, nothing else")
    return pattern


PathPattern = Annotated[str, AfterValidator(_checked)]
"""`*` within a name, `**` across folders; without a slash it means the top folder only."""
