"""Failures in the words, fields and headers of each vendor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.models import words_google, words_openai
from tests.models.conversation import Api, Conversation, Json
from tests.models.reply import Event
from tests.models.steps import Fail, Kind


@dataclass(frozen=True)
class Failure:
    """An HTTP answer."""

    status: int
    body: Json
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


#: status, error type, message
_ANTHROPIC: Mapping[Kind, tuple[int, str, str]] = {
    Kind.UNAUTHORIZED: (401, "authentication_error", "invalid x-api-key"),
    Kind.BAD_KEY: (401, "authentication_error", "invalid x-api-key"),
    Kind.FORBIDDEN: (
        403,
        "permission_error",
        "Your API key does not have permission to use the specified resource.",
    ),
    Kind.RATE_LIMITED: (
        429,
        "rate_limit_error",
        (
            "This request would exceed your organization's rate limit of 50,000 input tokens per "
            "minute. For details, refer to: https://docs.claude.com/en/api/rate-limits."
        ),
    ),
    Kind.SERVER_ERROR: (500, "api_error", "Internal server error"),
    Kind.OVERLOADED: (529, "overloaded_error", "Overloaded"),
    Kind.QUOTA: (
        400,
        "invalid_request_error",
        (
            "Your credit balance is too low to access the Anthropic API. Please go to Plans & "
            "Billing to upgrade or purchase credits."
        ),
    ),
    Kind.QUOTA_PLAN: (
        429,
        "rate_limit_error",
        "This request would exceed your account's rate limit. Please try again later.",
    ),
    Kind.MODEL_MISSING: (404, "not_found_error", "model: {model}"),
    Kind.BAD_REQUEST: (400, "invalid_request_error", "messages: {detail}"),
    Kind.OVERFLOW: (
        400,
        "invalid_request_error",
        "prompt is too long: 212031 tokens > 200000 maximum",
    ),
}


def failure(fail: Fail, asked: Conversation, now: datetime | None = None) -> Failure:
    """The vendor's answer to the request."""
    now = now or datetime.now(UTC)
    match asked.api:
        case Api.ANTHROPIC:
            found = _anthropic(fail, asked.model, now)
        case Api.GOOGLE:
            found = Failure(*words_google.failure(fail, asked.model))
        case Api.CHAT if "deepseek" in asked.model:
            found = Failure(*words_openai.deepseek(fail, asked.model))
        case Api.CHAT if fail.kind is Kind.QUOTA_PLAN:
            # Plans are served by the Responses API only.
            found = Failure(*words_openai.failure(Fail(Kind.QUOTA), asked.model, now))
        case _:
            found = Failure(*words_openai.failure(fail, asked.model, now))
    headers = dict(found.headers)
    if fail.retry_after is not None:
        headers["retry-after"] = f"{fail.retry_after:g}"
    return Failure(fail.status or found.status, found.body, headers)


def error_event(api: Api, found: Failure) -> Event:
    """The failure as an event of a stream that began well."""
    body: dict[str, Any] = dict(found.body)
    if api is Api.ANTHROPIC:
        return Event(body, "error")
    if api is Api.RESPONSES:
        error = {"code": body["error"].get("code") or body["error"].get("type")}
        error["message"] = body["error"]["message"]
        response = {"id": "resp_failed", "object": "response", "status": "failed", "error": error}
        return Event({"type": "response.failed", "response": response}, "response.failed")
    # Gemini's streams end with an error as bare JSON: its SDK looks for it so.
    return Event(body, raw=api is Api.GOOGLE)


def _anthropic(fail: Fail, model: str, now: datetime) -> Failure:
    status, kind, message = _ANTHROPIC[fail.kind]
    error = {"type": kind, "message": message.format(model=model, detail=fail.detail)}
    body = {"type": "error", "error": error, "request_id": "req_011CScripted"}
    headers = {"request-id": "req_011CScripted"}
    if fail.resets_in is not None:
        reset = now + timedelta(seconds=fail.resets_in)
        headers |= _plan_headers(reset) if fail.kind is Kind.QUOTA_PLAN else _limits(reset)
    return Failure(status, body, headers)


def _limits(reset: datetime) -> dict[str, str]:
    moment = reset.strftime("%Y-%m-%dT%H:%M:%SZ")
    headers = {"anthropic-ratelimit-requests-remaining": "48"}
    for kind in ("input-tokens", "tokens"):
        headers[f"anthropic-ratelimit-{kind}-limit"] = "50000"
        headers[f"anthropic-ratelimit-{kind}-remaining"] = "0"
        headers[f"anthropic-ratelimit-{kind}-reset"] = moment
    return headers


def _plan_headers(reset: datetime) -> dict[str, str]:
    """What a subscription's server sends when the five hours are used up."""
    moment = str(int(reset.timestamp()))
    return {
        "anthropic-ratelimit-unified-status": "rejected",
        "anthropic-ratelimit-unified-representative-claim": "five_hour",
        "anthropic-ratelimit-unified-reset": moment,
        "anthropic-ratelimit-unified-5h-status": "rejected",
        "anthropic-ratelimit-unified-5h-reset": moment,
        "anthropic-ratelimit-unified-5h-utilization": "1.0",
        "anthropic-ratelimit-unified-overage-status": "rejected",
        "anthropic-ratelimit-unified-overage-disabled-reason": "org_level_disabled",
        "x-should-retry": "false",
    }
