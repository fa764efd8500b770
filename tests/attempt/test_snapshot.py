"""What an agent leaves is kept, and nothing of what it leaves is run."""

from __future__ import annotations

import pytest

from agent_os.domain.failures import FailureCode

from .world import FIX, Attempt, World, git

ONE = "echo one > one.txt; git add -A; git commit -qm one; "


def messages(attempt: Attempt) -> set[str]:
    """Subjects of all commits that the attempt's refs hold beyond the base."""
    mirror = attempt.world.mirror.path
    kept = [ref.sha for ref in attempt.imported().kept]
    listed = git(mirror, "log", "--format=%s", *kept, "--not", attempt.order.base)
    return set(listed.splitlines())


@pytest.mark.parametrize(
    ("command", "kept"),
    [
        (ONE + FIX + "; git commit -qam two", {"one", "two"}),
        (ONE + "git commit -q --amend -m again; " + FIX, {"one", "again", "Mend double (#12)"}),
        (ONE + "git reset -q --hard HEAD~1; " + FIX, {"one", "Mend double (#12)"}),
        (ONE + "git reset -q --hard HEAD~1; rm -rf .git/logs .git/ORIG_HEAD; " + FIX, {"one"}),
        (FIX + "; git stash -q; " + FIX, {"Mend double (#12)", "WIP on agent-os/work"}),
        (
            ONE + "git branch side; git checkout -q --orphan o; git commit -qm lone; ",
            {"one", "lone"},
        ),
        (ONE + "git tag -a -m tagged v1; git reset -q --hard HEAD~1; git gc -q; ", {"one"}),
        (
            ONE + "git worktree add -q ../home/w; cd ../home/w; echo > b; git add b; "
            "git commit -qm elsewhere",
            {"one", "elsewhere"},
        ),
        (
            ONE
            + "git checkout -q -b feature; git commit -q --allow-empty -m e; git pack-refs --all",
            {"one", "e"},
        ),
        (ONE + "git reset -q --hard HEAD~1; rm -rf .git", {"gone"}),
    ],
)
def test_trap_30_every_commit_is_kept(world: World, command: str, kept: set[str]) -> None:
    attempt = world.attempt(command, checks={})
    attempt.run()
    found = messages(attempt) if attempt.outcome().kept else set[str]()
    if kept == {"gone"}:
        assert found == set()  # the agent destroyed its own repository: nothing is left to keep
        return
    assert {want for want in kept if any(have.startswith(want) for have in found)} == kept


def test_an_agents_own_commits_are_kept_and_not_published(world: World) -> None:
    """What they say would land with a merge: closing keywords, trailers, others' names."""
    words = "fixes #9 @everyone [skip ci]\n\nCo-authored-by: Eve <eve@x.example>"
    me = "GIT_AUTHOR_NAME=Torvalds GIT_COMMITTER_EMAIL=l@x.example"
    attempt = world.attempt(f"{FIX}; {me} git commit -qam '{words}'; git notes add -m 'fixes #8'")
    outcome = attempt.run()
    assert outcome.code is None and outcome.head
    assert "fixes #9 @everyone [skip ci]" in messages(attempt)
    mirror = world.mirror.path
    said = git(mirror, "log", "--format=%an|%ae|%cn|%ce|%B|%P", f"{world.base}..{outcome.head}")
    ours = "agent-os|agent-os@localhost"
    assert said == f"{ours}|{ours}|Mend double (#12)|{world.base}"


@pytest.mark.long
def test_work_that_is_gone_on_from_is_no_part_of_the_history(world: World) -> None:
    """What a gate refused in it would otherwise be refused, or published, for ever."""
    first = world.attempt("ln -s /etc/passwd link")
    assert first.run().code is FailureCode.GATE_FAILED
    work = first.imported().work
    second = world.attempt(f"{FIX}; rm link", start=work)
    outcome = second.run()
    assert outcome.code is None, outcome.detail
    second.imported()
    listed = git(world.mirror.path, "rev-list", f"{world.base}..{outcome.head}")
    assert listed == outcome.head


def test_kept_work_to_which_nothing_had_to_be_added_is_a_result(world: World) -> None:
    first = world.attempt(f"{FIX}; exit 1")
    assert first.run().code is FailureCode.AGENT_FAILED
    second = world.attempt("true", start=first.imported().work)
    outcome = second.run()
    assert outcome.code is None, outcome.detail
    third = world.attempt("true")
    assert third.run().code is FailureCode.NO_CHANGE


