"""Requirements: what is read of a list, in which order it is done, and what is the same later."""

from __future__ import annotations

import string
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_os.domain.errors import BadInput
from agent_os.policy.requirements import foundation, matching, ordering, reading
from agent_os.policy.requirements.items import SKELETON, Plan, Planned, Requirements
from agent_os.policy.requirements.matching import Stored


def read(text: str) -> Requirements:
    return reading.read(text.encode(), "LIST.md")


def plan(text: str, skeleton: Planned | None = None) -> Plan:
    return ordering.plan(read(text), skeleton)


WHOLE = """# Shop

What it is for.

## Catalog
Products have names.

1. List all products
   - [ ] `shop list` prints one product a line
   - sorted by name
     - capitals first
2. **Search:** by name, in capitals too.

   ```python
   @dataclass
   # no heading
   - no item
   ```
3. Fix the sorting
   Type: tests

## Manual

- R7: Document the commands
- [x] Set it up
- Say what it costs
  - Depends on: R7, list all products

| c | d |
|---|---|
| 1 | 2 |
"""


def test_what_is_read_of_a_list() -> None:
    found = read(WHOLE)
    assert found.title == "Shop"
    assert [(i.ref, i.title, i.section, i.type) for i in found.items] == [
        ("1", "List all products", "Catalog", ""),
        ("2", "Search", "Catalog", ""),
        ("3", "Fix the sorting", "Catalog", "tests"),
        ("R7", "Document the commands", "Manual", ""),
        ("", "Say what it costs", "Manual", ""),
    ]
    criteria = ("`shop list` prints one product a line", "sorted by name; capitals first")
    assert found.items[0].criteria == criteria
    assert found.items[1].text == (
        "by name, in capitals too.\n\n```python\n@dataclass\n# no heading\n- no item\n```"
    )
    assert found.items[4].after == ("R7", "list all products")
    assert found.sections["Catalog"] == "Products have names."
    assert found.notes == (
        "line 25: `Set it up` is ticked, hence done",
        "line 29: a table is not read",
    )


def test_the_order_is_said_by_numbers_and_names_only() -> None:
    made = plan(WHOLE)
    assert [(i.key, i.type, i.depends_on) for i in made.items] == [
        ("list-all-products", "implementation", ()),
        ("search", "implementation", ("list-all-products",)),
        ("fix-the-sorting", "tests", ("search",)),
        ("document-the-commands", "docs", ()),
        (
            "say-what-it-costs",
            "implementation",
            ("document-the-commands", "list-all-products"),
        ),
    ]
    assert made.items[1].criteria == ("it can be shown, by a test that fails without it: Search",)
    assert made.items[3].criteria == ("it can be read in the repository: Document the commands",)


def test_in_an_empty_repository_all_waits_for_the_skeleton() -> None:
    made = plan("- a thing\n- another\n\n1. one\n2. two\n", ordering.skeleton("Shop", "sh test.sh"))
    assert [(i.key, i.depends_on) for i in made.items] == [
        (SKELETON, ()),
        ("a-thing", (SKELETON,)),
        ("another", (SKELETON,)),
        ("one", (SKELETON,)),
        ("two", ("one",)),
    ]


def test_what_comes_later_in_the_list_may_come_first() -> None:
    made = plan("- Paint it\n  - after: build it\n- Build it\n")
    assert [i.key for i in made.items] == ["build-it", "paint-it"]


@pytest.mark.parametrize(
    ("text", "titles"),
    [
        ("## One\nDo it.\n\n## Two\nAnd that.\n\n## Three\n", ["One", "Two"]),
        ("* a. b\n* c.\n", ["a. b", "c"]),
        ("- **Whole**\n- _Whole too_\n", ["Whole", "Whole too"]),
        ("- one\r\n- two\r\n", ["one", "two"]),
        ("-\n- one\n- ![x](y)\n", ["one", "![x](y)"]),
        ("\ufeff- one\n", ["one"]),
        ("> - quoted\n\n- one\n", ["one"]),
        ("- " + "x" * 130 + " y\n", ["x" * 119 + "…"]),
        ("- Short words. " + "Long " * 40 + "\n", ["Short words"]),
    ],
)
def test_titles(text: str, titles: list[str]) -> None:
    assert [item.title for item in read(text).items] == titles


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b" \n\t\n", "is empty"),
        (b"- a\0b", "binary"),
        (b"- caf\xe9", "not UTF-8 (byte 5)"),
        (b"- x" * 100_000, "at most 200000"),
        (b"Only words.\n", "no list item"),
        (b"# Title\n\n```\n- code\n```\n", "no list item"),
        (b"- [x] done\n", "no list item"),
        (b"- a\n" * 101, "101 requirements"),
        (b"- a\n  - depends on: zebra\n", "which is not in the list"),
        (b"- a\n  - depends on: a\n", "depends on itself"),
        (b"- aa\n  - after: bb\n- bb\n  - after: aa\n", "circle: aa"),
        (b"1. a\n\n## S\n\n1. b\n\n## T\n\n- c\n  - needs: 1\n", "several are called"),
    ],
)
def test_what_can_not_be_planned_says_why(content: bytes, said: str) -> None:
    with pytest.raises(BadInput) as caught:
        ordering.plan(reading.read(content, "LIST.md"))
    assert said in caught.value.message


