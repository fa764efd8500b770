"""objectives.yaml, the numbers that are read, and which issues serve an objective."""

from __future__ import annotations

from pathlib import Path

import pytest

import agent_os
from agent_os.config.objectives import parse_objectives
from agent_os.config.repository_file import ALWAYS_PROTECTED
from agent_os.domain.errors import BadInput, ConfigError
from agent_os.policy.sprints import numbers
from agent_os.policy.sprints.objectives import Aim, served

ROOT = Path(agent_os.__file__).parent.parent

GOOD = """objectives:
  - name: tests
    weight: 2
    goal: higher
    target: 60
    read: {command: "grep -c def tests.py"}
    serves: {labels: [bug], paths: ["src/**"], keywords: [coverage]}
"""


def objective(read: str, more: str = "") -> bytes:
    head = "objectives:\n  - name: a\n    goal: lower\n    target: 1\n"
    return f"{head}    read: {read}\n{more}".encode()


def test_no_file_has_no_objectives() -> None:
    assert parse_objectives(None).objectives == ()
    (one,) = parse_objectives(GOOD.encode()).objectives
    assert (one.name, one.weight, one.read.command) == ("tests", 2, "grep -c def tests.py")


def test_our_own_file_is_one() -> None:
    assert parse_objectives((ROOT / "objectives.yaml").read_bytes()).objectives
    assert "objectives.yaml" in ALWAYS_PROTECTED, "no task moves its own target"


WRONG = [
    (objective("{}"), "line 5", "write one of"),
    (objective("{command: a, figure: success}"), "line 5", "write one of"),
    (objective("{figure: luck}"), "line 5", "there is no figure `luck`; known: lead_time_hours"),
    (objective("{file: {path: a}}"), "line 5", "either `pattern` or `pointer`"),
    (objective("{file: {path: /etc/passwd, pointer: a}}"), "line 5", "relative to the repository"),
    (objective("{file: {path: a/../../b, pointer: a}}"), "line 5", "relative to the repository"),
    (objective("{file: {path: a, pattern: 'x'}}"), "line 5", "one group"),
    (objective("{file: {path: a, pattern: '(('}}"), "line 5", "no regular expression"),
    (objective("{file: {path: a, pattern: '(a+)+'}}"), "line 5", "could take for ever"),
    (objective("{github: {count: stars, label: bug}}"), "line 5", "`stars` have no labels"),
    (objective("{github: {count: karma}}"), "line 5", "objectives.0.read.github.count"),
    (objective("{command: a}", "    wieght: 1\n"), "line 6", "did you mean `weight`?"),
    (objective("{command: a}").replace(b"lower", b"up"), "line 3", "objectives.0.goal"),
    (objective("{command: a}").replace(b"target: 1", b"target: .inf"), "line 4", "finite"),
    (GOOD.encode() + GOOD.partition("\n")[2].encode(), "line 1", "two objectives are called"),
    (
        b"objectives:\n"
        + b"".join(
            f"  - {{name: a{n}, goal: lower, target: 1, read: {{command: x}}}}\n".encode()
            for n in range(6)
        ),
        "line 1",
        "at most 5 objectives may be read by a command",
    ),
]


@pytest.mark.parametrize(("content", "where", "what"), WRONG)
def test_what_is_wrong_names_line_and_fix(content: bytes, where: str, what: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_objectives(content)
    assert f"objectives.yaml, {where}:" in caught.value.message and what in caught.value.message


@pytest.mark.parametrize(
    ("text", "expected"),
    [("87", 87), (" 87.5 % ", 87.5), ("-1e3", -1000), (".5", 0.5), ("85%", 85)],
)
def test_numbers(text: str, expected: float) -> None:
    assert numbers.number(text) == expected


@pytest.mark.parametrize("text", ["", "x", "1 2", "1,5", "nan", "inf", "0x10", "1e99999", "9" * 50])
def test_what_is_no_number(text: str) -> None:
    with pytest.raises(BadInput, match="is no number"):
        numbers.number(text)


def test_a_number_in_a_text() -> None:
    text = "TOTAL 12 3\ncoverage: 81.5%\ncoverage: 1%\n"
    assert numbers.in_text(text, r"coverage: ([0-9.]+)%") == 81.5
    with pytest.raises(BadInput, match="no line matches"):
        numbers.in_text(text, r"speed: (\d+)")


def test_a_number_beyond_all_numbers_is_none() -> None:
    with pytest.raises(BadInput, match="too large"):
        numbers.number("1e999")


DOCUMENT = '{"a": {"b": [1, {"c/d": "7%"}]}, "on": true, "n": null}'


@pytest.mark.parametrize(("pointer", "value"), [("/a/b/0", 1), ("/a/b/1/c~1d", 7), ("a/b/0", 1)])
def test_a_number_in_a_document(pointer: str, value: float) -> None:
    assert numbers.in_document(DOCUMENT, pointer) == value


@pytest.mark.parametrize("pointer", ["/a/x", "/a/b/9", "/on", "/n", "/a", "/a/b/0/c"])
def test_nothing_at_the_pointer(pointer: str) -> None:
    with pytest.raises(BadInput):
        numbers.in_document(DOCUMENT, pointer)


@pytest.mark.parametrize(
    "text", ["a: [", "a: &x [1]\nb: *x\n", "[" * 100_000, "!!python/object:os.system x"]
)
def test_documents_that_are_none(text: str) -> None:
    with pytest.raises(BadInput):
        numbers.in_document(text, "/a")


@pytest.mark.parametrize(
    ("goal", "value", "target", "distance"),
    [
        ("higher", 30, 60, 0.5),
        ("higher", 60, 60, 0.0),
        ("higher", 90, 60, 0.0),
        ("higher", 0, 60, 1.0),
        ("lower", 10, 0, 1.0),
        ("lower", 10, 5, 0.5),
        ("lower", 0, 0, 0.0),
        ("lower", None, 0, 0.5),
        ("higher", -60, 60, 1.0),
    ],
)
def test_distance(goal: str, value: float | None, target: float, distance: float) -> None:
    assert Aim(name="a", goal=goal, value=value, target=target).distance == distance


AIM = Aim(name="a", target=1, labels=("Bug",), paths=("src/**", "*.lock"), keywords=("race",))


@pytest.mark.parametrize(
    ("title", "body", "labels", "does"),
    [
        ("x", "", ("bug",), True),
        ("x", "see `src/deep/app.py`", (), True),
        ("x", "see lib/src.py", (), False),
        ("the uv.lock is old", "", (), True),
        ("A RACE in tests", "", (), True),
        ("embrace it", "", (), False),
        ("x", "", ("bugs",), False),
    ],
)
def test_which_issues_serve(title: str, body: str, labels: tuple[str, ...], does: bool) -> None:
    assert bool(served([AIM], title, body, labels)) is does
