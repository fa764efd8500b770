"""What a sink is: it sends one message, once, within some seconds."""

from __future__ import annotations

from collections.abc import Callable

from agent_os.config.notices import NoticeSettings
from agent_os.domain.effects import SendNotice

#: Of each wait for the other side; a job is held up for little more than that.
TIMEOUT_SECONDS = 10.0
#: NoticeFailed: it was not sent. NoticeUnanswered: it may have been.
Sink = Callable[[NoticeSettings, SendNotice], None]


def plain(effect: SendNotice) -> str:
    """The message as lines of plain text."""
    lines = (f"[{effect.severity}] {effect.title}", effect.text, effect.link)
    return "\n".join(line for line in lines if line)
