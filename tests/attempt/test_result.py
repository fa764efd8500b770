"""`.agent_result.md`: what the prompt asks for, the parser takes, and nothing less."""

from __future__ import annotations

import pytest

from agent_os.attempt.result import BLOCKERS, example, instructions, parse_result, sections
from agent_os.domain.errors import BadInput
from agent_os.domain.failures import FAMILIES, FailureCode, Family
from agent_os.domain.requests import Grant

from .world import FIX, World


def file(front: str = "status: complete", body: str = "## Summary\n\nMended it.\n") -> bytes:
    return f"---\n{front}\n---\n{body}".encode()


def test_trap_03_the_example_of_the_prompt_parses_and_names_every_section() -> None:
    result = parse_result(example().encode())
    assert result.status == "complete"
    for name, title, ask in sections():
        assert getattr(result, name)
        assert f"## {title}" in instructions(Grant())
        assert ask in instructions(Grant())
    assert all(code.value in instructions(Grant()) for code in BLOCKERS)


def test_trap_02_a_copied_template_does_not_parse() -> None:
    """Neither placeholders, nor the instructions themselves, nor the list of choices."""
    for _, title, ask in sections():
        for text in (ask, f"<{ask}>", "TODO", "tbd.", "<what>", "...", "…"):
            body = f"## Summary\n\nMended.\n\n## {title}\n\n{text}\n"
            if title == "Summary":
                body = f"## Summary\n\n{text}\n"
            with pytest.raises(BadInput, match="placeholder"):
                parse_result(file(body=body))
    with pytest.raises(BadInput):
        parse_result(file("status: complete | partial | blocked"))
    with pytest.raises(BadInput, match="blocker"):
        parse_result(file("status: blocked\nblocker: <code>"))


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "front matter"),
        (b"## Summary\n", "front matter"),
        (file("status: complete\nscore: 10"), "`blocker` and `requests` only"),
        (file("status: [complete"), "YAML"),
        (file("- status"), "`blocker` and `requests` only"),
        (file("status: done"), "status"),
        (file("status: complete\nblocker: needs_approval"), "left out"),
        (file("status: blocked"), "must be one of"),
        (file("status: blocked\nblocker: rate_limited"), "must be one of"),
        (file(body=""), "Summary is missing"),
        (file(body="## Summary\n\n## Changed\nx\n"), "Summary is missing"),
        (file(body="## Summary\nx\n## Summary\ny\n"), "twice"),
        (file(body="## Summary\nx\n## Verdict\ny\n"), "unknown"),
        (file(body="Hello\n## Summary\nx\n"), "before the first section"),
        (b"---\nstatus: complete\n---\n## Summary\n\xff\n", "not UTF-8"),
        (b"---\nstatus: " + b"[" * 50_000 + b"\n---\n## Summary\nx\n", "not YAML"),
    ],
)
def test_what_is_wrong_is_said(data: bytes, problem: str) -> None:
    with pytest.raises(BadInput, match=problem):
        parse_result(data)


def test_headings_in_code_are_text() -> None:
    body = "## Summary\nMended.\n\n## Changed\n```sh\n# not a section\n```\n### detail\n"
    assert "# not a section" in parse_result(file(body=body)).changed


def test_a_blocker_can_only_lower_the_verdict() -> None:
    assert all(FAMILIES[code] in (Family.PERSON, Family.TASK) for code in BLOCKERS)


def write(front: str, summary: str = "The key is missing.") -> str:
    text = f"---\\n{front}\\n---\\n## Summary\\n{summary}\\n"
    return f"printf -- '{text}' > .agent_result.md; "


@pytest.mark.long
@pytest.mark.parametrize(
    ("command", "code"),
    [
        (write("status: complete") + FIX, None),
        (
            write("status: blocked\\nblocker: needs_credentials") + FIX,
            FailureCode.NEEDS_CREDENTIALS,
        ),
        (write("status: blocked\\nblocker: missing_context"), FailureCode.MISSING_CONTEXT),
        (
            write("status: blocked\\nblocker: missing_context") + "exit 1",
            FailureCode.MISSING_CONTEXT,
        ),
        (write("status: partial\\nblocker: incomplete") + FIX, FailureCode.INCOMPLETE),
        (write("status: complete", "TODO") + FIX, FailureCode.INVALID_RESULT),
        (write("status: complete"), FailureCode.NO_CHANGE),
        ("head -c 300000 /dev/zero > .agent_result.md; " + FIX, FailureCode.INVALID_RESULT),
        ("mkdir .agent_result.md; " + FIX, FailureCode.INVALID_RESULT),
        (write("status: 2024-99-99") + FIX, FailureCode.INVALID_RESULT),
    ],
)
def test_an_attempt_reads_it(world: World, command: str, code: FailureCode | None) -> None:
    attempt = world.attempt(command)
    outcome = attempt.run()
    assert outcome.code == code, outcome.detail
    if code is FailureCode.NEEDS_CREDENTIALS:
        assert outcome.summary == "The key is missing."
    for ref in attempt.imported().kept:
        assert world.mirror.read_file(ref.sha, ".agent_result.md") is None
