"""How large blobs of our repository are, and what they begin with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from agent_os.workspace.git import git_bytes

#: What git looks at to tell binary from text.
_HEAD = 8_000
_AT_ONCE = 64_000_000
_SECONDS = 300.0
_PROGRAMS = (
    *(b"\x7fELF", b"MZ", b"\xca\xfe\xba\xbe", b"\xca\xfe\xba\xbf"),
    *(b"\xfe\xed\xfa\xce", b"\xfe\xed\xfa\xcf", b"\xce\xfa\xed\xfe", b"\xcf\xfa\xed\xfe"),
)
_POINTER = b"version https://git-lfs.github.com/spec/"


@dataclass(frozen=True)
class Blob:
    """`head` is its beginning; empty where it was not looked at."""

    size: int
    head: bytes = b""

    @property
    def binary(self) -> bool:
        return b"\0" in self.head

    @property
    def program(self) -> bool:
        """ELF, PE, Mach-O, or a Java class."""
        return self.binary and self.head.startswith(_PROGRAMS)

    @property
    def lfs_pointer(self) -> bool:
        return self.head.startswith(_POINTER)


def sizes(git_dir: Path, shas: Iterable[str]) -> dict[str, int]:
    """Bytes by name, of those that are there."""
    asked = "".join(f"{sha}\n" for sha in sorted(set(shas)))
    args = ("cat-file", "--batch-check=%(objectname) %(objectsize)", "--buffer")
    said = git_bytes(*args, git_dir=git_dir, input=asked, timeout=_SECONDS).decode()
    pairs = [line.split() for line in said.splitlines()]
    return {sha: int(size) for sha, size in (p for p in pairs if len(p) == 2 and p[1].isdigit())}


def read_blobs(git_dir: Path, known: Mapping[str, int], largest: int) -> dict[str, Blob]:
    """Those of `known` sizes; what is over `largest` bytes is not opened."""
    found = {sha: Blob(size) for sha, size in known.items() if size > largest}
    group: list[str] = []
    weight = 0
    for sha, size in known.items():
        if size > largest:
            continue
        if weight + size > _AT_ONCE and group:
            found |= _read(git_dir, group)
            group, weight = [], 0
        group.append(sha)
        weight += size
    return found | _read(git_dir, group)


def _read(git_dir: Path, shas: list[str]) -> dict[str, Blob]:
    if not shas:
        return {}
    asked = "".join(f"{sha}\n" for sha in shas)
    data = git_bytes(
        *("cat-file", "--batch", "--buffer"), git_dir=git_dir, input=asked, timeout=_SECONDS
    )
    found: dict[str, Blob] = {}
    at = 0
    while at < len(data):
        end = data.index(b"\n", at)
        sha, _, size = data[at:end].decode().split()
        begin, at = end + 1, end + 1 + int(size) + 1
        found[sha] = Blob(int(size), data[begin : min(begin + _HEAD, at - 1)])
    return found


def targets(git_dir: Path, shas: Iterable[str], longest: int) -> dict[str, str]:
    """What link blobs say, cut at `longest` bytes."""
    known = sizes(git_dir, shas)
    cut = {sha: min(size, longest) for sha, size in known.items()}
    short = {sha: size for sha, size in known.items() if size <= longest}
    said = {sha: blob.head for sha, blob in read_blobs(git_dir, short, longest).items()}
    return {sha: said.get(sha, b"x" * cut[sha]).decode("utf-8", "surrogateescape") for sha in known}
