"""`config.yaml` and `.agent-os.yaml`: what is wrong is named with its line and the fix."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from agent_os.agents.registry import driver_named
from agent_os.config.agents import SPEAKS
from agent_os.config.loading import load_config
from agent_os.config.repository_file import (
    ALWAYS_PROTECTED,
    PATHS,
    RepositoryFile,
    parse_repository_file,
)
from agent_os.config.settings import Config
from agent_os.domain.errors import ConfigError
from agent_os.domain.rules import Mode
from agent_os.effects.accounts import key_variable

EXAMPLE = """\
home: ./runtime
github:
  api_url: http://127.0.0.1:4000/api/v3
  token: $AGENT_OS_GITHUB_TOKEN
repositories:
  - name: acme/todo
    mode: auto-merge
agents:
  fixer: {driver: command, command: "python3 /opt/fix.py", read_only: [/opt]}
  second: {driver: command, command: "python3 /opt/fix2.py", read_only: [/opt]}
routing:
  default: [fixer, second]
limits:
  attempts: 4
  concurrent_attempts: 2
  attempt_minutes: 40
"""
TOKEN = "ghp_never_shown"
ENVIRON = {"AGENT_OS_GITHUB_TOKEN": TOKEN, "EMPTY": "", "DATABASE": "postgresql://a:pw@h/d"}


def load(folder: Path, text: str) -> Config:
    path = folder / "config.yaml"
    path.write_text(text)
    return load_config(path, ENVIRON)


def test_the_example_loads_as_written(tmp_path: Path) -> None:
    config = load(tmp_path, EXAMPLE)
    assert config.home == tmp_path / "runtime"
    assert config.database_url == f"sqlite:///{tmp_path}/runtime/agent-os.sqlite"
    assert config.github.token.get_secret_value() == TOKEN
    assert TOKEN not in repr(config)
    rules = config.rules("ACME/todo")
    assert rules is not None and rules.mode is Mode.AUTO_MERGE
    assert rules.chain("default") == ("fixer", "second")
    assert rules.chain("docs", "second") == ("second", "fixer")
    assert config.agents["fixer"].read_only == (Path("/opt"),)
    assert config.limits.attempts == 4
    assert config.rules("acme/other") is None


def test_the_shipped_example_loads() -> None:
    path = Path(__file__).parents[2] / "config.example.yaml"
    if not path.exists():
        pytest.skip("config.example.yaml is not there yet")
    text = path.read_text()
    names = {word.strip("${}") for word in text.split() if word.startswith("$")}
    load_config(path, {name: f"value of {name}" for name in names})


def test_the_smallest_config(tmp_path: Path) -> None:
    config = load(tmp_path, "github: {token: $AGENT_OS_GITHUB_TOKEN}")
    assert config.github.api_url == "https://api.github.com"
    assert config.limits.attempts == 4


def test_relative_paths_are_beside_the_file_and_the_home_is_the_runners(tmp_path: Path) -> None:
    text = EXAMPLE.replace("[/opt]}\nrouting", "[tools, ~/bin]}\nrouting")
    config = load(tmp_path, text)
    assert config.agents["second"].read_only == (tmp_path / "tools", Path("~/bin"))


#: (what is changed in the example, into what; the line that is named; words of the message)
WRONG: list[tuple[str, str, int, tuple[str, ...]]] = [
    ("  attempts: 4", "  attemps: 4", 14, ("`limits.attemps`", "did you mean `attempts`?")),
    ("home:", "hom:", 1, ("`hom`", "did you mean `home`?")),
    ("    mode: auto", "    mod: auto", 7, ("`repositories.0.mod`", "did you mean `mode`?")),
    ("{driver: command, command", "{drivr: x, command", 9, ("did you mean `driver`?",)),
    ("limits:", "zzz:\nlimits:", 13, ("there is no such key", "known keys: home, github")),
    ("  attempts: 4", "  attempts: many", 14, ("`limits.attempts`", "a whole number")),
    ("  attempts: 4", "  attempts: 0", 14, ("greater than or equal to 1",)),
    ("mode: auto-merge", "mode: yolo", 7, ("'dry-run', 'pull-request' or 'auto-merge'",)),
    ("acme/todo", "todo", 6, ("`repositories.0.name`", "pattern")),
    ("http://127", "ftp://127", 3, ("http:// or https://",)),
    ("$AGENT_OS_GITHUB_TOKEN", "$NOT_THERE", 4, ("NOT_THERE", "export NOT_THERE=")),
    ("$AGENT_OS_GITHUB_TOKEN", "${EMPTY}", 4, ("EMPTY", "export EMPTY=")),
    ("$AGENT_OS_GITHUB_TOKEN", "ghp_secret", 4, ("holds a secret", "Write `$NAME`")),
    ("limits:", "store: {url: 'postgresql://a:pw@h/d'}\nlimits:", 13, ("holds a secret",)),
    (
        "    mode: auto-merge",
        "  - name: Acme/Todo",
        7,
        ("`repositories.1.name`", "Acme/Todo is listed twice"),
    ),
    (
        "default: [fixer, second]",
        "default: [fixer, third]",
        12,
        ("`routing.default`", "`third`", "known: fixer, second"),
    ),
    (
        "    mode: auto-merge",
        "    routing:\n      docs: [nobody]",
        8,
        ("`repositories.0.routing.docs`", "`nobody`"),
    ),
    ('command: "python3 /opt/fix.py"', "env: []", 9, ("needs `command:",)),
    ("routing:", "schedule: {dispatcher: often}\nrouting:", 11, ("neither a crontab line",)),
    ("routing:", "schedule: {pr_monitor: every 5s}\nrouting:", 11, ("`pr-monitor`",)),
    ("  token: $AGENT_OS_GITHUB_TOKEN\n", "", 2, ("`github.token`", "missing")),
    ("home: ./runtime", "home: [", 3, ("not YAML",)),
    ("limits:", "limits: 3\nx:", 13, ("`limits`",)),
    ("acme/todo", "acme/..", 6, ("`repositories.0.name`", "pattern")),
    (
        "    mode: auto-merge",
        "  - name: acme-todo/x\n  - name: acme/todo-x",
        8,
        ("`repositories.2.name`", "acme/todo-x and acme-todo/x would have the same names"),
    ),
    (
        "{driver: command",
        "{driver: klaude",
        9,
        ("no driver `klaude` (known: claude, codex, command",),
    ),
    ("limits:", "labels: {ready: ' '}\nlimits:", 13, ("`labels.ready`", "1 to 50 characters")),
    ("limits:", "labels: {ready: blocked}\nlimits:", 13, ("`blocked` stands for two things",)),
    (
        "read_only: [/opt]}",
        "env: [AGENT_OS_GITHUB_TOKEN]}",
        9,
        ("access to GitHub", "off the list"),
    ),
]


@pytest.mark.parametrize(("old", "new", "line", "words"), WRONG)
def test_what_is_wrong_is_named_with_its_line_and_the_fix(
    tmp_path: Path, old: str, new: str, line: int, words: tuple[str, ...]
) -> None:
    assert old in EXAMPLE
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, EXAMPLE.replace(old, new, 1))
    said = str(caught.value)
    assert f"config.yaml, line {line}: " in said
    for word in words:
        assert word in said
    assert "ghp_secret" not in said and ":pw@" not in said


def test_a_password_may_come_from_the_environment(tmp_path: Path) -> None:
    config = load(tmp_path, EXAMPLE + "store: {url: $DATABASE}\n")
    assert config.database_url == ENVIRON["DATABASE"]


def test_commands_of_agents_keep_their_dollars(tmp_path: Path) -> None:
    config = load(tmp_path, EXAMPLE.replace('"python3 /opt/fix.py"', '"$HOME"'))
    assert config.agents["fixer"].command == "$HOME"


def test_every_problem_is_named_at_once(tmp_path: Path) -> None:
    text = EXAMPLE.replace("attempts: 4", "attempts: x").replace("home:", "hom:")
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text)
    assert len(caught.value.message.splitlines()) == 2


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "`github`: this key is missing"),
        (b"- a\n- b", "a mapping of keys is expected"),
        (b"\xff\xfe", "not UTF-8"),
        (b"a: " + b"[" * 2000, "nested more than 100 deep"),
        (b"#" * 300_000, "larger than"),
        (b"a: !!python/object:os.system {}", "not YAML"),
        (b"a: *b", "aliases"),
    ],
)
def test_bad_files_are_a_config_error(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "config.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=words):
        load_config(path, ENVIRON)


def test_a_missing_file_says_where_it_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"There is no config file at .*none.yaml"):
        load_config(tmp_path / "none.yaml", ENVIRON)


# `.agent-os.yaml`


def test_this_projects_own_file_is_one() -> None:
    """Agent OS can be run on itself, and what its commands name is there."""
    root = Path(__file__).parents[2]
    found = parse_repository_file((root / PATHS[0]).read_bytes(), PATHS[0])
    assert {"format", "lint", "types", "unit"} <= set(found.named_checks)
    assert all(command.count(".venv/bin/") for command in found.named_checks.values())
    assert "objectives.yaml" in found.protected and "tests/redteam/**" in found.protected
    named = re.findall(
        r"\b(?:scripts|tests)/[\w./-]+", " ".join([found.setup, *found.named_checks.values()])
    )
    assert named and all((root / path).exists() for path in named)


def test_without_a_file_there_are_the_defaults() -> None:
    found = parse_repository_file(None, PATHS[0])
    assert found == RepositoryFile()
    assert (found.named_checks, found.protected) == ({}, ALWAYS_PROTECTED)
    assert set(PATHS) <= set(ALWAYS_PROTECTED)


@pytest.mark.parametrize(
    ("text", "checks"),
    [
        ("test: make test", {"test": "make test"}),
        ("checks: {test: a, lint: b}", {"test": "a", "lint": "b"}),
        ("test: short\nchecks: {lint: b}", {"test": "short", "lint": "b"}),
        ("test: short\nchecks: {test: long}", {"test": "long"}),
        ("test: '  '", {}),
        ("", {}),
    ],
)
def test_the_short_form(text: str, checks: dict[str, str]) -> None:
    assert parse_repository_file(text.encode(), PATHS[0]).named_checks == checks


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("setup: x\ntset: y", 2, "did you mean `test`?"),
        ("checks:\n  a: b\n  lint: ''", 1, "check `lint` has no command"),
        ("checks: [a]", 1, "a mapping of keys"),
        ("merge: force", 1, "'merge', 'squash' or 'rebase'"),
        ("a: b: c", 1, "not YAML"),
        ("protected_paths: secret", 1, "a list is expected"),
    ],
)
def test_a_repositorys_mistakes_name_the_line(text: str, line: int, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_repository_file(text.encode(), PATHS[0])
    said = str(caught.value)
    assert f".agent-os.yaml, line {line}: " in said and words in said


def test_a_repository_can_not_read_our_environment() -> None:
    assert parse_repository_file(b"setup: $HOME", PATHS[0]).setup == "$HOME"


def test_a_repository_adds_protected_paths_and_takes_none_away() -> None:
    found = parse_repository_file(b"protected_paths: ['docs/**']", PATHS[0])
    assert found.protected == (*ALWAYS_PROTECTED, "docs/**")


MODELS = """
github: {token: $AGENT_OS_GITHUB_TOKEN}
repositories: [{name: acme/todo}]
providers:
  anthropic: {api: anthropic, base_url: "http://127.0.0.1:4100", api_key: $ANTHROPIC_API_KEY}
  openai:    {api: openai, base_url: "http://127.0.0.1:4100/v1", api_key: $OPENAI_API_KEY}
  google:    {api: google, base_url: "http://127.0.0.1:4100", api_key: $GEMINI_API_KEY}
  deepseek:  {api: openai-chat, base_url: "http://127.0.0.1:4100/v1", api_key: $DEEPSEEK_API_KEY}
