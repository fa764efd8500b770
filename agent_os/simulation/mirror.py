"""Our mirror without processes: the same contract as the real one, over the model of git."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from agent_os.domain.attempts import KeptRef
from agent_os.domain.errors import Conflict, GitError
from agent_os.localhub.git import Person
from agent_os.simulation.gitmodel import OBJECTS
from agent_os.workspace.git import checked_sha
from agent_os.workspace.mirror import HEADS, Mirror, Update


class Remote:
    """Where the mirror fetches from and pushes to; may be cut off before or after it acted."""

    def refs(self) -> dict[str, str]:
        raise NotImplementedError

    def push(self, updates: Sequence[Update]) -> bool:
        """All or none; False when a ref is elsewhere."""
        raise NotImplementedError


class ModelMirror(Mirror):
    """See Mirror. What it holds outlives the processes that use it."""

    def __init__(self, path: Path, held: Held, remote: Remote) -> None:
        super().__init__(path)
        self.held = held
        self.remote = remote

    def ensure(self, url: str) -> None:
        pass

    @contextmanager
    def pushing(self) -> Generator[None]:
        # Planes on two machines don't exclude each other: the remote has to.
        yield

    def fetch(self, url: str, token: str = "", refspecs: Sequence[str] = HEADS) -> None:
        remote = self.remote.refs()
        for spec in refspecs:
            theirs, ours = (side.removesuffix("*") for side in spec.lstrip("+").split(":"))
            there = {
                ours + r.removeprefix(theirs): s for r, s in remote.items() if r.startswith(theirs)
            }
            kept = {r: s for r, s in self.held.refs.items() if not r.startswith(ours)}
            self.held.refs = {**kept, **there}
            self.held.take(there.values())

    def import_bundle(self, path: Path, kept: Iterable[KeptRef]) -> None:
        wanted = {ref.ref: checked_sha(ref.sha) for ref in kept}
        missing = {ref: sha for ref, sha in wanted.items() if self.resolve(ref) != sha}
        if not missing:
            return
        bundle: dict[str, str] = json.loads(path.read_text())
        if wrong := [ref for ref, sha in missing.items() if bundle.get(ref) != sha]:
            raise GitError(f"The bundle does not hold {wrong[0]} as recorded.")
        self.held.refs.update(missing)
        self.held.take(missing.values())

    def has(self, sha: str) -> bool:
        return sha in self.held.commits

    def is_ancestor(self, ancestor: str, descendant: str) -> bool:
        for sha in (ancestor, descendant):
            if not self.has(sha):
                raise GitError(f"git merge-base failed for {sha}.")
        return OBJECTS.is_ancestor(ancestor, descendant)

    def merge_base(self, one: str, other: str) -> str | None:
        return OBJECTS.merge_base(one, other)

    def resolve(self, ref: str) -> str | None:
        return ref if ref in self.held.commits else self.held.refs.get(ref)

    def read_file(self, sha: str, path: str, max_bytes: int = 256 * 1024) -> bytes | None:
        if not self.has(checked_sha(sha)):
            raise GitError(f"git ls-tree failed for {sha}.")
        text = OBJECTS.files(sha).get(path)
        return None if text is None else text.encode()

    def diff(self, one: str, other: str, limit: int) -> str:
        return f"{one}..{other}"[:limit]

    def ls_remote(self, url: str, token: str, ref: str) -> str | None:
        return self.remote.refs().get(ref)

    def note(self, message: str, parent: str) -> str:
        who = Person("agent-os", "agent-os@localhost", "2026-01-01T00:00:00+00:00")
        parents = [parent] if parent else []
        sha = OBJECTS.commit(OBJECTS.tree({}), parents, message, who, who)
        self.held.take([sha])
        return sha

    def message(self, sha: str) -> str:
        return OBJECTS.commits[sha].message if self.has(sha) else ""

    def messages(self, sha: str, since: timedelta, most: int = 500) -> list[tuple[str, str]]:
        newest = OBJECTS.newest(sha, most)
        after = newest[0].time - since.total_seconds()
        return [(found.sha, found.message) for found in newest if found.time >= after]

    def set(self, ref: str, sha: str) -> None:
        self.held.refs[ref] = sha

    def push(self, url: str, token: str, *updates: Update) -> None:
        for ref, new, expected in updates:
            if new and not self.has(checked_sha(new)):
                raise GitError(f"git push failed: {new} is not here.")
            lacks = expected and not self.has(expected)
            if new and expected and (lacks or not self.is_ancestor(expected, new)):
                raise Conflict(f"{new[:12]} is not a descendant of {expected[:12]} on {ref}.")
        if not self.remote.push(updates):
            raise Conflict("The remote rejected the push: (stale info)")


class Held:
    """The contents of one mirror."""

    def __init__(self) -> None:
        self.refs: dict[str, str] = {}
        self.commits: set[str] = set()

    def take(self, shas: Iterable[str]) -> None:
        for sha in shas:
            self.commits |= OBJECTS.ancestors(sha, self.commits)
