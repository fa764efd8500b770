"""The hub's GraphQL endpoint answers what is asked for, and what REST answers."""

from __future__ import annotations

import requests
from github import Auth, Github

from tests.contract.mailboxes import until
from tests.contract.shops import BOT, Json, Shop, hub, shop

__all__ = ["hub", "shop"]

CI = "on: push\njobs: {unit: {runs-on: ubuntu-latest, steps: [{run: 'true'}]}}\n"


def test_who_asks(shop: Shop) -> None:
    answer = shop.ask("{viewer{login databaseId} rateLimit{cost limit remaining}}", "bob")
    limit = answer["data"].pop("rateLimit")
    bob = shop.hub.api("GET", "/users/bob").json()
    assert answer == {"data": {"viewer": {"login": "bob", "databaseId": bob["id"]}}}
    spent = shop.hub.api("GET", "/rate_limit", user="bob").json()["rate"]["remaining"]
    assert limit == {"cost": 1, "limit": 15000, "remaining": spent}
    nobody = requests.post(f"{shop.hub.url}/api/graphql", json={"query": "{viewer{id}}"}, timeout=9)
    assert nobody.status_code == 401


def test_only_what_is_asked_for_under_the_names_asked_for(shop: Shop) -> None:
    shop.issue("Ready")
    text = """query Two($n:Int!,$all:Boolean!){
      repository(owner:"ACME",name:"%s"){one:issue(number:$n){...Part} two:issue(number:$n){title}}}
      fragment Part on Issue{number body @include(if:$all)}
      query Other{viewer{login}}"""
    body: Json = {"query": text % shop.name, "operationName": "Two"}
    body["variables"] = {"n": 1, "all": False}
    answer = shop.hub.api("POST", "/graphql", body).json()
    assert answer == {"data": {"repository": {"one": {"number": 1}, "two": {"title": "i"}}}}
    body["operationName"] = "Other"
    assert shop.hub.api("POST", "/graphql", body).json() == {"data": {"viewer": {"login": "alice"}}}
    del body["operationName"]
    assert shop.hub.api("POST", "/graphql", body).json().keys() == {"errors"}


def test_repository_refs_and_rules(shop: Shop) -> None:
    rule = "refUpdateRule{requiredStatusCheckContexts requiredApprovingReviewCount viewerCanPush}"
    fields = f"""id databaseId nameWithOwner isArchived url
      defaultBranchRef{{name prefix target{{oid}} {rule}}}
      ref(qualifiedName:"refs/heads/none"){{name}} label(name:"none"){{id}}"""
    seen = shop.repository(fields)
    rest = shop.rest("GET", "")
    assert seen["defaultBranchRef"].pop("target") == {
        "oid": shop.rest("GET", "/branches/main")["commit"]["sha"]
    }
    assert seen == {
        "id": rest["node_id"],
        "databaseId": rest["id"],
        "nameWithOwner": rest["full_name"],
        "isArchived": False,
        "url": rest["html_url"],
        "defaultBranchRef": {"name": "main", "prefix": "refs/heads/", "refUpdateRule": None},
        "ref": None,
        "label": None,
    }
    rules = {
        "required_status_checks": {"strict": False, "contexts": ["unit"]},
        "required_pull_request_reviews": {"required_approving_review_count": 2},
        "enforce_admins": None,
        "restrictions": None,
    }
    shop.rest("PUT", "/branches/main/protection", rules)
    assert shop.repository(f'ref(qualifiedName:"main"){{{rule}}}')["ref"]["refUpdateRule"] == {
        "requiredStatusCheckContexts": ["unit"],
        "requiredApprovingReviewCount": 2,
        "viewerCanPush": True,
    }


PULL = """id databaseId number state isDraft merged mergedAt mergedBy{login} mergeCommit{oid}
  headRefOid headRefName baseRefName baseRefOid title body url mergeable mergeStateStatus closed
  author{login __typename} createdAt updatedAt labels(first:5){nodes{name}}"""


