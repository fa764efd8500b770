"""A crontab line of a frequent job starts quickly: it imports nothing of the rare ones."""

from __future__ import annotations

import subprocess
import sys

from agent_os.cli.run import JobName
from agent_os.jobs import registry

HEAVY = ("rapidfuzz", "jinja2", "markdown_it", "agent_os.policy.analysis", "agent_os.reports")


def test_the_frequent_jobs_import_nothing_of_the_rare_ones() -> None:
    program = (
        "import sys; from agent_os.jobs import registry;"
        "[registry.made(name) for name in registry.FREQUENT];"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert said.stdout.strip() == "[]", said.stderr


def test_every_job_is_made_under_its_name() -> None:
    assert [registry.made(name).name for name in registry.JOBS] == list(JobName)
