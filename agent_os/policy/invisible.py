"""Characters that nobody sees: removed, but for those that a script or an emoji needs."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

_LINE_ENDS = re.compile(r"\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
#: Sequences that terminals obey (ECMA-48): strings for the terminal, CSI, and single escapes.
_ESCAPES = re.compile(
    r"(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])(?:[^\x07\x1b\x9c]{0,4000}(?:\x07|\x1b\\|\x9c))?"
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"
    r"|\x1b[ -/]*[0-~]?"
)
_UNSEEN = ("Cc", "Cf", "Cn", "Co", "Cs")
#: Letters, marks and symbols without ink; variation selectors, which can carry any data.
_BLANK = frozenset(
    (
        *(0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0),
        *range(0x180B, 0x1810),
        *range(0xFE00, 0xFE10),
        *range(0xE0100, 0xE01F0),
    )
)
_JOINERS = "\u200c\u200d"
_JOINER = "\u200d"
_STYLE = "\ufe0e\ufe0f"
#: Scripts in which a joiner changes what is seen: Arabic (Persian), Indic to Myanmar, Khmer.
_JOINING = re.compile(
    r"[\u0600-\u07ff\u0840-\u08ff\u0900-\u0dff\u0f00-\u109f\u1780-\u17ff\u1a20-\u1aaf"
    r"\ufb50-\ufdff\ufe70-\ufefc]"
)
_FLAGS = re.compile(
    "\U0001f3f4(?:"
    + "|".join(
        "".join(chr(0xE0000 + ord(letter)) for letter in name) + "\U000e007f"
        for name in ("gbeng", "gbsct", "gbwls")
    )
    + ")"
)


def without_unseen(text: str) -> tuple[str, Counter[str]]:
    """The text without escapes and characters that nobody sees, and how many those were.

    Ends of lines become `\\n`, odd spaces plain ones: those are no removals. Joiners stay between
    letters of scripts that need them and within emoji; direction marks never stay, since text is
    read here in the order in which it is stored.
    """
    removed: Counter[str] = Counter()
    text = _LINE_ENDS.sub("\n", text)
    if text.isascii() and text.isprintable():
        return text, removed
    text, removed["terminal escape"] = _ESCAPES.subn("", text)
    flags = {at for found in _FLAGS.finditer(text) for at in range(*found.span())}
    kept: list[str] = []
    for place, char in enumerate(text):
        if char in "\n\t" or (" " <= char <= "~"):
            kept.append(char)
        elif unicodedata.category(char) == "Zs":
            kept.append(" ")
        elif not _is_unseen(char) or place in flags or _is_needed(text, place):
            kept.append(char)
        else:
            removed["control character" if char < "\xa0" else "invisible character"] += 1
    return "".join(kept), +removed


def spelled_out(text: str) -> str:
    """For who has to judge a text: what can't be seen is shown as its number."""
    text = _LINE_ENDS.sub("\n", text)
    if text.isascii() and all(char in "\n\t" or char.isprintable() for char in text):
        return text
    return "".join(
        f"<U+{ord(char):04X}>"
        if char not in "\n\t" and _is_unseen(char) and not _is_needed(text, place)
        else char
        for place, char in enumerate(text)
    )


def _is_unseen(char: str) -> bool:
    return ord(char) in _BLANK or unicodedata.category(char) in _UNSEEN


def _is_needed(text: str, place: int) -> bool:
    """Whether what is seen would be another without this one."""
    char, before = text[place], text[place - 1] if place else ""
    after = text[place + 1] if place + 1 < len(text) else ""
    if char in _STYLE:
        return bool(before) and (before in "0123456789#*©®" or unicodedata.category(before) in _INK)
    if char not in _JOINERS or not before or not after:
        return False
    if _JOINING.match(before) and (_JOINING.match(after) or after.isspace()):
        return True
    return char == _JOINER and (before in _STYLE or _is_emoji(before)) and _is_emoji(after)


_INK = ("So", "Sm")


def _is_emoji(char: str) -> bool:
    """Pictures, and the modifiers of their skin."""
    return 0x1F000 <= ord(char) <= 0x1FAFF or 0x2190 <= ord(char) <= 0x2BFF
