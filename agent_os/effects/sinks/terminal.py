"""The terminal of `agent-os up`, or the mail that cron makes of a job's output."""

from __future__ import annotations

import re
import sys

from agent_os.config.notices import NoticeSettings
from agent_os.domain.effects import SendNotice
from agent_os.effects.sinks.port import plain

#: What a terminal would obey.
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def send(settings: NoticeSettings, effect: SendNotice) -> None:
    del settings
    shown = _CONTROLS.sub("�", plain(effect)).replace("\n", "\n  ")
    print(shown, file=sys.stderr, flush=True)
