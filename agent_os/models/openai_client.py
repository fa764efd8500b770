"""The client that both of OpenAI's interfaces share."""

from __future__ import annotations

import openai

BASE_URL = "https://api.openai.com/v1"


def client(base_url: str, api_key: str) -> openai.OpenAI:
    """Without retries. Servers of one's own need no key, but the library does."""
    return openai.OpenAI(
        api_key=api_key or "none", base_url=(base_url or BASE_URL).rstrip("/"), max_retries=0
    )
