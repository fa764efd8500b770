"""Failures as Gemini's API says them: (status, body, headers)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.models.conversation import Json
from tests.models.steps import Fail, Kind

_TYPES = "type.googleapis.com/google.rpc."
_QUOTA = (
    "You exceeded your current quota, please check your plan and billing details. For more "
    "information on this error, head to: https://ai.google.dev/gemini-api/docs/rate-limits. To "
    "monitor your current usage, head to: https://ai.dev/usage?tab=rate-limit. \n* Quota exceeded "
    "for metric: generativelanguage.googleapis.com/generate_content_free_tier_requests, limit: {n}"
)

#: status, google's status, message
_GOOGLE: Mapping[Kind, tuple[int, str, str]] = {
    Kind.UNAUTHORIZED: (
        401,
        "UNAUTHENTICATED",
        (
            "Request had invalid authentication credentials. Expected OAuth 2 access token, login "
            "cookie or other valid authentication credential."
        ),
    ),
    Kind.BAD_KEY: (
        400,
        "INVALID_ARGUMENT",
        "API key not valid. Please pass a valid API key.",
    ),
    Kind.FORBIDDEN: (
        403,
        "PERMISSION_DENIED",
        "Your API key was reported as leaked. Please use another API key.",
    ),
    Kind.RATE_LIMITED: (429, "RESOURCE_EXHAUSTED", _QUOTA.format(n=10)),
    Kind.SERVER_ERROR: (
        500,
        "INTERNAL",
        (
            "An internal error has occurred. Please retry or report in "
            "https://developers.generativeai.google/guide/troubleshooting"
        ),
    ),
    Kind.OVERLOADED: (
        503,
        "UNAVAILABLE",
        "The model is overloaded. Please try again later.",
    ),
    Kind.QUOTA: (429, "RESOURCE_EXHAUSTED", _QUOTA.format(n=250)),
    Kind.QUOTA_PLAN: (429, "RESOURCE_EXHAUSTED", _QUOTA.format(n=250)),
    Kind.MODEL_MISSING: (
        404,
        "NOT_FOUND",
        (
            "models/{model} is not found for API version v1beta, or is not supported for "
            "generateContent. Call ListModels to see the list of available models and their "
            "supported methods."
        ),
    ),
    Kind.BAD_REQUEST: (400, "INVALID_ARGUMENT", "Please ensure the turns are in order: {detail}"),
    Kind.OVERFLOW: (
        400,
        "INVALID_ARGUMENT",
        "The input token count (1200031) exceeds the maximum number of tokens allowed (1048576).",
    ),
}
_PERIODS = {Kind.RATE_LIMITED: "Minute", Kind.QUOTA: "Day", Kind.QUOTA_PLAN: "Day"}


def failure(fail: Fail, model: str) -> tuple[int, Json, dict[str, str]]:
    status, name, message = _GOOGLE[fail.kind]
    message = message.format(model=model, detail=fail.detail)
    details: list[Json] = []
    if fail.kind in _PERIODS:
        details.append(_violation(model, _PERIODS[fail.kind]))
        if fail.resets_in is not None:
            message += f"\nPlease retry in {fail.resets_in:g}s."
            delay = f"{fail.resets_in:g}s"
            details.append({"@type": f"{_TYPES}RetryInfo", "retryDelay": delay})
    if fail.kind is Kind.BAD_KEY:
        info = {"reason": "API_KEY_INVALID", "domain": "googleapis.com"}
        details.append({"@type": f"{_TYPES}ErrorInfo", **info})
    error: dict[str, Any] = {"code": fail.status or status, "message": message, "status": name}
    return status, {"error": error | ({"details": details} if details else {})}, {}


def _violation(model: str, period: str) -> Json:
    violation = {
        "quotaMetric": "generativelanguage.googleapis.com/generate_content_free_tier_requests",
        "quotaId": f"GenerateRequestsPer{period}PerProjectPerModel-FreeTier",
        "quotaDimensions": {"location": "global", "model": model},
        "quotaValue": "250" if period == "Day" else "10",
    }
    return {"@type": f"{_TYPES}QuotaFailure", "violations": [violation]}
