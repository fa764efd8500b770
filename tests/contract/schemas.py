"""GitHub's published schemas, and what of the hub's traffic does not fit them."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, unquote

from jsonschema_rs import Draft202012Validator, Registry

Json = dict[str, Any]
#: Path parameters whose values may hold a slash.
WIDE = ("ref", "path", "branch", "basehead", "name", "dir")
ROOT = "urn:schemas"
#: The schema of a timeline's entry by its event; all others have that of a change of state. The
#: timeline's own schema takes nearly everything, since the entry has to fit one of its kinds only.
TIMELINE = {
    "labeled": "labeled-issue-event",
    "unlabeled": "unlabeled-issue-event",
    "assigned": "timeline-assigned-issue-event",
    "unassigned": "timeline-unassigned-issue-event",
    "renamed": "renamed-issue-event",
    "review_requested": "review-requested-issue-event",
    "review_request_removed": "review-request-removed-issue-event",
    "review_dismissed": "review-dismissed-issue-event",
    "commented": "timeline-comment-event",
    "reviewed": "timeline-reviewed-event",
}
METHODS = ("get", "post", "put", "patch", "delete")


def folder() -> Path:
    """Where scripts/install-schemas.sh puts them."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "agent-os" / "schemas" / "node_modules" / "@octokit"


def _with_null(schema: Json) -> Json:
    """OpenAPI 3.0's `nullable` in the words of JSON Schema 2020-12."""
    if schema.pop("nullable", None) is not True:
        return schema
    if isinstance(schema.get("type"), str):
        schema["type"] = [schema["type"], "null"]
        if "enum" in schema and None not in schema["enum"]:
            schema["enum"] = [*schema["enum"], None]
        return schema
    return {"anyOf": [{"type": "null"}, schema]}


def _load(path: Path) -> Json:
    def hook(found: Json) -> Json:
        return _with_null(found) if found.get("nullable") is True else found

    return json.loads(path.read_text("utf-8"), object_hook=hook)


def _pointer(*parts: str) -> str:
    return "/".join(["#", *(part.replace("~", "~0").replace("/", "~1") for part in parts)])


class Document:
    """One OpenAPI document; schemas in it are named by their pointer."""

    def __init__(self, path: Path) -> None:
        self.data = _load(path)
        self._registry = Registry([(ROOT, self.data)])
        self._validators: dict[str, Draft202012Validator] = {}

    def at(self, pointer: str) -> Any:
        """What a pointer leads to."""
        found: Any = self.data
        for part in pointer.removeprefix("#/").split("/"):
            found = found[part.replace("~1", "/").replace("~0", "~")]
        return found

    def followed(self, pointer: str) -> str:
        """The pointer behind any `$ref`."""
        found = self.at(pointer)
        return self.followed(found["$ref"]) if "$ref" in found else pointer

    def problems(self, pointer: str, value: Any) -> Iterator[str]:
        """`place: what is wrong` for each fault of a value."""
        if pointer not in self._validators:
            schema = {"$ref": ROOT + quote(pointer, safe="#/~")}
            self._validators[pointer] = Draft202012Validator(
                schema, registry=self._registry, validate_formats=True, offline=True
            )
        for error in self._validators[pointer].iter_errors(value):
            place = "/".join("*" if isinstance(p, int) else str(p) for p in error.instance_path)
            yield f"{place or '.'}: {error.message[:300]}"


@dataclass(frozen=True)
class Operation:
    """`GET /repos/{owner}/...` with where it stands in the document."""

    method: str
    path: str
    pattern: re.Pattern[str]

    @property
    def name(self) -> str:
        return f"{self.method.upper()} {self.path}"

    @property
    def weight(self) -> tuple[int, int]:
        """The more of the path is literal, the better it fits."""
        plain = re.sub(r"\{[^}]*\}", "", self.path)
        return len(plain), -self.path.count("{")


def _pattern(path: str) -> re.Pattern[str]:
    def parameter(match: re.Match[str]) -> str:
        if match[1] == "path":  # empty for the root
            return "(.*)"
        return "(.+)" if match[1] in WIDE else "([^/]+)"

    return re.compile(re.sub(r"\\\{([^}]*)\\\}", parameter, re.escape(path)))


@dataclass
class Report:
    """What was checked, and the faults: `operation, side, place: message` with how often."""

    operations: Counter[str] = field(default_factory=Counter[str])
    faults: Counter[str] = field(default_factory=Counter[str])
    unknown: Counter[str] = field(default_factory=Counter[str])


