"""Gate `files`: what an agent may add, and what nobody could look at or keep apart."""

from __future__ import annotations

import subprocess

import pytest

from agent_os.attempt.gates.files import Commits, judge_files
from agent_os.attempt.gates.links import astray
from agent_os.attempt.gates.spelling import fault, names_submodules, twins
from agent_os.domain.attempts import GateOrder, GateResult, Verdict
from agent_os.domain.failures import FailureCode
from agent_os.workspace.names import is_git_directory

from .world import FIX, World, git

ELF = r"printf '\177ELF\2\1\1\0\0\0' > tool"


def judged(world: World, *commands: str, gates: dict[str, int] | None = None) -> GateResult:
    """The gate alone, on a commit for each of the shell commands on top of the base."""
    work = world.root / "made"
    git(world.root, "clone", "-q", str(world.origin), str(work))
    for name in ("user.name=a", "user.email=a@b", "core.protectNTFS=false"):
        git(work, "config", *name.split("="))
    for command in commands:
        script = command.replace("{base}", world.base)
        subprocess.run(["bash", "-c", script], cwd=work, check=True)
        git(work, "add", "-A", "-f")
        git(work, "commit", "-q", "--allow-empty", "-m", "made")
    head = git(work, "rev-parse", "HEAD")
    commits = Commits(world.base, world.base, head)
    return judge_files(work / ".git", GateOrder.model_validate(gates or {}), commits)


REFUSED = [
    ("ln -s /etc/passwd link", "link is a link to the absolute path /etc/passwd"),
    ("ln -s ../outside link", "leads out of the repository"),
    ("mkdir -p a/b; ln -s ../../../x a/b/link", "leads out of the repository"),
    ("mkdir -p d/e; ln -s d/e in; ln -s in/../../../x link", "leads out of the repository"),
    ("ln -s link other; ln -s other link", "leads in a circle"),
    ("ln -s .git/config link", "into git's own folder"),
    ("ln -s tests/../.GIT/hooks link", "into git's own folder"),
    ("ln -s \"$(printf 'a\\nb')\" link", "control characters"),
    ("printf '[submodule \"x\"]' > .gitmodules", "says where submodules come from"),
    ("printf x > .GitModules", "says where submodules come from"),
    ("mkdir lib; git update-index --add --cacheinfo 160000,{base},lib", "lib is a submodule"),
    ("printf x > App.py", "App.py and app.py are one file on many systems"),
    ("mkdir Tests; printf x > Tests/x", "Tests and tests are one file on many systems"),
    ("mkdir A; printf x > A/hook; ln -s tests a", "A and a are one file on many systems"),
    ("printf x > 'new\nline'", "control or invisible characters"),
    ("printf x > \"$(printf 'a\\342\\200\\256b')\"", "control or invisible characters"),
    ("printf x > 'a\\b'", "a backslash"),
    ("printf x > 'end.'", "ends with a dot or a blank"),
    ("printf x > NUL.txt", "a device of that name"),
    (ELF, "tool is a compiled program"),
    ("head -c 5000001 /dev/zero | tr '\\0' y > big", "big has 5.0 MB"),
    ("head -c 500001 /dev/zero > blob", "blob is binary and has 500 KB"),
]


#: What the tests of single names and links below hold too.
ONCE_MORE = (
    *("ln -s link other", "ln -s tests/", "printf x > 'a", "printf x > 'end", "printf x > NUL"),
    *("mkdir Tests", "printf x > .GitModules", "printf x > 'new", "mkdir -p a/b", "ln -s .git/"),
    *('ln -s "$(', 'printf x > "$(', "ln -s ../outside"),
)


@pytest.mark.parametrize(
    ("command", "words"),
    [
        pytest.param(*case, marks=[pytest.mark.long] if case[0].startswith(ONCE_MORE) else [])
        for case in REFUSED
    ],
)
def test_what_is_refused(world: World, command: str, words: str) -> None:
    result = judged(world, command)
    assert (result.verdict, result.code) == (Verdict.FAIL, FailureCode.GATE_FAILED), result
    assert words in result.detail
    assert "Take it out of the change" in result.detail


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("printf x > plain.txt", "None refused."),
        ("ln -s app.py link; mkdir d; ln -s ../tests d/t; ln -s d/t/test_app.sh l", "link: link"),
        (r"printf 'GIF\0' > logo.gif", "binary: logo.gif (1 KB)"),
        ("printf 'version https://git-lfs.github.com/spec/v1\n' > m", "a file of Git LFS: m"),
        ("chmod +x app.py", "mode 100644 → 100755: app.py"),
        ("printf '* -diff' > .gitattributes", "may hide files on GitHub's pages: .gitattributes"),
        ("printf x > naïve.txt; printf x > '日本.txt'; printf x > .gitignored", "None refused."),
    ],
)
def test_what_passes_is_named(world: World, command: str, words: str) -> None:
    result = judged(world, command)
    assert result.verdict is Verdict.PASS, result
    assert words in result.detail


