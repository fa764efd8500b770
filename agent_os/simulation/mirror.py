"""Our mirror without processes: the same contract as the real one, over the model of git."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from agent_os.domain.attempts import KeptRef
from agent_os.domain.errors import Conflict, GitError
from agent_os.localhub.git import Person
from agent_os.simulation.gitmodel import OBJECTS
from agent_os.simulation.objectfiles import ObjectFiles
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
        self.held.changed()

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
        self.held.changed()

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
        self.held.changed()

    def refs(self, below: str) -> dict[str, str]:
        return {ref: sha for ref, sha in self.held.refs.items() if ref.startswith(below)}

    def forget(self, refs: Mapping[str, str]) -> None:
        self.held.refs = {r: sha for r, sha in self.held.refs.items() if refs.get(r) != sha}
        self.held.changed()

    def pack_if_scattered(self) -> bool:
        return False

    def commit_files(self, base: str, files: Mapping[str, bytes | None], message: str) -> str:
        found = dict(OBJECTS.files(checked_sha(base)))
        for path, content in files.items():
            if content is None:
                found.pop(path, None)
            else:
                found[path] = content.decode()
        tree = OBJECTS.tree(found)
        if tree == OBJECTS.commits[base].tree:
            return base
        who = Person("agent-os", "agent-os@localhost", OBJECTS.commits[base].committer.date)
        made = OBJECTS.commit(tree, [base], message, who, who)
        self.held.take([made])
        return made

    def revert(self, base: str, sha: str, commits: int = 1) -> str | None:
        """As if nothing had come after it: the files that it changed are as they were."""
        parents = OBJECTS.commits[checked_sha(sha)].parents
        before = OBJECTS.files(parents[0]) if parents else {}
        files, brought = dict(OBJECTS.files(base)), OBJECTS.files(sha)
        for path in brought.keys() | before.keys():
            if brought.get(path) != before.get(path):
                if files.get(path) != brought.get(path):
                    return None
                files = {p: t for p, t in files.items() if p != path}
                files |= {path: before[path]} if path in before else {}
        subject = OBJECTS.commits[sha].message.partition("\n")[0]
        message = f'Revert "{subject[:120]}"\n\nThis reverts commit {sha}.'
        who = Person("agent-os", "agent-os@localhost", OBJECTS.commits[base].committer.date)
        made = OBJECTS.commit(OBJECTS.tree(files), [base], message, who, who)
        self.held.take([made])
        return made

    def listing(self, sha: str, most: int = 20_000) -> dict[str, int]:
        found = sorted(OBJECTS.files(checked_sha(sha)).items())[:most]
        return {path: len(text.encode()) for path, text in found}

    def texts(self, sha: str, paths: Mapping[str, int], total: int = 8_000_000) -> dict[str, str]:
        found = OBJECTS.files(checked_sha(sha))
        return {path: found[path] for path in paths if path in found}

    def changed(self, one: str, other: str, most: int = 500) -> list[str]:
        before, after = OBJECTS.files(checked_sha(one)), OBJECTS.files(checked_sha(other))
        paths = sorted(before.keys() | after.keys())
        return [path for path in paths if before.get(path) != after.get(path)][:most]

    def replaced(self, sha: str, since: str) -> set[str]:
        """Without files for git: as if each file were one line, of the newest commit before that
        changed it."""
        if self.held.readable:
            return super().replaced(sha, since)
        before = OBJECTS.commits[checked_sha(sha)].parents[:1]
        left = {path for one in before for path in self.changed(one, sha)}
        found: set[str] = set()
        while before and left and before != OBJECTS.commits[since].parents[:1]:
            older = OBJECTS.commits[before[0]].parents[:1]
            touched = left & set(self.changed(older[0], before[0]) if older else ())
            found |= set(before) if touched else set()
            before, left = older, left - touched
        return found

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
    """The contents of one mirror; with `files` also where git itself can read them."""

    def __init__(self, files: ObjectFiles | None = None) -> None:
        self.refs: dict[str, str] = {}
        self.commits: set[str] = set()
        self._files = files

    @property
    def readable(self) -> bool:
        """Whether git can read what is here."""
        return self._files is not None

    def take(self, shas: Iterable[str]) -> None:
        for sha in shas:
            fresh = OBJECTS.ancestors(sha, self.commits)
            self.commits |= fresh
            if self._files is not None:
                for one in fresh:
                    self._files.write_commit(OBJECTS.commits[one].content, OBJECTS.files(one))

    def changed(self) -> None:
        """The refs are elsewhere now."""
        if self._files is not None:
            self._files.write_refs(self.refs)
