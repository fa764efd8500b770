"""The fake secrets that the suites work with. `leaks.py` looks for them in all that tests leave."""

from __future__ import annotations

#: Of a model vendor, in attempts and in programs of agents.
MODEL_KEY = "sk-not-a-key-0123456789"
PROGRAM_KEY = "sk-test-0123456789"
TRIAGE_KEY = "sk-test-triage-0123456789"
#: What a test gives to an agent by a variable.
GIVEN = "sk-fake-0123456789"
WEBHOOK_SECRET = "a-fake-secret-for-tests"
#: A lent login.
ACCESS = "sk-ant-oat01-FAKELOGINFAKELOGIN"
REFRESH = "sk-ant-ort01-FAKEREFRESH"
_TOKEN = "token-of-"

ALL = (MODEL_KEY, PROGRAM_KEY, TRIAGE_KEY, GIVEN, WEBHOOK_SECRET, ACCESS, REFRESH, _TOKEN)


def github_token(login: str) -> str:
    """Of an account of the local hub, or of the simulated one."""
    return f"{_TOKEN}{login}"
