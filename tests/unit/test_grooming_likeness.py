"""Which issues are taken for the same: a labelled set, and what must never be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_os.policy.grooming import likeness
from agent_os.policy.grooming.likeness import Alike

TEMPLATE = """<!-- Thanks for your report! Please search first. -->
## Steps
1. Open the page
2. Look at the figure in the left upper corner of it
3. Compare it with the one on the list, which is right
## Expected
The same figure in both places, as the manual says.
"""
STORY = (
    "When I open the export dialog and choose all columns of a table with more than ten thousand "
    "rows, the progress bar stays at 0% and after two minutes the page says that it failed. With "
    "fewer rows it is fine."
)
RETOLD = (
    "The export dialog: choose all columns of a table with more than ten thousand rows. The "
    "progress bar stays at 0%, after two minutes the page says that it failed. Fewer rows are fine."
)

#: (title, body) twice, and whether people call them the same.
SAME = [
    (("Crash when saving an empty file", ""), ("App crashes on saving empty file", "")),
    (("Export to CSV fails for large tables", ""), ("CSV export fails with large tables", "")),
    (("Dark mode", ""), ("Add dark mode", "")),
    (("Search is very slow", "since 2.0"), ("Search is very slow", "it takes minutes")),
    (("Logout link is missing in menu", ""), ("Logout link missing in the menu", "please")),
    (("Wrong total in the invoice view", TEMPLATE), ("Invoice view: wrong total", TEMPLATE)),
    (("Typo in the welcom message", ""), ("Typo in the welcome message", "")),
    (("Export of big tables fails", STORY), ("Export of tables fails", RETOLD)),
]
OTHER = [
    (("Support French locale", TEMPLATE), ("Support German locale", TEMPLATE)),
    (("Upgrade to Python 3.12", ""), ("Upgrade to Python 3.13", "")),
    (("Add endpoint to list users", ""), ("Add endpoint to delete users", "")),
    (("Enable caching of pages", ""), ("Disable caching of pages", "")),
    (("Fix typo in README", ""), ("Fix typo in docs", "")),
    (("Search is slow", ""), ("Search is slow on mobile in landscape", "")),
    (("Step 1 of the migration", TEMPLATE), ("Step 2 of the migration", TEMPLATE)),
    (("Bug", ""), ("Bug", "")),
    (("Show totals", ""), ("Show totals without tax", "")),
    (("Wrong total in the invoice view", STORY), ("Wrong total in the invoice view", TEMPLATE)),
    (("Remove the old importer", ""), ("Add the old importer", "")),
    (("Crash in parser on Windows", ""), ("Crash in parser on macOS", "")),
    (("Tests for module auth", TEMPLATE), ("Tests for module billing", TEMPLATE)),
    (("Button on login page misaligned", TEMPLATE), ("Button on archive page missing", TEMPLATE)),
    (("", ""), ("", "")),
]


def alike(one: tuple[str, str], other: tuple[str, str]) -> Alike:
    return likeness.compared(likeness.words(*one), likeness.words(*other))[0]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_what_people_call_the_same_is_found(one: tuple[str, str], other: tuple[str, str]) -> None:
    assert alike(one, other)


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_what_differs_in_a_name_or_number_is_not(
    one: tuple[str, str], other: tuple[str, str]
) -> None:
    assert not alike(one, other)


def test_two_words_alone_are_never_sure() -> None:
    """Only what is sure may ever be closed."""
    assert alike(("Dark mode", ""), ("Dark mode", "")) is Alike.LIKELY
    assert alike(("Dark mode in the editor", ""), ("Dark mode in the editor", "")) is Alike.SURE


@given(st.text(max_size=60), st.text(max_size=300), st.text(max_size=60), st.text(max_size=300))
def test_it_is_the_same_both_ways(a: str, b: str, c: str, d: str) -> None:
    one, other = likeness.words(a, b), likeness.words(c, d)
    there, back = likeness.compared(one, other), likeness.compared(other, one)
    assert there[0] is back[0]
    assert there[1] == pytest.approx(back[1])


def test_the_closest_titles_are_looked_at_first_and_few() -> None:
    titles = {n: f"export table {'x' * (n % 20)}" for n in range(1_000)}
    found = likeness.near(likeness.words("Export table", ""), titles)
    assert len(found) == 20
    assert titles[found[0]].strip() == "export table"
