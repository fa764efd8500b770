"""What an agent was given does not leave the attempt: not in commits, not in words."""

from __future__ import annotations

import pytest

from agent_os.attempt.given_away import given_away
from agent_os.attempt.result import FILE_NAME
from agent_os.domain.failures import FailureCode
from agent_os.secrets.finder import Finder
from tests import leaks, planted

from .world import FIX, World, git

KEY = planted.GIVEN
#: Of tests that write it into files of their own.
OTHER = "another-0123456789"
COMMIT = "git add -A; git commit -qm"
REPORT = "---\\nstatus: complete\\n---\\n## Summary\\nDone with %s.\\n"
RESULT = f"printf -- '{REPORT}' $MY_TOKEN > {FILE_NAME}"


@pytest.mark.parametrize(
    "command",
    [
        "echo $MY_TOKEN > note.txt",
        pytest.param("echo 'note.txt -diff' > .gitattributes; echo $MY_TOKEN > note.txt"),
        "touch $MY_TOKEN",
        "printf %s $MY_TOKEN | sed 's/./&\\n/g' > note.txt",
        pytest.param("printf %s $MY_TOKEN | base64 > note.txt", marks=pytest.mark.long),
        pytest.param("printf %s $MY_TOKEN | rev > note.txt", marks=pytest.mark.long),
        pytest.param("printf '\\0%s\\0' $MY_TOKEN > image.png", marks=pytest.mark.long),
    ],
    ids=["file", "binary", "name", "a line each", "base64", "reversed", "binary file"],
)
def test_a_key_in_a_commit_is_not_published(world: World, command: str) -> None:
    outcome = world.attempt(f"{command}; {FIX}", env=("MY_TOKEN",)).run(MY_TOKEN=KEY)
    assert outcome.code is FailureCode.SECRET_FOUND, outcome.detail
    assert outcome.head is None
    assert outcome.work is None  # nobody goes on from it
    assert outcome.kept  # but nothing is lost
    assert KEY not in outcome.model_dump_json()


@pytest.mark.parametrize(
    "command",
    [f"echo $MY_TOKEN > note.txt; {COMMIT} one; rm note.txt", f"{FIX}; {COMMIT} $MY_TOKEN"],
    ids=["taken out again", "message"],
)
def test_a_key_in_the_agents_own_commits_is_not_published(world: World, command: str) -> None:
    """The result is one commit of ours: theirs are kept, but nobody gets to see them."""
    attempt = world.attempt(f"{command}; {FIX}", env=("MY_TOKEN",))
    outcome = attempt.run(MY_TOKEN=KEY)
    assert outcome.code is None and outcome.head, outcome.detail
    attempt.imported()
    published = git(world.mirror.path, "log", "-p", f"{world.base}..{outcome.head}")
    assert KEY not in published


def test_a_key_in_the_report_is_hidden(world: World) -> None:
    outcome = world.attempt(f"{FIX}; {RESULT}", env=("MY_TOKEN",)).run(MY_TOKEN=KEY)
    assert outcome.code is None, outcome.detail
    assert outcome.summary == "Done with [key]."
    assert outcome.evidence is not None
    assert "secrets" in [gate.name for gate in outcome.evidence.gates]


def test_a_key_in_the_words_of_a_failure_is_hidden(world: World) -> None:
    outcome = world.attempt("echo $MY_TOKEN; exit 3", env=("MY_TOKEN",)).run(MY_TOKEN=KEY)
    assert outcome.code is FailureCode.AGENT_FAILED
    assert "[key]" in outcome.handoff.failed and KEY not in outcome.model_dump_json()


FAKE = "AKIA" + "QWERTYUIOPASDFGH"


def test_what_looks_like_a_token_is_shown_by_place_and_four_characters(world: World) -> None:
    text = f"echo; echo 'key = \"{FAKE}\"  # pragma: allowlist secret'"
    outcome = world.attempt(f"{FIX}; mkdir conf; ({text}) > conf/aws.py").run()
    assert outcome.code is FailureCode.SECRET_FOUND
    assert "AWS Access Key in `conf/aws.py:2` (AKIA…)" in outcome.detail
    assert outcome.work is None and FAKE not in outcome.model_dump_json()
    assert FAKE not in outcome.handoff.changed and "[key]" in outcome.handoff.changed


