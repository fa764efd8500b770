"""The PR monitor: watches our pull requests, sends work back, merges what may be merged."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from agent_os.config.repository_file import PATHS, parse_repository_file
from agent_os.domain.errors import AgentOSError, ConfigError
from agent_os.domain.observed import Act, Checks, CheckState, PullSeen, Review
from agent_os.domain.rules import Mode, RepoRules
from agent_os.domain.tasks import Task, TaskKey
from agent_os.effects import resolver
from agent_os.effects.world import World
from agent_os.github import editors, looks, readers
from agent_os.github.looks import Look
from agent_os.jobs import dispatcher, hearing, notifying, scanning, watching
from agent_os.jobs.organization import Decided, Run, resting
from agent_os.policy import approval_rows, merging, turns
from agent_os.policy.pull_facts import PullFacts
from agent_os.store import intents, pauses, repositories, tasks
from agent_os.store.repositories import Repository
from agent_os.workspace.mirror import OWNER_SEEN

_log = structlog.get_logger()
_LOG_TAIL = 4_000


class PullMonitor:
    name = "pr-monitor"

    def due(self, world: World) -> Sequence[str]:
        """Repositories with a pull request of ours that is not settled, or with work of ours that
        landed lately; no others are asked."""
        landed = watching.watched(world)
        with world.store.read() as tx:
            repo_ids = {t.repo_id for _, t in tasks.listed(tx, unsettled=True) if t.pull} | landed
            names = [r.name for r in repositories.listed(tx) if r.repo_id in repo_ids]
        return [n for n in names if world.config.rules(n) and not resting(world, n)]

    def turn(self, run: Run) -> list[Decided]:
        world = run.world
        with world.store.read() as tx:
            row = repositories.named(tx, run.key)
        rules = world.config.rules(run.key)
        if row is None or rules is None or row.frozen:
            return []
        if not run.preview:
            resolver.resolve_all(world, row.repo_id)
        with world.store.read() as tx:
            found = tasks.listed(tx, repo_id=row.repo_id, unsettled=True)
            busy = intents.unresolved_tasks(tx)
        watched = [(n, t) for n, t in found if t.pull and not (t.pull.merged_sha or t.pull.closed)]
        asked = [(n, t) for n, t in watched if not (t.key in busy or t.key in run.failed)]
        is_watched = rules.mode is not Mode.DRY_RUN and row.repo_id in watching.watched(world)
        if not (asked or is_watched):
            return []
        row, look = _look(world, row, [t for _, t in asked], rules)
        watch = watching.steps(world, row, look) if is_watched else []
        steps: list[Decided] = []
        red = watching.in_words(watching.red(world, row.repo_id))
        for seen, task in asked:
            if task.pull is None or task.pull.number not in look.pulls:
                continue
            try:
                facts = _PullReader(world, row, rules, task, look).facts()
                facts = facts.model_copy(update={"main_red": red})
            except (ValueError, KeyError, TypeError) as error:
                _log.warning("pull_unreadable", task=task.name, error=str(error))
                continue
            if step := merging.decide(facts):
                steps.append((step, seen))
        pulls = turns.in_turn(steps, [t for _, t in watched], row.base_head, world.clock.now())
        return [*watch, *pulls]

    def follow(self, world: World, key: TaskKey) -> Decided | None:
        return None

    def after(self, run: Run) -> None:
        notifying.notify(run.world)


def _look(
    world: World, row: Repository, asked: Sequence[Task], rules: RepoRules
) -> tuple[Repository, Look]:
    """The pull requests of these tasks now; the row with its base and its owner as of now."""
    numbers = [t.pull.number for t in asked if t.pull]
    asking = {
        t.pull.number: rules.approving_label
        for t in asked
        if t.pull and approval_rows.may_need(t, rules.approvals)
    }
    look = looks.look(world.client, row.name, row.default_branch, numbers, asking)
    row = dispatcher.base_is_at(world, row, look.base)
    if look.owner and look.owner != world.mirror(row.repo_id).resolve(OWNER_SEEN):
        row = scanning.look_at_owner(world, row)
    return row, look


class _PullReader:
    """What one look showed, and what few decisions need besides."""

    def __init__(
        self, world: World, row: Repository, rules: RepoRules, task: Task, look: Look
    ) -> None:
        assert task.pull is not None
        self.world = world
        self.row = row
        self.rules = rules
        self.task = task
        self.look = look
        self.seen = look.pulls[task.pull.number]

    def facts(self) -> PullFacts:
        pull = self.seen.pull
        with self.world.store.read() as tx:
            paused = pauses.paused(tx)
        facts = PullFacts(
            task=self.task,
            rules=self.rules,
            limits=self.world.config.limits,
            now=self.world.clock.now(),
            pull=pull,
            paused=pauses.ALL in paused
            or self.row.name.lower() in paused
            or bool(self.row.owned_elsewhere)
            or self.rules.mode is Mode.DRY_RUN,
            default_branch=self.row.default_branch,
            base_head=self.row.base_head,
        )
        if not pull.open:
            return facts.model_copy(update=self._ending(pull))
        words = hearing.heard(self.world, self.row, self.task, self.rules, self.seen)
        facts = facts.model_copy(update=words)
        if self.task.running or pull.draft or self.task.hold:
            return facts
        return facts.model_copy(update=self._state())

    def _ending(self, pull: PullSeen) -> dict[str, object]:
        """Who closed or merged it, by which act; ours are no person's command."""
        client = self.world.client
        acts = readers.timeline(client, self.row.name, pull.number)
        ours = scanning.match_echoes(self.world, self.task.key, acts, on_pull=True)
        last = {a.kind: a for a in acts if a.id not in ours}
        merged = next((a for a in reversed(acts) if a.kind == "merged"), None)
        issue = readers.issue(client, self.row.name, self.task.number)
        return {
            "closed_by": last["closed"].actor if "closed" in last else "",
            "closed_at": last["closed"].at if "closed" in last else None,
            "branch_deleted_by": _deleted_by(last) if not pull.merged else "",
            "merged_by": merged.actor if merged else "",
            "merge_sha": merged.commit if merged else "",
            "issue_open": issue.open,
        }

    def _state(self) -> dict[str, object]:
        client, name, pull = self.world.client, self.row.name, self.seen.pull
        reader = scanning.IssueReader(self.world, self.row)
        reviews = [_as_said(r, reader) for r in self.seen.reviews if reader.may(r.author)]
        comments: dict[int, tuple[str, ...]] = {}
        if any(r.state == "changes_requested" for r in reviews):
            comments = self._line_comments(reader)
        update: dict[str, object] = {"reviews": tuple(reviews), "comments": comments}
        result = self.task.result
        if result is None or result.head != pull.head or self.task.wanted:
            return update
        head, base = self.seen.checks, self.look.base_checks
        update |= {
            "head_checks": head,
            "base_checks": base,
            "required": self.look.required,
            "logs": self._logs(head),
            "method": self._method(result.base),
        }
        failed = any(c.state is CheckState.FAILURE for c in head.checks)
        if failed and result.base != self.row.base_head:
            update["verified_base_checks"] = readers.checks(client, name, result.base)
        if not head.checks and not base.checks:
            update["active_workflows"] = readers.active_workflows(client, name)
        return update

    def _line_comments(self, reader: scanning.IssueReader) -> dict[int, tuple[str, ...]]:
        """Of each review, by trusted people only and as none but they left them."""
        client, number = self.world.client, self.seen.pull.number
        found = readers.review_comments(client, self.row.name, number)
        trusted = [one for one in found if reader.may(one[0])]
        changed = editors.editors(client, [node for *_, node in trusted if node])
        comments: dict[int, tuple[str, ...]] = {}
        for author, review, text, node in trusted:
            if reader.hears(author, changed.get(node, "")):
                comments[review] = (*comments.get(review, ()), text)
        return comments

    def _logs(self, checks: Checks) -> dict[str, str]:
        """The tail of each failed job's log: feedback says what failed, not only that it did."""
        logs: dict[str, str] = {}
        for check in checks.checks:
            if check.state is CheckState.FAILURE and check.job_id:
                try:
                    client, job = self.world.client, check.job_id
                    text = readers.job_log(client, self.row.name, job, 4 * _LOG_TAIL)
                except AgentOSError as error:
                    text = f"(the log can't be read: {error.message})"
                logs[check.name] = text[-_LOG_TAIL:]
        return logs

    def _method(self, base: str) -> str:
        mirror = self.world.mirror(self.row.repo_id)
        for path in PATHS:
            if content := mirror.read_file(base, path):
                try:
                    return parse_repository_file(content, path).merge
                except ConfigError as error:
                    _log.warning("repository_file", repo=self.row.name, error=str(error))
        return "squash"


def _as_said(review: Review, reader: scanning.IssueReader) -> Review:
    """Its verdict is its author's in any case; its text only if nobody else has changed it."""
    heard = reader.hears(review.author, review.editor)
    return review if heard else review.model_copy(update={"body": ""})


def _deleted_by(last: dict[str, Act]) -> str:
    act = last.get("head_ref_deleted")
    return act.actor if act else ""
