"""The owner's rules for approvals: where they are written, and which of two is the stricter one."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent_os.config.loading import load_config
from agent_os.config.repository_file import PATHS, WORKFLOWS, parse_repository_file
from agent_os.domain.approvals import AddedApprovals, ApprovalRules, covered, narrowed
from agent_os.domain.errors import ConfigError
from agent_os.github.approvals import words

CONFIG = """\
github: {token: $TOKEN}
repositories:
  - {name: acme/todo, approvals: {usd: null, paths: [b]}}
  - {name: acme/other}
approvals: {paths: ["deploy/**"], workflows: ask, usd: 1}
labels: {approved: lgtm}
"""


def test_a_repositorys_keys_go_before_the_shared_ones(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG)
    config = load_config(path, {"TOKEN": "x"})
    own, other = config.rules("acme/todo"), config.rules("acme/other")
    assert own is not None and other is not None
    assert own.approvals == ApprovalRules(paths=("b",), workflows="ask", usd=None)
    assert other.approvals == ApprovalRules(paths=("deploy/**",), workflows="ask", usd=1)
    assert (own.approving_label, ApprovalRules().workflows) == ("lgtm", "forbid")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("usd: 1", "usd: -1", "`approvals.usd`"),
        ("workflows: ask", "workflows: allow", "'ask' or 'forbid'"),
        ("paths: [b]", "path: [b]", "did you mean `paths`?"),
        ("approved: lgtm", "approved: Ready", "`ready` stands for two things"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, old: str, new: str, said: str) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG.replace(old, new, 1))
    with pytest.raises(ConfigError) as raised:
        load_config(path, {"TOKEN": "x"})
    assert said in raised.value.message


def test_who_may_change_what_decides_is_never_asked() -> None:
    file = parse_repository_file(b"protected_paths: ['.github/workflows/**']", PATHS[0])
    assert set(WORKFLOWS) <= set(file.protected_by(ApprovalRules()))
    asking = file.protected_by(ApprovalRules(workflows="ask"))
    assert ".github/actions/**" not in asking
    assert {*PATHS, "CODEOWNERS", ".github/CODEOWNERS"} <= set(asking)
    assert ".github/workflows/**" in asking, "the repository's own word stays"


def test_words_are_read_as_the_query_shows_them() -> None:
    bot = {"login": "app", "__typename": "Bot"}
    person = {"login": "alice", "__typename": "User"}
    when = "2026-01-05T12:00:00Z"
    act = {"createdAt": when, "label": {"name": "LGTM"}}
    shown = {
        "id": "PR_1",
        "labels": {"nodes": [{"name": "Lgtm"}]},
        "timelineItems": {
            "nodes": [
                {**act, "__typename": "LabeledEvent", "actor": bot},
                {**act, "__typename": "LabeledEvent", "actor": person, "label": {"name": "x"}},
                {**act, "__typename": "UnlabeledEvent", "actor": None},
            ]
        },
        "comments": {
            "nodes": [
                {"databaseId": 1, "author": person, "body": "a", "createdAt": when}
                | {"lastEditedAt": None, "editor": None},
                {"databaseId": 2, "author": person, "body": "b", "createdAt": when}
                | {"lastEditedAt": when, "editor": None},
            ]
        },
    }
    found = words(shown, "lgtm")
    assert (found.node, found.labelled) == ("PR_1", True)
    assert [(a.actor, a.on) for a in found.label_acts] == [("app[bot]", True), ("ghost", False)]
    assert [(c.id, c.editor) for c in found.comments] == [(1, ""), (2, "ghost")]


def test_a_repository_only_adds() -> None:
    owner = ApprovalRules(paths=("a",), workflows="forbid", changed_files=9, usd=None)
    both = narrowed(
        owner, AddedApprovals(paths=("b", "a"), changed_files=20, usd=1, first_merges=2)
    )
    assert both == ApprovalRules(
        paths=("a", "b"), workflows="forbid", changed_files=9, usd=1, first_merges=2
    )
    assert narrowed(owner, AddedApprovals()) == owner
    asking = owner.model_copy(update={"workflows": "ask"})
    assert narrowed(asking, AddedApprovals()).workflows == "ask"
    assert narrowed(asking, AddedApprovals(workflows="forbid")).workflows == "forbid"


@pytest.mark.parametrize(
    ("asked", "now", "held"),
    [
        (None, ApprovalRules(), False),
        (ApprovalRules(), ApprovalRules(usd=1, first_merges=9), True),
        (ApprovalRules(paths=("b", "a")), ApprovalRules(paths=("a",)), True),
        (ApprovalRules(), ApprovalRules(paths=("a",)), False),
        (ApprovalRules(changed_lines=None), ApprovalRules(), False),
        (ApprovalRules(changed_files=5), ApprovalRules(changed_files=6), True),
        (ApprovalRules(changed_files=6), ApprovalRules(changed_files=5), False),
        (ApprovalRules(dependencies=False), ApprovalRules(), False),
        (ApprovalRules(workflows="ask"), ApprovalRules(), False),
        (ApprovalRules(), ApprovalRules(workflows="ask"), True),
    ],
)
def test_what_was_held_against_which_rules(
    asked: ApprovalRules | None, now: ApprovalRules, held: bool
) -> None:
    assert covered(asked, now) is held