class RestSchemas:
    """The REST description."""

    def __init__(self, root: Path) -> None:
        self._document = Document(root / "openapi" / "generated" / "api.github.com.json")
        self._operations = sorted(
            (
                Operation(method, path, _pattern(path))
                for path, item in self._document.data["paths"].items()
                for method in METHODS
                if method in item
            ),
            key=lambda operation: operation.weight,
            reverse=True,
        )

    def operation(self, method: str, path: str) -> Operation | None:
        """The operation a request asks for."""
        for operation in self._operations:
            if operation.method == method.lower() and operation.pattern.fullmatch(path):
                return operation
        return None

    def check(self, entry: Json, report: Report) -> None:
        """One recorded request with its answer."""
        operation = self.operation(entry["method"], unquote(entry["path"]))
        if operation is None:
            report.unknown[f"{entry['method']} {entry['route']}"] += 1
            return
        report.operations[operation.name] += 1
        if entry["large"]:
            return
        found = [f"answer {entry['status']}, {text}" for text in self._answer(operation, entry)]
        if entry["status"] < 400:
            found += [f"request, {text}" for text in self._request(operation, entry)]
            found += [f"query, {text}" for text in self._query(operation, entry)]
        for text in found:
            report.faults[f"{operation.name}: {text}"] += 1

    def _answer(self, operation: Operation, entry: Json) -> Iterator[str]:
        status, body = str(entry["status"]), entry["answer"]
        base = ("paths", operation.path, operation.method, "responses")
        known = self._document.at(_pointer(*base))
        if entry["status"] == 304:  # conditional requests are described in words, not for each
            return
        if status not in known:
            if entry["status"] < 400:
                yield f"status: {status} is none of {', '.join(known)}"
            elif body is None or not {"message", "documentation_url"} <= body.keys():
                yield "error: without message or documentation_url"
            return
        pointer = self._document.followed(_pointer(*base, status))
        content = self._document.at(pointer).get("content", {}).get("application/json")
        if content is None or "schema" not in content:
            if body is not None and entry["status"] < 400 and body != {}:
                yield "body: there is one, and none is described"
            return
        schema = f"{pointer}/content/application~1json/schema"
        yield from self._document.problems(schema, body)
        if operation.path.endswith("/timeline") and isinstance(body, list):
            yield from self._timeline(body)

    def _timeline(self, entries: list[Json]) -> Iterator[str]:
        for entry in entries:
            name = TIMELINE.get(entry["event"], "state-change-issue-event")
            for text in self._document.problems(_pointer("components", "schemas", name), entry):
                yield f"{entry['event']}, {text}"

    def _request(self, operation: Operation, entry: Json) -> Iterator[str]:
        described = self._document.at(_pointer("paths", operation.path, operation.method))
        if "requestBody" not in described:
            if entry["request"] not in (None, {}):
                yield "body: there is one, and none is described"
            return
        at = _pointer("paths", operation.path, operation.method, "requestBody")
        content = self._document.at(self._document.followed(at)).get("content", {})
        if entry["request"] is not None and "application/json" in content:
            pointer = f"{self._document.followed(at)}/content/application~1json/schema"
            yield from self._document.problems(pointer, entry["request"])

    def _query(self, operation: Operation, entry: Json) -> Iterator[str]:
        item = self._document.data["paths"][operation.path]
        listed = [*item.get("parameters", []), *item[operation.method].get("parameters", [])]
        known: dict[str, Json] = {}
        for parameter in listed:
            found = self._document.at(parameter["$ref"]) if "$ref" in parameter else parameter
            if found["in"] == "query":
                known[found["name"]] = found["schema"]
        for name, value in parse_qsl(entry["query"]):
            if name not in known:
                yield f"{name}: is no parameter"
            elif "enum" in known[name] and value not in map(str, known[name]["enum"]):
                yield f"{name}: {value} is none of {known[name]['enum']}"


class WebhookSchemas:
    """The descriptions of webhook payloads."""

    def __init__(self, root: Path) -> None:
        self._document = Document(root / "openapi-webhooks" / "generated" / "api.github.com.json")
        self._known = self._document.data["webhooks"]

    def check(self, entry: Json, report: Report) -> None:
        """One recorded payload."""
        event, payload = entry["event"], entry["payload"]
        action = payload.get("action")
        name = "-".join([event, action] if action else [event]).replace("_", "-")
        if name not in self._known:
            report.unknown[name] += 1
            return
        report.operations[name] += 1
        pointer = _pointer("webhooks", name, "post", "requestBody", "content")
        for text in self._document.problems(f"{pointer}/application~1json/schema", payload):
            report.faults[f"{name}: {text}"] += 1


def recorded(where: Path, kind: str) -> Iterator[Json]:
    """Every entry that hubs wrote (`rest` or `webhooks`)."""
    for path in sorted(where.glob(f"{kind}-*.jsonl")):
        with path.open(encoding="utf-8") as lines:
            # A hub that is still running may be in the middle of the last one.
            yield from (json.loads(line) for line in lines if line.endswith("\n"))
