"""Pages of one file each: no script, nothing that is fetched; readable on a phone and on paper."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache

import jinja2

from agent_os.domain.failures import Family
from agent_os.policy import amounts
from agent_os.policy.metrics.figures import FIGURES
from agent_os.policy.metrics.words import said
from agent_os.policy.task_report import TaskReport
from agent_os.policy.weekly_report import WeeklyReport
from agent_os.reports import charts, hypotheses, weekly_markdown

_FAMILIES = {
    Family.TASK: "The work itself",
    Family.PERSON: "A person was needed",
    Family.PROVIDER: "Providers",
    Family.ENVIRONMENT: "Environment",
}


def weekly(report: WeeklyReport) -> str:
    """The weekly report as a page."""
    titles = {name: (spec.title, spec.unit) for name, spec in FIGURES.items()}
    return (
        _environment()
        .get_template("weekly.html.j2")
        .render(
            report=report,
            title=weekly_markdown.title(report),
            families=_FAMILIES,
            drawn=[(trend, charts.chart(trend)) for trend in report.trends],
            titles=titles,
            span=charts.span,
            hypotheses=[(one, hypotheses.row(one)) for one in report.hypotheses],
            hypotheses_note=hypotheses.NOTE,
        )
    )


def task(report: TaskReport) -> str:
    """The report of one task as a page."""
    return _environment().get_template("task.html.j2").render(report=report, title=report.task)


@lru_cache(maxsize=1)
def _environment() -> jinja2.Environment:
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("agent_os.reports"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["words"] = said
    made.filters["share"] = weekly_markdown.share
    made.filters["usd"] = amounts.usd
    made.filters["number"] = amounts.number
    made.filters["duration"] = amounts.duration
    made.filters["day"] = _day
    made.filters["second"] = _second
    made.filters["minute"] = _minute
    made.filters["address"] = _address
    return made


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}"


def _minute(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"


def _second(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}"


def _address(link: str) -> str:
    """Where a link may lead: a page, and no script."""
    return link if link.startswith(("https://", "http://")) else ""
