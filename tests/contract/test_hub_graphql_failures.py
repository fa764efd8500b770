"""Errors of the hub's GraphQL endpoint, ordered ones too, and the limits of its pages."""

from __future__ import annotations

import pytest
import requests

from tests.contract.shops import LABELS, Json, Shop, carrying, hub, shop
from tests.hub import HubProcess

__all__ = ["hub", "shop"]


def test_a_field_that_fails_leaves_the_rest(shop: Shop) -> None:
    issue, gone = shop.issue(), shop.issue()
    shop.pull()
    shop.hub.admin("POST", "/issues/delete", {"repo": f"acme/{shop.name}", "number": 2})
    text = """query($r:String!,$id:ID!,$gone:ID!){
      repository(owner:"acme",name:$r){good:issue(number:1){number} gone:issue(number:2){id}
        pull:issue(number:3){id} issue:pullRequest(number:1){id} none:issueOrPullRequest(number:9){
        __typename} either:issueOrPullRequest(number:3){__typename}}
      other:repository(owner:"acme",name:"nothing"){id}
      node(id:$id){__typename id} nodes(ids:[$id,$gone,"x"]){id}}"""
    answer = shop.ask(text, r=shop.name, id=issue["node_id"], gone=gone["node_id"])
    assert answer["data"] == {
        "repository": {
            "good": {"number": 1},
            "gone": None,
            "pull": None,
            "issue": None,
            "none": None,
            "either": {"__typename": "PullRequest"},
        },
        "other": None,
        "node": {"__typename": "Issue", "id": issue["node_id"]},
        "nodes": [{"id": issue["node_id"]}, None, None],
    }
    errors = {tuple(error["path"]): error for error in answer["errors"]}
    assert errors.keys() == {
        ("repository", "gone"),
        ("repository", "pull"),
        ("repository", "issue"),
        ("repository", "none"),
        ("other",),
        ("nodes", 1),
        ("nodes", 2),
    }
    assert {error["type"] for error in errors.values()} == {"NOT_FOUND"}
    assert errors[("other",)] == {
        "type": "NOT_FOUND",
        "path": ["other"],
        "locations": [{"line": 5, "column": 7}],
        "message": "Could not resolve to a Repository with the name 'acme/nothing'.",
    }


@pytest.mark.parametrize(
    ("text", "variables", "says"),
    [
        ("{", {}, "Syntax Error"),
        ("{viewer{nope}}", {}, "nope"),
        ("{viewer}", {}, "selection of subfields"),
        ("query($n:Int!){node(id:$n){id}}", {"n": 1}, "'$n' of type 'Int!'"),
        ("query($id:ID!){node(id:$id){id}}", {}, "'$id'"),
        ("query($id:ID!){node(id:$id){id}}", {"id": [1]}, "'$id'"),
        ("subscription{viewer{id}}", {}, "subscription"),
        ("fragment A on User{...A} {viewer{...A}}", {}, "Cannot spread fragment"),
        ("{" * 5000, {}, "Syntax Error"),
        ("{a" * 3000, {}, "nested too deeply"),
        ("{viewer" + "{...on User" * 300 + "{id}" + "}" * 301, {}, "nested too deeply"),
    ],
)
def test_a_document_that_can_not_be_run_has_no_data(
    hub: HubProcess, text: str, variables: Json, says: str
) -> None:
    answer = hub.api("POST", "/graphql", {"query": text, "variables": variables})
    assert (answer.status_code, answer.json().keys()) == (200, {"errors"})
    [error] = answer.json()["errors"]
    assert says in error["message"]
    assert "type" not in error and "path" not in error


def test_odd_bodies(hub: HubProcess) -> None:
    for body, status in (({}, 400), ({"query": 1}, 400), ([], 400)):
        assert hub.api("POST", "/graphql", body).status_code == status, body
    variables = hub.api("POST", "/graphql", {"query": "{viewer{id}}", "variables": 1})
    assert variables.status_code == 422
    long = f"{{viewer{{login}}}} # {'x' * 3_000_000}"
    assert hub.api("POST", "/graphql", {"query": long}).json()["data"]["viewer"]["login"] == "alice"


def test_the_log_tells_queries_from_mutations(shop: Shop) -> None:
    label, issue = shop.label("one"), shop.issue()
    shop.hub.reset_requests()
    shop.ask("query Me{viewer{login}}")
    shop.ask("{viewer{login}}")
    shop.ask(LABELS, on=issue["node_id"], add=[label], remove=[])
    shop.ask("{")
    shop.rest("GET", "")
    report = shop.hub.admin("GET", "/requests")
    assert report["operations"] == {"mutation Relabel": 1, "query": 1, "query Me": 1}
    found = [(each["operation"], each["write"]) for each in report["requests"]]
    assert found == [
        ("query Me", False),
        ("query", False),
        ("mutation Relabel", True),
        (None, True),
        (None, False),
    ]


