"""The closed set of reasons for which something is not done (yet)."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    # a request that is not taken
    UNTRUSTED_ACTOR = "untrusted_actor"
    WAITS_FOR_DEPENDENCY = "waits_for_dependency"
    DEPENDENCY_CYCLE = "dependency_cycle"
    EXCLUDED_LABEL = "excluded_label"
    REPO_PAUSED = "repo_paused"
    ALL_PAUSED = "all_paused"
    REPO_FROZEN = "repo_frozen"
    OWNED_ELSEWHERE = "owned_elsewhere"
    DRY_RUN = "dry_run"
    EMPTY_REPOSITORY = "empty_repository"
    NO_AGENT = "no_agent"
    UNREADABLE = "unreadable"
    NO_CREDENTIALS = "no_credentials"
    VENDOR_NOT_ALLOWED = "vendor_not_allowed"
    # a queued task
    PROVIDER_COOLING = "provider_cooling"
    OVER_BUDGET = "over_budget"
    OVER_OWN_BUDGET = "over_own_budget"
    WAITS_FOR_SHARE = "waits_for_share"
    WAITS_FOR_CHILDREN = "waits_for_children"
    NO_FREE_SLOT = "no_free_slot"
    LOW_MEMORY = "low_memory"
    NO_SANDBOX = "no_sandbox"
    BACKOFF = "backoff"
    BASE_RED = "base_red"
    INTENT_UNRESOLVED = "intent_unresolved"
    # a task in review
    CI_RUNNING = "ci_running"
    CI_MISSING = "ci_missing"
    CI_NEEDS_PERSON = "ci_needs_person"
    NO_CI = "no_ci"
    PERSON_MERGES = "person_merges"
    REVIEW_REQUIRED = "review_required"
    NEEDS_APPROVAL = "needs_approval"
    DRAFT = "draft"
    MERGEABILITY_UNKNOWN = "mergeability_unknown"
    MERGE_QUEUE = "merge_queue"
    MAIN_RED = "main_red"
    EFFECT_FAILED = "effect_failed"


#: What would end each wait, in one clause; completes "`TASK` waits: …".
WHAT_ENDS_IT: dict[Reason, str] = {
    Reason.UNTRUSTED_ACTOR: "someone with write permission sets the label",
    Reason.WAITS_FOR_DEPENDENCY: "the issues it depends on are closed",
    Reason.DEPENDENCY_CYCLE: "one `Depends on` line of the cycle is removed",
    Reason.EXCLUDED_LABEL: "the excluded label is removed",
    Reason.REPO_PAUSED: "`agent-os resume OWNER/REPO`",
    Reason.ALL_PAUSED: "`agent-os resume --all`",
    Reason.REPO_FROZEN: "the repository is back in the config, unarchived and reachable",
    Reason.OWNED_ELSEWHERE: "`agent-os takeover OWNER/REPO` gives the repository to us",
    Reason.DRY_RUN: "the repository's mode is `pull-request` or `auto-merge`",
    Reason.EMPTY_REPOSITORY: "the repository gets its first commit",
    Reason.UNREADABLE: "what can't be read there is mended",
    Reason.NO_AGENT: "the config routes this kind of task to an agent",
    Reason.NO_CREDENTIALS: "the environment variable that is named holds a key (and we start anew)",
    Reason.VENDOR_NOT_ALLOWED: "`vendors` of the config and the repository's file name one of them",
    Reason.PROVIDER_COOLING: "the first of its providers is well again (see `agent-os agents`)",
    Reason.OVER_BUDGET: "the day is over (UTC), or `limits.usd_per_day` is raised",
    Reason.OVER_OWN_BUDGET: (
        "the week is over (UTC), `improvement.usd_per_week` is raised, or a person labels it Ready"
    ),
    Reason.WAITS_FOR_SHARE: (
        "other work is done (`improvement.share`), or a person labels it Ready: it is work that "
        "the organization gave itself"
    ),
    Reason.WAITS_FOR_CHILDREN: "the issues that were opened for its parts are done",
    Reason.NO_FREE_SLOT: "a running attempt ends",
    Reason.LOW_MEMORY: "memory is free on this machine",
    Reason.NO_SANDBOX: "the sandbox works (`agent-os doctor`), or the config says `sandbox: none`",
    Reason.BACKOFF: "the time of the next try comes",
    Reason.BASE_RED: "the base branch moves to a commit whose checks pass",
    Reason.INTENT_UNRESOLVED: "it is known whether the last change reached GitHub",
    Reason.CI_RUNNING: "the checks finish",
    Reason.CI_MISSING: "an expected check reports",
    Reason.CI_NEEDS_PERSON: "a person acts on the check that asks for it",
    Reason.NO_CI: "a check reports, or the config says `merge_without_ci: true`",
    Reason.PERSON_MERGES: "a person merges (or closes) the pull request",
    Reason.REVIEW_REQUIRED: "the review that GitHub requires is given",
    Reason.NEEDS_APPROVAL: (
        "someone with write permission approves the pull request's newest commit: by a review, "
        "by the approving label or by the comment `/agent-os approve` there"
    ),
    Reason.DRAFT: "the pull request is marked ready for review",
    Reason.MERGE_QUEUE: "the pull request before it is merged, or taken out of the way",
    Reason.MERGEABILITY_UNKNOWN: "GitHub has computed whether it can be merged",
    Reason.MAIN_RED: "the default branch is green again: merge the revert, or mend it",
    Reason.EFFECT_FAILED: "what failed is mended; it is tried again",
}
