"""Our bare mirror of one repository: fetched from the remote, filled with what attempts made."""

from __future__ import annotations

import fcntl
import functools
import os
import time
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from agent_os.domain.attempts import KeptRef
from agent_os.domain.errors import BadInput, Conflict, GitError
from agent_os.workspace.git import checked_sha, git_bytes, git_start, is_sha, run_git, try_git
from agent_os.workspace.proctable import touching
from agent_os.workspace.proposing import Proposing
from agent_os.workspace.remote import remote_git
from agent_os.workspace.survey import Surveying
from agent_os.workspace.tracing import Tracing

OUR_REFS = "refs/agent-os/"
OWNER_REF = "refs/agent-os/owner"
OWNER_SEEN = "refs/seen/owner"
#: With a `*` it is no error that nobody owns the repository yet.
OWNER_SPEC = f"+{OWNER_REF}*:{OWNER_SEEN}*"
HEADS = ("+refs/heads/*:refs/heads/*", OWNER_SPEC)
_IDENTITY = ("-c", "user.name=agent-os", "-c", "user.email=agent-os@localhost")
_FETCH_SECONDS = 600.0
_PUSH_SECONDS = 300.0
_LIST_SECONDS = 60.0
_PACK_SECONDS = 3_600.0
_MANY_OBJECTS = 2_000
_MANY_PACKS = 40
_PROC = Path("/proc/self/stat")


#: When the newest fetch that succeeded began, by mirror, address and refs; in this process.
_fetched: dict[tuple[Path | str, ...], float] = {}


class Update(NamedTuple):
    """One ref of a push. `new` empty deletes it; `expected` empty: it must not be there yet."""

    ref: str
    new: str
    expected: str


