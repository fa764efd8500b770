"""Back ends by the name of their interface."""

from __future__ import annotations

from pathlib import Path

from agent_os.domain.errors import BadInput
from agent_os.models.backend import InferenceBackend

APIS = ("anthropic", "openai", "openai-chat", "google", "scripted")


def backend_for(api: str, *, base_url: str = "", api_key: str, model: str) -> InferenceBackend:
    """The back end. An empty `base_url` is the vendor's own; of `scripted`, `model` is its file.

    Raises BadInput for an interface that there is not.
    """
    # Each library takes up to a second to load: only the one that is used is.
    match api:
        case "anthropic":
            from agent_os.models.anthropic import AnthropicBackend

            return AnthropicBackend(base_url, api_key, model)
        case "openai":
            from agent_os.models.openai_responses import ResponsesBackend

            return ResponsesBackend(base_url, api_key, model)
        case "openai-chat":
            from agent_os.models.openai_chat import ChatBackend

            return ChatBackend(base_url, api_key, model)
        case "google":
            from agent_os.models.google import GoogleBackend

            return GoogleBackend(base_url, api_key, model)
        case "scripted":
            from agent_os.models.scripted import ScriptedBackend

            return ScriptedBackend(Path(model))
        case _:
            raise BadInput(f"No interface {api!r}; there are: {', '.join(APIS)}.")
