"""What must hold at the end of every scenario, whatever happened in it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from agent_os.domain.effects import Effect, SetLabels, WriteComment
from agent_os.domain.events import EventKind
from agent_os.domain.records import ISSUE_GONE
from agent_os.domain.tasks import Status, Task
from agent_os.github import readers
from agent_os.policy.picture import label_of
from agent_os.simulation.gitmodel import OBJECTS
from agent_os.simulation.mirror import Held
from agent_os.store import intents, log, owner, schema, tasks
from agent_os.store.intents import Intent, State
from agent_os.workspace.mirror import OUR_REFS

from .hub import LOGIN
from .points import Violation
from .town import Town

_MARK = re.compile(r"<!-- agent-os effect=([0-9a-f]+) -->")
#: Which requests an effect is made of. Those with the same request are counted together.
_REQUESTS = {
    ("set_labels",): r"(POST|DELETE) /issues/\d+/labels|POST /api/graphql$|POST /labels$",
    ("create_issue",): r"POST /issues$",
    ("write_comment",): r"POST /issues/\d+/comments",
    ("edit_comment",): r"PATCH /issues/comments/\d+",
    ("close_issue",): r"PATCH /issues/\d+$",
    ("open_pull",): r"POST /pulls$",
    ("edit_pull", "close_pull"): r"PATCH /pulls/\d+$",
    ("ask_review",): r"POST /pulls/\d+/requested_reviewers$",
    ("merge_pull",): r"PUT /pulls/\d+/merge$",
    ("push_branch", "delete_branch", "own_repository"): r"PUSH refs/",
}


def all_tasks(town: Town) -> list[Task]:
    with town.world().store.read() as tx:
        return [task for _, task in tasks.listed(tx)]


def check(town: Town) -> None:
    """Violation with the first one that does not hold."""
    found = all_tasks(town)
    made = _intents(town)
    _store_is_tidy(town)
    _tasks_are_the_fold_of_their_events(town)
    _sent_once(town, made)
    _nothing_is_taken_for_a_persons_word(town)
    for held in town.home.mirrors.values():
        _must_reach(held, town.executor.made)
    asked = set(town.people.numbers)
    _must({t.number for t in found} <= asked, "a task nobody asked for")
    for task in found:
        _Ending(town, task, made).check()


def _must_reach(held: Held, made: Iterable[str]) -> None:
    """Each commit hangs on a ref that is ours and never pruned."""
    ours = [sha for ref, sha in held.refs.items() if ref.startswith(OUR_REFS)]
    reached = set[str]()
    for sha in ours:
        reached |= OBJECTS.ancestors(sha, reached)
    lost = [sha for sha in made if sha not in reached]
    _must(not lost, f"the commits {lost} of attempts are lost")


def _must(holds: object, said: str) -> None:
    if not holds:
        raise Violation(said)


def _intents(town: Town) -> list[Intent]:
    """Every intent of every task."""
    found: list[Intent] = []
    kinds = tuple(kind for group in _REQUESTS for kind in group)
    with town.world().store.read() as tx:
        for _, task in tasks.listed(tx):
            found += intents.of_task(tx, task.key, (*kinds, "start_attempt"))
    return found


def _store_is_tidy(town: Town) -> None:
    with town.world().store.read() as tx:
        left = intents.unresolved(tx)
        held = [r.owner for r in tx.execute(sa.select(schema.leases.c.owner)) if r.owner]
    _must(not left, f"intents are unresolved: {[(i.effect.kind, i.state) for i in left]}")
    living = [o for o in held if not owner.is_dead(o) and not o.startswith("elsewhere")]
    _must(not living, f"leases are held: {living}")


def _tasks_are_the_fold_of_their_events(town: Town) -> None:
    store = town.world().store
    with store.read() as tx:
        before = tasks.listed(tx)
    with store.write() as tx:
        log.rebuild(store, tx)
        after = tasks.listed(tx)
    _must(before == after, "the tasks are not what their events say")


def _sent_once(town: Town, made: list[Intent]) -> None:
    """No write was sent more often than it was meant."""
    sent = [f"{verb} {path}" for verb, path in town.traffic.writes]
    meant: Counter[str] = Counter()
    for intent in made:
        meant[intent.effect.kind] += _most_requests(intent.effect)
    for kinds, pattern in _REQUESTS.items():
        found = sum(bool(re.match(pattern, line)) for line in sent)
        most = sum(meant[kind] for kind in kinds)
        _must(found <= most, f"{kinds}: meant {most} times, sent {found} times")
    others = [line for line in sent if not any(re.match(p, line) for p in _REQUESTS.values())]
    _must(not others, f"writes without an intent: {others[:3]}")


_WORDS = (EventKind.REQUESTED, EventKind.CANCELLED, EventKind.HELD, EventKind.HOLD_ENDED)


def _nothing_is_taken_for_a_persons_word(town: Town) -> None:
    """What we did ourselves is no command."""
    with town.world().store.read() as tx:
        found = log.history(tx, kinds=_WORDS, limit=10_000)
    for _, event in found:
        said_by = (event.data.get("request") or {}).get("actor") or event.data.get("by")
        _must(said_by != LOGIN, f"#{event.number}: {event.kind} by ourselves")


def _most_requests(effect: Effect) -> int:
    """Labels go one by one where they can't go together."""
    return 1 + len(effect.remove) if isinstance(effect, SetLabels) else 1


