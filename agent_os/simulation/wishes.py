"""What people ask for: issues with titles, texts and types, each different from the others."""

from __future__ import annotations

from dataclasses import dataclass

from agent_os.simulation.choices import Choices

_TYPES = (
    ("implementation", "enhancement", 6.0),
    ("debugging", "bug", 3.0),
    ("tests", "tests", 1.0),
    ("docs", "documentation", 1.0),
    ("refactor", "refactor", 1.0),
)
_VERBS = {
    "implementation": ("Add", "Support", "Offer", "Let users choose"),
    "debugging": ("Fix", "Stop", "Repair", "Do not lose"),
    "tests": ("Cover", "Test", "Check"),
    "docs": ("Document", "Explain", "Describe"),
    "refactor": ("Split", "Simplify", "Tidy", "Move"),
}
_THINGS = (
    *("CSV export", "password reset", "invoice totals", "search filters", "session timeout"),
    *("image upload", "audit trail", "retry queue", "webhook signature", "currency rounding"),
    *("time zones", "pagination", "bulk delete", "dark mode", "mail digest", "rate limiter"),
    *("feature flags", "import wizard", "calendar feed", "tag merging", "draft autosave"),
    *("address book", "coupon codes", "login throttling", "map tiles", "voice notes"),
)
_WHERE = (
    *("on the dashboard", "in the mobile view", "for administrators", "for guests"),
    *("in the nightly job", "behind the proxy", "for large accounts", "in the public API"),
    *("on the settings page", "for archived projects", "during sign-up", "in the worker"),
    *("after an upgrade", "with two tabs open", "over slow networks", "in the command line"),
)
_WHY = (
    "Support has heard of it from {n} customers since {when}.",
    "It costs the operations team about {n} minutes {when}.",
    "We promised it to a partner; {n} of their users wait for it.",
    "The old way breaks about {n} times {when}.",
)
_WHEN = ("each Monday", "in March", "a week", "since the last release", "per release", "a day")
#: In other words, the same.
_AGAIN = ("please", "again", "(still open?)", "asap")


@dataclass(frozen=True)
class Wish:
    title: str
    body: str
    type: str
    label: str
    difficulty: float = 0.0


class Wishes:
    """Of one repository: no thing at one place is asked for twice, but by `again`."""

    def __init__(self, choices: Choices) -> None:
        self._choices = choices
        self._seen: set[tuple[str, str]] = set()
        self.asked: list[Wish] = []

    def next(self, difficulty: float) -> Wish:
        choices = self._choices
        kind, label, _ = choices.weighted([(one, one[2]) for one in _TYPES])
        thing, where = choices.pick(_THINGS), choices.pick(_WHERE)
        while (thing, where) in self._seen and len(self._seen) < len(_THINGS) * len(_WHERE):
            thing, where = choices.pick(_THINGS), choices.pick(_WHERE)
        self._seen.add((thing, where))
        why = choices.pick(_WHY).format(n=choices.number(2, 90), when=choices.pick(_WHEN))
        body = f"{why}\n\n## Goal\n{thing} {where} works as people expect.\n"
        if choices.chance(0.9):
            case = choices.number(100, 999)
            body += f"\n## Acceptance criteria\n- Case {case} of {thing} is covered by a test.\n"
        wish = Wish(f"{choices.pick(_VERBS[kind])} {thing} {where}", body, kind, label, difficulty)
        self.asked.append(wish)
        return wish

    def again(self, difficulty: float) -> Wish:
        """One of the last ones, by somebody who has not seen it."""
        old = self._choices.pick(self.asked[-8:])
        title = f"{old.title} {self._choices.pick(_AGAIN)}"
        return Wish(title, old.body, old.type, old.label, difficulty)
