"""What the groomer says on issues."""

from __future__ import annotations

from collections.abc import Sequence

from agent_os.policy import texts
from agent_os.policy.grooming.backlog import Item, Landed

#: For so long after its comment nothing is closed.
CLOSE_AFTER_DAYS = 7
_ANSWER = "Any answer or change of yours ends this: the same is not proposed again on this issue."


def listed(names: Sequence[str]) -> str:
    """Names of labels, variables or files, as code."""
    shown = [f"`{texts.inline(name, 60).replace('`', '')}`" for name in names[:10]]
    more = f" and {len(names) - 10} more" if len(names) > 10 else ""
    return ", ".join(shown) + more


def stale(days: int, *, ours: bool) -> str:
    wrote = " It was opened by this program." if ours else ""
    return (
        f"Nothing happened here for {days} days, and nobody plans it by a milestone or as an "
        f"assignee.{wrote} Is it still wanted?\n\n- If so, a word or a label is enough.\n"
        f"- If not, it can be closed.\n\n{_ANSWER}"
    )


def closing(body: str) -> str:
    """The same, where it will be closed."""
    return f"{body}\n\nWithout an answer it is closed in {CLOSE_AFTER_DAYS} days or later."


def duplicate(item: Item, other: Item, score: float, *, sure: bool) -> str:
    how = "says the same as" if sure else "seems to be about the same as"
    state = "" if other.open else f", which was closed as {other.reason or 'completed'}"
    then = (
        "If that is so, close one of them as a duplicate."
        if other.open
        else "If it came back, say here what is different now."
    )
    return (
        f"This {how} #{other.number}{state}: “{texts.inline(other.title, 120)}”. "
        f"Their texts are {score:.0%} alike.\n\n{then} {_ANSWER}"
    )


def solved(item: Item, by: Landed, repo: str, *, named: bool) -> str:
    how = "names this issue as done" if named else "has the title of this issue"
    return (
        f"{repo}@{by.sha} of {by.at:%Y-%m-%d} {how}: “{texts.inline(by.subject, 160)}”. "
        f"If nothing is left to do, this can be closed.\n\n{_ANSWER}"
    )


def wrong_label(said: str) -> str:
    return (
        f"The labels do not fit: {said}. Which agents get an issue, and how their result is judged,"
        f" follows from its type.\n\n{_ANSWER}"
    )


def oversized(criteria: int, paths: int, risks: Sequence[str]) -> str:
    about = f" and concerns {', '.join(risks)}" if risks else ""
    return (
        f"This has {criteria} acceptance criteria, names {paths} files{about}. As one change it "
        "would be hard to review and to take back. Several issues with `Depends on #N` lines, "
        f"each with its own criteria, are worked on one after the other.\n\n{_ANSWER}"
    )


def unblocked(gone: str, ready: str) -> str:
    return (
        f"What this waited for has ended: {gone}. The label `{ready}` lets the work go on."
        f"\n\n{_ANSWER}"
    )


def cycle(shown: str) -> str:
    return (
        f"These issues wait for each other, so that none of them can begin: {shown}. It ends when "
        f"one `Depends on` line of the cycle is removed.\n\n{_ANSWER}"
    )
