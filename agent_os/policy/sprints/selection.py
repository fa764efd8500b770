"""Which issues go into the next sprint, and the reason for each in and out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from agent_os.domain.contract import Contract
from agent_os.policy import specs
from agent_os.policy.eligibility import find_cycle
from agent_os.policy.sprints.capacity import Capacity, Estimates
from agent_os.policy.sprints.objectives import Aim, served
from agent_os.policy.texts import inline

MOST_CHOSEN = 30
#: Of those left out so many are listed; the others are counted.
MOST_LISTED = 20
_PRIORITY = {2: 8.0, 1: 4.0, 0: 1.0, -1: 0.5}
_PRIORITY_WORDS = {2: "urgent", 1: "high priority", -1: "low priority"}
#: What an objective of weight 1 that is as far away as can be is worth.
_OBJECTIVE = 4.0
_OLD_DAYS = 90
#: Words that tell of changes which go wrong more often than others.
_RISKY = (
    *("migration", "migrate", "rewrite", "breaking", "security", "authentication", "payment"),
    *("concurrency", "race condition", "deadlock", "upgrade", "schema", "encryption"),
)
_LONG_TEXT = 4_000
_MANY_CRITERIA = 8


class Candidate(Contract):
    """An open issue that is no task."""

    number: int
    title: str
    body: str = ""
    labels: tuple[str, ...] = ()
    author: str = ""
    stranger: bool = False
    """Its author has no write permission."""
    created_at: datetime
    refused: str = ""
    """Why it is out whatever it is worth; empty: it may be chosen."""


class Item(Contract):
    """A line of the sprint. `by`: the person who ticked or unticked it; empty: it is our choice."""

    number: int
    title: str
    chosen: bool
    why: str
    points: float = 1.0
    value: float = 0.0
    type: str = "default"
    serves: tuple[str, ...] = ()
    needs: tuple[int, ...] = ()
    """Open issues that have to be done before."""
    by: str = ""
    at: datetime | None = None
    """When they did."""


class Selection(Contract):
    items: tuple[Item, ...]
    """Chosen ones first, in the order of the work; then the best of the others."""
    more: int = 0
    """Others that are not listed."""


class _Rated(Contract):
    issue: Candidate
    value: float
    points: float
    risk: float
    type: str
    usd: float | None
    serves: tuple[str, ...]
    needs: tuple[int, ...]
    said: str

    @property
    def score(self) -> float:
        return self.value / self.points * (1 - self.risk / 2)


def select(
    candidates: Sequence[Candidate],
    aims: Sequence[Aim],
    known: Estimates,
    room: Capacity,
    at_work: Mapping[int, str],
    now: datetime,
) -> Selection:
    """`at_work`: open issues that are tasks, and how they stand; they may be depended on."""
    rated = {c.number: _rate(c, aims, known, now) for c in candidates}
    order = sorted(rated.values(), key=lambda r: (-r.score, r.issue.number))
    picking = _Picking(rated, at_work, room.points)
    for one in order:
        picking.consider(one)
    return picking.result(order)


def _rate(issue: Candidate, aims: Sequence[Aim], known: Estimates, now: datetime) -> _Rated:
    spec = specs.parse(issue.title, issue.body, now, issue.labels)
    record = known.of(spec.type)
    serves = [a for a in served(aims, issue.title, issue.body, issue.labels) if a.distance > 0]
    rank = specs.priority(issue.labels)
    days = max(0.0, (now - issue.created_at).total_seconds() / 86_400)
    value = _PRIORITY[rank] + min(days / _OLD_DAYS, 1.0)
    value += sum(_OBJECTIVE * aim.weight * aim.distance for aim in serves)
    criteria = sum(
        line.lstrip().startswith(("-", "*", "+")) for line in spec.acceptance.splitlines()
    )
    large = len(issue.body) > _LONG_TEXT or criteria > _MANY_CRITERIA
    points = round(record.points * (1.5 if large else 1.0), 2)
    text = f"{issue.title}\n{issue.body}".lower()
    risky = [word for word in _RISKY if word in text]
    risk = min(1.0, record.failed + 0.25 * bool(risky) + 0.25 * large)
    parts = [
        _PRIORITY_WORDS.get(rank, ""),
        "serves " + ", ".join(aim.words for aim in serves[:3]) if serves else "",
        f"{days:.0f} days old" if days >= 1 else "",
        _counted(points),
        f"about ${record.usd:.2f}" if record.usd else "",
        _risk_words(risk, risky, record.given_up, record.done + record.given_up, large=large),
    ]
    return _Rated(
        issue=issue,
        value=round(value, 3),
        points=points,
        risk=risk,
        type=spec.type,
        usd=record.usd,
        serves=tuple(aim.name for aim in serves),
        needs=tuple(n for n in spec.depends_on if n != issue.number),
        said=", ".join(part for part in parts if part),
    )


def _counted(points: float) -> str:
    return f"{points:g} {'point' if points == 1 else 'points'}"


def _risk_words(risk: float, risky: Sequence[str], failed: int, of: int, *, large: bool) -> str:
    causes = [f"`{risky[0]}`"] if risky else []
    causes += ["a long text"] if large else []
    causes += [f"{failed} of {of} of its type did not end well"] if failed else []
    grade = "high" if risk >= 0.5 else "some" if risk >= 0.25 else "low"
    return f"{grade} risk" + (f" ({', '.join(causes)})" if causes and grade != "low" else "")


class _Picking:
    """Goes through the issues from the best on; a chosen one takes what it depends on along."""

    def __init__(
        self, rated: Mapping[int, _Rated], at_work: Mapping[int, str], room: float
    ) -> None:
        self.rated = rated
        self.at_work = at_work
        self.left = room
        self.chosen: dict[int, Item] = {}
        self.out: dict[int, str] = {}
        self.depends_on = {number: one.needs for number, one in rated.items()}

    def consider(self, one: _Rated) -> None:
        number = one.issue.number
        if number in self.chosen:
            return
        chain, problem = self._chain(number)
        new = [n for n in chain if n not in self.chosen]
        asked = sum(self.rated[n].points for n in new)
        if not problem and len(self.chosen) + len(new) > MOST_CHOSEN:
            problem = f"a sprint has at most {MOST_CHOSEN} issues"
        if not problem and asked > self.left + 1e-9:
            left = max(0.0, self.left)
            problem = f"no room: it takes {_counted(asked)}, {left:.1f} are left"
        if problem:
            self.out[number] = problem
            return
        self.left -= asked
        for n in new:
            pulled = "" if n == number else f"needed by #{number}; "
            self.chosen[n] = self._item(self.rated[n], chosen=True, why=pulled)
            self.out.pop(n, None)

    def _chain(self, number: int) -> tuple[list[int], str]:
        """(what has to be done with it, itself last; why it can't be)."""
        if cycle := find_cycle(number, self.depends_on):
            return [], "a cycle of `Depends on`: " + " → ".join(f"#{n}" for n in cycle)
        done: list[int] = []
        todo = [number]
        while todo:
            current = todo[-1]
            if refused := self.rated[current].issue.refused:
                mine = current == number
                return [], refused if mine else f"it depends on #{current}, which is out: {refused}"
            needs = [n for n in self.rated[current].needs if n not in done]
            needs = [n for n in needs if n in self.rated]
            if needs:
                todo.append(needs[0])
                if len(todo) > len(self.rated):
                    return [], "a cycle of `Depends on` below it"
            else:
                done.append(todo.pop())
        return list(dict.fromkeys(done)), ""

    def _item(self, one: _Rated, *, chosen: bool, why: str) -> Item:
        waits = [f"#{n} ({self.at_work[n]})" for n in one.needs if n in self.at_work]
        after = f"; waits for {', '.join(waits)}" if waits and chosen else ""
        who = "; by someone without write permission: read it first" if one.issue.stranger else ""
        return Item(
            number=one.issue.number,
            title=inline(one.issue.title, 120),
            chosen=chosen,
            why=f"{why}{one.said if chosen or not why else ''}{after}{who if chosen else ''}",
            points=one.points,
            value=one.value,
            type=one.type,
            serves=one.serves,
            needs=tuple(n for n in one.needs if n in self.rated or n in self.at_work),
        )

    def result(self, order: Sequence[_Rated]) -> Selection:
        out = [o for o in order if o.issue.number not in self.chosen]
        listed = [
            self._item(o, chosen=False, why=self.out[o.issue.number]) for o in out[:MOST_LISTED]
        ]
        items = (*self.chosen.values(), *listed)
        return Selection(items=items, more=max(0, len(out) - MOST_LISTED))
