"""The report of one task as Markdown."""

from __future__ import annotations

from agent_os.policy import amounts
from agent_os.policy.metrics.rounds import GateRow
from agent_os.policy.task_report import AttemptPart, TaskReport
from agent_os.reports.tables import cell, named, table

_MOST_ROWS = 300


def markdown(report: TaskReport) -> str:
    parts = [
        f"# {named(report.task, report.link)} {cell(report.title)}",
        cell(report.why, 600),
        _facts(report),
        *_attempts(report),
        *_evidence(report),
        *_timeline(report),
        _footer(report),
    ]
    return "\n\n".join(parts) + "\n"


def _footer(report: TaskReport) -> str:
    return (
        f"_Made by Agent OS at {report.made_at:%Y-%m-%d %H:%M} UTC from its event log. "
        f"All of it again: `{report.command}`._"
    )


def _facts(report: TaskReport) -> str:
    hours = ((report.ended_at or report.made_at) - report.asked_at).total_seconds() / 3600
    unknown = f", {report.unpriced} attempts at an unknown price" if report.unpriced else ""
    rows = [
        ["state", f"{report.status}, round {report.rounds}"],
        ["asked for", f"{report.asked_at:%Y-%m-%d %H:%M} UTC by {cell(report.requester)}"],
        ["took" if report.ended_at else "has taken", amounts.duration(hours)],
        ["cost", f"{amounts.usd(report.usd)}, {report.tokens:,} tokens{unknown}"],
        ["type", cell(report.type)],
    ]
    if report.pull:
        rows.append(["pull request", named(f"{report.task.partition('#')[0]}#{report.pull}", "")])
        rows[-1][1] = f"[#{report.pull}]({report.pull_link})" if report.pull_link else rows[-1][1]
    if report.branch:
        rows.append(["branch", f"`{report.branch}`"])
    return table(["fact", "value"], rows)


def _attempts(report: TaskReport) -> list[str]:
    head = ["#", "kind", "agent", "outcome", "gates", "seconds", "cost"]
    rows = [_attempt(one) for one in report.attempts]
    return ["## Attempts", table(head, rows, _MOST_ROWS) if rows else "None yet."]


def _attempt(one: AttemptPart) -> list[str]:
    agent = f"{one.agent or 'gates'} {one.model}".strip()
    detail = f": {cell(one.detail)}" if one.detail else ""
    return [
        f"{one.round}.{one.number}",
        one.kind,
        cell(agent),
        f"`{one.outcome}`{detail}",
        ", ".join(_gate(gate) for gate in one.gates),
        amounts.number(one.seconds),
        "" if one.usd is None else amounts.usd(one.usd),
    ]


def _gate(gate: GateRow) -> str:
    return f"{cell(gate.name, 40)} {gate.verdict.value}"


def _evidence(report: TaskReport) -> list[str]:
    if not report.proofs:
        return []
    said = (
        "Checked in fresh checkouts, not by the agent: result "
        f"`{report.head[:10]}` on base `{report.base[:10]}`. Sandbox: {cell(report.sandbox)}."
    )
    rows = [
        [
            cell(one.name),
            one.before.value if one.before else "",
            one.verdict.value,
            f"`{cell(one.command)}` {cell(one.detail)}" if one.command else cell(one.detail),
            amounts.number(one.seconds),
        ]
        for one in report.proofs
    ]
    head = ["gate", "on the base", "on the result", "what was seen", "seconds"]
    return ["## Evidence", said, table(head, rows, _MOST_ROWS)]


def _timeline(report: TaskReport) -> list[str]:
    lines = [
        f"- {one.at:%Y-%m-%d %H:%M:%S} (+{amounts.duration(one.hours)}) {cell(one.what, 400)}"
        for one in report.timeline
    ]
    cut = [f"{report.left_out} earlier moments are left out."] if report.left_out else []
    return ["## Timeline (UTC)", *cut, "\n".join(lines)]
