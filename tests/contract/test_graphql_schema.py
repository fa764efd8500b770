"""The part of GitHub's GraphQL schema that the hub serves, and the documents that we send."""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    build_schema,
    parse,
    print_ast,
    validate,
)

import agent_os.github
import agent_os.localhub.graphql
from agent_os.domain.clock import SystemClock
from agent_os.github import editors, labels, looks, readers
from agent_os.github.client import GitHubClient
from agent_os.github.governor import Governor
from agent_os.localhub.graphql import documents, execution
from tests.hub import HubProcess

#: Constants that end so are documents or parts of them.
ENDINGS = ("_QUERY", "_MUTATION", "_FRAGMENT")


@cache
def published() -> GraphQLSchema:
    """GitHub's own; skips where it is not installed, fails in CI."""
    cache_dir = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    path = cache_dir / "agent-os/schemas/node_modules/@octokit/graphql-schema/schema.graphql"
    if not path.is_file():
        reason = f"needs {path}: run scripts/install-schemas.sh"
        if os.environ.get("CI") == "true":
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    return build_schema(path.read_text(), assume_valid=True, assume_valid_sdl=True)


def foreign(ours: GraphQLSchema, theirs: GraphQLSchema) -> Iterator[str]:
    """What of our schema is not in theirs, or is otherwise there."""
    for name, mine in ours.type_map.items():
        other = theirs.type_map.get(name)
        if name.startswith("__") or other is None or type(mine) is not type(other):
            if not name.startswith("__"):
                yield name
        elif isinstance(mine, GraphQLEnumType) and isinstance(other, GraphQLEnumType):
            yield from (f"{name}.{value}" for value in mine.values.keys() - other.values.keys())
        elif isinstance(mine, GraphQLUnionType) and isinstance(other, GraphQLUnionType):
            kinds = {kind.name for kind in other.types}
            yield from (f"{name} = {kind.name}" for kind in mine.types if kind.name not in kinds)
        elif isinstance(mine, GraphQLInputObjectType) and isinstance(other, GraphQLInputObjectType):
            yield from _inputs(name, mine.fields, other.fields)
        else:
            yield from _fields(name, mine, other)


def _fields(name: str, mine: Any, other: Any) -> Iterator[str]:
    if not isinstance(mine, GraphQLObjectType | GraphQLInterfaceType):
        return
    known = {interface.name for interface in other.interfaces}
    yield from (f"{name} & {i.name}" for i in mine.interfaces if i.name not in known)
    for key, field in mine.fields.items():
        same = other.fields.get(key)
        if same is None or str(same.type) != str(field.type):
            yield f"{name}.{key}: {field.type}"
        else:
            yield from _inputs(f"{name}.{key}", field.args, same.args)


def _inputs(name: str, mine: dict[str, Any], other: dict[str, Any]) -> Iterator[str]:
    for key, given in mine.items():
        same = other.get(key)
        if same is None or (str(same.type), _default(same)) != (str(given.type), _default(given)):
            yield f"{name}({key}: {given.type})"
    # One that has to be given there, and that we do not know.
    needed = {key for key, given in other.items() if str(given.type).endswith("!")}
    yield from (f"{name} without {key}" for key in needed - mine.keys())


def _default(given: Any) -> str:
    node = given.ast_node.default_value
    return "" if node is None else print_ast(node)


def test_our_schema_is_part_of_githubs() -> None:
    assert list(foreign(documents.schema(), published())) == []


