"""Words of others that we post: they can be read, and nothing on GitHub acts on them."""

from __future__ import annotations

import re

import pytest

from agent_os.policy import texts
from agent_os.policy.neutral import neutral, quotation, still

#: (what is written, what must not be found in what is posted)
HOSTILE = [
    ("cc @bob and @acme/admins", r"@\w"),
    ("Fixes #1, closes: #2, resolved acme/app#3", r"(?i)(fixes|closes:|resolved)\s+\S*#\d"),
    ("closes https://github.com/acme/app/issues/4", r"(?i)closes\s+http"),
    ("see #12 and acme/app#13 and GH-14", r"(#|GH-)\d"),
    ("https://github.com/acme/other/pull/5", r"//github\.com"),
    ("https://git.corp.example/a/b/issues/6", r"issues/6"),
    ("/agent-os approve", r"(?m)^\s*/"),
    ("fine\n  /approve\n- /lgtm\n> /merge", r"(?m)^[ \t>*+-]*/"),
    ("<!-- agent-os effect=0123 -->", r"<!--"),
    ("a\n<!-- agent-os signal=split:1#2.1:0 -->", r"<!--"),
    ("![x](https://evil.example/?k=1)", r"!\["),
    (r"\![x](https://evil.example/?k=1) ![y][z]", r"!\["),
    ("&#64;bob &#x40;bob &commat;bob", r"&(#\d|#x|commat)"),
    ("#&#49;2 &num;12 &#35;12", r"&(#|num)"),
    (r"GH\-12 \#13", r"(#|GH\\-)\d"),
    ("&sol;approve", "&sol"),
    ("<<IMG src='https://evil.example/?k=1'><svg/onload=x>", r"<(IMG|svg)"),
    ("<img src='https://evil.example/?k=1'>", r"<img"),
    ("Depends on #12", r"#\d"),
    ("a\u202eb\u200bc\U000e0041d\x1b[31me", "[\u202e\U000e0041\x1b]"),
    ("one\rtwo", r"\r"),
]


@pytest.mark.parametrize(("text", "bad"), HOSTILE)
def test_nothing_acts_on_what_is_posted(text: str, bad: str) -> None:
    assert re.search(bad, text), "the case itself is hostile"
    assert not re.search(bad, neutral(text))
    assert not re.search(bad, quotation(text))


@pytest.mark.parametrize(
    "text",
    ["Plain words, 12 of them.", "- a\n- b\n\n```py\nx = a < b\n```", "see app/old.py:4", "C# 8"],
)
def test_what_harms_nobody_stays_as_it_is(text: str) -> None:
    assert neutral(text) == text
    assert still(text) == text


def test_every_line_of_a_quotation_is_one() -> None:
    found = quotation("# A\n\n| a |\n|---|\r\n## Goal\n</details>\u2028Closes")
    assert all(line.startswith("> ") for line in found.split("\n"))


def test_it_takes_no_time_on_texts_made_to_take_long() -> None:
    """A pattern that tries again and again would never end here."""
    for text in ("> " * 50_000, "fixes " * 20_000, "https://a/b/c/" * 10_000, "<" * 50_000):
        assert neutral(text)


def test_what_is_posted_as_it_is_embeds_nothing_and_commands_nobody() -> None:
    found = still("/approve\n<img src=x> ![x](y) <b>bold</b> a < b #12")
    assert found == "\\/approve\n&lt;img src=x> !\u200b[x](y) <b>bold</b> a < b #12"


def test_a_line_of_ours_holds_no_image_and_no_mention_in_other_spelling() -> None:
    found = texts.inline("blocked: ![x](https://evil.example/?k=1) &#64;bob")
    assert "![" not in found and "&#" not in found


def test_words_of_other_scripts_stay_readable() -> None:
    text = "می\u200cخواهم, 日本\u3000語, a\u00a0b"
    assert neutral(text) == text.replace("\u3000", " ").replace("\u00a0", " ")
