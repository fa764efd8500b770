"""Which lessons an agent is told: those that are about its task, and have proved themselves."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from agent_os.domain.contract import Contract
from agent_os.domain.lessons import Cause, Lesson, Record
from agent_os.policy.memory.learning import one_line
from agent_os.policy.tokens import tokens

MOST_TOLD = 12
_HALF_LIFE_DAYS = 30.0
_GENERAL = 3
_LEAST = 0.35
#: More than `fading` needs to say that it misleads.
_SUSPECT_LOSSES = 8
_LONGEST_LINE = 600
_PATH = re.compile(
    r"(?<![\w/.:-])(?:[\w.-]+/)*[\w-]+\.[A-Za-z]\w{0,9}\b|(?<![\w/.:-])(?:[\w.-]+/)+"
)
_MOST_PATHS = 40
_BARE = re.compile(r"^#\d+ .* at the first attempt$")


class Asked(Contract):
    """What the attempt is about."""

    repo_id: int
    type: str
    paths: tuple[str, ...] = ()
    now: datetime


class Candidate(Contract):
    """`match`: how well its words are those of the task, of 1; 0: not at all."""

    lesson: Lesson
    match: float = 0.0
    record: Record = Record()


def paths_in(text: str) -> tuple[str, ...]:
    """What looks like a path of a file or a folder in a text."""
    found = [path.removeprefix("./") for path in _PATH.findall(text)]
    return tuple(dict.fromkeys(path for path in found if path.strip("./")))[:_MOST_PATHS]


def chosen(
    candidates: Sequence[Candidate], asked: Asked, budget: int, lasts: timedelta
) -> list[Lesson]:
    """Those to tell, best first, in at most `budget` tokens. The same facts, the same answer.

    `lasts`: how long a lesson that nobody learned or was told again is kept.
    """
    once = {one.lesson.id: one for one in sorted(candidates, key=lambda one: one.match)}
    fit = [(score(one, asked), one) for one in once.values() if _fit(one, asked, lasts)]
    best = sorted(fit, key=lambda pair: (-pair[0], -pair[1].lesson.seq))
    told: list[Lesson] = []
    left = float(budget)
    for value, one in best:
        size = tokens(line(one.lesson, asked.repo_id)) + 1  # its dash and line end
        if len(told) == MOST_TOLD:
            break
        if size <= left and (value >= _LEAST or _general(one.lesson, asked)):
            told.append(one.lesson)
            left -= size
    return told


def _fit(one: Candidate, asked: Asked, lasts: timedelta) -> bool:
    lesson = one.lesson
    if lesson.ending is not None or lesson.touched_at + lasts <= asked.now:
        return False
    if one.record.lost >= _SUSPECT_LOSSES and one.record.won == 0:
        return False  # until it is known whether the others fail as well
    if lesson.cause is Cause.MERGED and not lesson.advice and _BARE.search(lesson.text):
        return False  # it only says that there was such a task
    return one.match > 0 or _near(lesson, asked) > 0 or _general(lesson, asked)


def _general(lesson: Lesson, asked: Asked) -> bool:
    """It was learned so often that it is for all work of its type."""
    return lesson.evidence >= _GENERAL and lesson.type in ("", asked.type)


def score(one: Candidate, asked: Asked) -> float:
    """0 to 1: words, paths, type, age, record and evidence, weighted."""
    lesson = one.lesson
    days = max(0.0, (asked.now - lesson.seen_at).total_seconds() / 86_400)
    parts = (
        (0.40, one.match * (0.5 if lesson.cause is Cause.MERGED else 1.0)),
        (0.20, _near(lesson, asked)),
        (0.10, 1.0 if lesson.type in ("", asked.type) else 0.0),
        (0.10, 0.5 ** (days / _HALF_LIFE_DAYS)),
        (0.10, one.record.share),
        (0.10, min(1.0, math.log2(lesson.evidence) / 3)),
    )
    return sum(weight * value for weight, value in parts)


def _near(lesson: Lesson, asked: Asked) -> float:
    """Whether the task names a place that the lesson is about: 1, or 0."""
    return float(any(_within(path, scope) for scope in lesson.paths for path in asked.paths))


def _within(path: str, scope: str) -> bool:
    if scope.endswith("/"):
        return path.startswith(scope) or path == scope.rstrip("/")
    return path == scope


def line(lesson: Lesson, repo_id: int) -> str:
    """What is told of it: one line, outside text. Of another repository no issue is named."""
    said = {
        Cause.MENDED: "An attempt failed: ",
        Cause.CI: "CI refused a result: ",
        Cause.FAILED: "A task was given up: ",
    }.get(lesson.cause, "")
    times = f", learned {lesson.evidence} times" if lesson.evidence > 1 else ""
    where = f", about {', '.join(lesson.paths[:3])}" if lesson.paths else ""
    source = f"#{lesson.seen_number}" if lesson.repo_id == repo_id else "another repository"
    how = f" What passed then: {lesson.advice}" if lesson.advice else ""
    return one_line(f"{said}{lesson.text}{how} ({source}{times}{where})", _LONGEST_LINE)
