"""People who act at random, by a seed. What they meant may fail: what happened is on the hub."""

from __future__ import annotations

import random
import shutil
from collections import Counter
from collections.abc import Callable
from typing import Any

from tests.e2e.people import People

from .works import Works

STATES = ("Ready", "In Progress", "In Review", "Blocked")
_FOLDERS = ("inbox", "processing", "review", "blocked", "done", "cancelled")


class Crowd:
    """alice owns everything; bob may write too."""

    def __init__(self, works: Works, seed: int) -> None:
        self.works = works
        self.chance = random.Random(seed)
        self.people = {repo: People(works.hub, repo) for repo in works.repos}
        self.issues: list[tuple[str, int]] = []
        self.acts: Counter[str] = Counter()
        #: Most acts leave the work to go on; those that end it are rarer.
        self._acts: list[tuple[int, Callable[[People, int], None]]] = [
            (3, self._comment),
            (3, self._relabel),
            (3, self._edit),
            (3, self._other_label),
            (2, self._ask_for_changes),
            (2, self._push),
            (2, self._hold_and_release),
            (2, self._move_file),
            (1, self._close),
            (1, self._unlabel),
            (1, self._merge),
            (1, self._close_pull),
            (1, self._delete_branch),
            (1, self._draft_and_back),
        ]

    def file_issue(self) -> None:
        """One more issue, ready to be worked on."""
        repo = self.works.repos[len(self.issues) % len(self.works.repos)]
        title = f"Task {len(self.issues)}"
        number = self._stubborn(lambda: self.people[repo].issue(title, "## Goal\nWork.\n"))
        self._stubborn(lambda: self.people[repo].label(number, "Ready"))
        self.issues.append((repo, number))

    def is_asked(self, repo: str, number: int) -> bool:
        """Whether the issue still says `Ready`."""
        return "Ready" in self.people[repo].labels(number)

    def act(self) -> None:
        """Somebody does something to one of the issues, or tries to."""
        repo, number = self.chance.choice(self.issues)
        weights = [weight for weight, _ in self._acts]
        _, act = self.chance.choices(self._acts, weights)[0]
        try:
            act(self.people[repo], number)
        except (AssertionError, OSError, LookupError, ValueError):
            self.acts["failed"] += 1  # refused, or hit by a fault
        else:
            self.acts[act.__name__.strip("_")] += 1

    @staticmethod
    def _stubborn(act: Callable[[], Any]) -> Any:
        for _ in range(20):
            try:
                return act()
            except (AssertionError, OSError):
                continue
        raise AssertionError("the hub answers nobody")

    def _who(self) -> str:
        return self.chance.choice(["alice", "bob"])

    def _pull(self, at: People, number: int) -> dict[str, Any]:
        """The open pull request for the issue. LookupError without."""
        for pull in at.pulls():
            ours = pull["head"]["ref"].partition(".")[0] == f"agent-os/{number}"
            if ours and pull["state"] == "open":
                return pull
        raise LookupError("no open pull request")

    def _comment(self, at: People, number: int) -> None:
        at.comment(number, "How is it going?", self._who())

    def _relabel(self, at: People, number: int) -> None:
        at.label(number, "Ready", user=self._who())

    def _other_label(self, at: People, number: int) -> None:
        at.label(number, self.chance.choice(["bug", "priority:high"]), user=self._who())

    def _edit(self, at: People, number: int) -> None:
        body = f"## Goal\nWork, version {self.chance.random():.6f}.\n"
        at.edit(number, self._who(), body=body)

    def _ask_for_changes(self, at: People, number: int) -> None:
        pull = self._pull(at, number)
        at.review(pull["number"], "REQUEST_CHANGES", "Once more, please.", "bob")
        at.review(pull["number"], "APPROVE", "Never mind.", "bob")

    def _push(self, at: People, number: int) -> None:
        branch = self._pull(at, number)["head"]["ref"]
        at.push(branch, {f"by-hand-{self.chance.random():.6f}.txt": "x"}, self._who())

    def _hold_and_release(self, at: People, number: int) -> None:
        if not {"In Progress", "In Review"} & at.labels(number):
            raise LookupError("nothing to hold")
        at.label(number, "Blocked")
        self._stubborn(lambda: at.unlabel(number, "Blocked"))

    def _move_file(self, at: People, number: int) -> None:
        mailbox = self.works.home / "mailbox"
        name = f"{at.repo.replace('/', '-')}-{number}.md"
        there = [p for folder in _FOLDERS if (p := mailbox / folder / name).exists()]
        shutil.move(self.chance.choice(there), mailbox / self.chance.choice(_FOLDERS) / name)

    def _close(self, at: People, number: int) -> None:
        at.close(number, self._who())

    def _unlabel(self, at: People, number: int) -> None:
        shown = sorted(at.labels(number) & set(STATES))
        at.unlabel(number, self.chance.choice(shown), self._who())

    def _merge(self, at: People, number: int) -> None:
        at.merge(self._pull(at, number)["number"], self._who())

    def _close_pull(self, at: People, number: int) -> None:
        at.edit_pull(self._pull(at, number)["number"], self._who(), state="closed")

    def _delete_branch(self, at: People, number: int) -> None:
        at.delete_branch(self._pull(at, number)["head"]["ref"], self._who())

    def _draft_and_back(self, at: People, number: int) -> None:
        pull = self._pull(at, number)["number"]
        at.draft(pull, on=True)
        self._stubborn(lambda: at.draft(pull, on=False))
