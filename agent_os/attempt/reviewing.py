"""`.agent_review.json`: one model is the reviewer's instructions, the example, and the parser."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from agent_os.attempt.result import is_placeholder
from agent_os.domain.errors import BadInput
from agent_os.domain.review import Fault, FaultKind, Judged, Met, Severity

FILE_NAME = ".agent_review.json"
MAX_BYTES = 256 * 1024
_PLACE = re.compile(r"^[^\s:/][^:\n]{0,190}:(\d{1,7})(?:-(\d{1,7}))?$")

Where = Annotated[str, Field(pattern=_PLACE.pattern, max_length=210)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class JudgedCriterion(_Strict):
    criterion: int = Field(ge=1, description="its number")
    verdict: Met = Field(description=f"one of {', '.join(f'`{m}`' for m in Met)}")
    where: tuple[Where, ...] = Field(
        default=(),
        max_length=10,
        description="the lines that show it, as `path:line` or `path:line-line`; of the result, or "
        "of the base for what was removed; never empty when it is met",
    )
    why: str = Field(
        min_length=1, max_length=1000, description="what these lines show, in a sentence or two"
    )

    @model_validator(mode="after")
    def _shown(self) -> JudgedCriterion:
        if self.verdict is Met.MET and not self.where:
            raise ValueError("`where` may not be empty when it is met")
        if is_placeholder(self.why, JudgedCriterion.model_fields["why"].description or ""):
            raise ValueError("`why` still holds a placeholder")
        return self


class FoundFault(_Strict):
    kind: FaultKind = Field(description=f"one of {', '.join(f'`{k}`' for k in FaultKind)}")
    severity: Severity = Field(
        description="`high` when it must not be merged like this, else `low`",
    )
    where: Where = Field(description="`path:line` in the result")
    what: str = Field(
        min_length=1, max_length=1000, description="what goes wrong, when, and for whom"
    )

    @model_validator(mode="after")
    def _filled(self) -> FoundFault:
        if is_placeholder(self.what, FoundFault.model_fields["what"].description or ""):
            raise ValueError("`what` still holds a placeholder")
        return self


class ReviewAnswer(_Strict):
    """What a reviewer writes. Strict: what is unknown, missing or left unfilled is an error."""

    criteria: tuple[JudgedCriterion, ...] = Field(
        max_length=40, description="one for each acceptance criterion, by its number"
    )
    faults: tuple[FoundFault, ...] = Field(
        max_length=30,
        description="what is wrong with the change besides; an empty list when there is nothing",
    )


def instructions() -> str:
    """What the prompt says about the file."""
    lines = [f"Write the file `{FILE_NAME}` in the top folder: one JSON object with"]
    parts = {"criteria": JudgedCriterion, "faults": FoundFault}
    for name, field in ReviewAnswer.model_fields.items():
        lines.append(f"- `{name}`: a list; {field.description}. Each holds")
        for inner, of in parts[name].model_fields.items():
            lines.append(f"  - `{inner}`: {of.description}")
    return "\n".join([*lines, "and nothing else."])


def example() -> str:
    """A file that the parser takes for a task of two criteria; shown in the prompt."""
    shown = ReviewAnswer(
        criteria=(
            JudgedCriterion(
                criterion=1,
                verdict=Met.MET,
                where=("dates.py:41-44", "tests/test_dates.py:12"),
                why="The offset is kept, and the new case fails without it.",
            ),
            JudgedCriterion(
                criterion=2,
                verdict=Met.NOT_MET,
                where=("dates.py:58",),
                why="A date without a zone still raises TypeError instead of ValueError.",
            ),
        ),
        faults=(
            FoundFault(
                kind=FaultKind.CORRECTNESS,
                severity=Severity.LOW,
                where="dates.py:43",
                what="An offset of more than a day is taken without complaint.",
            ),
        ),
    )
    return json.dumps(shown.model_dump(mode="json"), indent=1) + "\n"


def parse_review(
    data: bytes, criteria: Sequence[str]
) -> tuple[tuple[Judged, ...], tuple[Fault, ...]]:
    """Read the file strictly. BadInput says what is wrong, in words an agent can act on."""
    try:
        answer = ReviewAnswer.model_validate_json(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BadInput(f"{FILE_NAME}: {f'{where}: ' if where else ''}{first['msg']}.") from error
    numbers = sorted(judged.criterion for judged in answer.criteria)
    if numbers != list(range(1, len(criteria) + 1)):
        asked = f"the criteria 1 to {len(criteria)}" if len(criteria) > 1 else "criterion 1"
        raise BadInput(f"{FILE_NAME} must judge {asked}, each once; it judges {numbers}.")
    judged = tuple(
        Judged(
            number=one.criterion,
            criterion=criteria[one.criterion - 1],
            verdict=one.verdict,
            where=one.where,
            why=one.why,
        )
        for one in sorted(answer.criteria, key=lambda one: one.criterion)
    )
    return judged, tuple(Fault(**fault.model_dump()) for fault in answer.faults)


def place(where: str) -> tuple[str, int]:
    """(path, the last line it names) of a place that the parser took."""
    match = _PLACE.match(where)
    assert match is not None  # the parser's own pattern
    return where.rpartition(":")[0], max(int(match[1]), int(match[2] or 0))
