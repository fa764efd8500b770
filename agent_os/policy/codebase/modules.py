"""The modules of a repository: folders of code with what they say of themselves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import PurePosixPath

from agent_os.policy.codebase.reading import Tree, about, code, is_test, quiet

_MOST = 60
_MOST_FILES = 40
"""Of a small repository, files are shown as well."""
_DEEPEST = 3
_SHOWN_NAMES = 4
_SPOKESMEN = (
    "__init__.py",
    "doc.go",
    "lib.rs",
    "mod.rs",
    "main.rs",
    "main.go",
    "index.ts",
    "index.js",
)
_READMES = ("README.md", "readme.md", "README.rst", "README.txt", "README")


def modules(tree: Tree) -> list[str]:
    """A line of Markdown each, in the order of their paths."""
    sources = [path for path in tree.sources() if not is_test(path)]
    folders = _folders(sources)
    lines = {folder: _folder(tree, folder, sources) for folder in folders}
    if len(sources) <= _MOST_FILES:
        lines |= {path: _file(tree, path) for path in sources}
    else:
        lines |= {path: _file(tree, path) for path in sources if "/" not in path}
    said = [f"- {code(path)}{lines[path]}" for path in sorted(lines) if lines[path] is not None]
    return said[:_MOST]


def _folders(sources: Sequence[str]) -> list[str]:
    """Those with code in or below them; the larger ones, when there are many."""
    size: Counter[str] = Counter()
    for path in sources:
        parts = path.split("/")[:-1][:_DEEPEST]
        size.update("/".join(parts[: n + 1]) + "/" for n in range(len(parts)))
    direct = {path.rpartition("/")[0] + "/" for path in sources if "/" in path}
    # A folder with nothing but one other in it says nothing by itself.
    own = [folder for folder in size if folder in direct or folder.count("/") == 1]
    ranked = sorted(own, key=lambda folder: (folder.count("/"), -size[folder], folder))
    return ranked[:_MOST]


def _folder(tree: Tree, folder: str, sources: Sequence[str]) -> str | None:
    for name in (*_SPOKESMEN, *_READMES):
        text = tree.texts.get(folder + name, "")
        if said := about(folder + name, text):
            return f": {said}"
    inside = [p.removeprefix(folder) for p in sources if p.startswith(folder)]
    names = sorted({name for name in inside if "/" not in name and name not in _SPOKESMEN})
    if not names:
        return None
    # How many there are besides would change with every file that is added.
    more = ", …" if len(names) > _SHOWN_NAMES else ""
    return f": {', '.join(code(name) for name in names[:_SHOWN_NAMES])}{more}"


def _file(tree: Tree, path: str) -> str | None:
    if PurePosixPath(path).name in _SPOKESMEN and "/" in path:
        return None  # its folder says it
    said = about(path, tree.texts.get(path, ""))
    return f": {quiet(said)}" if said else ""
