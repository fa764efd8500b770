"""Which item of a list is which issue of before: by its words, whatever its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rapidfuzz import fuzz, utils

from agent_os.domain.contract import Contract
from agent_os.policy.requirements.items import EPIC, SKELETON, Plan, Planned
from agent_os.policy.requirements.ordering import free_key, key_of

#: Of a hundred. Below it two texts are two requirements.
_SAME = 70.0
#: A list under another title is the same list when so much of it is.
_SAME_LIST = 0.5
_LONGEST_NAME = 30


class Stored(Contract):
    """An issue of an earlier plan. `done`: it was closed as completed."""

    item: Planned
    done: bool = False
    thought: bool = False
    """A model wrote it."""


def alike(one: Planned, other: Planned) -> float:
    """0 to 100. The words decide, not their order."""
    titles = fuzz.token_sort_ratio(one.title, other.title, processor=utils.default_process)
    wholes = fuzz.token_sort_ratio(one.whole, other.whole, processor=utils.default_process)
    return max(titles, wholes)


def pairs(items: Sequence[Planned], stored: Sequence[Stored]) -> dict[str, Stored]:
    """By an item's own key, the issue that it was before: the best pairs first, each once."""
    scored = [
        (_score(item, before), -place, item.key, before)
        for place, item in enumerate(items)
        for before in stored
    ]
    found: dict[str, Stored] = {}
    taken: set[str] = set()
    for score, _, key, before in sorted(scored, key=lambda one: one[:3], reverse=True):
        if score >= _SAME and key not in found and before.item.key not in taken:
            found[key] = before
            taken.add(before.item.key)
    return found


def _score(item: Planned, before: Stored) -> float:
    """The very same is better than what only has the same words."""
    if {item.key, before.item.key} & {SKELETON, EPIC}:
        return 200.0 if item.key == before.item.key else 0.0
    return alike(item, before.item) if _reads_otherwise(item, before.item) else 150.0


def keyed(plan: Plan, stored: Sequence[Stored]) -> Plan:
    """The plan with the keys of before. What was done and reads otherwise now is work anew."""
    found = pairs(plan.items, stored)
    taken = {before.item.key for before in stored}
    keys: dict[str, str] = {}
    for item in plan.items:
        before = found.get(item.key)
        if before is not None and not (before.done and _reads_otherwise(item, before.item)):
            keys[item.key] = before.item.key
            continue
        keys[item.key] = free_key(before.item.key if before else key_of(item.title), taken)
        if item.key == SKELETON and SKELETON not in taken:
            keys[item.key] = SKELETON
        taken.add(keys[item.key])
    items = [
        item.model_copy(
            update={
                "key": keys[item.key],
                "depends_on": tuple(keys[key] for key in item.depends_on),
            }
        )
        for item in plan.items
    ]
    return plan.model_copy(update={"items": tuple(items)})


def _reads_otherwise(item: Planned, before: Planned) -> bool:
    """Not by its order only, which changes nothing of what is done."""
    return (item.title, item.goal, item.criteria) != (before.title, before.goal, before.criteria)


def list_of(plan: Plan, lists: Mapping[str, Sequence[Stored]]) -> str:
    """The name of the list among the earlier ones, or a new one, by its title."""
    name = key_of(plan.title)[:_LONGEST_NAME].strip("-")
    if name in lists:
        return name
    for known, stored in lists.items():
        mine = [before for before in stored if before.item.key not in (EPIC, SKELETON)]
        both = min(len(mine), len(plan.items))
        if both and len(pairs(plan.items, mine)) / both >= _SAME_LIST:
            return known
    return name
