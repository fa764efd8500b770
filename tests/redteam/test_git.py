"""Attacks on our git: what an agent plants in its repository, for us to run outside."""

from __future__ import annotations

import json
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import pytest

from agent_os.domain.attempts import Outcome
from tests.attempt.world import FILES, Attempt, World, git
from tests.redteam.attackers import attacked, files_of, python, said

pytestmark = pytest.mark.needs("bwrap")
#: The setting, and the files that make git look at it. `%` is the program.
SETTINGS = {
    "fsmonitor": "core.fsmonitor=%",
    "hooks-path": "core.hooksPath=.git/hooks",
    "clean-filter": "filter.evil.clean=%",
    "smudge-filter": "filter.evil.smudge=%",
    "filter-process": "filter.evil.process=%",
    "textconv": "diff.evil.textconv=%",
    "diff-command": "diff.evil.command=%",
    "external-diff": "diff.external=%",
    "merge-driver": "merge.evil.driver=%",
    "alias": "alias.log=!%",
    "pager": "core.pager=%",
    "editor": "core.editor=%",
    "ssh-command": "core.sshCommand=%",
    "credential-helper": "credential.helper=!%",
    "askpass": "core.askPass=%",
    "signing": "gpg.program=%",
    "pack-objects-hook": "uploadpack.packObjectsHook=%",
    "git-proxy": "core.gitProxy=%",
    "remote-helper": "remote.origin.url=ext::%",
    "lazy-fetch": "remote.origin.promisor=true",
}
PLANT = """
import json, os, stat, subprocess, sys
from pathlib import Path
work, caught = Path.cwd(), Path({caught!r})
settings = json.loads({settings!r})
def program(name):
    path = work / ".git" / "evil" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\\nmkdir -p {{caught}}\\ntouch {{caught}}/{{name}}\\ncat\\n")
    path.chmod(0o755)
    return str(path)
for name, setting in settings.items():
    key, _, value = setting.replace("%", program(name)).partition("=")
    subprocess.run(["git", "config", "--add", key, value], check=True)
for key, value in [("commit.gpgSign", "true"), ("protocol.ext.allow", "always"),
                   ("extensions.partialClone", "origin"), ("core.repositoryFormatVersion", "1")]:
    subprocess.run(["git", "config", "--add", key, value], check=True)
names = ("pre-commit post-commit post-checkout post-merge pre-push reference-transaction "
         "post-index-change update pre-receive post-receive post-update push-to-checkout "
         "applypatch-msg pre-auto-gc post-rewrite fsmonitor-watchman").split()
hooks = work / ".git" / "hooks"
hooks.mkdir(exist_ok=True)
for name in names:
    os.symlink(program("hook-" + name), hooks / name)
(work / ".gitattributes").write_text("* filter=evil diff=evil merge=evil\\n")
(work / ".git" / "info" / "attributes").write_text("* filter=evil diff=evil merge=evil\\n")
home = Path(os.environ["HOME"])
(home / ".gitconfig").write_text((work / ".git" / "config").read_text())
for target in (".git/config.worktree", ".git/commondir-config"):
    (work / target).write_text((work / ".git" / "config").read_text())
subprocess.run(["git", "status"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
print("PLANTED", len(settings) + len(names), flush=True)
print("RAN-INSIDE", *sorted(p.name for p in caught.glob("*")), flush=True)
"""


@dataclass
class Planted:
    attempt: Attempt
    outcome: Outcome
    caught: Path


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Generator[Planted]:
    """One attempt with every trap in its repository, taken over by us to the end."""
    world = World(tmp_path_factory.mktemp("planted"))
    caught = world.root / "caught"
    script = PLANT.format(caught=str(caught), settings=json.dumps(SETTINGS))
    attempt, outcome = attacked(world, python(script))
    attempt.imported()
    yield Planted(attempt, outcome, caught)


def test_the_traps_work_where_they_were_laid(planted: Planted) -> None:
    """Else that nothing snapped outside shows nothing."""
    assert said(planted.attempt, "PLANTED") == [str(len(SETTINGS) + 16)]
    assert "fsmonitor" in said(planted.attempt, "RAN-INSIDE")[0]
    assert planted.outcome.code is None, planted.outcome.detail


@pytest.mark.parametrize("name", SETTINGS)
def test_invariant_06_a_planted_setting_runs_nothing_of_ours(planted: Planted, name: str) -> None:
    assert (planted.attempt.path / "work/.git/evil" / name).exists()
    assert not (planted.caught / name).exists()


def test_invariant_06_planted_hooks_do_not_run(planted: Planted) -> None:
    hooks = planted.attempt.path / "work/.git/hooks"
    assert len(list(hooks.iterdir())) >= 16
    assert [path.name for path in planted.caught.glob("hook-*")] == []


