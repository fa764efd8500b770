"""The prompt: one template over bounded parts, so that it does not grow with the retries."""

from __future__ import annotations

import re

from jinja2 import Environment, PackageLoader, StrictUndefined

from agent_os.attempt.directory import AttemptDirectory, write_atomic
from agent_os.attempt.result import example, instructions
from agent_os.domain.attempts import Order

_MAX_TASK = 40_000
_MAX_HANDOFF = 24_000


def write_prompt(directory: AttemptDirectory, order: Order) -> None:
    """Write `prompt.md` from task.md, handoff.md and the result contract."""
    # Markdown, not HTML: nothing is to be escaped.
    environment = Environment(
        loader=PackageLoader("agent_os.attempt", "."),
        undefined=StrictUndefined,
        autoescape=False,
        keep_trailing_newline=True,
    )
    text = environment.get_template("prompt.md.j2").render(
        title=order.title,
        task=order.task,
        kind=order.kind.value,
        start=order.base if order.kind == "refresh" else order.start,
        task_text=_from_outside(directory.read_text(directory.task, _MAX_TASK)),
        handoff_text=_from_outside(directory.read_text(directory.handoff, _MAX_HANDOFF)),
        instructions=instructions(),
        example=example(),
    )
    write_atomic(directory.prompt, text)


def _from_outside(text: str) -> str:
    """The text, unable to end the fence around it."""
    return re.sub(r"^(\s*)=====", r"\1= ====", text, flags=re.M).strip()
