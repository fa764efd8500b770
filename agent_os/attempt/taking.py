"""Stage `snapshot`: what the agent left is kept, before anything judges it."""

from __future__ import annotations

import os

from agent_os.attempt.answer import MAX_BYTES, read_answer
from agent_os.attempt.directory import AttemptDirectory, write_atomic
from agent_os.attempt.failpoints import failpoint
from agent_os.attempt.gates.answer import Answer
from agent_os.attempt.gates.changes import read_changes
from agent_os.attempt.result import AgentResult, parse_result, read_result
from agent_os.attempt.secrets import finder_of
from agent_os.attempt.states import Prepared, Taken
from agent_os.domain.attempts import KeptRef, Kind, Order
from agent_os.domain.errors import BadInput
from agent_os.secrets.finder import Finder
from agent_os.workspace import steering
from agent_os.workspace.snapshot import SnapshotRepository, Taking, take_snapshot


def ref_prefix(order: Order) -> str:
    """Where this attempt's refs live."""
    return f"refs/agent-os/attempts/{order.slug}/{order.round}.{order.number}/"


def take(
    directory: AttemptDirectory, order: Order, prepared: Prepared, repository: SnapshotRepository
) -> Taken:
    """Keep the work as refs in `work.bundle`, and the result file as `result.md`."""
    if not prepared.needs_agent:
        return _without_agent(directory, order, prepared, repository)
    snapshot = take_snapshot(
        repository,
        Taking(
            work=directory.work,
            checked_out=prepared.checked_out,
            known=(order.start, order.base),
            ref_prefix=ref_prefix(order),
            message=order.commit_message,
            parents=_parents(order, repository),
            placed=steering.differing(repository.path, order.base, prepared.checked_out),
            always=order.kind is Kind.REFRESH or _goes_on(order, repository),
        ),
    )
    failpoint("snapshot.half")
    repository.bundle(directory.bundle, snapshot.kept)
    finder = finder_of(order)
    problem = _take_result(directory, finder)
    answers = order.deliverable == "answer"
    answer_problem, gives_away = _take_answer(directory, finder) if answers else ("", "")
    return Taken(
        # Of an answer nothing is published but the answer; what was changed is only kept.
        head=None if answers else snapshot.head,
        thrown_away=_changed(repository, prepared, snapshot.head) if answers else 0,
        answer_problem=answer_problem,
        answer_gives_away=gives_away,
        kept=tuple(snapshot.kept),
        notes=tuple(note.encode("utf-8", "replace").decode() for note in snapshot.notes),
        problem=problem,
    )


def _goes_on(order: Order, repository: SnapshotRepository) -> bool:
    """From work that was kept: it counts also where its agent found nothing left to change."""
    if order.kind is not Kind.IMPLEMENT or order.start == order.base:
        return False
    return repository.tree_of(order.start) != repository.tree_of(order.base)


def _parents(order: Order, repository: SnapshotRepository) -> tuple[str, ...]:
    """What the result stands on. Earlier work that was never pushed is not among it: what a gate
    refused there (a key, a huge file) would stay in the history for ever."""
    if order.kind is Kind.REFRESH:
        return order.start, order.base
    if order.kind is Kind.IMPLEMENT:
        return (repository.merge_base(order.base, order.start) or order.start,)
    return (order.start,)


def read_taken_result(directory: AttemptDirectory, taken: Taken) -> AgentResult | None:
    """The agent's result as it was taken; None if there was none or it can't be read."""
    if taken.problem or not directory.result.exists():
        return None
    return parse_result(directory.result.read_bytes())


def read_taken_answer(directory: AttemptDirectory, order: Order, taken: Taken) -> Answer:
    """What is to be posted, as it was taken; without text where there is none."""
    text = ""
    if order.deliverable == "answer" and not taken.answer_problem:
        text = directory.read_text(directory.answer, MAX_BYTES)
    return Answer(text, taken.answer_problem, taken.thrown_away, taken.answer_gives_away)


def _changed(repository: SnapshotRepository, prepared: Prepared, head: str | None) -> int:
    """How many files differ from what the agent was given."""
    return len(read_changes(repository.path, prepared.checked_out, head)) if head else 0


def _take_answer(directory: AttemptDirectory, finder: Finder) -> tuple[str, str]:
    """(what is wrong with it, what kinds of secrets it held)."""
    try:
        text = read_answer(directory.work)
    except BadInput as error:
        return error.message, ""
    write_atomic(directory.answer, finder.redact(text))
    return "", ", ".join(finder.kinds(text))


def _without_agent(
    directory: AttemptDirectory, order: Order, prepared: Prepared, repository: SnapshotRepository
) -> Taken:
    if prepared.head is None or prepared.head in (order.start, order.base):
        return Taken(head=prepared.head)
    kept = (KeptRef(ref=f"{ref_prefix(order)}head", sha=prepared.head),)
    repository.bundle(directory.bundle, kept)
    return Taken(head=prepared.head, kept=kept)


def _take_result(directory: AttemptDirectory, finder: Finder) -> str:
    try:
        data = read_result(directory.work)
        if data is None:
            return ""
        text = data.decode("utf-8", "surrogateescape")
        data = finder.redact(text).encode("utf-8", "surrogateescape")
        handle = os.open(directory.result, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        parse_result(data)
    except BadInput as error:
        return error.message
    return ""