@pytest.mark.long
def test_fakes_that_are_named_and_those_on_the_base_do_not_count(world: World) -> None:
    world.base = world.commit({"old.py": f"KEY = '{FAKE}'\n"})
    world.sync()
    other = FAKE[::-1].replace("AIKA", "") + "ABCD"
    command = (
        f"{FIX}; git mv old.py new.py; mkdir -p tests/data; echo AKIA{other[:16]} > tests/data/x"
    )
    gates = {"secrets_ignored": ("tests/data/**",)}
    outcome = world.attempt(command, gates=gates).run()
    assert outcome.code is None, outcome.detail
    refused = world.attempt(command).run()
    assert refused.code is FailureCode.SECRET_FOUND and "tests/data/x:1" in refused.detail


def test_an_exact_value_counts_also_where_fakes_are_named(world: World) -> None:
    gates = {"secrets_ignored": ("**",)}
    attempt = world.attempt(f"{FIX}; echo $MY_TOKEN > x.txt", gates=gates, env=("MY_TOKEN",))
    assert attempt.run(MY_TOKEN=KEY).code is FailureCode.SECRET_FOUND


def test_no_file_of_an_attempt_holds_it(world: World) -> None:
    """Also when it is told in two pieces, and in what a check prints."""
    half, rest = KEY[:9], KEY[9:]
    slowly = f"printf {half}; sleep 0.3; printf '{rest}\\n'; echo $MY_TOKEN >&2"
    # The check finds it in a file that git does not take, and so the gate does not.
    checks = {"check": f"sh check.sh; printf '{half}'; printf '{rest}\\n'; exit 1"}
    attempt = world.attempt(f"{FIX}; {RESULT}; {slowly}", checks=checks, env=("MY_TOKEN",))
    outcome = attempt.run(MY_TOKEN=KEY)
    assert outcome.code is not None
    assert attempt.text("agent.log").count("[key]") == 2
    assert "[key]" in attempt.text("gates.log") and "[key]" in attempt.text("result.md")
    held = leaks.found_below(attempt.path.parent.parent)
    # The order says how a check is called; the test wrote the value there in two halves.
    assert held == []


def test_an_answer_that_gives_it_away_is_refused_and_kept_without(world: World) -> None:
    text = "It is $MY_TOKEN, as asked.\\n\\n## Sources\\n\\n- app.py:1\\n"
    write = f'printf "{text}" > .agent_answer.md'
    attempt = world.attempt(write, env=("MY_TOKEN",), deliverable="answer")
    outcome = attempt.run(MY_TOKEN=KEY)
    assert outcome.code is FailureCode.SECRET_FOUND, outcome.detail
    assert outcome.answer == "" and KEY not in outcome.model_dump_json()
    assert "It is [key], as asked." in attempt.text("answer.md")


def test_a_commit_object_is_read_as_it_is(world: World) -> None:
    """git shows a message up to a NUL only; who reads the object sees the rest."""
    tree, who = git(world.origin, "rev-parse", "HEAD^{tree}"), "p <p@x> 1700000000 +0000"
    text = f"tree {tree}\nparent {world.base}\nauthor {who}\ncommitter {who}\n\nfix\0{OTHER}\n"
    (world.root / "commit").write_text(text)
    args = ("hash-object", "-t", "commit", "-w", "--literally", str(world.root / "commit"))
    head = git(world.origin, *args)
    assert OTHER not in git(world.origin, "log", "-p", "--format=%B", f"{world.base}..{head}")
    found = given_away(world.origin / ".git", head, (world.base,), Finder([OTHER]))
    assert [(one.path, one.exact) for one in found] == [("", True)]
    assert OTHER not in found[0].words and head[:7] in found[0].words


def test_of_a_merge_what_neither_side_had_counts(world: World) -> None:
    git(world.origin, "checkout", "-q", "-b", "side")
    side = world.commit({"side.txt": "side\n"})
    git(world.origin, "checkout", "-q", "main")
    ours = world.commit({"ours.txt": "ours\n"})
    git(world.origin, "merge", "-q", "--no-commit", "side")
    head = world.commit({"ours.txt": f"ours\n{OTHER}\n"})
    found = given_away(world.origin / ".git", head, (ours, side), Finder([OTHER]))
    assert [(one.path, one.line) for one in found] == [("ours.txt", 2)]
    assert given_away(world.origin / ".git", head, (head,), Finder([OTHER])) == ()


def test_a_line_without_an_end_is_read_to_its_end(world: World) -> None:
    """It comes in pieces, and the value between two of them."""
    known = world.base
    for before in (65_530, 262_135):
        head = world.commit({"long.txt": f"first\n{'x' * before}{OTHER}{'y' * 70_000}"})
        found = given_away(world.origin / ".git", head, (known,), Finder([OTHER]))
        assert {(one.path, one.line) for one in found} == {("long.txt", 2)}
        known = head
