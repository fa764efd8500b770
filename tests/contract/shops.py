"""A repository for a test of GraphQL, and the hub it is on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.hub import HubProcess

Json = dict[str, Any]
BOT = "agent-os[bot]"
LABELS = """mutation Relabel($on:ID!,$add:[ID!]!,$remove:[ID!]!){
  addLabelsToLabelable(input:{labelableId:$on,labelIds:$add,clientMutationId:"7"}){
    clientMutationId labelable{...Labels}}
  removeLabelsFromLabelable(input:{labelableId:$on,labelIds:$remove}){labelable{...Labels}}}
fragment Labels on Labelable{labels(first:9){nodes{name}}}"""


class Shop:
    """A repository of its own for one test, asked by GraphQL and by REST."""

    def __init__(self, hub: HubProcess, name: str) -> None:
        self.hub, self.name = hub, name
        self.path = f"/repos/acme/{name}"
        hub.seed(f"acme/{name}", {"a.txt": "1\n"})

    def rest(self, method: str, path: str, body: Any = None, user: str = "alice") -> Any:
        answer = self.hub.api(method, self.path + path, body, user=user)
        assert answer.ok, answer.text
        return answer.json() if answer.text else None

    def ask(self, text: str, user: str = "alice", **variables: Any) -> Json:
        """The whole answer."""
        body = {"query": text, "variables": variables}
        answer = self.hub.api("POST", "/graphql", body, user=user)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def repository(self, fields: str) -> Json:
        """These fields of the repository, all of which must be there."""
        answer = self.ask(f'{{repository(owner:"acme",name:"{self.name}"){{{fields}}}}}')
        assert "errors" not in answer, answer
        return answer["data"]["repository"]

    def issue(self, *labels: str, user: str = "alice") -> Json:
        return self.rest("POST", "/issues", {"title": "i", "labels": list(labels)}, user)

    def label(self, name: str) -> str:
        """A new label's id."""
        return self.rest("POST", "/labels", {"name": name, "color": "ededed"})["node_id"]

    def pull(self, user: str = "alice") -> Json:
        self.hub.push(f"acme/{self.name}", "topic", {"b.txt": "2\n"})
        given = {"title": "p", "head": "topic", "base": "main"}
        return self.rest("POST", "/pulls", given, user)

    def events(self, number: int) -> list[tuple[str, str, str]]:
        found = self.rest("GET", f"/issues/{number}/events")
        return [(e["event"], e["actor"]["login"], e["label"]["name"]) for e in found]


def carrying(*names: str) -> Json:
    return {"labels": {"nodes": [{"name": name} for name in names]}}


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    root = tmp_path_factory.mktemp("hub") / "root"
    with HubProcess(root, ["alice", "bob", "rita", BOT]) as running:
        yield running
        assert "Traceback" not in running.log_path.read_text()


@pytest.fixture
def shop(hub: HubProcess, request: pytest.FixtureRequest) -> Iterator[Shop]:
    yield Shop(hub, request.node.name.replace("[", "-").replace("]", ""))
    hub.admin("DELETE", "/faults")
    hub.webhooks(paused=False)
