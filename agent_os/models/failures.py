"""Every way in which a call of a model fails, as one exception with a code."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast

from agent_os.domain.errors import AgentOSError
from agent_os.domain.failures import FailureCode
from agent_os.domain.provider_errors import classify, is_overflow
from agent_os.domain.usage import Usage

_LONGEST_MESSAGE = 1_000


class ModelError(AgentOSError):
    """A call failed. `failure` is the provider's code, or AGENT_FAILED for a request that is wrong.

    `status` is 0 when there was no answer. `usage`: what it cost all the same, as far as known.
    """

    code = "model_failed"

    def __init__(
        self,
        message: str,
        failure: FailureCode,
        *,
        status: int = 0,
        resets_at: datetime | None = None,
        usage: Usage | None = None,
    ) -> None:
        super().__init__(message)
        self.failure = failure
        self.status = status
        self.resets_at = resets_at
        self.usage = usage or Usage()


class ContextOverflow(ModelError):
    """The request holds more than the model takes: the same one can't succeed."""

    code = "context_overflow"


class TruncatedStream(ModelError):
    """The answer began well and then broke off."""

    code = "truncated_stream"


def truncated(why: str, usage: Usage | None = None) -> TruncatedStream:
    message = f"The provider's answer broke off: {why}."
    return TruncatedStream(message, FailureCode.OVERLOADED, usage=usage)


def overdue(seconds: float) -> ModelError:
    return ModelError(
        f"The provider did not finish its answer in {seconds:.0f} s.", FailureCode.OVERLOADED
    )


def translate(error: Exception, secret: str, *, begun: bool, usage: Usage) -> ModelError:
    """The error as ours. `begun`: part of the answer had come. `secret` is kept out of messages."""
    status, message, fields = _facts(error)
    message = _without(message.strip() or type(error).__name__, secret)[:_LONGEST_MESSAGE]
    if is_overflow(status, message, fields):
        return ContextOverflow(message, FailureCode.AGENT_FAILED, status=status, usage=usage)
    if begun and status == 0 and not fields:
        return truncated(message, usage)
    verdict = classify(status, message, fields, datetime.now(UTC))
    fallback = FailureCode.AGENT_FAILED if status >= 400 else FailureCode.OVERLOADED
    return ModelError(
        message,
        verdict.code or fallback,
        status=status,
        resets_at=verdict.resets_at,
        usage=usage,
    )


def said(message: str, fields: Mapping[str, object], usage: Usage | None = None) -> ModelError:
    """An error that the provider told inside of an answer that began well."""
    if is_overflow(0, message, fields):
        return ContextOverflow(message, FailureCode.AGENT_FAILED, usage=usage)
    verdict = classify(0, message, fields, datetime.now(UTC))
    return ModelError(
        message[:_LONGEST_MESSAGE],
        verdict.code or FailureCode.OVERLOADED,
        resets_at=verdict.resets_at,
        usage=usage,
    )


def _facts(error: Exception) -> tuple[int, str, Mapping[str, object]]:
    """(HTTP status or 0, what the provider said, headers and body).

    Read by the names that the SDKs share, so that none of them needs to be loaded for another.
    """
    response = getattr(error, "response", None)
    headers = getattr(response, "headers", None) or {}
    status = getattr(error, "status_code", None) or getattr(error, "code", None)
    body: object = getattr(error, "body", None) or getattr(error, "details", None)
    text = _message_in(body) or str(getattr(error, "message", "") or "")
    if not text or error.__cause__ is not None:
        text = f"{text or type(error).__name__}: {error.__cause__ or error}"
    return status if isinstance(status, int) else 0, text, _fields(headers, body)


def _fields(headers: Mapping[str, Any], body: object) -> Mapping[str, object]:
    fields: dict[str, object] = {str(name): str(value) for name, value in headers.items()}
    if body is not None:
        fields["error"] = body
    return fields


def _message_in(body: object) -> str:
    """The message of an error's body, in whichever form the vendor sends it."""
    for _ in range(3):
        if not isinstance(body, Mapping):
            break
        found = cast("Mapping[str, object]", body)
        if isinstance(found.get("message"), str):
            return str(found["message"])
        body = found.get("error")
    return body if isinstance(body, str) else ""


def _without(text: str, secret: str) -> str:
    return text.replace(secret, "[key]") if len(secret) >= 8 else text
