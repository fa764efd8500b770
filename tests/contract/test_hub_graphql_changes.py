"""Changes by the hub's GraphQL endpoint."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from tests.contract.mailboxes import Mailbox, until
from tests.contract.shops import LABELS, Shop, carrying, hub, shop

__all__ = ["hub", "shop"]


def test_labels_change_exactly_as_by_rest(shop: Shop) -> None:
    box = Mailbox()
    keep, old, new = (shop.label(name) for name in ("keep", "old", "new"))
    by_rest, by_graph = shop.issue("keep", "old"), shop.issue("keep", "old")
    hook = {"url": box.url, "content_type": "json"}
    shop.rest("POST", "/hooks", {"config": hook, "events": ["issues"]})
    try:
        shop.rest("POST", "/issues/1/labels", {"labels": ["new", "keep"]}, "bob")
        shop.rest("DELETE", "/issues/1/labels/old", user="bob")
        rest_told = until(lambda: len(box.events()) == 2 and _told(box), "webhooks by REST")
        box.seen.clear()
        variables = {"on": by_graph["node_id"], "add": [new, keep], "remove": [old]}
        answer = shop.ask(LABELS, "bob", **variables)
        assert answer == {
            "data": {
                "addLabelsToLabelable": {
                    "clientMutationId": "7",
                    "labelable": carrying("keep", "old", "new"),
                },
                "removeLabelsFromLabelable": {"labelable": carrying("keep", "new")},
            }
        }
        graph_told = until(lambda: len(box.events()) == 2 and _told(box), "webhooks by GraphQL")
    finally:
        box.close()
    assert graph_told == rest_told == [("labeled", "new", "bob"), ("unlabeled", "old", "bob")]
    assert shop.events(by_graph["number"]) == shop.events(by_rest["number"])
    again = shop.ask(LABELS, on=by_graph["node_id"], add=[new], remove=[old])
    assert "errors" not in again
    assert shop.events(by_graph["number"]) == shop.events(by_rest["number"])


def _told(box: Mailbox) -> list[tuple[str, str, str]]:
    found = [box.payload(name) for name in box.events()]
    return [(p["action"], p["label"]["name"], p["sender"]["login"]) for p in found]


def test_changes_are_made_in_order_each_for_itself(shop: Shop) -> None:
    one, issue = shop.label("one"), shop.issue()
    answer = shop.ask(LABELS, on=issue["node_id"], add=[one], remove=[one, "x"])
    assert answer["data"]["addLabelsToLabelable"]["labelable"] == carrying("one")
    assert answer["data"]["removeLabelsFromLabelable"] is None
    [error] = answer["errors"]
    assert (error["type"], error["path"]) == ("NOT_FOUND", ["removeLabelsFromLabelable"])
    assert shop.events(1) == [("labeled", "alice", "one")]
    other = Shop(shop.hub, f"{shop.name}-2").label("foreign")
    mixed = shop.ask(LABELS, on=issue["node_id"], add=[one, other], remove=[])
    assert mixed["errors"][0]["type"] == "UNPROCESSABLE"
    wrong = shop.ask(LABELS, on=one, add=[one], remove=[])
    assert {error["type"] for error in wrong["errors"]} == {"NOT_FOUND"}


def test_who_may_not_write_is_refused(shop: Shop) -> None:
    one, issue, pull = shop.label("one"), shop.issue(), shop.pull()
    shop.rest("PUT", "/collaborators/rita", {"permission": "pull"})
    draft = (
        "mutation($id:ID!){convertPullRequestToDraft(input:{pullRequestId:$id}){pullRequest{id}}}"
    )
    refused = [
        shop.ask(LABELS, "rita", on=issue["node_id"], add=[one], remove=[one]),
        shop.ask(draft, "rita", id=pull["node_id"]),
    ]
    shop.rest("PATCH", "", {"archived": True})
    refused.append(shop.ask(LABELS, on=issue["node_id"], add=[one], remove=[]))
    for answer in refused:
        assert set(answer["data"].values()) == {None}
        assert {error["type"] for error in answer["errors"]} == {"FORBIDDEN"}
    assert "rita" in refused[0]["errors"][0]["message"]
    assert "archived" in refused[2]["errors"][0]["message"]
    assert shop.events(1) == []


def test_draft_and_ready(shop: Shop) -> None:
    pull, issue = shop.pull(), shop.issue()
    text = "mutation($id:ID!){%s(input:{pullRequestId:$id}){pullRequest{isDraft mergeStateStatus}}}"
    kinds = {"convertPullRequestToDraft": "DRAFT", "markPullRequestReadyForReview": "CLEAN"}
    for name, state in kinds.items():
        shown = shop.ask(text % name, id=pull["node_id"])["data"][name]["pullRequest"]
        assert shown == {"isDraft": state == "DRAFT", "mergeStateStatus": state}
    events = [e["event"] for e in shop.rest("GET", f"/issues/{pull['number']}/events")]
    assert events == ["convert_to_draft", "ready_for_review"]
    wrong = shop.ask(text % "convertPullRequestToDraft", id=issue["node_id"])
    assert wrong["errors"][0]["type"] == "NOT_FOUND"


def test_changes_from_both_sides_at_once(shop: Shop) -> None:
    label, issue, pull = shop.label("one"), shop.issue(), shop.pull()
    part = "issue(number:1){labels(first:9){nodes{name}} updatedAt}"
    slow = f"pullRequest(number:{pull['number']}){{commits(last:1){{nodes{{commit{{oid}}}}}}}}"

    def by_query(_: int) -> bool:
        """Holds the database while git works; sees one state from beginning to end."""
        seen = shop.repository(f"before:{part} {slow} after:{part}")
        return seen["before"] == seen["after"]

    def by_graph(_: int) -> bool:
        answer = shop.ask(LABELS, on=issue["node_id"], add=[label], remove=[label])
        return "errors" not in answer

    def by_rest(_: int) -> bool:
        answer = shop.hub.api("POST", f"{shop.path}/issues/1/labels", {"labels": ["one"]})
        shop.hub.api("DELETE", f"{shop.path}/issues/1/labels/one")
        return answer.status_code == 200

    acts = (by_graph, by_rest, by_query)
    with ThreadPoolExecutor(8) as threads:
        done = [threads.submit(act, n) for n in range(12) for act in acts]
        try:
            assert all(one.result(timeout=20) for one in done)
        finally:
            threads.shutdown(wait=False, cancel_futures=True)
    kinds = [kind for kind, _, _ in shop.events(1)]
    assert kinds == ["labeled", "unlabeled"] * (len(kinds) // 2)
