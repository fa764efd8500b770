"""Looking at a repository: is it there, what was updated, and what its issues say."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from agent_os.domain.errors import IncompleteList, NotFound, OwnedElsewhere
from agent_os.domain.observed import Act, Edits, IssueSeen, RepositorySeen
from agent_os.domain.tasks import Task, TaskKey
from agent_os.effects.world import World
from agent_os.github import editors, readers
from agent_os.policy import echoes, specs, trust
from agent_os.policy.commands import KINDS, IssueFacts
from agent_os.store import intents, repositories, signals, tasks
from agent_os.store.intents import Intent, State
from agent_os.store.repositories import Repository

#: How far we read behind the watermark: lists may lag.
OVERLAP = timedelta(minutes=5)
_RESYNC = timedelta(hours=1)
#: GitHub's times have whole seconds: an update this fresh may be followed by one of the same time.
_SAME_SECOND = timedelta(seconds=3)


def look_at_repository(world: World, name: str) -> Repository:
    """The row of a repository, asked from GitHub at first, hourly, and after trouble."""
    now = world.clock.now()
    with world.store.read() as tx:
        row = repositories.named(tx, name)
    fresh = row and not _is_old(row.resynced_at, now)
    if row and fresh and not (row.frozen or row.empty or row.errors):
        return row
    try:
        seen = readers.repository(world.client, name)
    except NotFound as error:
        if row is None:
            raise
        return row.model_copy(update={"frozen": f"it can't be found: {error.message}"})
    return _row(world, name, seen, now)


def _is_old(resynced_at: datetime | None, now: datetime) -> bool:
    """Also when it is in the future: the clock was wrong then."""
    return resynced_at is None or not timedelta(0) <= now - resynced_at < _RESYNC


def _row(world: World, name: str, seen: RepositorySeen, now: datetime) -> Repository:
    head = readers.branch_head(world.client, seen.name, seen.default_branch)
    frozen = "it is archived" if seen.archived else ""
    if seen.name.lower() != name.lower():
        frozen = f"it is called {seen.name} now; change `name` in the config"
    with world.store.read() as tx:
        row = repositories.get(tx, seen.repo_id)
    back = row is not None and bool(row.frozen) and not frozen
    update: dict[str, object] = {
        "name": name,
        "clone_url": seen.clone_url,
        "default_branch": seen.default_branch,
        "empty": head is None,
        "frozen": frozen,
        "base_head": head or "",
        "seen_at": now,
    }
    if row is None:
        return Repository.model_validate({"repo_id": seen.repo_id, **update})
    if row.owned_elsewhere and head:
        row = look_at_owner(world, row)
    if back:
        update["resynced_at"] = None  # what happened meanwhile is read again
    return row.model_copy(update=update)


def look_at_owner(world: World, row: Repository) -> Repository:
    """The row with who works on the repository now."""
    taken_by = ""
    try:
        world.ownership(row.repo_id).look()
    except OwnedElsewhere as error:
        taken_by = error.message
    if taken_by == row.owned_elsewhere:
        return row
    with world.store.write() as tx:
        repositories.taken_away(world.store, tx, row.repo_id, taken_by)
    return row.model_copy(update={"owned": False, "owned_elsewhere": taken_by})


def updated_issues(world: World, row: Repository) -> tuple[list[IssueSeen], Repository]:
    """Issues to look at, and the row to keep once they have been."""
    now = world.client.governor.github_now()
    resync = _is_old(row.resynced_at, world.clock.now())
    cutoff = None if resync or row.watermark is None else row.watermark - OVERLAP
    found: list[IssueSeen] = []
    newest = row.watermark
    for page in readers.changed_issues(world.client, row.name, open_only=cutoff is None):
        found += [i for i in page if cutoff is None or i.updated_at >= cutoff]
        newest = max([i.updated_at for i in page] + ([newest] if newest else []), default=None)
        if cutoff and page and page[-1].updated_at < cutoff:
            break
    if resync:
        found += _closed_ones(world, row, {i.number for i in found})
    fresh = [i for i in found if resync or row.looked.get(i.number) != i.updated_at]
    horizon = (newest or now) - OVERLAP
    looked = {
        i.number: i.updated_at
        for i in found
        if i.updated_at >= horizon and now - i.updated_at > _SAME_SECOND
    }
    update = {"watermark": newest, "looked": looked}
    if resync:
        update["resynced_at"] = world.clock.now()
    return fresh, row.model_copy(update=update)


def _closed_ones(world: World, row: Repository, listed: set[int]) -> list[IssueSeen]:
    """Of the tasks in work, the issues that are not open: a repository may have a great many
    closed ones, so they are asked for one by one. One that is gone is left out."""
    with world.store.read() as tx:
        numbers = {t.number for _, t in tasks.listed(tx, repo_id=row.repo_id, unsettled=True)}
    found: list[IssueSeen] = []
    for number in sorted(numbers - listed):
        with suppress(NotFound):
            found.append(readers.issue(world.client, row.name, number))
    return found


class IssueReader:
    """Reads what decides about an issue. Permissions are asked once a run."""

    def __init__(self, world: World, row: Repository) -> None:
        self.world = world
        self.row = row
        self._may: dict[str, bool] = {}

    def may(self, login: str) -> bool:
        """Whether this person may command now."""
        if login not in self._may:
            permission = readers.permission(self.world.client, self.row.name, login)
            self._may[login] = trust.trusted(login, permission, self.world.config.people)
        return self._may[login]

    def hears(self, author: str, editor: str) -> bool:
        """Whether a text is its author's word, though `editor` (or nobody) changed it last."""
        people = {author, editor} - {""}
        return trust.heard(author, editor, {login: self.may(login) for login in people})

    def facts(self, issue: IssueSeen, task: Task | None) -> IssueFacts | None:
        """None when the issue is no business of ours, or one of our intents is unresolved."""
        labels = self.world.config.labels
        ready = labels.ready.lower() in {label.lower() for label in issue.labels}
        if not ready and task is None:
            return None
        key = TaskKey(self.row.repo_id, issue.number)
        with self.world.store.read() as tx:
            if key in intents.unresolved_tasks(tx):
                return None
        acts = readers.timeline(self.world.client, self.row.name, issue.number)
        fresh, echoed = self._fresh(key, acts)
        edits = self._edits(issue, task, fresh)
        if fresh or not _same_text(issue, task):
            acts = self._with_editors(acts)
        people = {a.actor for a in fresh} | {editor for _, editor, _ in edits.versions}
        people |= {a.actor for a in acts if a.kind in ("commented", "renamed")}
        people |= {a.editor for a in acts if a.editor}
        people |= {a.actor for a in acts if self._allows_tests(a)}
        return IssueFacts(
            repo_id=self.row.repo_id,
            repo=self.row.name,
            issue=issue,
            acts=tuple(acts),
            fresh=tuple(fresh),
            echoes=echoed,
            may={login: self.may(login) for login in sorted(people)},
            edits=edits,
            labels=labels,
            login=self.world.client.login,
            now=self.world.clock.now(),
            merged_by_pull=self._merged(task, fresh),
        )

    def _with_editors(self, acts: list[Act]) -> list[Act]:
        """Comments, which may be given to agents, with who edited them. All are asked for: an edit
        within the second leaves no trace in their times."""
        asked = [
            a.node for a in acts if a.kind == "commented" and a.node and trust.MARKER not in a.text
        ]
        if not asked:
            return acts
        found = editors.editors(self.world.client, asked)
        return [a.model_copy(update={"editor": found.get(a.node, "")}) for a in acts]

    def _allows_tests(self, act: Act) -> bool:
        wanted = self.world.config.labels.tests_may_change.lower()
        return act.kind == "labeled" and act.label.lower() == wanted

    def _fresh(self, key: TaskKey, acts: list[Act]) -> tuple[list[Act], tuple[int, ...]]:
        """Acts that nobody consumed and that are not ours; and the ids of ours."""
        store = self.world.store
        with store.read() as tx:
            used = signals.consumed(tx, key.repo_id, [a.id for a in acts])
        new = [a for a in acts if a.kind in KINDS and a.id not in used]
        ours = match_echoes(self.world, key, new)
        return [a for a in new if a.id not in ours], tuple(sorted(ours))

    def _edits(self, issue: IssueSeen, task: Task | None, fresh: list[Act]) -> Edits:
        """The edit history is read only when a text is about to be taken over: its author, people
        with write permission and apps, which need none, may have changed it."""
        asked = any(a.kind == "labeled" for a in fresh)
        if _same_text(issue, task) and not asked:
            return Edits()
        try:
            return readers.edits(self.world.client, self.row.name, issue.number)
        except IncompleteList:
            if self.may(issue.author) and not self.world.config.people.deny:
                return Edits()  # as long a history is that of a list that its owner keeps
            raise

    def _merged(self, task: Task | None, fresh: list[Act]) -> bool:
        if task is None or task.pull is None or not any(a.kind == "closed" for a in fresh):
            return False
        return readers.pull(self.world.client, self.row.name, task.pull.number).merged


