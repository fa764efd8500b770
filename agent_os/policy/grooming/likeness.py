"""How alike two issues are: by the words of their titles, and by their texts.

Precision goes before recall: a wrong hint costs a person more than a missed one. Issues that differ
in a number, in one name for another, or in a word such as `remove` are about different things.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from rapidfuzz import fuzz, process

_LONGEST_BODY = 2_000
_NO_TEXT = re.compile(r"(?s)<!--.*?(?:-->|\Z)|https?://\S+")
_HEADINGS = re.compile(r"(?m)^#{1,6}\s.*$")
_WORD = re.compile(r"(?<![\w.+#-])[\w.+#-]*\w[+#]*")
_ENDINGS = ("ing", "ed", "es", "s")
#: They say nothing about which thing is meant.
_PLAIN = frozenset(
    (
        *("a", "an", "and", "any", "app", "application", "are", "as", "at", "be", "bug", "by"),
        *("can", "could", "does", "doing", "done", "error", "feature", "fix", "fixes", "for"),
        *("from", "get", "gets", "has", "have", "how", "i", "if", "in", "into", "is", "issue"),
        *("it", "its", "let", "make", "need", "needs", "of", "on", "or", "our", "please"),
        *("problem", "request", "should", "some", "support", "that", "the", "their", "there"),
        *("this", "to", "too", "use", "user", "users", "using", "want", "was", "we", "when"),
        *("where", "which", "while", "will", "with", "would", "you", "add", "adds", "allow"),
        *("create", "implement", "new"),
    )
)
#: On one side only, they turn the meaning round; also what begins with one of the latter.
_TURNING = ("cannot", "dont", "never", "no", "not", "off", "undo", "without")
_TURNING_STEMS = (
    *("delet", "deprecat", "disabl", "downgrad", "drop", "hid", "remov", "revert", "stop"),
    "uninstall",
)
#: Percent. A pair of words that is more alike is one word, misspelled or inflected.
_SAME_WORD = 80
_NO_PAIR_BELOW = 60
_LONG_TEXT = 120
_MOST_PAIRS = 20


class Alike(IntEnum):
    NO = 0
    LIKELY = 1
    SURE = 2


@dataclass(frozen=True)
class Words:
    """An issue's text, made ready to be compared."""

    title: tuple[str, ...]
    """Its words that mean something, sorted."""
    text: tuple[str, ...]
    """The same of its body, without headings and addresses."""
    length: int = 0
    """Of the body, in characters."""

    @property
    def sorted_title(self) -> str:
        return " ".join(self.title)


def words(title: str, body: str) -> Words:
    text = _HEADINGS.sub(" ", _NO_TEXT.sub(" ", body[: 4 * _LONGEST_BODY]))
    text = " ".join(text.split())[:_LONGEST_BODY]
    return Words(_meant(title), _meant(text), len(text))


def _meant(text: str) -> tuple[str, ...]:
    said = {_stem(word) for word in _WORD.findall(text.lower().replace("'", ""))}
    return tuple(sorted(said - _PLAIN))


def _stem(word: str) -> str:
    if word in _PLAIN or any(c.isdigit() for c in word):
        return word
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word.removesuffix(ending)
    return word


def compared(one: Words, other: Words) -> tuple[Alike, float]:
    """(how alike, 0 to 1), whichever comes first."""
    one, other = sorted((one, other), key=lambda words: (words.title, words.text))
    left, right = _apart(one.title, other.title)
    if _another_thing(left, right):
        return Alike.NO, 0.0
    title = fuzz.ratio(one.sorted_title, other.sorted_title) if one.title and other.title else 0.0
    text = fuzz.ratio(one.text, other.text) if one.text and other.text else 0.0
    short = min(one.length, other.length) < _LONG_TEXT
    fewest = min(len(one.title), len(other.title))
    score = (title if short else 0.6 * title + 0.4 * text) / 100
    if fewest >= 2 and title >= 95 and (fewest >= 3 if short else text >= 60):
        return Alike.SURE, score
    # The same form filled in for two things has the same text, and other words in the title.
    same_text = not short and text >= 85 and not (left and right)
    if same_text and title >= 80:
        return Alike.SURE, score
    near = fewest >= 2 and title >= 85 and (short or text >= 35)
    return (Alike.LIKELY if near or (same_text and title >= 60) else Alike.NO), score


def _apart(one: Iterable[str], other: Iterable[str]) -> tuple[list[str], list[str]]:
    """The words that only one of them has; a misspelled one is no other word."""
    left, right = sorted(set(one) - set(other)), sorted(set(other) - set(one))
    for word in list(left):
        twin = next((w for w in right if _same(word, w)), None)
        if twin is not None:
            left.remove(word)
            right.remove(twin)
    return left, right


def _same(one: str, other: str) -> bool:
    plain = one.isalpha() and other.isalpha()
    return plain and fuzz.ratio(one, other) >= _SAME_WORD


def _another_thing(left: list[str], right: list[str]) -> bool:
    """Whether the words that differ say that something else is meant."""
    numbered = any(any(c.isdigit() for c in word) for word in (*left, *right))
    both = (*left, *right)
    turned = any(word in _TURNING or word.startswith(_TURNING_STEMS) for word in both)
    renamed = len(left) == len(right) == 1
    return numbered or turned or renamed


def near(wanted: Words, others: dict[int, str]) -> list[int]:
    """Numbers of those whose sorted title is worth a closer look, the most alike first."""
    found = process.extract(
        wanted.sorted_title,
        others,
        scorer=fuzz.ratio,
        score_cutoff=_NO_PAIR_BELOW,
        limit=_MOST_PAIRS,
    )
    return [number for _, _, number in found]
