"""What the forms do. Each act is the API's own handler, run as the signed-in user."""

from starlette.responses import Response

from agent_os.localhub import pulls, repositories, reviews, runs
from agent_os.localhub.api import comments as comments_api
from agent_os.localhub.api import issues as issues_api
from agent_os.localhub.api import labels as labels_api
from agent_os.localhub.api import merges as merges_api
from agent_os.localhub.calls import Call, Reply
from agent_os.localhub.errors import Refusal
from agent_os.localhub.pages import visits
from agent_os.localhub.pages.site import Site
from agent_os.localhub.pages.visits import Act, Visit


def _page(visit: Visit, anchor: str = "") -> Response:
    """Back to the issue or pull request (one leads to the other)."""
    path = f"/{visit.text('owner')}/{visit.text('repo')}/issues/{visit.number()}"
    return visits.back(path + anchor)


def open_issue(site: Site, visit: Visit) -> Response:
    """A new issue."""
    reply = site.act(
        visit,
        issues_api.create,
        title=visit.field("title"),
        body=visit.field("body"),
        labels=visit.fields("labels"),
    )
    path = f"/{visit.text('owner')}/{visit.text('repo')}/issues/{reply.body['number']}"
    return visits.back(path)


def create_label(site: Site, visit: Visit) -> Response:
    """A new label of the repository."""
    site.act(
        visit,
        labels_api.create,
        name=visit.field("name"),
        color=visit.field("color").removeprefix("#") or None,
        description=visit.field("description") or None,
    )
    return visits.back(f"/{visit.text('owner')}/{visit.text('repo')}/labels")


def change_labels(site: Site, visit: Visit) -> Response:
    """Put a label on an issue or pull request, or take one off."""
    if visit.field("remove"):
        site.act(visit, labels_api.remove, params={"name": visit.field("remove")})
    else:
        names = [name for name in visit.fields("add") if name.strip()]
        if not names:
            raise Refusal(422, "No label was chosen.")
        site.act(visit, labels_api.add, labels=names)
    return _page(visit)


def comment(site: Site, visit: Visit) -> Response:
    """Comment, close, reopen, or comment and close, as the button says. All or nothing."""
    if visit.field("body").strip() or not visit.field("state"):
        site.act(visit, _comment_and_state, body=visit.field("body"), state=visit.field("state"))
    else:
        site.act(visit, issues_api.update, state=visit.field("state"))
    return _page(visit)


def _comment_and_state(call: Act) -> Reply:
    reply = comments_api.create(call)
    state = call.text("state")
    if state:
        # Without the comment's text, which would be taken for a new description.
        return issues_api.update(call.with_body({"state": state}))
    return reply


def review(site: Site, visit: Visit) -> Response:
    """Approve, request changes or comment on the commit that the page showed."""
    site.act(
        visit,
        _review,
        body=visit.field("body"),
        event=visit.field("event"),
        commit_id=visit.field("commit_id") or None,
    )
    return _page(visit)


def _review(call: Call) -> Reply:
    repo = call.active_repo()
    issue, pull = pulls.get(call.hub, repo.id, call.number())
    pending = reviews.create(
        call.hub, issue, pull, call.user, call.text("body") or "", call.text("commit_id")
    )
    reviews.submit(call.hub, issue, pull, pending, call.user, call.text("event") or "", None)
    return Reply()


def merge(site: Site, visit: Visit) -> Response:
    """Merge, if the head is still the one that the page showed."""
    site.act(
        visit,
        merges_api.merge,
        merge_method=visit.field("merge_method") or None,
        sha=visit.field("sha") or None,
    )
    return _page(visit)


def set_draft(site: Site, visit: Visit) -> Response:
    """Draft or ready for review."""
    site.act(visit, _set_draft, draft=visit.field("draft") == "true")
    return _page(visit)


def _set_draft(call: Call) -> Reply:
    repo = call.active_repo()
    issue, pull = pulls.get(call.hub, repo.id, call.number())
    if call.user.id != issue.author_id:
        repositories.require_write(call.hub, repo, call.user)
    pulls.set_draft(call.hub, repo, issue, pull, call.user, call.flag("draft"))
    return Reply()


def rerun(site: Site, visit: Visit) -> Response:
    """Another attempt of a run."""
    return _run(site, visit, again=True)


def cancel(site: Site, visit: Visit) -> Response:
    """Stop a run."""
    return _run(site, visit, again=False)


def _run(site: Site, visit: Visit, *, again: bool) -> Response:
    run_id = visit.number("run")

    def handler(call: Call) -> Reply:
        run = runs.get(call.hub, call.writable().id, run_id)
        if again:
            runs.rerun(call.hub, run, call.user)
        else:
            runs.cancel(call.hub, run)
        return Reply()

    site.act(visit, handler)
    return visits.back(f"/{visit.text('owner')}/{visit.text('repo')}/actions/runs/{run_id}")