def test_a_pull_request_is_the_one_that_rest_shows(shop: Shop) -> None:
    made = shop.pull(BOT)
    seen = shop.repository(f"pullRequest(number:{made['number']}){{{PULL}}}")["pullRequest"]
    rest = shop.rest("GET", f"/pulls/{made['number']}")
    assert (rest["user"]["login"], rest["user"]["type"]) == (BOT, "Bot")
    assert seen == {
        "id": rest["node_id"],
        "databaseId": rest["id"],
        "number": rest["number"],
        "state": "OPEN",
        "isDraft": False,
        "merged": False,
        "mergedAt": None,
        "mergedBy": None,
        "mergeCommit": None,
        "headRefOid": rest["head"]["sha"],
        "headRefName": "topic",
        "baseRefName": "main",
        "baseRefOid": rest["base"]["sha"],
        "title": "p",
        "body": "",
        "url": rest["html_url"],
        "mergeable": "MERGEABLE",
        "mergeStateStatus": "CLEAN",
        "closed": False,
        "author": {"login": "agent-os", "__typename": "Bot"},
        "createdAt": rest["created_at"],
        "updatedAt": rest["updated_at"],
        "labels": {"nodes": []},
    }
    merge = shop.rest("PUT", f"/pulls/{made['number']}/merge", {}, "bob")["sha"]
    fields = "state merged closed mergedBy{login __typename} mergeCommit{oid} mergeable"
    ended = shop.repository(f"pullRequest(number:{made['number']}){{{fields}}}")["pullRequest"]
    assert ended == {
        "state": "MERGED",
        "merged": True,
        "closed": True,
        "mergedBy": {"login": "bob", "__typename": "User"},
        "mergeCommit": {"oid": merge},
        "mergeable": "UNKNOWN",
    }


def test_a_conflict_and_the_lists_of_pull_requests(shop: Shop) -> None:
    name = f"acme/{shop.name}"
    for branch in ("one", "two"):
        shop.hub.push(name, branch, {"a.txt": branch})
        shop.rest("POST", "/pulls", {"title": branch, "head": branch, "base": "main"})
    shop.rest("PUT", "/pulls/1/merge", {})
    seen = shop.repository(
        """all:pullRequests(first:9){nodes{number}}
        open:pullRequests(last:9,states:[OPEN]){nodes{number mergeable mergeStateStatus}}
        one:pullRequests(first:9,headRefName:"one",baseRefName:"main"){totalCount}
        none:pullRequests(first:9,labels:["x"]){totalCount}
        newest:pullRequests(first:1,orderBy:{field:CREATED_AT,direction:DESC}){nodes{number}}"""
    )
    assert seen == {
        "all": {"nodes": [{"number": 1}, {"number": 2}]},
        "open": {"nodes": [{"number": 2, "mergeable": "CONFLICTING", "mergeStateStatus": "DIRTY"}]},
        "one": {"totalCount": 1},
        "none": {"totalCount": 0},
        "newest": {"nodes": [{"number": 2}]},
    }


ROLLUP = """statusCheckRollup{state contexts(first:9){totalCount nodes{__typename
  ...on CheckRun{databaseId name status conclusion detailsUrl title summary startedAt completedAt
    permalink checkSuite{databaseId app{slug name}}}
  ...on StatusContext{context state targetUrl description createdAt}}}}"""


def test_a_rollup_has_the_newest_of_each(shop: Shop) -> None:
    number = shop.pull()["number"]
    text = f"pullRequest(number:{number}){{commits(last:1){{nodes{{commit{{oid {ROLLUP}}}}}}}}}"

    def newest() -> Json:
        [node] = shop.repository(text)["pullRequest"]["commits"]["nodes"]
        return node["commit"]

    sha = newest()["oid"]
    assert newest() == {"oid": sha, "statusCheckRollup": None}
    for state in ("pending", "error"):
        shop.rest("POST", f"/statuses/{sha}", {"state": state, "context": "ext"})
    for conclusion in ("failure", "success"):
        run = {"head_sha": sha, "name": "unit", "conclusion": conclusion}
        shop.rest("POST", "/check-runs", run)
    shop.rest("POST", "/check-runs", {"head_sha": sha, "name": "slow", "status": "in_progress"})
    seen = newest()["statusCheckRollup"]
    rest = {r["id"]: r for r in shop.rest("GET", f"/commits/{sha}/check-runs")["check_runs"]}
    assert (seen["state"], seen["contexts"]["totalCount"]) == ("FAILURE", 3)
    runs = [node for node in seen["contexts"]["nodes"] if node["__typename"] == "CheckRun"]
    assert len(runs) == len(rest) == 2
    for run in runs:
        shown = rest[run["databaseId"]]
        assert run == {
            "__typename": "CheckRun",
            "databaseId": shown["id"],
            "name": shown["name"],
            "status": shown["status"].upper(),
            "conclusion": shown["conclusion"] and shown["conclusion"].upper(),
            "detailsUrl": shown["details_url"],
            "title": None,
            "summary": None,
            "startedAt": shown["started_at"],
            "completedAt": shown["completed_at"],
            "permalink": shown["html_url"],
            "checkSuite": {
                "databaseId": shown["check_suite"]["id"],
                "app": {"slug": "alice", "name": "alice"},
            },
        }
    status = seen["contexts"]["nodes"][-1]
    assert (status["context"], status["state"], status["targetUrl"]) == ("ext", "ERROR", None)
    shop.rest("POST", f"/statuses/{sha}", {"state": "success", "context": "ext"})
    assert newest()["statusCheckRollup"]["state"] == "PENDING"


