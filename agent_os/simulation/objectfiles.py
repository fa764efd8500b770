"""The model's commits as real git objects: same ids, and files that git itself can read."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from agent_os.localhub.git import Person

_HEAD = "ref: refs/heads/main\n"
_CONFIG = "[core]\n\trepositoryformatversion = 0\n\tbare = true\n\tlooseCompression = 1\n"
_FILE, _FOLDER = b"100644", b"40000"


def object_id(kind: str, content: bytes) -> str:
    return hashlib.sha1(_framed(kind, content)).hexdigest()


def _framed(kind: str, content: bytes) -> bytes:
    return f"{kind} {len(content)}\0".encode() + content


@lru_cache(maxsize=200_000)
def _blob_id(text: str) -> bytes:
    return bytes.fromhex(object_id("blob", text.encode()))


def tree_id(files: Mapping[str, str]) -> str:
    """Of a folder with these files, by their paths."""
    *_, (_, root) = trees(files)
    return object_id("tree", root)


def trees(files: Mapping[str, str], below: str = "") -> Iterator[tuple[str, bytes]]:
    """(path, content) of each folder, the innermost first and the root last."""
    here: dict[str, tuple[bytes, bytes]] = {}
    folders: dict[str, dict[str, str]] = {}
    for path, text in files.items():
        name, slash, rest = path.partition("/")
        if slash:
            folders.setdefault(name, {})[rest] = text
        else:
            here[name] = (_FILE, _blob_id(text))
    for name, inside in folders.items():
        content = b""
        for path, content in trees(inside, f"{below}{name}/"):
            yield path, content
        here[name] = (_FOLDER, bytes.fromhex(object_id("tree", content)))
    # Git sorts a folder as if its name ended with a slash.
    order = sorted(here, key=lambda name: name + "/" * (here[name][0] == _FOLDER))
    yield below, b"".join(here[n][0] + b" " + n.encode() + b"\0" + here[n][1] for n in order)


def commit_content(
    tree: str, parents: tuple[str, ...], message: str, author: Person, committer: Person
) -> bytes:
    lines = [f"tree {tree}", *(f"parent {parent}" for parent in parents)]
    lines += [f"author {_who(author)}", f"committer {_who(committer)}"]
    return ("\n".join(lines) + f"\n\n{message}").encode()


def _who(person: Person) -> str:
    return f"{person.name} <{person.email}> {epoch(person.date)} +0000"


@lru_cache(maxsize=4096)
def epoch(date: str) -> int:
    return int(datetime.fromisoformat(date.replace("Z", "+00:00")).timestamp())


class ObjectFiles:
    """A bare repository at `path` that git can read; made of loose objects and packed refs."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._written: set[str] = set()
        for folder in ("objects", "refs"):
            (path / folder).mkdir(parents=True, exist_ok=True)
        (path / "HEAD").write_text(_HEAD)
        (path / "config").write_text(_CONFIG)

    def write_commit(self, content: bytes, files: Mapping[str, str]) -> None:
        for text in files.values():
            self._write("blob", text.encode(), _blob_id(text).hex())
        for _, folder in trees(files):
            self._write("tree", folder, object_id("tree", folder))
        self._write("commit", content, object_id("commit", content))

    def _write(self, kind: str, content: bytes, sha: str) -> None:
        if sha in self._written:
            return
        self._written.add(sha)
        folder = self.path / "objects" / sha[:2]
        folder.mkdir(exist_ok=True)
        (folder / sha[2:]).write_bytes(zlib.compress(_framed(kind, content), 1))

    def write_refs(self, refs: Mapping[str, str]) -> None:
        lines = "".join(f"{sha} {ref}\n" for ref, sha in sorted(refs.items()))
        (self.path / "packed-refs").write_text(f"# pack-refs with: sorted\n{lines}")
