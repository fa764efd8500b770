"""Which dependencies a change of a manifest adds or changes: a version counts, a removal does not.

What can't be parsed, and what installs by its own code, counts when it changes at all.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast
from xml.etree import ElementTree

from agent_os.attempt.gates.patterns import folded

LARGEST_MANIFEST = 1_000_000
_Table = Mapping[str, Any]
_Parser = Callable[[str], set[str]]

#: Where packages come from, or code that says what is installed.
_OPAQUE = re.compile(
    r"(?:^|/)(?:.*\.lock|.*\.lockb|package-lock\.json|npm-shrinkwrap\.json|pnpm-lock\.yaml"
    r"|packages\.lock\.json|go\.sum|go\.work(?:\.sum)?|conda-lock\.yml|package\.resolved|gradle\.lockfile"
    r"|setup\.py|.*\.gradle|.*\.gradle\.kts|libs\.versions\.toml|gradle-wrapper\.properties"
    r"|maven-wrapper\.properties|mix\.exs|package\.swift|build\.sbt|.*\.csproj|.*\.fsproj|.*\.props"
    r"|packages\.config|nuget\.config|podfile|cartfile|pubspec\.yaml|environment\.ya?ml|.*\.gemspec"
    r"|deno\.jsonc?|flake\.nix|workspace|module\.bazel|conanfile\.(?:py|txt)|vcpkg\.json"
    r"|pip\.conf|\.npmrc|\.yarnrc(?:\.yml)?|\.pnpmfile\.cjs|\.cargo/config(?:\.toml)?|uv\.toml"
    r"|\.gitmodules|\.pre-commit-config\.yaml|jsr\.json|pnpm-workspace\.yaml|rebar\.config)$"
)
#: Folders of other people's code.
_VENDORED = re.compile(r"(?:^|/)node_modules/|^vendor/")


def is_manifest(path: str) -> bool:
    """Whether the file may name dependencies, or is one itself."""
    return _is_opaque(path) or _parser(path) is not None


def changed_entries(path: str, before: str, after: str) -> tuple[str, ...] | None:
    """Entries of `after` that `before` lacks, for people; None: it changed, and can't be parsed.

    Both texts are whole files, empty for one that is not there.
    """
    parser = _parser(path)
    if _is_opaque(path) or parser is None:
        return None
    try:
        return tuple(sorted(parser(after) - parser(before)))
    except (ValueError, TypeError, AttributeError, RecursionError, ElementTree.ParseError):
        return None


def _is_opaque(path: str) -> bool:
    name = folded(path)
    return bool(_OPAQUE.search(name) or _VENDORED.search(name))


def _parser(path: str) -> _Parser | None:
    name = folded(path)
    return next((parser for pattern, parser in _PARSERS if pattern.search(name)), None)


def _requirements(text: str) -> set[str]:
    lines = (re.sub(r"(?:^|\s)#.*", "", line) for line in text.splitlines())
    return {" ".join(line.split()) for line in lines} - {""}


def _pyproject(text: str) -> set[str]:
    data = tomllib.loads(text)
    project, tool = _table(data, "project"), _table(data, "tool")
    found = _named("build-system", _table(data, "build-system"), ("requires", "backend-path"))
    found |= _named("project", project, ("dependencies", "optional-dependencies"))
    found |= _flat("dependency-groups", data.get("dependency-groups"))
    for name, settings in tool.items():
        words = ("dependencies", "dev-dependencies", "group", "source", "sources", "index", "envs")
        found |= _named(f"tool.{name}", settings, words)
    return found


def _pipfile(text: str) -> set[str]:
    data = tomllib.loads(text)
    return {entry for key, value in data.items() for entry in _flat(key, value)}


def _cargo(text: str) -> set[str]:
    return set(_cargo_tables("", tomllib.loads(text)))


def _cargo_tables(path: str, table: _Table) -> Iterator[str]:
    for key, value in table.items():
        place = f"{path}.{key}".strip(".")
        if key.replace("_", "-").endswith("dependencies") or key in ("patch", "replace"):
            yield from _flat(key, value)
        elif isinstance(value, dict):
            yield from _cargo_tables(place, cast(_Table, value))


_NPM = (
    *("dependencies", "devDependencies", "peerDependencies", "optionalDependencies"),
    *("bundledDependencies", "bundleDependencies", "overrides", "resolutions", "pnpm"),
    *("packageManager", "workspaces"),
)
#: These run when somebody installs the package.
_NPM_SCRIPTS = ("preinstall", "install", "postinstall", "prepare")


def _package_json(text: str) -> set[str]:
    data = _object(text)
    return _named("", data, _NPM) | _named("scripts", _table(data, "scripts"), _NPM_SCRIPTS)


def _composer(text: str) -> set[str]:
    keys = ("require", "require-dev", "repositories", "minimum-stability")
    return _named("", _object(text), keys)


def _object(text: str) -> _Table:
    if not text.strip():
        return {}
    data: Any = json.loads(text)
    if not isinstance(data, dict):
        raise ValueError("not an object")
    return cast(_Table, data)


def _table(data: _Table, key: str) -> _Table:
    found: Any = data.get(key, {})
    if not isinstance(found, dict):
        raise ValueError(f"{key} is no table")
    return cast(_Table, found)


def _named(place: str, table: Any, keys: tuple[str, ...]) -> set[str]:
    if not isinstance(table, dict):
        raise ValueError(f"{place} is no table")
    known = cast(_Table, table)
    there = [key for key in keys if key in known]
    return {entry for key in there for entry in _flat(f"{place}.{key}".strip("."), known[key])}


def _flat(place: str, value: Any) -> set[str]:
    """Every value below with the way to it."""
    if isinstance(value, dict):
        table = cast(_Table, value)
        return {entry for key, one in table.items() for entry in _flat(f"{place}.{key}", one)}
    if isinstance(value, list):
        return {entry for one in cast(list[Any], value) for entry in _flat(place, one)}
    return {f"{place}: {value}"}


_GO_SKIPPED = ("module ", "//", "(", ")")


def _go_mod(text: str) -> set[str]:
    lines = (line.partition("//")[0].strip() for line in text.splitlines())
    plain = (line.removeprefix("require ").strip(" ()") for line in lines)
    return {" ".join(p.split()) for p in plain if p and not p.startswith(_GO_SKIPPED)} - {
        "require",
        "replace",
        "exclude",
        "retract",
    }


def _gemfile(text: str) -> set[str]:
    """It is a program: each line of it counts, but for comments."""
    lines = (" ".join(line.split()) for line in text.splitlines())
    return {line for line in lines if line and not line.startswith("#")}


_FROM = re.compile(r"^\s*(FROM\s|COPY\s.*--from=|ADD\s.*(?:https?|git)[:@]|#\s*syntax\s*=)", re.I)
_IMAGE = re.compile(r"^\s*(?:-\s*)?(?:image|dockerfile_inline|context|build)\s*:")


def _dockerfile(text: str) -> set[str]:
    joined = re.sub(r"\\\r?\n", " ", text)
    return {" ".join(line.split()) for line in joined.splitlines() if _FROM.match(line)}


def _compose(text: str) -> set[str]:
    return {" ".join(line.split()) for line in text.splitlines() if _IMAGE.match(line)}


_POM_TAGS = ("dependency", "plugin", "parent", "extension", "repository", "pluginRepository")


def _pom(text: str) -> set[str]:
    if not text.strip():
        return set()
    if re.search(r"<!(?:DOCTYPE|ENTITY)", text, re.I):
        raise ValueError("entities are not expanded")
    found: set[str] = set()
    for node in ElementTree.fromstring(text).iter():
        tag = _local(node)
        if tag in _POM_TAGS:
            parts = [f"{_local(one)}={(one.text or '').strip()}" for one in node if len(one) == 0]
            found.add(f"{tag}: {' '.join(parts)}")
        elif tag == "properties":
            found |= {f"property {_local(one)}={(one.text or '').strip()}" for one in node}
    return found


def _local(node: ElementTree.Element) -> str:
    return str(node.tag).rpartition("}")[2]


_SETUP_KEYS = re.compile(r"^(?:install_requires|setup_requires|tests_require|dependency_links)\b")
_SETUP_SECTION = re.compile(r"^\[options\.extras_require\]")


def _setup_cfg(text: str) -> set[str]:
    found: set[str] = set()
    wanted, section = False, False
    for line in text.splitlines():
        if line.strip().startswith(("#", ";")):
            continue
        if line.startswith("["):
            section, wanted = bool(_SETUP_SECTION.match(line)), False
        elif line.strip() and not line[0].isspace():
            wanted = bool(_SETUP_KEYS.match(line))
        if (wanted or section) and line.strip():
            found.add(" ".join(line.split()))
    return found


def _named_so(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?:^|/){pattern}$")


_PARSERS: tuple[tuple[re.Pattern[str], _Parser], ...] = (
    (_named_so(r"[^/]*(?:requirements|constraints)[^/]*\.(?:txt|in|pip)"), _requirements),
    (re.compile(r"(?:^|/)requirements/[^/]*\.(?:txt|in)$"), _requirements),
    (_named_so(r"pyproject\.toml"), _pyproject),
    (_named_so(r"setup\.cfg"), _setup_cfg),
    (_named_so(r"pipfile"), _pipfile),
    (_named_so(r"package\.json"), _package_json),
    (_named_so(r"composer\.json"), _composer),
    (_named_so(r"cargo\.toml"), _cargo),
    (_named_so(r"go\.mod"), _go_mod),
    (_named_so(r"gemfile"), _gemfile),
    (_named_so(r"gems\.rb"), _gemfile),
    (_named_so(r"pom\.xml"), _pom),
    (_named_so(r"(?:[^/]*[.-])?(?:dockerfile|containerfile)(?:[.-][^/]*)?"), _dockerfile),
    (_named_so(r"(?:docker-)?compose[^/]*\.ya?ml"), _compose),
)