def test_deep_and_hostile_text_ends_soon() -> None:
    deep = "\n".join(" " * (2 * depth) + "- x" for depth in range(300))
    for text in (deep, "- " + "[" * 20_000, "- " + "*a " * 8_000, "> " * 5_000 + "- a"):
        with suppress(BadInput):
            ordering.plan(read(text))


def stored(made: Plan, done: str = "") -> list[Stored]:
    return [Stored(item=item, done=item.key == done) for item in made.items]


OLD = """# Shop
- List all products
- Search products by their name
- Export the catalog as CSV
  - one line a product
- Import a catalog
"""


@pytest.mark.parametrize(
    ("title", "key"),
    [
        ("List all products", "list-all-products"),
        ("List all the products", "list-all-products"),
        ("All products: list them", "list-all-products"),
        ("Search the products by name", "search-products-by-their-name"),
        ("Export the catalogue as CSV", "export-the-catalog-as-csv"),
        ("Log in with a password", "log-in-with-a-password"),
        ("Products have pictures", "products-have-pictures"),
    ],
)
def test_a_small_rewording_keeps_the_key_anywhere(title: str, key: str) -> None:
    lines = [line for line in OLD.splitlines()[1:] if not line.startswith("  ")]
    kept = [line for line in lines if matching_key(line) != key]
    made = matching.keyed(plan("\n".join([*kept[::-1], f"- {title}"])), stored(plan(OLD)))
    assert made.items[-1].key == key
    assert {i.key for i in made.items[:-1]} == {matching_key(line) for line in kept}


def matching_key(line: str) -> str:
    return ordering.key_of(line.removeprefix("- "))


def test_what_is_there_as_it_was_goes_before_what_is_like_it() -> None:
    text = "- Export the catalog as PDF\n- Export the catalog as CSV\n  - one line a product\n"
    made = matching.keyed(plan(text), stored(plan(OLD)))
    assert [i.key for i in made.items] == ["export-the-catalog-as-pdf", "export-the-catalog-as-csv"]


def test_what_is_done_and_reads_otherwise_is_new_work() -> None:
    more = "- Count\n  - after: export the catalog as csv\n"
    text = f"- Export the catalog as CSV\n  - with a head line\n{more}"
    made = matching.keyed(plan(text), stored(plan(OLD), done="export-the-catalog-as-csv"))
    assert made.items[0].key == "export-the-catalog-as-csv-2"
    assert made.items[1].depends_on == ("export-the-catalog-as-csv-2",)
    again = matching.keyed(plan(text), [*stored(plan(OLD)), *stored(made)])
    assert [i.key for i in again.items] == [i.key for i in made.items]


def test_a_list_is_known_by_its_title_or_by_its_items() -> None:
    lists = {"shop": stored(plan(OLD)), "other": stored(plan("# Other\n- Fly\n"))}
    assert matching.list_of(plan(OLD), lists) == "shop"
    assert matching.list_of(plan(OLD.replace("# Shop", "# The store")), lists) == "shop"
    assert matching.list_of(plan("# New\n- Swim\n- Run\n"), lists) == "new"


words = st.text(string.ascii_lowercase, min_size=3, max_size=9)
titles = st.lists(words, min_size=3, max_size=6, unique=True).map(" ".join)


@settings(max_examples=40, deadline=None)
@given(st.lists(titles, min_size=1, max_size=8, unique=True), st.randoms(use_true_random=False))
def test_keys_do_not_depend_on_the_order(given_titles: list[str], chance: object) -> None:
    first = plan("\n".join(f"- {title}" for title in given_titles))
    mixed = list(given_titles)
    chance.shuffle(mixed)  # type: ignore[attr-defined]  # hypothesis gives a Random
    again = matching.keyed(plan("\n".join(f"- {title}" for title in mixed)), stored(first))
    assert {i.title: i.key for i in again.items} == {i.title: i.key for i in first.items}


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=300))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        made = ordering.plan(read(text))
    except BadInput:
        return
    keys = [item.key for item in made.items]
    assert len(set(keys)) == len(keys)
    for place, item in enumerate(made.items):
        assert set(item.depends_on) <= set(keys[:place]) and item.criteria and item.title


@pytest.mark.parametrize(
    ("paths", "bare"),
    [
        ([], True),
        (["README.md", "LICENSE", ".gitignore", ".github/workflows/ci.yml"], True),
        (["README.rst"], False),
        (["src/a.py"], False),
        (["docs/a.md"], False),
    ],
)
def test_what_is_no_base_to_build_on(paths: list[str], bare: bool) -> None:
    assert foundation.is_bare(paths) is bare


def test_the_files_of_a_first_commit_are_those_that_are_missing() -> None:
    made = foundation.files("Shop\n# x", 'sh "t"', [])
    assert made["README.md"] == "# Shop # x\n"
    assert made[".agent-os.yaml"] == 'test: "sh \\"t\\""\n'
    there = ["readme.md", ".github/agent-os.yml", ".github/workflows/x.yml"]
    assert foundation.files("Shop", "sh t", there) == {}