def test_what_the_base_has_already_may_stay(world: World) -> None:
    """Of a repository with such files, an agent can still work on the others, and on the large."""
    made = (
        "ln -s /etc/hosts hosts; printf x > 'a\\b'; printf x > README; printf x > readme; "
        "printf '[submodule]' > .gitmodules; head -c 6000000 /dev/zero | tr '\\0' y > big; "
        "git update-index --add --cacheinfo 160000,$(git rev-parse HEAD),lib; mkdir lib"
    )
    git(world.origin, "config", "core.protectNTFS", "false")
    subprocess.run(["bash", "-c", made], cwd=world.origin, check=True)
    world.base = world.commit({})
    world.sync()
    result = judged(world, "printf y >> big; printf y >> 'a\\b'; printf y >> readme")
    assert result.verdict is Verdict.PASS, result
    again = world.root / "made"
    again.rename(world.root / "made.1")
    assert judged(world, "ln -sf /etc/passwd hosts").verdict is Verdict.FAIL


def test_a_link_that_turns_an_old_one_outwards_is_refused(world: World) -> None:
    world.commit({"p/q/r/x": "x\n"})
    (world.origin / "top").symlink_to("p/q/r/../../../app.py")
    world.base = world.commit({})
    world.sync()
    result = judged(world, "rm -r p/q/r; ln -s ../../tests p/q/r")
    assert result.verdict is Verdict.FAIL
    assert "top is a link that leads out of the repository" in result.detail


@pytest.mark.parametrize(
    "command",
    [ELF, *(pytest.param(c, marks=pytest.mark.long) for c in ("ln -s /x link", "touch aux.c"))],
)
def test_what_a_later_commit_takes_away_counts_too(world: World, command: str) -> None:
    result = judged(world, command, "rm -f tool link aux.c; printf x > other")
    assert result.verdict is Verdict.FAIL, result


def test_limits_come_from_the_order(world: World) -> None:
    few = {"file_bytes": 2_000, "binary_bytes": 10}
    result = judged(world, r"seq 2000 > n; printf 'abcdefghijklm\0' > b", gates=few)
    assert "n has 8 KB; at most 2 KB" in result.detail
    assert "b is binary and has 1 KB" in result.detail


def test_a_result_with_a_link_out_is_not_published(world: World) -> None:
    outcome = world.attempt(f"{FIX}; ln -s /etc/passwd link").run()
    assert (outcome.code, outcome.head) == (FailureCode.GATE_FAILED, None)
    assert "files: Refused: link is a link to the absolute path" in outcome.detail


@pytest.mark.parametrize(
    "name",
    [
        ".git",
        ".GIT",
        ".Git ",
        ".git.",
        ".git...",
        "git~1",
        "GIT~1",
        ".g\u200cit",
        ".gi\u200et",
        ".git::$INDEX_ALLOCATION",
        ".git:x",
        "\ufeff.git",
        "a\\.git",
        ".git\\config",
        ".git . ",
    ],
)
def test_every_spelling_of_gits_folder(name: str) -> None:
    assert is_git_directory(name)
    assert fault(f"a/{name}/b")


@pytest.mark.parametrize("name", [".github", ".gitignore", "git", "x.git", ".gitx", "git~1x"])
def test_other_names_are_not_gits_folder(name: str) -> None:
    assert not is_git_directory(name)
    assert not fault(f"a/{name}/b")


@pytest.mark.parametrize(
    ("path", "bad"),
    [
        ("a" * 255, False),
        ("a" * 256, True),
        ("a/" * 2048 + "b", True),
        ("con", True),
        ("Com1.txt", True),
        ("lpt9 .x", True),
        ("console.py", False),
        ("auxiliary", False),
        ("a/../b", True),
        ("tab\tname", True),
        ("b\udcffd", False),
    ],
)
def test_names(path: str, bad: bool) -> None:
    assert bool(fault(path)) is bad


@pytest.mark.parametrize(
    "name", [".gitmodules", ".GITMODULES", "GITMOD~1", "gi7eba~1", ".gitmodules ."]
)
def test_every_spelling_of_gitmodules(name: str) -> None:
    assert names_submodules(name) and not names_submodules(f"sub/{name}")


def test_twins_are_pairs_that_were_not_both_there() -> None:
    assert twins(["a/b", "A/c"], []) == [("A", "a")]
    assert twins(["e\u0301", "\xe9"], []) == [("e\u0301", "\xe9")]
    assert twins(["a", "A", "x"], ["a", "A"]) == []
    assert twins(["a", "A"], ["a"]) == [("A", "a")]
    assert twins(["straße", "strasse"], []) == [("strasse", "straße")]


def test_links_are_followed_name_by_name() -> None:
    links = {"a": "b", "b": "c/d", "c/d": "..", "out": "a/../../x", "fine": "a/a/app.py"}
    assert astray("fine", links) == ""
    assert "out of the repository" in astray("out", links)
    assert "circle" in astray("s", {"s": "s/x"})
