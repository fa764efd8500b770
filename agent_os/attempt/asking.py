"""Requests in the result: how an agent is told of them, and which of them leave the attempt."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic_core import ErrorDetails

from agent_os.domain.requests import (
    LONGEST_TITLE,
    MOST_REQUESTS,
    AgentRequest,
    FollowUpRequest,
    Grant,
    LabelRequest,
    QuestionRequest,
)

_KINDS = {
    "comment": "`text`",
    "follow_up": "`title` and `body`",
    "question": "`text`",
    "label": "`label`",
}


def instructions(grant: Grant) -> list[str]:
    """What may be asked for, as lines of the prompt; empty: nothing."""
    if grant.empty:
        return []
    lines = [
        "",
        "You can't reach GitHub. What you want there, besides your work, you ask for in the front",
        "matter, by a list `requests`; leave it out if you want nothing. It is done for you after",
        "your work was accepted, for this task's own issue only. You may ask for:",
        *_granted(grant),
        f"Each text has at most {grant.text_chars:,} characters, a title {LONGEST_TITLE}. Nobody",
        "answers while you work. With requests the front matter looks like this:",
        "",
        "```yaml",
        example(grant).rstrip(),
        "```",
    ]
    return lines


def _granted(grant: Grant) -> Iterable[str]:
    if grant.comments:
        yield f"- `comment`: a comment on the issue (at most {grant.comments})"
    if grant.follow_ups:
        most = grant.follow_ups
        yield f"- `follow_up`: a new issue that proposes what to do next (at most {most})"
    if grant.questions:
        yield f"- `question`: a question to who asked for the task (at most {grant.questions})"
    if grant.labels:
        labels = ", ".join(f"`{label}`" for label in grant.labels)
        yield f"- `label`: one of these labels on the issue: {labels}"


def example(grant: Grant) -> str:
    """Front matter that the parser takes, with each kind that is granted once."""
    lines = ["status: complete", "requests:"]
    if grant.comments:
        lines += ["  - kind: comment", "    text: The old behaviour was relied on in `app/old.py`."]
    if grant.follow_ups:
        lines += ["  - kind: follow_up", "    title: Drop the old date format"]
        lines += [
            "    body: |",
            "      `app/old.py` still writes it, and nothing reads it any more.",
        ]
    if grant.questions:
        lines += ["  - kind: question", "    text: Should dates before 1970 be refused?"]
    if grant.labels:
        lines += ["  - kind: label", f"    label: {_plain(grant.labels[0])}"]
    return "\n".join(lines) + "\n"


def _plain(label: str) -> str:
    """As a YAML string, whatever it holds."""
    return "'" + label.replace("'", "''") + "'"


def what_is_wrong(error: ErrorDetails) -> str:
    """Of the list in the front matter, in words an agent can act on."""
    loc = error["loc"]
    if error["type"] == "too_long" and len(loc) == 1:
        return f"`requests` has more than {MOST_REQUESTS} entries."
    if len(loc) < 2:
        return "`requests` is a list, or is left out."
    place = f"entry {int(loc[1]) + 1} of `requests`"
    if error["type"].startswith("union_tag"):
        return f"{place}: `kind` is one of {', '.join(f'`{kind}`' for kind in _KINDS)}."
    if len(loc) < 4:
        return f"{place} holds `kind` and what belongs to it."
    kind, key = str(loc[2]), str(loc[3])[:60]
    if error["type"] == "extra_forbidden":
        return f"{place}: there is no `{key}`; a {kind} has {_KINDS[kind]}, and nothing else."
    return f"{place}: `{key}` of a {kind}: {error['msg']}."


def too_long(requests: Iterable[AgentRequest]) -> str:
    """What is wrong with titles and labels; empty: nothing."""
    for number, request in enumerate(requests, 1):
        match request:
            case FollowUpRequest(title=line) | LabelRequest(label=line):
                if len(line) > LONGEST_TITLE or "\n" in line:
                    return (
                        f"entry {number} of `requests`: title and label are one line of at most "
                        f"{LONGEST_TITLE} characters"
                    )
            case _:
                pass
    return ""


def questions(requests: Iterable[AgentRequest]) -> list[str]:
    return [r.text for r in requests if isinstance(r, QuestionRequest)]