def test_a_job_of_actions_leads_to_its_page(shop: Shop) -> None:
    sha = shop.hub.push(f"acme/{shop.name}", "main", {".github/workflows/ci.yml": CI})
    text = f'ref(qualifiedName:"refs/heads/main"){{target{{oid ...on Commit{{{ROLLUP}}}}}}}'

    def done() -> Json | None:
        rollup = shop.repository(text)["ref"]["target"]["statusCheckRollup"]
        return rollup if rollup and rollup["state"] == "SUCCESS" else None

    [run] = until(done, "the workflow's run")["contexts"]["nodes"]
    [rest] = shop.rest("GET", f"/commits/{sha}/check-runs")["check_runs"]
    assert run["detailsUrl"] == rest["details_url"]
    job = shop.rest("GET", f"/actions/jobs/{run['detailsUrl'].rpartition('/job/')[2]}")
    assert (job["name"], run["name"]) == ("unit", "unit")
    assert run["checkSuite"]["app"] == {"slug": "github-actions", "name": "GitHub Actions"}
    assert run["title"] == rest["output"]["title"]


def test_reviews_and_their_comments(shop: Shop) -> None:
    number = shop.pull()["number"]
    lines = [{"path": "b.txt", "line": 1, "body": "nit"}]
    path = f"/pulls/{number}/reviews"
    shop.rest("POST", path, {"event": "REQUEST_CHANGES", "body": "no", "comments": lines}, "bob")
    shop.rest("POST", path, {"body": "a draft"}, "bob")
    text = f"""pullRequest(number:{number}){{reviews(first:9){{totalCount pageInfo{{hasNextPage}}
      nodes{{id databaseId author{{login __typename}} state body commit{{oid}} submittedAt
        comments(first:9){{totalCount nodes{{path line body author{{login}}}}}}}}}}}}"""
    seen = shop.repository(text)["pullRequest"]["reviews"]
    [rest] = shop.rest("GET", path)
    assert seen == {
        "totalCount": 1,
        "pageInfo": {"hasNextPage": False},
        "nodes": [
            {
                "id": rest["node_id"],
                "databaseId": rest["id"],
                "author": {"login": "bob", "__typename": "User"},
                "state": "CHANGES_REQUESTED",
                "body": "no",
                "commit": {"oid": rest["commit_id"]},
                "submittedAt": rest["submitted_at"],
                "comments": {"totalCount": 1, "nodes": [{**lines[0], "author": {"login": "bob"}}]},
            }
        ],
    }
    filtered = f"""pullRequest(number:{number}){{a:reviews(first:9,states:[APPROVED]){{totalCount}}
      b:reviews(first:9,author:"Bob"){{totalCount}}}}"""
    counts = shop.repository(filtered)["pullRequest"]
    assert (counts["a"]["totalCount"], counts["b"]["totalCount"]) == (0, 1)


def test_edit_history(shop: Shop) -> None:
    query = """query($name:String!,$n:Int!){repository(owner:"acme",name:$name){issue(number:$n){
      lastEditedAt editor{login} userContentEdits(first:10){totalCount
        nodes{editedAt editor{login} diff}}}}}"""
    github = Github(
        base_url=shop.hub.api_url,
        auth=Auth.Token(shop.hub.token("alice")),
        retry=None,
        seconds_between_requests=0,
        seconds_between_writes=0,
    )
    shop.rest("POST", "/issues", {"title": "watched", "body": "v1"})

    def read() -> Json:
        _, data = github.requester.graphql_query(query, {"name": shop.name, "n": 1})
        return data["data"]["repository"]["issue"]

    nothing = {"totalCount": 0, "nodes": []}
    assert read() == {"lastEditedAt": None, "editor": None, "userContentEdits": nothing}
    shop.rest("PATCH", "/issues/1", {"body": "v2"}, "bob")
    shop.rest("PATCH", "/issues/1", {"body": "v3"})
    after = read()
    nodes = after["userContentEdits"]["nodes"]
    assert [(n["editor"]["login"], n["diff"]) for n in nodes] == [
        ("alice", "v3"),
        ("bob", "v2"),
        ("alice", "v1"),
    ]
    assert (after["editor"], after["lastEditedAt"]) == ({"login": "alice"}, nodes[0]["editedAt"])


def test_former_names_lead_to_the_repository(shop: Shop) -> None:
    shop.rest("PATCH", "", {"name": f"{shop.name}-new"})
    assert shop.repository("nameWithOwner")["nameWithOwner"] == f"acme/{shop.name}-new"
    text = f'{{repository(owner:"acme",name:"{shop.name}",followRenames:false){{id}}}}'
    assert shop.ask(text)["errors"][0]["type"] == "NOT_FOUND"
