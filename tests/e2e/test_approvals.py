"""What needs a person is not merged before one has approved that very commit."""

from __future__ import annotations

import pytest

from agent_os.domain.tasks import Status, Task
from agent_os.jobs import overview
from agent_os.policy import lasting

from .conftest import Build
from .town import GREEN, WORK, Town

LABEL = "agent-os: approved"
COMMAND = "/agent-os approve"
ADDS = f"echo 'left-pad==1.3' >> requirements.txt; {WORK}"
#: More than our clock may be off: what is done so soon after a push counts as done before it.
A_WHILE = 5


def _waiting(build: Build, **more: object) -> tuple[Town, int, int]:
    """(town, issue, pull request that waits for an approval)."""
    town = build(**{"files": GREEN, "agents": {"worker": ADDS}, **more})
    number = town.ready()
    task = town.waits(number, "needs_approval")
    assert task.pull
    town.rests()
    return town, number, task.pull.number


def _still_waits(town: Town, number: int) -> Task:
    town.rests()
    task = town.task(number)
    assert task and task.waiting and task.waiting.reason == "needs_approval", town.story()
    assert not any(p["merged_at"] for p in town.pulls())
    return task


def test_trap_26_what_needs_approval_is_not_merged_before_a_review_approves_it(
    build: Build,
) -> None:
    town, number, pull = _waiting(build)
    body = town.pull(pull)["body"]
    assert "### Needs a person's approval" in body and "left-pad==1.3" in body
    assert "`requirements.txt`" in body and LABEL in body and COMMAND in body
    told = [c for c in town.comments_of(number) if "needs a person's approval before" in c]
    assert len(told) == 1 and told[0].startswith("@alice") and f"#{pull}" in told[0]
    assert any("It needs a person's approval" in c for c in town.comments_of(number))
    assert [r["login"] for r in town.pull(pull)["requested_reviewers"]] == ["alice"]
    town.people.reader("mallory")
    town.review(pull, "APPROVE", "fine", user="mallory")
    town.people.label(pull, "nice")
    town.comment(pull, COMMAND, user="mallory")
    town.comment(number, COMMAND)  # on the issue it is not read
    town.comment(pull, f"I would not say\n{COMMAND}")
    _still_waits(town, number)
    town.review(pull, "APPROVE", "fine", user="bob")
    task = town.settles(number, Status.DONE)
    assert task.pull and (task.pull.merged_by, task.pull.approved_by) == ("agent-os", "bob")
    assert town.kinds(number).count("approved") == 1
    assert sum("needs a person's approval before" in c for c in town.comments_of(number)) == 1


@pytest.mark.long
@pytest.mark.parametrize("how", ["label", pytest.param("comment", marks=pytest.mark.long)])
def test_owners_whose_token_we_have_approve_by_label_or_comment(build_as: Build, how: str) -> None:
    town, number, pull = _waiting(build_as)
    if how == "label":
        town.people.label(pull, LABEL)
    else:
        town.comment(pull, f"{COMMAND}\n\nGood work.")
    task = town.settles(number, Status.DONE)
    assert task.pull and (task.pull.merged_by, task.pull.approved_by) == (town.login, "alice")


@pytest.mark.long
@pytest.mark.parametrize("how", ["label", "comment", "review"])
def test_new_commits_void_an_approval(build_alone: Build, how: str) -> None:
    town, number, pull = _waiting(build_alone, mode="pull-request")
    branch = f"agent-os/{number}"

    def approve() -> None:
        if how == "label":
            town.people.label(pull, LABEL)
        elif how == "comment":
            town.comment(pull, COMMAND)
        else:
            town.review(pull, "APPROVE", "fine", user="bob")

    town.advance(A_WHILE)
    approve()
    town.waits(number, "person_merges")
    town.rests()
    town.config["repositories"][0]["mode"] = "auto-merge"
    sha = town.push(branch, {"by_alice.txt": "mine\n"})
    town.open()
    town.until(lambda: (t := town.task(number)) and t.result and t.result.head == sha)
    task = _still_waits(town, number)
    assert LABEL not in town.labels(pull)
    told = [c for c in town.comments_of(number) if "needs a person's approval before" in c]
    assert len(told) == 2 and "there are new commits since" in told[1]
    town.advance(A_WHILE)
    approve()
    task = town.settles(number, Status.DONE)
    assert task.pull and task.pull.approved_head == sha
    assert town.file("by_alice.txt") == "mine\n"


@pytest.mark.long
def test_words_of_ours_and_of_strangers_approve_nothing(build_as: Build) -> None:
    town, number, pull = _waiting(build_as)
    town.comment(pull, f"{COMMAND}\n<!-- agent-os effect=0123456789abcdef -->", user=town.login)
    town.people.reader("mallory")
    town.comment(pull, "hello", user="mallory")
    [first] = [c for c in town.people.comments(pull) if c["user"]["login"] == "mallory"]
    town.ask("PATCH", f"/issues/comments/{first['id']}", {"body": COMMAND}, user="mallory")
    _still_waits(town, number)
    # Somebody who may write makes a stranger's comment the command: that is no word of theirs.
    town.ask("PATCH", f"/issues/comments/{first['id']}", {"body": f"{COMMAND} "}, user="bob")
    _still_waits(town, number)
    assert "approved" not in town.kinds(number)


