"""YAML text to plain values, by the rules GitHub uses (YAML 1.2, no repeated keys)."""

import re
from collections.abc import Hashable
from typing import cast

import yaml

from agent_os.localhub.workflows.problems import WorkflowProblem

MAX_CHARS = 512 * 1024


class _Loader(yaml.SafeLoader):
    """Safe loader with YAML 1.2 scalars: `on`, `yes` and dates stay text."""

    def construct_mapping(
        self, node: yaml.MappingNode, deep: bool = False
    ) -> dict[Hashable, object]:
        """A mapping whose keys are all different; raises WorkflowProblem else."""
        found: dict[Hashable, object] = {}
        for key_node, value_node in node.value:
            key = self.construct_object(key_node, deep=True)
            line = key_node.start_mark.line + 1
            if not isinstance(key, str):
                raise WorkflowProblem(f"line {line}", "a key is not text")
            if key in found:
                raise WorkflowProblem(f"line {line}", f"the key '{key}' is there twice")
            found[key] = self.construct_object(value_node, deep=deep)
        return found


_Loader.yaml_implicit_resolvers = {}
_SCALARS: list[tuple[str, str, str]] = [
    ("tag:yaml.org,2002:bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
    ("tag:yaml.org,2002:null", r"^(?:~|null|Null|NULL|)$", "~nN"),
    ("tag:yaml.org,2002:int", r"^[-+]?(?:0|[1-9][0-9]*)$", "-+0123456789"),
    (
        "tag:yaml.org,2002:float",
        r"^[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?$",
        "-+.0123456789",
    ),
]
for _tag, _pattern, _first in _SCALARS:
    _starts: list[str] = [*_first, ""] if _tag.endswith("null") else list(_first)
    _Loader.add_implicit_resolver(_tag, re.compile(_pattern), _starts)


def load(text: str) -> dict[str, object]:
    """The document as a mapping; raises WorkflowProblem when it is not one."""
    if len(text) > MAX_CHARS:
        raise WorkflowProblem("", f"the file is longer than {MAX_CHARS} characters")
    try:
        value: object = yaml.load(text, Loader=_Loader)
    except RecursionError as error:
        raise WorkflowProblem("", "the YAML is nested too deeply") from error
    except (yaml.YAMLError, ValueError, TypeError) as error:
        raise WorkflowProblem("", f"not valid YAML: {_one_line(error)}") from error
    if not isinstance(value, dict):
        raise WorkflowProblem("", "the file is not a YAML mapping")
    return cast("dict[str, object]", value)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
