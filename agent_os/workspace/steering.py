"""Files by which a repository steers agent programs: what an agent sees of them is the base's.

A branch with earlier work, or with commits of a stranger, may change them; then they would give
orders to whoever works on it next, or looks at it. They stay in the branch: the work dir shows the
base's versions, and the snapshot turns those that were left alone back into the branch's.
"""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from agent_os.workspace.git import git_bytes, git_start

#: In any folder; compared in lower case. Instructions, settings, MCP servers, environments.
_NAMES = frozenset(
    {
        *(b"agents.md", b"agents.override.md", b"agents.local.md", b"agent.md", b".agents.md"),
        *(b"claude.md", b"claude.local.md", b"gemini.md", b"qwen.md", b"codex.md", b"warp.md"),
        *(b".mcp.json", b"mcp.json", b"opencode.json", b"opencode.jsonc", b".env", b".envrc"),
        *(b"copilot-instructions.md", b".cursorrules", b".cursorignore", b".windsurfrules"),
        *(b".clinerules", b".roomodes", b".roorules", b".goosehints", b".rules", b".replit.md"),
        *(b".geminiignore", b".qwenignore", b".opencodeignore", b".claudeignore"),
        b"codebase.md",  # every prompt has it, and it is drawn by us
    }
)
_PREFIXES = (b".aider", b".env.", b".goose", b".roo", b".cline")
#: Everything below a folder (or a link) of such a name.
_FOLDERS = frozenset(
    {
        *(b".claude", b".claude-plugin", b".codex", b".gemini", b".qwen", b".opencode", b".agents"),
        *(b".agent", b".cursor", b".windsurf", b".clinerules", b".roo", b".continue", b".kiro"),
        *(b".junie", b".amazonq", b".aider", b".trae", b".augment", b".kilocode", b".factory"),
        *(b".goose", b".vscode", b".devcontainer", b".husky", b".githooks", b".direnv", b".hooks"),
    }
)
_BELOW_GITHUB = (b"instructions", b"prompts", b"chatmodes", b"agents", b"hooks", b"skills")
#: `@docs/rules.md` in such a file means: read that one, too.
_IMPORT = re.compile(rb"(?<![\w`@])@((?:\./|\.\./)*[\w.][\w./-]{0,200})")
_MOST_IMPORTS = 50
_LARGEST = 200_000
_LINK, _GITLINK = "120000", "160000"
Version = tuple[str, str]
"""(mode, blob)"""


@dataclass(frozen=True)
class Placed:
    """One path: what the work dir `shown` has at first, and what the commit has. None: nothing."""

    path: bytes
    shown: Version | None
    original: Version | None


def steers(path: bytes) -> bool:
    """Whether agent programs take orders from this file."""
    *folders, name = path.lower().split(b"/")
    below = any(
        parent == b".github" and child in _BELOW_GITHUB
        for parent, child in zip(folders, [*folders[1:], name], strict=False)
    )
    listed = name in _NAMES or name.startswith(_PREFIXES)
    return listed or below or not _FOLDERS.isdisjoint([*folders, name])


def differing(git_dir: Path, base: str, start: str) -> tuple[Placed, ...]:
    """The files that steer, where commit `start` has them otherwise than `base`. GitError."""
    if base == start:
        return ()
    old, new = _tree(git_dir, base), _tree(git_dir, start)
    named = _followed(git_dir, old)
    paths = {p for p in (*old, *new) if steers(p) or _is_within(p, named)}
    return tuple(
        Placed(path, old.get(path), new.get(path))
        for path in sorted(paths)
        if old.get(path) != new.get(path) and not _is_below_a_file(path, new)
    )


def place(work: Path, placed: Sequence[Placed]) -> None:
    """Have them as on the base. Only before anything ran there: its own git directory is used."""
    git_dir = work / ".git"
    tracked = [one.path for one in placed if one.original]
    # For git in there nothing has changed: the agent's own commits leave these files alone.
    _index(git_dir, "--skip-worktree", "-z", "--stdin", entries=tracked)
    for path in tracked:
        (work / os.fsdecode(path)).unlink(missing_ok=True)
    shown = [(one.path, one.shown) for one in placed if one.shown]
    lines = [f"{mode} {blob}\t".encode() + path for path, (mode, blob) in shown]
    apart = {"GIT_INDEX_FILE": str(git_dir / "base.index"), "GIT_WORK_TREE": str(work)}
    if lines:
        _index(git_dir, "-z", "--index-info", entries=lines, **apart)
        git_bytes("checkout-index", "--all", "--force", git_dir=git_dir, cwd=work, env_extra=apart)
        (git_dir / "base.index").unlink()
    strange = [one.path for one in placed if one.shown and not one.original]
    with (git_dir / "info" / "exclude").open("ab") as exclude:
        exclude.writelines(b"/" + re.sub(rb"([\\*?\[\]!# ])", rb"\\\1", p) + b"\n" for p in strange)


def put_back(files: dict[bytes, Version], placed: Iterable[Placed]) -> None:
    """Turn those that are as they were placed into what the commit has."""
    for one in placed:
        if files.get(one.path) != one.shown:
            continue  # the agent changed it: that is work
        if one.original is None:
            files.pop(one.path, None)
        else:
            files[one.path] = one.original


def _index(git_dir: Path, *args: str, entries: Sequence[bytes], **env: str) -> None:
    given = b"".join(entry + b"\0" for entry in entries)
    git_bytes("update-index", *args, git_dir=git_dir, env_extra=env, input=given)


def _tree(git_dir: Path, commit: str) -> dict[bytes, Version]:
    listed = git_bytes("ls-tree", "-r", "-z", "--full-tree", commit, git_dir=git_dir)
    found: dict[bytes, Version] = {}
    for line in filter(None, listed.split(b"\0")):
        head, _, path = line.partition(b"\t")
        mode, _, blob = head.decode().split()
        if mode != _GITLINK:
            found[path] = (mode, blob)
    return found


def _followed(git_dir: Path, tree: dict[bytes, Version]) -> set[bytes]:
    """Files and folders that the base's steering files link to or import."""
    found: set[bytes] = set()
    todo = [path for path in tree if steers(path)]
    while todo and len(found) < _MOST_IMPORTS:
        path = todo.pop()
        mode, blob = tree[path]
        if mode != _LINK and not path.lower().endswith(b".md"):
            continue
        text = git_start("cat-file", "blob", blob, git_dir=git_dir, max_bytes=_LARGEST)
        targets = [text] if mode == _LINK else _IMPORT.findall(text)
        for target in targets:
            there = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
            if there not in found and not there.startswith((b"/", b"..")) and there != b".":
                found.add(there)
                todo += [there] if there in tree else []
    return found


def _is_within(path: bytes, named: set[bytes]) -> bool:
    parts = path.split(b"/")
    return any(b"/".join(parts[:count]) in named for count in range(1, len(parts) + 1))


def _is_below_a_file(path: bytes, tree: dict[bytes, Version]) -> bool:
    """Where the commit has a file or a link for a folder: nothing is written through that. What
    a link of such a name would show is taken away with the link itself."""
    parts = path.split(b"/")
    above = (b"/".join(parts[:count]) for count in range(1, len(parts)))
    return any(folder in tree and not steers(folder) for folder in above)
