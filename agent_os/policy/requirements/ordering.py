"""From requirements to a plan by rules: keys, types, criteria, and what comes before what.

An item waits for those that it names, and in a numbered list for the one before it. A heading
makes no order: the items of two sections can be done side by side unless they say otherwise.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from rapidfuzz import fuzz, utils

from agent_os.domain.errors import BadInput
from agent_os.policy.eligibility import find_cycle
from agent_os.policy.requirements.items import (
    EPIC,
    LONGEST_LINE,
    SKELETON,
    Plan,
    Planned,
    Requirement,
    Requirements,
)

_LONGEST_KEY = 40
_SHOWN = "it can be shown, by a test that fails without it"
#: Of a hundred: a name of another item is not always written as it stands there.
_SAME_NAME = 80
#: The first words decide; what is none of these is built.
_TYPES = (
    ("docs", r"(?i)^(document|describe|write (the |a )?(docs|documentation|readme|manual))\b"),
    ("tests", r"(?i)^(test|cover|add (unit |integration )?tests?)\b"),
    ("debugging", r"(?i)^(fix|repair|mend)\b"),
    ("refactor", r"(?i)^(refactor|restructure|simplify|clean up)\b"),
    ("chore", r"(?i)^(upgrade|bump|rename|update (the )?dependenc)"),
)


def plan(requirements: Requirements, skeleton: Planned | None = None) -> Plan:
    """Without a model. `skeleton` goes first, and everything waits for it.

    BadInput: the list asks for a circle, or for something that is not in it.
    """
    keys = keys_of([item.title for item in requirements.items])
    before = [
        _before(place, item, requirements.items) for place, item in enumerate(requirements.items)
    ]
    items = [
        Planned(
            key=keys[place],
            title=item.title,
            goal=item.text or item.title,
            context=context_of(item, requirements),
            criteria=item.criteria or (derived(item.title, item.type or _type(item.title)),),
            type=item.type or _type(item.title),
            depends_on=tuple(keys[other] for other in before[place]),
        )
        for place, item in enumerate(requirements.items)
    ]
    return Plan(
        title=requirements.title,
        items=founded(in_order(items), skeleton),
        notes=requirements.notes,
    )


def founded(items: Sequence[Planned], skeleton: Planned | None) -> tuple[Planned, ...]:
    """All that waits for nothing else waits for the skeleton."""
    if skeleton is None:
        return tuple(items)
    rest = [
        item if item.depends_on else item.model_copy(update={"depends_on": (skeleton.key,)})
        for item in items
    ]
    return (skeleton, *rest)


def skeleton(title: str, test: str) -> Planned:
    """The first issue of an empty repository. `test`: the command of its `.agent-os.yaml`."""
    return Planned(
        key=SKELETON,
        title="Walking skeleton: the smallest program that runs, with a test",
        goal=(
            f"The smallest program of {title} that does one thing from end to end, with the "
            "layout that the other issues build on: source, tests, and how to run both."
        ),
        context="The repository is empty. Everything else of the plan is built on this.",
        criteria=(
            f"`{test}` runs the tests, and passes",
            "at least one test runs the program as its user would",
            "README.md says how to run the program and its tests",
        ),
    )


def derived(title: str, task_type: str) -> str:
    """A criterion for an item that names none."""
    how = "it can be read in the repository" if task_type == "docs" else _SHOWN
    return f"{how}: {title}"[:LONGEST_LINE]


def in_order(items: Sequence[Planned]) -> list[Planned]:
    """Each after all that it depends on, else as they stand. BadInput for a circle."""
    left, done, found = list(items), set[str](), list[Planned]()
    while left:
        ready = next((item for item in left if set(item.depends_on) <= done), None)
        if ready is None:
            raise BadInput(f"The list goes in a circle: {_circle(left)}.")
        left.remove(ready)
        done.add(ready.key)
        found.append(ready)
    return found


def _circle(items: Sequence[Planned]) -> str:
    numbers = {item.key: place for place, item in enumerate(items)}
    edges = {
        place: tuple(numbers[key] for key in item.depends_on if key in numbers)
        for place, item in enumerate(items)
    }
    circles = (find_cycle(place, edges) for place in edges)
    path = next((circle for circle in circles if circle), ())
    return " → ".join(items[place].title for place in path)


def key_of(title: str) -> str:
    """Letters, digits and dashes."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:_LONGEST_KEY].strip("-")
    return name or "item"


def keys_of(titles: Sequence[str]) -> list[str]:
    """A key for each, all different."""
    taken, found = {SKELETON, EPIC}, list[str]()
    for title in titles:
        found.append(free_key(key_of(title), taken))
        taken.add(found[-1])
    return found


def free_key(key: str, taken: set[str]) -> str:
    """The key, with a number behind it where it is taken."""
    number, made = 1, key
    while made in taken:
        number += 1
        made = f"{key}-{number}"
    return made


def _before(place: int, item: Requirement, items: Sequence[Requirement]) -> list[int]:
    found = [place - 1] if item.follows and not item.after else []
    found += [_named(words, item, items) for words in item.after]
    if place in found:
        raise BadInput(f"`{item.title}` depends on itself.")
    return list(dict.fromkeys(found))


def _named(words: str, item: Requirement, items: Sequence[Requirement]) -> int:
    """The place of the item that is meant by a number, an id or its title."""
    ref = words.strip("`*_#. ").lower()
    called = [place for place, other in enumerate(items) if other.ref.lower() == ref]
    # Each section may have a number 1.
    near = [place for place in called if items[place].section == item.section]
    for found in (near, called):
        if len(found) == 1:
            return found[0]
    words_of = utils.default_process
    ranked = [fuzz.token_sort_ratio(ref, other.title, processor=words_of) for other in items]
    best = max(range(len(ranked)), key=ranked.__getitem__)
    if called or ranked[best] < _SAME_NAME:
        why = "which several are called" if called else "which is not in the list"
        raise BadInput(
            f"`{item.title}` depends on `{words[:80]}`, {why}.",
            next_step="Name another item by its number, its id, or its title.",
        )
    return best


def _type(title: str) -> str:
    found = (name for name, pattern in _TYPES if re.search(pattern, title))
    return next(found, "implementation")


def context_of(item: Requirement, requirements: Requirements) -> str:
    """Where it stands in the list, and what is said there."""
    if not item.section:
        return ""
    said = requirements.sections.get(item.section, "")
    return f"{item.section}: {said}" if said else item.section