class Mirror(Proposing, Surveying, Tracing):
    """A bare repository at `path`. Refs below refs/agent-os/ are ours and are never pruned."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def objects(self) -> Path:
        return self.path / "objects"

    def ensure(self, url: str) -> None:
        """Create the mirror if it is not there; `url` is recorded for people only."""
        if (self.path / "HEAD").is_file() and self.objects.is_dir():
            return
        self.path.mkdir(parents=True, exist_ok=True)
        with self._lock():
            run_git("init", "--quiet", "--bare", "--template=", str(self.path))
            (self.path / "description").write_text(f"Agent OS mirror of {url}\n", "utf-8")

    def fetch(self, url: str, token: str = "", refspecs: Sequence[str] = HEADS) -> None:
        """Fetch and prune what `refspecs` name. Raises TokenRefused, NotPermitted or GitError."""
        if any(OUR_REFS in spec.split(":")[-1] for spec in refspecs):
            raise BadInput("A fetch may not write below refs/agent-os/.")
        wanted_at, which = time.monotonic(), (self.path, url, *refspecs)
        with self._lock():
            if _fetched.get(which, 0.0) > wanted_at:
                return  # begun after we were asked, by another thread: it saw all that we would
            begun_at = time.monotonic()
            remote_git(
                self.path,
                *("fetch", "--quiet", "--prune", "--no-tags", "--no-write-fetch-head"),
                *("--no-recurse-submodules", "--", url, *refspecs),
                token=token,
                timeout=_FETCH_SECONDS,
            )
            _fetched[which] = begun_at

    def import_bundle(self, path: Path, kept: Iterable[KeptRef]) -> None:
        """Take exactly the refs `kept` out of the bundle; again is harmless.

        Raises GitError when the bundle is damaged or holds other commits than `kept` says.
        """
        wanted = {ref.ref: checked_sha(ref.sha) for ref in kept}
        if bad := [ref for ref in wanted if not ref.startswith(OUR_REFS)]:
            raise BadInput(f"A bundle may only bring refs below {OUR_REFS}, not {bad[0]!r}.")
        missing = {ref: sha for ref, sha in wanted.items() if self.resolve(ref) != sha}
        if not missing:
            return
        with self._lock():
            run_git("bundle", "verify", "--quiet", str(path), git_dir=self.path)
            listed = run_git("bundle", "list-heads", str(path), git_dir=self.path).splitlines()
            heads = {ref: sha for sha, _, ref in (line.partition(" ") for line in listed)}
            if wrong := [ref for ref, sha in missing.items() if heads.get(ref) != sha]:
                raise GitError(f"The bundle {path.name} does not hold {wrong[0]} as recorded.")
            specs = [f"+{ref}:{ref}" for ref in missing]
            run_git(
                *("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--", str(path)),
                *specs,
                git_dir=self.path,
            )

    def has(self, sha: str) -> bool:
        """Whether the commit `sha` is here."""
        answer = try_git("cat-file", "-e", f"{checked_sha(sha)}^{{commit}}", git_dir=self.path)
        return answer.code == 0

    def is_ancestor(self, ancestor: str, descendant: str) -> bool:
        """Whether `descendant` contains `ancestor`. GitError if one of them is not here."""
        args = ("merge-base", "--is-ancestor", checked_sha(ancestor), checked_sha(descendant))
        answer = try_git(*args, git_dir=self.path)
        if answer.code not in (0, 1):
            raise GitError(f"git merge-base failed for {ancestor}.", output=answer.output)
        return answer.code == 0

    def merge_base(self, one: str, other: str) -> str | None:
        """The best common ancestor, or None for unrelated histories."""
        answer = try_git("merge-base", checked_sha(one), checked_sha(other), git_dir=self.path)
        if answer.code not in (0, 1):
            raise GitError(f"git merge-base failed for {one}.", output=answer.output)
        return answer.text.strip() or None

    def resolve(self, ref: str) -> str | None:
        """The commit that `ref` (a full ref name or a sha) names here, or None."""
        args = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
        text = try_git(*args, git_dir=self.path).text.strip()
        return text if is_sha(text) else None

    def read_file(self, sha: str, path: str, max_bytes: int = 256 * 1024) -> bytes | None:
        """A regular file of commit `sha`; None if it is absent or a link. BadInput if larger."""
        return _content(self.path, checked_sha(sha), path, max_bytes)

    def refs(self, below: str) -> dict[str, str]:
        """Object by ref, of those below a prefix that ends with a slash."""
        args = ("for-each-ref", "--format=%(refname) %(objectname)", below)
        lines = run_git(*args, git_dir=self.path).splitlines()
        return {ref: sha for ref, _, sha in (line.partition(" ") for line in lines)}

    def forget(self, refs: Mapping[str, str]) -> None:
        """Delete refs that are still where `refs` says; all of them or none. GitError if not."""
        lines = "".join(f"delete {ref} {checked_sha(sha)}\n" for ref, sha in refs.items())
        with self._lock():
            run_git("update-ref", "--stdin", git_dir=self.path, input=lines)

    def pack_if_scattered(self) -> bool:
        """Pack objects and refs when there are many; drop what nothing reaches any more.

        Only while no work dir borrows objects from here. Whether it was done.
        """
        counted = run_git("count-objects", "-v", git_dir=self.path)
        counts = dict(line.split(": ", 1) for line in counted.splitlines())
        if int(counts["count"]) < _MANY_OBJECTS and int(counts["packs"]) < _MANY_PACKS:
            return False
        with self._lock():
            run_git("pack-refs", "--all", git_dir=self.path)
            run_git("repack", "-a", "-d", "-l", "-q", git_dir=self.path, timeout=_PACK_SECONDS)
            # What a push is about to name has no ref yet, and is younger than that.
            run_git("prune", "--expire=1.day.ago", git_dir=self.path, timeout=_PACK_SECONDS)
        return True

    def diff(self, one: str, other: str, limit: int) -> str:
        """What `other` changes against `one`, as a patch of at most `limit` characters."""
        args = ("diff", "--no-ext-diff", "--no-textconv", "--no-color", "--no-renames")
        shas = (checked_sha(one), checked_sha(other))
        data = git_start(*args, *shas, "--", git_dir=self.path, max_bytes=4 * limit + 1)
        patch = data.decode("utf-8", "replace").strip()
        return patch if len(patch) <= limit else f"{patch[:limit]}\n[cut]"

    def note(self, message: str, parent: str) -> str:
        """Write an empty commit that only says something, after `parent` (empty: the first)."""
        tree = f"{parent}^{{tree}}" if parent else run_git("mktree", git_dir=self.path, input="")
        after = ("-p", checked_sha(parent)) if parent else ()
        args = (*_IDENTITY, "commit-tree", tree, *after, "-F", "-")
        return run_git(*args, git_dir=self.path, input=message)

    def message(self, sha: str) -> str:
        """What the commit says; empty when it is not here."""
        try:
            return _message(self.path, checked_sha(sha))
        except GitError:
            return ""

    def messages(self, sha: str, since: timedelta, most: int = 500) -> list[tuple[str, str]]:
        """(commit, message) of the newest commits up to `sha`, of that time by their own clocks."""
        seconds = int(since.total_seconds())
        args = (f"--max-count={most}", f"--since={seconds}.seconds.ago", "--format=%H%x00%B%x1e")
        said = git_bytes("log", *args, checked_sha(sha), git_dir=self.path)
        entries = [e.strip() for e in said.decode("utf-8", "replace").split("\x1e")]
        found = [entry.partition("\0") for entry in entries if entry]
        return [(commit, message) for commit, _, message in found]

    def set(self, ref: str, sha: str) -> None:
        """Point `ref` at a commit, here only."""
        run_git("update-ref", ref, checked_sha(sha), git_dir=self.path)

    def ls_remote(self, url: str, token: str, ref: str) -> str | None:
        """The commit of `ref` on the remote now, or None when it is not there."""
        args = ("ls-remote", "--", url, ref)
        listed = remote_git(self.path, *args, token=token, timeout=_LIST_SECONDS)
        for line in listed.splitlines():
            sha, _, name = line.partition("\t")
            if name == ref:
                return sha
        return None

    def push(self, url: str, token: str, *updates: Update) -> None:
        """Push all `updates` or none of them; each only if the remote's ref is at `expected`.

        Fast-forward only. Raises Conflict when a remote's ref is elsewhere.
        """
        refspecs: list[str] = []
        leases: list[str] = []
        for ref, new, expected in updates:
            if not ref.startswith("refs/"):
                raise BadInput(f"A push needs a full ref name, not {ref!r}.")
            if new and expected and not self._descends(checked_sha(new), checked_sha(expected)):
                raise Conflict(f"{new[:12]} is not a descendant of {expected[:12]} on {ref}.")
            leases.append(f"--force-with-lease={ref}:{expected}")
            refspecs.append(f"{new}:{ref}")
        args = ("push", "--porcelain", "--no-verify", "--atomic", *leases, "--", url, *refspecs)
        remote_git(self.path, *args, token=token, timeout=_PUSH_SECONDS)

    def _descends(self, new: str, old: str) -> bool:
        """False also when one of them is not here."""
        return try_git("merge-base", "--is-ancestor", old, new, git_dir=self.path).code == 0

    @contextmanager
    def pushing(self) -> Generator[None]:
        """One push at a time: those after it build on the ref that all of them move."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self._held("push"):
            yield

    @contextmanager
    def _lock(self) -> Generator[None]:
        with self._held("lock"):
            self._remove_stale_locks()
            yield

    @contextmanager
    def _held(self, name: str) -> Generator[None]:
        # Beside the mirror, not in it: git owns what is inside.
        handle = os.open(f"{self.path}.{name}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _remove_stale_locks(self) -> None:
        """The lock files of a git that was killed: every later one would fail on them.

        We hold our own lock, so only a git that outlived its job can still be at work in here.
        """
        found = [*self.path.glob("*.lock"), *(self.path / "refs").rglob("*.lock")]
        if not found or touching(self.path):
            return
        for path in found:
            # Where processes can't be seen (macOS), only an old file is proof enough.
            if _PROC.exists() or time.time() - path.stat().st_mtime > _FETCH_SECONDS:
                path.unlink(missing_ok=True)


# What a commit holds never changes, and the same few are asked for again and again.


@functools.lru_cache(maxsize=32)
def _content(mirror: Path, sha: str, path: str, max_bytes: int) -> bytes | None:
    listed = run_git("ls-tree", "-z", sha, "--", path, git_dir=mirror)
    head, _, name = listed.rstrip("\0").partition("\t")
    fields = head.split()
    if name != path or len(fields) != 3 or fields[0] not in ("100644", "100755"):
        return None
    size = int(run_git("cat-file", "-s", fields[2], git_dir=mirror))
    if size > max_bytes:
        raise BadInput(f"{path} has {size} bytes; at most {max_bytes} are read.")
    return try_git("cat-file", "blob", fields[2], git_dir=mirror).stdout


@functools.lru_cache(maxsize=256)
def _message(mirror: Path, sha: str) -> str:
    return run_git("cat-file", "commit", sha, git_dir=mirror).partition("\n\n")[2]
