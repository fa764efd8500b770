"""Which changes of manifests add or change dependencies."""

from __future__ import annotations

import pytest

from agent_os.attempt.gates.dependencies import changed_entries, is_manifest

PYPROJECT = '[project]\nname = "a"\ndependencies = ["x>=1"]\n'
POM = "<project><a><dependency><groupId>g</groupId><version>1</version></dependency></a></project>"
NPM = '{"name": "a", "dependencies": {"x": "1"}, "scripts": {"test": "t"}}'

#: (path, before, after, what is found; None: it can't be told what)
CASES: list[tuple[str, str, str, tuple[str, ...] | None]] = [
    ("requirements.txt", "a==1\n", "a==1\nb==2\n", ("b==2",)),
    ("requirements.txt", "a==1\n", "a==2\n", ("a==2",)),
    ("requirements.txt", "a==1\nb==1\n", "a==1\n", ()),
    ("requirements.txt", "a==1\nb\n", "b\n  a==1  # why\n\n# c==3\n", ()),
    (
        "requirements-dev.txt",
        "",
        "--index-url https://evil/simple\n",
        ("--index-url https://evil/simple",),
    ),
    ("requirements/dev.in", "", "b\n", ("b",)),
    ("REQUIREMENTS.TXT", "", "b\n", ("b",)),
    (
        "pyproject.toml",
        PYPROJECT,
        PYPROJECT.replace("x>=1", "x>=2"),
        ("project.dependencies: x>=2",),
    ),
    ("pyproject.toml", PYPROJECT, PYPROJECT.replace('"a"', '"b"'), ()),
    (
        "pyproject.toml",
        PYPROJECT,
        PYPROJECT + '[build-system]\nrequires = ["y"]\n',
        ("build-system.requires: y",),
    ),
    (
        "pyproject.toml",
        PYPROJECT,
        PYPROJECT + '[tool.poetry.group.d.dependencies]\nz = "1"\n',
        ("tool.poetry.group.d.dependencies.z: 1",),
    ),
    (
        "pyproject.toml",
        PYPROJECT,
        PYPROJECT + '[dependency-groups]\nd = ["z"]\n',
        ("dependency-groups.d: z",),
    ),
    (
        "pyproject.toml",
        PYPROJECT,
        PYPROJECT + '[tool.uv.sources]\nx = {url = "u"}\n',
        ("tool.uv.sources.x.url: u",),
    ),
    ("pyproject.toml", PYPROJECT, "[broken", None),
    ("pyproject.toml", PYPROJECT, 'project = "text"\n', None),
    (
        "setup.cfg",
        "[options]\ninstall_requires =\n  a\n",
        "[options]\ninstall_requires =\n  a\n  b\n",
        ("b",),
    ),
    ("setup.cfg", "[flake8]\nmax = 1\n", "[flake8]\nmax = 2\n", ()),
    ("setup.py", "a", "b", None),
    ("web/package.json", NPM, NPM.replace('"1"', '"2"'), ("dependencies.x: 2",)),
    ("package.json", NPM, NPM.replace('"t"', '"u"'), ()),
    ("package.json", NPM, NPM.replace('"test"', '"postinstall"'), ("scripts.postinstall: t",)),
    ("package.json", NPM, "[1]", None),
    ("package.json", NPM, "", ()),
    ("package.json", "", NPM, ("dependencies.x: 1",)),
    ("package.json", NPM, "[" * 100_000, None),
    ("package-lock.json", "{}", "{ }", None),
    ("poetry.lock", "a", "", None),
    (
        "Cargo.toml",
        "[dependencies]\na = '1'\n",
        "[target.x.dependencies]\nb = '1'\n",
        ("dependencies.b: 1",),
    ),
    ("Cargo.toml", "[package]\nversion='1'\n", "[package]\nversion='2'\n", ()),
    (
        "go.mod",
        "module m\nrequire (\n\ta v1\n)\n",
        "module m\nrequire (\n\ta v1\n\tb v2 // indirect\n)\n",
        ("b v2",),
    ),
    ("go.mod", "module m\n", "module m\nreplace a => ../b\n", ("replace a => ../b",)),
    ("go.mod", "module m\nrequire a v1\n", "module m\nrequire (\n\ta v1\n)\n", ()),
    ("Gemfile", "gem 'a'\n", "# x\ngem  'a'\ngem 'b'\n", ("gem 'b'",)),
    ("pom.xml", POM, POM.replace(">1<", ">2<"), ("dependency: groupId=g version=2",)),
    ("pom.xml", POM, POM.replace("<project>", "<project><name>n</name>"), ()),
    ("pom.xml", POM, "<!DOCTYPE a [<!ENTITY b 'c'>]><project/>", None),
    ("pom.xml", POM, "<project", None),
    ("build.gradle", "a", "b", None),
    ("Dockerfile", "FROM a:1\nRUN x\n", "FROM a:2\nRUN y\n", ("FROM a:2",)),
    (
        "docker/api.Dockerfile",
        "FROM a\n",
        "FROM a\nCOPY --from=evil /x /y\n",
        ("COPY --from=evil /x /y",),
    ),
    ("Dockerfile.dev", "FROM a\n", "FROM \\\n b\n", ("FROM b",)),
    (
        "compose.yaml",
        "services:\n  a:\n    image: b\n",
        "services:\n  a:\n    image: c\n",
        ("image: c",),
    ),
    (".npmrc", "", "registry=https://evil\n", None),
    (".gitmodules", "", "x", None),
    ("node_modules/x/index.js", "", "x", None),
    ("vendor/x.go", "", "x", None),
]


@pytest.mark.parametrize(("path", "before", "after", "found"), CASES)
def test_what_counts(path: str, before: str, after: str, found: tuple[str, ...] | None) -> None:
    assert is_manifest(path)
    assert changed_entries(path, before, after) == found


@pytest.mark.parametrize(
    "path", ["src/requirements.py", "README.md", "package.json.md", "src/vendor.py", "lock.py"]
)
def test_other_files_are_none_of_it(path: str) -> None:
    assert not is_manifest(path)
