"""Stage `prepare`: the work dir, or the finding that no agent is needed."""

from __future__ import annotations

import os

from agent_os.attempt.directory import AttemptDirectory
from agent_os.attempt.failpoints import failpoint
from agent_os.attempt.prompt import write_prompt
from agent_os.attempt.states import Prepared
from agent_os.domain.attempts import Kind, Order
from agent_os.workspace import steering
from agent_os.workspace.removing import remove
from agent_os.workspace.snapshot import SnapshotRepository
from agent_os.workspace.workdir import checkout


def prepare(directory: AttemptDirectory, order: Order, repository: SnapshotRepository) -> Prepared:
    """Make everything anew; whatever an interrupted try left is removed. No agent ran yet."""
    for path in (directory.work, directory.home):
        remove(path)
    repository.create((order.start, order.base))
    failpoint("prepare.half")
    ready = _without_agent(order, repository)
    if ready is not None:
        return ready
    checked_out = order.base if order.kind is Kind.REFRESH else order.start
    checkout(
        directory.work,
        checked_out,
        [repository.mirror / "objects"],
        author_name=order.author_name,
        author_email=order.author_email,
    )
    placed = steering.differing(repository.path, order.base, checked_out)
    steering.place(directory.work, placed)
    directory.home.mkdir(mode=0o700)
    for path in (directory.task, directory.handoff):
        path.touch()
    prompt = write_prompt(directory, order, [os.fsdecode(one.path) for one in placed])
    return Prepared(checked_out=checked_out, needs_agent=True, prompt=prompt)


def _without_agent(order: Order, repository: SnapshotRepository) -> Prepared | None:
    """`verify` looks at what is there; a `refresh` without conflict is a plain merge."""
    if order.kind is Kind.REFRESH and not order.redo:
        if repository.is_ancestor(order.base, order.start):
            return Prepared(checked_out=order.start, head=order.start, needs_agent=False)
        merged = repository.merge(order.start, order.base, order.commit_message)
        if merged is not None:
            return Prepared(checked_out=order.start, head=merged, needs_agent=False)
    if order.kind is Kind.REFRESH:
        # A conflict, or a merge that failed the gates: work for an agent, if there is one.
        return Prepared(checked_out=order.base, needs_agent=False) if order.agent is None else None
    if order.kind is Kind.VERIFY or order.agent is None:
        return Prepared(checked_out=order.start, head=order.start, needs_agent=False)
    return None