def test_caches_of_tools_are_no_work(world: World) -> None:
    made = "mkdir -p pkg/__pycache__ .pytest_cache; touch pkg/__pycache__/a.pyc .pytest_cache/v"
    attempt = world.attempt(f"{FIX}; {made}; echo x > pkg/a.py")
    outcome = attempt.run()
    attempt.imported()
    head = next(ref.sha for ref in outcome.kept if ref.ref.endswith("/head"))
    changed = git(world.mirror.path, "diff", "--name-only", world.base, head).split()
    assert "pkg/a.py" in changed and not any("cache" in name for name in changed)


def test_what_is_ignored_on_the_base_is_left_out(world: World) -> None:
    command = (
        f"{FIX}; mkdir -p build/x deep/build; touch build/x/o deep/build/o a.log b.txt; "
        "echo > .gitignore; touch ./:odd 'new\nline' 'quo\"te'; ln -s /etc/passwd link; "
        "touch run; chmod +x run; mkfifo pipe; printf .agent > .agent_result.md.x"
    )
    attempt = world.attempt(command)
    outcome = attempt.run()
    assert outcome.code is FailureCode.GATE_FAILED  # such a link, such a name
    attempt.imported()
    head = next(ref.sha for ref in outcome.kept if ref.ref.endswith("/head"))
    tree = git(world.mirror.path, "ls-tree", "-r", "-z", head).split("\0")
    modes = {line.partition("\t")[2]: line.split()[0] for line in tree if line}
    assert not any("build/" in name or name.endswith(".log") for name in modes)
    assert {"b.txt", ":odd", "new\nline", 'quo"te', "link", "run"} <= set(modes)
    assert (modes["link"], modes["run"], modes["b.txt"]) == ("120000", "100755", "100644")
    assert "pipe" not in modes
    assert "left out" in attempt.text("snapshot.json")


@pytest.mark.long
def test_names_that_are_no_text_and_large_lines_are_carried(world: World) -> None:
    command = (
        f"{FIX}; printf x > \"$(printf 'b\\377d')\"; mkdir -p tests; "
        "printf x > \"tests/$(printf 'b\\377d_test.py')\"; "
        "head -c 3000000 /dev/zero | tr '\\0' y > y"
    )
    outcome = world.attempt(command).run()
    assert outcome.code is None, outcome.detail
    assert outcome.changed_files == 4
    assert len(outcome.handoff.changed) <= 4000


def test_line_endings_and_filters_of_attributes_change_nothing(world: World) -> None:
    world.base = world.commit({".gitattributes": "* text eol=crlf\n*.py filter=evil\n"})
    world.sync()
    outcome = world.attempt().run()
    assert outcome.code is None
    assert outcome.changed_files == 1


@pytest.mark.long
def test_submodules_of_the_base_stay_unless_removed(world: World) -> None:
    git(world.origin, "update-index", "--add", "--cacheinfo", f"160000,{world.base},lib/sub")
    git(world.origin, "commit", "-q", "-m", "submodule")
    world.base = git(world.origin, "rev-parse", "HEAD")
    world.sync()
    outcome = world.attempt(f"{FIX}; echo > lib/sub/inside").run()
    assert (outcome.code, outcome.changed_files) == (None, 1)
    removed = world.attempt(f"{FIX}; rm -r lib").run()
    assert (removed.code, removed.changed_files) == (None, 2)


def test_a_result_file_that_was_committed_is_taken_out_again(world: World) -> None:
    write = "printf -- '---\\nstatus: complete\\n---\\n## Summary\\nDone it.\\n' > .agent_result.md"
    attempt = world.attempt(f"{FIX}; {write}; git add -A; git commit -qm all")
    outcome = attempt.run()
    assert (outcome.code, outcome.changed_files, outcome.summary) == (None, 1, "Done it.")


PLANT = """
mark={mark}
mkdir -p .git/hooks nested/sub
for h in post-checkout pre-commit post-index-change reference-transaction post-merge; do
  printf '#!/bin/sh\\necho %s >> %s\\n' $h $mark > .git/hooks/$h; chmod +x .git/hooks/$h
done
git config core.fsmonitor "sh -c 'echo fsmonitor >> $mark; false'"
git config core.pager "sh -c 'echo pager >> $mark'"
git config filter.evil.clean "sh -c 'echo filter >> $mark; cat'"
git config filter.evil.smudge "sh -c 'echo smudge >> $mark; cat'"
git config diff.external "sh -c 'echo external >> $mark'"
git config core.sshCommand "sh -c 'echo ssh >> $mark'"
git config uploadpack.packObjectsHook "sh -c 'echo packhook >> $mark; exec \\"$@\\"' --"
echo '* filter=evil diff=evil' > .gitattributes
(cd nested/sub; git init -q; echo x > x; git add x; git -c user.name=a -c user.email=b commit -qm n
 git config core.fsmonitor "sh -c 'echo nested >> $mark; false'")
rm -f $mark
"""