@pytest.mark.long
def test_a_foreign_repository_by_alternates_is_not_published(world: World) -> None:
    """Its `.git` names objects of the owner's other repository, and a commit of theirs."""
    other = world.root / "private"
    other.mkdir()
    git(other, "init", "-q", "-b", "main")
    (other / "secret.txt").write_text("the owner's")
    git(other, "add", "-A")
    git(other, "commit", "-q", "-m", "private")
    secret = git(other, "rev-parse", "HEAD")
    script = f"""
    from pathlib import Path
    Path(".git/objects/info/alternates").open("a").write("{other}/.git/objects\\n")
    Path(".git/refs/heads/theirs").write_text("{secret}\\n")
    Path(".git/HEAD").write_text("{secret}\\n")
    print("NAMED", Path(".git/HEAD").read_text())
    """
    attempt, outcome = attacked(world, python(script))
    assert said(attempt, "NAMED") == [secret]
    attempt.imported()
    assert not world.mirror.has(secret)
    assert outcome.head is not None and git(world.mirror.path, "rev-list", outcome.head)
    assert secret not in git(world.mirror.path, "rev-list", outcome.head)


@pytest.mark.parametrize(
    "trap",
    [
        "rm -rf .git; ln -s {other}/.git .git",
        "rm -rf .git; echo 'gitdir: {other}/.git' > .git",
        "rm -rf .git/objects; ln -s {other}/.git/objects .git/objects",
        "rm -rf .git; mkfifo .git",
        "rm -f .git/HEAD; mkfifo .git/HEAD .git/packed-refs .git/refs/heads/pipe",
        "find .git -depth -exec chmod 000 {{}} +",
    ],
    ids=["link", "gitfile", "objects", "pipe", "pipes", "unreadable"],
)
@pytest.mark.long
def test_what_stands_for_the_git_directory_leads_nowhere(world: World, trap: str) -> None:
    other = world.root / "private"
    other.mkdir()
    git(other, "init", "-q", "-b", "main")
    (other / "secret.txt").write_text("the owner's")
    git(other, "add", "-A")
    git(other, "commit", "-q", "-m", "private")
    secret = git(other, "rev-parse", "HEAD")
    before = sorted(p.name for p in (other / ".git").rglob("*"))
    command = f"sed -i 's/n \\* 3/n * 2/' app.py; {trap.format(other=other)}; echo TRAP $?"
    attempt, outcome = attacked(world, command)
    assert said(attempt, "TRAP") == ["0"]
    # The files are the work; the repository is only where it came from.
    assert outcome.code is None, outcome.detail
    attempt.imported()
    assert not world.mirror.has(secret)
    assert sorted(p.name for p in (other / ".git").rglob("*")) == before


@pytest.mark.long
def test_replaced_and_grafted_history_does_not_deceive_us(world: World) -> None:
    """`git replace` would show another tree under the base's name."""
    script = """
    import subprocess
    from pathlib import Path
    run = lambda *a: subprocess.run(["git", *a], check=True, capture_output=True, text=True).stdout
    base = run("rev-parse", "HEAD").strip()
    Path("app.py").write_text("evil = True\\n")
    run("commit", "-qam", "evil")
    run("replace", base, run("rev-parse", "HEAD").strip())
    Path(".git/info/grafts").write_text(base + "\\n")
    Path(".git/shallow").write_text(base + "\\n")
    run("reset", "-q", "--soft", base)
    Path("app.py").write_text("def double(n):\\n    return n * 2\\n")
    print("REPLACED", len(run("replace", "-l").split()))
    """
    attempt, outcome = attacked(world, python(script, "true"))
    assert said(attempt, "REPLACED") == ["1"]
    assert outcome.code is None, outcome.detail
    assert (outcome.insertions, outcome.deletions) == (1, 1)


@pytest.mark.long
def test_a_hundred_thousand_refs_are_bounded(world: World) -> None:
    script = """
    import subprocess
    from pathlib import Path
    head = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True).stdout
    lines = "".join(f"{head.strip()} refs/heads/b{n}\\n" for n in range(100_000))
    Path(".git/packed-refs").write_text(lines)
    print("REFS", lines.count("refs/"))
    """
    attempt, outcome = attacked(world, python(script))
    assert said(attempt, "REFS") == ["100000"]
    assert outcome.code is None and len(outcome.kept) < 10


@pytest.mark.parametrize(
    ("name", "make"),
    [
        (".git/config", "mkdir -p sub/.git; cp .git/config sub/.git/"),
        (".GIT/config", "mkdir -p .GIT; cp .git/config .GIT/"),
        ("git~1/config", "mkdir -p git~1; cp .git/config git~1/"),
        (".git ./config", "mkdir -p '.git .'; cp .git/config '.git ./'"),
    ],
)
@pytest.mark.long
def test_no_spelling_of_a_git_directory_gets_into_the_result(
    world: World, name: str, make: str
) -> None:
    attempt, outcome = attacked(world, f"sed -i 's/n \\* 3/n * 2/' app.py; {make}; echo MADE $?")
    assert said(attempt, "MADE") == ["0"]
    assert set(files_of(world, attempt, outcome)) == set(FILES)


@pytest.mark.long
def test_a_nested_repository_is_taken_as_nothing_but_files(world: World) -> None:
    command = """git init -q inner; echo x > inner/x; git -C inner add x
    git config --global user.name x; git config --global user.email x
    git -C inner commit -qm x; git add inner 2>/dev/null; git commit -qm gitlink; echo LINKED $?"""
    attempt, outcome = attacked(world, f"sed -i 's/n \\* 3/n * 2/' app.py\n{command}")
    assert said(attempt, "LINKED") == ["0"]
    # A gitlink stands in a commit of the agent's: that may not be published.
    modes = files_of(world, attempt, outcome)
    assert outcome.code is not None or "160000" not in modes.values(), (outcome.detail, modes)
