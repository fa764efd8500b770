"""The row of a plan's first step, where the repository needs one."""

from __future__ import annotations

from agent_os.domain.effects import OpenProposal, PushProposal
from agent_os.domain.events import DESK
from agent_os.policy.requirements.foundation import SETUP, SetUp
from agent_os.policy.requirements.rows import Change, Kind, PlanFacts, about


def row(facts: PlanFacts) -> Change | None:
    setup = facts.setup
    if setup is None:
        return None
    names = ", ".join(setup.files)
    if setup.how == "first_commit":
        step = None if setup.pushed else _push(facts, setup)
        return Change(Kind.SET_UP, "", f"First commit on `{setup.branch}`: {names}", step=step)
    step = None if setup.pull else _open(facts, setup) if setup.pushed else _push(facts, setup)
    title = f"Pull request for a person to merge: {names}"
    return Change(Kind.SET_UP, "", title, setup.pull, step=step)


def _push(facts: PlanFacts, setup: SetUp) -> PushProposal:
    return PushProposal(
        **about(facts, DESK, "the plan's first step"),
        purpose=SETUP,
        branch=setup.branch,
        sha=setup.sha,
    )


def _open(facts: PlanFacts, setup: SetUp) -> OpenProposal:
    names = "\n".join(f"- `{name}`" for name in setup.files)
    return OpenProposal(
        **about(facts, DESK, "the plan's first step"),
        purpose=SETUP,
        branch=setup.branch,
        head=setup.sha,
        base=setup.base,
        title="Checks and CI for the plan",
        body=f"No task may change these files, so a person brings them in:\n\n{names}",
    )
