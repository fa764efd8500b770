"""What is hidden in a text is removed and said; what people see stays."""

from __future__ import annotations

import time
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_os.policy import cleaning
from agent_os.policy.invisible import spelled_out

#: (text, what is left without "evil" in it, what is said to be removed)
HIDDEN = [
    ("a <!-- evil --> b", "a  b", "1 hidden comment"),
    ("<!--\n```\nevil\n```\n-->\nseen", "seen", "1 hidden comment"),
    ("<div>\n```\n<!-- evil -->\n```\n</div>", "</div>", "1 hidden comment"),
    ("<pre>\n\n```\n<!-- evil -->\n```\n</pre>", "</pre>", "1 hidden comment"),
    ("- a\n  ```\n  code\n<!-- evil -->\n```", "code", "1 hidden comment"),
    ("`a\n b` <!-- evil --> `c`", "`c`", "1 hidden comment"),
    ("`a|<!-- evil -->|b`", "`a||b`", "1 hidden comment"),
    ("\\`<!-- evil -->`", "\\``", "1 hidden comment"),
    ("seen\n<!-- evil to the end\n\nevil", "seen", "1 hidden comment"),
    ("- <!--\n\n  evil\n  -->\nseen", "seen", "1 hidden comment"),
    ("> <!-- evil\n> evil -->\n> seen", "seen", "1 hidden comment"),
    ("<? evil ?> <![CDATA[ evil ]]> <!DOCTYPE evil> seen", "seen", "3 hidden comments"),
    ('<div style="display: none">a<div>b</div> evil</div>seen', "seen", "1 hidden element"),
    ("<span hidden>evil</span> seen", "seen", "1 hidden element"),
    ('<b style="font-size:1px">evil</b> seen', "seen", "1 hidden element"),
    ("<template>evil</template> seen", "seen", "1 hidden element"),
    ("<details hidden>evil", "", "1 hidden element"),
    ("<evil-do-what-is-said-here-and-push> seen", "seen", "1 hidden attribute"),
    ("<x be evil and push it all> seen", "<x> seen", "6 hidden attributes"),
    ('<img alt="evil" src="https://x.example/a.png"> seen', "seen", "1 hidden attribute"),
    ('<a data-x="evil" href="javascript:evil">seen</a>', "seen", "2 hidden attributes"),
    ("![be evil, please](https://x.example/a.png)", "![image]", "1 image text"),
    ('[seen](https://x.example "evil")', "[seen](https://x.example)", "1 link title"),
    ("seen\n\n[//]: # (evil)", "seen", "1 hidden definition"),
    ("seen\n\n[evil]: https://evil.example", "seen", "1 hidden definition"),
    ("seen\n\n[^1]: evil\nevil\n\nmore", "more", "1 hidden definition"),
    ("seen data:text/html;base64,evil", "seen data:", "1 data link"),
    (r"$\color{white}{evil}$ seen", "seen", "1 hidden formula"),
    ("```mermaid\ngraph TD\n%% evil\nA-->B\n```", "A-->B", "1 hidden comment"),
    ("```stl\nevil\n```\nseen", "seen", "1 hidden comment"),
    ("s\u200be\u2062en\u202e", "seen", "3 invisible characters"),
    ("seen" + "".join(chr(0xE0000 + ord(c)) for c in "evil"), "seen", "4 invisible characters"),
    ("seen" + "".join(chr(0xE0100 + n) for n in range(9)), "seen", "9 invisible characters"),
    ("\x1b[31mseen\x1b[0m\x1b]52;c;evil\x07", "seen", "3 terminal escapes"),
    ("s\x08een\x00", "seen", "2 control characters"),
    ("<\u200b!-- evil -->seen", "seen", "1 hidden comment, 1 invisible character"),
    ("<!<!-- a -->-- evil -->seen", "seen", "2 hidden comments"),
]


@pytest.mark.parametrize(("text", "left", "said"), HIDDEN)
def test_what_is_hidden_is_removed_and_said(text: str, left: str, said: str) -> None:
    found = cleaning.markdown(text)
    assert "evil" not in found.text and left in found.text
    assert cleaning.in_words(found.removed) == said
    assert found.noted.endswith(f"[removed: {said}]")


@pytest.mark.parametrize(
    "text",
    [
        "```html\n<!-- kept -->\n<b title='kept'>\n```",
        "~~~\n<!-- kept -->\n~~~\n\n```\n![kept](x)\n```",
        "use `<!-- kept -->` and ``a ` b <i hidden>``",
        "<details><summary>kept</summary>\n\nkept\n\n</details>",
        "List<String> and Map<K, V>, <T extends Foo>, a < b and b > c",
        "x <!-- not closed\n\nkept",
        "[a](https://x.example) [b] and more\n\n[b]: https://y.example",
        "a[^1]\n\n[^1]: kept",
        "[Note]: this is kept",
        "- [ ] to do\n- [x] done\n1. a) b",
        "👨\u200d👩\u200d👧 ❤\ufe0f 👍🏽 1\ufe0f\u20e3 🏳\ufe0f\u200d🌈",
        "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
        "می\u200cخواهم क्\u200dष עברית العربية 日本語 éü",
        "$a^2 + b^2$ costs 5$ or 6$",
        "![image](https://x.example/a.png)",
    ],
)
def test_what_people_see_stays(text: str) -> None:
    assert cleaning.markdown(text) == (text, Counter())


def test_plain_text_keeps_what_is_markup_elsewhere() -> None:
    assert cleaning.plain("<!-- a --> ![b](c)\x1b[0m").text == "<!-- a --> ![b](c)"


def test_notes_are_added_up() -> None:
    one, other = (
        cleaning.markdown(text).noted for text in ("a<!--x--><!--y-->", "b<!--z-->\u200b")
    )
    total = cleaning.counted_in([one, other, "nothing"])
    assert cleaning.in_words(total) == "3 hidden comments, 1 invisible character"


def test_who_judges_a_change_sees_what_can_not_be_seen() -> None:
    assert spelled_out("a\u202eb\x1b\n❤\ufe0f\r\n") == "a<U+202E>b<U+001B>\n❤\ufe0f\n"


@given(st.text(st.sampled_from("`~<>!-[](){}:\"'/\\ \n\u200b\x1bab|=*#$_^0"), max_size=120))
def test_cleaning_twice_changes_nothing_and_leaves_no_comment(text: str) -> None:
    once = cleaning.markdown(text).text
    assert cleaning.markdown(once).text == once
    assert "\0" not in once and "\u200b" not in once


_PIECES = (
    *("<!--", "<a ", "[", "![a", "` `` ", '<a b="', '[a]: x "', "$\\color", "<div hidden>"),
    *("[^a]: b\n", "[a]: http://x\n", '](a "', "data:", "\x1b]", "<?", "- <pre\n"),
)


def test_no_text_is_slow_to_clean() -> None:
    begun = time.process_time()
    for piece in _PIECES:
        cleaning.markdown(piece * (60_000 // len(piece)))
    # A pattern that blows up takes hours here; this is a bound, not a measure.
    assert time.process_time() - begun < 20
