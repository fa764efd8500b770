"""What people and continuous integration do at times that nobody can foresee."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from agent_os.simulation.choices import Choices

from .hub import URL, SimulatedHub

Json = dict[str, Any]
#: Each so many-th issue is a question.
_QUESTIONS = 3
STATES = ("Ready", "In Progress", "In Review", "Blocked")


class People:
    """Alice owns the repository, bob may write to it. `numbers` are the issues they care about."""

    def __init__(self, hub: SimulatedHub, choices: Choices) -> None:
        self.hub = hub
        self.choices = choices
        self.numbers: list[int] = []
        self.pushed: list[str] = []
        """Commits that they pushed."""
        self.acts: list[tuple[Callable[[int], object], float]] = [
            (self.relabels, 5),
            (self.unlabels, 4),
            (self.holds, 3),
            (self.ends_hold, 3),
            (self.closes, 2),
            (self.reopens, 2),
            (self.comments, 2),
            (self.edits, 3),
            (self.renames, 1),
            (self.closes_pull, 1.5),
            (self.merges, 2),
            (self.pushes, 3),
            (self.deletes_branch, 1),
            (self.reviews, 3),
            (self.drafts, 2),
            (self.moves_base, 2),
            (self.prioritizes, 1),
            (self.wonders, 1),
        ]

    def act(self, *, merging: bool = False) -> None:
        """One of them does something, possible or not; `merging`: what would speak against it."""
        against = (self.pushes, self.drafts, self.closes_pull, self.merges, self.moves_base)
        act = self.choices.pick(against) if merging else self.choices.weighted(self.acts)
        number = self.choices.pick(self.numbers)
        said = act(number)
        self.choices.note(f"  a person: {act.__name__} #{number} {'' if said is None else said}")

    def asks(self) -> int:
        """A new issue that is labelled Ready."""
        made = self.hub.ask("POST", "/issues", {"title": "A thing", "body": "## Goal\nDo it.\n"})
        self.numbers.append(made["number"])
        labels = ["question", "Ready"] if made["number"] % _QUESTIONS == 0 else ["Ready"]
        self.hub.ask("POST", f"/issues/{made['number']}/labels", {"labels": labels})
        self.choices.note(f"alice asks for #{made['number']}")
        return made["number"]

    def pulls(self, number: int) -> list[Json]:
        """Our pull requests for an issue, oldest first."""
        found = self.hub.all("/pulls?state=all&direction=asc")
        name = f"agent-os/{number}"
        return [p for p in found if p["head"]["ref"].partition(".")[0] == name]

    def _open_pull(self, number: int) -> Json | None:
        return next((p for p in self.pulls(number)[::-1] if p["state"] == "open"), None)

    def _who(self) -> str:
        return self.choices.pick(("alice", "bob"))

    def relabels(self, number: int) -> None:
        self.hub.ask("POST", f"/issues/{number}/labels", {"labels": ["Ready"]}, user=self._who())

    def unlabels(self, number: int) -> str:
        label = self.choices.pick(STATES)
        self.hub.ask("DELETE", f"/issues/{number}/labels/{quote(label)}", user=self._who())
        return label

    def holds(self, number: int) -> None:
        self.hub.ask("POST", f"/issues/{number}/labels", {"labels": ["Blocked"]}, user=self._who())

    def ends_hold(self, number: int) -> None:
        self.hub.ask("DELETE", f"/issues/{number}/labels/Blocked", user=self._who())

    def closes(self, number: int) -> None:
        self.hub.ask("PATCH", f"/issues/{number}", {"state": "closed"}, user=self._who())

    def reopens(self, number: int) -> None:
        self.hub.ask("PATCH", f"/issues/{number}", {"state": "open"}, user=self._who())

    def comments(self, number: int) -> None:
        body = {"body": f"A word {self.choices.number(1, 99)}"}
        self.hub.ask("POST", f"/issues/{number}/comments", body, user=self._who())

    def edits(self, number: int) -> None:
        body = {"body": f"## Goal\nDo it in way {self.choices.number(1, 99)}.\n"}
        self.hub.ask("PATCH", f"/issues/{number}", body, user=self._who())

    def renames(self, number: int) -> None:
        title = {"title": f"A thing {self.choices.number(1, 99)}"}
        self.hub.ask("PATCH", f"/issues/{number}", title, user=self._who())

    def closes_pull(self, number: int) -> None:
        if pull := self._open_pull(number):
            path = f"/pulls/{pull['number']}"
            self.hub.ask("PATCH", path, {"state": "closed"}, user=self._who())

    def merges(self, number: int) -> str:
        pull = self._open_pull(number)
        path = f"/pulls/{pull['number']}/merge" if pull else ""
        done = self.hub.ask("PUT", path, {}, user=self._who()) if path else None
        return "" if done else "in vain"

    def pushes(self, number: int) -> str:
        pull = self._open_pull(number)
        branch = pull["head"]["ref"] if pull else f"agent-os/{number}"
        if self.hub.branch(branch) is None:
            return "in vain"
        text = {f"person-{self.choices.number(1, 9)}.txt": f"{self.choices.number(1, 999)}\n"}
        sha = self.hub.commit(branch, text, self._who(), "A person's change")
        self.pushed.append(sha)
        return sha[:7]

    def deletes_branch(self, number: int) -> None:
        self.hub.ask("DELETE", f"/git/refs/heads/agent-os/{number}", user=self._who())

    def reviews(self, number: int) -> str:
        pull = self._open_pull(number)
        event = self.choices.pick(("REQUEST_CHANGES", "APPROVE", "COMMENT"))
        if pull:
            body = {"event": event, "body": f"Opinion {self.choices.number(1, 99)}"}
            self.hub.ask("POST", f"/pulls/{pull['number']}/reviews", body, user=self._who())
        return event

    def drafts(self, number: int) -> str:
        pull = self._open_pull(number)
        if pull is None:
            return "in vain"
        on = self.choices.chance(0.4)
        name = "convertPullRequestToDraft" if on else "markPullRequestReadyForReview"
        text = f"mutation($id:ID!){{{name}(input:{{pullRequestId:$id}}){{clientMutationId}}}}"
        body = {"query": text, "variables": {"id": pull["node_id"]}}
        self.hub.request("POST", f"{URL}/api/graphql", "alice", body=body)
        return str(on)

    def moves_base(self, number: int) -> str:
        path = self.choices.pick(("calc.py", "other.txt"))
        text = {path: f"{self.choices.number(1, 999)}\n"}
        return self.hub.commit("main", text, self._who(), "Something else")[:7]

    def wonders(self, number: int) -> None:
        """Counts when it is asked for anew, or its text changes."""
        self.hub.ask("POST", f"/issues/{number}/labels", {"labels": ["question"]})

    def prioritizes(self, number: int) -> None:
        label = self.choices.pick(("priority: high", "priority: low"))
        self.hub.ask("POST", f"/issues/{number}/labels", {"labels": [label]}, user=self._who())


class Ci:
    """Reports one status for each commit of interest, in its own time; `red` is how often."""

    def __init__(self, hub: SimulatedHub, choices: Choices) -> None:
        self.hub = hub
        self.choices = choices
        self.red = 0.0
        self.reds_left = 99
        self.states: dict[str, str] = {}

    def commits(self) -> list[str]:
        """Without a final word: the heads of main and of the open pull requests."""
        pulls = [p["head"]["sha"] for p in self.hub.all("/pulls?state=open&direction=asc")]
        found = dict.fromkeys([*filter(None, [self.hub.branch("main")]), *pulls])
        return [sha for sha in found if self.states.get(sha) in (None, "pending")]

    def reports(self) -> bool:
        """One report on one of them; False when there is nothing to tell."""
        waiting = self.commits()
        if not waiting:
            return False
        sha = self.choices.pick(waiting)
        state = "pending" if sha not in self.states and self.choices.chance(0.4) else "success"
        if state == "success" and self.reds_left > 0 and self.choices.chance(self.red):
            state = "failure"
            self.reds_left -= 1
        self.tells(sha, state)
        return True

    def changes_its_mind(self) -> None:
        """A run again: what was red may become green."""
        red = [sha for sha, state in self.states.items() if state == "failure"]
        if red:
            self.tells(self.choices.pick(red), "success")

    def tells(self, sha: str, state: str) -> None:
        self.states[sha] = state
        body = {"state": state, "context": "test", "description": f"it is {state}"}
        self.hub.ask("POST", f"/statuses/{sha}", body, user="ci")
        self.choices.note(f"  ci: {sha[:7]} {state}")

    def finishes(self) -> bool:
        """All that is left becomes green; False when nothing is."""
        waiting = self.commits()
        main = self.hub.branch("main")
        if main and self.states.get(main) == "failure":
            waiting.append(main)
        for sha in waiting:
            self.tells(sha, "success")
        return bool(waiting)
