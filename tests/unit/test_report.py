"""The weekly report: its numbers, and its rendering as Markdown and as a page."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_os.domain.failures import Family
from agent_os.policy import reporting
from agent_os.policy.metrics.figures import Value, measure
from agent_os.policy.reporting import MOST_LINES, WEEKS, window
from agent_os.policy.weekly_report import NeedLine, PlanLine, Point, Trend, WeeklyReport
from agent_os.reports import charts, pages, weekly_markdown

from . import weeks

EVIL = "</td><script>alert(1)</script><img src=https://evil.example/x> | @bob closes #1 `x`\n# Big"


@pytest.fixture(scope="module")
def report() -> WeeklyReport:
    return reporting.weekly(weeks.facts())


def test_each_number_is_that_of_the_named_command(report: WeeklyReport) -> None:
    facts = weeks.facts()
    for line in report.figures:
        assert line.week == measure(line.name, window(facts.rows, facts.since), facts.until)
        assert line.weeks == measure(line.name, facts.rows, facts.until)
    assert report.commands.week == (
        "agent-os metrics --repo acme/app --since 2026-01-26T00:00:00Z --until 2026-02-02T00:00:00Z"
    )
    assert "--since 2025-12-08T00:00:00Z" in report.commands.trend
    assert "--by week --figure merged" in report.commands.trend
    again = f"The numbers again: {report.commands.report} --json"
    assert again in weekly_markdown.markdown(report).replace("`", ""), "of hypotheses"
    assert again in re.sub(r"</?code>", "", pages.weekly(report))


def test_what_was_done_and_what_failed_in_the_week_only(report: WeeklyReport) -> None:
    facts = weeks.facts()
    done = {r.name for r in facts.rows if r.merged_at and facts.since <= r.merged_at < facts.until}
    assert {line.task for line in report.done} == done and report.done_count == len(done) > 3
    this = window(facts.rows, facts.since)
    failed = [r for r in this if any(a.code == "tests_failed" for a in r.attempts)]
    (line,) = [f for f in report.failures if f.code == "tests_failed"]
    assert (line.rounds, line.samples) == (len(failed), len(this))
    families = [f.family for f in report.failures]
    order = [Family.TASK, Family.PERSON, Family.PROVIDER, Family.ENVIRONMENT]
    assert families == sorted(families, key=order.index) and len(set(families)) > 1


def test_the_trend_has_a_point_for_each_week_and_counts_each_round_once(
    report: WeeklyReport,
) -> None:
    (merged,) = [t for t in report.trends if t.name == "merged"]
    labels = [p.week for p in merged.points]
    assert len(labels) == WEEKS and labels[0] == "2025-W50" and labels[-1] == "2026-W05"
    assert sum(p.value.value or 0 for p in merged.points) == sum(
        1 for r in weeks.facts().rows if r.merged_at
    )


def test_agents_are_compared_with_intervals_and_sample_sizes(report: WeeklyReport) -> None:
    assert [a.agent for a in report.agents] == ["claude", "own", "ruff"]
    for value in (v for a in report.agents for v in a.values if v.value is not None):
        assert value.samples > 0 and value.low is not None and value.high is not None


def test_an_empty_week_of_an_empty_organization_has_a_report() -> None:
    empty = weeks.facts(rows=(), before=(), hypotheses=(), planned=(), needs=(), repo="")
    report = reporting.weekly(empty)
    text = weekly_markdown.markdown(report)
    assert "Weekly report 2026-W05: the organization" in text and "Nobody." in text
    assert "```mermaid" not in text, "a chart of nothing"
    assert "--repo" not in report.commands.week
    Page(pages.weekly(report))


class Page(HTMLParser):
    """Fails at what a page of one file must not have."""

    VOID = ("meta", "br", "line", "polyline", "circle", "img", "link", "input", "hr")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.links: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == [], "every element is closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in self.VOID:
            self.open.append(tag)
        for name, value in attrs:
            assert not name.startswith("on"), f"{tag} {name}"
            assert name not in ("src", "srcset", "xlink:href", "action", "background", "data")
            if name == "href":
                assert tag == "a", f"{tag} is fetched"
                self.links.append(value or "")

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.open.pop()


def test_the_page_is_one_file_that_fetches_nothing(report: WeeklyReport) -> None:
    text = pages.weekly(report)
    page = Page(text)
    assert not {"script", "link", "img", "iframe", "object", "embed", "form"} & set(page.tags)
    assert not re.search(r"url\(|@import|javascript:", text)
    assert page.tags.count("figure") == len(report.trends)
    assert all(link.startswith("https://hub.example/acme/app/") for link in page.links)
    assert "default-src 'none'" in text


def test_charts_say_the_same_in_words(report: WeeklyReport) -> None:
    text = pages.weekly(report)
    for trend in report.trends:
        assert f'aria-labelledby="trend-{trend.name}-title trend-{trend.name}-desc"' in text
    described = re.findall(r"<desc [^>]*>([^<]*)", text)
    assert all("2026-W05" in words for words in described)
    assert "n=" in text and "<title>2026-W05: " in text


def _hostile(text: str) -> WeeklyReport:
    rows = tuple(r.model_copy(update={"title": text}) for r in weeks.rows())
    attempts = (
        a.model_copy(update={"detail": text, "agent": text[:20]}) for a in rows[-1].attempts
    )
    rows = (*rows[:-1], rows[-1].model_copy(update={"attempts": tuple(attempts)}))
    need = NeedLine(name=text, why=text, next_step=text, link="javascript:alert(1)")
    plan = PlanLine(what=text, name=text, title=text, link="javascript:alert(1)")
    known = weeks.hypothesis(title=text)
    more: dict[str, Any] = {
        "rows": rows,
        "needs": (need,),
        "planned": (plan,),
        "hypotheses": (known,),
    }
    return reporting.weekly(weeks.facts(**more))


def test_words_from_outside_are_words_on_the_page_and_in_the_issue() -> None:
    report = _hostile(EVIL)
    page = Page(pages.weekly(report))
    assert "script" not in page.tags and "img" not in page.tags
    assert all(link.startswith("https://hub.example/") for link in page.links)
    text = weekly_markdown.markdown(report)
    assert "<script" not in text and "<img" not in text and "@bob" not in text
    assert not re.search(r"closes #1", text)
    for line in text.splitlines():
        assert not line.startswith("# Big")
        if line.startswith("|") and "alert" in line:
            assert "| @" not in line.replace("\\|", "")


@settings(max_examples=30)
@given(st.text(max_size=60))
def test_no_title_breaks_the_page(title: str) -> None:
    rows = tuple(r.model_copy(update={"title": title}) for r in weeks.rows(weeks=1))
    Page(pages.weekly(reporting.weekly(weeks.facts(rows=rows))))


def test_a_report_is_bounded_however_much_happened() -> None:
    many = tuple(
        r.model_copy(update={"number": 100 * n + r.number, "title": "long " * 60})
        for n in range(20)
        for r in weeks.rows(weeks=1)
    )
    needs = tuple(NeedLine(name=f"n{n}", why="w" * 300, next_step="s" * 300) for n in range(500))
    report = reporting.weekly(weeks.facts(rows=many, needs=needs))
    assert len(report.done) == MOST_LINES < report.done_count
    assert len(report.needs) == MOST_LINES and report.needs_count == 500
    text = weekly_markdown.markdown(report)
    assert len(text) <= weekly_markdown.LONGEST + 200
    assert "more" in text


def _trend(values: list[float | None], unit: str = "hours") -> Trend:
    points = tuple(
        Point(
            week=f"2026-W{n:02}",
            value=Value(
                name="lead_time_hours",
                value=v,
                low=None if v is None else v / 2,
                high=None if v is None else v * 2,
                samples=0 if v is None else 3,
            ),
        )
        for n, v in enumerate(values, 1)
    )
    return Trend(name="x", title="X", unit=unit, goal="lower", about="A.", points=points)


def test_a_week_without_a_value_is_a_gap_not_a_zero() -> None:
    drawn = charts.chart(_trend([1, 2, None, 4, 5]))
    assert len(drawn.marks) == 4 and len(drawn.lines) == 2
    assert drawn.across[2].more == "–"
    text = weekly_markdown.markdown(
        reporting.weekly(weeks.facts()).model_copy(update={"trends": (_trend([1, None, 3]),)})
    )
    assert 'x-axis ["W01 (n=3)", "W03 (n=3)"]' in text and "line [1, 3]" in text


@given(
    st.lists(st.one_of(st.none(), st.floats(0, 1e7)), max_size=10),
    st.sampled_from(["hours", "US$", "count", "share"]),
)
def test_no_mark_lies_outside_of_its_chart(values: list[float | None], unit: str) -> None:
    drawn = charts.chart(_trend(values, unit))
    for mark in drawn.marks:
        assert charts.LEFT <= mark.x <= charts.WIDTH - charts.RIGHT
        for y in (mark.y, mark.low, mark.high):
            assert charts.TOP - 0.1 <= y <= charts.HEIGHT - charts.BOTTOM + 0.1
    assert len(drawn.up) == 5
