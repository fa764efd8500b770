"""What the code itself asks for: notes left in it, tests switched off, modules without tests, and
a README that does not say how to run it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from agent_os.domain.signals import Signal
from agent_os.policy.grooming.tree import (
    FEW_FILES,
    NO_FIGURE,
    Tree,
    is_source,
    is_test,
    quote,
    said,
)

_NOTE = re.compile(
    r"(?:#|//|/\*|^\s*\*|--|<!--|;)[^\n]{0,200}?\b(?:TODO|FIXME|HACK|XXX)\b[^\n]{0,200}"
)
_SKIPPED = re.compile(
    # Those with a condition are left out: they run somewhere. Only what begins a line: a test of
    # such a line has it in a string.
    r"^\s*(?:@pytest\.mark\.skip\b|pytestmark\s*=\s*pytest\.mark\.skip\b|@unittest\.skip\(|@skip\("
    r"|(?:it|test|describe)\.skip\s*\(|(?:xit|xtest|xdescribe)\s*\(|t\.Skip(?:Now)?\("
    r"|#\[ignore|@(?:Disabled|Ignore)\b)"
)
_RUNS = re.compile(
    r"(?im)^.{0,300}\b(?:install\w*|usage|getting started|quick ?start|run(?:ning)?|"
    r"build\w*|develop\w*|how to)\b|^```|^(?: {4}|\t)\$? ?\w+"
)
_README = re.compile(r"(?i)^(?:docs/)?readme(?:\.\w+)?$")
_CLUSTER = 5
_MOST_CLUSTERS = 3
_MOST_LISTED = 10
_FEW_UNTESTED = 3
#: A module may be tested by way of another one.
_SHARE_UNTESTED = 0.2
_SHORT_MODULE = 600  # bytes
_HARDLY_A_MODULE = (
    *("__init__", "__main__", "main", "index", "setup", "conftest", "types", "version"),
    *("constants", "mod", "lib"),
)
_LONGEST_LINE = 500


def candidates(tree: Tree) -> list[Signal]:
    return [*_notes(tree), *_skipped(tree), *_untested(tree), *_readme(tree)]


def _notes(tree: Tree) -> list[Signal]:
    """Clusters by folder: a note here and there is nobody's task."""
    folders: dict[str, list[tuple[str, int, str]]] = defaultdict(list)
    for path, text in tree.sources().items():
        for line, found in _lines(text, _NOTE):
            folders["/".join(path.split("/")[:-1][:2])].append((path, line, found))
    largest = sorted(folders.items(), key=lambda item: (-len(item[1]), item[0]))
    return [
        _note_signal(tree, folder, notes)
        for folder, notes in largest[:_MOST_CLUSTERS]
        if len(notes) >= _CLUSTER
    ]


def _note_signal(tree: Tree, folder: str, notes: list[tuple[str, int, str]]) -> Signal:
    where = f"`{_name(folder)}/`" if folder else "the top folder"
    shown = "\n".join(
        f"- {tree.link(path, line)}: {quote(text)}" for path, line, text in notes[:_MOST_LISTED]
    )
    files = list(dict.fromkeys(path for path, _, _ in notes))
    return tree.signal(
        "todo_cluster",
        of=folder,
        title=f"Settle the notes that were left in {folder or 'the code'}",
        problem=f"{len(notes)} notes (`TODO`, `FIXME`) stand in {where}:\n\n{shown}\n\n{NO_FIGURE}",
        proposal="Do what they say where it is small; take out those that no longer hold.",
        acceptance=(f"Fewer than {_CLUSTER} such notes are left in {where}.", "All tests pass."),
        evidence=[f"{where}, in {said(files, 3)}"],
        type="refactor",
        rank=20 + min(9.0, len(notes) / 5),
    )


