"""A Markdown list of requirements, read: headings are sections, list items are requirements.

An item's own list holds its acceptance criteria, and lines such as `Depends on: 2` or
`Type: docs`. A file without any list is read by its lowest headings instead.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

from agent_os.domain.errors import BadInput
from agent_os.policy.invisible import without_unseen
from agent_os.policy.requirements.items import (
    LONGEST_LINE,
    LONGEST_TEXT,
    LONGEST_TITLE,
    MOST_CRITERIA,
    MOST_ITEMS,
    Requirement,
    Requirements,
)
from agent_os.policy.specs import TYPES

LONGEST_FILE = 200_000
_MOST_DEPTH = 20
_MOST_CONTEXT = 1_500
_NEXT = "Write one requirement a list item (`- …`), with its criteria as items below it."
_LISTS = ("bullet_list", "ordered_list")
_BOX = re.compile(r"^\[([ xX])\]\s+")
#: `R3`, `REQ-12`, `AUTH-4` before the words of an item.
_ID = re.compile(r"^[*_`]*([A-Z]{1,6}-?\d{1,4})[*_`]*\s*[:.)\]–-]\s*(?=\S)")
_AFTER = re.compile(r"(?i)^(?:depends on|after|needs|blocked by)\s*:\s*(\S.*)$")
_TYPE = re.compile(r"(?i)^type\s*:\s*([a-z]+)\W*$")
_LEAD = re.compile(r"(?i)^acceptance(?: criteria)?\s*:?$")
_SENTENCE = re.compile(r"^(.{10,}?[.!?])\s+\S")


def read(content: bytes, name: str) -> Requirements:
    """The list in a file called `name`. BadInput says what is wrong with it."""
    text = _text(content, name)
    tree = SyntaxTreeNode(_parser().parse(text))
    found = _Reader(text.splitlines())
    found.read(tree.children)
    items = found.items or found.from_headings()
    if not items:
        raise BadInput(f"{name} has no list item and no section with text.", next_step=_NEXT)
    if len(items) > MOST_ITEMS:
        raise BadInput(
            f"{name} has {len(items)} requirements; at most {MOST_ITEMS} are planned at once.",
            next_step="Split it into several files, each with a title of its own.",
        )
    return Requirements(
        title=found.title or _plain(name.rpartition(".")[0] or name),
        items=tuple(items),
        sections={name: text[:_MOST_CONTEXT] for name, text in found.prose.items() if text},
        notes=tuple(found.notes),
    )


def _text(content: bytes, name: str) -> str:
    if len(content) > LONGEST_FILE:
        said = f"{name} has {len(content)} bytes; at most {LONGEST_FILE} are read."
        raise BadInput(said, next_step="Split it into several files.")
    if b"\0" in content:
        raise BadInput(f"{name} is a binary file.", next_step=_NEXT)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        said = f"{name} is not UTF-8 (byte {error.start})."
        raise BadInput(said, next_step="Save it as UTF-8.") from error
    text, _ = without_unseen(text.replace("\r\n", "\n").replace("\r", "\n"))
    if not text.strip():
        raise BadInput(f"{name} is empty.", next_step=_NEXT)
    return text


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": _MOST_DEPTH})
    return parser.enable("table")


@dataclass
class _Reader:
    """Walks the blocks of a file from above."""

    lines: list[str]
    title: str = ""
    items: list[Requirement] = field(default_factory=list[Requirement])
    prose: dict[str, str] = field(default_factory=dict[str, str])
    """Text by section; those that have no text too."""
    notes: list[str] = field(default_factory=list[str])
    section: str = ""

    def read(self, blocks: list[SyntaxTreeNode]) -> None:
        for block in blocks:
            if block.type == "heading":
                self._heading(block)
            elif block.type in _LISTS:
                self._list(block)
            elif block.type == "table":
                self.notes.append(f"line {_line(block)}: a table is not read")
            elif self.section or block.type != "hr":
                self._prose(block)

    def from_headings(self) -> list[Requirement]:
        """Each section that has text is a requirement, where there is no list at all."""
        found = {name: text for name, text in self.prose.items() if name and text}
        self.prose = {}
        return [
            Requirement(title=_cut(name), text=text[:LONGEST_TEXT]) for name, text in found.items()
        ]

    def _heading(self, block: SyntaxTreeNode) -> None:
        name = _plain(_inline(block))
        if block.tag == "h1" and not self.title:
            self.title = name
            return
        self.section = name
        self.prose.setdefault(name, "")

    def _prose(self, block: SyntaxTreeNode) -> None:
        before = self.prose.get(self.section, "")
        self.prose[self.section] = f"{before}\n\n{_source(block, self.lines)}".strip()

    def _list(self, block: SyntaxTreeNode) -> None:
        ordered = block.type == "ordered_list"
        first = int(str(block.attrs.get("start", 1))) if ordered else 0
        for place, item in enumerate(block.children):
            number = str(first + place) if ordered else ""
            found = self._item(item, number)
            if found is not None:
                follows = ordered and place > 0
                self.items.append(found.model_copy(update={"follows": follows}))

    def _item(self, block: SyntaxTreeNode, number: str) -> Requirement | None:
        below = _Below(self.lines)
        said = _inline(block.children[0]) if block.children else ""
        words = _plain("\n".join(line for line in said.splitlines() if not below.says(line)))
        box = _BOX.match(words)
        words = words[box.end() :] if box else words
        if not words:
            self.notes.append(f"line {_line(block)}: an item without words is left out")
            return None
        if box and box[1] in "xX":
            self.notes.append(f"line {_line(block)}: `{words[:60]}` is ticked, hence done")
            return None
        named = _ID.match(words)
        words = words[named.end() :] if named else words
        title, rest = _title(words)
        below.read(block.children[1:])
        body = "\n\n".join(part for part in (rest, *below.text) if part)
        return Requirement(
            ref=named[1] if named else number,
            title=title,
            text=body[:LONGEST_TEXT],
            section=self.section,
            criteria=tuple(below.criteria[:MOST_CRITERIA]),
            type=below.type,
            after=tuple(below.after),
        )


@dataclass
class _Below:
    """What stands inside of an item below its first words."""

    lines: list[str]
    text: list[str] = field(default_factory=list[str])
    criteria: list[str] = field(default_factory=list[str])
    after: list[str] = field(default_factory=list[str])
    type: str = ""

    def read(self, blocks: list[SyntaxTreeNode]) -> None:
        for block in blocks:
            if block.type in _LISTS:
                for item in block.children:
                    self._item(item)
            elif block.type == "paragraph":
                if not self.says(_inline(block)):
                    self.text.append(_source(block, self.lines))
            elif block.type != "table":
                self.text.append(_source(block, self.lines))

    def _item(self, item: SyntaxTreeNode) -> None:
        own = _inline(item.children[0]) if item.children else ""
        words = _whole(item)
        if words and not self.says(own):
            self.criteria.append(words[:LONGEST_LINE])

    def says(self, line: str) -> bool:
        """Whether the line is about the item and not about what is built."""
        words = _BOX.sub("", _plain(line))
        if after := _AFTER.match(words):
            self.after += [part.strip() for part in re.split(r",|;| and ", after[1])][:20]
            return True
        if (kind := _TYPE.match(words)) and kind[1].lower() in TYPES:
            self.type = kind[1].lower()
            return True
        return bool(_LEAD.match(words))


def _inline(block: SyntaxTreeNode) -> str:
    """The first words of a block, as they stand there."""
    if block.type == "inline":
        return block.content
    return next((_inline(child) for child in block.children if child.type == "inline"), "")


def _whole(item: SyntaxTreeNode) -> str:
    """An item with all that is below it, in one line."""
    found = [node.content for node in item.walk() if node.type in ("inline", "fence")]
    words = _plain("; ".join(part for part in found if part.strip()))
    return _BOX.sub("", words)


def _plain(words: str) -> str:
    """One line, without emphasis around all of it."""
    line = " ".join(words.split())
    whole = re.fullmatch(r"(\*\*|__|\*|_)(?!\s)(.+?)\1", line)
    return whole[2] if whole else line


def _title(words: str) -> tuple[str, str]:
    """(title, what is too much for it)."""
    bold = re.match(r"^(\*\*|__)(.{3,120}?)\1[\s:.–-]*(.*)$", words)
    if bold and bold[3]:
        return bold[2].rstrip(":."), bold[3]
    if len(words) <= LONGEST_TITLE:
        return words.rstrip("."), ""
    sentence = _SENTENCE.match(words)
    if sentence and len(sentence[1]) <= LONGEST_TITLE:
        return sentence[1].rstrip("."), words[sentence.end(1) :].strip()
    return _cut(words), words


def _cut(words: str) -> str:
    if len(words) <= LONGEST_TITLE:
        return words.rstrip(".")
    return f"{words[: LONGEST_TITLE - 1].rpartition(' ')[0] or words[: LONGEST_TITLE - 1]}…"


def _line(block: SyntaxTreeNode) -> int:
    return block.map[0] + 1 if block.map else 0


def _source(block: SyntaxTreeNode, lines: list[str]) -> str:
    """As it stands in the file, without the indent of the item that it is in."""
    if not block.map:
        return ""
    part = lines[block.map[0] : block.map[1]]
    indents = [len(line) - len(line.lstrip()) for line in part if line.strip()]
    least = min(indents, default=0)
    return "\n".join(line[least:] for line in part).strip("\n")
