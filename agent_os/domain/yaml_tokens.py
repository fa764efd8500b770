"""The tokens of a YAML text, up to a depth: reading takes time with the square of it."""

from __future__ import annotations

from collections.abc import Iterator

import yaml

from agent_os.domain.errors import BadInput

_DEEPEST = 100
_OPENS = (
    *(yaml.FlowSequenceStartToken, yaml.FlowMappingStartToken),
    *(yaml.BlockSequenceStartToken, yaml.BlockMappingStartToken),
)
_CLOSES = (yaml.FlowSequenceEndToken, yaml.FlowMappingEndToken, yaml.BlockEndToken)


def tokens(text: str) -> Iterator[yaml.Token]:
    """One after the other; BadInput `line N: …` where it gets too deep, YAMLError as always."""
    depth = 0
    for token in yaml.scan(text, Loader=yaml.SafeLoader):
        depth += isinstance(token, _OPENS) - isinstance(token, _CLOSES)
        if depth > _DEEPEST:
            line = token.start_mark.line + 1
            raise BadInput(f"line {line}: it is nested more than {_DEEPEST} deep")
        yield token
