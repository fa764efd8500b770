"""Protected paths: every way to touch one counts."""

from __future__ import annotations

import pytest

from agent_os.attempt.gates.changes import Change
from agent_os.attempt.gates.patterns import matches
from agent_os.attempt.gates.protected import is_protected
from agent_os.domain.failures import FailureCode

from .world import FIX, PROTECTED, World


@pytest.mark.long
@pytest.mark.parametrize(
    "command",
    [
        "echo '# more' >> .github/workflows/ci.yml",
        "rm .github/workflows/ci.yml",
        "chmod +x .github/workflows/ci.yml",
        "git mv .github/workflows/ci.yml ci.yml",
        "rm -rf .github/workflows; ln -s ../tests .github/workflows",
        "mv .github gh; ln -s gh .github",
        "mkdir -p .GitHub/Workflows; echo x > .GitHub/Workflows/x.yml",
        "echo '* @me' > codeowners",
        "echo 'merge: auto' > .agent-os.yaml",
    ],
)
def test_it_needs_a_person(world: World, command: str) -> None:
    attempt = world.attempt(f"{command}; {FIX}; git add -A; git commit -qm work")
    outcome = attempt.run()
    assert outcome.code is FailureCode.PROTECTED_PATH, outcome.detail
    assert outcome.head is None
    assert outcome.kept


@pytest.mark.parametrize(
    ("pattern", "path", "yes"),
    [
        (".github/workflows/**", ".github/workflows/a/b.yml", True),
        (".github/workflows/**", ".github/workflows", True),
        (".github/workflows/**", ".github/workflows2/a", False),
        ("CODEOWNERS", "CODEOWNERS", True),
        ("CODEOWNERS", "src/CODEOWNERS", False),
        ("**/*.pem", "a.pem", True),
        ("**/*.pem", "keys/b/a.PEM", True),
        ("*.pem", "keys/a.pem", False),
        ("infra/**/prod.tf", "infra/prod.tf", True),
        ("infra/**/prod.tf", "infra/a/b/prod.tf", True),
        ("a?c", "abc", True),
        ("a.c", "abc", False),
        (".github/workflows/**", ".\uff47ithub/workflows/x", True),
    ],
)
def test_patterns(pattern: str, path: str, yes: bool) -> None:
    assert matches(pattern, path) is yes


def test_a_folder_that_becomes_a_link_is_a_change_of_what_lies_in_it() -> None:
    assert is_protected(Change(".github", "A", "000000", "120000"), PROTECTED)
    assert is_protected(Change("docs", "A", "000000", "120000"), PROTECTED)
    assert not is_protected(Change("docs/a.md", "M", "100644", "100644"), PROTECTED)
