"""Reading GitHub into plain data."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import datetime
from urllib.parse import quote

from agent_os.domain.errors import IncompleteList, NotFound, NotPermitted
from agent_os.domain.observed import (
    Act,
    Check,
    Checks,
    CheckState,
    Edits,
    IssueSeen,
    PullSeen,
    RepositorySeen,
    Review,
)
from agent_os.github.client import GitHubClient, Json

EDITS_QUERY = """query($owner:String!,$name:String!,$number:Int!){
  repository(owner:$owner,name:$name){issue(number:$number){
    lastEditedAt editor{login}
    userContentEdits(first:100){totalCount nodes{editedAt editor{login} diff}}}}}"""

_CONCLUSIONS = {
    "success": CheckState.SUCCESS,
    "neutral": CheckState.SUCCESS,
    "skipped": CheckState.SUCCESS,
    "action_required": CheckState.NEEDS_PERSON,
}
_STATUSES = {
    "pending": CheckState.PENDING,
    "expected": CheckState.PENDING,
    "success": CheckState.SUCCESS,
}


def repository(client: GitHubClient, name: str) -> RepositorySeen:
    """NotFound when it is gone, or hidden from the token. A renamed one has its new name."""
    data = client.get(f"/repos/{name}")
    return RepositorySeen(
        repo_id=data["id"],
        name=data["full_name"],
        clone_url=data["clone_url"],
        default_branch=data["default_branch"],
        archived=data["archived"],
    )


def changed_issues(
    client: GitHubClient, repo: str, *, open_only: bool = False
) -> Iterator[list[IssueSeen]]:
    """Pages of issues, newest update first; pull requests are left out."""
    path, state = f"/repos/{repo}/issues", "open" if open_only else "all"
    for page in client.pages(path, state=state, sort="updated", direction="desc"):
        yield [_issue(i) for i in page if "pull_request" not in i]


def issue(client: GitHubClient, repo: str, number: int) -> IssueSeen:
    """NotFound as of `raw_issue`."""
    return _issue(raw_issue(client, repo, number))


def raw_issue(client: GitHubClient, repo: str, number: int) -> Json:
    """As GitHub gives it. NotFound when it was deleted, or transferred: that answers with the
    other repository's."""
    data = client.get(f"/repos/{repo}/issues/{number}")
    home = "/".join(data["repository_url"].split("/")[-2:])
    if home.lower() != repo.lower() and repository(client, repo).name.lower() == repo.lower():
        raise NotFound(f"{repo}#{number} was transferred to {home}#{data['number']}.")
    return data


def _issue(data: Json) -> IssueSeen:
    return IssueSeen(
        number=data["number"],
        node=data.get("node_id") or "",
        title=data["title"] or "",
        body=data["body"] or "",
        author=login(data["user"]),
        open=data["state"] == "open",
        labels=tuple(label["name"] for label in data["labels"]),
        updated_at=moment(data["updated_at"]),
    )


def timeline(client: GitHubClient, repo: str, number: int) -> list[Act]:
    """Everything that was done to an issue or pull request, oldest first."""
    acts = client.all(f"/repos/{repo}/issues/{number}/timeline")
    return [_act(a) for a in acts if a.get("id") and (a.get("actor") or a.get("user"))]


def _act(data: Json) -> Act:
    kind = data["event"]
    at = data.get("created_at") or data.get("submitted_at")
    text = data.get("body") or (data.get("rename") or {}).get("to") or ""
    return Act(
        id=data["id"],
        kind=kind,
        actor=login(data.get("actor") or data.get("user")),
        at=moment(at),
        label=(data.get("label") or {}).get("name", ""),
        text=text,
        was=(data.get("rename") or {}).get("from") or "",
        state=(data.get("state") or "").lower(),
        commit=data.get("commit_id") or "",
        node=data.get("node_id") or "",
    )


def edits(client: GitHubClient, repo: str, number: int, *, newest_only: bool = False) -> Edits:
    """Who changed the body when. Empty when nobody did. IncompleteList above a hundred edits:
    the oldest of a part would pass for the text that was asked for. `newest_only`: the newest
    hundred will do."""
    owner, name = repo.split("/", 1)
    data = client.query(EDITS_QUERY, {"owner": owner, "name": name, "number": number})
    found = (data.get("repository") or {}).get("issue") or {}
    history = found.get("userContentEdits") or {}
    nodes = history.get("nodes") or []
    if history.get("totalCount", 0) > len(nodes) and not newest_only:
        raise IncompleteList(f"{repo}#{number} was edited more than {len(nodes)} times.")
    return Edits(
        versions=tuple((moment(n["editedAt"]), login(n["editor"]), n["diff"] or "") for n in nodes)
    )


def permission(client: GitHubClient, repo: str, login: str) -> str:
    """`admin`, `write`, `read` or `none`. Unknown people have none."""
    try:
        return client.get(f"/repos/{repo}/collaborators/{login}/permission")["permission"]
    except NotFound:
        return "none"


def pull(client: GitHubClient, repo: str, number: int) -> PullSeen:
    data = client.get(f"/repos/{repo}/pulls/{number}")
    return PullSeen(
        number=data["number"],
        open=data["state"] == "open",
        draft=bool(data.get("draft")),
        merged=bool(data.get("merged")),
        merged_by=login(data.get("merged_by")),
        head=data["head"]["sha"],
        head_ref=data["head"]["ref"],
        base_ref=data["base"]["ref"],
        body=data["body"] or "",
        mergeable=data.get("mergeable"),
        mergeable_state=data.get("mergeable_state") or "unknown",
        author=login(data["user"]),
        updated_at=moment(data["updated_at"]),
    )


