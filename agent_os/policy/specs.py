"""From an issue's text to a task spec: a plain section parser. The text is data, never control."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from datetime import datetime

from agent_os.domain.tasks import Spec
from agent_os.policy import cleaning
from agent_os.policy.trust import MARKER

_LONGEST_BODY = 40_000
_LONGEST_TITLE = 300
_LONGEST_COMMENT = 4_000
_MOST_COMMENTS = 20

_MARK = re.compile(rf"(?m)^{MARKER} [a-z]+=\S{{1,200}} -->$")
# Of one line each: over a whole text of a stranger, nested repeats would take hours.
_HEADING = re.compile(r"^#{1,4}\s+(\S.*)$")
_DEPENDS = re.compile(r"(?i)^(?:depends on|blocked by):?\s+((?:#\d+(?:\s*(?:,|and)\s*)?)+)")
#: A section of its own that lists what an answer must have, or a criterion that names one.
_LISTED = re.compile(r"^\s*(?:[-*+]|\d{1,3}[.)])\s+(?:\[[ xX]\]\s+)?(\S.*)$")
_CRITERION = re.compile(r"(?i)\bsections?\b[^`\"“”]{0,30}[`\"“]([^`\"“”]{1,80})[`\"”]")
_MOST_SECTIONS = 20
_LONGEST_SECTION = 80
#: Set by someone who may set labels; a text is never asked whether there is to be a diff.
_ANSWER = ("deliver: answer", "deliver:answer")
_TYPES = {
    "bug": "debugging",
    "documentation": "docs",
    "refactoring": "refactor",
}
TYPES = (
    *("implementation", "debugging", "refactor", "tests", "docs", "research", "chore"),
    "question",
)
_SECTIONS = {
    "goal": "goal",
    "acceptance criteria": "acceptance",
    "acceptance": "acceptance",
    "constraints": "constraints",
    "context": "context",
}


def parse(
    title: str,
    body: str,
    as_of: datetime,
    labels: Iterable[str] = (),
    comments: Iterable[str] = (),
) -> Spec:
    """The spec of an issue as it stood at `as_of`. Never fails: what has no heading is the goal."""
    heading = cleaning.plain(title)
    text = cleaning.markdown(_without_marks(body))
    heard = [cleaning.markdown(comment) for comment in comments][-_MOST_COMMENTS:]
    shown = _cut(" ".join(heading.text.split()), _LONGEST_TITLE, title)
    clean = _cut(text.text, _LONGEST_BODY, body)
    sections, headed = _sections(clean)
    named = _type(labels)
    return Spec(
        title=shown or "(no title)",
        body=clean,
        goal=sections.get("goal", ""),
        acceptance=sections.get("acceptance", ""),
        constraints=sections.get("constraints", ""),
        context=sections.get("context", ""),
        type=named or "implementation",
        labelled=bool(named),
        written=headed,
        answer_wanted=any(label.lower() in _ANSWER for label in labels),
        sections=_asked_sections(clean, sections.get("acceptance", "")),
        depends_on=_dependencies(clean),
        comments=tuple(_cut(one.text, _LONGEST_COMMENT) for one in heard),
        removed=dict(sum((one.removed for one in heard), heading.removed + text.removed)),
        text_hash=text_hash(title, body),
        as_of=as_of,
    )


def text_hash(title: str, body: str) -> str:
    """Equal when title and body are: 16 hexadecimal digits."""
    content = readable(title, _LONGEST_TITLE) + "\0" + body
    return hashlib.sha256(content.encode(errors="replace")).hexdigest()[:16]


def readable(text: str, limit: int) -> str:
    """For comparing two versions. Without control characters, and bounded."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = "".join(c for c in text if c in "\n\t" or c.isprintable())
    if len(text) > limit:
        text = f"{text[:limit]}\n\n[cut: {len(text) - limit} more characters]"
    return text.strip()


def _cut(text: str, limit: int, original: str = "") -> str:
    """Bounded; a cut is said, also that of a text that was too long to be cleaned."""
    if len(text) <= limit:
        return text.strip()
    more = len(text) - limit + max(0, len(original) - cleaning.LONGEST)
    return f"{text[:limit]}\n\n[cut: {more} more characters]".strip()


def _without_marks(body: str) -> str:
    """Without the marks in issues of ours: nobody hid anything there."""
    return _MARK.sub("", body)


def _sections(body: str) -> tuple[dict[str, str], tuple[str, ...]]:
    """(the parts by name, those of them that have a heading)."""
    found: dict[str, list[str]] = {"goal": []}
    headed: dict[str, None] = {}
    current, fenced = "goal", False
    for line in body.splitlines():
        fenced ^= line.lstrip().startswith("```")
        heading = None if fenced else _HEADING.match(line)
        if heading:
            name = heading[1].rstrip("# \t").lower().rstrip(":")
            current = _SECTIONS.get(name, "goal")
            found.setdefault(current, [])
            if name in _SECTIONS:
                headed[current] = None
                continue
        found[current].append(line)
    parts = {name: "\n".join(lines).strip() for name, lines in found.items()}
    return parts, tuple(headed)


def _asked_sections(body: str, acceptance: str) -> tuple[str, ...]:
    """The headings that an answer must have: the list under `Sections`, and criteria such as
    ``a section `Costs` ``. The text itself stays part of the goal."""
    found: list[str] = []
    inside = fenced = False
    for line in body.splitlines():
        fenced ^= line.lstrip().startswith("```")
        heading = None if fenced else _HEADING.match(line)
        if heading:
            inside = heading[1].rstrip("# \t").lower().rstrip(":") == "sections"
        elif inside and not fenced and (item := _LISTED.match(line)):
            found.append(item[1])
    for line in acceptance.splitlines():
        found += _CRITERION.findall(line)
    plain = [" ".join(name.strip('`*_"“” \t#:.').split()) for name in found]
    named = {name.casefold(): name for name in plain if 0 < len(name) <= _LONGEST_SECTION}
    return tuple(named.values())[:_MOST_SECTIONS]


def _type(labels: Iterable[str]) -> str:
    """Empty: no label says it."""
    names = [label.lower() for label in labels]
    # GitHub's own label `question` also says that something is unclear: any other type goes first.
    for name in sorted(names, key=lambda name: name == "question"):
        plain = name.removeprefix("type:").strip()
        if plain in TYPES:
            return plain
        if plain in _TYPES:
            return _TYPES[plain]
    return ""


def names_type(label: str) -> bool:
    """Whether this label says what type a task is of."""
    return bool(_type([label]))


def _dependencies(body: str) -> tuple[int, ...]:
    lines = [_DEPENDS.match(line.strip().lstrip("*- \t")) for line in body.splitlines()]
    found = [int(n) for line in lines if line for n in re.findall(r"#(\d{1,9})\b", line[1])]
    return tuple(dict.fromkeys(found))[:50]


def priority(labels: Iterable[str]) -> int:
    """From the labels `priority: urgent|high|low`: 2, 1, -1; else 0."""
    ranks = {"urgent": 2, "high": 1, "low": -1}
    names = [
        label.lower().removeprefix("priority:").strip()
        for label in labels
        if label.lower().startswith("priority:")
    ]
    return max((ranks.get(n, 0) for n in names), default=0)


def named_agent(labels: Iterable[str]) -> str:
    """From a label `agent: NAME`, or empty."""
    for label in labels:
        if label.lower().startswith("agent:"):
            return label.partition(":")[2].strip().lower()
    return ""
