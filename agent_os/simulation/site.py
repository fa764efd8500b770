"""The hub's repositories as people and CI see them: short requests below one of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from agent_os.simulation.clocks import SimulatedClock
from agent_os.simulation.hub import LOGIN, InProcessHub
from agent_os.simulation.scenario import FaultKind, RepositoryPlan, Scenario

PERSON = "alice"
CI = "ci"
_LOGINS = (PERSON, "bob", CI, LOGIN)
_FILES = 40
_AGE_DAYS = 240
_STEPS = 7
_HALF_A_YEAR = 180

Json = dict[str, Any]


class Site:
    """`ids`: of each repository by its full name."""

    def __init__(self, hub: InProcessHub, scenario: Scenario, clock: SimulatedClock) -> None:
        self.hub = hub
        self._clock = clock
        hub.add_people(*_LOGINS)
        self.ids = {r.name: hub.add_repository(r.name, PERSON) for r in scenario.repositories}
        self.names = {number: name for name, number in self.ids.items()}
        first = scenario.repositories[0].name
        stale = {
            fault.repository or first: fault.day
            for fault in scenario.faults
            if fault.kind is FaultKind.STALE_DEPENDENCY
        }
        for plan in scenario.repositories:
            self._begin(plan, stale.get(plan.name))

    def _begin(self, plan: RepositoryPlan, stale: float | None) -> None:
        """A history of some months, in which the lock file is renewed; for the last time half a
        year before it is stale, by the day of the scenario."""
        now = self._clock.time
        self._clock.time = now - timedelta(days=_AGE_DAYS)
        self.commit(plan.name, _files(plan), "Begin")
        last = 0.0 if stale is None else _HALF_A_YEAR - stale
        for step in range(1, _STEPS + 1):
            days = _AGE_DAYS - 30 * step
            if 0 < last - days <= 30:
                self._clock.time = now - timedelta(days=last)
                self.renew(plan.name, step)
            self._clock.time = now - timedelta(days=days)
            changed = {f"src/part_{step:02}.py": f"# changed in step {step}\n"}
            self.commit(plan.name, changed, f"Step {step}")
            if days >= last:
                self.renew(plan.name, step)
        self._clock.time = now

    def renew(self, repo: str, step: int) -> None:
        """A person brings the lock file up to date."""
        self.commit(repo, {"requirements.lock": f"requests==2.{step}.0\n"}, f"Renew {step}")

    def commit(self, repo: str, changes: Mapping[str, str], message: str) -> str:
        """A person's push to the default branch."""
        return self.hub.commit_on(self.ids[repo], "main", changes, PERSON, message)

    def head(self, repo: str) -> str:
        return self.hub.refs_of(self.ids[repo])["refs/heads/main"]

    def heads(self, repo: str) -> dict[str, str]:
        """The newest commit of each branch."""
        refs = self.hub.refs_of(self.ids[repo])
        return {ref: sha for ref, sha in sorted(refs.items()) if ref.startswith("refs/heads/")}

    def revert(self, repo: str, sha: str, title: str) -> str:
        """By a person, in git's own words; the files stay, which nobody looks at."""
        message = f'Revert "{title}"\n\nThis reverts commit {sha}.'
        mark = {"src/part_00.py": f"# without {sha[:12]}\n"}
        return self.commit(repo, mark, message)

    def ask(self, verb: str, repo: str, path: str, body: Any = None, *, user: str = PERSON) -> Any:
        """The JSON of a good answer, None of another: people try what is not possible."""
        made = self.hub.request(verb, f"/repos/{repo}{path}", user, body=body)
        assert made.status < 500, f"{verb} {repo}{path}: {made.text}"
        return json.loads(made.text) if made.status < 300 and made.text else None

    def issue(self, repo: str, number: int) -> Json:
        return self.ask("GET", repo, f"/issues/{number}") or {}

    def label(self, repo: str, number: int, *labels: str) -> None:
        self.ask("POST", repo, f"/issues/{number}/labels", {"labels": list(labels)})

    def comment(self, repo: str, number: int, text: str) -> None:
        self.ask("POST", repo, f"/issues/{number}/comments", {"body": text})

    def close(self, repo: str, number: int, reason: str) -> None:
        body = {"state": "closed", "state_reason": reason}
        self.ask("PATCH", repo, f"/issues/{number}", body)

    def report(self, repo: str, sha: str, state: str) -> None:
        body = {"state": state, "context": "ci", "description": f"it is {state}"}
        self.ask("POST", repo, f"/statuses/{sha}", body, user=CI)


def _files(plan: RepositoryPlan) -> dict[str, str]:
    checks = "".join(f"  {name}: ./check {name}\n" for name in plan.checks)
    own = f"setup: ./setup\nchecks:\n{checks}" if checks else "setup: ./setup\n"
    code = {f"src/part_{n:02}.py": f"# part {n}\n" for n in range(_FILES)}
    tests = {f"tests/test_part_{n:02}.py": f"import part_{n:02}\n" for n in range(_FILES)}
    readme = f"# {plan.name}\n\n## Run\n\n`./run`\n\n## Test\n\n`./check test`\n"
    return {
        **code,
        **tests,
        ".agent-os.yaml": own,
        "README.md": readme,
        "requirements.txt": "requests\n",
        "requirements.lock": "requests==2.0.0\n",
    }
