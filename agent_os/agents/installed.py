"""Where an agent's program really lies, behind the link on PATH."""

from __future__ import annotations

import shutil
from pathlib import Path

_PACKAGES = "node_modules"
_MOST_LINKS = 20
#: What npm's programs are run by.
_NODE = "node"


def program_paths(program: str, search_path: str) -> tuple[Path, ...]:
    """Files and folders that a sandbox must show so that the program on PATH can run.

    Empty when it is not there. The folders of `search_path` themselves are shown anyway.
    """
    found: list[Path] = []
    for name in (program, _NODE):
        at = shutil.which(name, path=search_path)
        if at is not None:
            found += _behind(Path(at))
    return tuple(dict.fromkeys(found))


def _behind(link: Path) -> list[Path]:
    """Each place that the link leads through; of an npm package, the folder of all packages."""
    places: list[Path] = []
    here = link
    for _ in range(_MOST_LINKS):
        if not here.is_symlink():
            break
        here = here.parent / here.readlink()
        places.append(_shown(here))
    places.append(_shown(link.resolve()))
    return places


def _shown(place: Path) -> Path:
    parts = place.parts
    if _PACKAGES in parts:
        return Path(*parts[: parts.index(_PACKAGES) + 1])
    return place
