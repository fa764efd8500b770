"""What of a result needs a person's approval: read from the commits alone; it fails no gate."""

from __future__ import annotations

from agent_os.attempt.gates.changes import Change, readable
from agent_os.attempt.gates.context import GateContext
from agent_os.attempt.gates.dependencies import LARGEST_MANIFEST, changed_entries, is_manifest
from agent_os.attempt.gates.protected import is_protected
from agent_os.domain.approvals import Ask, Rule
from agent_os.workspace.git import git_bytes, run_git
from agent_os.workspace.steering import steers

#: The same as the config's protected ones: with `workflows: ask` they are not protected.
_WORKFLOWS = (".github/workflows/**", ".github/actions/**")
_MOST_PATHS = 100
_MOST_NAMES = 8
_PLAIN_FILES = ("100644", "100755")
_NOTHING = "000000"
_SUBMODULE = "160000"


def asks_of(context: GateContext) -> tuple[Ask, ...]:
    """Each rule of the owner's that the change meets, once, with what met it."""
    rules, changes = context.order.gates.approvals, context.changes
    found: list[Ask | None] = [
        _paths(Rule.PATHS, "it changes paths that the owner named", rules.paths, changes),
        _dependencies(context) if rules.dependencies else None,
        _paths(Rule.WORKFLOWS, "it changes what CI runs with its secrets", _WORKFLOWS, changes)
        if rules.workflows == "ask"
        else None,
        _steering(changes) if rules.steering else None,
        _more(Rule.CHANGED_FILES, len(changes), rules.changed_files, "files"),
        _more(Rule.CHANGED_LINES, _lines(changes), rules.changed_lines, "lines"),
    ]
    return tuple(ask for ask in found if ask is not None)


def _lines(changes: tuple[Change, ...]) -> int:
    return sum(change.insertions + change.deletions for change in changes)


def _paths(
    rule: Rule, what: str, patterns: tuple[str, ...], changes: tuple[Change, ...]
) -> Ask | None:
    touched = [readable(c.path) for c in changes if is_protected(c, patterns)]
    return Ask(rule=rule, what=what, where=tuple(touched[:_MOST_PATHS])) if touched else None


def _steering(changes: tuple[Change, ...]) -> Ask | None:
    paths = [c.path for c in changes if steers(c.path.encode("utf-8", "surrogateescape"))]
    where = tuple(readable(path) for path in paths[:_MOST_PATHS])
    what = "it changes files that steer agents, tools or editors"
    return Ask(rule=Rule.STEERING, what=what, where=where) if where else None


def _more(rule: Rule, count: int, most: int | None, unit: str) -> Ask | None:
    if most is None or count <= most:
        return None
    return Ask(rule=rule, what=f"it changes {count} {unit}, more than {most}")


def _dependencies(context: GateContext) -> Ask | None:
    where: list[str] = []
    names: list[str] = []
    for change in context.changes:
        entries = _entries(context, change)
        if entries is None or entries:
            where.append(readable(change.path))
            names += entries or ()
    if not where:
        return None
    what = "it adds or changes dependencies"
    if names:
        plain = (readable(name)[:80].replace("`", "'") for name in dict.fromkeys(names))
        shown = [f"`{name}`" for name in plain]
        more = f" and {len(shown) - _MOST_NAMES} more" if len(shown) > _MOST_NAMES else ""
        what += f": {', '.join(shown[:_MOST_NAMES])}{more}"
    return Ask(rule=Rule.DEPENDENCIES, what=what, where=tuple(where[:_MOST_PATHS]))


def _entries(context: GateContext, change: Change) -> tuple[str, ...] | None:
    """New or changed dependencies in one file; None: it changed, and can't be read further."""
    if _SUBMODULE in (change.old_mode, change.new_mode):
        return None
    if not is_manifest(change.path):
        return ()
    before = _text(context, context.merge_base, change.path, change.old_mode)
    after = _text(context, context.head, change.path, change.new_mode)
    if before is None or after is None:
        return None
    return changed_entries(change.path, before, after)


def _text(context: GateContext, commit: str, path: str, mode: str) -> str | None:
    """Empty where there is no file; None when it is no plain text of a usual size."""
    if mode == _NOTHING:
        return ""
    if mode not in _PLAIN_FILES:
        return None
    name, git_dir = f"{commit}:{path}", context.repository.path
    if int(run_git("cat-file", "-s", name, git_dir=git_dir)) > LARGEST_MANIFEST:
        return None
    try:
        return git_bytes("cat-file", "blob", name, git_dir=git_dir).decode()
    except UnicodeDecodeError:
        return None
