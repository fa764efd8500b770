"""Markdown that says more in its source than on the page: the rest is taken out.

What GitHub shows stays, also what it shows on a click (`<details>`).
"""

from __future__ import annotations

import re
from collections import Counter

_VALUE = r"(?:\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s\"'=<>`]+))"
_ATTRIBUTE = re.compile(r"\s+([A-Za-z_:][\w.:-]*)(" + _VALUE + ")?")
_TAG = re.compile(r"<([A-Za-z][A-Za-z0-9-]*)((?:\s+[A-Za-z_:][\w.:-]*" + _VALUE + r"?)*)\s*(/?)>")
_LONGEST_NAME = 25
#: Two words after a name are rather a type parameter (`<T extends Foo>`) than a hidden sentence.
_MOST_BARE = 2
_SHOWN = ("href", "src", "width", "height", "align", "open", "colspan", "rowspan", "start", "type")
_LONGEST_VALUE = 12
_ADDRESS = ("href", "src")
_HIDES = re.compile(
    r"(?i)(?:^|\s)hidden(?:\s|=|$)|(?:display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)"
    r"|(?:font-size|opacity|max-height|width|height)\s*:\s*0*[01]?(?:\.\d+)?(?:px|pt|r?em|%)?\s*"
    r"(?:[;\"'!]|$)|(?<![\w-])color\s*:\s*(?:transparent|white|#fff)|(?:left|top|text-indent)\s*:"
    r"\s*-\d{3}|clip(?:-path)?\s*:)"
)
_NEVER_SHOWN = ("script", "style", "template", "noscript", "object", "head", "noembed", "noframes")
_EMPTY_LINE = re.compile(r"\n[ \t]*\n")
_DECLARATION = re.compile(r"<![A-Za-z][^<>]*>")
_PAIRS = (("<?", "?>"), ("<![CDATA[", "]]>"))
_TITLE = r"(?:\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|\((?:\\.|[^()\\])*\))"
_TARGET = r"(?:<[^<>\n]*>|[^\s()<>]*(?:\([^\s()]*\)[^\s()<>]*)*)"
_LINK_TITLE = re.compile(r"(\]\(\s*" + _TARGET + r")\s+" + _TITLE + r"\s*\)")
_IMAGE = re.compile(r"!\[((?:\\.|[^\[\]\\]|\[[^\[\]]*\])*)\](?=[(\[])")
_DEFINED = re.compile(
    r"^([ \t>*+\-\d.)]*)\[((?:\\.|[^\[\]\\^])(?:\\.|[^\[\]\\])*)\]:[ \t]*\n?[ \t]*"
    r"(<[^<>\n]*>|[^\s<]\S*)([ \t]*(?:\n[ \t]*)?(?<=\s)" + _TITLE + r")?[ \t]*$",
    re.M,
)
_FOOTNOTE = re.compile(r"^[ >]*\[\^([^\]\s]+)\]:.*(?:\n(?!\s*\n|[ >]*\[\^).+)*", re.M)
_LABEL = re.compile(r"\[([^\[\]]{1,999})\]")
_DATA_URL = re.compile(r"(?i)\bdata:[\w+.-]*(?:/[\w+.-]+)?(?:;[\w=+.-]+)*,[^\s)>\"'\]]*")
_UNSEEN_FORMULA = re.compile(
    r"\${1,2}[^$]*\\(?:[hv]?phantom|color\s*\{\s*(?:white|transparent|#fff)|textcolor\s*\{\s*"
    r"(?:white|transparent|#fff)|tiny\b|href\b|htmlData\b)[^$]*\${1,2}",
    re.I,
)
#: Alt texts that upload forms write by themselves.
_PLAIN_ALT = re.compile(r"(?i)\s*(?:image|img|screenshot|screen shot|logo|\S{0,60})[\d\s.:_-]*")


def without_hidden(text: str) -> tuple[str, Counter[str]]:
    """The text without what is not rendered, and how many pieces that were."""
    removed: Counter[str] = Counter()
    text, removed["hidden comment"] = _without_comments(text)
    text, more = _DECLARATION.subn("", text)
    removed["hidden comment"] += more
    for opens, closes in _PAIRS:
        text = _without_pairs(text, opens, closes, removed)
    text = _hidden_elements(text, removed)
    text = _TAG.sub(lambda found: _bare(found, removed), text)
    text = _IMAGE.sub(lambda found: _image(found, removed), text)
    text, removed["link title"] = _LINK_TITLE.subn(r"\1)", text)
    text = _definitions(text, removed)
    text, removed["data link"] = _DATA_URL.subn("data:", text)
    text, removed["hidden formula"] = _UNSEEN_FORMULA.subn("", text)
    return text, +removed