@pytest.mark.parametrize(
    ("part", "wrong", "found"),
    [
        ("nameWithOwner: String!", "nameWithOwner: String", "Repository.nameWithOwner: String"),
        ("isArchived: Boolean!", "isOld: Boolean!", "Repository.isOld: Boolean!"),
        ("ref(qualifiedName: String!)", "ref(name: String!)", "Repository.ref(name: String!)"),
        ("  TIMED_OUT", "  LATE", "CheckConclusionState.LATE"),
        ("CheckRun | StatusContext", "CheckRun | App", "StatusCheckRollupContext = App"),
        ("direction: ASC}\n    query", "direction: DESC}\n    query", "Repository.labels(orderBy"),
        ("type App implements Node", "type App implements Node & Closable", "App & Closable"),
        ("RateLimit", "Rates", "Query.rateLimit: Rates"),
    ],
)
def test_the_check_notices_what_is_not_githubs(part: str, wrong: str, found: str) -> None:
    theirs = documents.schema()
    text = (Path(agent_os.localhub.graphql.__path__[0]) / "schema.graphql").read_text()
    assert part in text
    changed = text.replace(part, wrong)
    ours = build_schema(changed, assume_valid=True, assume_valid_sdl=True)
    assert any(name.startswith(found) for name in foreign(ours, theirs))


def test_every_field_is_answered() -> None:
    folder = agent_os.localhub.graphql.__path__
    found: dict[str, set[str]] = {}
    for each in pkgutil.iter_modules(folder, "agent_os.localhub.graphql."):
        for name, value in vars(importlib.import_module(each.name)).items():
            if isinstance(value, type) and value.__module__ == each.name:
                fields = set(dir(value)) | set(getattr(value, "__dataclass_fields__", ()))
                found[name] = fields
    for name, kind in documents.schema().type_map.items():
        if isinstance(kind, GraphQLObjectType) and not name.startswith("__"):
            shape = {"Payload": _payload(name), "Connection": "Connection"}
            named = next((shape[end] for end in shape if name.endswith(end)), name)
            missing = {execution.snake(field) for field in kind.fields} - found[named]
            assert not missing, f"{name}: {missing}"


def _payload(name: str) -> str:
    return "LabelsPayload" if "Labels" in name else "DraftPayload"


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Every document that the product's own calls sent to a hub."""
    root = tmp_path_factory.mktemp("documents")
    with HubProcess(root / "hub", record=root / "records") as hub:
        hub.seed("acme/shop", {"a.txt": "1\n"})
        hub.push("acme/shop", "topic", {"b.txt": "2\n"})
        issue = hub.api("POST", "/repos/acme/shop/issues", {"title": "i"}).json()
        given = {"title": "p", "head": "topic", "base": "main"}
        assert hub.api("POST", "/repos/acme/shop/pulls", given).status_code == 201
        clock = SystemClock()
        client = GitHubClient(hub.api_url, hub.token("alice"), 30, Governor(clock), None)
        readers.edits(client, "acme/shop", 1)
        said = hub.api("POST", "/repos/acme/shop/issues/1/comments", {"body": "c"}).json()
        assert editors.editors(client, [said["node_id"]]) == {}
        assert looks.look(client, "acme/shop", "main", [2]).pulls[2].pull.number == 2
        assert looks.look(client, "acme/shop", "main", [2], {2: "ok"}).pulls[2].words is not None
        looks.look(client, "acme/shop", "main", [])
        for add, remove in ((["a"], []), (["b"], ["a"]), ([], ["b"])):
            labels.change(client, "acme/shop", issue["node_id"], add, remove)
    lines = [path.read_text().splitlines() for path in (root / "records").iterdir()]
    entries = [json.loads(line) for each in lines for line in each]
    bodies = [each["request"] for each in entries if "graphql" in each.get("path", "")]
    return sorted({body["query"] for body in bodies})


def test_what_we_send_fits_githubs_schema(sent: list[str]) -> None:
    for text in sent:
        wrong = validate(published(), parse(text))
        assert not wrong, f"{text}\n{wrong}"


def test_every_document_of_the_product_was_sent(sent: list[str]) -> None:
    parts: list[str] = []
    for each in pkgutil.iter_modules(agent_os.github.__path__, "agent_os.github."):
        module = vars(importlib.import_module(each.name))
        found = [text for name, text in module.items() if name.endswith(ENDINGS)]
        parts += [part.strip() for text in found for part in text.split("%s")]
    assert len(parts) > 5
    for part in parts:
        assert any(part in text for text in sent), f"never sent: {part}"