def test_faults_tell_queries_from_mutations(shop: Shop) -> None:
    label, issue = shop.label("one"), shop.issue()
    hub, viewer = shop.hub, "{viewer{login}}"
    hub.fault("POST", "/graphql$", operation="mutation", status=502)
    assert shop.ask(viewer)["data"]["viewer"]["login"] == "alice"
    body: Json = {"query": LABELS}
    body["variables"] = {"on": issue["node_id"], "add": [label], "remove": []}
    assert hub.api("POST", "/graphql", body).status_code == 502
    hub.fault("POST", "/graphql$", "drop_after", operation="mutation")
    with pytest.raises(requests.ConnectionError):
        hub.api("POST", "/graphql", body)
    assert shop.events(1) == [("labeled", "alice", "one")]
    hub.fault("*", "/graphql$", "drop_before", operation="query")
    with pytest.raises(requests.ConnectionError):
        shop.ask(viewer)
    assert hub.admin("GET", "/faults") == []
    wrong = requests.post(f"{hub.url}/_hub/faults", json={"path": "x", "operation": "y"}, timeout=9)
    assert wrong.status_code == 422


def test_queries_may_be_stale_and_mutations_never(shop: Shop) -> None:
    label, issue = shop.label("one"), shop.issue()
    shop.hub.fault("*", "/graphql$", "stale", seconds=600, count=None)
    shown = "issue(number:1){labels(first:9){nodes{name}}}"
    assert shop.repository(shown)["issue"] == carrying()
    changed = shop.ask(LABELS, on=issue["node_id"], add=[label], remove=[])
    assert changed["data"]["addLabelsToLabelable"]["labelable"] == carrying("one")
    assert shop.repository(shown)["issue"] == carrying()
    shop.hub.admin("DELETE", "/faults")
    assert shop.repository(shown)["issue"] == carrying("one")


def test_lists_of_queries_may_lack_their_newest_entries(shop: Shop) -> None:
    number = shop.pull()["number"]
    for word in ("one", "two"):
        review = {"event": "COMMENT", "body": word}
        shop.rest("POST", f"/pulls/{number}/reviews", review, "bob")
    text = f"pullRequest(number:{number}){{reviews(first:9){{totalCount nodes{{body}}}}}}"
    shop.hub.fault("*", "/graphql$", "hide_newest")
    hidden = shop.repository(text)["pullRequest"]["reviews"]
    assert hidden == {"totalCount": 1, "nodes": [{"body": "one"}]}
    assert shop.repository(text)["pullRequest"]["reviews"]["totalCount"] == 2


def test_the_primary_limit_is_an_error_with_status_200(shop: Shop) -> None:
    body = {"query": "{viewer{login}}"}

    def limited(answer: requests.Response) -> bool:
        [error] = answer.json()["errors"]
        assert "data" not in answer.json()
        assert answer.headers["X-RateLimit-Remaining"] == "0"
        return (answer.status_code, error["type"]) == (200, "RATE_LIMITED")

    shop.hub.fault("POST", "/graphql$", "primary_limit")
    assert limited(shop.hub.api("POST", "/graphql", body))
    shop.hub.fault("POST", "/graphql$", "secondary_limit", seconds=2)
    assert shop.hub.api("POST", "/graphql", body).headers["Retry-After"] == "2"
    try:
        shop.hub.admin("POST", "/rate", {"limit": 1})
        assert "data" in shop.hub.api("POST", "/graphql", body).json()
        assert limited(shop.hub.api("POST", "/graphql", body))
    finally:
        shop.hub.admin("POST", "/rate", {"limit": 15000})


def test_pages_lead_through_the_whole_list(shop: Shop) -> None:
    names = [f"label {n}" for n in range(5)]
    shop.issue(*names)
    text = """query($name:String!,$page:Int,$after:String){repository(owner:"acme",name:$name){
      labels(first:$page,after:$after){totalCount pageInfo{hasNextPage endCursor} nodes{name}}}}"""

    def page(first: int | None, after: str | None) -> Json:
        answer = shop.ask(text, name=shop.name, page=first, after=after)
        return answer["data"]["repository"]["labels"] or answer["errors"][0]

    seen: list[str] = []
    after, more = None, True
    while more:
        assert len(seen) < 5
        found = page(2, after)
        assert found["totalCount"] == 5
        seen += [node["name"] for node in found["nodes"]]
        after, more = found["pageInfo"]["endCursor"], found["pageInfo"]["hasNextPage"]
    assert seen == names
    back = shop.repository(f'labels(last:2,before:"{after}"){{nodes{{name}}}}')
    assert [node["name"] for node in back["labels"]["nodes"]] == names[2:4]
    assert shop.repository('labels(first:9,query:"EL 3"){nodes{name}}')["labels"]["nodes"] == [
        {"name": "label 3"}
    ]
    assert page(None, None)["type"] == "MISSING_PAGINATION_BOUNDARIES"
    assert page(101, None)["type"] == "EXCESSIVE_PAGINATION"
    assert page(1, "?")["type"] == "INVALID_CURSOR_ARGUMENTS"
