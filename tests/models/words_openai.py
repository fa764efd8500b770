"""Failures as OpenAI and DeepSeek say them: (status, body, headers)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from tests.models.conversation import Json
from tests.models.steps import Fail, Kind

Told = tuple[int, Json, dict[str, str]]

#: status, type, code, message
_OPENAI: Mapping[Kind, tuple[int, str, str | None, str]] = {
    Kind.UNAUTHORIZED: (
        401,
        "invalid_request_error",
        "invalid_api_key",
        (
            "Incorrect API key provided: dummy. You can find your API key at "
            "https://platform.openai.com/account/api-keys."
        ),
    ),
    Kind.FORBIDDEN: (
        403,
        "invalid_request_error",
        "unsupported_country_region_territory",
        "Country, region, or territory not supported",
    ),
    Kind.RATE_LIMITED: (
        429,
        "tokens",
        "rate_limit_exceeded",
        (
            "Rate limit reached for {model} in organization org-scripted on tokens per min (TPM): "
            "Limit 30000, Used 29500, Requested 1200.{again} Visit "
            "https://platform.openai.com/account/rate-limits to learn more."
        ),
    ),
    Kind.SERVER_ERROR: (
        500,
        "server_error",
        None,
        "The server had an error while processing your request. Sorry about that!",
    ),
    Kind.OVERLOADED: (
        503,
        "service_unavailable_error",
        "server_is_overloaded",
        "The engine is currently overloaded, please try again later",
    ),
    Kind.QUOTA: (
        429,
        "insufficient_quota",
        "insufficient_quota",
        (
            "You exceeded your current quota, please check your plan and billing details. For more "
            "information on this error, read the docs: "
            "https://platform.openai.com/docs/guides/error-codes/api-errors."
        ),
    ),
    Kind.MODEL_MISSING: (
        404,
        "invalid_request_error",
        "model_not_found",
        "The model `{model}` does not exist or you do not have access to it.",
    ),
    Kind.BAD_REQUEST: (400, "invalid_request_error", None, "Invalid input: {detail}"),
    Kind.OVERFLOW: (
        400,
        "invalid_request_error",
        "context_length_exceeded",
        (
            "Your input exceeds the context window of this model. Please adjust your input and try "
            "again."
        ),
    ),
}

_DEEPSEEK: Mapping[Kind, tuple[int, str, str]] = {
    Kind.UNAUTHORIZED: (
        401,
        "authentication_error",
        "Authentication Fails, Your api key: ****ummy is invalid",
    ),
    Kind.FORBIDDEN: (403, "invalid_request_error", "Access denied"),
    Kind.RATE_LIMITED: (
        429,
        "rate_limit_error",
        "Rate limit reached. Please pace your requests reasonably.",
    ),
    Kind.SERVER_ERROR: (500, "server_error", "Internal Server Error"),
    Kind.OVERLOADED: (
        503,
        "service_unavailable_error",
        (
            "Service is too busy. We advise users to temporarily switch to alternative LLM API "
            "service providers."
        ),
    ),
    Kind.QUOTA: (402, "unknown_error", "Insufficient Balance"),
    Kind.MODEL_MISSING: (400, "invalid_request_error", "Model Not Exist"),
    Kind.BAD_REQUEST: (400, "invalid_request_error", "Invalid input: {detail}"),
    Kind.OVERFLOW: (
        400,
        "invalid_request_error",
        (
            "This model's maximum context length is 131072 tokens. However, you requested 140031 "
            "tokens (131839 in the messages, 8192 in the completion). Please reduce the length of "
            "the messages or completion."
        ),
    ),
}
_ALIKE = {Kind.BAD_KEY: Kind.UNAUTHORIZED, Kind.QUOTA_PLAN: Kind.QUOTA}


def failure(fail: Fail, model: str, now: datetime) -> Told:
    if fail.kind is Kind.QUOTA_PLAN:
        return 429, {"error": _usage_limit(fail, now)}, {}
    status, kind, code, message = _OPENAI[_ALIKE.get(fail.kind, fail.kind)]
    headers: dict[str, str] = {"x-request-id": "req_scripted"}
    again = ""
    if fail.resets_in is not None:
        again = f" Please try again in {duration(fail.resets_in)}."
        headers["x-ratelimit-limit-tokens"] = "30000"
        headers["x-ratelimit-remaining-tokens"] = "0"
        headers["x-ratelimit-reset-tokens"] = duration(fail.resets_in)
    text = message.format(model=model, again=again, detail=fail.detail)
    error = {"message": text, "type": kind, "param": None, "code": code}
    return status, {"error": error}, headers


def deepseek(fail: Fail, model: str) -> Told:
    status, kind, message = _DEEPSEEK[_ALIKE.get(fail.kind, fail.kind)]
    message = message.format(detail=fail.detail)
    error = {"message": message, "type": kind, "param": None, "code": "invalid_request_error"}
    return status, {"error": error}, {}


def _usage_limit(fail: Fail, now: datetime) -> Json:
    """What a ChatGPT plan's server sends to codex."""
    error: dict[str, object] = {
        "type": "usage_limit_reached",
        "message": "The usage limit has been reached",
        "plan_type": "plus",
    }
    if fail.resets_in is not None:
        error["resets_at"] = int(now.timestamp() + fail.resets_in)
        error["resets_in_seconds"] = int(fail.resets_in)
    return error


def duration(seconds: float) -> str:
    """`6m0s`, `1.5s`."""
    minutes, rest = divmod(seconds, 60)
    return f"{minutes:.0f}m{rest:g}s" if minutes else f"{rest:g}s"
