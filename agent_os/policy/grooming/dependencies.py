"""What others say of a repository's dependencies, and what their files say by their age."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from agent_os.domain.contract import Contract
from agent_os.domain.signals import Severity, Signal
from agent_os.policy import texts
from agent_os.policy.grooming.tree import NO_FIGURE, Age, Tree, said

#: A lock file that was left alone for longer, while other files changed, is out of date.
_OLD_DAYS = 180
_WHILE_COMMITS = 5
_MOST_LISTED = 15
#: Files that pin versions, by their names.
_LOCKS = (
    *("package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", "poetry.lock"),
    *("pdm.lock", "uv.lock", "Pipfile.lock", "Cargo.lock", "go.sum", "Gemfile.lock"),
    *("composer.lock", "mix.lock"),
)
_REQUIREMENTS = re.compile(r"(?:^|/)(?:requirements[\w.-]*|constraints)\.(?:txt|lock)$")
_PIN = re.compile(
    r"(?m)^[ \t]*([A-Za-z0-9][\w.-]*)(?:\[[\w,.-]*\])?[ \t]*==[ \t]*([\w.!+-]+)[ \t]*(?:[;\\#].*)?$"
)
_VENDORED = re.compile(r"(?:^|/)(?:node_modules|vendor|third_party|\.venv|fixtures|testdata)/")


class Advisory(Contract):
    """A known hole in a version that is used."""

    package: str
    version: str = ""
    id: str
    fixed: str = ""
    """The first version without it; empty: none is known."""
    url: str = ""
    grave: bool = False


class Audit(Contract):
    """What one program said of one file. With a `problem` it said nothing that counts."""

    program: str
    file: str
    problem: str = ""
    found: tuple[Advisory, ...] = ()


def locks(listing: Mapping[str, int]) -> list[str]:
    """Files that pin versions, those at the top first."""
    found = [
        path
        for path in listing
        if (path.rpartition("/")[2] in _LOCKS or _REQUIREMENTS.search(path))
        and not _VENDORED.search(path)
    ]
    return sorted(found, key=lambda path: (path.count("/"), path))


def pins(text: str) -> dict[str, str]:
    """Version by package, of the lines of a requirements file that pin one. Options, addresses
    and other files that it names are left out: they would be obeyed."""
    return {name: version for name, version in _PIN.findall(text)}


def outdated(tree: Tree) -> list[Signal]:
    """By the commits' own times, without asking anybody: one signal for all files."""
    old = {path: age for path, age in tree.ages.items() if _old(path, age, tree)}
    if not old:
        return []
    lines = [
        f"- {tree.link(path)}: {age.days:.0f} days and {age.commits} commits"
        for path, age in list(old.items())[:_MOST_LISTED]
    ]
    shown = "\n".join(lines)
    problem = f"Files that pin dependencies were left alone while others changed:\n\n{shown}"
    return [
        tree.signal(
            "outdated_dependencies",
            title=f"Update the pinned dependencies in {said(list(old))}",
            problem=f"{problem}\n\n{NO_FIGURE}",
            proposal="Update what is pinned there, and make the tests pass with it.",
            acceptance=("The lock files are made anew with today's versions.", "All tests pass."),
            evidence=[f"`{texts.inline(path, 100)}` was left alone" for path in old],
            type="chore",
            rank=10,
        )
    ]


def _old(path: str, age: Age, tree: Tree) -> bool:
    pinned = not _REQUIREMENTS.search(path) or bool(pins(tree.texts.get(path, "")))
    return pinned and age.days > _OLD_DAYS and age.commits >= _WHILE_COMMITS


def vulnerable(tree: Tree, audits: Sequence[Audit]) -> list[Signal]:
    """One signal a file: its evidence grows with what is known of it."""
    return [_vulnerable(tree, audit) for audit in audits if audit.found and not audit.problem]


def _vulnerable(tree: Tree, audit: Audit) -> Signal:
    found = sorted(audit.found, key=lambda a: (not a.grave, a.package, a.id))[:_MOST_LISTED]
    packages = list(dict.fromkeys(one.package for one in found))
    grave = any(one.grave for one in audit.found)
    return tree.signal(
        "vulnerable_dependencies",
        of=audit.file,
        title=f"Update dependencies with known vulnerabilities: {said(packages, 3)}",
        problem=(
            f"`{audit.program}` knows {len(audit.found)} vulnerabilities of what "
            f"{tree.link(audit.file)} pins. {NO_FIGURE}"
        ),
        proposal="Update these packages to versions without them.",
        acceptance=(
            f"`{audit.program}` finds none of these in `{texts.inline(audit.file, 100)}`.",
            "All tests pass.",
        ),
        evidence=[_line(one) for one in found],
        type="chore",
        severity=Severity.URGENT if grave else Severity.WARN,
        rank=90 + 5 * grave,
    )


def _line(one: Advisory) -> str:
    name = texts.inline(f"{one.package} {one.version}".strip(), 80)
    fixed = f", fixed in {texts.inline(one.fixed, 40)}" if one.fixed else ", no version without it"
    plain = re.fullmatch(r"https://[\w./-]{1,200}", one.url)
    shown = texts.inline(one.id, 60)
    return f"{name}: {f'[{shown}]({one.url})' if plain else shown}{fixed}"
