"""What of an agent's requests is granted: held against what the owner wrote, never against text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from agent_os.domain.requests import (
    LONGEST_TITLE,
    AgentRequest,
    Asked,
    CommentRequest,
    FollowUpRequest,
    Grant,
    GrantPart,
    LabelRequest,
    QuestionRequest,
)
from agent_os.domain.rules import LabelRules
from agent_os.policy import specs, texts

#: No news to anybody: the next attempt at the same task often asks for the same.
ALREADY = "asked for already"
_NAMES = {"comment": "comments", "follow_up": "follow-ups", "question": "questions"}
#: Labels that begin so are read as commands, or are going to be.
_OURS = ("agent-os", "agent:", "deliver:", "priority:", "type:")


def replaced(grant: Grant, part: GrantPart | None) -> Grant:
    """The owner's word on one repository goes before the one on all."""
    return grant.model_copy(update=part.model_dump(exclude_none=True)) if part else grant


def narrowed(grant: Grant, part: GrantPart | None) -> Grant:
    """A repository's own file takes away, and never adds."""
    if part is None:
        return grant
    update: dict[str, object] = {}
    for name in ("comments", "follow_ups", "questions", "text_chars"):
        said = getattr(part, name)
        if said is not None:
            update[name] = min(said, getattr(grant, name))
    if part.labels is not None:
        kept = {label.casefold() for label in part.labels}
        update["labels"] = tuple(label for label in grant.labels if label.casefold() in kept)
    return grant.model_copy(update=update)


def steers(label: str, labels: LabelRules) -> bool:
    """Whether somebody is commanded by it: no agent may set such a label, whatever is granted."""
    name = label.strip().casefold()
    named: list[str] = []
    for value in labels.model_dump().values():
        named += [value] if isinstance(value, str) else map(str, value)
    return name in (n.casefold() for n in named) or name.startswith(_OURS) or specs.names_type(name)


def judged(
    wanted: Iterable[AgentRequest],
    attempt: int,
    before: Sequence[Asked],
    grant: Grant,
    labels: LabelRules,
) -> tuple[Asked, ...]:
    """Each request with its verdict. `before`: what counts against the same grant already."""
    found: list[Asked] = []
    for place, request in enumerate(wanted):
        granted = [a.request for a in (*before, *found) if a.request is not None]
        why = _why_not(request, granted, grant, labels)
        kept = None if why else _as_granted(request, grant)
        what = texts.inline(_what(request), 100)
        found.append(Asked(attempt=attempt, place=place, what=what, request=kept, refused=why))
    return tuple(found)


def _why_not(
    request: AgentRequest, granted: Sequence[AgentRequest], grant: Grant, labels: LabelRules
) -> str:
    """Empty: it is granted."""
    if isinstance(request, LabelRequest):
        return _why_no_label(request, granted, grant, labels)
    if any(_same(request, other) for other in granted):
        return ALREADY
    most = _most(request, grant)
    if sum(other.kind == request.kind for other in granted) >= most:
        return f"{_NAMES[request.kind]} are not granted" if not most else f"at most {most} a round"
    if isinstance(request, FollowUpRequest) and len(request.title) > LONGEST_TITLE:
        return f"a title longer than {LONGEST_TITLE} characters"
    words = request.body if isinstance(request, FollowUpRequest) else request.text
    if len(words) > grant.text_chars:
        return f"longer than {grant.text_chars:,} characters"
    return ""


def _why_no_label(
    request: LabelRequest, granted: Sequence[AgentRequest], grant: Grant, labels: LabelRules
) -> str:
    if steers(request.label, labels):
        return "a label that commands is set by people only"
    name = request.label.casefold()
    if name not in {label.casefold() for label in grant.labels}:
        return "not one of the labels that are granted"
    twice = any(isinstance(o, LabelRequest) and o.label.casefold() == name for o in granted)
    return ALREADY if twice else ""


def _most(request: AgentRequest, grant: Grant) -> int:
    match request:
        case CommentRequest():
            return grant.comments
        case FollowUpRequest():
            return grant.follow_ups
        case QuestionRequest():
            return grant.questions
        case LabelRequest():
            return len(grant.labels)


def _as_granted(request: AgentRequest, grant: Grant) -> AgentRequest:
    """A label by the owner's spelling."""
    if not isinstance(request, LabelRequest):
        return request
    name = request.label.casefold()
    label = next(label for label in grant.labels if label.casefold() == name)
    return request.model_copy(update={"label": label})


def _same(one: AgentRequest, other: AgentRequest) -> bool:
    if isinstance(one, FollowUpRequest) and isinstance(other, FollowUpRequest):
        return plain_title(one.title) == plain_title(other.title)
    return one == other


def plain_title(title: str) -> str:
    """Equal for titles that say the same."""
    return " ".join(title.casefold().split()).rstrip(".!")


def _what(request: AgentRequest) -> str:
    match request:
        case FollowUpRequest(title=title):
            return f"a follow-up issue “{title}”"
        case LabelRequest(label=label):
            return f"the label “{label}”"
        case _:
            return f"a {request.kind} “{request.text}”"
