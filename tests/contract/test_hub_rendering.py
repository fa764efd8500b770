"""Markdown, diffs and logs as the hub's pages show them."""

import pytest

from agent_os.localhub.pages import diffs, logs, markdown


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("<b>x</b>", "&lt;b&gt;x&lt;/b&gt;"),
        ("[x](javascript:alert(1))", "[x](javascript:alert(1))"),
        ("[x](data:text/html,y)", "[x](data:text/html,y)"),
        ("![alt](http://h.invalid/p.png)", '<a href="http://h.invalid/p.png"'),
        ("a<br>b", "a<br />"),
        ("one\ntwo", "one<br />"),
        ("Fixes #12.", '<a href="/acme/shop/issues/12"'),
        ("other/repo#3", '<a href="/other/repo/issues/3"'),
        ("see https://h.invalid/a?b=1.", '<a href="https://h.invalid/a?b=1"'),
        ("- [x] done", '<input type="checkbox" disabled checked> done'),
        ("| a |\n|---|\n| b |", "<td>b</td>"),
        ("~~old~~", "<s>old</s>"),
        ("<details><summary>A & <i>b</i></summary>", "<summary>A &amp; b</summary>"),
    ],
)
def test_markdown(text: str, html: str) -> None:
    assert html in markdown.render(text, "acme/shop")


@pytest.mark.parametrize("text", ["`#12`", "a#12", "[#12](/x)", "#0", "&#12;", "# 12"])
def test_no_issue_link(text: str) -> None:
    assert "/issues/" not in markdown.render(text, "acme/shop")


def test_hidden_comments_are_not_shown() -> None:
    html = markdown.render("<!-- mark: 1\n\nmore -->\nshown <!-- no --> end\n\n<!-- x -->")
    assert "mark" not in html and "more" not in html and "no" not in html
    assert "shown" in html and "end" in html


@pytest.mark.parametrize(
    "text",
    [
        "<details>\n\ntext",
        "</details>\n\ntext",
        "- <details>\n  in a list\n\nafter",
        "<details>\n\n> </details>\n\n</details>\n</details>",
        "<details><details></details>",
    ],
)
def test_folds_are_always_balanced(text: str) -> None:
    html = str(markdown.render(text))
    depth = 0
    for part in html.replace("</details>", "\0-").replace("<details>", "\0+").split("\0")[1:]:
        depth += 1 if part.startswith("+") else -1
        assert depth >= 0
    assert depth == 0


def test_files_have_relative_links_and_no_forced_breaks() -> None:
    text = "one\ntwo [a](docs/a.md) [b](/b) [c](https://h.invalid) [d](#d)"
    html = markdown.render_file(text, "acme/shop", "/acme/shop/blob/main")
    assert "<br" not in html
    for target in ("/acme/shop/blob/main/docs/a.md", "/b", "https://h.invalid", "#d"):
        assert f'href="{target}"' in html


DIFF = """\
diff --git a/old name.py b/new name.py
similarity index 80%
rename from old name.py
rename to new name.py
--- a/old name.py
+++ b/new name.py
@@ -1,3 +1,3 @@ def f():
 same
--- a comment in SQL
+++ b/not a header
 end
\\ No newline at end of file
diff --git a/pic.png b/pic.png
new file mode 100644
Binary files /dev/null and b/pic.png differ
"""


def test_diffs() -> None:
    found = diffs.parse(DIFF)
    first, second = found.files
    assert (first.path, first.was) == ("new name.py", "old name.py")
    assert (first.additions, first.deletions) == (1, 1)
    kinds = [(line.kind, line.text, line.old, line.new) for line in first.lines]
    assert kinds == [
        ("hunk", "@@ -1,3 +1,3 @@ def f():", None, None),
        ("same", "same", 1, 1),
        ("del", "-- a comment in SQL", 2, None),
        ("add", "++ b/not a header", None, 2),
        ("same", "end", 3, 3),
        ("note", "No newline at end of file", None, None),
    ]
    assert second.path == "pic.png" and "Binary" in second.note
    assert diffs.parse("x\n" * (diffs.MAX_LINES + 1)).cut


def test_logs() -> None:
    text = "early\n##[group]Run x\nx\n##[endgroup]\nout\n##[error]Bad\n##[warning]Hm\n"
    first, second = logs.sections(text)
    assert first.lines == [("plain", "early")]
    assert (second.title, second.left_out) == ("Run x", 0)
    assert second.lines == [("head", "x"), ("plain", "out"), ("error", "Bad"), ("warning", "Hm")]
    long = logs.sections("##[group]a\n##[endgroup]\n" + "x\n" * (logs.MAX_LINES + 5))
    assert long[0].left_out == 5