@pytest.mark.long
def test_changes_that_were_asked_for_later_void_an_approval(build: Build) -> None:
    town, number, pull = _waiting(build, mode="pull-request")
    town.review(pull, "APPROVE", "fine", user="bob")
    town.waits(number, "person_merges")
    town.review(pull, "REQUEST_CHANGES", "no, wait", user="bob")
    town.until(lambda: len(((t := town.task(number)) and t.attempts) or ()) == 2)
    task = town.waits(number, "review_required")
    assert task.result and task.result.head != task.attempts[0].head
    town.review(pull, "APPROVE", "now it is", user="bob")
    task = town.waits(number, "person_merges")
    assert task.pull and task.result and task.pull.approved_head == task.result.head


@pytest.mark.long
def test_in_pull_request_mode_a_person_decides_by_merging(build: Build) -> None:
    town, number, pull = _waiting(build, mode="pull-request")
    assert "### Needs a person's approval" in town.pull(pull)["body"]
    sha = town.merge(pull)
    task = town.settles(number, Status.DONE)
    assert task.pull and (task.pull.merged_sha, task.pull.merged_by) == (sha, "alice")
    assert "approved" not in town.kinds(number)


RULES = {
    "paths": ({"paths": ["deploy/**"]}, "mkdir -p deploy; echo x > deploy/now.txt"),
    "workflows": ({"workflows": "ask"}, "echo '# more' >> .github/workflows/ci.yml"),
    "steering": ({}, "mkdir -p lib/.claude; echo '{}' > lib/.claude/settings.json"),
    "changed_files": ({"changed_files": 2}, "for i in 1 2 3; do echo $i > n$i.txt; done"),
    "changed_lines": ({"changed_lines": 9}, "seq 10 > ten.txt"),
    "first_merges": ({"first_merges": 1}, "echo x > x.txt"),
}


@pytest.mark.long
@pytest.mark.parametrize("rule", list(RULES))
def test_each_rule_asks_by_itself(build: Build, rule: str) -> None:
    approvals, command = RULES[rule]
    town, number, pull = _waiting(
        build, agents={"worker": command}, approvals={"dependencies": False, **approvals}
    )
    task = town.task(number)
    assert task and task.pull and task.pull.asked
    assert [ask.rule for ask in task.pull.asked.asks] == [rule]
    assert f"(`{rule}`)" in town.pull(pull)["body"]
    town.people.label(pull, LABEL)
    town.settles(number, Status.DONE)


@pytest.mark.long
def test_an_agent_is_new_until_so_many_merges(build: Build) -> None:
    town, number, pull = _waiting(build, agents={"worker": WORK}, approvals={"first_merges": 1})
    assert "worker: 0 merged" in town.pull(pull)["body"]
    town.people.label(pull, LABEL)
    town.settles(number, Status.DONE)
    town.settles(town.ready("add again"), Status.DONE)


@pytest.mark.long
def test_a_repositorys_file_adds_rules_and_takes_none_away(build: Build) -> None:
    file = "test: python3 -m unittest -q\napprovals: {paths: [log.txt], dependencies: false}\n"
    files = {**GREEN, ".agent-os.yaml": file}
    town, number, _ = _waiting(build, files=files)
    task = town.task(number)
    assert task and task.pull and task.pull.asked
    assert [ask.rule for ask in task.pull.asked.asks] == ["paths", "dependencies"]


@pytest.mark.long
def test_rules_that_became_stricter_are_applied_to_what_waits(build: Build) -> None:
    town = build(files=GREEN, agents={"worker": WORK}, mode="pull-request")
    number = town.ready()
    town.waits(number, "person_merges")
    town.config["approvals"] = {"paths": ["log.txt"]}
    town.config["repositories"][0]["mode"] = "auto-merge"
    town.open()
    task = town.waits(number, "needs_approval")
    assert [a.kind for a in task.attempts] == ["implement", "verify"]
    assert task.pull
    town.people.label(task.pull.number, LABEL)
    town.settles(number, Status.DONE)


@pytest.mark.long
def test_auto_merge_is_suggested_from_what_lasted_and_never_taken(build_as: Build) -> None:
    town = build_as(files=GREEN, agents={"worker": WORK}, mode="pull-request")

    def told() -> str:
        [shown] = overview.status(town.world)["repositories"]
        assert shown["mode"] == "pull-request"
        return shown["auto_merge"]

    number = town.ready()
    task = town.waits(number, "person_merges")
    assert task.pull
    town.merge(task.pull.number)
    town.settles(number, Status.DONE)
    assert "0 of 16 needed" in told()
    town.clock.ahead += lasting.LASTS
    assert "1 of 16 needed" in told()
    number = town.ready("once more")
    task = town.waits(number, "person_merges")
    assert task.pull
    town.edit_pull(task.pull.number, state="closed")
    town.settles(number, Status.CANCELLED)
    assert f"1 of {lasting.needed(1)} needed" in told() and "1 did not" in told()


@pytest.mark.long
@pytest.mark.parametrize("kind", ["drop_after", "drop_before"])
def test_taking_a_void_label_off_may_lose_its_answer(build_alone: Build, kind: str) -> None:
    town, number, pull = _waiting(build_alone, mode="pull-request")
    town.advance(A_WHILE)
    town.people.label(pull, LABEL)
    town.waits(number, "person_merges")
    town.rests()
    town.push(f"agent-os/{number}", {"by_alice.txt": "mine\n"})
    town.fault_on_labels(kind)
    town.waits(number, "needs_approval")
    _still_waits(town, number)
    assert LABEL not in town.labels(pull) and not town.faults_left()
    assert town.kinds(number).count("approval_voided") == 1
