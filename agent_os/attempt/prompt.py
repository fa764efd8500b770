"""The prompt: templates over bounded parts, so that it does not grow with the retries.

A template of the owner's, in the attempt's folder `prompts`, goes before ours of the same name.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from jinja2 import (
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    PackageLoader,
    StrictUndefined,
    TemplateError,
    TemplateSyntaxError,
    meta,
)

from agent_os.attempt import answer
from agent_os.attempt.directory import AttemptDirectory, write_atomic
from agent_os.attempt.result import example, instructions
from agent_os.attempt.secrets import finder_of
from agent_os.domain.attempts import Order
from agent_os.domain.errors import BadInput
from agent_os.policy import fences
from agent_os.policy.fences import from_outside
from agent_os.policy.invisible import spelled_out
from agent_os.policy.tokens import tokens

LONGEST_PROMPT = 400_000
#: Files in which repositories tell coding agents about themselves.
GUIDES = ("AGENTS.md", "CLAUDE.md", "GEMINI.md", "CONTRIBUTING.md")
_LONGEST_FILE = 400_000
#: What a template of the owner's can raise besides: it calculates, and may not even be text.
_WRONG = (
    *(TemplateError, ArithmeticError, AttributeError, LookupError, OSError),
    *(RecursionError, TypeError, ValueError),
)


def write_prompt(directory: AttemptDirectory, order: Order, restored: Sequence[str] = ()) -> str:
    """Write `prompt.md` from the order's parts, the handoff and the result contract. BadInput.

    `restored`: files of the work dir that are as on the base and not as in its commit.
    Returns the version of the templates that were used.
    """
    budget = order.budget.model_dump()
    parts = {
        name: from_outside(cut(text, budget[name]))
        for name, text in order.parts.model_dump().items()
    }
    handoff = directory.read_text(directory.handoff, _LONGEST_FILE)
    answers = order.deliverable == "answer"
    asked = "\n".join(f"- {name}" for name in order.sections)
    name = "answer.md.j2" if answers else "prompt.md.j2"
    text = render(
        name,
        directory.prompts,
        sources=sources_of(order),
        removed=order.removed,
        sections=from_outside(asked),
        answer_instructions=answer.instructions(order.sections),
        answer_example=answer.example(),
        title=from_outside(" ".join(order.title.split())),
        task=order.task,
        kind=order.kind.value,
        start=order.base if order.kind == "refresh" else order.start,
        parts=parts,
        handoff=from_outside(cut(handoff, order.budget.handoff)),
        restored=from_outside(cut(spelled_out(", ".join(restored)), order.budget.lessons)),
        guides=[name for name in GUIDES if (directory.work / name).is_file()],
        setup=order.gates.setup,
        checks=order.gates.checks,
        instructions=instructions(order.grant),
        example=example(),
    )
    write_atomic(directory.prompt, finder_of(order).redact(text))
    return version(name, directory.prompts)


def sources_of(order: Order) -> defaultdict[str, str]:
    """Who wrote each part; empty where the order does not say."""
    return defaultdict(str, order.sources)


def repair_prompt(directory: AttemptDirectory, order: Order, problem: str, *, fresh: bool) -> str:
    """What the agent is told whose result file can't be read; `fresh`: it knows nothing yet."""
    answers = order.deliverable == "answer"
    return render(
        "repair.md.j2",
        directory.prompts,
        problem=problem,
        fresh=fresh,
        answer_instructions=answer.instructions(order.sections) if answers else "",
        instructions=instructions(order.grant),
        example=example(),
    )


def render(name: str, owners: Path, **values: object) -> str:
    """A template, the owner's before ours. BadInput names the file and what is wrong in it.

    `fence` is there for the lines around outside text: no text can know it. Values are never
    read as templates.
    """
    environment = _environment(owners)
    fence = fences.mark(json.dumps(values, default=str, sort_keys=True))
    try:
        return environment.get_template(name).render({"fence": fence, **values})
    except _WRONG as error:
        line = f", line {error.lineno}" if isinstance(error, TemplateSyntaxError) else ""
        raise BadInput(
            f"The prompt template {name}{line} can't be used: {error}.",
            next_step="Mend it in the folder that `prompts` in the config names, or remove it.",
        ) from error


def version(name: str, owners: Path) -> str:
    """Of a template with all that it includes: 12 hexadecimal digits, equal for equal texts."""
    environment, seen, left = _environment(owners), dict[str, str](), [name]
    assert environment.loader is not None
    while left:
        one = left.pop()
        source, _, _ = environment.loader.get_source(environment, one)
        seen[one] = source
        named = meta.find_referenced_templates(environment.parse(source))
        left += [other for other in named if other is not None and other not in seen]
    told = "\0".join(part for one in sorted(seen) for part in (one, seen[one]))
    return hashlib.sha256(told.encode(errors="replace")).hexdigest()[:12]


def _environment(owners: Path) -> Environment:
    # Markdown, not HTML: nothing is to be escaped.
    return Environment(
        loader=ChoiceLoader(
            [FileSystemLoader(str(owners)), PackageLoader("agent_os.attempt", "prompts")]
        ),
        undefined=StrictUndefined,
        autoescape=False,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def cut(text: str, budget: int) -> str:
    """At most about `budget` tokens: the beginning and the end, and how much is left out."""
    if tokens(text) <= budget:
        return text
    keep = len(text)
    while keep > 0 and tokens(text[: keep * 3 // 4]) + tokens(text[-(keep // 4) :]) > budget:
        keep = keep * 9 // 10
    head, tail = text[: keep * 3 // 4], text[len(text) - keep // 4 :]
    return f"{head}\n[… {len(text) - len(head) - len(tail)} characters are left out …]\n{tail}"
