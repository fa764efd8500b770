"""A script's acts as calls of the tools that the calling program offers."""

from __future__ import annotations

import base64
import shlex
from collections.abc import Mapping
from pathlib import PurePosixPath

from tests.models.conversation import Conversation, Tool
from tests.models.reply import Call
from tests.models.steps import Act, BadArguments, Shell, ToolNeverEnds, Use, Write

WRITERS = ("Write", "write", "write_file", "create_file")
SHELLS = (
    "Bash",
    "bash",
    "shell",
    "exec_command",
    "shell_command",
    "run_shell_command",
    "run_command",
)
_PATHS = ("file_path", "filePath", "path", "absolute_path")
_CONTENTS = ("content", "contents", "text", "file_text")
_COMMANDS = ("command", "cmd", "script")
#: Lengths of time, in seconds or milliseconds as the program has it: long enough not to matter.
_FILLERS: Mapping[str, object] = {"is_background": False, "description": "a step of the script"}


class NoTool(Exception):
    """The program offers no tool that could do the act."""


def call(act: Act, conversation: Conversation, call_id: str, by_shell: bool = False) -> Call:
    """The act as one call. NoTool if there is none for it."""
    tools = {tool.name: tool for tool in conversation.tools}
    match act:
        case Use(name, arguments):
            return Call(call_id, name, arguments)
        case Write(path, content):
            written = None if by_shell else _write(tools, conversation, path, content)
            if written is None:
                return _shell(tools, heredoc(path, content), call_id)
            return Call(call_id, *written)
        case Shell(command) | ToolNeverEnds(command):
            return _shell(tools, command, call_id)
        case BadArguments():
            tool = _first(tools, SHELLS)
            wrong: dict[str, object] = {"comand": ["no", "such", "argument"]}
            return Call(call_id, tool.name, wrong, raw='{"comand": ["no", "such')


def heredoc(path: str, content: str) -> str:
    """A shell command that writes the file whatever it holds."""
    coded = base64.b64encode(content.encode()).decode()
    folder = shlex.quote(str(PurePosixPath(path).parent))
    return f"mkdir -p {folder} && base64 -d > {shlex.quote(path)} <<'B64'\n{coded}\nB64\n"


def _write(
    tools: Mapping[str, Tool], conversation: Conversation, path: str, content: str
) -> tuple[str, dict[str, object]] | None:
    """(tool, arguments), or None where the tool or the absolute path it wants is not known."""
    tool = next((tools[name] for name in WRITERS if name in tools), None)
    if tool is None:
        return None
    place = next((key for key in _PATHS if key in tool.properties), None)
    text = next((key for key in _CONTENTS if key in tool.properties), None)
    if place is None or text is None:
        return None
    if place != "path":
        directory = conversation.directory()
        if directory is None:
            return None
        path = str(PurePosixPath(directory) / path)
    return tool.name, {**_fill(tool), place: path, text: content}


def _shell(tools: Mapping[str, Tool], command: str, call_id: str) -> Call:
    tool = _first(tools, SHELLS)
    key = next((key for key in _COMMANDS if key in tool.properties), "command")
    wanted = (tool.properties.get(key) or {}).get("type")
    value: object = ["bash", "-lc", command] if wanted in ("array", "ARRAY") else command
    return Call(call_id, tool.name, {**_fill(tool), key: value})


def _first(tools: Mapping[str, Tool], names: tuple[str, ...]) -> Tool:
    for name in names:
        if name in tools:
            return tools[name]
    raise NoTool(f"none of {', '.join(names)} among {', '.join(tools)}")


def _fill(tool: Tool) -> dict[str, object]:
    """Values for what the tool requires beyond what the act gives."""
    return {
        name: _FILLERS.get(name, instance(tool.properties.get(name) or {}))
        for name in tool.required
    }


def instance(schema: Mapping[str, object]) -> object:
    """A small value that a JSON schema (or Gemini's form of one) takes."""
    if "const" in schema:
        return schema["const"]
    choices = schema.get("enum")
    if isinstance(choices, list) and choices:
        return choices[0]
    for key in ("anyOf", "oneOf", "allOf"):
        options = schema.get(key)
        if isinstance(options, list) and options:
            return instance(options[0])
    kind = schema.get("type")
    kind = kind[0] if isinstance(kind, list) else kind
    properties = schema.get("properties")
    if isinstance(properties, Mapping):
        return {name: instance(part) for name, part in properties.items()}
    plain: dict[str, object] = {
        "string": "plain",
        "integer": 1,
        "number": 1.0,
        "boolean": False,
        "array": [],
        "object": {},
        "null": None,
    }
    return plain.get(str(kind).lower(), {})
