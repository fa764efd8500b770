"""Where the symbolic links of a tree lead, followed by hand."""

from __future__ import annotations

from collections.abc import Mapping

from agent_os.attempt.gates.changes import readable
from agent_os.workspace.names import is_git_directory

_MOST_HOPS = 40
LONGEST_TARGET = 4096


def astray(path: str, links: Mapping[str, str]) -> str:
    """Why the link at `path` may not be; empty: it stays in the repository. `links` are all of
    the tree's, target by path."""
    target = links[path]
    if len(target.encode("utf-8", "surrogateescape")) >= LONGEST_TARGET:
        return f"is a link whose target has {LONGEST_TARGET} bytes or more"
    if not target.isprintable() or "\\" in target:
        return "is a link whose target holds control characters or a backslash"
    if target.startswith("/") or target[1:2] == ":":
        return f"is a link to the absolute path {target[:200]}"
    return _followed(path, links)


def _followed(path: str, links: Mapping[str, str]) -> str:
    """Walk name by name as the kernel would; a name that is a link puts its target in its place."""
    at = path.split("/")[:-1]
    todo = list(reversed(links[path].split("/")))
    hops = 0
    while todo:
        name = todo.pop()
        if name in ("", "."):
            continue
        if name == "..":
            if not at:
                return "is a link that leads out of the repository"
            at.pop()
            continue
        if is_git_directory(name):
            return "is a link into git's own folder"
        here = "/".join((*at, name))
        if here not in links:
            at.append(name)
            continue
        hops += 1
        if hops > _MOST_HOPS:
            return "is a link that leads in a circle"
        if links[here].startswith("/"):
            return f"is a link out of the repository, through {readable(here[:200])}"
        todo += reversed(links[here].split("/"))
    return ""
