"""The tools of our own agent, one call at a time."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agent_os.agents.native.tools.tool import LONGEST_OUTPUT, Place
from agent_os.agents.native.tools.toolbox import SPECS, Done, run_calls
from agent_os.models.backend import ToolCall

TEXT = "one\ntwo\nthree\ntwo again\n"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    work, home = tmp_path / "work", tmp_path / "home"
    work.mkdir()
    home.mkdir()
    (work / "a.txt").write_text(TEXT)
    (work / "sub").mkdir()
    (work / "sub/b.py").write_text("def double(n):\n    return n * 2\n")
    (work / "binary").write_bytes(b"double\0\xff")
    (work / ".git").mkdir()
    (work / ".git/config").write_text("double\n")
    (tmp_path / "outside.txt").write_text("double outside\n")
    (work / "out").symlink_to(tmp_path / "outside.txt")
    (work / "up").symlink_to("..")
    return Place(work, home, 20.0)


def use(place: Place, name: str, **arguments: object) -> Done:
    call = ToolCall(id="1", name=name, arguments=json.dumps(arguments))
    return next(iter(run_calls([call], place, lambda _call: None)))


@pytest.mark.parametrize(
    ("tool", "arguments", "text", "failed"),
    [
        ("read_file", {"path": "a.txt", "lines": 2}, "1\tone\n2\ttwo\n[4 lines in all]", False),
        ("read_file", {"path": "a.txt", "first_line": 4}, "4\ttwo again", False),
        ("read_file", {"path": "a.txt", "first_line": 9}, "(nothing there: 4 lines in all)", False),
        ("read_file", {"path": "sub"}, "b.py", False),
        ("read_file", {"path": "nope"}, "nope: No such file or directory.", True),
        ("read_file", {"path": "binary"}, "binary is not UTF-8 text.", True),
        ("read_file", {"path": "../outside.txt"}, "outside of the work directory", True),
        ("read_file", {"path": "/etc/passwd"}, "outside of the work directory", True),
        ("read_file", {"path": "out"}, "outside of the work directory", True),
        ("read_file", {"path": "up/outside.txt"}, "outside of the work directory", True),
        ("read_file", {"path": "a\0b"}, "is no path", True),
        ("write_file", {"path": "out", "content": "x"}, "outside of the work directory", True),
        ("write_file", {"path": "up/new.txt", "content": "x"}, "outside of the work", True),
        ("write_file", {"path": "sub", "content": "x"}, "sub is no file.", True),
        ("write_file", {"path": "a.txt/x", "content": "x"}, "a.txt/x: ", True),
        ("edit_file", {"path": "a.txt", "old": "two", "new": "2"}, "2 times", True),
        ("edit_file", {"path": "a.txt", "old": "none", "new": "2"}, "0 times", True),
        ("edit_file", {"path": "out", "old": "double", "new": ""}, "outside of the work", True),
        ("search", {"pattern": "doub.e"}, "sub/b.py:1: def double(n):", False),
        ("search", {"pattern": "two", "files": "*.py"}, "Nothing found.", False),
        ("search", {"pattern": "("}, "The pattern is wrong", True),
        ("search", {"pattern": "x", "path": ".."}, "outside of the work directory", True),
        ("search", {"pattern": "x", "path": "nope"}, "nope does not exist.", True),
        ("shell", {"command": "echo hi; exit 3"}, "[exit code 3]\nhi\n", False),
        ("shell", {"command": "cat"}, "[exit code 0]\n", False),
        ("shell", {"command": "printf '\\377'"}, "[exit code 0]\n\ufffd", False),
        ("finish", {"summary": "All done."}, "All done.", False),
    ],
)
def test_calls(
    place: Place, tool: str, arguments: dict[str, object], text: str, failed: bool
) -> None:
    done = use(place, tool, **arguments)
    assert done.result.failed is failed
    assert text in done.result.text if failed else done.result.text == text
    assert not done.malformed
    assert (place.work.parent / "outside.txt").read_text() == "double outside\n"
    assert sorted(item.name for item in place.work.parent.iterdir()) == [
        "home",
        "outside.txt",
        "work",
    ]


def test_an_edit_changes_one_place_and_keeps_the_mode(place: Place) -> None:
    path = place.work / "run.sh"
    path.write_bytes(b"#!/bin/sh\r\necho old\r\n")
    path.chmod(0o755)
    assert not use(place, "edit_file", path="run.sh", old="old", new="new").result.failed
    assert path.read_bytes() == b"#!/bin/sh\r\necho new\r\n"
    assert path.stat().st_mode & 0o777 == 0o755
    assert not [item for item in place.work.iterdir() if "agent-os" in item.name]


def test_a_file_is_written_with_its_directories(place: Place) -> None:
    assert not use(place, "write_file", path="x/y/z.txt", content="ä\n").result.failed
    assert (place.work / "x/y/z.txt").read_text("utf-8") == "ä\n"


def test_a_pattern_that_never_ends_is_ended(place: Place) -> None:
    (place.work / "evil.txt").write_text("a" * 60 + "!\n")
    short = Place(place.work, place.home, 0.3)
    done = use(short, "search", pattern="(a+)+$")
    assert done.result.failed
    assert "Ended after" in done.result.text


def test_output_is_bounded(place: Place) -> None:
    (place.work / "long.txt").write_text("x" * 5_000_000 + "\n" + "line\n" * 50_000)
    for name, arguments in (
        ("read_file", {"path": "long.txt", "lines": 50_000}),
        ("search", {"pattern": "x|line"}),
        ("shell", {"command": "cat long.txt"}),
    ):
        text = use(place, name, **arguments).result.text
        assert len(text) < LONGEST_OUTPUT + 5_000


def test_a_background_process_does_not_outlive_its_command(place: Place) -> None:
    text = use(place, "shell", command="setsid tail -f /dev/null & echo begun").result.text
    assert text == "[exit code 0, 1 background processes ended]\nbegun\n"


def test_every_tool_explains_its_arguments() -> None:
    for spec in SPECS:
        assert spec.description
        for name, schema in spec.parameters["properties"].items():
            assert "type" in schema, (spec.name, name)
