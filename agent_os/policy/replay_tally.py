"""Decisions counted: how many there were, and which come out otherwise."""

from __future__ import annotations

from dataclasses import dataclass, field

from agent_os.domain.contract import Contract

_MOST_EXAMPLES = 3
_MOST_ROWS = 100


@dataclass(frozen=True)
class Said:
    """One decision in words; `review` and `budget` of a start only."""

    kind: str
    plain: str
    review: str = ""
    budget: str = ""


class Difference(Contract):
    """One kind of decision that comes out otherwise."""

    decision: str
    """`routing`, `retry`, `budget`, `queue`, `review`, `triage`, `merge`."""
    recorded: str
    other: str
    count: int
    examples: tuple[str, ...]


class Replayed(Contract):
    """`decisions` and `same` by kind; `as_recorded`: how many the present rules decide as they
    were recorded, by kind."""

    decisions: dict[str, int]
    same: dict[str, int]
    as_recorded: dict[str, int]
    differences: tuple[Difference, ...]


@dataclass
class Tally:
    decisions: dict[str, int] = field(default_factory=dict[str, int])
    same: dict[str, int] = field(default_factory=dict[str, int])
    as_recorded: dict[str, int] = field(default_factory=dict[str, int])
    found: dict[tuple[str, str, str], list[str]] = field(
        default_factory=dict[tuple[str, str, str], list[str]]
    )

    def add(self, task: str, recorded: Said, other: Said, present: Said) -> None:
        kind = recorded.kind
        for name in ("plain", "review", "budget"):
            was, would, now = (getattr(said, name) for said in (recorded, other, present))
            if name != "plain" and not (was and would):
                continue  # it did not come to that
            label = kind if name == "plain" else name
            self.decisions[label] = self.decisions.get(label, 0) + 1
            self.same[label] = self.same.get(label, 0) + (was == would)
            self.as_recorded[label] = self.as_recorded.get(label, 0) + (was == now)
            if was != would:
                self.found.setdefault((label, was, would), []).append(task)

    def replayed(self) -> Replayed:
        order = sorted(self.found.items(), key=lambda item: (-len(item[1]), item[0]))
        return Replayed(
            decisions=self.decisions,
            same=self.same,
            as_recorded=self.as_recorded,
            differences=tuple(
                Difference(
                    decision=decision,
                    recorded=was,
                    other=would,
                    count=len(tasks),
                    examples=tuple(dict.fromkeys(tasks))[:_MOST_EXAMPLES],
                )
                for (decision, was, would), tasks in order[:_MOST_ROWS]
            ),
        )
