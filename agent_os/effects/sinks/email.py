"""Email by SMTP."""

from __future__ import annotations

import hashlib
import smtplib
import ssl
from contextlib import suppress
from email.message import EmailMessage
from email.utils import formatdate

from agent_os.config.notices import NoticeSettings, SmtpSettings
from agent_os.domain.effects import SendNotice
from agent_os.domain.errors import NoticeFailed, NoticeUnanswered
from agent_os.effects.sinks.port import TIMEOUT_SECONDS, plain


def send(settings: NoticeSettings, effect: SendNotice) -> None:
    """One mail to all addresses. The server's certificate is checked."""
    smtp, sender = settings.smtp, settings.sender
    assert smtp is not None and sender is not None
    message = _message(settings, effect)
    try:
        server = _connected(smtp)
        try:
            server.send_message(message)
        except TimeoutError:
            raise NoticeUnanswered("The mail server took the mail, and was silent.") from None
        finally:
            with suppress(OSError, smtplib.SMTPException):
                server.quit()
            server.close()
    except (OSError, smtplib.SMTPException) as error:
        # The server's own words may hold what we sent it.
        said = f"The mail server {smtp.host} did not take it ({type(error).__name__})."
        raise NoticeFailed(said) from None


def _connected(smtp: SmtpSettings) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if smtp.security == "ssl":
        server: smtplib.SMTP = smtplib.SMTP_SSL(
            smtp.host, smtp.port, timeout=TIMEOUT_SECONDS, context=context
        )
    else:
        server = smtplib.SMTP(smtp.host, smtp.port, timeout=TIMEOUT_SECONDS)
    try:
        if smtp.security == "starttls":
            server.starttls(context=context)
        if smtp.user:
            server.login(smtp.user, smtp.password.get_secret_value())
    except (OSError, smtplib.SMTPException):
        server.close()
        raise
    return server


def _message(settings: NoticeSettings, effect: SendNotice) -> EmailMessage:
    message = EmailMessage()
    message["Subject"] = " ".join(f"[{effect.severity}] {effect.title}".split())[:200]
    message["From"] = settings.sender
    message["To"] = ", ".join(settings.to)
    message["Date"] = formatdate(usegmt=True)
    name = hashlib.sha256(f"{settings.called}:{effect.change}".encode()).hexdigest()[:32]
    message["Message-ID"] = f"<{name}@agent-os.invalid>"
    message["Auto-Submitted"] = "auto-generated"  # so that no absence note answers it
    message.set_content(plain(effect))
    return message
