"""Changes. Each holds its repository's lock and is a transaction of its own: what comes before one
that fails stays."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypedDict

from agent_os.localhub import issues, labels, pulls, repositories
from agent_os.localhub.calls import Call
from agent_os.localhub.graphql import nodes
from agent_os.localhub.graphql.failures import Failure
from agent_os.localhub.graphql.issues import Issue
from agent_os.localhub.graphql.pulls import PullRequest


class _LabelsNeeded(TypedDict):
    labelableId: str
    labelIds: list[str]


class LabelsInput(_LabelsNeeded, total=False):
    """Which labels of what."""

    clientMutationId: str | None


class _DraftNeeded(TypedDict):
    pullRequestId: str


class DraftInput(_DraftNeeded, total=False):
    """Which pull request."""

    clientMutationId: str | None


@dataclass(frozen=True)
class LabelsPayload:
    """What carries the labels, as it is now."""

    client_mutation_id: str | None
    labelable: Issue | PullRequest


@dataclass(frozen=True)
class DraftPayload:
    """The pull request, as it is now."""

    client_mutation_id: str | None
    pull_request: PullRequest


@dataclass(frozen=True)
class Mutation:
    """The root of changes."""

    call: Call

    def add_labels_to_labelable(self, input: LabelsInput) -> LabelsPayload:
        def change(found: Issue | PullRequest, names: list[str]) -> None:
            issues.add_labels(self.call.hub, found.row, self.call.user, names)

        return self._labels("AddLabelsToLabelable", input, change)

    def remove_labels_from_labelable(self, input: LabelsInput) -> LabelsPayload:
        """Labels that are not on it are passed over."""

        def change(found: Issue | PullRequest, names: list[str]) -> None:
            carried = {label.name for label in labels.of_issue(self.call.hub, found.row.id)}
            for name in dict.fromkeys(names):
                if name in carried:
                    issues.remove_label(self.call.hub, found.row, self.call.user, name)

        return self._labels("RemoveLabelsFromLabelable", input, change)

    def _labels(
        self,
        name: str,
        given: LabelsInput,
        change: Callable[[Issue | PullRequest, list[str]], None],
    ) -> LabelsPayload:
        with self._changing(name, given["labelableId"]) as found:
            chosen = [nodes.label(self.call, each).row for each in given["labelIds"]]
            if any(label.repo_id != found.repo.id for label in chosen):
                raise Failure("UNPROCESSABLE", "Labels must belong to the labelable's repository.")
            change(found, [label.name for label in chosen])
            fresh = nodes.subject(self.call, given["labelableId"])
        return LabelsPayload(given.get("clientMutationId"), fresh)

    def convert_pull_request_to_draft(self, input: DraftInput) -> DraftPayload:
        return self._draft("ConvertPullRequestToDraft", input, draft=True)

    def mark_pull_request_ready_for_review(self, input: DraftInput) -> DraftPayload:
        return self._draft("MarkPullRequestReadyForReview", input, draft=False)

    def _draft(self, name: str, given: DraftInput, *, draft: bool) -> DraftPayload:
        node = given["pullRequestId"]
        with self._changing(name, node) as found:
            pull = pulls.of_issue(self.call.hub, found.row)
            actor = self.call.user
            pulls.set_draft(self.call.hub, found.repo, found.row, pull, actor, draft)
            fresh = nodes.subject(self.call, node)
        if not isinstance(fresh, PullRequest):
            raise Failure("NOT_FOUND", f"'{node}' is no pull request.")
        return DraftPayload(given.get("clientMutationId"), fresh)

    @contextmanager
    def _changing(self, name: str, node: str) -> Generator[Issue | PullRequest]:
        """The object, as it is while the lock is held; FORBIDDEN for whoever may not write."""
        hub, user = self.call.hub, self.call.user
        with hub.db.transaction():
            repo_id = nodes.subject(self.call, node).repo.id
        with hub.lock(repo_id), hub.db.transaction():
            found = nodes.subject(self.call, node)
            if not repositories.can_write(hub, found.repo, user):
                message = f"{user.login} does not have the correct permissions to execute `{name}`"
                raise Failure("FORBIDDEN", message)
            repositories.require_active(found.repo)
            yield found