def _skipped(tree: Tree) -> list[Signal]:
    found = [
        (path, line, text)
        for path, content in tree.tests().items()
        for line, text in _lines(content, _SKIPPED)
    ]
    if not found:
        return []
    shown = "\n".join(
        f"- {tree.link(path, line)}: {quote(text)}" for path, line, text in found[:_MOST_LISTED]
    )
    files = list(dict.fromkeys(path for path, _, _ in found))
    return [
        tree.signal(
            "skipped_tests",
            title=f"Run the tests that are switched off in {said(files)}",
            problem=f"{len(found)} tests are switched off without a condition:\n\n{shown}",
            proposal="Mend what they test and switch them on; take out those that test nothing.",
            acceptance=("No test is switched off without a condition.", "All tests pass."),
            evidence=[f"{tree.link(path).partition('](')[0].lstrip('[')}" for path in files[:20]],
            type="tests",
            figure=tree.figure("survival"),
            rank=40 + min(9.0, len(found) / 2),
        )
    ]


def _untested(tree: Tree) -> list[Signal]:
    """Modules that no test names, where there are tests; or that there are none at all."""
    modules = {
        path: _module(path)
        for path in tree.sources()
        if tree.listing.get(path, 0) >= _SHORT_MODULE and _module(path) not in _HARDLY_A_MODULE
    }
    if len(tree.sources()) < FEW_FILES or any(
        is_source(path) and is_test(path) and path not in tree.texts for path in tree.listing
    ):
        return []  # a sketch; or not all tests could be read
    tests = tree.tests()
    named = set(re.findall(r"[A-Za-z_][\w-]*", "\n".join(tests.values())))
    named |= {_module(path) for path in tests}
    missing = [path for path, name in modules.items() if not _is_named(name, named)]
    few = max(_FEW_UNTESTED, _SHARE_UNTESTED * len(modules)) if tests else 1
    if len(missing) < few:
        return []
    missing.sort(key=lambda path: -tree.listing.get(path, 0))
    of = len(modules)
    shown = "\n".join(f"- {tree.link(path)}" for path in missing[:_MOST_LISTED])
    which = f"{len(missing)} of {of} modules are named by no test" if tests else "There is no test"
    return [
        tree.signal(
            "missing_tests",
            title=f"Write tests for {said([_module(p) for p in missing], 3)}",
            problem=f"{which}. The largest:\n\n{shown}",
            proposal="Write tests that would fail if these modules did something else.",
            acceptance=tuple(f"`{_name(path)}` is tested." for path in missing[:3]),
            evidence=[f"`{_name(path)}`" for path in missing[:3]],
            type="tests",
            figure=tree.figure("survival"),
            rank=25.0,
        )
    ]


def _is_named(name: str, named: set[str]) -> bool:
    plain = name.replace("-", "_")
    return bool({name, plain, f"test_{plain}", f"{plain}_test"} & named)


def _module(path: str) -> str:
    return path.rpartition("/")[2].partition(".")[0]


def _readme(tree: Tree) -> list[Signal]:
    if sum(is_source(path) for path in tree.listing) < FEW_FILES:
        return []
    found = next((path for path in sorted(tree.listing) if _README.match(path)), "")
    if found and (found not in tree.texts or _RUNS.search(tree.texts[found])):
        return []
    lacks = f"{tree.link(found)} does not say how to run it" if found else "There is no README"
    return [
        tree.signal(
            "missing_docs",
            title="Say in the README how to install, run and test this",
            problem=f"{lacks}.",
            proposal="A newcomer gets from a fresh clone to a running program by copying commands.",
            acceptance=("The README has the commands to install, run and test.",),
            evidence=["no README" if not found else f"`{quote(found)}` has no commands"],
            type="docs",
            figure=tree.figure("first_attempt"),
            rank=15.0,
        )
    ]


def _name(path: str) -> str:
    """For a code span, which a name may hold the end of."""
    return quote(path).replace("`", "'")


def _lines(text: str, pattern: re.Pattern[str]) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.splitlines(), 1):
        if len(line) <= _LONGEST_LINE and pattern.search(line):
            yield number, line
