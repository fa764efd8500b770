"""What the groomer reads out of a commit: real git, no checkout."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent_os.domain.signals import Signal
from agent_os.policy.grooming import code, dependencies
from agent_os.policy.grooming.dependencies import Advisory, Audit
from agent_os.policy.grooming.tree import Age, Tree, is_source
from agent_os.workspace.mirror import Mirror
from tests.hub import GIT_ENVIRONMENT, git

START = datetime(2026, 1, 1, tzinfo=UTC)


def commit(path: Path, files: Mapping[str, str], day: int, message: str = "work") -> str:
    """Commit some files on a day; the sha."""
    for name, text in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text(text)
    git("add", "--all", cwd=path)
    at = (START + timedelta(days=day)).isoformat()
    subprocess.run(
        ["git", "commit", "--quiet", "--allow-empty", "-m", message],
        cwd=path,
        env={**GIT_ENVIRONMENT, "GIT_AUTHOR_DATE": at, "GIT_COMMITTER_DATE": at},
        check=True,
    )
    return git("rev-parse", "HEAD", cwd=path).strip()


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    git("init", "--quiet", "--initial-branch=main", tmp_path / "repo")
    return tmp_path / "repo"


def tree(files: Mapping[str, str], ages: Mapping[str, Age] | None = None) -> Tree:
    return Tree(
        repo_id=7,
        repo="acme/todo",
        sha="a" * 40,
        url="https://example.test/acme/todo",
        listing={path: len(text) for path, text in files.items()},
        texts={p: t for p, t in files.items() if is_source(p) or not p.endswith(".bin")},
        ages=dict(ages or {}),
    )


MODULES = {f"app/part{n}.py": f"def f{n}():\n    return {n}\n" + "# x\n" * 200 for n in range(6)}
README = {"README.md": "# App\n\n## Usage\n\n`app run`\n"}
TESTED = {"tests/test_all.py": "".join(f"import part{n}\n" for n in range(6))}
WELL = {**MODULES, **README, **TESTED}


def by_kind(found: list[Signal]) -> dict[str, Signal]:
    return {one.kind: one for one in found}


def test_a_mirror_lists_reads_and_dates_what_a_commit_holds(clone: Path) -> None:
    files = {"a.txt": "one\n", "dir/b c.py": "x = 1\n", "ü.py": "y\n", "bin": "\0\0"}
    (clone / "link.py").symlink_to("/etc/passwd")
    first = commit(clone, files, 0, "first")
    for day in range(1, 7):
        last = commit(clone, {"dir/b c.py": f"x = {day}\n"}, day * 40, f"day {day}\n\nFixes #{day}")
    mirror = Mirror(clone / ".git")
    listing = mirror.listing(last)
    assert listing == {"a.txt": 4, "bin": 2, "dir/b c.py": 6, "ü.py": 2}
    assert mirror.texts(last, listing) == {"a.txt": "one\n", "dir/b c.py": "x = 6\n", "ü.py": "y\n"}
    assert mirror.texts(last, {"a.txt": 4, "dir/b c.py": 6}, total=5) == {"a.txt": "one\n"}
    assert mirror.texts(last, {"not there": 1, "a.txt": 4}) == {"a.txt": "one\n"}
    assert mirror.ages(last, ["a.txt", "dir/b c.py", "gone"]) == {
        "a.txt": (240.0, 6),
        "dir/b c.py": (0.0, 0),
    }
    landed = mirror.landings(last, timedelta(days=100))
    assert [one.message.partition("\n")[0] for one in landed] == ["day 6", "day 5", "day 4"]
    assert [one.sha for one in mirror.landings(last, timedelta(days=999))][-1] == first


def test_a_repository_in_order_asks_for_nothing() -> None:
    assert code.candidates(tree(WELL)) == []


def test_a_sketch_asks_for_nothing() -> None:
    assert (
        code.candidates(tree({"calc.py": "def add(): ...\n", "test_calc.py": "import calc"})) == []
    )


def test_notes_count_where_they_are_many() -> None:
    few = {**WELL, "app/part0.py": MODULES["app/part0.py"] + "# TODO: mend\n" * 4}
    assert code.candidates(tree(few)) == []
    many = {**WELL, "app/part0.py": MODULES["app/part0.py"] + "# FIXME @bob: mend it\n" * 5}
    found = by_kind(code.candidates(tree(many)))["todo_cluster"]
    assert "5 notes" in found.problem
    assert "@bob" not in found.problem  # nobody is told of a line in a file
    more = {**many, "app/part0.py": many["app/part0.py"] + "# TODO: and this\n"}
    again = by_kind(code.candidates(tree(more)))["todo_cluster"]
    assert (again.id, again.evidence) == (found.id, found.evidence)  # no news by one note more


@pytest.mark.parametrize(
    ("line", "skipped"),
    [
        ("@pytest.mark.skip(reason='flaky')", True),
        ("@pytest.mark.skipif(sys.platform == 'win32')", False),
        ("@unittest.skip('later')", True),
        ("@unittest.skipUnless(HAS_GIT, 'no git')", False),
        ("it.skip('adds', () => {", True),
        ("commit('x')", False),
        ("LINE = '@pytest.mark.skip'", False),
        ("pytestmark = pytest.mark.skip('all')", True),
        ("    t.Skip()", True),
        ("#[ignore]", True),
        ("@Disabled", True),
    ],
)
def test_skipped_tests_are_those_without_a_condition(line: str, skipped: bool) -> None:
    files = {**WELL, "tests/test_more.py": f"{line}\n"}
    assert ("skipped_tests" in by_kind(code.candidates(tree(files)))) is skipped
    outside = {**WELL, "app/part1.py": MODULES["app/part1.py"] + f"{line}\n"}
    assert "skipped_tests" not in by_kind(code.candidates(tree(outside)))


@pytest.mark.parametrize(
    ("name", "files", "found"),
    [
        (
            "three of six unnamed",
            {**WELL, "tests/test_all.py": "import part0, part1, part2\n"},
            True,
        ),
        ("two of six", {**WELL, "tests/test_all.py": "import part0, part1, part2, part3\n"}, False),
        (
            "named by a file",
            {**MODULES, **README, **{f"tests/test_part{n}.py": "" for n in range(6)}},
            False,
        ),
        ("no test at all", {**MODULES, **README}, True),
    ],
)
def test_modules_without_tests(name: str, files: dict[str, str], found: bool) -> None:
    assert ("missing_tests" in by_kind(code.candidates(tree(files)))) is found, name


@pytest.mark.parametrize(
    ("text", "lacks"),
    [
        (None, True),
        ("# App\n\nIt is good.\n", True),
        ("# App\n\n## Getting started\n", False),
        ("# App\n\n```\nmake\n```\n", False),
        ("# App\n\n    $ make\n", False),
        ("\n" * 150_000, True),
    ],
)
def test_a_readme_says_how_to_run_it(text: str | None, lacks: bool) -> None:
    files = {**MODULES, **TESTED, **({} if text is None else {"README.md": text})}
    assert ("missing_docs" in by_kind(code.candidates(tree(files)))) is lacks


PINS = """requests==2.19.0
--extra-index-url http://evil.test
-r other.txt
flask>=1
zoo[a,b]==1.0 ; x
"""


def test_only_pins_are_handed_on() -> None:
    """An option in a requirements file would be obeyed by whoever reads it."""
    assert dependencies.pins(PINS) == {"requests": "2.19.0", "zoo": "1.0"}


@pytest.mark.parametrize(
    ("path", "text", "age", "stale"),
    [
        ("requirements.txt", PINS, Age(181, 20), True),
        ("requirements.txt", PINS, Age(179, 20), False),
        ("requirements.txt", PINS, Age(400, 2), False),  # nothing else changed either
        ("requirements.txt", "flask>=1\n", Age(400, 20), False),  # it pins nothing
        ("package-lock.json", "{}", Age(400, 20), True),
    ],
)
def test_a_lock_file_that_was_left_alone(path: str, text: str, age: Age, stale: bool) -> None:
    found = dependencies.outdated(tree({**WELL, path: text}, {path: age}))
    assert bool(found) is stale
    later = dependencies.outdated(tree({**WELL, path: text}, {path: Age(age.days + 7, 30)}))
    if found:
        assert found[0].evidence == later[0].evidence  # no news by a week more
        assert "days" in found[0].problem


def test_vulnerabilities_are_ranked_above_all_and_grow_by_what_is_known() -> None:
    holes = tuple(Advisory(package="requests", version="2.19.0", id=f"PYSEC-{n}") for n in (1, 2))
    known = Audit(program="pip-audit", file="requirements.txt", found=holes[:1])
    more = known.model_copy(update={"found": holes})
    broken = Audit(program="pip-audit", file="x.txt", problem="it was ended", found=holes)
    found, again = (dependencies.vulnerable(tree(WELL), [a, broken]) for a in (known, more))
    assert len(found) == len(again) == 1
    assert found[0].id == again[0].id
    assert found[0].evidence != again[0].evidence
    assert found[0].rank > 80


def test_vendored_locks_are_not_ours() -> None:
    listing = dict.fromkeys(
        ["web/package-lock.json", "node_modules/a/package-lock.json", "uv.lock"], 1
    )
    assert dependencies.locks(listing) == ["uv.lock", "web/package-lock.json"]
