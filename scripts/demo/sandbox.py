"""The sandbox of the demo: where nothing works it does without by itself, and says so."""

from __future__ import annotations

from agent_os.workspace.sandbox import choosing
from agent_os.workspace.sandbox.choosing import Wanted


def wanted() -> Wanted:
    """What the demo's config says. Outside of the demo only the owner may write `none`."""
    return "none" if choosing.detect().refuses else "auto"


def line() -> str:
    """What is used, for people."""
    status = choosing.detect()
    if not status.refuses:
        return status.kind
    return (
        f"none, as nothing works here ({status.reason}): its agents and tests run as you. "
        "`agent-os doctor` has the fix."
    )
