"""Connections that are cut before or after a write was made: once for each kind of write."""

from __future__ import annotations

from .ground import Ground

#: Write: (method, end of the path below the repository).
_WRITES = {
    "write_comment": ("POST", "/issues/[0-9]+/comments"),
    "edit_comment": ("PATCH", "/issues/comments/[0-9]+"),
    "open_pull": ("POST", "/pulls"),
    "ask_review": ("POST", "/pulls/[0-9]+/requested_reviewers"),
    "merge_pull": ("PUT", "/pulls/[0-9]+/merge"),
}
#: git sends a request again by itself when the connection was dropped.
_GIT_TRIES = 2


def order(ground: Ground, kind: str) -> None:
    """`kind`: drop_before or drop_after. The hub's other users must not be at work meanwhile."""
    hub = ground.hub
    for method, path in _WRITES.values():
        hub.fault(method, f"^/api/v3/repos/{ground.repo}{path}$|^/repos/{ground.repo}{path}$", kind)
    hub.fault("POST", "/graphql$", kind, operation="mutation")
    hub.fault("POST", f"/{ground.repo}.git/git-receive-pack$", kind, count=_GIT_TRIES)


def fell(ground: Ground) -> list[str]:
    """What was really cut, a line each; what was not is taken back."""
    found = ground.hub.admin("GET", "/faults?spent=1")
    ground.hub.admin("DELETE", "/faults")
    names = [*_WRITES, "set_labels", "push"]
    return [
        f"{fault['kind']} {name}"
        for name, fault in zip(names, found, strict=True)
        if fault["fired"]
    ]
