"""Our pull requests of one repository with all that decides about them, in one request.

By REST the same is nine requests for each pull request. The difference that bites: here a bot's
login comes without its `[bot]`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import structlog

from agent_os.domain.approvals import Words
from agent_os.domain.contract import Contract
from agent_os.domain.errors import NotFound
from agent_os.domain.observed import Check, Checks, PullSeen, Review
from agent_os.github import readers
from agent_os.github.approvals import APPROVALS_FRAGMENT, words
from agent_os.github.approvals import login as _login
from agent_os.github.client import GitHubClient, Json

_log = structlog.get_logger()
#: GitHub bounds how much one query may name; ten pull requests stay far below.
_AT_ONCE = 10

CHECKS_FRAGMENT = """fragment Checks on Commit{oid statusCheckRollup{contexts(first:100){
  pageInfo{hasNextPage} nodes{__typename
    ... on CheckRun{name status conclusion detailsUrl title summary checkSuite{app{slug}}}
    ... on StatusContext{context state targetUrl description}}}}}"""

PULL_FRAGMENT = """fragment Pull on PullRequest{
  number state isDraft merged mergedBy{login __typename} author{login __typename}
  headRefOid headRefName baseRefName body mergeable mergeStateStatus updatedAt
  reviews(first:100){pageInfo{hasNextPage}
    nodes{databaseId author{login __typename} state body commit{oid} submittedAt
      lastEditedAt editor{login __typename}}}
  commits(last:1){nodes{commit{...Checks}}}}"""

PULLS_QUERY = """query Pulls($owner:String!,$name:String!,$base:String!){
  repository(owner:$owner,name:$name){
    ref(qualifiedName:$base){target{oid ...Checks} refUpdateRule{requiredStatusCheckContexts}}
    owner:ref(qualifiedName:"refs/agent-os/owner"){target{oid}}
    %s}}
%s
%s"""

_MERGEABLE = {"MERGEABLE": True, "CONFLICTING": False}


class PullLook(Contract):
    """One pull request. `reviews` are everybody's; `checks` are those on its head."""

    pull: PullSeen
    reviews: tuple[Review, ...]
    checks: Checks
    words: Words | None = None
    """What else may be an approval; None: it was not asked for."""


class Look(Contract):
    """`base` is the newest commit of the branch asked for, `required` what its rules demand."""

    base: str
    owner: str = ""
    """The commit of the ref that says which installation works here; empty: none, or not shown."""
    base_checks: Checks
    required: tuple[str, ...]
    pulls: dict[int, PullLook]


def look(
    client: GitHubClient,
    repo: str,
    branch: str,
    numbers: Sequence[int],
    asking: Mapping[int, str] | None = None,
) -> Look:
    """The branch, and the pull requests into it. NotFound when one of them is not there.

    `asking`: those that may need an approval, each with the label that gives it.
    """
    found: dict[int, PullLook] = {}
    first: Look | None = None
    for start in range(0, max(len(numbers), 1), _AT_ONCE):
        one = _look(client, repo, branch, numbers[start : start + _AT_ONCE], asking or {})
        first = first or one
        found |= one.pulls
    assert first is not None
    return first.model_copy(update={"pulls": found})


def _look(
    client: GitHubClient,
    repo: str,
    branch: str,
    numbers: Sequence[int],
    asking: Mapping[int, str],
) -> Look:
    owner, name = repo.split("/", 1)
    parts = {n: "...Pull ...Approvals" if n in asking else "...Pull" for n in numbers}
    asked = " ".join(f"p{n}:pullRequest(number:{n}){{{part}}}" for n, part in parts.items())
    fragments = [PULL_FRAGMENT] if numbers else []
    fragments += [APPROVALS_FRAGMENT] if any(n in asking for n in numbers) else []
    text = PULLS_QUERY % (asked, "\n".join(fragments), CHECKS_FRAGMENT)
    variables = {"owner": owner, "name": name, "base": f"refs/heads/{branch}"}
    found, lacking = client.query_partly(text, variables, "statusCheckRollup")
    data: Json = found["repository"]
    base = data["ref"]
    if base is None:
        raise NotFound(f"{repo} has no branch {branch}.")
    reader = _Reader(client, repo, asking, without_checks=lacking)
    rule: Json = base["refUpdateRule"] or {}
    return Look(
        base=base["target"]["oid"],
        owner=data["owner"]["target"]["oid"] if data["owner"] else "",
        base_checks=reader.checks(base["target"]),
        required=tuple(rule.get("requiredStatusCheckContexts") or ()),
        pulls=reader.pulls({n: data[f"p{n}"] for n in numbers}),
    )