def pulls_of_branch(client: GitHubClient, repo: str, branch: str) -> list[Json]:
    """All pull requests from this branch, open or not."""
    owner = repo.split("/", 1)[0]
    return client.all(f"/repos/{repo}/pulls", head=f"{owner}:{branch}", state="all")


def reviews(client: GitHubClient, repo: str, number: int) -> list[Review]:
    found = client.all(f"/repos/{repo}/pulls/{number}/reviews")
    return [
        Review(
            id=r["id"],
            author=login(r["user"]),
            state=r["state"].lower(),
            body=r["body"] or "",
            commit=r.get("commit_id") or "",
            at=moment(r["submitted_at"]),
        )
        for r in found
        if r.get("submitted_at")
    ]


def review_comments(
    client: GitHubClient, repo: str, number: int
) -> list[tuple[str, int, str, str]]:
    """(author, review id, `path:line: text`, id in GraphQL) of comments on lines of the diff."""
    found = client.all(f"/repos/{repo}/pulls/{number}/comments")
    return [
        (
            login(c["user"]),
            c.get("pull_request_review_id") or 0,
            f"{c['path']}:{c.get('line') or '?'}: {c['body']}",
            c.get("node_id") or "",
        )
        for c in found
    ]


def branch_head(client: GitHubClient, repo: str, branch: str) -> str | None:
    """The commit at a branch, or None when it is proven that there is no such branch."""
    try:
        return client.get(f"/repos/{repo}/git/ref/heads/{quote(branch)}")["object"]["sha"]
    except NotFound:
        client.get(f"/repos/{repo}")  # a repository that is gone says nothing about its branch
        return None


def checks(client: GitHubClient, repo: str, sha: str) -> Checks:
    """Check runs (each suite's newest) and statuses of one commit; the worst of each name.

    A token that may not read check runs (fine-grained ones) falls back to Actions runs.
    """
    try:
        runs = client.all(f"/repos/{repo}/commits/{sha}/check-runs", "check_runs", filter="latest")
    except NotPermitted:
        runs = client.all(f"/repos/{repo}/actions/runs", "workflow_runs", head_sha=sha)
    statuses = client.all(f"/repos/{repo}/commits/{sha}/status", "statuses")
    seen = [check_run(r) for r in runs] + [commit_status(s) for s in statuses]
    return Checks(sha=sha, checks=worst(seen))


def worst(seen: list[Check]) -> tuple[Check, ...]:
    """One check a name: a push and a pull request may both have run the same job."""
    order = list(CheckState)
    found: dict[str, Check] = {}
    for check in sorted(seen, key=lambda c: order.index(c.state)):
        found[check.name] = check
    return tuple(found[name] for name in sorted(found))


def check_run(data: Json) -> Check:
    """A check run, as REST shows it."""
    state = CheckState.PENDING
    if data["status"] == "completed":
        state = _CONCLUSIONS.get(data["conclusion"] or "", CheckState.FAILURE)
    output = data.get("output") or {}
    url = data.get("details_url") or data.get("html_url") or ""
    job = url.rpartition("/job/")[2]
    actions = (data.get("app") or {}).get("slug") == "github-actions"
    return Check(
        name=data["name"],
        state=state,
        url=url,
        summary=" ".join(p for p in (output.get("title"), output.get("summary")) if p),
        job_id=int(job) if actions and job.isdigit() else 0,
    )


def commit_status(data: Json) -> Check:
    """A commit's status, as REST shows it."""
    return Check(
        name=data["context"],
        state=_STATUSES.get(data["state"], CheckState.FAILURE),
        url=data.get("target_url") or "",
        summary=data.get("description") or "",
    )


def required_checks(client: GitHubClient, repo: str, branch: str) -> tuple[str, ...]:
    """Names that branch protection requires. The branch itself tells every reader; the endpoint
    of the protection would ask for an administrator's token."""
    data = client.get(f"/repos/{repo}/branches/{quote(branch, safe='')}")
    protection = data.get("protection") or {}
    return tuple((protection.get("required_status_checks") or {}).get("contexts") or ())


def active_workflows(client: GitHubClient, repo: str) -> int:
    found = client.all(f"/repos/{repo}/actions/workflows", "workflows")
    return sum(1 for w in found if w["state"] == "active")


def job_log(client: GitHubClient, repo: str, job_id: int, size: int) -> str:
    """The last `size` bytes of an Actions job's log."""
    return client.get_tail(f"/repos/{repo}/actions/jobs/{job_id}/logs", size)


def comments(client: GitHubClient, repo: str, number: int) -> list[Json]:
    return client.all(f"/repos/{repo}/issues/{number}/comments")


def moment(text: str | None) -> datetime:
    """GitHub's time, aware."""
    return datetime.fromisoformat((text or "").replace("Z", "+00:00"))


def login(user: Json | None) -> str:
    return (user or {}).get("login") or "ghost"


def file(client: GitHubClient, repo: str, path: str, ref: str) -> bytes:
    """A file's content at a branch. NotFound when it is not there."""
    data = client.get(f"/repos/{repo}/contents/{path}", ref=ref)
    return base64.b64decode(data["content"])
