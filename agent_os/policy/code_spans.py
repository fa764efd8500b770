"""Code in Markdown, where it certainly is code: everything in it is seen when it is rendered.

In doubt it is none. Who hides text plays on the differences between parsers, so only what no
renderer of GitHub's Markdown takes for anything else is kept as it is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

#: Not indented: it can be within no list, quotation or other block.
_OPENS = re.compile(r"(`{3,})([^`]*)|(~{3,})(.*)")
_CONTAINER = r"[ \t>*+\-\d.)]*"
_HTML_LINE = re.compile(_CONTAINER + r"<(?:[A-Za-z][A-Za-z0-9-]*(?:[\s/>]|$)|[/!?])")
#: After these an empty line ends nothing; where they end is not worth the risk.
_RAW_LINE = re.compile(
    _CONTAINER + r"(?i:<(?:pre|script|style|textarea|xmp|plaintext)\b|<\?|<![^-])"
)
_TICKS = re.compile("`+")
#: Shown as a picture: what the text says besides is not seen.
_DRAWN = ("geojson", "topojson", "stl")
_COMMENTED = ("mermaid", "math")
_SLOT = re.compile("\0(\\d+)\0")


@dataclass
class CodeSpans:
    """`text` has a mark in place of each piece of code. The text must hold no NUL."""

    text: str = ""
    comments: int = 0
    """HTML comments that stood in blocks of HTML: they are taken out already."""
    _kept: list[str] = field(default_factory=list[str])

    def restored(self, text: str) -> str:
        """With the code that is still marked."""
        return _SLOT.sub(lambda found: self._kept[int(found[1])], text)

    def mark(self, code: str) -> str:
        self._kept.append(code)
        return f"\0{len(self._kept) - 1}\0"


def code_apart(text: str) -> CodeSpans:
    """The text with its code set apart, and without the comments of HTML blocks."""
    spans = CodeSpans()
    scan = _Scan(spans)
    for line in text.split("\n"):
        scan.take(line)
    scan.end()
    spans.text = "\n".join(scan.lines)
    return spans


class _Scan:
    """Line by line. `html`: in a block of HTML; `loose`: a code span may be open."""

    def __init__(self, spans: CodeSpans) -> None:
        self.spans = spans
        self.lines: list[str] = []
        self._fence = ""
        self._code: list[str] = []
        self._comment = self._html = self._raw = self._loose = False

    def take(self, line: str) -> None:
        if self._fence:
            self._code.append(line)
            ends = line.strip(" \t")
            short = len(line) - len(line.lstrip(" ")) <= 3
            if short and ends and set(ends) == {self._fence[0]} and len(ends) >= len(self._fence):
                self.end()
            return
        opens = None if self._comment or self._html or self._raw else _OPENS.fullmatch(line)
        if opens:
            self._fence, self._code, self._loose = opens[1] or opens[3], [line], False
            return
        self._text(line)

    def end(self) -> None:
        if self._code:
            language = self._code[0].strip("`~ \t").partition(" ")[0].lower()
            if language in _DRAWN:
                self._leave_out(self._code[1:-1])
            elif language in _COMMENTED:
                self._leave_out([one for one in self._code if one.lstrip().startswith("%")])
            self.lines.append(self.spans.mark("\n".join(self._code)))
        self._fence, self._code = "", []

    def _leave_out(self, lines: list[str]) -> None:
        self._code = [one for one in self._code if one not in lines]
        self.spans.comments += len(lines)

    def _text(self, line: str) -> None:
        if not line.strip():
            self._html = self._loose = False
        was_comment = self._comment
        self._raw = self._raw or (not was_comment and bool(_RAW_LINE.match(line)))
        self._html = self._html or (not was_comment and bool(_HTML_LINE.match(line)))
        if was_comment or self._html or self._raw:
            line = self._without_comments(line)
            if was_comment and not line.strip():
                return
        elif not self._loose and "|" not in line:
            line = self._inline(line)
        self.lines.append(line)

    def _without_comments(self, line: str) -> str:
        left = ""
        while True:
            if self._comment:
                end = line.find("-->")
                if end < 0:
                    return left
                line, self._comment, self._html = line[end + 3 :], False, True
            start = line.find("<!--")
            if start < 0:
                return left + line
            left, line = left + line[:start], line[start + 4 :]
            self.spans.comments += 1
            if line.startswith((">", "->")):
                line = line.partition(">")[2]
            else:
                self._comment = True

    def _inline(self, line: str) -> str:
        """Spans of code within one line; nothing of the line before may have opened one."""
        done, rest = "", line
        while found := _TICKS.search(rest):
            before = rest[: found.start()]
            close = next(
                (t for t in _TICKS.finditer(rest, found.end()) if len(t[0]) == len(found[0])), None
            )
            if close is None or "<" in before or before.endswith("\\"):
                self._loose = True
                break
            done += before + self.spans.mark(rest[found.start() : close.end()])
            rest = rest[close.end() :]
        return done + rest
