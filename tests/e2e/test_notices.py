"""People are told of changes: by real servers, once each, whatever fails or is killed between."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Generator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from agent_os.domain.tasks import Status
from agent_os.jobs import overview
from tests import sinks
from tests.sinks import Webhook

from .conftest import Build
from .town import GREEN, Town

FAILS = "exit 3"
SINK = {"sink": "webhook", "url": "$HOOK", "at_least": "info"}
LIMITS = {"backoff_seconds": 0.2, "memory_mb_per_attempt": 0, "attempts": 1}


@pytest.fixture
def hook() -> Generator[Webhook]:
    with sinks.webhook() as running:
        yield running


def _blocked(build: Build, hook: Webhook, *more: dict[str, Any], **options: Any) -> Town:
    """A town whose only task is blocked, with a webhook and other sinks."""
    town = build(
        files=GREEN,
        agents={"worker": FAILS},
        limits=LIMITS,
        keys={"HOOK": hook.url},
        notices=[SINK, *more],
        **options,
    )
    number = town.ready("<!channel> add is <b>wrong</b>")
    town.reaches(number, Status.BLOCKED)
    return town


def test_trap_20_a_blocked_task_is_told_once_by_each_sink(
    build: Build, hook: Webhook, capfd: pytest.CaptureFixture[str]
) -> None:
    with sinks.mail() as post:
        email = {
            "sink": "email",
            "to": ["ops@post.example"],
            "sender": "agent-os@post.example",
            "smtp": {"host": "127.0.0.1", "port": post.port, "security": "none"},
        }
        town = _blocked(build, hook, email, {"sink": "terminal"})
        town.rests()
        for _ in range(3):
            town.jobs()
        (text,) = hook.texts()
        (mail,) = post.mails
    name = f"{town.repo}#1"
    assert text.startswith(f"[warn] {name} (&lt;!channel&gt; add is &lt;b&gt;wrong")
    assert f"{town.hub.url}/{town.repo}/issues/1" in text
    assert "Subject: [warn] acme/" in mail and "To: ops@post.example" in mail
    assert "Auto-Submitted: auto-generated" in mail
    shown = capfd.readouterr().err
    assert shown.count("needs a person") == 1, "the terminal"
    assert town.kinds().count("notice_sent") == 3
    assert hook.url not in town.story() and "a-word" not in town.everything()


def test_what_a_dead_sink_misses_it_is_told_when_it_lives_again(
    build: Build, hook: Webhook
) -> None:
    hook.status = 503
    town = _blocked(build, hook)
    town.rests()
    asked = hook.asked
    assert (asked, hook.got) == (1, []), "a pause before the next try"
    (complaint,) = overview.status(town.world)["notices"]
    assert (complaint["sink"], complaint["error"]) == (
        "webhook",
        "The webhook answered with status 503.",
    )
    hook.status = 200
    town.clock.ahead += timedelta(hours=2)
    town.jobs()
    town.jobs()
    (text,) = hook.texts()
    assert "needs a person" in text
    assert overview.status(town.world)["notices"] == []


def test_a_webhook_that_leads_elsewhere_is_not_followed(build: Build, hook: Webhook) -> None:
    hook.status = 307
    town = _blocked(build, hook)
    town.rests()
    (complaint,) = overview.status(town.world)["notices"]
    assert "307" in str(complaint["error"])


def test_a_comment_mentions_somebody_on_the_configured_issue(build: Build, hook: Webhook) -> None:
    town = _blocked(build, hook)
    desk = town.people.issue("What the organization says")
    sink = {"sink": "github", "issue": f"{town.repo}#{desk}", "mention": "bob"}
    town.config["notices"] = [sink]
    town.open()
    town.rests()
    town.jobs()
    (comment,) = town.comments_of(desk)
    assert comment.startswith("@bob: **") and "needs a person" in comment
    assert "<b>" not in comment


@pytest.mark.long
@pytest.mark.parametrize(("point", "arrives"), [("intended", 0), ("performed", 1)])
def test_killed_at_telling_it_tells_at_most_once_and_goes_on(
    build: Build, hook: Webhook, point: str, arrives: int
) -> None:
    """`kill -9` of the job before or after the message went out; the next run goes on."""
    town = build(files=GREEN, agents={"worker": FAILS}, limits=LIMITS, keys={"HOOK": hook.url})
    town.reaches(town.ready(), Status.BLOCKED)
    town.config["notices"] = [SINK]
    town.open()
    program = Path(sys.executable).with_name("agent-os")
    variables = {"TOKEN": town.token, "HOOK": hook.url}
    killed = subprocess.run(
        [program, "job", "queue-engine", "--config", town.home / "config.yaml"],
        env={**os.environ, **variables, "AGENT_OS_FAILPOINT": f"send_notice.{point}#1"},
        capture_output=True,
        timeout=30,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    town.rests()
    assert len(hook.got) == arrives
    assert town.kinds().count("notice_sent") == 1, "said to be in doubt, never sent twice"
    town.reaches(town.ready("another one"), Status.BLOCKED)
    town.rests()
    assert len(hook.got) == arrives + 1


@pytest.mark.needs("openssl")
def test_mail_goes_over_a_checked_connection_or_not_at_all(
    build: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server whose certificate nobody vouches for gets neither the password nor the mail."""
    made = tmp_path / "post.pem"
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost"
    words = [*command.split(), "-addext", "subjectAltName=DNS:localhost"]
    subprocess.run([*words, "-keyout", made, "-out", made], check=True, capture_output=True)
    with sinks.mail(made) as post:
        smtp = {"host": "localhost", "port": post.port, "user": "us", "password": "$WORD"}
        to = {"sink": "email", "to": ["ops@post.example"], "sender": "us@post.example"}
        town = build(
            files=GREEN,
            agents={"worker": FAILS},
            limits=LIMITS,
            keys={"WORD": "a-word-of-ours"},
            notices=[{**to, "smtp": smtp}],
        )
        town.reaches(town.ready(), Status.BLOCKED)
        town.rests()
        assert (post.mails, post.logins) == ([], [])
        (complaint,) = overview.status(town.world)["notices"]
        assert "SSLCertVerificationError" in str(complaint["error"])
        monkeypatch.setenv("SSL_CERT_FILE", str(made))
        town.clock.ahead += timedelta(hours=2)
        town.jobs()
        assert len(post.mails) == len(post.logins) == post.encrypted == 1
    assert "a-word-of-ours" not in town.everything()
