"""Reading YAML into settings: a wrong key or value names its line and the fix."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import NoneType
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from agent_os.config.agents import CHAT_URLS
from agent_os.config.services import ScheduleSettings
from agent_os.config.settings import Config, Misplaced
from agent_os.domain.errors import BadInput, ConfigError
from agent_os.domain.yaml_tokens import tokens

_VARIABLE = re.compile(r"^\$\{?([A-Za-z_][A-Za-z0-9_]*)\}?$")
_SECRET_KEYS = ("token", "api_key", "password", "secret")
_PASSWORD_IN_URL = re.compile(r"://[^/@\s:]*:[^/@\s]+@")
_UNHOLDABLE = re.compile("[\0\ud800-\udfff]")
_LARGEST_BYTES = 256_000
#: What pydantic says in terms of Python, in terms of YAML.
_PLAIN = {
    "tuple_type": "a list is expected: `[one, two]`",
    "model_type": "a mapping of keys is expected",
    "dict_type": "a mapping of keys is expected",
    "bool_type": "`true` or `false` is expected",
    "bool_parsing": "`true` or `false` is expected",
    "int_type": "a whole number is expected",
    "int_parsing": "a whole number is expected",
    "float_type": "a number is expected",
    "float_parsing": "a number is expected",
    "string_type": "a text is expected",
}

Model = TypeVar("Model", bound=BaseModel)


def load_config(path: Path, environ: Mapping[str, str] = os.environ) -> Config:
    """The whole configuration. `home` and `read_only` are relative to the file. ConfigError."""
    if not path.is_file():
        raise ConfigError(
            f"There is no config file at {path}.",
            next_step="Copy config.example.yaml there, or name one: --config, $AGENT_OS_CONFIG.",
        )
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path} can't be read: {error.strerror}.") from error
    config = read_yaml(content, Config, str(path), environ)
    _refuse_token_for_agents(config, content, str(path), environ)
    beside = path.parent.resolve()
    agents = {
        name: agent.model_copy(
            update={"read_only": tuple(_absolute(p, beside) for p in agent.read_only)}
        )
        for name, agent in config.agents.items()
    }
    home = (beside / config.home).resolve()
    prompts = None if config.prompts is None else (beside / config.prompts.expanduser()).resolve()
    if prompts is not None and not prompts.is_dir():
        raise ConfigError(f"{path}: `prompts` names {prompts}, which is no folder.")
    return config.model_copy(update={"home": home, "agents": agents, "prompts": prompts})


def _refuse_token_for_agents(
    config: Config, content: bytes, name: str, environ: Mapping[str, str]
) -> None:
    """No agent holds what opens GitHub, also not by a variable of another name."""
    secrets = (config.github.token, config.webhooks.secret, config.webhooks.token)
    held = {secret.get_secret_value() for secret in secrets} - {""}
    for provider_name, provider in config.providers.items():
        if provider.api_key.value.get_secret_value() in held:
            raise ConfigError(f"The provider `{provider_name}` has the secret that opens GitHub.")
    for agent, settings in config.agents.items():
        for variable in settings.env:
            if environ.get(variable) in held:
                node = yaml.compose(content.decode(), Loader=yaml.SafeLoader)
                line = _line(node, ("agents", agent, "env"))
                raise ConfigError(
                    f"{name}, line {line}: `agents.{agent}.env` hands {variable} to the agent, "
                    "and with it our access to GitHub.",
                    next_step="Take it off the list, or use a token of the agent's own.",
                )


def _absolute(path: Path, beside: Path) -> Path:
    """`~` is left to the runner: it means the home of the machine that the attempt runs on."""
    return path if str(path).startswith("~") else beside / path


class _AnyEnvironment(dict[str, str]):
    """For readers that need no secret: every variable counts as set."""

    def get(self, key: str, default: str | None = None) -> str:  # type: ignore[override]  # never None
        return f"value-of-{key}"


def read_schedule(path: Path) -> ScheduleSettings:
    """The schedule alone; the variables that the file names need not be set. ConfigError."""
    return load_config(path, _AnyEnvironment()).schedule


def read_yaml(
    content: bytes, model: type[Model], name: str, environ: Mapping[str, str] | None = None
) -> Model:
    """`content` as `model`; `environ` None forbids `$NAME`. ConfigError names line and fix."""
    if len(content) > _LARGEST_BYTES:
        raise ConfigError(f"{name} is larger than {_LARGEST_BYTES} bytes.")
    try:
        text = content.decode()
        _refuse_tokens(text, name)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        data = yaml.safe_load(text)
    except UnicodeDecodeError as error:
        raise ConfigError(f"{name} is not UTF-8 text.") from error
    except BadInput as error:
        raise ConfigError(f"{name}, {error.message}.") from error
    except yaml.YAMLError as error:
        raise ConfigError(_syntax_message(name, error)) from error
    except (ValueError, LookupError, AttributeError, RecursionError) as error:
        # PyYAML raises the second for `!!bool x`, the third for `!!timestamp x`.
        raise ConfigError(f"{name} is not readable as YAML: {error}.") from error
    _refuse_doubled_keys(node, name)
    if data is None:
        data = {}
    if not isinstance(data, dict):
        raise ConfigError(f"{name}, line 1: a mapping of keys is expected.")
    if environ is not None:
        data = _with_variables(data, node, environ, name, ())
        data = _with_model_of_environment(data, environ) if model is Config else data
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise ConfigError(_validation_message(name, error, node, model)) from error


def _refuse_tokens(text: str, name: str) -> None:
    """A few lines of aliases can stand for billions of values; nothing here needs one. And what
    no file and no command can hold: `"\\0"`, and halves of characters such as `"\\ud800"`."""
    for token in tokens(text):
        line = token.start_mark.line + 1
        if isinstance(token, yaml.ScalarToken) and _UNHOLDABLE.search(token.value):
            raise ConfigError(f"{name}, line {line}: a value holds a character that is none.")
        if isinstance(token, yaml.AliasToken):
            raise ConfigError(f"{name}, line {line}: aliases (`*{token.value}`) are not supported.")


def _refuse_doubled_keys(node: yaml.Node | None, name: str) -> None:
    """YAML would keep the last one silently."""
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                line = key.start_mark.line + 1
                raise ConfigError(f"{name}, line {line}: `{key.value}` is there twice.")
            seen.add(key.value)
            _refuse_doubled_keys(value, name)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _refuse_doubled_keys(item, name)


def _syntax_message(name: str, error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    where = f", line {mark.line + 1}" if mark else ""
    return f"{name}{where}: not YAML: {getattr(error, 'problem', None) or error}."


def _with_variables(
    value: Any, node: yaml.Node | None, environ: Mapping[str, str], name: str, path: tuple[Any, ...]
) -> Any:
    if isinstance(value, dict):
        return {k: _with_variables(v, node, environ, name, (*path, k)) for k, v in value.items()}
    if isinstance(value, list):
        return [_with_variables(v, node, environ, name, (*path, i)) for i, v in enumerate(value)]
    where = f"{name}, line {_line(node, path)}: `{'.'.join(map(str, path))}`"
    # Who knows the address of a webhook may post there.
    secret = bool(path) and (str(path[-1]) in _SECRET_KEYS or path[::2] == ("notices", "url"))
    if not isinstance(value, str):
        return value
    found = _VARIABLE.match(value)
    if not found and (
        (secret and value) or (_PASSWORD_IN_URL.search(value) and path[:1] != ("agents",))
    ):
        raise ConfigError(
            f"{where} holds a secret in the file.",
            next_step="Write `$NAME` and put the value into that environment variable.",
        )
    if not found or (path and path[0] in ("agents", "routing") and not secret):
        return value
    held = environ.get(found[1])
    if len(path) == 3 and path[0] == "providers" and path[2] == "api_key":
        # Without it the agents of that provider are left out, and said to be: no reason to stop.
        return {"variable": found[1], "value": held or ""}
    if not held:
        raise ConfigError(
            f"{where} names the environment variable {found[1]}, which is not set.",
            next_step=f"export {found[1]}=…",
        )
    return held


def _with_model_of_environment(data: Any, environ: Mapping[str, str]) -> Any:
    """Without agents in the file, four variables are enough for our own agent on any server."""
    model = environ.get("AGENT_OS_LLM_MODEL", "")
    if data.get("agents") or data.get("providers") or not model or "\n" in model:
        return data
    key = {"variable": "AGENT_OS_LLM_API_KEY", "value": environ.get("AGENT_OS_LLM_API_KEY", "")}
    api = environ.get("AGENT_OS_LLM_BACKEND", "openai-chat")
    official = CHAT_URLS["openai"] if api == "openai-chat" else ""
    provider = {
        "api": api,
        "base_url": environ.get("AGENT_OS_LLM_BASE_URL") or official,
        "api_key": key if key["value"] else "",
    }
    own = {"driver": "native", "provider": "llm", "model": model}
    thinks = {"default": {"provider": "llm", "model": model}}
    return {"models": thinks, **data, "providers": {"llm": provider}, "agents": {"own": own}}


def _line(node: yaml.Node | None, path: Sequence[Any]) -> int:
    """The line (from 1) of the deepest part of `path` that the document has."""
    if node is None:
        return 1
    line = node.start_mark.line + 1
    for part in path:
        if isinstance(node, yaml.MappingNode):
            found = next(((k, v) for k, v in node.value if k.value == str(part)), None)
            if found is None:
                break
            line, node = found[0].start_mark.line + 1, found[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            if part >= len(node.value):
                break
            node = node.value[part]
            line = node.start_mark.line + 1 if node else line
    return line


def _validation_message(
    name: str, error: ValidationError, node: yaml.Node | None, model: type[BaseModel]
) -> str:
    lines: list[str] = []
    for problem in error.errors(include_url=False, include_input=False):
        cause = problem.get("ctx", {}).get("error")
        if problem["type"] == "literal_error" and "literal['auto']" in problem["loc"]:
            continue  # the other way to write it says what is wrong
        path = [p for p in problem["loc"] if p != "[key]" and not str(p).startswith("dict[")]
        path += cause.path if isinstance(cause, Misplaced) else ()
        key = ".".join(map(str, path))
        text = _PLAIN.get(problem["type"], problem["msg"].removeprefix("Value error, "))
        if problem["type"] == "extra_forbidden":
            text = "there is no such key" + _suggestion(str(path[-1]), path[:-1], model)
        elif problem["type"] == "missing":
            text = "this key is missing"
        what = f"`{key}`: {text}" if key else text
        stop = "" if what.endswith(("?", ".")) else "."
        lines.append(f"{name}, line {_line(node, path)}: {what}{stop}")
    return "\n".join(dict.fromkeys(lines))


def _suggestion(key: str, parents: Sequence[Any], model: type[BaseModel]) -> str:
    keys = _keys_at(model, parents)
    near = difflib.get_close_matches(key, keys, n=1)
    if near:
        return f"; did you mean `{near[0]}`?"
    return f"; known keys: {', '.join(keys)}" if keys else ""


def _without_none(annotation: Any) -> Any:
    """The one type of `X | None`."""
    inner = getattr(annotation, "__args__", ())
    others = [one for one in inner if one is not NoneType]
    return others[0] if len(others) == 1 < len(inner) else annotation


def _keys_at(model: Any, parents: Sequence[Any]) -> list[str]:
    """The keys of the settings class found by walking field annotations along `parents`."""
    for part in parents:
        if isinstance(model, type) and issubclass(model, BaseModel):
            fields = {f.alias or n: f.annotation for n, f in model.model_fields.items()}
            model = _without_none(fields.get(str(part)))
        else:
            inner = [a for a in getattr(model, "__args__", ()) if a is not Ellipsis]
            model = inner[-1] if inner else None
    if isinstance(model, type) and issubclass(model, BaseModel):
        return [f.alias or n for n, f in model.model_fields.items()]
    return []
