"""Refs, what they point at, and what is demanded of whoever moves them."""

from dataclasses import dataclass

from agent_os.localhub import commits, protection, repositories
from agent_os.localhub.calls import Call
from agent_os.localhub.graphql.checks import StatusCheckRollup, rollup
from agent_os.localhub.protection import Protection
from agent_os.localhub.render.view import node_id
from agent_os.localhub.repositories import Repository

HEADS = "refs/heads/"
TAGS = "refs/tags/"


@dataclass(frozen=True)
class Commit:
    """A commit of a repository."""

    call: Call
    repo: Repository
    sha: str

    def id(self) -> str:
        return node_id("Commit", self.repo.id) + self.sha

    def oid(self) -> str:
        return self.sha

    def message(self) -> str:
        return commits.one(self.call.hub.git(self.repo.id), self.sha).message

    def status_check_rollup(self) -> StatusCheckRollup | None:
        return rollup(self.call, self.repo, self.sha)


@dataclass(frozen=True)
class RefUpdateRule:
    """The branch's protection, as everybody may read it."""

    call: Call
    repo: Repository
    branch: str
    rules: Protection

    allows_deletions = False
    allows_force_pushes = False
    blocks_creations = False
    requires_code_owner_reviews = False
    requires_conversation_resolution = False
    requires_linear_history = False
    requires_signatures = False

    def pattern(self) -> str:
        return self.branch

    def required_approving_review_count(self) -> int | None:
        return self.rules.approvals or None

    def required_status_check_contexts(self) -> list[str] | None:
        return self.rules.contexts

    def viewer_allowed_to_dismiss_reviews(self) -> bool:
        return repositories.can_write(self.call.hub, self.repo, self.call.user)

    def viewer_can_push(self) -> bool:
        return repositories.can_write(self.call.hub, self.repo, self.call.user)


@dataclass(frozen=True)
class Ref:
    """A branch or tag; `full` is its whole name."""

    call: Call
    repo: Repository
    full: str
    sha: str

    def id(self) -> str:
        return node_id("Ref", self.repo.id) + self.full

    def prefix(self) -> str:
        return next((p for p in (HEADS, TAGS) if self.full.startswith(p)), "refs/")

    def name(self) -> str:
        return self.full.removeprefix(self.prefix())

    def target(self) -> Commit:
        return Commit(self.call, self.repo, self.sha)

    def ref_update_rule(self) -> RefUpdateRule | None:
        branch = self.full.removeprefix(HEADS)
        rules = protection.get(self.call.hub, self.repo.id, branch)
        if rules is None or branch == self.full:
            return None
        return RefUpdateRule(self.call, self.repo, branch, rules)


def find(call: Call, repo: Repository, name: str) -> Ref | None:
    """By qualified name, or the short name of a branch or tag; None when there is none."""
    git = call.hub.git(repo.id)
    whole = [name] if name.startswith("refs/") else [HEADS + name, TAGS + name]
    for full in whole:
        sha = git.branch(full.removeprefix(HEADS)) if full.startswith(HEADS) else git.resolve(full)
        if sha is not None:
            return Ref(call, repo, full, sha)
    return None