agents:
  claude:   {driver: claude, provider: anthropic, model: claude-sonnet-4-5}
  codex:    {driver: codex, provider: openai, model: gpt-5-codex}
  gemini:   {driver: gemini, provider: google, model: gemini-2.5-pro}
  deepseek: {driver: opencode, provider: deepseek, model: deepseek-chat}
  own:      {driver: native, provider: anthropic, model: claude-sonnet-4-5}
routing:
  implementation: [codex, claude, gemini, deepseek]
  debugging: [claude, codex, gemini, deepseek]
  default: [claude, codex]
models:                # for the organization's own thinking (dispatcher, planner, analyzer)
  default: {provider: anthropic, model: claude-haiku-4-5}
"""
SECRETS = {
    "AGENT_OS_GITHUB_TOKEN": "x",
    "ANTHROPIC_API_KEY": "fake-anthropic",
    "OPENAI_API_KEY": "fake-openai",
}


def test_agents_with_models_load_and_a_missing_key_only_leaves_its_agents_out(
    tmp_path: Path,
) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(MODELS)
    rules = load_config(path, SECRETS).rules("acme/todo")
    assert rules is not None
    assert rules.chain("implementation") == ("codex", "claude", "gemini", "deepseek")
    assert rules.chain("docs") == ("claude", "codex")
    missing = {name: agent.missing_key for name, agent in rules.agents.items()}
    assert missing == {
        "claude": "",
        "codex": "",
        "gemini": "GEMINI_API_KEY",
        "deepseek": "DEEPSEEK_API_KEY",
        "own": "",
    }
    assert "fake-" not in rules.model_dump_json()
    # Without base_url each goes to its vendor's own, and not to another of the same interface.
    path.write_text(re.sub(r'base_url: "[^"]*", ', "", MODELS))
    providers = load_config(path, SECRETS).providers
    urls = {name: provider.url(name) for name, provider in providers.items()}
    assert urls.pop("deepseek") == "https://api.deepseek.com/v1"
    assert set(urls.values()) == {""}


def test_what_the_config_says_of_drivers_is_what_they_say() -> None:
    for name, apis in SPEAKS.items():
        assert driver_named(name).apis == apis


def test_keys_of_two_providers_never_share_a_variable() -> None:
    assert key_variable("a-b") != key_variable("a_b")


def test_four_variables_are_enough_for_our_own_agent(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("github: {token: $TOKEN}\nrepositories: [{name: acme/todo}]\n")
    variables = {
        "TOKEN": "x",
        "AGENT_OS_LLM_BASE_URL": "http://127.0.0.1:11434/v1",
        "AGENT_OS_LLM_MODEL": "qwen3-coder",
    }
    config = load_config(path, variables)
    rules = config.rules("acme/todo")
    assert rules is not None and rules.chain("docs") == ("own",)
    assert config.agents["own"].driver == "native"
    assert config.providers["llm"].api == "openai-chat"
    assert not rules.agents["own"].missing_key  # a local server may want none
    keyed = load_config(
        path, {**variables, "AGENT_OS_LLM_API_KEY": "fake", "AGENT_OS_LLM_BACKEND": "anthropic"}
    )
    assert keyed.providers["llm"].api == "anthropic"
    assert keyed.providers["llm"].api_key.value.get_secret_value() == "fake"
    assert not load_config(path, {"TOKEN": "x"}).agents
    path.write_text(MODELS)
    assert "llm" not in load_config(path, {**SECRETS, **variables}).providers


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("agents: {a: {driver: claude}}", "`agents.a`: driver `claude` needs `provider: NAME`"),
        ("agents: {a: {driver: claude, provider: x, model: y}}", "does not define `x`"),
        ("agents: {a: {driver: native, credentials: own}}", "no login of its own"),
        ("routing: fast", "or `auto`"),
        ("routing: {docs: nobody}", "`routing.docs`"),
        ("providers: {x: {api: foo}}", "`providers.x.api`"),
        ("providers: {x: {api: openai, api_key: sk-fake}}", "holds a secret in the file"),
        ("providers: {x: {api: openai, api_key: $TOKEN}}", "the secret that opens GitHub"),
        ("models: {thinker: {provider: x, model: y}}", "nobody thinks by that name"),
        ("vendors: [antropic]", "no agent is of the vendor `antropic`"),
        ("review: [nobody]", "`agents` does not define `nobody`"),
        ("prompts: ./nowhere", "which is no folder"),
        ("agents: {a: {driver: qwen, credentials: own}}", "no login of its own"),
        ("agents: {a: {driver: command, command: x, credentials: own}}", "uses no model"),
        ("providers: {x: {api: openai-chat}}", "`providers.x`: `openai-chat` needs `base_url"),
        (
            "providers: {x: {api: anthropic}}\nagents: {a: {driver: codex, provider: x, model: m}}",
            "line 3: `agents.a.provider`: driver `codex` needs a provider with `api: openai`",
        ),
        (
            "models: {default: {provider: x, model: m, price: {input: -1, output: .nan}}}",
            "line 2: `models.default.price.input`",
        ),
    ],
)
def test_what_is_wrong_with_agents_and_models_is_named(
    tmp_path: Path, line: str, words: str
) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(f"github: {{token: $TOKEN}}\n{line}\n")
    with pytest.raises(ConfigError) as raised:
        load_config(path, {"TOKEN": "gh-fake"})
    assert words in raised.value.message
    assert "sk-fake" not in str(raised.value)


@pytest.mark.parametrize(
    "pattern",
    ["/deploy/**", "./deploy", "deploy/", "../x", "a/../b", "", " ", "[ab]/x", "a\\b", "!x", "~/x"],
)
def test_a_path_rule_that_would_guard_nothing_is_refused(pattern: str) -> None:
    with pytest.raises(ConfigError, match=r"pattern|folder"):
        parse_repository_file(yaml.safe_dump({"protected_paths": [pattern]}).encode(), "f")
    with pytest.raises(ConfigError, match=r"pattern|folder"):
        parse_repository_file(yaml.safe_dump({"approvals": {"paths": [pattern]}}).encode(), "f")
