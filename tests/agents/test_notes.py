"""Lines of output and of the files that a program writes about itself."""

from __future__ import annotations

import os
from pathlib import Path

from agent_os.attempt.lines import LONGEST_LINE, Lines
from agent_os.attempt.noted import Notes


def test_lines_come_whole_however_they_are_cut() -> None:
    data = "one\ntwo ä\r\n\n  three".encode()
    for size in range(1, len(data) + 1):
        lines, found = Lines(), list[str | None]()
        for start in range(0, len(data), size):
            found += lines.take(data[start : start + size])
        found += lines.end()
        assert found == ["one", "two ä", "three"]


def test_a_line_that_is_too_long_is_passed_over() -> None:
    lines = Lines()
    found = [*lines.take(b"a" * LONGEST_LINE), *lines.take(b"a" * LONGEST_LINE)]
    assert [*found, *lines.take(b"a\nnext\n")] == [None, "next"]


def test_only_what_is_new_is_read(tmp_path: Path) -> None:
    file = tmp_path / "log.jsonl"
    file.write_text("before\n")
    taken: list[bytes] = []
    notes = Notes(tmp_path, ("*.jsonl",), taken.append)
    with file.open("a") as more:
        more.write("after\nhalf")
        more.flush()
        notes.look(now=True)
        assert taken == [b"after\n"]
        more.write(" a line\n")
    (tmp_path / "new.jsonl").write_text("of another\n")
    notes.look(now=True)
    notes.look(now=True)
    assert taken == [b"after\n", b"half a line\n", b"of another\n"]


def test_a_tool_can_not_lead_us_elsewhere(tmp_path: Path) -> None:
    """A link is not followed, a pipe does not hold us up, a folder is none of our business."""
    secret = tmp_path / "secret"
    secret.write_text("secret\n")
    home = tmp_path / "home"
    home.mkdir()
    (home / "a.jsonl").symlink_to(secret)
    os.mkfifo(home / "b.jsonl")
    (home / "c.jsonl").mkdir()
    taken: list[bytes] = []
    Notes(home, ("*.jsonl",), taken.append).look(now=True)
    assert taken == []


def test_a_file_that_became_shorter_is_read_from_its_start(tmp_path: Path) -> None:
    file = tmp_path / "log.jsonl"
    taken: list[bytes] = []
    notes = Notes(tmp_path, ("*.jsonl",), taken.append)
    file.write_text("a long first line\n")
    notes.look(now=True)
    file.write_text("short\n")
    notes.look(now=True)
    assert taken == [b"a long first line\n", b"short\n"]


def test_folders_that_are_links_lead_nowhere(tmp_path: Path) -> None:
    """The agent makes them, and we read from outside of the sandbox."""
    home, outside = tmp_path / "home", tmp_path / "outside"
    (home / "deep").mkdir(parents=True)
    outside.mkdir()
    (outside / "log.jsonl").write_text("before\n")
    taken: list[bytes] = []
    notes = Notes(home, ("logs/*.jsonl", "deep/*/net/*.jsonl"), taken.append)
    (home / "logs").symlink_to(outside)
    # Some folders there can't be listed at all.
    (home / "deep" / "more").symlink_to("/proc/self")
    (home / "deep").joinpath("own", "net").mkdir(parents=True)
    (home / "deep" / "own" / "net" / "log.jsonl").write_text("its own\n")
    notes.look(now=True)
    assert taken == [b"its own\n"]
