"""`credentials: own`: a program's own login, lent to one agent; that file and nothing beside it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agent_os.jobs import overview
from tests import planted
from tests.agents import programs
from tests.models.scenario import Scenario
from tests.models.server import ModelServer
from tests.models.steps import Shell
from tests.models.work import patch

from .conftest import Build
from .test_models import GOOD

LOGIN = {
    "claudeAiOauth": {
        "accessToken": planted.ACCESS,
        "refreshToken": planted.REFRESH,
        "expiresAt": 4102444800000,
        "scopes": ["user:inference"],
        "subscriptionType": "max",
    }
}
SPY = "cat ~/.claude/.credentials.json; cat $OWNERS/.ssh/id_x $OWNERS/.claude/settings.json; env"


@pytest.fixture
def owner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with a login, and with what is nobody's business."""
    home = tmp_path / "owner"
    for name, text in {
        ".claude/.credentials.json": json.dumps(LOGIN),
        ".claude/settings.json": '{"note": "SETTINGS-MARK"}',
        ".ssh/id_x": "SSH-MARK\n",
    }.items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(text)
    for name in ("HOME", "OWNERS"):
        monkeypatch.setenv(name, str(home))
    monkeypatch.setenv("PATH", programs.search_path())
    return home


@pytest.mark.long
@pytest.mark.needs("claude")
@pytest.mark.parametrize(
    "sandbox", [pytest.param("bwrap", marks=pytest.mark.needs("bwrap")), "none"]
)
def test_invariant_05_the_login_is_lent_and_that_is_said(
    build: Build, owner: Path, monkeypatch: pytest.MonkeyPatch, sandbox: str
) -> None:
    with ModelServer(Scenario((Shell(SPY), *patch(GOOD)))) as server:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
        agent = {
            "driver": "claude",
            "credentials": "own",
            "model": "claude-sonnet-4-5",
            "env": ["ANTHROPIC_BASE_URL", "OWNERS"],
        }
        town = build(agents={"mine": agent}, sandbox=sandbox, mode="pull-request")
        number = town.ready("Mend add", "It subtracts.")
        task = town.waits(number, "person_merges")
        heard = "\n".join(json.dumps(r.body) for r in server.requests)
        used = {r.headers.get("Authorization", "") for r in server.requests}
    assert used == {f"Bearer {LOGIN['claudeAiOauth']['accessToken']}"}
    assert "FAKEREFRESH" in heard  # its tools can read the login, and that is said
    assert task.pull is not None
    assert "credentials: own" in town.pull(task.pull.number)["body"]
    assert "credentials: own" in town.comments_of(number)[0]
    assert overview.status(town.world)["own_logins"] == ["mine"]
    assert town.token not in heard
    if sandbox == "bwrap":
        assert "SSH-MARK" not in heard and "SETTINGS-MARK" not in heard
    assert json.loads((owner / ".claude/.credentials.json").read_text()) == LOGIN
