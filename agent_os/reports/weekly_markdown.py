"""The weekly report as Markdown, for an issue and for the terminal: bounded, and safe on GitHub."""

from __future__ import annotations

import json
from collections.abc import Sequence

from agent_os.domain.failures import Family
from agent_os.policy import amounts
from agent_os.policy.metrics.figures import FIGURES
from agent_os.policy.metrics.words import said
from agent_os.policy.weekly_report import FailureLine, Trend, WeeklyReport
from agent_os.reports import hypotheses
from agent_os.reports.tables import cell, named, table

#: GitHub takes 65,536 characters.
LONGEST = 60_000
#: Fewer points than this make no chart.
_LEAST_POINTS = 2


def title(report: WeeklyReport) -> str:
    return f"Weekly report {report.week}: {report.scope}"


def markdown(report: WeeklyReport) -> str:
    parts = [
        f"# {title(report)}",
        _summary(report),
        *_needs(report),
        *_done(report),
        *_failures(report),
        *_figures(report),
        *_trends(report),
        *_agents(report),
        *_costs(report),
        *_hypotheses(report),
        *_planned(report),
        _footer(report),
    ]
    return _bounded(parts)


def _bounded(parts: Sequence[str]) -> str:
    """Whole sections only; what did not fit is said."""
    kept: list[str] = []
    left = LONGEST
    for part in parts:
        if len(part) + 2 > left:
            kept.append("_This report is longer than an issue may be; the file has all of it._")
            break
        kept.append(part)
        left -= len(part) + 2
    return "\n\n".join(kept) + "\n"


def _summary(report: WeeklyReport) -> str:
    return (
        f"{report.since:%Y-%m-%d} to {report.until:%Y-%m-%d %H:%M} UTC: {report.asked} asked for, "
        f"{report.done_count} done; failed attempts: {said(report.attempt_failures)}; "
        f"cost: {said(report.usd)}; {report.needs_count} need a person now."
    )


def _needs(report: WeeklyReport) -> list[str]:
    if not report.needs:
        return ["## Who is needed", "Nobody."]
    rows = [[named(n.name, n.link), cell(n.why, 200), cell(n.next_step, 200)] for n in report.needs]
    return ["## Who is needed", table(["what", "why", "next step"], rows)]


def _done(report: WeeklyReport) -> list[str]:
    rows = [
        [
            named(d.task, d.link),
            cell(d.title, 80),
            d.how,
            cell(d.agent),
            str(d.attempts),
            amounts.duration(d.hours),
            amounts.usd(d.usd),
        ]
        for d in report.done
    ]
    head = ["task", "title", "how", "agent", "attempts", "took", "cost"]
    return ["## Done", table(head, rows) if rows else "Nothing."]


_FAMILIES = {
    Family.TASK: "The work itself",
    Family.PERSON: "A person was needed",
    Family.PROVIDER: "Providers",
    Family.ENVIRONMENT: "Environment",
}


def _failures(report: WeeklyReport) -> list[str]:
    if not report.failures:
        return ["## Failed", "Nothing."]
    parts = ["## Failed"]
    for family, heading in _FAMILIES.items():
        found = [f for f in report.failures if f.family is family]
        rows = [
            [
                f"`{f.code}`",
                share(f),
                cell(", ".join(f.tasks)),
                cell(f.example, 160),
                cell(f.what_to_do, 160),
            ]
            for f in found
        ]
        if rows:
            head = ["why", "rounds", "tasks", "such as", "what to do"]
            parts += [f"### {heading}", table(head, rows)]
    return [*parts, f"The numbers again: `{report.commands.failures}`."]


def share(line: FailureLine) -> str:
    """`2 of 17 (12%, 4–31%)`"""
    between = f"{100 * line.low:.0f}–{amounts.percent(line.high)}"
    part = amounts.percent(line.rounds / line.samples)
    return f"{line.rounds} of {line.samples} ({part}, {between})"


def _figures(report: WeeklyReport) -> list[str]:
    rows = [
        [
            f.title,
            said(f.week),
            said(f.before),
            said(f.weeks),
        ]
        for f in report.figures
    ]
    weeks = len(report.trends[0].points) if report.trends else 0
    head = ["figure", "this week", "the week before", f"{weeks} weeks"]
    note = (
        "Nine of ten times the true value lies in the interval. The numbers again: "
        f"`{report.commands.week}`, `{report.commands.before}`, `{report.commands.weeks}`."
    )
    return ["## Figures", table(head, rows), note]


def _trends(report: WeeklyReport) -> list[str]:
    drawn = [part for trend in report.trends for part in _chart(trend)]
    if not drawn:
        return []
    return ["## Trends", *drawn, f"The numbers again: `{report.commands.trend}`."]


def _chart(trend: Trend) -> list[str]:
    """A week without a value is left out: Mermaid has no gaps."""
    points = [(p.week[-3:], p.value) for p in trend.points if p.value.value is not None]
    if len(points) < _LEAST_POINTS or not any(v.samples for _, v in points):
        return []
    weeks = ", ".join(json.dumps(f"{week} (n={v.samples})") for week, v in points)
    scale = 100.0 if trend.unit == "share" else 1.0
    values = ", ".join(f"{(v.value or 0.0) * scale:.4g}" for _, v in points)
    top = max(scale * (v.value or 0.0) for _, v in points)
    top = 100.0 if trend.unit == "share" else top * 1.1 or 1.0
    unit = "%" if trend.unit == "share" else trend.unit
    body = (
        f"xychart-beta\n    title {json.dumps(trend.title)}\n    x-axis [{weeks}]\n"
        f"    y-axis {json.dumps(unit)} 0 --> {top:.4g}\n    line [{values}]"
    )
    return [f"_{trend.title}: {trend.about}_", f"```mermaid\n{body}\n```"]


def _agents(report: WeeklyReport) -> list[str]:
    if not report.agents:
        return []
    heads = [FIGURES[v.name].title for v in report.agents[0].values]
    rows = [[cell(a.agent), *(said(v) for v in a.values)] for a in report.agents]
    note = f"Where intervals overlap, no difference is shown. Again: `{report.commands.agents}`."
    return ["## Agents compared", table(["agent", *heads], rows), note]


def _costs(report: WeeklyReport) -> list[str]:
    rows = [
        [cell(c.agent), *(said(v) for v in c.values), str(c.unpriced or "")] for c in report.costs
    ]
    if not rows:
        return []
    heads = [FIGURES[v.name].title for v in report.costs[0].values]
    found = table(["agent", *heads, "attempts at an unknown price"], rows)
    return ["## Cost of the week", found, f"The numbers again: `{report.commands.costs}`."]


def _hypotheses(report: WeeklyReport) -> list[str]:
    if not report.hypotheses:
        return []
    rows = [[cell(c, 160) for c in hypotheses.row(h)] for h in report.hypotheses]
    note = f"{hypotheses.NOTE} The numbers again: `{report.commands.report} --json`."
    return ["## Hypotheses", table(hypotheses.HEAD, rows), note]


def _planned(report: WeeklyReport) -> list[str]:
    rows = [[cell(p.what), named(p.name, p.link), cell(p.title, 80)] for p in report.planned]
    return ["## Planned", table(["what", "issue", "title"], rows)] if rows else []


def _footer(report: WeeklyReport) -> str:
    return (
        f"_Made by Agent OS at {report.made_at:%Y-%m-%d %H:%M} UTC from its event log. "
        f"All of it again: `{report.commands.report}`._"
    )
