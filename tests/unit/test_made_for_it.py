"""Texts that are made to keep whoever looks through them busy, or to break the reader."""

from __future__ import annotations

import random
import signal
from collections.abc import Iterator

import pytest

from agent_os.attempt.gates import patterns, testfiles
from agent_os.attempt.gates.dependencies import changed_entries
from agent_os.attempt.gates.testsettings import deciding_lines
from agent_os.attempt.result import parse_result
from agent_os.config.repository_file import parse_repository_file
from agent_os.domain.errors import BadInput, ConfigError
from agent_os.policy import cleaning
from agent_os.workspace.sandbox.reach import Reach, Refused

_SECONDS = 20


@pytest.fixture(autouse=True)
def ended() -> Iterator[None]:
    """What takes for ever fails instead."""

    def late(_number: int, _frame: object) -> None:
        raise TimeoutError(f"more than {_SECONDS} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(_SECONDS)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def test_no_text_keeps_us_busy() -> None:
    """Each took from minutes to for ever."""
    cleaning.markdown("a <!-- " * 28_000)
    changed_entries("go.mod", "", " " * 900_000)
    changed_entries("compose.yml", "", " " * 900_000)
    deciding_lines("pyproject.toml", "addopts" * 250_000)
    testfiles.count_tests("test_a.py", "import " + "a." * 1_000_000 + "a")
    assert not patterns.matches("**a" * 8 + "b", "a" * 4_000)


def test_many_wildcards_mean_the_same_as_few() -> None:
    """The two ways to look agree."""
    draw = random.Random(3)
    pieces = ("**", "*", "?", "/", "a", "b", "**/", "/**", ".")
    for _ in range(5_000):
        pattern = "".join(draw.choices(pieces, k=draw.randint(1, 6)))
        path = "".join(draw.choices(("a", "b", "/", "a/", "."), k=draw.randint(1, 7)))
        by_expression = patterns._compiled(pattern).fullmatch(path) is not None  # pyright: ignore[reportPrivateUsage] - what is compared
        walked = patterns._walked(patterns._steps(pattern), path)  # pyright: ignore[reportPrivateUsage] - as above
        assert walked is by_expression, (pattern, path)


@pytest.mark.parametrize("value", ["!!bool x", "!!timestamp x", "!!int ''"])
def test_a_tag_that_breaks_pyyaml_is_bad_input(value: str) -> None:
    with pytest.raises(BadInput):
        parse_result(f"---\nstatus: {value}\n---\n## Summary\nx\n".encode())
    with pytest.raises(ConfigError):
        parse_repository_file(f"setup: {value}\n".encode(), ".agent-os.yaml")


@pytest.mark.parametrize("value", [r'"\ud800"', r'"a\0b"'])
def test_no_setting_holds_what_no_command_can(value: str) -> None:
    with pytest.raises(ConfigError, match="line 1"):
        parse_repository_file(f"test: {value}\n".encode(), ".agent-os.yaml")


@pytest.mark.parametrize(
    "address", ["2002:7f00:1::", "64:ff9b::7f00:1", "::7f00:1", "fec0::1", "::ffff:0:7f00:1"]
)
def test_a_name_leads_to_no_private_address_in_disguise(address: str) -> None:
    reach = Reach(("*.example.com",), resolve=lambda _host, port: [(address, port)])
    with pytest.raises(Refused):
        reach.addresses("a.example.com", 443)
