"""A webhook that takes `{"text": …}`: Slack's, and those that are compatible with it."""

from __future__ import annotations

import requests

from agent_os.config.notices import NoticeSettings
from agent_os.domain.effects import SendNotice
from agent_os.domain.errors import NoticeFailed, NoticeUnanswered
from agent_os.effects.sinks.port import TIMEOUT_SECONDS, plain


def send(settings: NoticeSettings, effect: SendNotice) -> None:
    """One POST to the configured address and no other. What goes wrong never names it."""
    body = {"text": _escaped(plain(effect))}
    url = settings.url.get_secret_value()
    try:
        answer = requests.post(
            url, json=body, timeout=TIMEOUT_SECONDS, allow_redirects=False, stream=True
        )
    except requests.ReadTimeout:
        raise NoticeUnanswered("The webhook took the message and gave no answer.") from None
    except requests.RequestException as error:
        said = f"The webhook can't be reached ({type(error).__name__})."
        raise NoticeFailed(said) from None
    with answer:
        if not 200 <= answer.status_code < 300:
            raise NoticeFailed(f"The webhook answered with status {answer.status_code}.")


def _escaped(text: str) -> str:
    """Slack's three characters: no title can call a channel or draw a link."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
