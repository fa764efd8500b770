"""Finding the number in a line, a text file, or a JSON or YAML document."""

from __future__ import annotations

import json
import math
import re
from typing import Any, cast

import yaml

from agent_os.domain.errors import BadInput
from agent_os.domain.yaml_tokens import tokens

_NUMBER = re.compile(r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d{1,3})?%?")
_MOST_LINES = 20_000
_LONGEST_LINE = 1_000


def number(text: str) -> float:
    """`87`, `87.5 %` or `1e3`. BadInput for anything else."""
    plain = " ".join(text.split()).replace(" %", "%")
    if not _NUMBER.fullmatch(plain) or len(plain) > 40:
        raise BadInput(f"`{plain[:60]}` is no number")
    found = float(plain.rstrip("%"))
    if not math.isfinite(found):
        raise BadInput(f"`{plain[:60]}` is too large")
    return found


def in_text(text: str, pattern: str) -> float:
    """The first group where the pattern first matches, line by line. BadInput."""
    compiled = re.compile(pattern)
    for line in text.splitlines()[:_MOST_LINES]:
        found = compiled.search(line[:_LONGEST_LINE])
        if found and found[1]:
            return number(found[1])
    raise BadInput(f"no line matches `{pattern}`")


def in_document(text: str, pointer: str) -> float:
    """At `/totals/percent` of JSON or YAML. BadInput."""
    found = _document(text)
    for part in pointer.strip("/").split("/"):
        found = _step(found, part.replace("~1", "/").replace("~0", "~"), pointer)
    if isinstance(found, bool) or not isinstance(found, int | float | str):
        raise BadInput(f"at `{pointer}` there is no number")
    return number(str(found))


def _document(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    try:
        # A few lines of aliases can stand for billions of values.
        if any(isinstance(token, yaml.AliasToken) for token in tokens(text)):
            raise BadInput("aliases are not supported")
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, LookupError, AttributeError, RecursionError) as error:
        raise BadInput("it is neither JSON nor YAML") from error


def _step(found: Any, part: str, pointer: str) -> Any:
    if isinstance(found, dict):
        known = cast("dict[Any, Any]", found)
        if part in known:
            return known[part]
        if part.isdigit() and int(part) in known:
            return known[int(part)]
    if isinstance(found, list) and part.isdigit() and int(part) < len(cast("list[Any]", found)):
        return cast("list[Any]", found)[int(part)]
    raise BadInput(f"there is nothing at `{pointer}`")
