"""The hub's answers, our requests, and its webhooks, against GitHub's published schemas.

What is checked was recorded by the hub: a round through its operations here, and one task of the
product from label to merge. With AGENT_OS_HUB_RECORD set for the whole suite, all that was
recorded so far is checked too.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from agent_os.domain.tasks import Status
from tests.contract.rounds import Round
from tests.e2e.town import Town
from tests.hub import HubProcess

if TYPE_CHECKING:
    from tests.contract import schemas

#: What does not fit and is right: the beginning of `operation: side, place: message`, and why.
_LABELS = "/repos/{owner}/{repo}/issues/{issue_number}/labels: request, .: ["
_PROTECTION = "PUT /repos/{owner}/{repo}/branches/{branch}/protection: request, "
_NEW_ISSUE = "POST /repos/{owner}/{repo}/issues: request, "
ALLOWED: dict[str, str] = {
    f"POST {_LABELS}": "a bare list of names is taken as well, and is what PyGithub sends",
    f"PUT {_LABELS}": "the same",
    f"{_NEW_ISSUE}labels: null": "null is taken for an absent list, and a test sends it",
    f"{_NEW_ISSUE}assignees: null": "the same",
    **{
        f"{_PROTECTION}{name}: null": "PyGithub sends null for what is left as it is"
        for name in (
            "allow_deletions",
            "allow_fork_syncing",
            "block_creations",
            "lock_branch",
            "required_conversation_resolution",
            "required_linear_history",
        )
    },
    f'{_PROTECTION}required_status_checks: "contexts"': "PyGithub sends `checks` instead",
}
#: What GitHub's description does not have, and why it is asked for.
NOT_DESCRIBED: dict[str, str] = {
    "POST /api/graphql": "GraphQL has a schema of its own",
    "POST /api/v3/graphql": "the same; PyGithub's address for it",
    "GET /api/v3/repos/{owner}/{repo}/git/refs": "described no more, still there, for PyGithub",
}


def _missing(reason: str) -> NoReturn:
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="module")
def published() -> Path:
    """The folder of the schemas; skips where they are not installed, fails in CI."""
    try:
        from tests.contract import schemas
    except ModuleNotFoundError as error:
        _missing(f"needs {error.name}, which is not installed")
    folder = schemas.folder()
    if not (folder / "openapi" / "generated" / "api.github.com.json").is_file():
        _missing(f"needs the schemas in {folder}: run scripts/install-schemas.sh")
    return folder


@pytest.fixture(scope="module")
def records(published: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with all that was recorded."""
    root = tmp_path_factory.mktemp("schemas")
    named = os.environ.get("AGENT_OS_HUB_RECORD")
    folder = Path(named) if named else root / "records"
    with HubProcess(root / "hub", ["alice", "bob", "agent-os"], record=folder) as hub:
        Round(hub).all()
        town = Town(hub, root / "town", "acme/product")
        try:
            town.settles(town.ready(), Status.DONE)
        finally:
            town.end()
        assert "Traceback" not in hub.log_path.read_text()
    return folder


def _judge(report: schemas.Report, least: int) -> None:
    """Fails with every fault that is not allowed; says what was checked."""
    print(f"\n{len(report.operations)} operations, {report.operations.total()} entries checked")
    used: set[str] = set()
    wrong: list[str] = []
    for text, count in sorted(report.faults.items()):
        reason = next((begin for begin in ALLOWED if text.startswith(begin)), None)
        if reason is None:
            wrong.append(f"{count} x {text}")
        else:
            used.add(reason)
    wrong += [f"not described: {name}" for name in report.unknown if name not in NOT_DESCRIBED]
    for reason in sorted(used):
        print(f"allowed: {reason} ({ALLOWED[reason]})")
    assert not wrong, "\n".join(["", *wrong])
    assert len(report.operations) >= least


def test_the_check_notices_what_does_not_fit(published: Path) -> None:
    from tests.contract import schemas

    rest = schemas.RestSchemas(published)

    def faults(method: str, path: str, status: int, **more: Any) -> list[str]:
        entry = {"query": "", "request": None, "answer": None, "large": False, "route": ""}
        report = schemas.Report()
        rest.check({**entry, "method": method, "path": path, "status": status, **more}, report)
        return [text.partition(": ")[2] for text in report.faults]

    issue = "/repos/acme/shop/issues/1"
    missing = faults("GET", issue, 200, answer={"id": 1})
    assert 'answer 200, .: "node_id" is a required property' in missing
    assert faults("GET", issue, 418, answer={"message": "tea"})
    assert faults("DELETE", f"{issue}/labels", 204, answer=[]) != []
    assert faults("PATCH", issue, 404, answer={"message": "m", "documentation_url": "d"}) == []
    wrong = faults("PATCH", issue, 304, request={"state": "ajar"}, query="speed=1")
    assert wrong[0].startswith("request, state:") and wrong[1] == "query, speed: is no parameter"


def test_rest_fits_the_published_schemas(published: Path, records: Path) -> None:
    from tests.contract import schemas

    report, rest = schemas.Report(), schemas.RestSchemas(published)
    for entry in schemas.recorded(records, "rest"):
        rest.check(entry, report)
    _judge(report, 100)


def test_webhooks_fit_the_published_schemas(published: Path, records: Path) -> None:
    from tests.contract import schemas

    report, webhooks = schemas.Report(), schemas.WebhookSchemas(published)
    for entry in schemas.recorded(records, "webhooks"):
        webhooks.check(entry, report)
    _judge(report, 25)
