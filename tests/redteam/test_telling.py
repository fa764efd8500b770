"""Attacks by what an agent tells: its result file, its events, and whoever reads them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from agent_os.domain.failures import FailureCode
from agent_os.domain.usage import Price
from tests.agents.cells import begin, environment
from tests.agents.programs import NAMED
from tests.attempt.world import FIX, World
from tests.redteam.attackers import COMPLETE, attacked, said, some

bwrap = pytest.mark.needs("bwrap")
NAME = ".agent_result.md"
SECONDS = 60
#: Ways to make the file that we read something else than a file.
ODD = {
    "pipe": f"mkfifo {NAME}",
    "link": f"ln -s ../../../owners {NAME}",
    "link-to-a-device": f"ln -s /dev/zero {NAME}",
    "link-to-itself": f"ln -s {NAME} {NAME}",
    "folder": f"mkdir {NAME}",
    "huge": f"head -c 3000000 /dev/zero > {NAME}",
    "endless": f"truncate -s 4G {NAME}",
    "no-utf-8": f"printf -- '---\\nstatus: complete\\n---\\n## Summary\\n\\377\\376' > {NAME}",
    "shut": f"echo > {NAME}; chmod 000 {NAME}",
    "hard-link": f"ln /etc/passwd {NAME} 2>/dev/null || echo x > {NAME}",
}


@bwrap
@pytest.mark.parametrize("way", some(ODD, "pipe", "link"))
def test_a_result_that_is_no_plain_file_is_refused(world: World, way: str) -> None:
    (world.root / "owners").write_text(COMPLETE.replace("Doubles", "the owner's"))
    attempt, outcome = attacked(world, f"{FIX}; {ODD[way]}; echo MADE")
    assert said(attempt, "MADE") == [""]
    assert outcome.code is FailureCode.INVALID_RESULT, outcome.detail
    assert "owner's" not in outcome.model_dump_json()


#: Texts that take for ever in a careless parser.
BOMBS = {
    "spaces-in-a-heading": COMPLETE + "\n## a" + " " * 100_000 + "b\n",
    "numbers-in-a-heading": COMPLETE + "\n## a" + "#" * 100_000 + "b\n",
    "deep-yaml": "---\nstatus: " + "[" * 50_000 + "\n---\n## Summary\nx\n",
    "deep-mapping": "---\nstatus: " + "{a: " * 20_000 + "\n---\n## Summary\nx\n",
    "laughing-yaml": "---\na: &a [x,x,x,x,x,x,x,x,x]\n"
    + "".join(f"{c}: &{c} [{', '.join([f'*{chr(ord(c) - 1)}'] * 9)}]\n" for c in "bcdefghijk")
    + "status: *k\n---\n## Summary\nx\n",
    "yaml-tag": "---\nstatus: !!python/object/apply:os.system [touch pwned]\n---\n",
    "fences": "---\nstatus: complete\n---\n## Summary\n" + "```\n" * 60_000,
    "dashes": "---\n" * 60_000,
    "blank-lines": "\n" * 250_000,
    "placeholders": COMPLETE + "\n## Risks\n" + "<" * 200_000,
}


@pytest.mark.parametrize("name", some(BOMBS, "spaces-in-a-heading"))
def test_no_result_file_keeps_us_busy_or_runs_anything(tmp_path: Path, name: str) -> None:
    """In a process of its own, which is ended where it does not end."""
    (tmp_path / NAME).write_text(BOMBS[name])
    code = (
        "import sys; from pathlib import Path; from agent_os.attempt.result import *\n"
        "from agent_os.domain.errors import BadInput\n"
        "try: print('taken', parse_result(Path(sys.argv[1]).read_bytes()).status)\n"
        "except BadInput as error: print('refused', error.message[:200])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / NAME)],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.returncode == 0 and done.stdout.startswith(("refused", "taken")), done.stderr
    assert not list(tmp_path.glob("pwned"))


@pytest.mark.parametrize(
    "source",
    [
        "-" * 200_000 + "1",
        "(" * 200_000,
        "x = " + "1+" * 100_000 + "1",
        "\n" * 1_000_000 + "(",
        "it.each(" * 100_000,
        "lambda:" * 50_000 + "1",
        "f'{" * 5_000,
        "\0" * 1_000,
    ],
    ids=["minus", "brackets", "sum", "blank-lines", "each", "lambdas", "formats", "zeros"],
)
@pytest.mark.long
def test_no_test_file_keeps_us_busy_or_breaks_us(tmp_path: Path, source: str) -> None:
    """Deep nesting is a MemoryError of Python's parser, not a SyntaxError."""
    (tmp_path / "source").write_text(source)
    code = (
        "import sys; from pathlib import Path\n"
        "from agent_os.attempt.gates.testfiles import count_skips, count_tests\n"
        "from agent_os.attempt.gates.testsettings import deciding_lines\n"
        "from agent_os.attempt.signature import normalized\n"
        "text = Path(sys.argv[1]).read_text()\n"
        "for name in ('test_a.py', 'a_test.go', 'a.test.js', 'a.rs'):\n"
        "    print(count_tests(name, text), count_skips(text))\n"
        "for name in ('pyproject.toml', 'package.json', 'setup.cfg'):\n"
        "    print(len(deciding_lines(name, text)))\n"
        "print(len(normalized(text[-16000:])))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "source")],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.returncode == 0 and len(done.stdout.splitlines()) == 8, done.stderr[-500:]


ESCAPES = {
    "title": "\\033]0;pwned\\007",
    "clear": "\\033[2J\\033[H",
    "answer-back": "\\033[c\\033[6n",
    "link": "\\033]8;;http://x\\033\\\\",
    "clipboard": "\\033]52;c;cHduZWQ=\\007",
    "c1": "\\302\\2332J",
    "backspace": "ok\\010\\010no",
}


@bwrap
def test_escapes_of_an_agent_do_not_reach_the_owners_terminal(world: World) -> None:
    """In its output, its result and its last words; colours alone are let through."""
    from agent_os.cli import tasks

    written = "".join(ESCAPES.values())
    command = f"{FIX}; printf 'SAYS {written}\\n'; printf -- '---\\nstatus: blocked\\n"
    command += f"blocker: missing_context\\n---\\n## Summary\\nx {written} y\\n' > {NAME}"
    attempt, outcome = attacked(world, command)
    assert "\x1b[2J" in attempt.text("agent.log")
    # The filter of `agent-os logs`: there is no other way to its text than a running world.
    shown = tasks._CONTROLS.sub("?", attempt.text("agent.log"))  # pyright: ignore[reportPrivateUsage]
    for text in (shown, outcome.detail, outcome.summary):
        assert not {"\x1b", "\x07", "\x08", "\x9b"} & set(text), ascii(text)


@bwrap
@pytest.mark.parametrize("name", ["evidence.json", "outcome.json", "snapshot.taken", "agent.done"])
@pytest.mark.long
def test_files_of_ours_that_an_agent_leaves_in_its_work_dir_are_nothing(
    world: World, name: str
) -> None:
    forged = json.dumps({"code": None, "head": "0" * 40, "gates": []})
    attempt, outcome = attacked(world, f"echo '{forged}' > {name}; echo '{forged}' > ../{name}")
    assert outcome.code in (FailureCode.TESTS_FAILED, FailureCode.BASE_RED)
    assert outcome.head is None and outcome.evidence is not None
    assert outcome.evidence.head == outcome.work and len(outcome.evidence.gates) > 3
    assert f"{name}" in attempt.text("outcome.json")


def _claims(world: World, root: Path, *events: object) -> tuple[FailureCode | None, float]:
    """A program that claims these events; its end, and what it cost."""
    folder = root / "bin"
    folder.mkdir()
    lines = "\n".join(e if isinstance(e, str) else json.dumps(e) for e in events)
    (folder / "claude").write_text(f"#!/bin/sh\n{FIX}\ncat <<'E'\n{lines}\nE\n")
    (folder / "claude").chmod(0o755)
    known = environment()
    known["PATH"] = f"{folder}{os.pathsep}{known['PATH']}"
    price = Price(input=1000.0, output=1000.0, cached=1000.0)
    attempt = begin(world, NAMED["claude"], "http://127.0.0.1:9", price)
    outcome = attempt.run(**known)
    return outcome.code, (outcome.spent.usd if outcome.spent else None) or 0.0


def _turn(tokens: int) -> dict[str, object]:
    usage = {"input_tokens": tokens, "output_tokens": tokens}
    return {"type": "assistant", "message": {"id": str(tokens), "content": [], "usage": usage}}


@pytest.mark.long
def test_forged_events_with_negative_use_do_not_pay_back(world: World, tmp_path: Path) -> None:
    done = {"type": "result", "subtype": "success", "is_error": False, "result": "Done."}
    paid = {**done, "total_cost_usd": -100.0, "usage": {"input_tokens": -10_000_000}}
    _, usd = _claims(world, tmp_path, _turn(1000), _turn(-5_000_000), paid)
    assert usd >= 0


@pytest.mark.parametrize(
    "line",
    ["[" * 100_000, '{"type":' * 50_000, '{"type": "result", "usage": 1e999}', "{" + "9" * 10_000],
    ids=["brackets", "objects", "infinity", "digits"],
)
@pytest.mark.long
def test_forged_events_that_break_parsers_do_not_blame_the_driver(
    world: World, tmp_path: Path, line: str
) -> None:
    """A driver that is broken costs the task nothing, and another agent is asked."""
    code, _ = _claims(world, tmp_path, line, _turn(10))
    assert code is not FailureCode.AGENT_MISSING
