"""The backlog groomer: what is stale, doubled, unclear or missing in the backlog."""

from __future__ import annotations

from collections.abc import Sequence

from agent_os.domain.errors import GitError
from agent_os.domain.signals import Place, Severity, Signal
from agent_os.domain.tasks import TaskKey
from agent_os.effects.world import World
from agent_os.jobs import desk, grooming, measuring, memory, surveying
from agent_os.jobs.organization import Decided, Run, resting
from agent_os.policy import hypotheses
from agent_os.policy.grooming import deciding, found
from agent_os.policy.grooming.answers import Stop
from agent_os.policy.grooming.deciding import GroomFacts
from agent_os.policy.metrics.figures import measure, within
from agent_os.policy.statistics import wilson
from agent_os.store import tasks
from agent_os.store.repositories import Repository


class BacklogGroomer:
    name = "backlog-groomer"

    def due(self, world: World) -> Sequence[str]:
        names = [r.name for r in world.config.repositories]
        return [name for name in names if not resting(world, name)]

    def turn(self, run: Run) -> list[Decided]:
        return [*self._groomed(run), *memory.steps(run)]

    def _groomed(self, run: Run) -> list[Decided]:
        """All at once: a second look would see what the first one did."""
        row = None if run.turn else desk.repository(run.world, run.key)
        if row is None or row.frozen or row.owned_elsewhere:
            return []
        head = grooming.newest_commit(run.world, row)
        facts = grooming.observe(run.world, row, head, desk.stopped(run.world, row))
        return [*_about_issues(run.world, facts), *_about_code(run.world, row, head, facts)]

    def follow(self, world: World, key: TaskKey) -> Decided | None:
        return None

    def after(self, run: Run) -> None:
        pass


def _about_issues(world: World, facts: GroomFacts) -> list[Decided]:
    steps = deciding.decide(found.findings(facts.backlog), facts)
    with world.store.read() as tx:
        return [(step, tasks.seq(tx, step.key)) for step in steps]


def _about_code(world: World, row: Repository, head: str, facts: GroomFacts) -> list[Decided]:
    """Signals of what the code asks for, and of kinds of proposals that people reject."""
    signals = [_stopped(row, stop) for stop in facts.stops.values()]
    problems: dict[str, str] = {}
    if not head and not row.empty:
        problems["the newest commit"] = "it could not be fetched"
    if head:
        try:
            candidates, audits = surveying.survey(world, row, head)
            signals += _measured(world, row, candidates)
            problems |= surveying.problems(audits)
        except GitError as error:
            problems["the newest commit"] = error.message
    unlooked = surveying.unlooked(world, row, problems, facts.outcomes)
    return [*unlooked, *desk.file_all(world, row, signals)]


def _measured(world: World, row: Repository, signals: Sequence[Signal]) -> list[Signal]:
    """With their figures as they are now: read from the record once, where one has a figure."""
    if not any(signal.figure for signal in signals):
        return list(signals)
    rows, now = measuring.rows(world, row.repo_id), world.clock.now()
    found: list[Signal] = []
    for signal in signals:
        figure = signal.figure
        if figure is not None:
            value = measure(figure.name, within(rows, figure.scope), now)
            now_is = {"now": value.value, "samples": value.samples}
            figure = hypotheses.expecting(figure.model_copy(update=now_is))
        found.append(signal.model_copy(update={"figure": figure}))
    return found


def _stopped(row: Repository, stop: Stop) -> Signal:
    """The repository's people know best what bothers them: it is filed where they are."""
    low, high = wilson(stop.contradicted, stop.judged)
    share = f"{stop.contradicted / stop.judged:.0%}, {100 * low:.0f}–{100 * high:.0f}%"
    return Signal(
        id=f"groomer:{row.repo_id}:stopped:{stop.kind}",
        kind="groomer_stopped",
        by="groomer",
        repo_id=row.repo_id,
        repo=row.name,
        place=Place.CONFIG,
        title=f"The groomer no longer says `{stop.kind}` here: people mostly disagreed",
        problem=(
            f"People contradicted {stop.contradicted} of {stop.judged} ({share}) of its "
            f"`{stop.kind}` proposals in this repository in the last 180 days. It makes no more of "
            "them until those are older than that."
        ),
        proposal=(
            "Read what people answered. Then change what it looks for (such as "
            "`improvement.groomer.stale_days`), or let it be."
        ),
        acceptance=("The reason is known, and the config says what follows from it.",),
        evidence=(f"`{stop.kind}` proposals were mostly contradicted",),
        severity=Severity.WARN,
        type="chore",
        rank=60.0,
    )
