"""The hub's HTML pages: GitHub in a browser, as far as the demonstration needs it."""

from importlib import resources

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from agent_os.localhub.hub import Hub
from agent_os.localhub.pages import (
    action_pages,
    acts,
    code_pages,
    faces,
    issue_pages,
    pull_pages,
    sessions,
)
from agent_os.localhub.pages.site import Site, View

REPO = "/{owner}/{repo}"
READ: list[tuple[str, View]] = [
    ("/", code_pages.index),
    ("/login", sessions.choose),
    (REPO, code_pages.repository),
    (f"{REPO}/tree/{{rest:path}}", code_pages.tree),
    (f"{REPO}/blob/{{rest:path}}", code_pages.blob),
    (f"{REPO}/commits", code_pages.commits),
    (f"{REPO}/commits/{{rest:path}}", code_pages.commits),
    (f"{REPO}/commit/{{sha}}", code_pages.commit),
    (f"{REPO}/labels", issue_pages.all_labels),
    (f"{REPO}/issues", issue_pages.listing),
    (f"{REPO}/issues/new", issue_pages.new),
    (f"{REPO}/issues/{{number}}", issue_pages.show),
    (f"{REPO}/pulls", pull_pages.listing),
    (f"{REPO}/pull/{{number}}", pull_pages.show),
    (f"{REPO}/pull/{{number}}/files", pull_pages.show),
    (f"{REPO}/pull/{{number}}/commits", pull_pages.show),
    (f"{REPO}/pull/{{number}}/checks", pull_pages.show),
    (f"{REPO}/actions", action_pages.listing),
    (f"{REPO}/actions/runs/{{run}}", action_pages.show),
    (f"{REPO}/actions/runs/{{run}}/job/{{job}}", action_pages.job),
    (f"{REPO}/runs/{{check}}", action_pages.check),
]
WRITE: list[tuple[str, View]] = [
    ("/login", sessions.sign_in),
    ("/logout", sessions.sign_out),
    (f"{REPO}/labels", acts.create_label),
    (f"{REPO}/issues", acts.open_issue),
    (f"{REPO}/issues/{{number}}/labels", acts.change_labels),
    (f"{REPO}/issues/{{number}}/comment", acts.comment),
    (f"{REPO}/pull/{{number}}/labels", acts.change_labels),
    (f"{REPO}/pull/{{number}}/comment", acts.comment),
    (f"{REPO}/pull/{{number}}/review", acts.review),
    (f"{REPO}/pull/{{number}}/merge", acts.merge),
    (f"{REPO}/pull/{{number}}/draft", acts.set_draft),
    (f"{REPO}/actions/runs/{{run}}/rerun", acts.rerun),
    (f"{REPO}/actions/runs/{{run}}/cancel", acts.cancel),
]


def routes(hub: Hub) -> list[BaseRoute]:
    """Every page and form. They match almost any path of two parts: put them last."""
    site = Site(hub)
    css = resources.files("agent_os.localhub.pages").joinpath("style.css").read_bytes()

    def style(request: Request) -> Response:
        del request
        return Response(css, media_type="text/css", headers={"Cache-Control": "max-age=60"})

    return [
        Route("/_pages/style.css", style),
        Route("/_pages/faces/{login}.svg", faces.picture),
        *(Route(path, site.endpoint(view), methods=["GET"]) for path, view in READ),
        *(Route(path, site.endpoint(view), methods=["POST"]) for path, view in WRITE),
    ]
