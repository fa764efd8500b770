"""What of the host a sandboxed program may see: the system and the programs on PATH, read-only."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path

_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
#: Names in /etc that programs need; the rest (keys, shadow, mounted secrets) stays hidden.
_ETC = (
    *("passwd", "group", "hosts", "resolv.conf", "nsswitch.conf", "host.conf", "gai.conf"),
    *("ssl", "pki", "ca-certificates", "ca-certificates.conf", "crypto-policies"),
    *("ld.so.cache", "ld.so.conf", "ld.so.conf.d", "alternatives", "localtime", "timezone"),
    *("protocols", "services", "mime.types", "terminfo", "fonts", "os-release", "magic"),
    *("java-11-openjdk", "java-17-openjdk", "java-21-openjdk", "perl", "python3"),
)
#: Folders of language version managers; their `shims` are useless without what lies beside them.
_SHIMS = "shims"


def system_mounts() -> list[str]:
    """bwrap arguments for the system's own directories."""
    args: list[str] = []
    for name in _SYSTEM:
        path = Path(name)
        if path.is_symlink():
            args += ["--symlink", str(path.readlink()), name]
        elif path.is_dir():
            args += ["--ro-bind", name, name]
    for name in _ETC:
        path = Path("/etc") / name
        if path.exists():
            # Some are links out of /etc (resolv.conf): bind what they lead to.
            args += ["--ro-bind", str(path.resolve()), str(path)]
    return args


def program_roots(search_path: str) -> list[Path]:
    """Directories outside the system's that the programs on `search_path` and Python need."""
    found = {Path(sys.prefix), Path(sys.base_prefix)}
    for entry in search_path.split(os.pathsep):
        directory = Path(entry)
        if entry and directory.is_absolute() and directory.is_dir():
            found.update(_roots_of(directory))
    found.update(base for prefix in tuple(found) for base in _bases(prefix))
    return outermost(path for path in found if path.is_dir() and not _of_the_system(path))


def outermost(paths: Iterable[Path]) -> list[Path]:
    """`paths` without those that lie below another one of them, shortest first."""
    kept: list[Path] = []
    for path in sorted(set(paths), key=lambda item: (len(item.parts), str(item))):
        if not any(path.is_relative_to(other) for other in kept):
            kept.append(path)
    return kept


def _roots_of(directory: Path) -> list[Path]:
    parent = directory.parent
    if directory.name == _SHIMS or (parent / "pyvenv.cfg").is_file():
        return [directory, parent]
    if directory.name == "bin" and parent.is_relative_to("/opt") and parent != Path("/opt"):
        return [parent]
    return [directory]


def _bases(prefix: Path) -> list[Path]:
    # A venv links to the Python that it was made with.
    try:
        lines = (prefix / "pyvenv.cfg").read_text("utf-8").splitlines()
    except OSError:
        return []
    homes = [line.partition("=")[2].strip() for line in lines if line.startswith("home")]
    return [Path(home).parent for home in homes if home]


def _of_the_system(path: Path) -> bool:
    return any(path.resolve().is_relative_to(Path(name).resolve()) for name in _SYSTEM)
