"""A list of requirements, split, ordered and given criteria by a model: its answer, and its limits.

The plan has the same form and limits as the one by rules. An answer that leaves a requirement out
or goes in a circle is no answer.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from agent_os.domain.contract import Contract
from agent_os.domain.triage import TYPES
from agent_os.policy.requirements.items import (
    LONGEST_TITLE,
    MOST_CRITERIA,
    MOST_ITEMS,
    Plan,
    Planned,
    Requirements,
)
from agent_os.policy.requirements.ordering import context_of, founded, in_order, keys_of
from agent_os.policy.thinking import fenced

_MOST_SOURCES = 20
_MOST_BEFORE = 60
_TASK = """\
# What to do

A person wrote down the requirements of a product. Make issues of them for coding agents: each is
one reviewed pull request, done by someone who sees the repository and can ask nobody.

- Take up every requirement, and nothing that none of them says or plainly implies.
- Split one that is too large for a pull request; put those together that can't be done apart.
- Order them so that each can be merged by itself. Let one wait for others only if it needs them.
- Give each one criteria that can be checked. Keep those that its requirement names.
- Keep the person's words for a title where they are clear: it is by its words that an issue is
  found again when the list changes.
"""


def _type(name: str) -> str:
    if name not in TYPES:
        raise ValueError(f"must be one of {', '.join(TYPES)}")
    return name


_Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=500)]


class SplitItem(Contract):
    """An issue."""

    title: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=3, max_length=LONGEST_TITLE)
    ] = Field(description="What is to be done, in a few words.")
    goal: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=3, max_length=3_000)
    ] = Field(description="What is true afterwards.")
    acceptance: tuple[_Line, ...] = Field(
        min_length=1, max_length=MOST_CRITERIA, description="Criteria, each a line."
    )
    type: Annotated[str, AfterValidator(_type)] = Field(
        description="The kind of work.", json_schema_extra={"enum": list(TYPES)}
    )
    sources: tuple[int, ...] = Field(
        min_length=1,
        max_length=_MOST_SOURCES,
        description="Numbers (from 0) of the requirements that it takes up.",
    )
    after: tuple[int, ...] = Field(
        max_length=_MOST_BEFORE,
        description="Places (from 0) of EARLIER issues of this answer that must be merged before.",
    )


class Split(Contract):
    """A plan."""

    items: tuple[SplitItem, ...] = Field(
        min_length=1, max_length=MOST_ITEMS, description="In an order in which they can be done."
    )

    @model_validator(mode="after")
    def _ordered(self) -> Split:
        for place, item in enumerate(self.items):
            if any(not 0 <= before < place for before in item.after):
                raise ValueError(f"issue {place} may only come after earlier ones")
        return self


def prompt(requirements: Requirements) -> str:
    """What the model is told: the same for the same list, so that it is asked once."""
    return fenced(_TASK, {"requirements": _numbered(requirements)})


def _numbered(requirements: Requirements) -> str:
    parts = [f"Title: {requirements.title}"]
    for place, item in enumerate(requirements.items):
        criteria = [f"  - {line}" for line in item.criteria]
        after = [f"  - depends on: {', '.join(item.after)}"] if item.after else []
        section = f" (section: {item.section})" if item.section else ""
        text = [f"  {line}" for line in item.text.splitlines()]
        name = f"{item.ref}: {item.title}" if item.ref else item.title
        parts += [f"[{place}] {name}{section}", *text, *criteria, *after]
    return "\n".join(parts)


def plan(split: Split, requirements: Requirements, skeleton: Planned | None) -> Plan | str:
    """The plan, or what is wrong with the answer."""
    named = {source for item in split.items for source in item.sources}
    if unknown := sorted(named - set(range(len(requirements.items)))):
        return f"the model names requirements that there are not: {unknown[:5]}"
    if missing := sorted(set(range(len(requirements.items))) - named):
        titles = "; ".join(requirements.items[place].title for place in missing[:3])
        return f"the model leaves out {len(missing)} requirements: {titles}"
    keys = keys_of([item.title for item in split.items])
    items = [
        Planned(
            key=keys[place],
            title=" ".join(item.title.split()),
            goal=item.goal,
            context=context_of(requirements.items[item.sources[0]], requirements),
            criteria=tuple(" ".join(line.split()) for line in item.acceptance),
            type=item.type,
            depends_on=tuple(keys[before] for before in dict.fromkeys(item.after)),
        )
        for place, item in enumerate(split.items)
    ]
    return Plan(
        title=requirements.title,
        items=founded(in_order(items), skeleton),
        notes=requirements.notes,
        thought=True,
    )
