"""What needs a person's word before it is merged: the owner's rules, and what a result asks for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Literal, TypeVar

from pydantic import Field

from agent_os.domain.contract import Contract
from agent_os.domain.paths import PathPattern

_Number = TypeVar("_Number", int, float)


class Rule(StrEnum):
    """Keys of `approvals` in config.yaml."""

    PATHS = "paths"
    DEPENDENCIES = "dependencies"
    WORKFLOWS = "workflows"
    STEERING = "steering"
    CHANGED_FILES = "changed_files"
    CHANGED_LINES = "changed_lines"
    USD = "usd"
    FIRST_MERGES = "first_merges"


class Ask(Contract):
    """One rule that a result meets; at most one a rule."""

    rule: Rule
    what: str
    """For people, with the figure or the names that show it."""
    where: tuple[str, ...] = ()
    """Paths, bounded."""


class ApprovalRules(Contract):
    """The owner's word. A number of None: never asks by it."""

    paths: tuple[PathPattern, ...] = ()
    dependencies: bool = True
    workflows: Literal["ask", "forbid"] = "forbid"
    steering: bool = True
    """Files that agent programs take orders from: the next agent would follow them."""
    changed_files: int | None = Field(default=50, ge=0)
    changed_lines: int | None = Field(default=800, ge=0)
    usd: float | None = Field(default=3, ge=0)
    first_merges: int = Field(default=0, ge=0, le=1000)


class AddedApprovals(Contract):
    """What a repository's own file adds; it takes nothing away."""

    paths: tuple[PathPattern, ...] = ()
    dependencies: bool = False
    workflows: Literal["ask", "forbid"] = "ask"
    steering: bool = False
    changed_files: int | None = Field(default=None, ge=0)
    changed_lines: int | None = Field(default=None, ge=0)
    usd: float | None = Field(default=None, ge=0)
    first_merges: int = Field(default=0, ge=0, le=1000)


def narrowed(rules: ApprovalRules, added: AddedApprovals | ApprovalRules) -> ApprovalRules:
    """Both: of each rule the stricter one, of paths all."""
    forbid = "forbid" in (rules.workflows, added.workflows)
    return ApprovalRules(
        paths=tuple(dict.fromkeys((*rules.paths, *added.paths))),
        dependencies=rules.dependencies or added.dependencies,
        workflows="forbid" if forbid else "ask",
        steering=rules.steering or added.steering,
        changed_files=_smaller(rules.changed_files, added.changed_files),
        changed_lines=_smaller(rules.changed_lines, added.changed_lines),
        usd=_smaller(rules.usd, added.usd),
        first_merges=max(rules.first_merges, added.first_merges),
    )


def covered(asked: ApprovalRules | None, now: ApprovalRules) -> bool:
    """Whether a result that was held against `asked` meets no rule of `now` unseen."""
    if asked is None:
        return False
    both = narrowed(asked, now)
    return _found_in_commits(both) == _found_in_commits(asked) and not (
        now.workflows == "forbid" and asked.workflows == "ask"
    )


def _found_in_commits(rules: ApprovalRules) -> tuple[object, ...]:
    return (
        *(rules.dependencies, rules.steering),
        *(rules.changed_files, rules.changed_lines, frozenset(rules.paths)),
    )


def _smaller(one: _Number | None, other: _Number | None) -> _Number | None:
    known = [n for n in (one, other) if n is not None]
    return min(known) if known else None


class Approval(Contract):
    """A person's word on one commit."""

    by: str
    how: Literal["review", "label", "comment"]
    at: datetime


class Asked(Contract):
    """What the commit `head` was found to need, as it was said on the pull request."""

    head: str
    asks: tuple[Ask, ...]


class LabelAct(Contract):
    """The approving label was set on or taken off our pull request."""

    actor: str
    at: datetime
    on: bool


class PullComment(Contract):
    """A comment on our pull request; `editor` is empty when it was never edited."""

    id: int
    author: str
    body: str
    at: datetime
    editor: str = ""


class Words(Contract):
    """All on a pull request, besides reviews, that may be an approval."""

    node: str = ""
    """The pull request's id in GraphQL."""
    labelled: bool = False
    """It carries the approving label now."""
    label_acts: tuple[LabelAct, ...] = ()
    """Oldest first, the newest ones only."""
    comments: tuple[PullComment, ...] = ()
    """Oldest first, the newest ones only."""


def rules_met(asks: Sequence[Ask]) -> str:
    """The names of the rules, for people."""
    return ", ".join(ask.rule.value for ask in asks)