@pytest.mark.parametrize("sandbox", ["auto", "none"])
def test_what_was_planted_in_git_does_not_run(world: World, sandbox: str) -> None:
    mark = world.root / "mark"
    script = PLANT.format(mark=mark) + FIX
    attempt = world.attempt(script, sandbox=sandbox)
    outcome = attempt.run()
    assert outcome.code is None, outcome.detail
    assert not mark.exists(), mark.read_text()
    attempt.imported()
    assert outcome.head is not None
    listed = git(world.mirror.path, "ls-tree", "-r", outcome.head)
    # The nested repository's files are taken as files, its .git is not.
    assert "nested/sub/x" in listed
    assert "160000" not in listed and ".git/" not in listed
    assert "left out: 'nested/sub/.git'" in attempt.text("snapshot.json")


def test_damaged_objects_are_noted_and_the_files_kept(world: World) -> None:
    damage = (
        "o=$(git rev-parse HEAD^{tree} | sed 's|^..|&/|'); chmod u+w .git/objects/$o; "
        "echo garbage > .git/objects/$o; "
    )
    attempt = world.attempt(ONE + damage + FIX)
    outcome = attempt.run()
    assert outcome.code is None, outcome.detail
    assert "can't be read" in attempt.text("snapshot.json")
    assert messages(attempt) == {"Mend double (#12)"}


def test_a_forged_object_does_not_stand_in_for_the_bases(world: World) -> None:
    """The agent plants other content under the name of the base's check script."""
    forge = """
python3 - <<'X'
import hashlib, os, subprocess, zlib
sha = subprocess.check_output(['git', 'rev-parse', 'HEAD:check.sh'], text=True).strip()
folder = '.git/objects/' + sha[:2]
os.makedirs(folder, exist_ok=True)
data = b'exit 0\\n'
with open(f'{folder}/{sha[2:]}', 'wb') as f:
    f.write(zlib.compress(b'blob %d\\0' % len(data) + data))
X
echo x > other.txt; git add other.txt; git commit -qm forged
"""
    outcome = world.attempt(forge).run()
    assert outcome.code is FailureCode.BASE_RED


def test_alternates_of_the_agent_lead_nowhere(world: World) -> None:
    """Objects of another repository on this machine are not taken, though it names them."""
    secret = world.root / "secret"
    secret.mkdir()
    git(secret, "init", "-q")
    (secret / "key").write_text("private\n")
    git(secret, "add", "-A")
    git(secret, "commit", "-q", "-m", "private")
    sha = git(secret, "rev-parse", "HEAD")
    command = (
        f"{FIX}; echo {secret}/.git/objects >> .git/objects/info/alternates; "
        f"echo {sha} > .git/refs/heads/stolen; echo {sha} > .git/HEAD"
    )
    attempt = world.attempt(command, sandbox="none")
    assert attempt.run().code is None
    assert messages(attempt) == {"Mend double (#12)"}


def test_links_in_the_work_dir_are_not_followed(world: World) -> None:
    outside = world.root / "outside"
    outside.mkdir()
    (outside / "private").write_text("private\n")
    command = (
        f"{FIX}; mv tests t; ln -s {outside} tests; ln -s {outside}/private .agent_result.md; "
        f"rm -rf .git/refs; ln -s {outside} .git/refs"
    )
    attempt = world.attempt(command, sandbox="none")
    outcome = attempt.run()
    assert outcome.code is FailureCode.INVALID_RESULT
    attempt.imported()
    kept = next(ref.sha for ref in outcome.kept if ref.ref.endswith("/files"))
    listed = git(world.mirror.path, "ls-tree", "-r", kept)
    assert "private" not in listed
    assert any(
        line.startswith("120000") and line.endswith("\ttests") for line in listed.split("\n")
    )


def test_a_backslash_in_a_name_is_a_letter(world: World) -> None:
    world.base = world.commit({"ba\\ck.txt": "kept\n"})
    world.sync()
    attempt = world.attempt(f"{FIX}; touch 'new\\name'; mkdir d; touch 'd/.git\\config'")
    outcome = attempt.run()
    assert outcome.code is FailureCode.GATE_FAILED and "backslash" in outcome.detail
    attempt.imported()
    head = next(ref.sha for ref in outcome.kept if ref.ref.endswith("/head"))
    listed = git(world.mirror.path, "diff", "--name-status", "-z", world.base, head)
    assert listed.split("\0")[:-1] == ["M", "app.py", "A", "new\\name"]
