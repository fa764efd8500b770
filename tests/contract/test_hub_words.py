"""What people say on a pull request, as GraphQL shows it: comments and their edits, labels."""

from __future__ import annotations

from email.utils import parsedate_to_datetime

from tests.contract.shops import Json, Shop, hub, shop

__all__ = ["hub", "shop"]

FIELDS = """id comments(last:2){totalCount pageInfo{hasPreviousPage}
    nodes{id databaseId fullDatabaseId body url createdAt updatedAt lastEditedAt
      author{login} editor{login}}}
  timelineItems(last:10,itemTypes:[LABELED_EVENT,UNLABELED_EVENT]){totalCount nodes{__typename
    ... on LabeledEvent{id createdAt actor{login} label{name}}
    ... on UnlabeledEvent{actor{login} label{name}}}}
  set:timelineItems(first:10,itemTypes:[LABELED_EVENT]){totalCount}"""


def _seen(shop: Shop, number: int) -> Json:
    return shop.repository(f"pullRequest(number:{number}){{{FIELDS}}}")["pullRequest"]


def test_comments_say_who_changed_them(shop: Shop) -> None:
    number = shop.pull()["number"]
    path = f"/issues/{number}/comments"
    first, second = (shop.rest("POST", path, {"body": text}) for text in ("one", "two"))
    shop.rest("PATCH", f"/issues/comments/{first['id']}", {"body": "uno"})
    found = _seen(shop, number)["comments"]
    assert (found["totalCount"], found["pageInfo"]) == (2, {"hasPreviousPage": False})
    one, two = found["nodes"]
    assert (one["id"], one["databaseId"]) == (first["node_id"], first["id"])
    assert (one["body"], one["url"], one["fullDatabaseId"]) == (
        "uno",
        first["html_url"],
        str(first["id"]),
    )
    assert (one["author"], one["editor"]) == ({"login": "alice"}, {"login": "alice"})
    assert one["lastEditedAt"] == one["updatedAt"]
    assert (two["databaseId"], two["lastEditedAt"], two["editor"]) == (second["id"], None, None)


def test_labels_that_came_and_went_stay_in_the_timeline(shop: Shop) -> None:
    number = shop.pull()["number"]
    shop.rest("POST", f"/issues/{number}/labels", {"labels": ["yes", "more"]})
    shop.rest("DELETE", f"/issues/{number}/labels/yes")
    shop.rest("DELETE", "/labels/yes")
    found = _seen(shop, number)
    acts = [(n["__typename"], n["label"]["name"]) for n in found["timelineItems"]["nodes"]]
    assert acts == [("LabeledEvent", "yes"), ("LabeledEvent", "more"), ("UnlabeledEvent", "yes")]
    assert {n["actor"]["login"] for n in found["timelineItems"]["nodes"]} == {"alice"}
    assert (found["timelineItems"]["totalCount"], found["set"]["totalCount"]) == (3, 2)


def test_answers_are_dated_by_the_hubs_own_clock(shop: Shop) -> None:
    before = parsedate_to_datetime(shop.hub.api("GET", "/user").headers["date"])
    shop.hub.admin("POST", "/clock", {"advance": 100})
    after = shop.hub.api("GET", "/user")
    assert (parsedate_to_datetime(after.headers["date"]) - before).total_seconds() >= 100
    shop.hub.admin("POST", "/clock", {"advance": -100})