def _without_comments(text: str) -> tuple[str, int]:
    """Without comments that end in the block they begin in, and how many those were.

    Not one expression: it would look for the end anew from each of many beginnings.
    """
    kept, place, count = list[str](), 0, 0
    close, empty = -1, -1
    while (start := text.find("<!--", place)) >= 0:
        inner = start + 4
        if close < inner:
            close = text.find("-->", inner)
            close = close if close >= 0 else len(text)
        if empty < inner:
            found = _EMPTY_LINE.search(text, inner)
            empty = found.start() if found else len(text)
        short = next((len(end) for end in (">", "->") if text.startswith(end, inner)), 0)
        if short or inner <= close < empty:
            kept.append(text[place:start])
            place, count = (inner + short if short else close + 3), count + 1
        else:
            kept.append(text[place:inner])
            place = inner
    return "".join((*kept, text[place:])), count


def _without_pairs(text: str, opens: str, closes: str, removed: Counter[str]) -> str:
    kept, place = "", 0
    while (start := text.find(opens, place)) >= 0:
        end = text.find(closes, start + len(opens))
        if end < 0:
            break
        removed["hidden comment"] += 1
        kept, place = kept + text[place:start], end + len(closes)
    return kept + text[place:]


def _hidden_elements(text: str, removed: Counter[str]) -> str:
    """Without elements that no browser shows, to their end or that of the text."""
    kept: list[str] = []
    place = 0
    for found in _TAG.finditer(text):
        if found.start() < place:
            continue
        name = found[1].lower()
        if name not in _NEVER_SHOWN and not _HIDES.search(found[2]):
            continue
        kept.append(text[place : found.start()])
        place = found.end() if found[3] else _end_of(text, name, found.end())
        removed["hidden element"] += 1
    return "".join(kept) + text[place:]


def _end_of(text: str, name: str, start: int) -> int:
    """Where the element ends whose opening tag ends at `start`."""
    depth = 1
    for found in re.finditer(rf"(?i)<(/?){re.escape(name)}(?=[\s/>])[^>]*>", text[start:]):
        depth += -1 if found[1] else 1
        if depth == 0:
            return start + found.end()
    return len(text)


def _bare(found: re.Match[str], removed: Counter[str]) -> str:
    """The tag with only those attributes whose effect is seen."""
    name, kept, words = found[1], "", list[str]()
    for attribute in _ATTRIBUTE.finditer(found[2]):
        key, value = attribute[1].lower(), attribute[2] or ""
        plain = value.strip(" \t\n=\"'")
        seen = _is_address(plain) if key in _ADDRESS else len(plain) <= _LONGEST_VALUE
        if key in _SHOWN and seen:
            kept += attribute[0]
        elif not value:
            words.append(attribute[0])
        else:
            removed["hidden attribute"] += 1
    if len(words) <= _MOST_BARE and sum(map(len, words)) <= 2 * _LONGEST_NAME:
        kept += "".join(words)
    else:
        removed["hidden attribute"] += len(words)
    if len(name) > _LONGEST_NAME:
        removed["hidden attribute"] += 1
        name = "x"
    return f"<{name}{kept}{' /' if found[3] else ''}>"


def _is_address(target: str) -> bool:
    return target.lower().startswith(("http://", "https://", "#", "/"))


def _image(found: re.Match[str], removed: Counter[str]) -> str:
    if not _PLAIN_ALT.fullmatch(found[1]):
        removed["image text"] += 1
    return "![image]"


def _definitions(text: str, removed: Counter[str]) -> str:
    """Without definitions that nothing on the page refers to, and without their titles."""

    used = Counter(label.casefold() for label in _LABEL.findall(text))

    def link(found: re.Match[str]) -> str:
        label, target = found[2], found[3]
        if used[label.casefold()] > 1 and target.lower().strip("<").startswith(
            ("http://", "https://", "/", "#")
        ):
            removed["link title"] += bool(found[4])
            return f"{found[1]}[{label}]: {target}"
        removed["hidden definition"] += 1
        return found[1].rstrip()

    def footnote(found: re.Match[str]) -> str:
        if used[f"^{found[1].casefold()}"] > 1:
            return found[0]
        removed["hidden definition"] += 1
        return ""

    return _FOOTNOTE.sub(footnote, _DEFINED.sub(link, text))
