"""Whether a result would have been merged under other rules, and for whom it would have waited."""

from __future__ import annotations

from collections.abc import Mapping

from agent_os.domain.approvals import ApprovalRules, Ask, Rule
from agent_os.domain.reasons import Reason
from agent_os.domain.rules import Mode, RepoRules
from agent_os.domain.tasks import Task
from agent_os.policy import approving
from agent_os.policy.approving import Worker

MERGES = "merged by us"
BY_PERSON = "waits: a person merges"


def recorded(task: Task) -> str:
    """Who merged it, by what the task waited for when it was."""
    waiting = task.waiting
    return BY_PERSON if waiting and waiting.reason is Reason.PERSON_MERGES else MERGES


def decided(task: Task, rules: RepoRules | None, merged: Mapping[Worker, int], files: int) -> str:
    """The same under these rules; `files`: how many it changes, 0 when that is not recorded."""
    if rules is None:
        return "not taken: not in the config"
    if rules.mode is Mode.DRY_RUN:
        return "not taken: dry-run"
    approved = task.pull and task.result and task.pull.approved_head == task.result.head
    asks = () if approved else needed(task, rules.approvals, merged, files)
    if asks:
        return f"waits: approval ({', '.join(sorted({ask.rule.value for ask in asks}))})"
    return MERGES if rules.mode is Mode.AUTO_MERGE else BY_PERSON


def needed(
    task: Task, rules: ApprovalRules, merged: Mapping[Worker, int], files: int
) -> tuple[Ask, ...]:
    """What of the result needs a person under these rules. Of its paths and lines the log knows
    what the rules of that time asked for, and nothing more."""
    if task.result is None:
        return ()
    seen = [ask for ask in task.result.evidence.asks if _still(ask.rule, rules)]
    if rules.changed_files is not None and files > rules.changed_files:
        what = f"it changes {files} files, more than {rules.changed_files}"
        seen.append(Ask(rule=Rule.CHANGED_FILES, what=what))
    evidence = task.result.evidence.model_copy(update={"asks": tuple(seen), "asked": rules})
    result = task.result.model_copy(update={"evidence": evidence})
    return approving.asks(task.model_copy(update={"result": result}), rules, merged)


def _still(rule: Rule, rules: ApprovalRules) -> bool:
    match rule:
        case Rule.PATHS:
            return bool(rules.paths)
        case Rule.DEPENDENCIES:
            return rules.dependencies
        case Rule.STEERING:
            return rules.steering
        case Rule.WORKFLOWS:
            return True
        case Rule.CHANGED_LINES:
            return rules.changed_lines is not None
        case Rule.CHANGED_FILES | Rule.USD | Rule.FIRST_MERGES:
            return False  # counted anew
