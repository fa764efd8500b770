"""One mapping of a workflow file, read key by key with its place in every complaint."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import cast

from agent_os.localhub.workflows.problems import WorkflowProblem

EXPRESSION = "${{"
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True)
class Section:
    """The keys and values of one mapping; `place` is where it stands, such as "job 'test'"."""

    place: str
    values: dict[str, object]

    @classmethod
    def of(cls, place: str, value: object) -> "Section":
        """The value as a section; raises WorkflowProblem unless it is a mapping or empty."""
        if value is None:
            return cls(place, {})
        if not isinstance(value, dict):
            raise WorkflowProblem(place, "a mapping is expected here")
        return cls(place, cast("dict[str, object]", value))

    def problem(self, cause: str) -> WorkflowProblem:
        """A complaint about this place."""
        return WorkflowProblem(self.place, cause)

    def allow(self, keys: Collection[str]) -> None:
        """Raise WorkflowProblem for the first key that is not among `keys`."""
        for key in self.values:
            if key not in keys:
                raise self.problem(f"'{key}' is not supported by this hub")

    def has(self, key: str) -> bool:
        """Whether the key is there with a value."""
        return self.values.get(key) is not None

    def child(self, key: str, place: str | None = None) -> "Section":
        """The mapping under `key`, empty when absent."""
        return Section.of(place or f"{self.place}, '{key}'", self.values.get(key))

    def text(self, key: str) -> str | None:
        """The literal text under `key`; raises WorkflowProblem for an expression."""
        value = self.values.get(key)
        if value is None:
            return None
        if isinstance(value, (dict, list)):
            raise self.problem(f"'{key}' must be text")
        return self.literal(key, scalar_text(value))

    def literal(self, key: str, text: str) -> str:
        """The text itself; raises WorkflowProblem when it holds an expression."""
        if EXPRESSION in text:
            raise self.problem(f"'{key}' uses an expression ({EXPRESSION} … }}}}), not supported")
        if "\x00" in text:
            raise self.problem(f"'{key}' holds a NUL character")
        return text

    def names(self, key: str) -> tuple[str, ...]:
        """The text or list of texts under `key`, as a tuple; empty when absent."""
        value = self.values.get(key)
        if value is None:
            return ()
        items: list[object] = cast("list[object]", value) if isinstance(value, list) else [value]
        if not all(isinstance(item, str) for item in items):
            raise self.problem(f"'{key}' must be a text or a list of texts")
        return tuple(self.literal(key, str(item)) for item in items)

    def truth(self, key: str) -> bool:
        """The literal true or false under `key`, false when absent."""
        value = self.values.get(key)
        if value is None:
            return False
        if not isinstance(value, bool):
            raise self.problem(f"'{key}' must be the literal true or false")
        return value

    def minutes(self, key: str, default: float | None) -> float | None:
        """A time limit in minutes, above zero."""
        value = self.values.get(key)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, (int, float)) or value <= 0:
            raise self.problem(f"'{key}' must be a number above zero")
        return float(value)

    def environment(self) -> tuple[tuple[str, str], ...]:
        """The `env` mapping as literal names and values."""
        found = self.child("env")
        for name in found.values:
            if not VARIABLE.fullmatch(name):
                raise found.problem(f"'{name}' is not a valid variable name")
        return tuple((name, found.text(name) or "") for name in found.values)


def scalar_text(value: object) -> str:
    """A YAML scalar written as GitHub writes it into the environment."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.15g}"
    return str(value)