def _same_text(issue: IssueSeen, task: Task | None) -> bool:
    known = "" if task is None else task.spec.text_hash
    return known == specs.text_hash(issue.title, issue.body)


_TRACED = (
    *("set_labels", "close_issue", "merge_pull", "close_pull", "delete_branch"),
    *("label_issue", "retire_issue"),
)


def done_by_us(world: World, made: Sequence[Intent]) -> list[echoes.Done]:
    """What of it left traces at GitHub, with GitHub's times."""
    skew = world.client.governor.github_now() - world.clock.now()
    return [
        echoes.Done(
            intent=i.id,
            traces=echoes.traces(i.effect),
            since=i.at + skew,
            until=(i.ended_at or i.at) + skew,
        )
        for i in made
        if i.state in (State.DONE, State.UNDONE)
    ]


def match_echoes(world: World, key: TaskKey, acts: list[Act], *, on_pull: bool = False) -> set[int]:
    """Ids of the acts that are traces of our own effects; each is noted, so it counts once."""
    with world.store.read() as tx:
        made = intents.of_task(tx, key, _TRACED)
        used = intents.echoes(tx, [i.id for i in made])
    done = done_by_us(world, made)
    found = echoes.ours(acts, done, used, world.client.login, on_pull=on_pull) if done else []
    if found:
        with world.store.write() as tx:
            for echo in found:
                intents.add_echo(world.store, tx, echo.intent, echo.trace, echo.act)
            signals.consume(world.store, tx, key.repo_id, [e.act for e in found])
    return {e.act for e in found}


def task_of(world: World, key: TaskKey) -> tuple[int, Task | None]:
    """(newest event's number, task)."""
    with world.store.read() as tx:
        return tasks.seq(tx, key), tasks.get(tx, key)