@dataclass
class _Ending:
    """How one task ended, here and on GitHub."""

    town: Town
    task: Task
    made: list[Intent]

    def check(self) -> None:
        hub, task = self.town.hub, self.task
        issue = hub.ask("GET", f"/issues/{task.number}")
        assert issue is not None
        self._rests(issue)
        self._one_pull_a_round()
        self._comments()
        self._proposed()
        self._labels(issue)
        self._acts_stand()

    def must(self, holds: object, said: str) -> None:
        _must(holds, f"#{self.task.number} ({self.task.status}): {said}")

    def _rests(self, issue: dict[str, Any]) -> None:
        task = self.task
        self.must(task.running is None, "an attempt still runs")
        if task.status in (Status.DONE, Status.CANCELLED):
            self.must(task.settled, "it is over and not settled")
        elif task.hold is not None:
            self.must(task.hold.reason and task.hold.next_step, "blocked without a reason")
        else:
            self.must(task.waiting is not None, "it stands still without a reason")
        if task.status is Status.DONE and task.answered:
            found = self.town.hub.all(f"/issues/{task.number}/comments")
            self.must(task.answered.comment in [c["id"] for c in found], "its answer is gone")
            self.must(task.pull is None, "an answer, and a pull request")
        elif task.status is Status.DONE:
            pull = task.pull
            self.must(pull and pull.merged_sha, "done without a merge")
            main = self.town.hub.branch("main")
            assert main is not None and pull is not None
            git = self.town.hub.hub.git(self.town.hub.repo_id)
            self.must(git.is_ancestor(pull.merged_sha, main), "its merge is not on main")
            kinds = [e["event"] for e in self._events(task.number)]
            reopened = "reopened" in kinds
            self.must(issue["state"] == "closed" or reopened, "done, and its issue is open")

    def _events(self, number: int) -> list[dict[str, Any]]:
        return self.town.hub.all(f"/issues/{number}/events")

    def _one_pull_a_round(self) -> None:
        pulls = self.town.people.pulls(self.task.number)
        mine = [p for p in pulls if p["user"]["login"] == LOGIN]
        heads = Counter(p["head"]["ref"] for p in mine)
        self.must(all(n == 1 for n in heads.values()), f"pull requests per branch: {heads}")
        self.must(len(mine) <= self.task.round, "more pull requests than rounds")
        for pull in mine:
            kinds = [e["event"] for e in self._events(pull["number"])]
            self.must(kinds.count("merged") <= 1, "merged more than once")
            is_open = pull["state"] == "open"
            old = pull["head"]["ref"] != self.task.branch
            over = self.task.status in (Status.DONE, Status.CANCELLED)
            self.must(not (is_open and old), "a pull request of an earlier round is open")
            if is_open and over:
                acts = self._events(pull["number"])
                self.must("reopened" in [e["event"] for e in acts], "its pull request is open")

    def _comments(self) -> None:
        found = self.town.hub.all(f"/issues/{self.task.number}/comments")
        marks = [m[1] for c in found if c["user"]["login"] == LOGIN for m in _marks(c["body"])]
        twice = [mark for mark, n in Counter(marks).items() if n > 1]
        self.must(not twice, f"comments written twice: {twice}")
        written = [
            i.effect
            for i in self.made
            if i.effect.key == self.task.key
            and isinstance(i.effect, WriteComment)
            and i.state is State.DONE
        ]
        ours = sum(c["user"]["login"] == LOGIN for c in found)
        self.must(ours == len(written), f"{ours} comments of ours, {len(written)} were meant")
        rounds = Counter(e.round for e in written if e.purpose == "status")
        self.must(all(n == 1 for n in rounds.values()), f"status comments per round: {rounds}")
        rounds = Counter(e.round for e in written if e.purpose == "answer")
        self.must(all(n == 1 for n in rounds.values()), f"answers per round: {rounds}")
        named = Counter((e.round, e.state) for e in written if e.purpose == "request")
        self.must(all(n == 1 for n in named.values()), f"what agents asked for twice: {named}")

    def _proposed(self) -> None:
        """What an agent proposes is one issue, ever, and nobody's task."""
        found = [i for i in self.town.hub.all("/issues?state=all") if "pull_request" not in i]
        title = f"After {self.task.number}"
        mine = [i for i in found if i["title"] == title and i["user"]["login"] == LOGIN]
        self.must(len(mine) <= 1, f"{len(mine)} issues {title!r}")
        task = self.task
        over = task.status is Status.DONE
        self.must(not over or not any(a.open for a in task.asked), "done, and asked for more")
        opened = [a.done for a in task.asked if a.done.startswith("#")]
        self.must({f"#{i['number']}" for i in mine} >= set(opened), f"{opened} is not there")

    def _labels(self, issue: dict[str, Any]) -> None:
        task, config = self.task, self.town.home.config
        if task.cancelled is not None and task.cancelled.reason == ISSUE_GONE:
            return
        present = {label["name"] for label in issue["labels"]} & set(config.labels.states)
        wanted = {label_of(task.status, config.labels)} - {""}
        if not wanted:  # what a person sets afterwards is theirs
            present = {label for label in present if self._last_setter(label) == LOGIN}
        self.must(present == wanted, f"labels {sorted(present)}, not {sorted(wanted)}")

    def _last_setter(self, label: str) -> str:
        acts = [e for e in self._events(self.task.number) if e["event"] == "labeled"]
        return next((e["actor"]["login"] for e in acts[::-1] if e["label"]["name"] == label), "")

    def _acts_stand(self) -> None:
        """What a person did is never undone by us."""
        task = self.task
        for number in (task.number, *(p["number"] for p in self.town.people.pulls(task.number))):
            for act in self._events(number):
                mine = act["actor"]["login"] == LOGIN
                self.must(not (mine and act["event"] == "reopened"), "we reopened something")
                label = (act.get("label") or {}).get("name")
                ready = act["event"] == "labeled" and label == "Ready"
                self.must(not (mine and ready), "we set Ready ourselves")
        last = [e for e in self._events(task.number) if e["event"] in ("closed", "reopened")][-1:]
        closed = bool(last) and last[0]["event"] == "closed"
        closed = closed and readers.moment(last[0]["created_at"]) > task.request.at
        if closed and last[0]["actor"]["login"] != LOGIN and task.status is not Status.DONE:
            self.must(not task.active, "its issue was closed by a person, and we go on")


def _marks(body: str) -> list[re.Match[str]]:
    return list(_MARK.finditer(body))


def picture(town: Town) -> dict[int, tuple[object, ...]]:
    """The end state as people see it, without what differs by chance."""
    found: dict[int, tuple[object, ...]] = {}
    hub = town.hub
    git = hub.hub.git(hub.repo_id)
    for task in all_tasks(town):
        issue = hub.ask("GET", f"/issues/{task.number}")
        pulls = town.people.pulls(task.number)
        comments = hub.all(f"/issues/{task.number}/comments")
        files = _files(town)
        found[task.number] = (
            issue["state"],
            sorted(label["name"] for label in issue["labels"]),
            [(p["state"], p["merged_at"] is not None) for p in pulls],
            sum(c["user"]["login"] == LOGIN for c in comments),
            [ref for ref in git.refs("refs/heads/") if f"/{task.number}" in ref],
            task.status.value,
            task.settled,
            f"task-{task.number}.txt" in files,
        )
    return found


def _files(town: Town) -> set[str]:
    main = town.hub.branch("main")
    assert main is not None
    return set(OBJECTS.files(main))