class _Reader:
    """Asks REST for what the one answer has not in whole."""

    def __init__(
        self, client: GitHubClient, repo: str, asking: Mapping[int, str], *, without_checks: bool
    ) -> None:
        self._client = client
        self._asking = asking
        self._repo = repo
        self._without_checks = without_checks
        """The token may not read check runs (a fine-grained one); REST has other ways."""

    def pulls(self, data: dict[int, Json]) -> dict[int, PullLook]:
        """Those that can be read: one of an unknown shape never stops the others."""
        found: dict[int, PullLook] = {}
        for number, one in data.items():
            try:
                found[number] = self._pull(one)
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                said = f"{type(error).__name__}: {error}"
                _log.warning("pull_unreadable", repo=self._repo, pull=number, error=said)
        return found

    def _pull(self, data: Json) -> PullLook:
        head = data["headRefOid"]
        pull = PullSeen(
            number=data["number"],
            open=data["state"] == "OPEN",
            draft=data["isDraft"],
            merged=data["merged"],
            merged_by=_login(data["mergedBy"]),
            head=head,
            head_ref=data["headRefName"],
            base_ref=data["baseRefName"],
            body=data["body"] or "",
            mergeable=_MERGEABLE.get(data["mergeable"]),
            mergeable_state=data["mergeStateStatus"].lower(),
            author=_login(data["author"]),
            updated_at=readers.moment(data["updatedAt"]),
        )
        commits = [n["commit"] for n in data["commits"]["nodes"]]
        newest = next((c for c in commits if c["oid"] == head), None)
        # Right after a push the list of commits may lag behind the branch.
        checks = self.checks(newest) if newest else self._rest_checks(head)
        label = self._asking.get(pull.number)
        said = words(data, label) if label is not None else None
        return PullLook(pull=pull, reviews=self._reviews(data), checks=checks, words=said)

    def checks(self, commit: Json) -> Checks:
        rollup = commit["statusCheckRollup"]
        if rollup is None and not self._without_checks:
            return Checks(sha=commit["oid"], checks=())
        if rollup is None or rollup["contexts"]["pageInfo"]["hasNextPage"]:
            return self._rest_checks(commit["oid"])
        seen = [_check(node) for node in rollup["contexts"]["nodes"]]
        return Checks(sha=commit["oid"], checks=readers.worst(seen))

    def _rest_checks(self, sha: str) -> Checks:
        return readers.checks(self._client, self._repo, sha)

    def _reviews(self, data: Json) -> tuple[Review, ...]:
        if data["reviews"]["pageInfo"]["hasNextPage"]:
            return tuple(readers.reviews(self._client, self._repo, data["number"]))
        return tuple(
            Review(
                id=r["databaseId"],
                author=_login(r["author"]),
                state=r["state"].lower(),
                body=r["body"] or "",
                editor=_login(r["editor"]) if r.get("lastEditedAt") else "",
                commit=(r["commit"] or {}).get("oid") or "",
                at=readers.moment(r["submittedAt"]),
            )
            for r in data["reviews"]["nodes"]
            if r["submittedAt"]
        )


def _check(node: Json) -> Check:
    """A check run or a status, in the words of REST."""
    if node["__typename"] == "StatusContext":
        words = {"target_url": node["targetUrl"], "state": node["state"].lower()}
        return readers.commit_status({**node, **words})
    words = {
        "status": node["status"].lower(),
        "conclusion": (node["conclusion"] or "").lower(),
        "details_url": node["detailsUrl"],
        "output": {"title": node["title"], "summary": node["summary"]},
        "app": (node["checkSuite"] or {}).get("app"),
    }
    return readers.check_run({**node, **words})
